"""Curves: scalars over steps.

Invariant: the recorded values are drawn, without smoothing. A value that is NaN or infinite makes a gap and has a mark.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullLocator
from matplotlib.transforms import blended_transform_factory

from tfwidget.errors import TensorError
from tfwidget.plot.curve import Curve
from tfwidget.plot.header import HEADER_Y
from tfwidget.plot.limits import Limits
from tfwidget.plot.panel import Panel
from tfwidget.plot.text import shorten, text_width
from tfwidget.plot.theme import TEXT_SIZE
from tfwidget.plot.ticks import LogFormatter, LogLocator, StepFormatter, ValueFormatter, compact
from tfwidget.record.series import Series
from tfwidget.record.values import Array

__all__ = ["Line", "group_of"]

_ROLES = {"train": 0, "training": 0, "val": 1, "valid": 1, "validation": 1, "test": 2, "testing": 2}
_SPANS = (1.0, 1.6, 2.5, 4.0, 6.4, 10.0)  # lengths of the step axis, times a power of ten
_MIN_SPAN = 4.0
_MARGIN = 0.02  # of the step axis, free on either side
_HUGE = 1e300  # differences of larger limits overflow
_HANDLE, _GAP, _BETWEEN = 11.0, 4.0, 10.0  # widths in the key, in points
_TURNS_APART = 3.0  # points between two marks of knobs
_NOTHING = np.empty(0, np.int64), np.empty(0)
_VALUE_WIDTH = 39.0  # points, the width of "−1.234e−5"


def group_of(name: str) -> tuple[str, int | None]:
    """Return the group that a scalar belongs to, and its role there. A group shares axes.

    Names belong to one group if they differ only by one of the words *train, training, val, valid, validation, test,
    testing*. The word may be the first or last part of a path (``train/loss``, ``loss/val``), or the beginning or end
    of the last part (``val_loss``, ``loss_test``). The name without any such word belongs to the group, too.

    Returns
    -------
    group : str
        The name without the word.
    role : int or None
        0 for training, 1 for validation, 2 for test; None if the name has no such word.

    Examples
    --------
    >>> group_of("val_loss"), group_of("a/train"), group_of("loss")
    (('loss', 1), ('a', 0), ('loss', None))
    """
    parts = name.split("/")
    if len(parts) > 1:
        for index in (-1, 0):
            role = _ROLES.get(parts[index].lower())
            if role is not None:
                del parts[index]
                return "/".join(parts), role
    head, _, rest = parts[-1].partition("_")
    if rest and head.lower() in _ROLES:
        return "/".join([*parts[:-1], rest]), _ROLES[head.lower()]
    rest, _, tail = parts[-1].rpartition("_")
    if rest and tail.lower() in _ROLES:
        return "/".join([*parts[:-1], rest]), _ROLES[tail.lower()]
    return name, None


class _Entry:
    """One series of a panel: its curve, dots for points that no line joins, and its texts in the key."""

    def __init__(self, panel: "Line", name: str, color: int) -> None:
        self.name = name
        self.color = color
        shade = panel.theme.series[color]
        self.curve = Curve(zorder=3, color=shade, solid_joinstyle="round", marker="")
        self.dots = Line2D([], [], zorder=3, color=shade, linestyle="none", marker="o", markersize=3.6)
        self.dots.set_markeredgewidth(0)
        for line in (self.curve, self.dots):
            panel.ax.add_line(line)
        self.handle = Line2D([], [], color=shade, linewidth=2.2, solid_capstyle="butt", marker="", clip_on=False)
        self.handle.set_transform(panel.corner)
        panel.ax.add_artist(self.handle)
        self.label = panel.add_text()
        self.value = panel.add_text()
        self.value.set_color(panel.theme.text)

    @property
    def key(self) -> str:
        """Its name in the key: the word for its role if that is a part of the path, else the last part of the path."""
        parts = self.name.split("/")
        for part in (parts[-1], parts[0]):
            if len(parts) > 1 and part.lower() in _ROLES:
                return part
        return parts[-1]


class Line(Panel):
    """Log a scalar as a curve.

    Parameters
    ----------
    value : scalar
        A number, or a tensor or array of one element, or a callable that returns one.

    Raises
    ------
    TensorError
        If the value has a shape of another size than 1.
    """

    series: ClassVar[bool] = True
    priority: ClassVar[float] = -1.0

    @classmethod
    def check(cls, value: Any, **options: Any) -> None:
        """Raise `TensorError` for a value that is known to be no scalar."""
        shape = getattr(value, "shape", ())
        try:
            size = math.prod(int(length) for length in shape)
        except (TypeError, ValueError):
            return  # not known yet: the value is checked when it is recorded
        if size != 1:
            msg = (
                f"Line(value): value must be a scalar, got shape {tuple(shape)}. Log its mean, or use Histogram(value)."
            )
            raise TensorError(msg)

    @classmethod
    def fits(cls, array: Array) -> bool:
        """Every scalar fits."""
        return array.size == 1

    @classmethod
    def group(cls, name: str) -> str:
        """Return the group of a name: names that differ by *train* or *val*, say, share axes. See `group_of`."""
        return group_of(name)[0]

    def build(self, ax: Axes) -> None:
        """Make the artists that all curves share."""
        self.entries: list[_Entry] = []
        self._x: tuple[float, float] | None = None  # the steps that the limits were made for
        self._y = Limits()
        self._has_turns = self._has_bad = False
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(True, which="major")
        ax.set_xlabel("step")
        along = blended_transform_factory(ax.transData, ax.transAxes)
        # A line from the bottom to the top, under the curves, at each step where a knob was turned.
        self.turns = Line2D([], [], color=self.theme.muted, alpha=0.7, linewidth=0.8, dashes=(3.0, 3.0), zorder=2.5)
        self.turns.set(linestyle="--", marker="", transform=along)
        self.bad = Line2D([], [], color=self.theme.warning, linestyle="none", marker="x", markersize=4.0, zorder=4)
        self.bad.set(markeredgewidth=1.1, transform=along, clip_on=False)
        for line in (self.turns, self.bad):
            ax.add_artist(line)
        self.log = False
        self._scale()

    def show(self, value: Mapping[str, Series]) -> None:
        """Show all series, up to their present ends."""
        self.header(())
        for name in self.names[len(self.entries) :]:
            self._add(name)
        pairs = [(entry, value[entry.name]) for entry in self.entries if entry.name in value]
        for entry, series in pairs:
            entry.curve.follow(series)
        following = self.view.following
        if following:
            self._fit(pairs)
        # Marks are not clipped to the axes, so only those within a person's view are asked for.
        low, high = (None, None) if following else self.view.x
        bad = [(entry.name, series.nonfinite(low, high, 200)) for entry, series in pairs if not series.all_finite]
        gaps = {name for name, (steps, _) in bad if len(steps)}
        for entry, series in pairs:
            self._show_dots(entry, series, gaps=entry.name in gaps)
            newest = series.last[1] if series.last is not None else math.nan
            entry.value.set_text(compact(newest, 4))
            color = self.theme.text if math.isfinite(newest) else self.theme.warning
            if entry.value.get_color() != color:
                entry.value.set_color(color)
        if self.marks or self._has_turns:
            self._show_turns()
        if bad or self._has_bad:
            # NaN and −Inf have marks at the lower edge, Inf at the upper one.
            steps = np.concatenate([np.empty(0), *(steps for _, (steps, _) in bad)])
            values = np.concatenate([np.empty(0), *(values for _, (_, values) in bad)])
            _set_data(self.bad, steps, np.where(values > 0.0, 1.0, 0.0))
            self._has_bad = len(steps) > 0
        self.note("  ".join([*(["× NaN or Inf"] if gaps else []), *self._unseen(value.values())]))

    def _add(self, name: str) -> None:
        role = group_of(name)[1] or 0
        taken = {entry.color for entry in self.entries}
        free = (role, *range(len(self.theme.series)))
        color = next((index for index in free if index not in taken), len(self.entries) % len(self.theme.series))
        self.entries.append(_Entry(self, name, color))
        self._lay_out_key()

    def set_log(self, log: bool) -> None:
        """Set a log or linear scale, shown from the next update on.

        Limits that a person has set are kept. If a log scale cannot have the limits of the values, these are fitted to
        the values in view.
        """
        if log == self.log:
            return
        values, following, with_steps = self.ax.get_ylim(), self.view.following, self.view.following_x
        self.log = log
        with self.view.quiet():
            self._scale()
            if following or (with_steps and log and min(values) <= 0.0) or self.value is None:
                self.reset_view()
            elif not log or min(values) > 0.0:
                self.ax.set_ylim(values)
            elif (extent := _log_extent(self._in_view())) is not None:
                self.ax.set_ylim(_powers(*Limits().hold(*extent, margin=0.05, log=True)))
        self._y = Limits()
        self.touch()

    def reset_view(self) -> None:
        """Follow the data again from the next update on."""
        super().reset_view()
        self._x, self._y = None, Limits()

    def placed(self) -> None:
        """Choose the number of ticks and the words of the key for the size of the axes."""
        self._spread_ticks()
        self._lay_out_key()

    def _scale(self) -> None:
        ax = self.ax
        ax.set_ylim(0.1, 1.0)  # valid on either scale
        ax.set_yscale("log" if self.log else "linear", **({"nonpositive": "mask"} if self.log else {}))
        ax.xaxis.set_major_formatter(StepFormatter())
        ax.yaxis.set_major_formatter(LogFormatter() if self.log else ValueFormatter())
        ax.yaxis.set_minor_locator(NullLocator())
        self._spread_ticks()

    def _spread_ticks(self) -> None:
        width, height = self.room
        columns = int(np.clip(round(width / 30.0), 3, 8))
        rows = int(np.clip(height / 15.0, 2, 6))
        self.ax.xaxis.set_major_locator(MaxNLocator(columns, integer=True, steps=[1, 2, 5, 10], min_n_ticks=2))
        self.ax.yaxis.set_major_locator(
            LogLocator(rows) if self.log else MaxNLocator(rows, steps=[1, 2, 2.5, 5, 10], min_n_ticks=2)
        )

    def _lay_out_key(self) -> None:
        """Lay out the key: the newest value of one series; or names of several, with values if there is room."""
        entries, available = self.entries, self.cell.width
        several = len(entries) > 1
        names = [entry.key if several else "" for entry in entries]
        fixed = len(entries) * (_HANDLE + _GAP + _BETWEEN) - _BETWEEN
        with_values = fixed + sum(text_width(name) + _GAP + _VALUE_WIDTH for name in names) <= available
        if several and fixed + sum(text_width(name) for name in names) > available:
            each = max((available - fixed) / len(entries), text_width("…"))
            names = [shorten(name, each, begin=True) for name in names]
        x = 0.0
        for entry, name in zip(entries, names, strict=True):
            entry.label.set_text(name)
            entry.value.set_visible(with_values or not several)
            entry.handle.set_data([], [])
            if several:
                middle = HEADER_Y + 0.36 * TEXT_SIZE
                entry.handle.set_data([x, x + _HANDLE], [middle, middle])
                x += _HANDLE + _GAP
                entry.label.set_x(x)
                x += text_width(name) + _GAP
            entry.value.set_x(x)
            x += (_VALUE_WIDTH if with_values else -_GAP) + _BETWEEN

    def _fit(self, pairs: Sequence[tuple[_Entry, Series]]) -> None:
        """Set limits that contain all data."""
        known = [(entry.curve.first, series.last[0]) for entry, series in pairs if series.last is not None]
        if known:
            first, last = float(min(first for first, _ in known)), float(max(last for _, last in known))
            if self._x is None or self._x[0] != first or last > self._x[1]:
                self._x = (first, first + _nice_span(last - first))
        left, right = self._x or (0.0, _MIN_SPAN)
        margin = _MARGIN * (right - left)
        extents = [extent for _, series in pairs if (extent := series.extent()) is not None]
        extent = (min(low for low, _ in extents), max(high for _, high in extents)) if extents else None
        y = (0.1, 1.0) if self.log else (0.0, 1.0)
        if self.log:
            if extent is not None and extent[0] <= 0.0:  # the record has no smallest value above zero
                extent = _log_extent([series.view()[1] for _, series in pairs])
            elif extent is not None:
                extent = math.log10(extent[0]), math.log10(extent[1])
            if extent is not None:
                low, high = (min(max(exponent, -300.0), 300.0) for exponent in extent)
                y = _powers(*self._y.hold(low, high, margin=0.05, log=True))
        elif extent is not None:
            y = self._y.hold(max(extent[0], -_HUGE), min(extent[1], _HUGE), margin=0.05)
        self.limits((left - margin, right + margin), y, exact=True)

    def _in_view(self) -> list[np.ndarray]:
        """Return the values of each curve at the steps in view."""
        low, high = self.view.x
        data = [series.view(low, high) for series in self.value.values()]
        return [values[(low <= steps) & (steps <= high)] for steps, values in data]

    def _show_dots(self, entry: _Entry, series: Series, *, gaps: bool) -> None:
        """Show dots if there are few points, and for each point between two gaps, which has no line."""
        width, curve = self.pixels[0], entry.curve
        count, few = len(series), max(width // 12, 2)
        steps, values = _NOTHING
        if count <= few or gaps or curve.view is not None or self._unseen([series]):
            steps, values = curve.points()
            finite = np.isfinite(values)
            count = int(np.count_nonzero(finite))
            if count > few:
                left = np.concatenate(([False], finite[:-1]))
                right = np.concatenate((finite[1:], [False]))
                finite &= ~left & ~right
            steps, values = steps[finite], values[finite]
        thick = 1.4 if count < width // 4 else 1.0
        if thick != curve.get_linewidth():
            curve.set_linewidth(thick)
        _set_data(entry.dots, steps, values)

    def _show_turns(self) -> None:
        """Mark the steps where a knob was turned. Of a group of marks that would touch, show the first and the last."""
        x = np.asarray(self.marks, np.float64)
        if len(x):
            low, high = self.view.x
            gap = _TURNS_APART * (high - low) / self.room[0]
            apart = np.diff(x) > gap
            x = x[np.append(True, apart) | np.append(apart, True)]
            x = x[np.append(np.diff(x) > gap, True)]
        self._has_turns = len(x) > 0
        self.turns.set_data(np.repeat(x, 3), np.tile((0.0, 1.0, np.nan), len(x)))

    def _unseen(self, series: Iterable[Series]) -> list[str]:
        """Return notes about values that a log scale cannot show."""
        extents = [extent for one in series if (extent := one.extent()) is not None] if self.log else []
        if not any(low <= 0.0 for low, _ in extents):
            return []
        return ["≤ 0 not shown" if any(high > 0.0 for _, high in extents) else "no value > 0"]


def _set_data(line: Line2D, x: np.ndarray, y: np.ndarray) -> None:
    """Set the points of a line. A line that stays empty, as most do, is left alone."""
    if len(x) or len(line.get_xdata()):  # type: ignore[arg-type]
        line.set_data(x, y)


def _log_extent(data: Sequence[np.ndarray]) -> tuple[float, float] | None:
    """Return the exponents of the smallest and the largest value above zero; None if there is none."""
    positive = [values[values > 0.0] for values in data]
    found = np.concatenate(positive) if positive else np.empty(0)
    return (math.log10(float(found.min())), math.log10(float(found.max()))) if len(found) else None


def _powers(bottom: float, top: float) -> tuple[float, float]:
    """Return limits of a log scale from their exponents, cut to a range that does not overflow."""
    return 10.0 ** max(bottom, -300.0), 10.0 ** min(top, 300.0)


def _nice_span(span: float) -> float:
    """Return the next round number of steps at or above `span`."""
    span = max(span, _MIN_SPAN)
    scale = 10.0 ** math.floor(math.log10(span))
    return next(factor for factor in (*_SPANS, 16.0) if factor * scale >= span * (1 - 1e-12)) * scale
