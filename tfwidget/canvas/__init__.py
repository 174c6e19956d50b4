"""ipympl's canvas, confined to the owner thread; its sender, its pages and their messages."""
