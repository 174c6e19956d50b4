"""A slot, one place of a board: it has a panel of the right kind, or a notice if the panel has failed.

Invariant: an error of a kind is shown in its place and goes no further. With the next good value the panel is back.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tfwidget.errors import TensorError
from tfwidget.plot.header import Notice
from tfwidget.plot.kind import Kind, kind_for, same_options
from tfwidget.plot.layout import Cell
from tfwidget.plot.panel import Panel
from tfwidget.plot.theme import Theme
from tfwidget.plot.view import Range
from tfwidget.record.values import Array, Frame

__all__ = ["SCALAR", "Slot"]

SCALAR = np.zeros(())
"""Stands for a scalar of a series when a kind is chosen."""
_NOT_ASKED: tuple[object, Mapping[str, object]] = (None, {})


class Slot:
    """One place of a board.

    Parameters
    ----------
    figure : Figure
    theme : Theme
    name : str
        The first logged name that is shown here.
    log : bool
        Whether scales are logarithmic.

    Attributes
    ----------
    names : list of str
        All logged names that are shown here.
    panel : Panel or None
    """

    def __init__(self, figure: Figure, theme: Theme, name: str, *, log: bool) -> None:
        self.names = [name]
        self.panel: Panel | None = None
        self._figure = figure
        self._theme = theme
        self._log = log
        self._notice: Notice | None = None
        self._cell: Cell | None = None
        self._error: str | None = None  # the error that is shown now
        self._failure: str | None = None  # the panel's error; one of the value takes its place
        self._look: tuple[object, ...] = ()  # what the panel was made for, even if that failed
        self._options: Mapping[str, object] = {}

    @property
    def shown(self) -> Panel | Notice | None:
        """What is shown here: the panel, or a notice."""
        return self.panel if self._error is None else self._notice

    @property
    def failed(self) -> bool:
        """Whether the only name here has had nothing but errors."""
        return self.panel is None and len(self.names) == 1 and not self._look

    @property
    def label(self) -> str:
        """The name of the horizontal axis."""
        return self.panel.label if self.panel is not None else ""

    def add(self, name: str) -> None:
        """Show a further series here."""
        self.names.append(name)
        if self.panel is not None:
            self.panel.add_names([name])

    def prepare(self, frame: Frame) -> None:
        """Make a panel of the kind that the frame asks for, unless there is one."""
        try:
            if self._choose(frame):
                self._failure = None
        except Exception as error:  # the training and the other panels go on
            self._fail(error)

    def update(self, frame: Frame) -> None:
        """Show a frame, or the error of its value."""
        try:
            if self.panel is not None and self.panel.update(frame):
                self._failure = None
        except Exception as error:  # the training and the other panels go on
            self._fail(error)
        if frame.errors or self._failure is not None or self._error is not None:
            self._report(next((frame.errors[name] for name in self.names if name in frame.errors), self._failure))

    def place(self, cell: Cell) -> None:
        """Move into a cell."""
        self._cell = cell
        if self.panel is not None:
            self._call(self.panel.place, cell)
        if self._notice is not None:
            self._notice.place(cell)

    def restyle(self, theme: Theme) -> None:
        """Take the colours of another theme."""
        self._theme = theme
        if self.panel is not None:
            self._call(self.panel.restyle, theme)
        if self._notice is not None:
            self._notice.apply_theme(theme)

    def set_log(self, log: bool) -> None:
        """Switch to logarithmic scales or back."""
        self._log = log
        if self.panel is not None:
            self._call(self.panel.set_log, log)

    def set_view(self, x: Range, y: Range) -> None:
        """Set limits as a person does."""
        if self.panel is not None:
            self._call(self.panel.set_view, x, y)

    def reset_view(self) -> None:
        """Follow the data again."""
        if self.panel is not None:
            self.panel.reset_view()

    def remove(self) -> None:
        """Remove panel and notice from the figure."""
        for part in (self.panel, self._notice):
            if part is not None:
                part.remove()

    def _call(self, method: Callable[..., None], *arguments: Any) -> None:
        try:
            method(*arguments)
        except Exception as error:  # the training and the other panels go on
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        text = (str(error).strip() or type(error).__name__).splitlines()[0]
        self._failure = text if isinstance(error, TensorError) else f"{type(error).__name__}: {text}"

    def _choose(self, frame: Frame) -> bool:
        """Make the panel, also if something else is logged than before; return whether one was made."""
        name = self.names[0]
        value, series = frame.values.get(name), frame.series.get(name)
        if series is not None and (value is None or value.step < (series.last or (0,))[0]):
            asked, options = frame.kinds.get(name, _NOT_ASKED)
            array: Array = SCALAR
        elif value is not None:
            asked, options, array, series = value.kind, value.options, value.array, None
        else:
            return False
        look = (asked, series is None, array.ndim, array.dtype, Kind.kinds if asked is None else None)
        if look == self._look and same_options(options, self._options):
            return False
        self._look, self._options = look, options
        try:
            kind = _panel_class(asked, array, series=series is not None)
            panel = self.panel
            if type(panel) is kind and (same_options(options, panel.options) or panel.reconfigure(options)):
                return False
            self._drop()
            self.panel = panel = kind.make(self._figure, self.names, self._theme, options)
        except BaseException:
            self._drop()
            raise
        panel.on_view, panel.ax.on_error = self._turn, self._fail
        panel.set_visible(self._error is None)
        panel.set_log(self._log)
        if self._cell is not None:
            panel.place(self._cell)
        return True

    def _drop(self) -> None:
        if self.panel is not None:
            self.panel.remove()
            self.panel = None

    def _turn(self) -> None:
        panel = self.panel
        if panel is not None:
            self._call(panel.refresh)
            if self._failure is not None:
                self._report(self._failure)

    def _report(self, error: str | None) -> None:
        """Show a notice with this error; None: hide it."""
        if error == self._error and (self._notice is None or self._error is None):
            return
        self._error = error
        if self.panel is not None:
            self.panel.set_visible(error is None)
        if error is not None and self._notice is None:
            self._notice = Notice(self._figure, self._theme)
            if self._cell is not None:
                self._notice.place(self._cell)
        if self._notice is not None:
            self._notice.set_visible(error is not None)
            if error is not None and (self.names[0], error) != (self._notice.name, self._notice.message):
                self._notice.show(self.names[0], error)


def _panel_class(asked: object, array: Array, *, series: bool) -> type[Panel]:
    """Return the class of panel that was asked for, or else the one that fits."""
    kind = kind_for(array, series=series) if asked is None else asked
    if not (isinstance(kind, type) and issubclass(kind, Panel)):
        msg = f"{kind!r} is no kind of panel. Log a value of a class of Panel, such as Image(value)."
        raise TensorError(msg)
    if series and not kind.series:
        msg = f"{kind.__name__} shows tensors, got one number for each step. Log it without {kind.__name__}."
        raise TensorError(msg)
    if kind.series and not series:
        msg = f"{kind.__name__} needs a scalar for each step, got shape {array.shape}. Log its mean, or another kind."
        raise TensorError(msg)
    return kind
