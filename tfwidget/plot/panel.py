"""`Panel`, the base class of all kinds of panel: one axes that shows what was logged under one name, or a few.

Invariant: a kind says only how its artists are made (`build`) and brought up to date (`show`). `show` is called when
the value, the size, the theme or a person's view has changed, and never otherwise.

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

_SAMPLE = 2**20  # values of a larger tensor that are looked at: bars look the same, and it takes 10 ms
_BESIDE = 10.0  # points for the name of the vertical axis

_STEPS = [1, 2, 2.5, 5, 10]  # between ticks


class Panel(Kind):
    """A kind of panel: a subclass is both what draws, and the wrapper that users log values with.

    A kind needs two methods, which return nothing:

    ``build(self, ax, **options)``
        makes ordinary Matplotlib artists in `ax`. Its keyword parameters are the options that the wrapper takes.
    ``show(self, value)``
        brings the artists up to date. `value` is a `tfwidget.record.values.Value`; for a kind with ``series = True`` a
        mapping of names to `tfwidget.record.series.Series`.

    What it may say besides: `priority`, `series`, `inset`, `check`, `fits`, `group`, `configure`, `apply_theme`,
    `set_log`, `placed`. Title, header, colours, limits, size and errors are seen to here.

    Attributes
    ----------
    inset : (float, float)
        Points left and right of the axes, for tick labels.
    ax : Axes
    name : str
        The title.
    names : tuple of str
        The logged names that are shown; one, but for series.
    value : Value or mapping of str to Series
        What is shown.
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

    # -- what a kind says ----------------------------------------------------------------------------------------------

    def build(self, ax: Axes) -> None:
        """Make the artists."""

    def show(self, value: Any) -> None:
        """Bring the artists up to date."""
        msg = f"{type(self).__name__} must define show(self, value)."
        raise NotImplementedError(msg)

    def configure(self, *_: Any, **options: Any) -> bool:
        """Take other options than `build` was given; False where the panel is to be built again."""
        return False

    def apply_theme(self, theme: Theme) -> None:
        """Recolour what has a colour of the former theme, `self.theme`."""
        recolor(self.ax, self.theme, theme)

    def set_log(self, log: bool) -> None:
        """Switch to a logarithmic scale or back; a kind without one does nothing."""

    def placed(self) -> None:
        """Adapt to another `cell`: by default, choose how many ticks there are, unless `build` has said it."""
        width, height = self.room
        for axis, ticks, own in zip(
            (self.ax.xaxis, self.ax.yaxis), (width / 32.0, height / 15.0), self._locators, strict=True
        ):
            if axis.get_major_locator() is own:
                own.set_params(nbins=int(np.clip(round(ticks), 2, 7)))

    # -- what a kind may use -------------------------------------------------------------------------------------------

    def header(self, parts: Sequence[str], *, warning: bool = False) -> None:
        """Say this in the header line, as many parts as fit; where `show` does not, step, range and count stand there.

        Parameters
        ----------
        parts : sequence of str
            The most important ones first.
        warning : bool
            Whether it is to be in the colour of warnings.
        """
        self._said = True
        self._header.say(parts, warning=warning)

    def note(self, text: str) -> None:
        """Say this at the right end of the title, in the colour of warnings."""
        self._header.note(text)

    def limits(
        self, x: Range | None = None, y: Range | None = None, *, margin: float = 0.0, exact: bool = False
    ) -> None:
        """Let the axes hold these extents, without moving at each frame.

        Limits grow at once, by a quarter more than is needed, and shrink after a while. What a person has panned or
        zoomed is left alone until the view is reset.

        Parameters
        ----------
        x, y : (float, float), optional
            The extent of the data. The larger number first turns the axis round. Ignored where not finite.
        margin : float
            The part of the extent that is left free at either end.
        exact : bool
            Whether these are to be the limits, neither more nor less.
        """
        self.view.hold(x, y, margin=margin, exact=exact)

    def follow(self) -> None:
        """Let the limits follow the data again, after a person has panned or zoomed."""
        self.view.follow()

    def touch(self) -> None:
        """Let the value be shown again at the next update, though it is the same."""
        self._dirty = True

    @staticmethod
    def sample(array: Array) -> tuple[Array, int]:
        """Return about a million values of an array, evenly spread over it.

        Returns
        -------
        values : array, (n,)
            A view where that is possible.
        stride : int
            One value in so many is among them.
        """
        flat = array.reshape(-1)
        stride = max(1, -(-flat.size // _SAMPLE))
        while stride > 1 and math.gcd(stride, flat.size) > 1:
            stride += 1  # a stride that divides the rows' length would look at a few columns only
        return flat[::stride], stride

    def add_text(self, x: float = 0.0) -> Text:
        """Add a text to the header line, at points from its left end."""
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
        """Coordinates of the header: points from the cell's left edge, and from the axes' upper one."""
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
    """What the horizontal axis is called; the lowest row of panels says it."""
    on_view: Callable[[], None]
    """Called when a person has panned or zoomed."""
    _header: Header
    _locators: tuple[MaxNLocator, MaxNLocator]
    _placeholders: list[AxesImage]
    _called: str  # the title that `build` gave the axes
    _seen: object  # what tells this value from the next
    _dirty: bool  # whether it is to be shown again
    _said: bool

    @classmethod
    def make(cls, figure: Figure, names: Sequence[str], theme: Theme, options: Mapping[str, object]) -> Self:
        """Make a panel of this kind. What `build` raises goes on, and nothing is left in the figure."""
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
        """Take note of what `build` has made."""
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
        """Show further series, too."""
        self.names = (*self.names, *names)
        self.name = self._called or (self.names[0] if len(self.names) == 1 else self.group(self.names[0]))
        self._header.title(self.name)
        self._dirty = True

    def update(self, frame: Frame) -> bool:
        """Show a frame; True when there was anything new to show. What `show` raises goes on, once for each value."""
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
        # A person pans or zooms: what the new view shows is fetched at once, for no frame may be due for long.
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
        """Let a picture that `build` made of a single value cover what it shows now, with all of its colours."""
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
        """Take other options; False where the panel is to be made anew."""
        if not self.configure(**options):
            return False
        self.options, self._dirty = options, True
        return True

    def set_view(self, x: Range, y: Range) -> None:
        """Set limits as a person does; ignored where the axes cannot have them."""
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
            artist.stale = True  # a transform that has changed does not tell

    def set_visible(self, visible: bool) -> None:
        """Show or hide it with its header."""
        self.ax.set_visible(visible)
        self._header.set_visible(visible)

    def remove(self) -> None:
        """Take it out of its figure."""
        self._header.remove()
        self.ax.remove()
