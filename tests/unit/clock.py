"""Time for tests: it passes when they say so."""


class Clock:
    """Seconds, read by calling it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now
