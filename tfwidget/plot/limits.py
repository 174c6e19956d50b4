"""Limits that contain the data without moving at each frame.

Invariant: limits always contain the newest extent. They grow at once. They shrink only when the data have filled little
of them for a while.
"""

__all__ = ["Limits"]

_LITTLE = 0.4  # of the limits: if the data fill less of them
_PATIENCE = 4  # this number of times in a row, the limits shrink
_TINY = 1e-280  # differences of smaller numbers lose their digits
_EDGE = 0.03  # of the upper limit: room below zero if no value is negative


class Limits:
    """The limits of one axis."""

    def __init__(self) -> None:
        self.now: tuple[float, float] | None = None
        self._guessed = False  # the size of the limits is a guess, because all data had one value
        self._narrow = 0

    def hold(
        self, low: float, high: float, *, margin: float = 0.0, room: float = 0.25, log: bool = False
    ) -> tuple[float, float]:
        """Return limits that contain the data.

        Parameters
        ----------
        low, high : float
            The extent of the data, finite.
        margin : float
            The part of the extent that is left free at either end.
        room : float
            The part of the extent that is left free at an end that the data have just passed, so that they may go on.
        log : bool
            Whether the numbers are exponents of ten.

        Returns
        -------
        low, high : float
            The limits: the same as before, as long as they still suit the data.
        """
        largest = max(abs(low), abs(high))
        least = 0.02 if log else max(1e-9 * largest, _TINY)
        flat = high - low <= least
        above = below = margin
        if self.now is not None and (flat or not self._guessed):
            bottom, top = self.now
            if bottom <= low and high <= top:
                little = not flat and high - low < _LITTLE * (top - bottom)
                self._narrow = self._narrow + 1 if little else 0
                if self._narrow < _PATIENCE:
                    return self.now
            below, above = (room if low < bottom else margin), (room if high > top else margin)
        self._narrow, self._guessed = 0, flat
        first, last = low, high
        if flat:
            around = 0.15 if log else 0.1 * largest if largest > 10.0 * _TINY else 1.0
            first, last = low - around, high + around
        span = last - first
        bottom, top = first - below * span, last + above * span
        if not log and low >= 0.0 and bottom < 0.0:
            bottom = -_EDGE * top  # almost at zero, to show that no value is negative
        self.now = (bottom, top)
        return self.now
