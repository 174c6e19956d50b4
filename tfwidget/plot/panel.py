"""What every panel is: an axes with a header, drawn in a base layer and a moving layer.

Invariant: what changes from frame to frame is in `Panel.artists`, all ``animated=True``, so that a full draw leaves it
out and the canvas can paint it over a saved background; `Panel.update` returns True exactly when anything else changed.
(`Axes.draw` includes animated artists while a figure is saved, so files show everything.)

::

    title, bold                          the logged name                      base
    header                               newest value, step, range, count     moving
    axes                                 curve, picture or bars               moving; ticks, grid, limits: base
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, ScaledTranslation, Transform

from tfwidget.plot.stream import DisplayList, Growth
from tfwidget.plot.text import shorten, text_width
from tfwidget.plot.theme import RC, TEXT_SIZE, TITLE_SIZE, Theme
from tfwidget.record.history import Frame

__all__ = ["Cell", "Notice", "Panel"]

HEADER = 29.0  # points above the axes: title and header line
TITLE_Y, HEADER_Y = 18.5, 7.5  # baselines, points above the axes


@dataclass(frozen=True, slots=True)
class Cell:
    """The place of one panel, in points from the figure's bottom left corner.

    Attributes
    ----------
    left, bottom, width, height : float
        The axes with its ticks and header.
    foot : float
        How much of the height is for tick labels under the axes.
    step_label : bool
        Whether the axis of steps is named: only the lowest row of curves says it.
    """

    left: float
    bottom: float
    width: float
    height: float
    foot: float
    step_label: bool


class Panel(ABC):
    """One axes that shows one or more logged names.

    Parameters
    ----------
    figure : Figure
        Where the axes is added.
    name : str
        The logged name; the title.
    theme : Theme
        Colours to begin with.
    """

    kind: ClassVar[str]
    inset: ClassVar[tuple[float, float]] = (0.0, 0.0)  # points left and right of the axes within its cell

    def __init__(self, figure: Figure, name: str, theme: Theme) -> None:
        self.name = name
        self.names: tuple[str, ...] = (name,)
        self.theme = theme
        self._cell = Cell(0.0, 0.0, 100.0, 100.0, 0.0, False)
        self._frame: Frame | None = None
        self._updating = False
        self._set: tuple[tuple[float, float], tuple[float, float]] | None = None  # the limits as last set here
        with rc_context(RC):  # type: ignore[arg-type]
            self.ax: Axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), label=f"tfwidget {name}")
            self.ax.set_autoscale_on(False)
            for axis in (self.ax.xaxis, self.ax.yaxis):
                # Fixed, though there may be no label: else each draw measures all tick labels to find a place for it.
                axis.set_label_coords(0.0, 0.0)
            self._title = self._text(TITLE_Y, TITLE_SIZE, weight="bold")
            self._build()
            self.ax.callbacks.connect("xlim_changed", self._view_changed)
            self.ax.callbacks.connect("ylim_changed", self._view_changed)
        self.apply_theme(theme)

    @classmethod
    def fits(cls, array: np.ndarray) -> bool:
        """Whether this kind is what a tensor of this shape is shown as when nobody said which."""
        return False

    @abstractmethod
    def _build(self) -> None:
        """Make the artists."""

    @property
    @abstractmethod
    def artists(self) -> Sequence[Artist]:
        """The moving artists, in drawing order."""

    @property
    def scales(self) -> Sequence[Axis]:
        """The axes' scales where they move, too, in drawing order: before the artists."""
        return (self.ax.xaxis, self.ax.yaxis) if self.ax.xaxis.get_animated() else ()

    def move_scales(self, move: bool) -> None:
        """Whether new limits are the moving layer's business; after a change a full draw is needed."""
        for axis in (self.ax.xaxis, self.ax.yaxis):
            axis.set_animated(move and self.ax.axison)

    def update(self, frame: Frame) -> bool:
        """Show a frame; True when the base layer changed and a full draw is needed."""
        self._updating, before = True, self._set
        try:
            base = self._show(frame)
        finally:
            self._updating = False
        self._frame = frame
        return base or (self._set != before and not self.scales)

    @abstractmethod
    def _show(self, frame: Frame) -> bool:
        """Bring the artists up to date; True when the base layer changed, but for the limits."""

    def stream(self, display: DisplayList) -> None:
        """Put the moving artists on the list that the browser paints from, as they are now."""
        display.open_panel(self.ax)
        for artist in (*self.scales, *self.artists):
            display.add(artist)

    def append(self, growth: Growth) -> bool:
        """Put what the artists have grown by on the list; False where more than that has changed.

        A kind that shows tensors has nothing to tell: these come with whole frames only.
        """
        return True

    def _view_changed(self, ax: Axes) -> None:
        # A person pans or zooms: the data of the new view are fetched at once, no frame may be due for long.
        if self._frame is not None and not self._updating and self.ax.get_visible():
            self.update(self._frame)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour everything; a full draw is needed."""
        self.theme = theme
        self.ax.set_facecolor(theme.face)
        self._title.set_color(theme.text)

    def place(self, cell: Cell) -> None:
        """Move the axes into its cell; a full draw is needed."""
        self._cell = cell
        figure = self.ax.get_figure(root=True)
        assert figure is not None
        width, height = figure.get_size_inches() * 72.0
        left, right = self.inset
        axes_width = max(cell.width - left - right, 4.0)
        axes_height = max(cell.height - HEADER - cell.foot, 4.0)
        self.ax.set_position(
            ((cell.left + left) / width, (cell.bottom + cell.foot) / height, axes_width / width, axes_height / height)
        )
        self._place_title()

    def set_log(self, log: bool) -> None:
        """Switch the scale of the values; kinds without one do nothing."""
        return

    def reset_view(self) -> None:
        """Follow the data again from the next update on, after a person has panned or zoomed."""
        self._set = None

    def remove(self) -> None:
        """Take the axes out of its figure."""
        self.ax.remove()

    @property
    def following(self) -> bool:
        """Whether the limits are as they were last set here, so that no person has panned or zoomed."""
        return self._set is None or self._set == (self.ax.get_xlim(), self.ax.get_ylim())

    def _set_limits(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.ax.set_xlim(x)
        self.ax.set_ylim(y)
        # Read back: Matplotlib widens limits that are too close together for it.
        self._set = (self.ax.get_xlim(), self.ax.get_ylim())

    def _color_ticks(self) -> None:
        """Labels without tick marks; said in full, for a person's rcParams may say otherwise."""
        for axis, near, far, pad in ((self.ax.xaxis, "bottom", "top", 4.5), (self.ax.yaxis, "left", "right", 3.0)):
            axis.set_tick_params(
                which="both", length=0, pad=pad, labelsize=TEXT_SIZE, labelcolor=self.theme.muted, direction="out",
                **{near: False, far: False, f"label{near}": True, f"label{far}": False},
            )  # fmt: skip
            axis.get_offset_text().set(color=self.theme.muted, fontsize=TEXT_SIZE, va="top")

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of the axes in device pixels."""
        return max(int(self.ax.bbox.width), 1), max(int(self.ax.bbox.height), 1)

    def _place_title(self, reserved: float = 0.0) -> None:
        self._title.set_text(shorten(self.name, self._cell.width - reserved, TITLE_SIZE, bold=True))

    def _header_transform(self, align: float = 0.0) -> Transform:
        """Coordinates in points from the axes' upper left (0) or upper right (1) corner."""
        figure = self.ax.get_figure(root=True)
        assert figure is not None
        return (
            Affine2D().scale(1.0 / 72.0) + figure.dpi_scale_trans + ScaledTranslation(align, 1.0, self.ax.transAxes)  # type: ignore[arg-type]
        )

    def _text(
        self,
        y: float = HEADER_Y,
        size: float = TEXT_SIZE,
        *,
        x: float = 0.0,
        right: bool = False,
        weight: str = "normal",
        animated: bool = False,
    ) -> Text:
        """A line of the header; `x` in points from the cell's left edge, or to the left of its right one."""
        text = Text(
            self.inset[1] - x if right else x - self.inset[0],
            y,
            "",
            transform=self._header_transform(1.0 if right else 0.0),
            fontsize=size,
            fontweight=weight,
            ha="right" if right else "left",
            va="baseline",
            animated=animated,
            clip_on=False,
            parse_math=False,
        )
        self.ax.add_artist(text)
        return text

    @staticmethod
    def _fit(parts: Sequence[str], width: float) -> str:
        """As many of the leading `parts` as fit into `width` points; the second rather than the first if only one."""
        for count in range(len(parts), 1, -1):
            text = " · ".join(parts[:count])
            if text_width(text) <= width:
                return text
        return next((part for part in reversed(parts[:2]) if text_width(part) <= width), parts[0])


