"""`LivePlot`: a figure, buttons that steer a run, and numbers that show where the run is.

Invariant: a `LivePlot` shows frames and passes commands on; it decides nothing about the training.
"""

import base64
import io
import math
from typing import TYPE_CHECKING, Any

import ipywidgets

from tfwidget.canvas.backend import new_canvas
from tfwidget.canvas.canvas import View
from tfwidget.jupyter import cells
from tfwidget.jupyter.confined import Confined
from tfwidget.plot.board import Board
from tfwidget.record.values import Frame
from tfwidget.run.run import Run
from tfwidget.run.status import State, Status
from tfwidget.widget.parts import Button, Html, Progress, Row, ToggleButton
from tfwidget.widget.statusline import counter, muted, progress, status_line

if TYPE_CHECKING:
    from tfwidget.widget.knobs import Knob

__all__ = ["INTRODUCTION", "KNOBS_INTERVAL", "MIN_WIDTH", "STATUS_INTERVAL", "LivePlot"]

MIN_WIDTH = 300
"""The least width of a figure, in CSS pixels."""

INTRODUCTION = 0.3
"""Seconds to wait for the browser's first message, which says what it can paint. An earlier frame would be wasted."""

STATUS_INTERVAL = 0.1
"""Seconds from one status text to the next, because numbers that change faster cannot be read."""

KNOBS_INTERVAL = 0.5
"""Seconds from one update of the knobs to the next. It reads the variables, and so waits for their device."""


