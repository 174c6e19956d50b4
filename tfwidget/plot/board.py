"""All panels of one figure: which there are, where they sit, and what happens when one fails.

Invariant: a panel that cannot be drawn says why in its own place, the others go on, and it comes back with its next
good frame.

A new kind of plot is one new module with a `Panel`, and its place in `KINDS`.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axis import Axis
from matplotlib.figure import Figure

from tfwidget.errors import TensorError
from tfwidget.plot.histogram import HistogramPanel
from tfwidget.plot.image import ImagePanel
from tfwidget.plot.line import LinePanel, group_of
from tfwidget.plot.panel import HEADER, Cell, Notice, Panel
from tfwidget.plot.stream import DisplayList, Growth, Place, UnstreamableError
from tfwidget.plot.theme import DARK, LIGHT, RC, TEXT_SIZE, Theme
from tfwidget.record.history import Frame, Value

__all__ = ["KINDS", "Board", "arrange"]

KINDS: tuple[type[Panel], ...] = (LinePanel, ImagePanel, HistogramPanel)
"""The kinds of panel. The first that fits a tensor shows it, unless a kind was asked for by name."""

_EDGE = 9.0  # points around everything
_BETWEEN = (14.0, 11.0)  # points between columns, between rows
_FOOT = 14.5  # for tick labels
_STEP_LABEL = 10.0
_LABELS = 33.0  # beside the axes
_BEST_ASPECT = 1.6  # of the axes
_UNEVEN = 0.3  # what rows of unequal length cost, in units of the logarithm of the aspect


def arrange(count: int, width: float, height: float) -> list[int]:
    """How many panels go into each row.

    Every row fills the whole width. Rows with fewer, wider panels come first, for what is logged first is most looked
    at.

    Parameters
    ----------
    count : int
        Number of panels.
    width, height : float
        The figure's, in points.
    """
    best: tuple[float, list[int]] = (math.inf, [])
    for rows in range(1, count + 1):
        few, more = divmod(count, rows)
        lengths = [few] * (rows - more) + [few + 1] * more
        tall = max(height / rows - HEADER - _FOOT - _BETWEEN[1], 1.0)
        aspects = [max(width / length - _LABELS - _BETWEEN[0], 1.0) / tall for length in lengths]
        off = sum(length * abs(math.log(one / _BEST_ASPECT)) for length, one in zip(lengths, aspects, strict=True))
        best = min(best, (off / count + (_UNEVEN if more else 0.0), lengths))
    return best[1]


class _Slot:
    """One place on the board: the panel, and a notice for when it fails."""

    def __init__(self, board: "Board", name: str, group: str | None) -> None:
        self.board = board
        self.names: list[str] = [name]
        self.group = group  # of scalars; None for a tensor
        self.panel: Panel | None = None
        self.notice: Notice | None = None
        self.cell = Cell(0.0, 0.0, 100.0, 100.0, 0.0, False)
        self.error: str | None = None
        self._chosen_for: tuple[object, ...] | None = None

    @property
    def moving(self) -> Sequence[Artist]:
        panel = self.panel if self.error is None else None
        return () if panel is None else (*panel.scales, *panel.artists)

    @property
    def shown(self) -> Panel | None:
        return self.panel if self.error is None else self.notice

    def place(self, cell: Cell) -> None:
        self.cell = cell
        if self.panel is not None:
            self.panel.place(cell)
        if self.notice is not None and self.error is not None:
            self.notice.place(cell)
            self.notice.show(self.names[0], self.error)

    def update(self, frame: Frame) -> bool:
        error = next((frame.errors[name] for name in self.names if name in frame.errors), None)
        base = False
        if error is None:
            try:
                base = self._choose(frame)
                if self.panel is not None:
                    base |= self.panel.update(frame)
            except Exception as raised:  # whatever a panel raises, the training and the other panels go on
                error = (str(raised).strip() or type(raised).__name__).splitlines()[0]
                if not isinstance(raised, TensorError):
                    error = f"{type(raised).__name__}: {error}"
        return self._report(error) or base

    def _choose(self, frame: Frame) -> bool:
        """Make the panel, or another one when the kind of value has changed."""
        if self.group is not None:
            wanted: type[Panel] = LinePanel
        else:
            value = frame.values.get(self.names[0])
            if value is None:
                return False
            look = (value.kind, value.array.ndim, value.array.dtype)
            if look == self._chosen_for:
                return False
            wanted = _kind_of(value)
            self._chosen_for = look
        if type(self.panel) is not wanted:
            self._make(wanted)
            return True
        return False

    def _make(self, kind: type[Panel]) -> None:
        if self.panel is not None:
            self.panel.remove()
        self.panel = None
        first, *others = self.names
        panel = kind(self.board.figure, first, self.board.theme)
        if isinstance(panel, LinePanel):
            for name in others:
                panel.add(name)
        panel.set_log(self.board.log_scale)
        panel.move_scales(self.board.live)
        panel.place(self.cell)
        self.panel = panel

    def add(self, name: str) -> None:
        self.names.append(name)
        if isinstance(self.panel, LinePanel):
            self.panel.add(name)

    def _report(self, error: str | None) -> bool:
        """Show or take back a notice; True when that changed the picture."""
        if error is None and self.error is None:
            return False
        before, self.error = self.error, error
        if self.panel is not None:
            self.panel.ax.set_visible(error is None)
        if error is None:
            assert self.notice is not None
            self.notice.ax.set_visible(False)
            return True
        if self.notice is None:
            self.notice = Notice(self.board.figure, self.names[0], self.board.theme)
        self.notice.ax.set_visible(True)
        if error != before:
            self.notice.place(self.cell)
            self.notice.show(self.names[0], error)
        return error != before


class Board:
    """Draws frames of a run into a figure, one panel per tensor or group of scalars.

    Parameters
    ----------
    figure : Figure
        An empty figure; the board owns what is in it.
    max_panels : int, default 12
        So many panels are shown at most; a note counts the names beyond.
    """

    def __init__(self, figure: Figure, *, max_panels: int = 12) -> None:
        if isinstance(max_panels, bool) or not isinstance(max_panels, int) or max_panels < 1:
            msg = f"Board(max_panels={max_panels!r}): a whole number of at least 1 is needed."
            raise ValueError(msg)
        self.figure = figure
        self.theme: Theme = LIGHT
        self._max_panels = max_panels
        self._slots: list[_Slot] = []
        self._groups: dict[str, _Slot] = {}
        self._tensors: dict[str, _Slot] = {}
        self._scalars: set[str] = set()
        self._hidden: dict[str, None] = {}  # an ordered set
        self._log = False
        self._frame: Frame | None = None
        self._laid_out: tuple[object, ...] | None = None
        self._textures: dict[int, np.ndarray] = {}
        self._places: dict[int, Place] = {}
        self._scales: dict[Axis, tuple[object, Any]] = {}
        self._live = False
        self._streams = True  # nothing has shown yet that cannot be
        with rc_context(RC):  # type: ignore[arg-type]
            self._note = figure.text(0.0, 0.0, "", fontsize=TEXT_SIZE, ha="right", va="bottom", parse_math=False)
        figure.canvas.mpl_connect("resize_event", self._resized)
        self._recolour()

    @property
    def panels(self) -> list[Panel]:
        """The panels as they are shown, row by row; a notice where one failed."""
        return [panel for slot in self._slots if (panel := slot.shown) is not None]

    @property
    def names(self) -> list[str]:
        """The logged names that are shown, panel by panel."""
        return [name for slot in self._slots for name in slot.names]

    @property
    def hidden(self) -> list[str]:
        """The logged names that are recorded but not shown, for there are `max_panels` panels already."""
        return list(self._hidden)

    @property
    def moving(self) -> list[Artist]:
        """The artists that change from frame to frame, in drawing order; a full draw leaves them out."""
        return [artist for slot in self._slots for artist in slot.moving]

    def stream(self, afresh: bool) -> tuple[dict[str, Any], bytes] | None:
        """The moving artists as the browser paints them, see `tfwidget.plot.stream`; None where only Agg can draw them.

        Parameters
        ----------
        afresh : bool
            Whether the browser may lack what was sent with the frame before.
        """
        display = DisplayList(self.figure, {} if afresh else self._textures, self._scales)
        self._textures = {}
        try:
            for slot in self._slots:
                if slot.panel is not None and slot.error is None:
                    slot.panel.stream(display)
        except UnstreamableError:
            self._streams = False
            return None
        self._textures, self._places = display.textures, display.places
        return display.header, display.data

    def append(self) -> tuple[dict[str, Any], bytes] | None:
        """What the curves have grown by since the last frame; None where that is not enough to show them.

        All else, such as new names and tensors, waits for the next `update`.

        Returns
        -------
        header : dict
            See `tfwidget.plot.stream.Growth`.
        data : bytes
            The points.
        """
        growth = Growth(self.figure, self._places)
        for slot in self._slots:
            if slot.panel is not None and slot.error is None and not slot.panel.append(growth):
                return None
        return growth.header, growth.data

    @property
    def live(self) -> bool:
        """Whether the moving artists are streamed now, see `set_live`."""
        return self._live

    @property
    def log_scale(self) -> bool:
        """Whether curves have a logarithmic scale; a full draw is needed after a change."""
        return self._log

    @log_scale.setter
    def log_scale(self, log: bool) -> None:
        self._log = bool(log)
        for slot in self._slots:
            if slot.panel is not None:
                slot.panel.set_log(self._log)
        self.refresh()

    def toggle_log(self) -> None:
        """Switch between logarithmic and linear scale; a full draw is needed."""
        self.log_scale = not self._log

    def set_theme(self, dark: bool) -> bool:
        """Recolour everything; True when that changed the picture, so that a full draw is needed."""
        theme = DARK if dark else LIGHT
        if theme is self.theme:
            return False
        self.theme = theme
        self._recolour()
        self.refresh()
        return True

    def _recolour(self) -> None:
        self.figure.set_facecolor(self.theme.face)
        self.figure.set_edgecolor(self.theme.face)
        self._note.set_color(self.theme.muted)
        for slot in self._slots:
            for panel in (slot.panel, slot.notice):
                if panel is not None:
                    panel.apply_theme(self.theme)

    def reset_view(self) -> None:
        """Follow the data again after a person has panned or zoomed; a full draw is needed."""
        self._streams = True  # what could not be streamed may have been of the former view
        for slot in self._slots:
            if slot.panel is not None:
                slot.panel.reset_view()
        self.refresh()

    def set_live(self, live: bool) -> bool:
        """Whether the moving artists are streamed now, and with them the scales; True when a full draw is needed."""
        live = live and self._streams
        if live == self._live:
            return False
        self._live = live
        self._scales.clear()
        for slot in self._slots:
            if slot.panel is not None:
                slot.panel.move_scales(live)
        return True

    def update(self, frame: Frame) -> bool:
        """Show a frame; panels appear with their names.

        Returns
        -------
        bool
            True when more than `moving` changed, so that a full draw is needed.
        """
        self._frame = frame
        self._admit(frame)
        base = self._lay_out()
        for slot in self._slots:
            base |= slot.update(frame)
        return base

    def refresh(self) -> bool:
        """Show the last frame again, as after a change of size; True when a full draw is needed."""
        return self.update(self._frame) if self._frame is not None else False

    def _admit(self, frame: Frame) -> None:
        for name in frame.series:
            if name not in self._scalars and name not in self._hidden:
                self._admit_scalar(name)
        for names in (frame.values, frame.errors):
            for name in names:
                if name in self._tensors or name in self._hidden or (names is frame.errors and name in self._scalars):
                    continue
                if self._room_for(name):
                    self._tensors[name] = _Slot(self, name, None)
                    self._slots.append(self._tensors[name])

    def _admit_scalar(self, name: str) -> None:
        group = group_of(name)[0]
        failed = self._tensors.get(name)
        if failed is not None and failed.panel is None:
            # It has only failed so far, and turns out to be a scalar.
            del self._tensors[name]
            if group not in self._groups:
                failed.group = group
                self._groups[group] = failed
                self._scalars.add(name)
                return
            self._slots.remove(failed)
            if failed.notice is not None:
                failed.notice.remove()
        if group in self._groups:
            self._groups[group].add(name)
        elif self._room_for(name):
            self._groups[group] = _Slot(self, name, group)
            self._slots.append(self._groups[group])
        else:
            return
        self._scalars.add(name)

    def _room_for(self, name: str) -> bool:
        if len(self._slots) < self._max_panels:
            return True
        self._hidden[name] = None
        return False

    def _resized(self, event: object) -> None:
        if self._lay_out():
            self.refresh()

    def _lay_out(self) -> bool:
        """Place the panels; True when anything had to move."""
        width, height = (float(length) * 72.0 for length in self.figure.get_size_inches())
        curves = tuple(slot.group is not None for slot in self._slots)
        key = (width, height, tuple(id(slot) for slot in self._slots), curves, len(self._hidden))
        if key == self._laid_out:
            return False
        self._laid_out = key
        self._note.set_text(f"+{len(self._hidden)} more recorded" if self._hidden else "")
        self._note.set_position((1.0 - _EDGE / width, 0.5 * _EDGE / height))
        below = _EDGE + (TEXT_SIZE if self._hidden else 0.0)
        rows = arrange(len(self._slots), width, height)
        starts = [sum(rows[:row]) for row in range(len(rows))]
        with_curves = [row for row, start in enumerate(starts) if any(curves[start : start + rows[row]])]
        last_curves = with_curves[-1] if with_curves else -1
        free = height - _EDGE - below - (len(rows) - 1) * _BETWEEN[1] - len(rows) * (HEADER + _FOOT)
        each = (free - (_STEP_LABEL if last_curves >= 0 else 0.0)) / max(len(rows), 1)
        top = height - _EDGE
        for row, (start, length) in enumerate(zip(starts, rows, strict=True)):
            foot = _FOOT + (_STEP_LABEL if row == last_curves else 0.0)
            cell_width = (width - 2 * _EDGE - (length - 1) * _BETWEEN[0]) / length
            cell_height = HEADER + each + foot
            for column, slot in enumerate(self._slots[start : start + length]):
                left = _EDGE + column * (cell_width + _BETWEEN[0])
                slot.place(Cell(left, top - cell_height, cell_width, cell_height, foot, row == last_curves))
            top -= cell_height + _BETWEEN[1]
        return True


def _kind_of(value: Value) -> type[Panel]:
    if value.kind is not None:
        for kind in KINDS:
            if kind.kind == value.kind:
                return kind
        msg = f"There is no kind of panel named {value.kind!r}. Use {', '.join(kind.kind for kind in KINDS)}."
        raise TensorError(msg)
    return next(kind for kind in KINDS if kind.fits(value.array))
