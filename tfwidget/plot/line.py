"""Curves: scalars over steps.

Invariant: what is drawn is what was recorded: no smoothing; a gap and a mark where a value is NaN or infinite.

Limits grow in steps, so that the ticks (the expensive part) are redrawn a logarithmic number of times. Limits that a
person has set by panning or zooming are left alone until `LinePanel.reset_view`.
"""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator, NullLocator
from matplotlib.transforms import ScaledTranslation, blended_transform_factory

from tfwidget.errors import TensorError
from tfwidget.plot.panel import HEADER, HEADER_Y, TITLE_Y, Cell, Panel
from tfwidget.plot.stream import Growth
from tfwidget.plot.text import shorten, text_width
from tfwidget.plot.theme import RC, TEXT_SIZE, Theme
from tfwidget.plot.ticks import LogFormatter, LogLocator, StepFormatter, ValueFormatter, compact
from tfwidget.record.history import Frame, Series
from tfwidget.record.values import Logged

__all__ = ["Line", "LinePanel", "group_of"]

_ROLES = {"train": 0, "training": 0, "val": 1, "valid": 1, "validation": 1, "test": 2, "testing": 2}
_SPANS = (1.0, 1.6, 2.5, 4.0, 6.4, 10.0)  # the steps in which the axis of steps grows: each costs a full draw
_MIN_SPAN = 4.0
_MARGIN = 0.02  # of the axis of steps, on either side
_HUGE = 1e300  # beyond, differences of limits overflow
_HANDLE, _GAP, _BETWEEN = 11.0, 4.0, 10.0  # of the key, in points
_STEP_Y = 13.5  # points from the axes to the top of its label: below the tick labels
_GROWTH = 64  # points that a curve grows by in one frame, at most
_TURNS_APART = 3.0  # points between two marks of knobs
_VALUE_WIDTH = 39.0  # as wide as "−1.234e−5"


class Line(Logged):
    """Log a scalar as a curve, whatever its type.

    Parameters
    ----------
    value : scalar
        A number, or a tensor or array of one element, or a callable that returns one.
    """

    def __init__(self, value: object) -> None:
        shape = getattr(value, "shape", ())
        try:
            size = math.prod(int(length) for length in shape)
        except (TypeError, ValueError):
            size = 1  # not known yet: what comes is checked when it is recorded
        if size != 1:
            msg = (
                f"Line(value): value must be a scalar, got shape {tuple(shape)}. Log its mean, or use Histogram(value)."
            )
            raise TensorError(msg)
        super().__init__(value, "line", {})


