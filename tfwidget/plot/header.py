"""The texts above a panel: title, header line and note. And the notice in the place of a panel that failed.

Invariant: texts are cut to the cell's width. They belong to the figure, so they stay if a kind clears its axes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, CompositeAffine2D, Transform

from tfwidget.plot.layout import HEADER, Cell
from tfwidget.plot.text import fitting, shorten, text_width, wrapped
from tfwidget.plot.theme import TEXT_SIZE, TITLE_SIZE, Theme, recolor
from tfwidget.plot.ticks import compact
from tfwidget.record.series import Series
from tfwidget.record.values import Array, Value

__all__ = ["HEADER_Y", "Header", "Notice", "facts_of", "facts_of_series"]

TITLE_Y, HEADER_Y = 18.5, 7.5  # baselines, points above the axes
_BETWEEN = 10.0  # points between title and note
_LEADING = 1.35 * 1.2 * TEXT_SIZE  # points from line to line


class Header:
    """The texts above one panel.

    Parameters
    ----------
    figure : Figure
        The figure that the texts belong to.
    theme : Theme
        Their colours.

    Attributes
    ----------
    corner : Transform
        From points to pixels. The origin is at the cell's left edge and the axes' upper edge.
    """

    def __init__(self, figure: Figure, theme: Theme) -> None:
        self.theme = theme
        self.cell = Cell(0.0, 0.0, 100.0, 100.0, 0.0, False)
        self._name = ""
        self._said: tuple[object, ...] = ()
        self._figure = figure
        self._origin = Affine2D()
        dots = CompositeAffine2D(Affine2D().scale(1.0 / 72.0), figure.dpi_scale_trans)
        # Unlike a sum of transforms, it keeps its matrix.
        self.corner: Transform = CompositeAffine2D(self._origin, dots)
        self._title = self._text(TITLE_Y, theme.text, fontsize=TITLE_SIZE, fontweight="bold")
        self._line = self._text(HEADER_Y, theme.muted)
        self._note = self._text(TITLE_Y, theme.warning, ha="right")
        self._texts = [self._title, self._line, self._note]

    def _text(self, y: float, color: str, **style: Any) -> Text:
        plain: dict[str, Any] = {"fontsize": TEXT_SIZE, "va": "baseline", "parse_math": False, "usetex": False}
        return self._figure.text(0.0, y, "", transform=self.corner, color=color, **plain | style)

    @property
    def texts(self) -> list[str]:
        """Title, header line and note, as they are shown."""
        return [text.get_text() for text in self._texts]

    def title(self, name: str) -> None:
        """Set the title. A long name is cut at its beginning."""
        self._name = name
        note = self._note.get_text()
        reserved = text_width(note) + _BETWEEN if note else 0.0
        self._title.set_text(shorten(name, self.cell.width - reserved, TITLE_SIZE, bold=True))

    def say(self, parts: Sequence[str], *, warning: bool = False) -> None:
        """Set the header line to as many of the parts as fit; `warning`: in the colour of warnings."""
        said = (*parts, warning)
        if said == self._said:
            return
        self._said = said
        self._line.set_text(fitting(parts, self.cell.width))
        color = self.theme.warning if warning else self.theme.muted
        if self._line.get_color() != color:
            self._line.set_color(color)

    def note(self, text: str) -> None:
        """Show a note right of the title, in the colour of warnings; "" shows none."""
        if text != self._note.get_text():
            self._note.set_text(text)
            self.title(self._name)

    def place(self, cell: Cell) -> None:
        """Move into a cell."""
        self.cell, self._said = cell, ()
        self._origin.clear().translate(cell.left, cell.top)
        self._note.set_x(cell.width)
        self.title(self._name)
        for text in self._texts:
            text.stale = True  # a changed transform does not make its artists stale

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        for text in self._texts:
            recolor(text, self.theme, theme)
        self.theme, self._said = theme, ()

    def set_visible(self, visible: bool) -> None:
        """Show or hide the texts."""
        for text in self._texts:
            text.set_visible(visible)

    def remove(self) -> None:
        """Remove the texts from the figure."""
        for text in self._texts:
            text.remove()


def facts_of(value: Value, sampled: Array, stride: int) -> tuple[list[str], bool]:
    """Return the header of a tensor (step, range, number of values), and whether any of `sampled` is not finite."""
    finite = sampled[np.isfinite(sampled)]
    parts = [f"step {value.step:,}"]
    if len(finite):
        low, high = float(finite.min()), float(finite.max())
        parts.append(compact(low) if low == high else f"{compact(low)} … {compact(high)}")
    bad = len(sampled) - len(finite)
    if bad:
        parts.append(f"{bad:,}{'+' if stride > 1 else ''} NaN or Inf")
    return [*parts, f"n {value.array.size:,}"], bad > 0


def facts_of_series(series: Mapping[str, Series]) -> tuple[list[str], bool]:
    """Return the header of series (their newest step), and False."""
    lasts = [one.last for one in series.values() if one.last is not None]
    return [f"step {max(last[0] for last in lasts):,}"] if lasts else [], False


class Notice(Header):
    """A message in the place of a panel that cannot be drawn.

    Attributes
    ----------
    name : str
        The logged name.
    message : str
        The error.
    """

    def __init__(self, figure: Figure, theme: Theme) -> None:
        super().__init__(figure, theme)
        self.name = self.message = ""

    def show(self, name: str, message: str) -> None:
        """Show the error of `name`, broken into lines; what does not fit into the cell is cut off."""
        self.name, self.message = name, message
        self.title(name)
        room = max(int((self.cell.height - HEADER + HEADER_Y + TEXT_SIZE) / _LEADING), 1)
        lines = wrapped(message, self.cell.width, room)
        while len(self._texts) - 2 < len(lines):  # all texts but the title and the note
            self._texts.append(self._text(HEADER_Y - (len(self._texts) - 2) * _LEADING, self.theme.warning))
        for text, line in zip(
            [self._line, *self._texts[3:]], [*lines, *[""] * (len(self._texts) - 2 - len(lines))], strict=True
        ):
            text.set_text(line)
            text.set_color(self.theme.warning)

    def place(self, cell: Cell) -> None:
        """Move into a cell, and break the lines for its width."""
        super().place(cell)
        self.show(self.name, self.message)
