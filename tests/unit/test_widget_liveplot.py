"""`LivePlot` without a kernel: what it says of a run, and what its buttons ask of it."""

import base64
import io
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from ipywidgets.widgets.widget import _instances
from PIL import Image

from tfwidget.errors import TfwidgetWarning
from tfwidget.jupyter import kernel
from tfwidget.run.run import Run, State, Status
from tfwidget.widget.liveplot import INTRODUCTION, MAX_LATEST, MIN_WIDTH, LivePlot, _duration, _status_line

STATUS = Status(
    state="running",
    step=1200,
    total=4000,
    elapsed=61.4,
    steps_per_second=19.54321,
    remaining=143.0,
    plotting_share=0.0123,
    frames_per_second=12.3,
    latest={"loss": 0.123456},
    error=None,
)


@pytest.fixture
def plot() -> Iterator[LivePlot]:
    plot = LivePlot((3, 2))
    yield plot
    plot.close()
    kernel.mailbox.drain()


@pytest.fixture
def run(plot: LivePlot) -> Iterator[Run]:
    run = Run(plot, kernel.mailbox, total=10)
    plot.attach(run)
    yield run
    run.finish("stopped")


def click(button: object) -> None:
    """As the browser does, on the owner thread."""
    message = {"content": {"data": {"method": "custom", "content": {"event": "click"}}}, "buffers": []}
    button._handle_msg(message)  # type: ignore[attr-defined]


def test_while_a_run_is_under_way_its_figure_is_streamed_and_when_it_ends_agg_draws_it(
    plot: LivePlot, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, str]] = []

    def send(content: dict[str, str], buffers: object = None) -> None:
        message = json.loads(content["data"])
        if "frame" in message:
            sent.append((message["type"], run.state))
            acknowledgement = {"type": "frame_ack", "frame": message["frame"]}
            kernel.mailbox.post(lambda: plot.canvas._handle_message(None, acknowledgement, []))

    monkeypatch.setattr(plot.canvas, "send", send)
    ready = {"type": "ready", "device_pixel_ratio": 1, "theme": "light", "stream": 1}
    plot.canvas._handle_message(None, ready, [])
    for step in range(3):
        run.log({"loss": 1.0 / (1 + step), "weights": np.ones(5)})
        run._budget.due = 0.0
        run.step_done()
        kernel.mailbox.drain()
    run.finish("finished")
    assert sent[-2:] == [("stream", "running"), ("binary", "finished")]


class Painter:
    """The browser's part: keeps the paths of the stream as it would paint them, and acknowledges at once."""

    def __init__(self, plot: LivePlot, monkeypatch: pytest.MonkeyPatch) -> None:
        self.plot = plot
        self.kinds: list[str] = []
        self.paths: dict[tuple[int, int], np.ndarray] = {}
        monkeypatch.setattr(plot.canvas, "send", self.receive)
        self.tell({"type": "ready", "device_pixel_ratio": 1, "theme": "light", "stream": 1})

    def tell(self, message: dict[str, object]) -> None:
        self.plot.canvas._handle_message(None, {"client": "page", **message}, [])

    def receive(self, content: dict[str, str], buffers: Sequence[bytes] = ()) -> None:
        message = json.loads(content["data"])
        if "frame" not in message:
            return
        if message["type"] == "binary":
            self.kinds.append("picture")
        elif "growth" in message:
            self.kinds.append("growth")
            added = np.frombuffer(buffers[0], np.float32).reshape(-1, 2)
            for panel, item, count in message["growth"]:
                self.paths[panel, item] = np.concatenate((self.paths[panel, item], added[:count]))
                added = added[count:]
            assert not len(added)
        else:
            self.kinds.append("whole")
            self.paths = {
                (panel, number): np.frombuffer(buffers[0], np.float32, 2 * item["points"], item["at"]).reshape(-1, 2)
                for panel, one in enumerate(message["panels"])
                for number, item in enumerate(one["items"])
                if item["kind"] == "path"
            }
        kernel.mailbox.post(lambda: self.tell({"type": "frame_ack", "frame": message["frame"]}))

    def train(self, run: Run, steps: int, *, whole: bool = False, **values: float) -> list[str]:
        """Make steps, each with a frame, the first whole or none; return what kinds of frame came."""
        self.kinds = []
        run._budget.whole_due = 0.0 if whole else math.inf
        for _ in range(steps):
            run.log(values or {"loss": 1.0 / (run.step + 2), "accuracy": math.sin(run.step)})
            run._budget.due = 0.0
            run.step_done()
            run._budget.whole_due = math.inf
            kernel.mailbox.drain()
        return self.kinds


