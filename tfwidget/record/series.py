"""The bounded record of one scalar, step by step.

Invariant: whatever the number of steps, a series takes at most 4 MB, the cost of a view does not grow with it, and no
extreme and no kind of non-finite value is ever lost.

How: a series is a pyramid of point lists. Level 0 is every point. Each level is the one below it, thinned: of 8
consecutive points it keeps, in their order, the lowest, the highest and the first of each non-finite kind (NaN, +inf,
-inf). The newest points that do not fill a block yet wait on their level, so a level followed by what waits below it is
the whole series at that level's detail. When the finest kept level is full it is given up, and the next is the finest.
What comes in small lots waits before it is put there, for to put a few costs as much as to put thousands.

tsdownsample, the package for this, thins complete arrays only, and leaves NaN out or lets it hide its bucket.
"""

import math
from collections.abc import Callable, Sequence
from itertools import compress
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tfwidget.errors import RunError, TensorError

__all__ = ["CAPACITY", "Series"]

CAPACITY = 65_536
"""Points that a series keeps exactly."""

Steps = NDArray[np.int64]
Values = NDArray[np.float64]

_GROUP = 8  # even a group with all five kinds of kept points shrinks, so that the pyramid ends
_CHUNK = 4_096  # bounds the memory that one large extend() needs, and what waits
_FEW = 512  # points of the largest lot that waits to be put into the pyramid
_FAR = 2**62  # beyond every step, and safe to compare with one


