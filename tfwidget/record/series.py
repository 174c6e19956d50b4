"""The bounded record of one scalar, step by step.

Invariant: its memory and the cost of a view are those of a `Pyramid`, whatever the number of steps. The lowest, the
highest and the newest value are exact.

Points that come a few at a time wait, and are put into the pyramid together: there a few cost as much as thousands.
"""

import math
from collections.abc import Sequence
from itertools import compress

import numpy as np

from tfwidget.errors import RunError, TensorError
from tfwidget.record.pyramid import FAR, Pyramid, Steps, Values, extremes

__all__ = ["CAPACITY", "Series"]

CAPACITY = 65_536
"""The number of points that a series keeps exactly."""

_LOT = 4_096  # points of one call of `extend` that may wait
_WAITING = 8_192  # points that may wait in all


class Series:
    """The values of one scalar, step by step, in bounded memory.

    Parameters
    ----------
    name : str
        The logged name.
    capacity : int, optional
        The number of points that are kept exactly, at least 64. When there are more, the lowest and highest of
        neighbouring points are kept.
    """

    def __init__(self, name: str, capacity: int = CAPACITY) -> None:
        if capacity < 64:
            msg = f"Series({name!r}): capacity must be at least 64, got {capacity}"
            raise ValueError(msg)
        self.name = name
        self.capacity = capacity
        self._pyramid = Pyramid(capacity)
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
    def all_finite(self) -> bool:
        """Whether no value was NaN or infinite."""
        return self._all_finite

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
        return self._pyramid.nbytes

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
        self._pyramid.put(new_steps, new_values)
        self._count += len(new_steps)
        self._last = int(new_steps[-1]), float(new_values[-1])

    def since(self, count: int, points: int) -> tuple[list[int], list[float]] | None:
        """Return the points that were added after the first `count`, if all of them still wait; else None.

        So a frame that only adds a few finite points costs little; otherwise, see `view`.

        Parameters
        ----------
        count : int
            A former length of the series.
        points : int
            The number of points to return at most, roughly: the lowest and highest of neighbouring ones, and the
            newest.

        Returns
        -------
        tuple of list of int and list of float, or None
            Steps and values, all finite.
        """
        new = self._count - count
        if not 0 < new <= len(self._new_steps):
            return None
        steps, values = self._new_steps[-new:], self._new_values[-new:]
        if new > points:
            keep = extremes(np.array(values), -(-2 * new // points))
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
            The number of points to return at most, roughly. Where there are gaps it may be half as many more.

        Returns
        -------
        steps : numpy.ndarray of int64, shape (n,)
            Not decreasing.
        values : numpy.ndarray of float64, shape (n,)
            All points if they are few enough, else the lowest and highest of neighbouring points, in their order. A
            non-finite value is NaN here: the line has a gap there.

        Raises
        ------
        ValueError
            If `points` is less than 2.
        """
        if points < 2:
            msg = f"view of {self.name!r}: points must be at least 2, got {points}"
            raise ValueError(msg)
        steps, values = self._window(lo, hi, 4 * points, 1)
        if not self._all_finite:
            values[np.isinf(values)] = math.nan
        if len(steps) > points:
            keep = extremes(values, -(-2 * len(steps) // points))
            keep[0] = keep[-1] = True
            steps, values = steps[keep], values[keep]
        return steps, values

    def nonfinite(self, lo: float | None = None, hi: float | None = None, points: int = 200) -> tuple[Steps, Values]:
        """Return the points with NaN, +inf or -inf, where the curve has marks.

        Parameters
        ----------
        lo, hi : float, optional
            The range of steps, both ends included.
        points : int, optional
            The number of points to return at most, roughly; at least 3. Each kind that occurs is among them.

        Returns
        -------
        steps : numpy.ndarray of int64, shape (n,)
        values : numpy.ndarray of float64, shape (n,)
            Each NaN, +inf or -inf.

        Raises
        ------
        ValueError
            If `points` is less than 3.
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
            keep = extremes(values, -(-3 * len(steps) // points))
            steps, values = steps[keep], values[keep]
        return steps, values

    def extent(self) -> tuple[float, float] | None:
        """Return the lowest and highest finite value ever added, or None if there was none."""
        return (self._lowest, self._highest) if self._lowest <= self._highest else None

    def _extend_by_few(self, steps: Sequence[int] | Steps, values: Sequence[float] | Values) -> bool:
        """Add a few finite floats without NumPy, as a run does at each frame; return False for anything else."""
        if type(steps) is not list or type(values) is not list or len(steps) != len(values) or len(steps) > _LOT:
            return False
        if set(map(type, steps)) != {int} or set(map(type, values)) != {float}:
            return False
        if not math.isfinite(sum(values)) or steps != sorted(steps) or (self._last and steps[0] < self._last[0]):
            return False
        if not -FAR < steps[0] <= steps[-1] < FAR:
            return False
        if len(self._new_steps) + len(steps) > _WAITING:
            self._put_new()
        self._new_steps += steps
        self._new_values += values
        self._lowest = min(self._lowest, *values)
        self._highest = max(self._highest, *values)
        self._count += len(steps)
        self._last = steps[-1], values[-1]
        return True

    def _put_new(self) -> None:
        if self._new_steps:
            steps, values = np.array(self._new_steps, np.int64), np.array(self._new_values, np.float64)
            self._new_steps, self._new_values = [], []
            self._pyramid.put(steps, values)

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

    def _window(self, lo: float | None, hi: float | None, limit: int | None, margin: int) -> tuple[Steps, Values]:
        self._put_new()
        return self._pyramid.window(lo, hi, limit, margin)
