"""What was logged, as frozen host copies of one step each."""
