"""ipympl's canvas, confined to one thread, and what is sent of it."""
