"""What was logged: frozen host copies of the values of one step, and the series of scalars."""