def group_of(name: str) -> tuple[str, int | None]:
    """The panel that a scalar belongs to, and its role there.

    Names that differ only in one word of *train, training, val, valid, validation, test, testing* share axes. The word
    may be the first or last part of a path (``train/loss``, ``loss/val``) or the beginning or end of the last part
    (``val_loss``, ``loss_test``). The name without any such word belongs with them.

    Returns
    -------
    group : str
        The name without the word.
    role : int or None
        0 for training, 1 for validation, 2 for test; None where no such word is in the name.

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


class _Curve:
    """The artists of one series."""

    def __init__(self, panel: "LinePanel", name: str, color: int) -> None:
        self.name = name
        self.color = color
        self.first: int | None = None
        self.shown = 0  # how many points the series had
        self.grows = False  # what is added to the series continues the line
        self.in_past = False  # the view ends before the series does: what is added to it is out of sight
        ax = panel.ax
        self.line = Line2D([], [], animated=True, zorder=3, markersize=3.6, markeredgewidth=0, solid_joinstyle="round")
        ax.add_line(self.line)
        self.handle = Line2D([], [], linewidth=2.2, solid_capstyle="butt", clip_on=False)
        self.handle.set_transform(panel.header_transform)
        ax.add_artist(self.handle)
        self.label: Text = panel._text()
        self.value: Text = panel._text(animated=True)

    @property
    def key(self) -> str:
        """What the key calls it: the word that sets it apart if that is a part of a path, else the name."""
        parts = self.name.split("/")
        for part in (parts[-1], parts[0]):
            if len(parts) > 1 and part.lower() in _ROLES:
                return part
        return parts[-1]


class LinePanel(Panel):
    """The curves of one group of scalars."""

    kind = "line"
    inset = (33.0, 5.0)

    def __init__(self, figure: Figure, name: str, theme: Theme) -> None:
        self._curves: list[_Curve] = []
        self._log = False
        self._follows = True  # whether it did when it was drawn last
        self._x: tuple[float, float] | None = None  # steps and (transformed) values that the limits were made for
        self._y: tuple[float, float] | None = None
        super().__init__(figure, name, theme)
        self.names = ()
        self.add(name)

    def _build(self) -> None:
        ax = self.ax
        self.header_transform = self._header_transform()
        ax.spines[["top", "right"]].set_visible(False)
        ax.spines[["left", "bottom"]].set_linewidth(0.8)
        ax.set_axisbelow(True)
        # Where a knob was turned: a line from the bottom to the top, under the curves.
        self._turns = Line2D(
            [], [], linewidth=0.8, linestyle="--", dashes=(3.0, 3.0), marker="", zorder=2.5, animated=True
        )
        self._turns.set_transform(blended_transform_factory(ax.transData, ax.transAxes))
        ax.add_artist(self._turns)
        self._marks = Line2D([], [], linestyle="none", marker="x", markersize=4.0, markeredgewidth=1.1, zorder=4)
        self._marks.set(animated=True, clip_on=False)
        self._marks.set_transform(blended_transform_factory(ax.transData, ax.transAxes))
        ax.add_artist(self._marks)
        self._note = self._text(TITLE_Y, right=True)
        figure = ax.get_figure(root=True)
        assert figure is not None
        below_ticks = ax.transAxes + ScaledTranslation(0.0, -_STEP_Y / 72.0, figure.dpi_scale_trans)
        ax.xaxis.set_label_coords(1.0, 0.0, below_ticks)
        self._scale(False)

    @property
    def artists(self) -> Sequence[Artist]:
        """Marks of knobs, curves, marks of non-finite values, newest values."""
        return (self._turns, *(c.line for c in self._curves), self._marks, *(c.value for c in self._curves))

    def add(self, name: str) -> None:
        """Draw one more series in these axes; a full draw is needed."""
        role = group_of(name)[1] or 0
        taken = {curve.color for curve in self._curves}
        free = (role, *range(len(self.theme.series)))
        color = next((index for index in free if index not in taken), len(self._curves) % len(self.theme.series))
        with rc_context(RC):  # type: ignore[arg-type]
            self._curves.append(_Curve(self, name, color))
        self.names = (*self.names, name)
        self.name = name if len(self.names) == 1 else group_of(name)[0]
        self.apply_theme(self.theme)
        self._place_title()
        self._lay_out_key()

    def _show(self, frame: Frame) -> bool:
        for name in self.names:
            if name not in frame.series and name in frame.values:
                shape = frame.values[name].array.shape
                msg = f"A line needs a scalar, got shape {shape}. Log its mean, or log it as Histogram(value)."
                raise TensorError(msg)
        series = [(curve, frame.series[curve.name]) for curve in self._curves if curve.name in frame.series]
        follow = self._follows = self.following
        width = self.pixels[0]
        # A minimum and a maximum for each pixel, or for every second one in a wide panel, where that costs time.
        points = max(width, min(2 * width, 600))
        low = high = begin = end = None
        if not follow:
            # Half as much again on either side, for who drags it shall not uncover an empty edge.
            low, high = sorted(self.ax.get_xlim())
            begin, end = low - (high - low) / 2, high + (high - low) / 2
            points, width = 2 * points, 2 * width
        data = [(curve, *one.view(begin, end, points)) for curve, one in series]
        if self._log:
            data = [(curve, steps, np.where(values > 0.0, values, np.nan)) for curve, steps, values in data]
        if follow:
            for curve, steps, _ in data:
                if curve.first is None and len(steps):
                    curve.first = int(steps[0])
            self._grow([one for _, one in series], [values for _, _, values in data])
        for (curve, one), (_, steps, values) in zip(series, data, strict=True):
            self._draw_curve(curve, steps, values, width)
            curve.shown = len(one)
            curve.grows = bool(len(values)) and bool(np.isfinite(values[-1]))
            curve.in_past = not follow and one.last is not None and (not len(steps) or steps[-1] < one.last[0])
        self._mark_turns(frame.marks)
        marked = self._mark([one for _, one in series], low, high)
        for curve, one in series:
            newest = one.last
            if newest is not None:
                curve.value.set_text(compact(newest[1], 4))
                curve.value.set_color(self.theme.text if math.isfinite(newest[1]) else self.theme.warning)
        return self._say(marked, [one for _, one in series], [values for _, _, values in data])

    def append(self, growth: Growth) -> bool:
        """Put the points since the last frame on the list; False where limits must grow, or marks are needed."""
        if self._frame is None:
            return False
        for curve in self._curves:
            series = self._frame.series.get(curve.name)
            if series is None or curve.in_past or len(series) == curve.shown:
                continue
            new = series.since(curve.shown, _GROWTH) if curve.grows else None
            if new is None:
                return False
            steps, values = new
            lowest, highest = min(values), max(values)
            if self._log and lowest <= 0.0:
                return False
            if self._follows and not self._holds(steps[-1], lowest, highest):
                return False
            if not growth.add(curve.line, steps, values):
                return False
            curve.shown = len(series)
        return True

    def _holds(self, last: int, lowest: float, highest: float) -> bool:
        """Whether the limits hold a step and values."""
        if self._x is None or self._y is None:
            return False
        bottom, top = self._y
        if self._log:
            lowest, highest = math.log10(lowest), math.log10(highest)
        return last <= self._x[1] and bottom <= lowest and highest <= top

    def set_log(self, log: bool) -> None:
        """Log or linear scale, shown from the next update on.

        Limits that a person has set are kept; where a log scale cannot have those of the values, they fit the values of
        the steps in view.
        """
        if log == self._log:
            return
        frame, values, following = self._frame, self.ax.get_ylim(), self.following
        same_steps = self._set is not None and self._set[0] == self.ax.get_xlim()
        self._log = log
        self._frame = None  # nothing to show until the limits fit the scale, which the next update sees to
        self._scale(log)
        self._spread_ticks()
        self.apply_theme(self.theme)
        self._x = self._y = None
        if not following and (not log or min(values) > 0.0):
            self.ax.set_ylim(values)
        elif following or same_steps or frame is None:
            self.reset_view()
        elif (fit := self._grow_values(self._extent([], self._in_view(frame)))) is not None:
            self.ax.set_ylim(_powers(*fit))

    def reset_view(self) -> None:
        """Follow the data again from the next update on."""
        super().reset_view()
        self._x = self._y = None

    def place(self, cell: Cell) -> None:
        """Move into a cell and choose how many ticks it has room for."""
        super().place(cell)
        self.ax.set_xlabel("step" if cell.step_label else "", fontsize=TEXT_SIZE, loc="right")
        self._spread_ticks()
        self._lay_out_key()

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        super().apply_theme(theme)
        self._color_ticks()
        self.ax.grid(True, which="major", color=theme.grid, linewidth=0.8, linestyle="-", alpha=1.0)
        self.ax.spines[:].set_color(theme.spine)
        self.ax.xaxis.label.set_color(theme.muted)
        self._turns.set_color(theme.muted)
        self._turns.set_alpha(0.7)
        self._marks.set_color(theme.warning)
        self._note.set_color(theme.warning)
        for curve in self._curves:
            curve.line.set_color(theme.series[curve.color])
            curve.handle.set_color(theme.series[curve.color])
            curve.label.set_color(theme.muted)
            curve.value.set_color(theme.text)

    def _scale(self, log: bool) -> None:
        ax = self.ax
        with rc_context(RC):  # type: ignore[arg-type]
            ax.set_ylim(0.1, 1.0)  # valid on either scale
            ax.set_yscale("log" if log else "linear", **({"nonpositive": "mask"} if log else {}))
            ax.xaxis.set_major_formatter(StepFormatter())
            ax.yaxis.set_major_formatter(LogFormatter() if log else ValueFormatter())
            ax.yaxis.set_minor_locator(NullLocator())

    def _spread_ticks(self) -> None:
        width = self._cell.width - sum(self.inset)
        height = self._cell.height - self._cell.foot - HEADER
        columns = int(np.clip(round(width / 30.0), 3, 8))
        rows = int(np.clip(height / 15.0, 2, 6))
        self.ax.xaxis.set_major_locator(MaxNLocator(columns, integer=True, steps=[1, 2, 5, 10], min_n_ticks=2))
        self.ax.yaxis.set_major_locator(
            LogLocator(rows) if self._log else MaxNLocator(rows, steps=[1, 2, 2.5, 5, 10], min_n_ticks=2)
        )

    def _lay_out_key(self) -> None:
        """One series: its newest value. Several: their names, and their newest values where there is room."""
        curves = self._curves
        available = self._cell.width
        several = len(curves) > 1
        names = [curve.key if several else "" for curve in curves]
        fixed = len(curves) * (_HANDLE + _GAP + _BETWEEN) - _BETWEEN
        with_values = fixed + sum(text_width(name) + _GAP + _VALUE_WIDTH for name in names) <= available
        if several and fixed + sum(text_width(name) for name in names) > available:
            each = max((available - fixed) / len(curves), text_width("…"))
            names = [shorten(name, each, begin=True) for name in names]
        x = -self.inset[0]
        for curve, name in zip(curves, names, strict=True):
            curve.label.set_text(name)
            curve.value.set_visible(with_values or not several)
            curve.handle.set_data([], [])
            if several:
                middle = HEADER_Y + 0.36 * TEXT_SIZE
                curve.handle.set_data([x, x + _HANDLE], [middle, middle])
                x += _HANDLE + _GAP
                curve.label.set_x(x)
                x += text_width(name) + _GAP
            curve.value.set_x(x)
            x += (_VALUE_WIDTH if with_values else -_GAP) + _BETWEEN

    def _grow(self, series: Sequence[Series], data: Sequence[np.ndarray]) -> None:
        """Make the limits hold all data."""
        firsts = [curve.first for curve in self._curves if curve.first is not None]
        lasts = [one.last[0] for one in series if one.last is not None]
        x, y = self._x, self._y
        if firsts and lasts:
            first, last = float(min(firsts)), float(max(lasts))
            if x is None or x[0] != first or last > x[1]:
                x = (first, first + _nice_span(last - first))
        y = self._grow_values(self._extent(series, data))
        if self._set is not None and x == self._x and y == self._y:
            return
        self._x, self._y = x, y
        left, right = x or (0.0, _MIN_SPAN)
        margin = _MARGIN * (right - left)
        bottom, top = y or ((-1.0, 0.0) if self._log else (0.0, 1.0))
        if self._log:
            bottom, top = _powers(bottom, top)
        self._set_limits((left - margin, right + margin), (bottom, top))

    def _in_view(self, frame: Frame) -> list[np.ndarray]:
        """The values of each curve at the steps in view."""
        low, high = sorted(self.ax.get_xlim())
        data = [frame.series[name].view(low, high) for name in self.names if name in frame.series]
        return [values[(low <= steps) & (steps <= high)] for steps, values in data]

    def _extent(self, series: Sequence[Series], data: Sequence[np.ndarray]) -> tuple[float, float] | None:
        """Smallest and largest value that can be shown, as the scale counts them."""
        if self._log:
            positive = [values[values > 0.0] for values in data]
            positive = [values for values in positive if len(values)]
            if not positive:
                return None
            low = min(float(values.min()) for values in positive)
            high = max(float(values.max()) for values in positive)
            return max(math.log10(low), -300.0), min(math.log10(high), 300.0)
        extents = [extent for one in series if (extent := one.extent()) is not None]
        if not extents:
            return None
        low, high = min(low for low, _ in extents), max(high for _, high in extents)
        return max(low, -_HUGE), min(high, _HUGE)

    def _grow_values(self, extent: tuple[float, float] | None) -> tuple[float, float] | None:
        """Limits around `extent`: the present ones while they hold it and it fills a good part of them."""
        if extent is None:
            return None
        low, high = extent
        span = high - low
        bottom, top = self._y or extent
        if self._y is not None and bottom <= low and high <= top and span > 0.35 * (top - bottom):
            return self._y
        # Room to grow on the side on which the data have just left the limits.
        room = (0.05 if low >= bottom else 0.25, 0.05 if high <= top else 0.25)
        least = 0.02 if self._log else 1e-9 * max(abs(low), abs(high))
        if span <= least:
            around = 0.15 if self._log else 0.1 * max(abs(low), abs(high)) or 1.0
            span = 2.0 * around
            low, high = low - around, high + around
        new = (low - room[0] * span, high + room[1] * span)
        if not self._log and extent[0] >= 0.0 and new[0] < 0.0:
            new = (-0.03 * new[1], new[1])  # a loss does not fall below zero: show that
        return new

    def _draw_curve(self, curve: _Curve, steps: np.ndarray, values: np.ndarray, width: int) -> None:
        line = curve.line
        line.set_data(steps, values)
        finite = np.isfinite(values)
        count = int(np.count_nonzero(finite))
        line.set_linewidth(1.4 if count < width // 4 else 1.0)
        if count <= max(width // 12, 2):
            line.set(marker="o", markevery=None)
            return
        # A point between two gaps has no line: without a marker it could not be seen.
        left = np.concatenate(([False], finite[:-1]))
        right = np.concatenate((finite[1:], [False]))
        alone = np.flatnonzero(finite & ~left & ~right)
        line.set(marker="o" if len(alone) else "", markevery=alone.tolist() if len(alone) else None)

    def _mark_turns(self, steps: Sequence[int]) -> None:
        """Mark where a knob was turned; of marks without a gap between them only the first and the last."""
        low, high = self.ax.get_xlim()
        points = self._cell.width - sum(self.inset)
        x = np.asarray(steps, np.float64)
        if len(x):
            gap = _TURNS_APART * abs(high - low) / points
            apart = np.diff(x) > gap
            x = x[np.append(True, apart) | np.append(apart, True)]
            x = x[np.append(np.diff(x) > gap, True)]
        self._turns.set_data(np.repeat(x, 3), np.tile((0.0, 1.0, np.nan), len(x)))

    def _mark(self, series: Sequence[Series], low: float | None, high: float | None) -> bool:
        """Mark NaN and −Inf at the lower edge, Inf at the upper one; True when there is any."""
        found = [one.nonfinite(low, high, 200) for one in series]
        steps = np.concatenate([steps for steps, _ in found]) if found else np.empty(0)
        values = np.concatenate([values for _, values in found]) if found else np.empty(0)
        self._marks.set_data(steps, np.where(values > 0.0, 1.0, 0.0))
        return len(steps) > 0

    def _say(self, marked: bool, series: Sequence[Series], data: Sequence[np.ndarray]) -> bool:
        """Explain marks and what a log scale cannot show; True when the text changed."""
        parts = ["× NaN or Inf"] if marked else []
        if self._log:
            extents = [extent for one in series if (extent := one.extent()) is not None]
            if any(low <= 0.0 for low, _ in extents):
                parts.append("≤ 0 not shown" if any(high > 0.0 for _, high in extents) else "no value > 0")
        text = "  ".join(parts)
        if text == self._note.get_text():
            return False
        self._note.set_text(text)
        self._place_title(text_width(text) + _BETWEEN if text else 0.0)
        return True


def _powers(bottom: float, top: float) -> tuple[float, float]:
    """Limits of a log scale, from their exponents: those around the largest values would overflow."""
    return 10.0 ** max(bottom, -300.0), 10.0 ** min(top, 300.0)


def _nice_span(span: float) -> float:
    """The next round number of steps at or above `span`."""
    span = max(span, _MIN_SPAN)
    scale = 10.0 ** math.floor(math.log10(span))
    return next(factor for factor in (*_SPANS, 16.0) if factor * scale >= span * (1 - 1e-12)) * scale
