"""`Panel`, the base class of all kinds of panel: one axes that shows the values of one name, or of a few.

Invariant: a kind only makes its artists (`build`) and updates them (`show`). `show` is called when the value, the size,
the theme or a person's view has changed, and never otherwise.

::

    title, bold                          the logged name
    header                               step, range, count
    axes                                 what the kind draws
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Transform

from tfwidget.plot.axes import PanelAxes
from tfwidget.plot.header import HEADER_Y, Header, facts_of, facts_of_series
from tfwidget.plot.kind import Kind
from tfwidget.plot.layout import HEADER, Cell
from tfwidget.plot.theme import TEXT_SIZE, Theme, color_ticks, recolor, settings, style_axes
from tfwidget.plot.ticks import ValueFormatter
from tfwidget.plot.view import Range, View
from tfwidget.record.values import Array, Frame

__all__ = ["Panel"]

_SAMPLE = 2**20  # values of a larger tensor that are used: enough for the same bars, and it takes 10 ms
_BESIDE = 10.0  # points for the name of the vertical axis

_STEPS = [1, 2, 2.5, 5, 10]  # between ticks


class Panel(Kind):
    """A kind of panel. A subclass draws values, and calling it wraps a value to be logged.

    A kind needs two methods, which return nothing:

    ``build(self, ax, **options)``
        makes ordinary Matplotlib artists in `ax`. Its keyword parameters are the options of the wrapper.
    ``show(self, value)``
        updates the artists. `value` is a `tfwidget.record.values.Value`. For a kind with ``series = True`` it is a
        mapping of names to `tfwidget.record.series.Series`.

    It may also define `priority`, `series`, `inset`, `check`, `fits`, `group`, `configure`, `apply_theme`, `set_log`
    and `placed`. This base class takes care of title, header, colours, limits, size and errors.

    Attributes
    ----------
    inset : (float, float)
        Points left and right of the axes, for tick labels.
    ax : Axes
    name : str
        The title.
    names : tuple of str
        The logged names that are shown. Only a panel of series may have several.
    value : Value or mapping of str to Series
        The value that is shown, as `show` was given it.
    options : Mapping
        The options that the value was logged with.
    marks : sequence of int
        The steps at which something was changed by hand.
    theme : Theme
    cell : Cell
    view : View
        The limits, and whether they follow the data.

    Examples
    --------
    >>> class Confusion(tfwidget.Panel):
    ...     def build(self, ax, names=None):
    ...         self.cells = ax.imshow([[0]], cmap="Blues")
    ...
    ...     def show(self, value):
    ...         self.cells.set_data(value.array)
    >>> tfwidget.log(confusion=Confusion(counts, names=labels))
    """

    inset: Range = (33.0, 5.0)
    ax: PanelAxes
    name: str
    names: tuple[str, ...]
    value: Any
    options: Mapping[str, object]
    marks: Sequence[int]
    theme: Theme
    cell: Cell
    view: View

    # -- what a kind may define ----------------------------------------------------------------------------------------

    def build(self, ax: Axes) -> None:
        """Make the artists."""

    def show(self, value: Any) -> None:
        """Update the artists."""
        msg = f"{type(self).__name__} must define show(self, value)."
        raise NotImplementedError(msg)

    def configure(self, *_: Any, **options: Any) -> bool:
        """Take other options than those of `build`; return False if the panel must be built again instead."""
        return False

    def apply_theme(self, theme: Theme) -> None:
        """Recolour the artists that have a colour of the former theme, `self.theme`."""
        recolor(self.ax, self.theme, theme)

    def set_log(self, log: bool) -> None:
        """Switch to a logarithmic scale or back. By default, nothing happens."""

    def placed(self) -> None:
        """Adapt to another `cell`. By default, choose the number of ticks, unless `build` has set a locator."""
        width, height = self.room
        for axis, ticks, own in zip(
            (self.ax.xaxis, self.ax.yaxis), (width / 32.0, height / 15.0), self._locators, strict=True
        ):
            if axis.get_major_locator() is own:
                own.set_params(nbins=int(np.clip(round(ticks), 2, 7)))

    # -- what a kind may use -------------------------------------------------------------------------------------------

    def header(self, parts: Sequence[str], *, warning: bool = False) -> None:
        """Set the header line. If `show` does not call this, the line has the step, the range and the count.

        Parameters
        ----------
        parts : sequence of str
            The most important ones first. As many are shown as fit.
        warning : bool
            Whether to show them in the colour of warnings.
        """
        self._said = True
        self._header.say(parts, warning=warning)

    def note(self, text: str) -> None:
        """Show a note right of the title, in the colour of warnings; "" shows none."""
        self._header.note(text)

    def limits(
        self, x: Range | None = None, y: Range | None = None, *, margin: float = 0.0, exact: bool = False
    ) -> None:
        """Set limits that contain these extents, without moving at each frame.

        Limits grow at once, by a quarter more than is needed, and shrink after a while. Limits that a person has set by
        pan or zoom are kept until the view is reset.

        Parameters
        ----------
        x, y : (float, float), optional
            The extent of the data. If the larger number comes first, the axis is inverted. Ignored if not finite.
        margin : float
            The part of the extent that is left free at either end.
        exact : bool
            Whether the limits are to be exactly these numbers.
        """
        self.view.hold(x, y, margin=margin, exact=exact)

    def follow(self) -> None:
        """Let the limits follow the data again, after a person has panned or zoomed."""
        self.view.follow()

    def touch(self) -> None:
        """Have the value shown again at the next update, although it is the same."""
        self._dirty = True

    @staticmethod
    def sample(array: Array) -> tuple[Array, int]:
        """Return about a million values of an array, evenly spread over it.

        Returns
        -------
        values : array, (n,)
            The values; a view of the array if that is possible.
        stride : int
            One value in this number was taken.
        """
        flat = array.reshape(-1)
        stride = max(1, -(-flat.size // _SAMPLE))
        while stride > 1 and math.gcd(stride, flat.size) > 1:
            stride += 1  # a stride that divides the length of the rows would take only a few columns
        return flat[::stride], stride

    def add_text(self, x: float = 0.0) -> Text:
        """Add a text to the header line, `x` points from its left end."""
        text = Text(
            x, HEADER_Y, "", transform=self.corner, fontsize=TEXT_SIZE, color=self.theme.muted, va="baseline",
            clip_on=False, parse_math=False,
        )  # fmt: skip
        self.ax.add_artist(text)
        return text

    @property
    def texts(self) -> list[str]:
        """Title, header line and note, as they are shown."""
        return self._header.texts

    @property
    def corner(self) -> Transform:
        """From points to pixels, for the header. The origin is at the cell's left edge and the axes' upper edge."""
        return self._header.corner

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of the axes in device pixels."""
        return max(int(self.ax.bbox.width), 1), max(int(self.ax.bbox.height), 1)

    @property
    def room(self) -> tuple[float, float]:
        """Width and height of the axes in points."""
        cell = self.cell
        return max(cell.width - sum(self.inset), 4.0), max(cell.height - HEADER - cell.foot, 4.0)

    # -- for the board -------------------------------------------------------------------------------------------------

    label: str
    """The name of the horizontal axis. The lowest row of panels shows it."""
    on_view: Callable[[], None]
    """Called when a person has panned or zoomed."""
    _header: Header
    _locators: tuple[MaxNLocator, MaxNLocator]
    _placeholders: list[AxesImage]
    _called: str  # the title that `build` gave the axes
    _seen: object  # identifies the value that is shown
    _dirty: bool  # whether to show the value again at the next update
    _said: bool

    @classmethod
    def make(cls, figure: Figure, names: Sequence[str], theme: Theme, options: Mapping[str, object]) -> Self:
        """Make a panel of this kind. If `build` raises an error, it is raised, and nothing is left in the figure."""
        panel = object.__new__(cls)
        panel.names, panel.theme, panel.options, panel.value, panel.marks = tuple(names), theme, options, None, ()
        panel.cell = Cell(0.0, 0.0, 100.0, 100.0, 0.0, False)
        panel._seen, panel._dirty, panel._said = None, True, False
        panel._header, panel.on_view = Header(figure, theme), panel.refresh
        with rc_context(settings(theme)):
            panel.ax = PanelAxes(figure, (0.0, 0.0, 1.0, 1.0), label=f"tfwidget {names[0]}")
            figure.add_axes(panel.ax)
            style_axes(panel.ax, theme, panel.inset[0])
            panel.view = View(panel.ax, panel._turn)
            panel._locators = MaxNLocator(5, steps=_STEPS), MaxNLocator(5, steps=_STEPS)
            for axis, own in zip((panel.ax.xaxis, panel.ax.yaxis), panel._locators, strict=True):
                axis.set_major_locator(own)
                axis.set_major_formatter(ValueFormatter())
            try:
                panel._check(panel.build(panel.ax, **options), "build")
                panel._finish()
            except BaseException:
                panel.remove()
                raise
        return panel

    def _finish(self) -> None:
        """Note the names, titles and placeholders that `build` has made."""
        ax = self.ax
        self.label = ax.get_xlabel()
        if ax.get_ylabel():
            self.inset = (self.inset[0] + _BESIDE, self.inset[1])
        self._placeholders = [
            image for image in ax.images if (array := image.get_array()) is not None and array.size == 1
        ]
        self._called = ax.get_title()
        ax.set_title("")
        self.view.settle()
        self.add_names(())

    def add_names(self, names: Sequence[str]) -> None:
        """Show further series in this panel."""
        self.names = (*self.names, *names)
        self.name = self._called or (self.names[0] if len(self.names) == 1 else self.group(self.names[0]))
        self._header.title(self.name)
        self._dirty = True

    def update(self, frame: Frame) -> bool:
        """Show a frame; return whether it had anything new. An error of `show` is raised once for each value."""
        value: Any
        if self.series:
            value = {name: frame.series[name] for name in self.names if name in frame.series}
            seen: object = [
                *value.values(),
                *map(len, value.values()),
                len(frame.marks),
                frame.marks[-1] if frame.marks else None,
            ]
        else:
            value = seen = frame.values.get(self.names[0])
        if not value or (not self._dirty and (seen is self._seen or (self.series and seen == self._seen))):
            return False
        self.value, self.marks, self._seen = value, frame.marks, seen
        self.refresh()
        return True

    def _turn(self) -> None:
        # A person has panned or zoomed. The new view is drawn at once, since the next frame may be long in coming.
        self._dirty = True
        self.on_view()

    def refresh(self) -> None:
        """Show the value again."""
        if self.value is None:
            return
        self._dirty = self._said = False
        before = self.view.begin()
        try:
            self._check(self.show(self.value), "show")  # type: ignore[func-returns-value]
            if self._placeholders:
                self._fit_placeholders()
            if not self._said:
                value = self.value
                facts = facts_of_series(value) if self.series else facts_of(value, *self.sample(value.array))
                self.header(facts[0], warning=facts[1])
        finally:
            self.view.end(before)

    def _check(self, result: object, method: str) -> None:
        if result is not None:
            msg = f"{type(self).__name__}.{method} returned {type(result).__name__}: it is to return nothing"
            raise TypeError(msg)

    def _fit_placeholders(self) -> None:
        """Fit extent and colours of an image that `build` made of a single value to the data that it has now."""
        for image in self._placeholders:
            array = image.get_array()
            if array is None or image not in self.ax.images:
                continue
            rows, columns = array.shape[:2]
            extent = (-0.5, columns - 0.5, rows - 0.5, -0.5)
            if tuple(image.get_extent()) != extent:
                image.set_extent(extent)
                self.limits(x=(-0.5, columns - 0.5), y=(rows - 0.5, -0.5), exact=True)
            if array.ndim == 2 and array.size > 1:
                image.autoscale()

    def reconfigure(self, options: Mapping[str, object]) -> bool:
        """Take other options; return False if the panel must be made anew instead."""
        if not self.configure(**options):
            return False
        self.options, self._dirty = options, True
        return True

    def set_view(self, x: Range, y: Range) -> None:
        """Set limits as a person does. Limits that the axes cannot have are ignored."""
        self.view.set(x, y)

    def reset_view(self) -> None:
        """Follow the data again from the next update on, after a person has panned or zoomed."""
        self.view.follow()
        self._dirty = True

    def restyle(self, theme: Theme) -> None:
        """Take the colours of another theme."""
        self.apply_theme(theme)
        color_ticks(self.ax, theme)
        self._header.apply_theme(theme)
        self.theme, self._dirty = theme, True

    def place(self, cell: Cell) -> None:
        """Move into a cell."""
        self.cell, self._dirty = cell, True
        figure = self.ax.get_figure(root=True)
        assert figure is not None
        width, height = figure.get_size_inches() * 72.0
        left, bottom = cell.left + self.inset[0], cell.bottom + cell.foot
        self.ax.set_position((left / width, bottom / height, self.room[0] / width, self.room[1] / height))
        self.ax.set_xlabel(self.label if cell.labelled else "", loc="right")
        self._header.place(cell)
        self.placed()
        for artist in self.ax.get_children():
            artist.stale = True  # a changed transform does not make its artists stale

    def set_visible(self, visible: bool) -> None:
        """Show or hide the axes with its header."""
        self.ax.set_visible(visible)
        self._header.set_visible(visible)

    def remove(self) -> None:
        """Remove the panel from its figure."""
        self._header.remove()
        self.ax.remove()
