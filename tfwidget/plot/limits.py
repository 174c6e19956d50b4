"""Limits that hold what is shown without moving at each frame.

Invariant: limits always hold the newest extent; they grow at once, and shrink only when the data have filled little of
them for a while.
"""

__all__ = ["Limits"]

_LITTLE = 0.4  # of the limits: data that fill less let them shrink
_PATIENCE = 4  # so many times in a row
_TINY = 1e-280  # where differences lose their digits
_EDGE = 0.03  # below zero, where no value is


class Limits:
    """The limits of one direction."""

    def __init__(self) -> None:
        self.now: tuple[float, float] | None = None
        self._guessed = False  # their size is a guess, for the data had none
        self._narrow = 0

    def hold(
        self, low: float, high: float, *, margin: float = 0.0, room: float = 0.25, log: bool = False
    ) -> tuple[float, float]:
        """Return limits that hold the data.

        Parameters
        ----------
        low, high : float
            The data's extent, finite.
        margin : float
            The part of the extent that is left free at either end.
        room : float
            The part that is left free at an end that the data have just gone beyond, so that they may go on.
        log : bool
            Whether the numbers are exponents: a decade more or less is a size then.

        Returns
        -------
        low, high : float
            The same pair as before, as long as it does.
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
            bottom = -_EDGE * top  # nothing is below zero: show that
        self.now = (bottom, top)
        return self.now
