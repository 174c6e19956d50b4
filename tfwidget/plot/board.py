"""The board: all panels of one figure, their layout, and what they have in common.

Invariant: the figure shows the newest frame. Names have panels in the order of their first appearance, as long as there
is room, and this order never changes.
"""

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfwidget.artists.figure import FigureScene
from tfwidget.plot.header import Notice
from tfwidget.plot.kind import kind_for
from tfwidget.plot.layout import EDGE, cells
from tfwidget.plot.panel import Panel
from tfwidget.plot.slot import SCALAR, Slot
from tfwidget.plot.theme import DARK, LIGHT, TEXT_SIZE, Theme, settings
from tfwidget.plot.view import Range
from tfwidget.record.values import Frame

__all__ = ["Board"]


class Board:
    """Draws frames of a run into a figure, one panel per tensor or group of scalars.

    Parameters
    ----------
    figure : Figure
        An empty figure. The board owns all that is in it.
    max_panels : int, default 12
        The largest number of panels. A note says how many more names are recorded.

    Attributes
    ----------
    figure : Figure
        The figure.
    scene : FigureScene
        Describes the figure for pages.
    theme : Theme
        The colours, light or dark.
    """

    def __init__(self, figure: Figure, *, max_panels: int = 12) -> None:
        if isinstance(max_panels, bool) or not isinstance(max_panels, int) or max_panels < 1:
            msg = f"Board(max_panels={max_panels!r}): a whole number of at least 1 is needed."
            raise ValueError(msg)
        self.figure = figure
        self.scene = FigureScene(figure)
        self.patch = self.scene.patch
        self.theme: Theme = LIGHT
        self._max_panels = max_panels
        self._slots: list[Slot] = []
        self._places: dict[str, Slot] = {}  # by name
        self._groups: dict[tuple[object, str], Slot] = {}  # by kind and group
        self._hidden: dict[str, None] = {}  # an ordered set
        self._log = False
        self._frame: Frame | None = None
        self._laid_out: list[object] = []
        with rc_context(settings(self.theme)):
            self._note = figure.text(0.0, 0.0, "", fontsize=TEXT_SIZE, ha="right", va="bottom", parse_math=False)
        figure.canvas.mpl_connect("resize_event", self._resized)
        self._recolor()

    @property
    def panels(self) -> list[Panel | Notice]:
        """What is shown, row by row: panels, and notices in the places of panels that failed."""
        return [panel for slot in self._slots if (panel := slot.shown) is not None]

    @property
    def names(self) -> list[str]:
        """The logged names that are shown, panel by panel."""
        return [name for slot in self._slots for name in slot.names]

    @property
    def hidden(self) -> list[str]:
        """The logged names that are recorded but not shown, because there are `max_panels` panels already."""
        return list(self._hidden)

    def update(self, frame: Frame) -> None:
        """Show a frame. A new name gets a panel."""
        self._frame = frame
        self._admit(frame)
        for slot in self._slots:
            slot.prepare(frame)
        self._lay_out()
        for slot in self._slots:
            slot.update(frame)

    def refresh(self) -> None:
        """Show the last frame again, in panels that have changed since."""
        if self._frame is not None:
            self.update(self._frame)

    @property
    def log_scale(self) -> bool:
        """Whether curves have a logarithmic scale."""
        return self._log

    @log_scale.setter
    def log_scale(self, log: bool) -> None:
        self._log = bool(log)
        for slot in self._slots:
            slot.set_log(self._log)
        self.refresh()

    def set_theme(self, dark: bool) -> bool:
        """Recolour everything; return whether the theme has changed."""
        theme = DARK if dark else LIGHT
        if theme is self.theme:
            return False
        self.theme = theme
        self._recolor()
        self.refresh()
        return True

    def _recolor(self) -> None:
        self.figure.set_facecolor(self.theme.face)
        self.figure.set_edgecolor(self.theme.face)
        self._note.set_color(self.theme.muted)
        for slot in self._slots:
            slot.restyle(self.theme)

    def set_view(self, ax: Axes, x: Range, y: Range) -> None:
        """Set the limits of a panel, as a person does who pans or zooms; they stay until `reset_view`.

        Parameters
        ----------
        ax : Axes
            The axes of the panel. If no panel has it, nothing happens.
        x, y : (float, float)
            The new limits. They are ignored unless each is two different finite numbers, positive on a log scale.
        """
        for slot in self._slots:
            if slot.panel is not None and slot.panel.ax is ax:
                slot.set_view(x, y)

    def reset_view(self) -> None:
        """Follow the data again, in all panels."""
        for slot in self._slots:
            slot.reset_view()
        self.refresh()

    def _admit(self, frame: Frame) -> None:
        """Find places for new names."""
        for name in frame.series:
            slot = self._places.get(name)
            if (slot is None and name not in self._hidden) or (slot is not None and slot.failed):
                self._admit_series(name, frame, slot)
        for names in (frame.values, frame.errors):
            for name in names:
                if name not in self._places and name not in self._hidden:
                    self._admit_one(name)

    def _admit_series(self, name: str, frame: Frame, failed: Slot | None) -> None:
        """Find a place for a series, beside the others of its group.

        `failed` is the place that the name has already, if nothing but an error was ever shown there.
        """
        kind = frame.kinds.get(name, (None,))[0] or kind_for(SCALAR, series=True)
        key = (kind, _group(kind, name))
        beside = self._groups.get(key)
        if beside is None:
            slot = failed or self._admit_one(name)
            if slot is not None:
                self._groups[key] = slot
        elif beside is not failed:
            if failed is not None:
                failed.remove()
                self._slots.remove(failed)
            beside.add(name)
            self._places[name] = beside

    def _admit_one(self, name: str) -> Slot | None:
        if len(self._slots) >= self._max_panels:
            self._hidden[name] = None
            return None
        slot = self._places[name] = Slot(self.figure, self.theme, name, log=self._log)
        self._slots.append(slot)
        return slot

    def _resized(self, event: object) -> None:
        if self._lay_out():
            self.refresh()

    def _lay_out(self) -> bool:
        """Place the panels; return whether any had to move."""
        width, height = (float(length) * 72.0 for length in self.figure.get_size_inches())
        labels = [slot.label for slot in self._slots]
        now = [width, height, self.figure.dpi, len(self._hidden), labels, [*self._slots]]
        if now == self._laid_out:
            return False
        self._laid_out = now
        self._note.set_text(f"+{len(self._hidden)} more recorded" if self._hidden else "")
        self._note.set_position((1.0 - EDGE / width, 0.5 * EDGE / height))
        below = EDGE + (TEXT_SIZE if self._hidden else 0.0)
        for slot, cell in zip(self._slots, cells(labels, width, height, below), strict=True):
            slot.place(cell)
        return True


def _group(kind: object, name: str) -> str:
    """Return the group that a kind gives to a name; the name itself if the kind gives no text."""
    try:
        group: object = kind.group(name)  # type: ignore[attr-defined]
    except Exception:  # a kind of the user may raise anything
        return name
    return group if isinstance(group, str) else name
