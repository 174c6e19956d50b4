"""The view of one panel: its limits, which follow the data or were set by a person who panned or zoomed.

Invariant: limits that a person has set are kept until `View.follow`.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from matplotlib.axes import Axes

from tfwidget.plot.limits import Limits

__all__ = ["Range", "View"]

Range = tuple[float, float]


class View:
    """The limits of an axes.

    Parameters
    ----------
    ax : Axes
    changed : callable
        Called when a person has set limits.
    """

    def __init__(self, ax: Axes, changed: Callable[[], None]) -> None:
        self._ax = ax
        # Read directly. `get_xlim` takes ten times as long, because it checks whether to autoscale.
        self._box = ax.viewLim
        self._changed = changed
        self._home: dict[str, Range]  # as the axes was made, or as they were last asked for
        self._set: tuple[Range, Range]  # as they were last set here
        self.settle()
        self._asked: dict[str, Range] = {}  # the arguments of the last calls; Matplotlib may have set wider limits
        self._held = {"x": Limits(), "y": Limits()}
        self._quiet = False
        self._follows = True
        for event in ("xlim_changed", "ylim_changed"):
            ax.callbacks.connect(event, self._on_change)

    def _on_change(self, ax: Axes) -> None:
        if not self._quiet and ax.get_visible():
            self._changed()

    def settle(self) -> None:
        """Take the present limits as those that the axes was made with."""
        self._ax.get_xlim()  # autoscales, if that is due
        self._set = self.now
        self._home = dict(zip("xy", self.now, strict=True))

    @property
    def now(self) -> tuple[Range, Range]:
        """The limits."""
        (left, bottom), (right, top) = self._box.get_points().tolist()
        return (left, right), (bottom, top)

    @property
    def x(self) -> Range:
        """The smaller and the larger limit of the horizontal axis."""
        (left, _), (right, _) = self._box.get_points().tolist()
        return (left, right) if left <= right else (right, left)

    @property
    def following(self) -> bool:
        """Whether the limits follow the data: nobody has changed them since they were last set here."""
        return self._set == self.now

    @property
    def following_x(self) -> bool:
        """Whether the limits of the horizontal axis follow the data."""
        return self._set[0] == self.now[0]

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Within this context, changes of the limits do not count as made by a person."""
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before

    def begin(self) -> tuple[Range, Range]:
        """Let a kind set limits while it shows a value; return what `end` needs."""
        before = self.now
        self._follows = self._set == before
        self._quiet = True
        return before

    def end(self, before: tuple[Range, Range]) -> None:
        """Bring back the limits that a person has set, after a kind has shown a value."""
        if self._ax.get_autoscale_on():
            self._ax.get_xlim()  # autoscales, if that is due
        if self._follows:
            self._set = self.now
        elif self.now != before:
            self._ax.set_xlim(before[0])
            self._ax.set_ylim(before[1])
        self._quiet = False

    def hold(self, x: Range | None, y: Range | None, *, margin: float, exact: bool) -> None:
        """Set limits that contain these extents; see `tfwidget.plot.panel.Panel.limits`."""
        if not self._follows:
            return
        for way, extent in (("x", x), ("y", y)):
            if extent is None or not all(map(math.isfinite, extent)):
                continue
            wanted = extent
            if not exact or extent[0] == extent[1]:
                low, high = self._held[way].hold(min(extent), max(extent), margin=margin)
                wanted = (low, high) if extent[0] <= extent[1] else (high, low)
            if wanted != self._asked.get(way):
                self._asked[way] = self._home[way] = wanted
                self._set_one(way, wanted)

    def _set_one(self, way: str, limits: Range) -> None:
        if way == "x":
            self._ax.set_xlim(limits)
        else:
            self._ax.set_ylim(limits)

    def follow(self) -> None:
        """Follow the data again, and forget the limits that a person has set."""
        if self.accepts(self._home["x"], self._home["y"]):
            with self.quiet():
                for way, limits in self._home.items():
                    self._set_one(way, limits)
        self._asked.clear()
        self._held = {"x": Limits(), "y": Limits()}
        self._follows, self._set = True, self.now

    def accepts(self, x: Range, y: Range) -> bool:
        """Whether the axes can have these limits: each two different finite numbers, positive on a log scale."""
        return all(
            _is_range(limits) and (axis.get_scale() != "log" or min(limits) > 0.0)
            for axis, limits in ((self._ax.xaxis, x), (self._ax.yaxis, y))
        )

    def set(self, x: Range, y: Range) -> None:
        """Set limits as a person does. Limits that the axes cannot have are ignored."""
        if not self.accepts(x, y):
            return
        with self.quiet():
            self._ax.set_xlim(x)
            self._ax.set_ylim(y)
        self._changed()


def _is_range(limits: object) -> bool:
    """Whether these are two different finite numbers."""
    if not isinstance(limits, (tuple, list)) or len(limits) != 2:
        return False
    if not all(isinstance(edge, (int, float)) and math.isfinite(edge) for edge in limits):
        return False
    return bool(limits[0] != limits[1])
