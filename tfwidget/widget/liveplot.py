"""`LivePlot`: a figure, the buttons that steer a run, and the numbers that tell where it is.

Invariant: a `LivePlot` shows what a run says and passes on what the user wants; it decides nothing about the training.
"""

import base64
import html
import io
import math
from typing import TYPE_CHECKING, Any

import ipywidgets

from tfwidget.canvas.backend import new_canvas
from tfwidget.jupyter import kernel
from tfwidget.jupyter.kernel import Confined
from tfwidget.plot import Board
from tfwidget.record.history import Frame
from tfwidget.run.run import Run, Status

if TYPE_CHECKING:
    from tfwidget.widget.knobs import Knob

__all__ = ["ConfinedHBox", "ConfinedHTML", "LivePlot"]

MIN_WIDTH = 300
"""A figure is made no narrower than this, in CSS pixels."""

INTRODUCTION = 0.3
"""Seconds that a browser has to say that it is there, and what it can paint: before, a frame is drawn in vain."""

MAX_LATEST = 6
"""So many latest values are shown as numbers."""


class _Button(Confined, ipywidgets.Button):
    pass


class _ToggleButton(Confined, ipywidgets.ToggleButton):
    pass


class _Progress(Confined, ipywidgets.FloatProgress):
    pass


class ConfinedHTML(Confined, ipywidgets.HTML):
    """Text."""


class ConfinedHBox(Confined, ipywidgets.HBox):
    """A row of widgets."""