def test_the_first_frame_waits_a_little_for_the_browsers_first_word(
    plot: LivePlot, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    plot.canvas.flow.clock = lambda: now
    monkeypatch.setattr(kernel, "publish", lambda widget: None)
    assert plot.ready(), "nobody knows when it was displayed, if it was"
    plot.show()
    assert not plot.ready()
    now += 0.9 * INTRODUCTION
    assert not plot.ready()
    Painter(plot, monkeypatch)
    assert plot.canvas.introduced
    kernel.mailbox.drain()
    plot.canvas.flow._in_flight.clear()
    assert plot.ready()
    plot.canvas.flow.clients.clear()
    assert not plot.ready()
    now += 0.2 * INTRODUCTION
    assert plot.ready(), "there may be no browser at all"


def test_between_whole_frames_curves_only_grow_and_look_the_same(
    plot: LivePlot, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    painter = Painter(plot, monkeypatch)
    painter.train(run, 105)
    assert painter.kinds[-1] == "growth"
    assert painter.train(run, 3, whole=True) == ["whole", "growth", "growth"]
    assert painter.train(run, 40) == ["growth"] * 40
    grown = painter.paths
    assert painter.train(run, 1, whole=True) == ["whole"]
    curves = {place: path for place, path in painter.paths.items() if not np.isnan(path).any()}
    assert len(curves) == 2
    for place, path in curves.items():
        # Of many points on few pixels a whole frame keeps only the extremes: those must be among the points.
        inside = {tuple(point) for point in np.round(grown[place], 1).tolist()}
        missing = [point for point in np.round(path, 1).tolist()[:-1] if tuple(point) not in inside]
        assert missing == []


def test_curves_do_not_just_grow_where_that_would_not_show_them(
    plot: LivePlot, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    painter = Painter(plot, monkeypatch)
    painter.train(run, 105)
    for values in ({"loss": 1e6}, {"loss": math.nan}, {"accuracy": -math.inf}):
        assert painter.train(run, 4, whole=True)[-1] == "growth"
        assert painter.train(run, 1, **values) == ["whole"]
    painter.train(run, 1, whole=True, loss=math.nan)
    assert painter.train(run, 3, loss=1.0) == ["whole", "whole", "growth"], "after a gap a point stands alone"
    painter.train(run, 1, whole=True)
    painter.plot.figure.suptitle("mine")
    assert painter.train(run, 1) == ["whole"], "the user has changed the figure"


def test_a_plot_that_is_shown_again_at_the_end_of_its_cell_is_not_drawn_again(
    plot: LivePlot, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    painter = Painter(plot, monkeypatch)
    ready = {"type": "ready", "device_pixel_ratio": 1, "theme": "dark", "stream": 1, "room": 2000}
    painter.tell(ready)
    painter.train(run, 5)
    run.finish("finished")
    kernel.mailbox.drain()
    plot._repr_mimebundle_()
    painter.kinds = []
    for message in (ready, {"type": "refresh"}, ready):
        painter.tell(message)
        kernel.mailbox.drain()
    assert painter.kinds == []
    painter.tell({**ready, "theme": "light"})
    kernel.mailbox.drain()
    assert painter.kinds == ["picture"]


def test_curves_that_end_out_of_view_do_not_grow_there(
    plot: LivePlot, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    painter = Painter(plot, monkeypatch)
    painter.train(run, 105)
    past, _ = plot.figure.axes
    past.set_xlim(10, 20)
    painter.train(run, 1, whole=True)
    before = painter.paths.copy()
    assert painter.train(run, 3) == ["growth"] * 3
    grown = [place for place, path in painter.paths.items() if len(path) > len(before[place])]
    assert len(grown) == 1, "a line from there to the newest step would cross what was left out"
    past.set_xlim(10, 1000)
    painter.train(run, 1, whole=True)
    before = painter.paths.copy()
    assert painter.train(run, 3) == ["growth"] * 3
    assert sum(len(path) > len(before[place]) for place, path in painter.paths.items()) == 2


# -- what it says ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (0.4, "0:00"),
        (59.6, "1:00"),
        (61.4, "1:01"),
        (3599.7, "1:00:00"),
        (90_000, "25:00:00"),
        (math.inf, "∞"),
        (math.nan, "∞"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert _duration(seconds) == text


def test_the_status_line_tells_it_all() -> None:
    line = _status_line(STATUS)
    for text in ("running", "19.54 steps/s", "12 frames/s", "1:01", "2:23", "1.2%", "loss", "0.1235"):
        assert text in line
    assert "tfw-error" not in line


@pytest.mark.parametrize("state", get_args(State.__value__ if hasattr(State, "__value__") else State))
def test_each_state_has_a_badge_of_its_own(state: State) -> None:
    assert f'tfw-{state}">{state}<' in _status_line(replace(STATUS, state=state))


def test_what_is_not_known_is_not_said() -> None:
    assert "left" not in _status_line(replace(STATUS, remaining=None))


def test_a_long_list_of_values_is_cut() -> None:
    line = _status_line(replace(STATUS, latest={f"metric {i}": i for i in range(200)}))
    assert f"metric {MAX_LATEST - 1}<" in line
    assert f"metric {MAX_LATEST}<" not in line
    assert f"+{200 - MAX_LATEST} more" in line


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_no_number(value: float) -> None:
    assert f"> {value}</span>" in _status_line(replace(STATUS, latest={"loss": value}))


def test_names_and_errors_of_the_user_are_text_not_html() -> None:
    line = _status_line(replace(STATUS, latest={"<b>loss": 1.0}, error="ValueError: <script>" + "x" * 1000))
    assert "&lt;b&gt;loss" in line
    assert "&lt;script&gt;" in line
    assert "<script>" not in line
    assert "x" * 301 not in line


@pytest.mark.parametrize(
    ("status", "value", "style"),
    [
        (STATUS, 0.3, ""),
        (replace(STATUS, step=5000), 1.0, ""),
        (replace(STATUS, state="paused"), 0.3, "warning"),
        (replace(STATUS, state="finished", step=4000), 1.0, "success"),
        (replace(STATUS, state="failed"), 0.3, "danger"),
        (replace(STATUS, state="stopped"), 0.3, ""),
        (replace(STATUS, total=None), 1.0, ""),
        (replace(STATUS, total=None, step=0), 0.0, ""),
        (replace(STATUS, total=0, step=0), 0.0, ""),
    ],
)
def test_the_progress_bar(plot: LivePlot, status: Status, value: float, style: str) -> None:
    plot.show_status(status)
    assert (plot._progress.value, plot._progress.bar_style) == (value, style)


def test_the_counter(plot: LivePlot) -> None:
    plot.show_status(STATUS)
    assert "1,200 / 4,000" in plot._counter.value
    plot.show_status(replace(STATUS, total=None))
    assert "/" not in plot._counter.value.replace("</span>", "")


# -- its buttons -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "active", "pause"),
    [
        ("running", True, "Pause"),
        ("paused", True, "Resume"),
        ("finished", False, "Pause"),
        ("stopped", False, "Pause"),
        ("failed", False, "Pause"),
    ],
)
def test_buttons_can_be_pressed_when_they_do_something(plot: LivePlot, state: State, active: bool, pause: str) -> None:
    buttons = (plot._pause, plot._step, plot._stop)
    assert all(button.disabled for button in (*buttons, plot._log))
    plot.show_status(replace(STATUS, state=state))
    assert [button.disabled for button in buttons] == [not active] * 3
    assert not plot._log.disabled
    assert plot._pause.description == pause
    assert plot._pause.tooltip


def test_every_button_has_a_tooltip(plot: LivePlot) -> None:
    assert all(button.tooltip for button in (plot._pause, plot._step, plot._stop, plot._log))


def test_buttons_without_a_run_do_nothing(plot: LivePlot) -> None:
    for button in (plot._pause, plot._step, plot._stop):
        click(button)


def test_buttons_steer_the_run(plot: LivePlot, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, str, int]] = []
    turns: list[Callable[[], None]] = []

    def turn(button: object) -> Callable[[], None]:
        def note_and_click() -> None:
            seen.append((run.state, plot._pause.description, run.step))
            click(button)

        return note_and_click

    turns += [turn(plot._step), turn(plot._step), turn(plot._pause)]
    # The paused run waits for messages: each wait is one turn.
    monkeypatch.setattr(kernel.mailbox, "wait", lambda timeout: turns.pop(0)() or True)
    click(plot._pause)
    while run.step_done():
        if run.step == 5:
            click(plot._stop)
    assert seen == [("paused", "Resume", 1), ("paused", "Resume", 2), ("paused", "Resume", 3)]
    assert turns == []
    assert run.step == 6
    run.finish("stopped")
    assert plot._pause.disabled
    assert plot._pause.description == "Pause"


def test_the_log_button_switches_the_scale_and_draws(plot: LivePlot, run: Run) -> None:
    run.log({"loss": 1.0})
    run.step_done()
    draws: list[object] = []
    plot.canvas.mpl_connect("draw_event", draws.append)
    plot.canvas.flow._in_flight.clear()
    plot._log.value = True
    kernel.mailbox.drain()
    assert plot.figure.axes[0].get_yscale() == "log"
    assert len(draws) == 1


# -- its figure --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "figsize", [None, 5, (5,), (1, 2, 3), (0.5, 5), (5, 51), ("5", 5), (math.nan, 5), (math.inf, 5)]
)
def test_a_bad_size(figsize: object) -> None:
    with pytest.raises(ValueError, match=r"LivePlot: figsize must be \(width, height\) in inches"):
        LivePlot(figsize)  # type: ignore[arg-type]


@pytest.mark.parametrize("max_panels", [0, -1, 2.5, "3", None])
def test_a_bad_number_of_panels(max_panels: object) -> None:
    with pytest.raises(ValueError, match="LivePlot: max_panels must be a positive integer"):
        LivePlot(max_panels=max_panels)  # type: ignore[arg-type]


def test_draws_what_was_logged(plot: LivePlot, run: Run) -> None:
    run.log({"loss": 1.0, "weights": np.arange(100.0)})
    run.step_done()
    assert len([ax for ax in plot.figure.axes if ax.get_visible()]) == 2
    assert plot.canvas.moving
    assert not plot.ready(), "the frame is in flight"


def test_home_follows_the_data_again(plot: LivePlot, run: Run) -> None:
    run.log({"loss": 1.0})
    run.step_done()
    ax = plot.figure.axes[0]
    before = ax.get_ylim()
    ax.set_ylim(100, 200)
    plot.canvas.toolbar.home()
    run.log({"loss": 1.0})
    run.finish("finished")
    assert ax.get_ylim() == before


def test_becomes_as_narrow_as_the_page(plot: LivePlot) -> None:
    def width() -> float:
        return float(plot.figure.bbox.width / plot.canvas.device_pixel_ratio)

    initial = width()
    for room, expected in ((initial + 100, initial), (10, MIN_WIDTH)):
        plot.canvas._handle_message(
            plot.canvas, {"type": "ready", "device_pixel_ratio": 2, "theme": "dark", "room": room}, []
        )
        assert width() == pytest.approx(min(expected, initial), abs=1)


def test_offers_a_picture_to_those_without_a_kernel(plot: LivePlot, run: Run) -> None:
    assert "image/png" not in plot._repr_mimebundle_(), "nothing to see yet"
    run.log({"loss": 1.0})
    run.step_done()
    bundle = plot._repr_mimebundle_()
    picture = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    assert picture.size == (300, 200)
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == plot.model_id
    assert bundle["text/plain"] == "LivePlot(<tfwidget run: running, step 1 of 10>)"


# -- its end -----------------------------------------------------------------------------------------------------------


def test_a_closed_plot_leaves_no_widget_and_does_not_disturb_its_run() -> None:
    before = set(_instances)
    plot = LivePlot((3, 2))
    run = Run(plot, kernel.mailbox)
    plot.attach(run)
    run.log({"loss": 1.0})
    run.step_done()
    plot.close()
    assert set(_instances) == before
    for _ in range(3):
        run.log({"loss": 1.0})
        assert run.step_done()
    run.finish("finished")
    plot.publish_picture()
    plot.close()
    kernel.mailbox.drain()


def test_a_failing_plot_is_told_once(plot: LivePlot, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plot.canvas, "draw", lambda: 1 / 0)
    run.log({"loss": 1.0})
    with pytest.warns(TfwidgetWarning, match="could not be drawn, the run goes on: ZeroDivisionError"):
        run.step_done()
    assert run.step_done()
