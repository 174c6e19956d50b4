"""Distributions: how often each value occurs in a tensor.

Invariant: bars and header speak of the same values, and what is not among them (non-finite, outside a given range, left
out of a very large tensor) is stated.

The bins of a panel stay while the data stay in their range, so that bars can be compared from frame to frame. The range
grows at once when a value falls outside, with room to spare, and shrinks only after the data have filled less than 40 %
of it for a while.
"""

import math
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import cast

import numpy as np
from matplotlib.artist import Artist
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.ticker import MaxNLocator

from tfwidget.errors import TensorError
from tfwidget.plot.panel import HEADER, Cell, Panel
from tfwidget.plot.theme import Theme
from tfwidget.plot.ticks import StepFormatter, ValueFormatter, compact
from tfwidget.record.history import Frame, Value
from tfwidget.record.values import Logged

__all__ = ["Histogram", "HistogramPanel"]

_BINS = 50
_SAMPLE = 2**20  # of a larger tensor only so many values are counted: 50 bars look the same, and it takes 10 ms
_PATIENCE = 4  # frames that fill little of the limits before these shrink
_LITTLE = 0.4
_HUGE, _TINY = 1e300, 1e-280  # where differences would overflow or lose their digits
_LARGEST_WHOLE = 2.0**51  # beyond, floats have no halves for the edges between whole numbers


class Histogram(Logged):
    """Log a tensor as the distribution of its values.

    Parameters
    ----------
    value : tensor
        Of any shape; or a callable that returns one.
    bins : int, default 50
        Number of bars, 1 to 1000. Integers that span fewer values get one bar each.
    range : (float, float), optional
        Values of the first bar's left edge and the last one's right edge. Default: chosen from the tensor.
    """

    def __init__(self, value: object, *, bins: int = _BINS, range: tuple[float, float] | None = None) -> None:  # noqa: A002
        if isinstance(bins, bool) or not isinstance(bins, Integral) or not 1 <= bins <= 1000:
            msg = f"Histogram(bins={bins!r}): a whole number from 1 to 1000 is needed."
            raise TensorError(msg)
        edges = range
        if range is not None:
            try:
                low, high = range
                valid = all(isinstance(edge, Real) and math.isfinite(edge) for edge in (low, high)) and low < high
            except (TypeError, ValueError):
                valid = False
            if not valid:
                msg = f"Histogram(range={range!r}): two finite numbers, the smaller one first, are needed."
                raise TensorError(msg)
            edges = (float(low), float(high))
        super().__init__(value, "histogram", {"bins": int(bins), "range": edges})