class LivePlot(Confined, ipywidgets.VBox):
    """A Matplotlib figure that follows a training run, with the controls to steer it.

    `tfwidget.live` and `tfwidget.LiveCallback` make one of their own. Make it yourself to place it among other widgets,
    to choose its size, or to use one plot for several runs.

    Parameters
    ----------
    figsize : tuple of float, optional
        Width and height of the figure in inches, each from 1 to 50.
    max_panels : int, optional
        The largest number of panels. Names for which there is no panel are recorded, but not shown.

    Raises
    ------
    ValueError
        If an argument has a wrong value.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        The figure. Its axes may be styled by the user, on the main thread.
    run : Run or None
        The run that is shown now, or was shown last.
    knobs : dict of str to Knob
        The knobs under the buttons, by name.

    Examples
    --------
    >>> plot = tfwidget.LivePlot(figsize=(9, 5))
    >>> display(ipywidgets.HBox([plot, my_sliders]))
    >>> for batch in tfwidget.live(dataset, plot=plot):
    ...     tfwidget.log(loss=train_step(batch))
    """

    children: tuple[Any, ...]

    def __init__(self, figsize: tuple[float, float] = (8.0, 4.4), *, max_panels: int = 12) -> None:
        if not (
            isinstance(figsize, (tuple, list))
            and len(figsize) == 2
            and all(isinstance(side, (int, float)) and 1 <= side <= 50 for side in figsize)
        ):
            raise ValueError(f"LivePlot: figsize must be (width, height) in inches, each from 1 to 50; got {figsize!r}")
        if not isinstance(max_panels, int) or max_panels < 1:
            raise ValueError(f"LivePlot: max_panels must be a positive integer, got {max_panels!r}")
        self.run: Run | None = None
        self.knobs: dict[str, Knob] = {}
        self.canvas = new_canvas(figsize)
        self.figure = self.canvas.figure
        self.canvas.header_visible = False
        self.canvas.footer_visible = False
        self.canvas.toolbar_position = "right"  # on the left it would cover ticks
        self._board = Board(self.figure, max_panels=max_panels)
        self.canvas.scene = self._board.scene
        self.canvas.on_view = self._set_view
        self.canvas.on_home = self._follow
        self.canvas.on_theme = self._set_theme
        self.canvas.on_room = self._fit
        self._display: Any = None
        self._shown_at = -math.inf
        self._told: tuple[float, State | None] = (-math.inf, None)  # when a status was last shown, and its state
        self._knobs_shown_at = -math.inf

        self._pause = _button("Pause", "pause", "Pause the training after the step under way")
        self._step = _button("Step", "step-forward", "Make exactly one step, then pause again")
        self._stop = _button(
            "Stop",
            "stop",
            "End the training after the step under way; everything so far is kept",
        )
        self._log = ToggleButton(
            value=False,
            description="Log",
            icon="line-chart",
            tooltip="Show the curves on a logarithmic scale",
            disabled=True,
        )
        self._log.add_class("tfw-button")
        self._progress = Progress(value=0.0, min=0.0, max=1.0)
        self._progress.layout.flex = "1 1 120px"
        self._progress.layout.width = "auto"
        self._counter = Html()
        self._status = Html(muted("Waiting for the first step"))
        self._status.add_class("tfw-status")
        self._pause.on_click(lambda _: self._toggle_pause())
        self._step.on_click(lambda _: self.run and self.run.advance())
        self._stop.on_click(lambda _: self.run and self.run.stop())
        self._log.observe(lambda _: self._toggle_log(), "value")
        self._controls = Row(
            [
                self._pause,
                self._step,
                self._stop,
                self._log,
                self._progress,
                self._counter,
            ]
        )
        self._controls.add_class("tfw-controls")
        self._knobs = Row()
        self._knobs.add_class("tfw-knobs")
        self._knobs.layout.display = "none"
        super().__init__([self._controls, self._knobs, self.canvas, self._status])
        self.add_class("tfw-plot")
        self._enable(None)

    # -- the front end of a run ------------------------------------------------------------------------------------

    def attach(self, run: Run) -> None:
        """Show this run from now on."""
        self.run = run
        if self.comm is not None:
            self._show_status(run.status)

    def show(self) -> None:
        """Display the plot in the current cell."""
        self._shown_at = self.canvas.sender.clock()
        self._display = cells.publish(self)

    def hide_figure(self) -> None:
        """Leave out the figure until there is something to draw: a training may make its own plots."""
        self.children = tuple(part for part in self.children if part is not self.canvas)

    def publish_picture(self) -> None:
        """Save the present picture in the notebook, for readers without a kernel."""
        if self.comm is not None:
            cells.republish(self, self._display)

    def ready(self) -> bool:
        """Whether a frame drawn now would be painted soon. The first frame waits a little for the browser to answer."""
        canvas = self.canvas
        waited = canvas.sender.clock() - self._shown_at
        return self.comm is not None and canvas.ready and (waited > INTRODUCTION or canvas.introduced)

    def draw(self, frame: Frame | None, status: Status, *, still: bool) -> None:
        """Show a frame of the run in one message; see `tfwidget.run.display.FrontEnd`."""
        if self.comm is None:
            return
        if frame is not None and self.canvas not in self.children:
            if frame.series or frame.values or frame.errors:
                self.children = (self._controls, self._knobs, self.canvas, self._status)
            else:
                frame = None
        canvas = self.canvas
        with canvas.gather():
            canvas.still = still
            due = canvas.sender.clock() >= self._told[0] + STATUS_INTERVAL
            if frame is None or still or due or status.state != self._told[1]:
                self._show_status(status)
            if frame is not None:
                self._board.update(frame)
                canvas.show()

    def _show_status(self, status: Status) -> None:
        now = self.canvas.sender.clock()
        is_new = status.state != self._told[1]
        self._told = (now, status.state)
        if is_new:
            self._enable(status)
        with self._progress.hold_sync():
            self._progress.value, self._progress.bar_style = progress(status)
        self._counter.value = counter(status)
        self._status.value = status_line(status)
        if is_new or status.state != "running" or now >= self._knobs_shown_at + KNOBS_INTERVAL:
            self._knobs_shown_at = now
            for knob in self.knobs.values():
                knob.refresh()

    # -- what the user wants ---------------------------------------------------------------------------------------

    def _enable(self, status: Status | None) -> None:
        active = status is not None and status.state in ("running", "paused")
        paused = status is not None and status.state == "paused"
        self._pause.disabled = self._step.disabled = self._stop.disabled = not active
        self._log.disabled = status is None
        with self._pause.hold_sync():
            self._pause.description = "Resume" if paused else "Pause"
            self._pause.icon = "play" if paused else "pause"
            self._pause.tooltip = "Go on with the training" if paused else "Pause the training after the step under way"

    def _toggle_pause(self) -> None:
        if self.run is None:
            return
        if self.run.state == "paused":
            self.run.resume()
        else:
            self.run.pause()

    def _toggle_log(self) -> None:
        self._board.log_scale = self._log.value
        self.canvas.draw_idle()

    def _follow(self) -> None:
        self._board.reset_view()
        self.canvas.draw_idle()

    def _set_view(self, panel: int, x: View, y: View, done: bool) -> None:
        """Take the limits to which a person has panned or zoomed a panel."""
        ax = self._board.scene.panel_of(panel)
        if ax is None:
            self.log.debug("ignored limits of a panel that is not there: %r", panel)
            return
        self.canvas.toolbar.remember_first_view()
        self._board.set_view(ax, x, y)
        if done:
            self.canvas.toolbar.push_current()

    def _set_theme(self, dark: bool) -> None:
        if self._board.set_theme(dark):
            self.canvas.draw_idle()

    def _fit(self, room: float) -> None:
        """Make the figure as narrow as the page is."""
        width, height = self.figure.bbox.size / self.canvas.device_pixel_ratio
        if room < width:
            self.canvas.handle_resize({"width": max(room, MIN_WIDTH), "height": height})

    # -- knobs -----------------------------------------------------------------------------------------------------

    def add_knob(self, knob: "Knob") -> None:
        """Show a knob under the buttons; see `tfwidget.knob`."""
        self.knobs[knob.name] = knob
        self._arrange_knobs()

    def drop_knob(self, knob: "Knob") -> None:
        """Remove a knob from the plot."""
        if self.knobs.get(knob.name) is knob:
            del self.knobs[knob.name]
            self._arrange_knobs()

    def _arrange_knobs(self) -> None:
        if self.comm is not None:
            self._knobs.children = [knob.view for knob in self.knobs.values()]
            self._knobs.layout.display = None if self.knobs else "none"

    # -- lifetime --------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the plot and all its parts. The run that it shows goes on."""
        if self.comm is not None:  # ipywidgets also closes a plot whose constructor has failed
            for knob in list(self.knobs.values()):
                knob.close()
            for part in (*self._controls.children, self._controls, self._knobs, self.canvas, self._status):
                part.close()
        super().close()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """Return the widget, and the picture for those who read the notebook without a kernel."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs)
        if self._board.names:
            with io.BytesIO() as png:
                self.figure.savefig(png, format="png", dpi="figure")
                picture = base64.b64encode(png.getvalue()).decode("ascii")
            width = self.figure.bbox.width / self.canvas.device_pixel_ratio
            bundle["image/png"] = picture
            bundle["text/html"] = (
                f'<img alt="Training curves" src="data:image/png;base64,{picture}" width="{width:.0f}">'
            )
        elif self.run is not None and self.run.state in ("running", "paused"):
            bundle["text/html"] = "<p>The training was still under way when this was saved.</p>"
        bundle["text/plain"] = "LivePlot()" if self.run is None else f"LivePlot({self.run!r})"
        return bundle


def _button(description: str, icon: str, tooltip: str) -> Button:
    button = Button(description=description, icon=icon, tooltip=tooltip, disabled=True)
    button.add_class("tfw-button")
    return button