class _Level:
    """Points in order; those before `thinned` are represented in the next level, the others wait."""

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
        # One point waits always: so the newest point is never thinned away.
        part = slice(self.thinned, self.thinned + (waiting - 1) // _GROUP * _GROUP)
        values = self.values[part]
        keep = _extremes(values, _GROUP)
        if not self.begun:
            keep[0] = self.begun = True  # the line begins where the series began
        self.thinned = part.stop
        return self.steps[part][keep], values[keep]

    def forget(self, *, shrink: bool = False) -> None:
        """Give up all points but those that wait."""
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


class Series:
    """The values of one scalar, step by step, in bounded memory.

    Parameters
    ----------
    name : str
        The logged name.
    capacity : int, optional
        So many points are kept exactly, at least 64; beyond that the lowest and highest of neighbouring points are.
    """

    def __init__(self, name: str, capacity: int = CAPACITY) -> None:
        if capacity < 64:
            msg = f"Series({name!r}): capacity must be at least 64, got {capacity}"
            raise ValueError(msg)
        self.name = name
        self.capacity = capacity
        self._block = min(64, capacity // 8)
        self._levels = [_Level()]
        self._finest = 0
        self._new_steps: list[int] = []  # not in the pyramid yet
        self._new_values: list[float] = []
        self._count = 0
        self._last: tuple[int, float] | None = None
        self._lowest, self._highest = math.inf, -math.inf
        self._all_finite = True

    def __len__(self) -> int:
        """Return the number of points ever added."""
        return self._count

    def __repr__(self) -> str:
        return f"Series({self.name!r}, {self._count:,} points, last={self._last})"

    @property
    def last(self) -> tuple[int, float] | None:
        """The newest step and its value."""
        return self._last

    @property
    def steps(self) -> Steps:
        """The steps of all points kept, shape (n,)."""
        return self._window(None, None, None, 0)[0]

    @property
    def values(self) -> Values:
        """The values of all points kept, shape (n,), non-finite ones included."""
        return self._window(None, None, None, 0)[1]

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes."""
        self._put_new()
        return sum(level.steps.nbytes + level.values.nbytes for level in self._levels)

    def extend(self, steps: Sequence[int] | Steps, values: Sequence[float] | Values) -> None:
        """Add points.

        Parameters
        ----------
        steps : sequence of int, shape (n,)
            Not decreasing, and not below the last step added. A step may come again.
        values : sequence of float, shape (n,)
            Any, non-finite ones included.

        Raises
        ------
        RunError
            If the steps decrease. Nothing is added then.
        TensorError
            If steps are not integers, values not real numbers, or their numbers differ. Nothing is added then.
        """
        if not len(steps) and not len(values):
            return
        if self._extend_by_few(steps, values):
            return
        new_steps, new_values = self._checked(steps, values)
        self._put_new()
        finite = new_values[np.isfinite(new_values)]
        if len(finite) < len(new_values):
            self._all_finite = False
        if len(finite):
            self._lowest = min(self._lowest, float(finite.min()))
            self._highest = max(self._highest, float(finite.max()))
        self._put(new_steps, new_values)
        self._count += len(new_steps)
        self._last = int(new_steps[-1]), float(new_values[-1])

    def since(self, count: int, points: int) -> tuple[list[int], list[float]] | None:
        """Return what was added after the first `count` points, if it is finite and quickly told; else None.

        Parameters
        ----------
        count : int
            A former length of the series.
        points : int
            About so many points are returned at most: the lowest and highest of neighbouring ones, and the newest.
        """
        new = self._count - count
        if not 0 < new <= len(self._new_steps):
            return None
        steps, values = self._new_steps[-new:], self._new_values[-new:]
        if new > points:
            keep = _extremes(np.array(values), -(-2 * new // points))
            keep[-1] = True
            steps, values = list(compress(steps, keep)), list(compress(values, keep))
        return steps, values

    def view(self, lo: float | None = None, hi: float | None = None, points: int = 2000) -> tuple[Steps, Values]:
        """Return the points to draw for a range of steps.

        Parameters
        ----------
        lo, hi : float, optional
            The range of steps, both ends included. One point beyond each end is kept, so that lines reach the edge.
        points : int, optional
            About so many points are returned at most (up to half as many more where there are gaps).

        Returns
        -------
        steps : numpy.ndarray of int64, shape (n,)
            Not decreasing.
        values : numpy.ndarray of float64, shape (n,)
            Exact if they are few enough, else the lowest and highest of neighbouring points, in their order. NaN where
            there was a non-finite value: the line has a gap there.
        """
        if points < 2:
            msg = f"view of {self.name!r}: points must be at least 2, got {points}"
            raise ValueError(msg)
        steps, values = self._window(lo, hi, 4 * points, 1)
        if not self._all_finite:
            values[np.isinf(values)] = math.nan
        if len(steps) > points:
            keep = _extremes(values, -(-2 * len(steps) // points))
            keep[0] = keep[-1] = True
            steps, values = steps[keep], values[keep]
        return steps, values

    def nonfinite(self, lo: float | None = None, hi: float | None = None, points: int = 200) -> tuple[Steps, Values]:
        """Return where marks for NaN, +inf and -inf go.

        Parameters
        ----------
        lo, hi : float, optional
            The range of steps, both ends included.
        points : int, optional
            About so many are returned at most, at least 3; each kind that occurs is among them.

        Returns
        -------
        steps : numpy.ndarray of int64, shape (n,)
        values : numpy.ndarray of float64, shape (n,)
            Each NaN, +inf or -inf.
        """
        if points < 3:
            msg = f"nonfinite of {self.name!r}: points must be at least 3, got {points}"
            raise ValueError(msg)
        if self._all_finite:
            return np.empty(0, np.int64), np.empty(0, np.float64)
        steps, values = self._window(lo, hi, 40 * points, 0)
        keep = ~np.isfinite(values)
        steps, values = steps[keep], values[keep]
        if len(steps) > points:
            keep = _extremes(values, -(-3 * len(steps) // points))
            steps, values = steps[keep], values[keep]
        return steps, values

    def extent(self) -> tuple[float, float] | None:
        """Return the lowest and highest finite value ever added, or None if there was none."""
        return (self._lowest, self._highest) if self._lowest <= self._highest else None

    def _extend_by_few(self, steps: Sequence[int] | Steps, values: Sequence[float] | Values) -> bool:
        """Add a small lot of finite numbers, as a run does at each frame, without NumPy; False where it is no such."""
        if type(steps) is not list or type(values) is not list or len(steps) != len(values) or len(steps) > _FEW:
            return False
        if set(map(type, steps)) != {int} or set(map(type, values)) != {float}:
            return False
        if not math.isfinite(sum(values)) or steps != sorted(steps) or (self._last and steps[0] < self._last[0]):
            return False
        if not -_FAR < steps[0] <= steps[-1] < _FAR:
            return False
        self._new_steps += steps
        self._new_values += values
        self._lowest = min(self._lowest, *values)
        self._highest = max(self._highest, *values)
        self._count += len(steps)
        self._last = steps[-1], values[-1]
        if len(self._new_steps) > _CHUNK:
            self._put_new()
        return True

    def _put_new(self) -> None:
        if self._new_steps:
            steps, values = np.array(self._new_steps, np.int64), np.array(self._new_values, np.float64)
            self._new_steps, self._new_values = [], []
            self._put(steps, values)

    def _put(self, steps: Steps, values: Values) -> None:
        chunk = min(_CHUNK, self.capacity // 4)
        for begin in range(0, len(steps), chunk):
            self._add(steps[begin : begin + chunk], values[begin : begin + chunk])

    def _checked(self, steps: Sequence[int] | Steps, values: Sequence[float] | Values) -> tuple[Steps, Values]:
        new_steps, new_values = np.asarray(steps), np.asarray(values)
        if new_steps.shape != new_values.shape or new_steps.ndim != 1:
            msg = (
                f"history of {self.name!r}: steps and values must be flat and of equal length, "
                f"got shapes {new_steps.shape} and {new_values.shape}"
            )
            raise TensorError(msg)
        if new_steps.dtype.kind not in "iu":
            msg = f"history of {self.name!r}: steps must be integers, got {new_steps.dtype}: {new_steps[:3]}"
            raise TensorError(msg)
        if new_values.dtype.kind not in "fiub":
            msg = f"history of {self.name!r}: values must be real numbers, got {new_values.dtype}: {new_values[:3]}"
            raise TensorError(msg)
        before = int(new_steps[0]) if self._last is None else self._last[0]
        falls = np.flatnonzero(new_steps[1:] < new_steps[:-1])
        if new_steps[0] < before:
            first, second = before, int(new_steps[0])
        elif len(falls):
            first, second = int(new_steps[falls[0]]), int(new_steps[falls[0] + 1])
        else:
            return new_steps.astype(np.int64, copy=False), new_values.astype(np.float64, copy=False)
        msg = (
            f"history of {self.name!r}: step {second} came after step {first}. "
            "Steps must not decrease within a run: leave out step=, or begin a new run"
        )
        raise RunError(msg)

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

    def _window(self, lo: float | None, hi: float | None, limit: int | None, margin: int) -> tuple[Steps, Values]:
        """Copy the points from `lo` to `hi`, and `margin` beyond, of the finest level with at most `limit` of them."""
        self._put_new()
        if lo is not None and hi is not None and lo > hi:
            lo, hi = hi, lo  # an axis may be inverted
        low, high = _bound(lo, math.ceil, -_FAR), _bound(hi, math.floor, _FAR)
        newer_steps = [level.steps[: level.count] for level in self._levels[: self._finest]]
        newer_values = [level.values[: level.count] for level in self._levels[: self._finest]]
        for level in self._levels[self._finest :]:
            older = level.steps[: level.count]
            newer = np.concatenate(newer_steps[::-1]) if newer_steps else level.steps[:0]
            begin = _position(older, newer, low, "left") if low > -_FAR else 0
            end = _position(older, newer, high, "right") if high < _FAR else len(older) + len(newer)
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
    return rounded(min(max(step, -_FAR), _FAR))


def _position(older: Steps, newer: Steps, step: int, side: Literal["left", "right"]) -> int:
    """Return where a step belongs in `older` followed by `newer`."""
    position = int(older.searchsorted(step, side))
    return position if position < len(older) else position + int(newer.searchsorted(step, side))


def _extremes(values: Values, group: int) -> NDArray[np.bool_]:
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