class LivePlot(Confined, ipywidgets.VBox):
    """A Matplotlib figure that follows a training run, with the controls to steer it.

    `tfwidget.live` and `tfwidget.LiveCallback` make one of their own; make it yourself to place it among other
    widgets, to choose its size, or to use one plot for several runs.

    Parameters
    ----------
    figsize : tuple of float, optional
        Width and height of the figure in inches.
    max_panels : int, optional
        The largest number of panels; what is logged beyond is recorded, not shown.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        The figure. Its axes may be styled by the user, on the main thread.
    run : Run or None
        The run shown now, or last.
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
        self.canvas.stream = self._board.stream
        self.canvas.on_home = self._follow
        self.canvas.on_theme = self._set_theme
        self.canvas.on_room = self._fit
        self._display: Any = None
        self._shown_at = -math.inf

        self._pause = _button("Pause", "pause", "Pause the training after the step under way")
        self._step = _button("Step", "step-forward", "Make exactly one step, then pause again")
        self._stop = _button(
            "Stop",
            "stop",
            "End the training after the step under way; everything so far is kept",
        )
        self._log = _ToggleButton(
            value=False,
            description="Log",
            icon="line-chart",
            tooltip="Show the curves on a logarithmic scale",
            disabled=True,
        )
        self._log.add_class("tfw-button")
        self._progress = _Progress(value=0.0, min=0.0, max=1.0)
        self._progress.layout.flex = "1 1 120px"
        self._progress.layout.width = "auto"
        self._counter = ConfinedHTML()
        self._status = ConfinedHTML(_muted("Waiting for the first step"))
        self._status.add_class("tfw-status")
        self._pause.on_click(lambda _: self._toggle_pause())
        self._step.on_click(lambda _: self.run and self.run.advance())
        self._stop.on_click(lambda _: self.run and self.run.stop())
        self._log.observe(lambda _: self._toggle_log(), "value")
        self._controls = ConfinedHBox(
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
        self._knobs = ConfinedHBox()
        self._knobs.add_class("tfw-knobs")
        self._knobs.layout.display = "none"
        super().__init__([self._controls, self._knobs, self.canvas, self._status])
        self.add_class("tfw-plot")
        self._enable(None)

    # -- the front end of a run ------------------------------------------------------------------------------------

    def attach(self, run: Run) -> None:
        """Show this run from now on."""
        self.run = run
        self.show_status(run.status)

    def show(self) -> None:
        """Display the plot in the current cell."""
        self._shown_at = self.canvas.flow.clock()
        self._display = kernel.publish(self)

    def hide_figure(self) -> None:
        """Leave out the figure until there is something to draw: a run may plot all by itself."""
        self.children = tuple(part for part in self.children if part is not self.canvas)

    def publish_picture(self) -> None:
        """Put the picture as it is now into the notebook, for those who read it later without a kernel."""
        if self.comm is not None:
            kernel.republish(self, self._display)

    def ready(self) -> bool:
        """Whether the browser has painted the frame before; the first waits a little for the browser's first word."""
        canvas = self.canvas
        introduced = canvas.introduced or canvas.flow.clock() - self._shown_at > INTRODUCTION
        return self.comm is not None and introduced and canvas.ready

    def append(self) -> bool:
        """Show by what the curves have grown; False where a whole frame is due."""
        if self.comm is None:
            return True
        growth = self._board.append() if self.canvas.can_append else None
        if growth is None:
            return False
        self.canvas.append(*growth)
        return True

    def draw(self, frame: Frame) -> None:
        """Draw a frame of the run."""
        if self.comm is None:
            return
        if self.canvas not in self.children:
            if not (frame.series or frame.values or frame.errors):
                return
            self.children = (self._controls, self._knobs, self.canvas, self._status)
        # When the run pauses or ends, what stays in sight is Matplotlib's own.
        self.canvas.live = self.run is not None and self.run.state == "running"
        rebuilt = self._board.set_live(self.canvas.streaming)
        rebuilt |= self._board.update(frame)
        self.canvas.moving = self._board.moving
        if rebuilt:
            self.canvas.draw()
        else:
            self.canvas.draw_moving()

    def show_status(self, status: Status) -> None:
        """Show where the run is."""
        if self.comm is None:
            return
        self._enable(status)
        with self._progress.hold_sync():
            if status.total:
                self._progress.value = min(status.step / status.total, 1.0)
            else:
                # Without a known total, a full bar says only whether the run is alive.
                self._progress.value = 1.0 if status.step else 0.0
            self._progress.bar_style = {
                "finished": "success",
                "failed": "danger",
                "paused": "warning",
            }.get(status.state, "")
        self._counter.value = _counter(status)
        self._status.value = _status_line(status)
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
        self._redraw()

    def _follow(self) -> None:
        self._board.reset_view()
        self._redraw()

    def _set_theme(self, dark: bool) -> None:
        if self._board.set_theme(dark):
            self._redraw()

    def _redraw(self) -> None:
        self.canvas.moving = self._board.moving
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
        """Show a knob no longer."""
        if self.knobs.get(knob.name) is knob:
            del self.knobs[knob.name]
            self._arrange_knobs()

    def _arrange_knobs(self) -> None:
        if self.comm is not None:
            self._knobs.children = [knob.view for knob in self.knobs.values()]
            self._knobs.layout.display = None if self.knobs else "none"

    # -- lifetime --------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the plot and all its parts. A run that it shows goes on."""
        if self.comm is not None:  # Python closes what could not be made, too
            for knob in list(self.knobs.values()):
                knob.close()
            for part in (*self._controls.children, self._controls, self._knobs, self.canvas, self._status):
                part.close()
        super().close()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The widget, with the picture for those who read the notebook without a kernel."""
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


def _button(description: str, icon: str, tooltip: str) -> _Button:
    button = _Button(description=description, icon=icon, tooltip=tooltip, disabled=True)
    button.add_class("tfw-button")
    return button


def _muted(text: str) -> str:
    return f'<span class="tfw-muted">{html.escape(text)}</span>'


def _counter(status: Status) -> str:
    total = "" if status.total is None else f" / {status.total:,}"
    return f'<span style="white-space: nowrap"><span class="tfw-muted">step</span> {status.step:,}{total}</span>'


def _status_line(status: Status) -> str:
    parts = [f'<span class="tfw-badge tfw-{status.state}">{status.state}</span>']
    if status.steps_per_second is not None:
        parts.append(_value("", f"{_number(status.steps_per_second)} steps/s"))
    parts.append(_value("elapsed", _duration(status.elapsed)))
    if status.remaining is not None:
        parts.append(_value("left", _duration(status.remaining)))
    if status.state == "running":
        parts.append(_value("", f"{status.frames_per_second:.0f} frames/s"))
    parts.append(
        '<span class="tfw-value" title="Share of the time that went into plotting, after the first frames">'
        f'<span class="tfw-muted">plotting</span> {status.plotting_share:.1%}</span>'
    )
    latest = list(status.latest.items())
    parts += [_value(name, _number(value)) for name, value in latest[:MAX_LATEST]]
    if len(latest) > MAX_LATEST:
        parts.append(_muted(f"+{len(latest) - MAX_LATEST} more"))
    line = f'<div class="tfw-line">{" ".join(parts)}</div>'
    if status.waits_for is not None:
        line += f'<div class="tfw-note tfw-late">waits for {html.escape(status.waits_for)}</div>'
    elif status.slow_step is not None:
        text = f"a step takes {status.slow_step:.1f} s, and other cells wait as long"
        line += f'<div class="tfw-note">{text}</div>'
    return line if status.error is None else f'{line}<div class="tfw-error">{html.escape(status.error[:300])}</div>'


def _value(name: str, text: str) -> str:
    label = f'<span class="tfw-muted">{html.escape(name)}</span> ' if name else ""
    return f'<span class="tfw-value">{label}{html.escape(text)}</span>'


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else str(value)


def _duration(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "∞"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
