"""A curve: the artist that draws a series, however long it is.

Invariant: the cost of a curve depends on its panel's width in pixels, not on the length of the series. Pages and Agg
get a minimum and a maximum for each pixel. Where possible, pages are sent only the points that are new.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.lines import Line2D
from matplotlib.transforms import BboxBase
from numpy.typing import NDArray

from tfwidget.record.series import Series

__all__ = ["Curve"]

_MOST_NEW = 64  # the largest number of points that one frame appends to a curve
_MOST_HELD = 4  # points per pixel of width: pages that hold more are sent a thinner curve
_BESIDE = 0.5  # of the view, sent on either side of it, so that a pan uncovers no empty edge
_COARSE = 0.7  # of the view that pages have points for: a smaller view is sent again, in more detail

Points = NDArray[np.float64]


@dataclass
class _Told:
    """What pages have been sent of a curve."""

    count: int  # the length of the series then
    last: int  # its last step then
    points: int
    width: int  # of the panel then, in pixels
    view: tuple[float, float] | None  # the range of steps in view then; None: all of the series
    log: bool


class Curve(Line2D):
    """A line that draws a series.

    Attributes
    ----------
    series : Series or None
        The series.
    first : int
        The first step of the series.
    """

    def __init__(self, **style: Any) -> None:
        super().__init__([], [], **style)
        self.series: Series | None = None
        self.first = 0
        self._told: _Told | None = None

    def follow(self, series: Series) -> None:
        """Draw this series, up to its present end."""
        if series is not self.series:
            self.series, self._told = series, None
            steps, _ = series.view(points=2)
            self.first = int(steps[0]) if len(steps) else 0
        self.stale = True

    @property
    def view(self) -> tuple[float, float] | None:
        """The range of steps in view; None if that is all of the series."""
        (low, _), (high, _) = self._limits.get_points().tolist()
        low, high = min(low, high), max(low, high)
        last = self.series.last if self.series is not None else None
        return None if last is None or (low <= self.first and last[0] <= high) else (low, high)

    def points(self) -> tuple[NDArray[np.int64], Points]:
        """Return the steps and values to draw: those in view, and half a view more on either side. NaN is a gap."""
        if self.series is None:
            return np.empty(0, np.int64), np.empty(0)
        width, view = self._width, self.view
        # A minimum and a maximum for each pixel. In a wide panel, for every second pixel only, to save time.
        count = max(width, min(2 * width, 600))
        if view is None:
            steps, values = self.series.view(points=count)
        else:
            beside = _BESIDE * (view[1] - view[0])
            steps, values = self.series.view(view[0] - beside, view[1] + beside, 2 * count)
        return steps, self._masked(values)

    def scene_points(self, afresh: bool) -> tuple[Points, bool]:
        """Return the points to send to pages; see `tfwidget.artists.shapes`.

        Parameters
        ----------
        afresh : bool
            Whether pages have no points of this curve.

        Returns
        -------
        points : array, float64, (n, 2)
            Steps and values.
        continued : bool
            Whether they are to be appended to the points sent before. Otherwise they replace these.
        """
        new = None if afresh else self._new()
        if new is not None:
            return new, True
        points = np.column_stack(self.points()).astype(np.float64)
        last = self.series.last if self.series is not None else None
        if self.series is not None and last is not None:
            self._told = _Told(len(self.series), last[0], len(points), self._width, self.view, self._log)
        return points, False

    def _new(self) -> Points | None:
        """Return the points that are new in the series; None if pages need other points as well."""
        series, told = self.series, self._told
        if series is None or told is None or told.width != self._width or told.log != self._log:
            return None
        view, until = self.view, np.inf
        if told.view is not None or view is not None:
            if told.view is None or view is None:
                return None
            span, before = view[1] - view[0], told.view[1] - told.view[0]
            until = told.view[1] + _BESIDE * before
            if not _COARSE * before <= span <= before or view[0] < told.view[0] - _BESIDE * before or view[1] > until:
                return None
        count = len(series)
        if count == told.count or told.last > until:
            return np.empty((0, 2))
        new = series.since(told.count, _MOST_NEW)
        if new is None or told.points + len(new[0]) > _MOST_HELD * max(told.width, 100):
            return None
        told.count, told.last, told.points = count, new[0][-1], told.points + len(new[0])
        return np.column_stack((new[0], self._masked(np.array(new[1])))).astype(np.float64)

    def draw(self, renderer: RendererBase) -> None:
        """Draw the points that the present limits show."""
        self.set_data(*self.points())
        super().draw(renderer)

    @cached_property
    def _limits(self) -> BboxBase:
        assert self.axes is not None
        return self.axes.viewLim  # the same object as long as the axes lives

    @property
    def _width(self) -> int:
        assert self.axes is not None
        return max(int(self.axes.bbox.width), 1)

    @property
    def _log(self) -> bool:
        assert self.axes is not None
        return bool(self.axes.get_yscale() == "log")

    def _masked(self, values: Points) -> Points:
        """Return the values; on a logarithmic scale, with NaN for those that have no logarithm."""
        return np.where(values > 0.0, values, np.nan) if self._log else values
