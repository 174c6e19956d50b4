"""The points of one series, as exact as its memory allows.

Invariant: whatever the number of points, a pyramid takes at most 4 MB, the cost of a window does not grow, and no
extreme and no kind of non-finite value is ever lost.

How: level 0 has every point. Each further level is the one below it, thinned: of 8 consecutive points it keeps, in
their order, the lowest, the highest and the first of each non-finite kind (NaN, +inf, -inf). The newest points wait on
their level until they fill a block. So a level, followed by the points that wait on the levels below it, is the whole
series in that level's detail. When the finest level that is kept is full, it is dropped, and the next becomes the
finest.

The package tsdownsample thins complete arrays only, and either drops NaN or lets one NaN hide all of its bucket.
"""

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["FAR", "Pyramid", "Steps", "Values", "extremes"]

Steps = NDArray[np.int64]
Values = NDArray[np.float64]

FAR = 2**62
"""Larger than every step, and still an int64."""

_GROUP = 8  # more than the five points that a group keeps at most, so each level is smaller than the one below
_CHUNK = 4_096  # bounds the memory that one large put() needs


class _Level:
    """Points in order. The next level has what those before `thinned` were thinned to; the others wait."""

    __slots__ = ("begun", "count", "steps", "thinned", "values")

    def __init__(self) -> None:
        self.steps: Steps = np.empty(0, np.int64)
        self.values: Values = np.empty(0, np.float64)
        self.count = 0
        self.thinned = 0
        self.begun = False

    def append(self, steps: Steps, values: Values, limit: int) -> None:
        end = self.count + len(steps)
        if end > len(self.steps):
            self._resize(max(end, min(end + end // 2, limit)))
        self.steps[self.count : end] = steps
        self.values[self.count : end] = values
        self.count = end

    def thin(self, block: int) -> tuple[Steps, Values] | None:
        """Return what the next level keeps of the points that waited, or None while a block is not full."""
        waiting = self.count - self.thinned
        if waiting <= block:
            return None
        # One point always waits, so the newest point is never thinned away.
        part = slice(self.thinned, self.thinned + (waiting - 1) // _GROUP * _GROUP)
        values = self.values[part]
        keep = extremes(values, _GROUP)
        if not self.begun:
            keep[0] = self.begun = True  # the line begins where the series began
        self.thinned = part.stop
        return self.steps[part][keep], values[keep]

    def forget(self, *, shrink: bool = False) -> None:
        """Drop all points but those that wait."""
        if self.thinned or shrink:
            part = slice(self.thinned, self.count)
            steps, values = self.steps[part], self.values[part]
            self.count -= self.thinned
            self.thinned = 0
            if shrink:
                self.steps, self.values = steps.copy(), values.copy()
            else:
                self.steps[: self.count], self.values[: self.count] = steps, values

    def _resize(self, length: int) -> None:
        steps, values = np.empty(length, np.int64), np.empty(length, np.float64)
        steps[: self.count], values[: self.count] = (self.steps[: self.count], self.values[: self.count])
        self.steps, self.values = steps, values


class Pyramid:
    """Points in the order of their steps, in bounded memory.

    Parameters
    ----------
    capacity : int
        The number of points that are kept exactly. When there are more, the lowest and highest of neighbouring points
        are kept.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._block = min(64, capacity // 8)
        self._levels = [_Level()]
        self._finest = 0

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes."""
        return sum(level.steps.nbytes + level.values.nbytes for level in self._levels)

    def put(self, steps: Steps, values: Values) -> None:
        """Add points; their steps must not decrease."""
        chunk = min(_CHUNK, self.capacity // 4)
        for begin in range(0, len(steps), chunk):
            self._add(steps[begin : begin + chunk], values[begin : begin + chunk])

    def _add(self, steps: Steps, values: Values) -> None:
        depth = 0
        points: tuple[Steps, Values] | None = (steps, values)
        while points is not None:
            if depth == len(self._levels):
                self._levels.append(_Level())
            level = self._levels[depth]
            if depth == self._finest and level.count + len(points[0]) > self.capacity:
                level.forget(shrink=True)
                self._finest += 1
                if self._finest == len(self._levels):
                    self._levels.append(_Level())
            level.append(*points, self.capacity)
            points = level.thin(self._block)
            if depth < self._finest:
                level.forget()
            depth += 1

    def window(self, lo: float | None, hi: float | None, limit: int | None, margin: int) -> tuple[Steps, Values]:
        """Copy the points from step `lo` to step `hi`, and `margin` more on either side.

        They are those of the finest level that has at most `limit` of them there; None: of the finest of all.
        """
        if lo is not None and hi is not None and lo > hi:
            lo, hi = hi, lo  # an axis may be inverted
        low, high = _bound(lo, math.ceil, -FAR), _bound(hi, math.floor, FAR)
        newer_steps = [level.steps[: level.count] for level in self._levels[: self._finest]]
        newer_values = [level.values[: level.count] for level in self._levels[: self._finest]]
        for level in self._levels[self._finest :]:
            older = level.steps[: level.count]
            newer = np.concatenate(newer_steps[::-1]) if newer_steps else level.steps[:0]
            begin = _position(older, newer, low, "left") if low > -FAR else 0
            end = _position(older, newer, high, "right") if high < FAR else len(older) + len(newer)
            begin, end = (max(begin - margin, 0), min(end + margin, len(older) + len(newer)))
            if limit is None or end - begin <= limit or level is self._levels[-1]:
                break
            newer_steps.append(level.steps[level.thinned : level.count])
            newer_values.append(level.values[level.thinned : level.count])
        in_older, in_newer = (slice(begin, end), slice(max(begin - len(older), 0), max(end - len(older), 0)))
        values = level.values[: level.count][in_older]
        if newer_values:
            values = np.concatenate([values, np.concatenate(newer_values[::-1])[in_newer]])
        return np.concatenate([older[in_older], newer[in_newer]]), values if newer_values else values.copy()


def _bound(step: float | None, rounded: Callable[[float], int], otherwise: int) -> int:
    if step is None or math.isnan(step):
        return otherwise
    return rounded(min(max(step, -FAR), FAR))


def _position(older: Steps, newer: Steps, step: int, side: Literal["left", "right"]) -> int:
    """Return where a step belongs in `older` followed by `newer`."""
    position = int(older.searchsorted(step, side))
    return position if position < len(older) else position + int(newer.searchsorted(step, side))


def extremes(values: Values, group: int) -> NDArray[np.bool_]:
    """Mark, in each group of consecutive values, the lowest, the highest, and the first NaN, +inf and -inf."""
    keep = np.zeros(len(values), np.bool_)
    whole = len(values) // group * group
    for begin, end, length in ((0, whole, group), (whole, len(values), len(values) - whole)):
        if end > begin:
            _mark(values[begin:end], length, keep[begin:end])
    return keep


def _mark(values: Values, group: int, keep: NDArray[np.bool_]) -> None:
    starts = np.arange(0, len(values), group)
    finite = np.isfinite(values)
    low = high = values
    if not finite.all():
        low, high = (np.where(finite, values, math.inf), np.where(finite, values, -math.inf))
        for kind in (np.isnan(values), values == math.inf, values == -math.inf):
            first = starts + kind.reshape(-1, group).argmax(1)
            keep[first] |= kind[first]
    # The first of the lowest and the last of the highest: a constant stretch keeps both of its ends.
    lowest = starts + low.reshape(-1, group).argmin(1)
    highest = starts + (group - 1) - high.reshape(-1, group)[:, ::-1].argmax(1)
    keep[lowest] |= finite[lowest]
    keep[highest] |= finite[highest]
