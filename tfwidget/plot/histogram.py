"""Distributions: how often each value occurs in a tensor.

Invariant: bars and header describe the same values. The header says what was not counted: values that are not finite,
values outside of a given range, and parts of a very large tensor.

The bins stay the same while the data stay within their range, so bars can be compared from frame to frame. When a value
falls outside, the range grows at once, and a little more than needed. It shrinks only when the data have filled less
than 40 % of it for a while.
"""

import math
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator

from tfwidget.errors import TensorError
from tfwidget.plot.limits import Limits
from tfwidget.plot.panel import Panel
from tfwidget.plot.theme import Theme
from tfwidget.plot.ticks import StepFormatter, compact
from tfwidget.plot.view import Range
from tfwidget.record.values import Array, Value

__all__ = ["Histogram"]

_BINS = 50
_HUGE = 1e300  # differences of larger numbers overflow
_LARGEST_WHOLE = 2.0**51  # between larger integers, floats have no halves for the edges of bins


class Histogram(Panel):
    """Log a tensor as the distribution of its values.

    Parameters
    ----------
    value : tensor
        A tensor of any shape, or a callable that returns one.
    bins : int, default 50
        The number of bars, 1 to 1000. Integers that span fewer values get one bar each.
    range : (float, float), optional
        The left edge of the first bar, and the right edge of the last one. Default: chosen from the tensor.

    Raises
    ------
    TensorError
        If an option has a wrong value.
    """

    priority: ClassVar[float] = -2.0

    @classmethod
    def check(cls, value: Any, *, bins: int = _BINS, range: Range | None = None) -> None:  # noqa: A002
        """Raise `TensorError` for options that no histogram can have."""
        if isinstance(bins, bool) or not isinstance(bins, Integral) or not 1 <= bins <= 1000:
            msg = f"Histogram(bins={bins!r}): a whole number from 1 to 1000 is needed."
            raise TensorError(msg)
        if range is not None:
            try:
                low, high = range
                valid = all(isinstance(edge, Real) and math.isfinite(edge) for edge in (low, high)) and low < high
            except (TypeError, ValueError):
                valid = False
            if not valid:
                msg = f"Histogram(range={range!r}): two finite numbers, the smaller one first, are needed."
                raise TensorError(msg)

    @classmethod
    def fits(cls, array: Array) -> bool:
        """Every tensor fits. Other kinds come first, for they have a higher priority."""
        return True

    def build(self, ax: Axes, bins: int = _BINS, range: Range | None = None) -> None:  # noqa: A002
        """Make the bars, and a text that is shown if there are none."""
        self.configure(bins, range)
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.yaxis.set_major_formatter(StepFormatter())
        ax.grid(True, axis="y", which="major")
        self.heights, self.edges = np.zeros(0), np.zeros(1)
        # Not a `StepPatch`: setting its heights takes ten times as long.
        self.bars = PathPatch(Path(np.zeros((1, 2))), zorder=2, linewidth=0.9)
        ax.add_patch(self.bars)
        self.empty = ax.text(0.5, 0.5, "", transform=ax.transAxes, ha="center", fontsize=9.0, color=self.theme.muted)
        self._color_bars(self.theme)

    def configure(self, bins: int = _BINS, range: Range | None = None) -> bool:  # noqa: A002
        """Take other options."""
        self._bins = int(bins)
        self._range = None if range is None else (float(range[0]), float(range[1]))
        self._span, self._tallest = Limits(), Limits()
        self._made: tuple[object, np.ndarray] | None = None  # what the edges were made for, and the edges
        return True

    def show(self, value: Value) -> None:
        """Count the values of a tensor, and draw the bars."""
        flat, stride = self.sample(value.array)
        whole = flat.dtype.kind in "biu"
        values = flat.astype(np.float64) if whole else flat
        finite = np.isfinite(values)
        bad = values[~finite]
        values = values if not len(bad) else values[finite]
        outside = 0
        parts = [f"step {value.step:,}"]
        if len(values):
            low, high = float(values.min()), float(values.max())
            outside = self._count(values, low, high, whole and max(-low, high) < _LARGEST_WHOLE)
            parts.append(compact(low) if low == high else f"{compact(low)} … {compact(high)}")
        else:
            self._draw(np.zeros(0), np.zeros(1))
        self.empty.set_text("" if len(values) else "empty" if not value.array.size else "nothing finite")
        parts += [*_not_finite(bad, stride > 1), f"n {value.array.size:,}"]
        if outside:
            parts.append(f"{outside:,}{'+' if stride > 1 else ''} outside")
        if stride > 1:
            parts.append(f"1 of {stride} counted")
        self.header(parts, warning=len(bad) > 0)

    def placed(self) -> None:
        """Choose the number of ticks for the size of the axes."""
        width, height = self.room
        columns, rows = int(np.clip(round(width / 32.0), 3, 7)), int(np.clip(height / 26.0, 1, 4))
        self.ax.xaxis.set_major_locator(MaxNLocator(columns, steps=[1, 2, 2.5, 5, 10], min_n_ticks=2))
        self.ax.yaxis.set_major_locator(MaxNLocator(rows, integer=True, steps=[1, 2, 5, 10]))

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        super().apply_theme(theme)
        self._color_bars(theme)

    def _color_bars(self, theme: Theme) -> None:
        color = theme.series[0]
        # Mixed with the background, not transparent, so that the grid does not show through.
        mixed = 0.55 * np.array(to_rgb(theme.face)) + 0.45 * np.array(to_rgb(color))
        self.bars.set(facecolor=tuple(mixed), edgecolor=color)

    def _count(self, values: np.ndarray, low: float, high: float, whole: bool) -> int:
        """Count the values and draw the bars; return how many values are outside of the range."""
        edges = self._edges_for(max(low, -_HUGE), min(high, _HUGE), whole)
        count = len(edges) - 1
        inside = values
        if low < edges[0] or high > edges[-1]:
            inside = values[(values >= edges[0]) & (values <= edges[-1])]
        places = (inside - edges[0]) * (count / (edges[-1] - edges[0]))
        heights = np.bincount(np.minimum(places.astype(np.intp), count - 1), minlength=count)
        self._draw(heights, edges)
        tallest = float(heights.max())
        top = self._tallest.hold(0.0, tallest, margin=0.15)[1] if tallest else 1.0
        self.limits((float(edges[0]), float(edges[-1])), (0.0, top), exact=True)
        return len(values) - len(inside)

    def _draw(self, heights: Array, edges: Array) -> None:
        """Draw the outline of the bars."""
        self.heights, self.edges = heights, edges
        outline = np.zeros((2 * len(edges), 2))
        outline[:, 0] = np.repeat(edges, 2)
        outline[1:-1, 1] = np.repeat(heights, 2)
        self.bars.set_path(Path(outline))
        self.bars.stale = True  # `set_path` does not make a patch stale

    def _edges_for(self, low: float, high: float, whole: bool) -> np.ndarray:
        """Return the edges of the bars. They are the same array as before while the data stay within them."""
        bins = self._bins
        if self._range is not None:
            first, last = self._range
        elif whole:
            few = high - low < bins
            first, last = self._span.hold(low - 0.5, high + 0.5, margin=0.0 if few else 0.05, room=0.0 if few else 0.25)
        else:
            first, last = self._span.hold(low, high, margin=0.05)
        wanted = (first, last, whole)
        if self._made is None or self._made[0] != wanted:
            edges: Array = np.linspace(first, last, bins + 1)
            if whole and self._range is None:
                start = math.floor(first + 0.5) - 0.5
                # A whole width, so that all bars have the same number of integers.
                width = float(math.ceil((last - start) / bins))
                edges = start + width * np.arange(math.ceil((last - start) / width) + 1)
            self._made = wanted, edges
        return self._made[1]


def _not_finite(bad: np.ndarray, sampled: bool) -> list[str]:
    counts = {
        "NaN": np.count_nonzero(np.isnan(bad)),
        "Inf": np.count_nonzero(bad == np.inf),
        "−Inf": np.count_nonzero(bad == -np.inf),
    }
    return [f"{count:,}{'+' if sampled else ''} {name}" for name, count in counts.items() if count]