class Notice(Panel):
    """A message in the place of a panel that cannot be drawn."""

    kind = "notice"

    def _build(self) -> None:
        self.ax.set_axis_off()
        self._message = self.ax.text(
            0.0, HEADER_Y + TEXT_SIZE, "", transform=self._header_transform(), fontsize=TEXT_SIZE, va="top",
            linespacing=1.35, parse_math=False,
        )  # fmt: skip

    @property
    def artists(self) -> Sequence[Artist]:
        """None: a notice does not move."""
        return ()

    def show(self, name: str, message: str) -> bool:
        """Say what is wrong with `name`, broken into lines that fit; True when the text changed."""
        before = (self.name, self._message.get_text())
        self.name = name
        self._place_title()
        width, height = self._cell.width, self._cell.height - HEADER + HEADER_Y + TEXT_SIZE
        lines = [""]
        for word in message.split():
            for piece in _pieces(word, width):
                longer = f"{lines[-1]} {piece}".strip()
                if text_width(longer) <= width:
                    lines[-1] = longer
                else:
                    lines.append(piece)
        room = max(int(height / (1.35 * TEXT_SIZE * 1.2)), 1)
        if len(lines) > room:
            lines = [*lines[: room - 1], lines[room - 1][:-1] + "…"]
        self._message.set_text("\n".join(lines))
        return before != (self.name, self._message.get_text())

    def _show(self, frame: Frame) -> bool:
        return False

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        super().apply_theme(theme)
        self._message.set_color(theme.warning)


def _pieces(word: str, width: float) -> list[str]:
    """A word that is wider than the panel, cut into pieces that are not."""
    if text_width(word) <= width:
        return [word]
    length = max(int(len(word) * width / text_width(word)) - 1, 1)
    return [word[start : start + length] for start in range(0, len(word), length)]