class HistogramPanel(Panel):
    """The distribution of one tensor."""

    kind = "histogram"
    inset = (33.0, 5.0)

    def __init__(self, figure: Figure, name: str, theme: Theme) -> None:
        self._drawn: Value | None = None
        self._edges: np.ndarray | None = None
        self._made_for: tuple[int, bool, object] | None = None  # bins, whole numbers, range: the edges' kind
        self._top = 0.0
        self._narrow = self._low = 0  # frames in a row that fill little of the width, of the height
        super().__init__(figure, name, theme)

    @classmethod
    def fits(cls, array: np.ndarray) -> bool:
        """Every tensor that is nothing else."""
        return True

    def _build(self) -> None:
        ax = self.ax
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.spines["bottom"].set_linewidth(0.8)
        ax.set_axisbelow(True)
        ax.xaxis.set_major_formatter(ValueFormatter())
        ax.yaxis.set_major_formatter(StepFormatter())
        self._bars = StepPatch([0.0], [0.0, 1.0], fill=True, animated=True, zorder=2, linewidth=0.9)
        ax.add_patch(self._bars)
        self._header = self._text(animated=True)
        self._empty = ax.text(0.5, 0.5, "", transform=ax.transAxes, ha="center", fontsize=9.0)
        self._empty.set_animated(True)

    @property
    def artists(self) -> Sequence[Artist]:
        """Bars and header."""
        return (self._bars, self._header, self._empty)

    def _show(self, frame: Frame) -> bool:
        value = frame.values.get(self.name)
        if value is None or value is self._drawn:
            return False
        flat = value.array.reshape(-1)
        stride = max(1, -(-flat.size // _SAMPLE))
        while stride > 1 and math.gcd(stride, flat.size) > 1:
            stride += 1  # a stride that divides the rows' length would look at a few columns only
        flat = flat[::stride]
        whole = flat.dtype.kind in "biu"
        values = flat.astype(np.float64) if whole else flat
        finite = np.isfinite(values)
        bad = values[~finite]
        values = values if not len(bad) else values[finite]
        outside = 0
        if len(values):
            low, high = float(values.min()), float(values.max())
            whole = whole and max(-low, high) < _LARGEST_WHOLE
            outside = self._count(values, low, high, whole, value.options)
        else:
            self._bars.set_data([0.0], [0.0, 1.0])
        self._empty.set_text("" if len(values) else "empty" if not value.array.size else "nothing finite")
        parts = [f"step {value.step:,}"]
        if len(values):
            parts.append(compact(low) if low == high else f"{compact(low)} … {compact(high)}")
        parts += _not_finite(bad, stride > 1)
        parts.append(f"n {value.array.size:,}")
        if outside:
            parts.append(f"{outside:,}{'+' if stride > 1 else ''} outside")
        if stride > 1:
            parts.append(f"1 of {stride} counted")
        self._header.set_text(self._fit(parts, self._cell.width))
        self._header.set_color(self.theme.warning if len(bad) else self.theme.muted)
        self._drawn = value
        return False

    def reset_view(self) -> None:
        """Follow the data again from the next update on."""
        super().reset_view()
        self._drawn = None

    def place(self, cell: Cell) -> None:
        """Move into a cell and choose how many ticks it has room for."""
        super().place(cell)
        width = cell.width - sum(self.inset)
        height = cell.height - cell.foot - HEADER
        columns, rows = int(np.clip(round(width / 32.0), 3, 7)), int(np.clip(height / 26.0, 1, 4))
        self.ax.xaxis.set_major_locator(MaxNLocator(columns, steps=[1, 2, 2.5, 5, 10], min_n_ticks=2))
        self.ax.yaxis.set_major_locator(MaxNLocator(rows, integer=True, steps=[1, 2, 5, 10]))
        self._drawn = None

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        super().apply_theme(theme)
        self._color_ticks()
        self.ax.grid(True, axis="y", which="major", color=theme.grid, linewidth=0.8, linestyle="-", alpha=1.0)
        self.ax.grid(False, axis="x")
        self.ax.spines[:].set_color(theme.spine)
        color = theme.series[0]
        # Mixed rather than transparent: the grid must not show through.
        mixed = 0.55 * np.array(to_rgb(theme.face)) + 0.45 * np.array(to_rgb(color))
        self._bars.set(facecolor=tuple(mixed), edgecolor=color)
        self._header.set_color(theme.muted)
        self._empty.set_color(theme.muted)
        self._drawn = None

    def _count(self, values: np.ndarray, low: float, high: float, whole: bool, options: Mapping[str, object]) -> int:
        """Set the bars; return how many values are outside of the range."""
        bins = cast("int", options.get("bins", _BINS))
        given = cast("tuple[float, float] | None", options.get("range"))
        follow = self.following
        made_for = (bins, whole, given)
        first, last = max(low, -_HUGE), min(high, _HUGE)
        edges = self._edges
        if made_for != self._made_for:
            edges = None
        if given is not None:
            edges = np.linspace(*given, bins + 1) if edges is None else edges
        elif edges is None:
            edges = _edges(first, last, whole, bins, (0.05, 0.05))
        elif first < edges[0] or last > edges[-1]:
            room = (0.25 if first < edges[0] else 0.05, 0.25 if last > edges[-1] else 0.05)
            edges = _edges(first, last, whole, bins, room)
        else:
            self._narrow = self._narrow + 1 if high - low < _LITTLE * (edges[-1] - edges[0]) else 0
            if self._narrow >= _PATIENCE:
                edges = _edges(first, last, whole, bins, (0.05, 0.05))
        moved = self._edges is None or not np.array_equal(edges, self._edges)
        if moved:
            self._narrow = 0
        self._edges, self._made_for = edges, made_for
        count = len(edges) - 1
        inside = values
        if low < edges[0] or high > edges[-1]:
            inside = values[(values >= edges[0]) & (values <= edges[-1])]
        places = (inside - edges[0]) * (count / (edges[-1] - edges[0]))
        heights = np.bincount(np.minimum(places.astype(np.intp), count - 1), minlength=count)
        self._bars.set_data(heights, edges)
        tallest = float(heights.max())
        self._low = self._low + 1 if tallest < _LITTLE * self._top else 0
        if moved or self._low >= _PATIENCE or self._top == 0.0:
            top, self._low = 1.15 * tallest, 0
        else:
            top = 1.25 * tallest if tallest > self._top else self._top
        changed = moved or top != self._top or self._set is None
        self._top = top
        if changed and follow:
            self._set_limits((float(edges[0]), float(edges[-1])), (0.0, top or 1.0))
        return len(values) - len(inside)


def _edges(low: float, high: float, whole: bool, bins: int, room: tuple[float, float]) -> np.ndarray:
    """Edges of at most `bins` bins of equal width from `low` to `high`, and `room` (parts of the span) beyond."""
    if whole:
        span = high - low + 1.0
        if span > bins:
            low, high = math.floor(low - room[0] * span), math.ceil(high + room[1] * span)
            span = high - low + 1.0
        width = float(math.ceil(span / bins))  # whole, else bars would hold now more, now fewer whole numbers
        count = math.ceil(span / width)
        return low - 0.5 + width * np.arange(count + 1)
    span = high - low
    largest = max(abs(low), abs(high))
    if span <= max(1e-9 * largest, _TINY):
        around = 0.1 * largest if largest > 10 * _TINY else 0.5
        return np.linspace(low - around, high + around, bins + 1)
    return np.linspace(low - room[0] * span, high + room[1] * span, bins + 1)


def _not_finite(bad: np.ndarray, sampled: bool) -> list[str]:
    counts = {
        "NaN": np.count_nonzero(np.isnan(bad)),
        "Inf": np.count_nonzero(bad == np.inf),
        "−Inf": np.count_nonzero(bad == -np.inf),
    }
    return [f"{count:,}{'+' if sampled else ''} {name}" for name, count in counts.items() if count]
