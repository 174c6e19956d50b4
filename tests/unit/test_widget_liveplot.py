"""`LivePlot` without a kernel: what its page is sent of a run, and what its buttons ask of it."""

import base64
import io
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from ipywidgets.widgets.widget import _instances
from PIL import Image

from tests.unit.canvas_browsers import listen, new_canvas, reference, tell
from tests.unit.clock import Clock
from tfwidget.errors import TfwidgetWarning
from tfwidget.jupyter import cells, owner
from tfwidget.run.budget import Pace
from tfwidget.run.run import Run
from tfwidget.run.status import State
from tfwidget.scene.protocol import VERSION
from tfwidget.widget import liveplot
from tfwidget.widget.liveplot import INTRODUCTION, MIN_WIDTH, STATUS_INTERVAL, LivePlot


@pytest.fixture
def plot(monkeypatch: pytest.MonkeyPatch) -> Iterator[LivePlot]:
    """A plot with a clock of its own, which is also that of its run."""
    monkeypatch.setattr(liveplot, "new_canvas", new_canvas)
    plot = LivePlot((3, 2))
    yield plot
    plot.close()
    owner.mailbox.drain()


@pytest.fixture
def run(plot: LivePlot) -> Iterator[Run]:
    run = Run(plot, owner.mailbox, total=1000, pace=Pace(1.0, 1e9), clock=clock_of(plot))
    plot.attach(run)
    yield run
    run.finish("stopped")


def clock_of(plot: LivePlot) -> Clock:
    clock = plot.canvas.sender.clock
    assert isinstance(clock, Clock)
    return clock


def parts(plot: LivePlot) -> list[Any]:
    """All widgets of a plot but its figure."""
    found: list[Any] = []
    waiting = [part for part in plot.children if part is not plot.canvas]
    while waiting:
        part = waiting.pop(0)
        found.append(part)
        waiting += getattr(part, "children", ())
    return found


def button(plot: LivePlot, description: str) -> Any:
    return next(part for part in parts(plot) if getattr(part, "description", None) == description)


def status_line(plot: LivePlot) -> str:
    return next(str(part.value) for part in parts(plot) if "tfw-status" in part._dom_classes)


def click(part: Any) -> None:
    """As the browser does, on the owner thread."""
    tell(part, {"event": "click"})


class Page:
    """The browser's part: keeps what it is sent, and acknowledges what it is asked to."""

    def __init__(self, plot: LivePlot) -> None:
        self.plot = plot
        self.scenes: list[dict[str, Any]] = []
        self.kinds: list[str] = []
        self.own: list[object] = []
        listen(plot.canvas, self.receive)
        for part in parts(plot):
            listen(part, lambda data, _buffers: self.own.append(data))
        self.tell("ready", device_pixel_ratio=1, theme="light", scene=VERSION)

    def tell(self, kind: str, **fields: object) -> None:
        if self.plot.comm is not None:
            tell(self.plot.canvas, {"type": kind, "client": "page", **fields})

    def receive(self, data: dict[str, Any], _buffers: Sequence[bytes]) -> None:
        content = data.get("content", {})
        if content.get("type") == "scene":
            self.scenes.append(content)
            self.kinds.append("scene" if content["show"] else "hidden scene")
            if content["ack"]:
                owner.mailbox.post(lambda: self.tell("frame_ack", frame=content["frame"]))
        elif '"binary"' in content.get("data", ""):
            self.kinds.append("picture")
            frame = self.plot.canvas.sender.frame
            owner.mailbox.post(lambda: self.tell("frame_ack", frame=frame))

    def train(self, run: Run, steps: int = 1, **values: object) -> list[str]:
        """Make steps, each with a frame; return what kinds of message came."""
        self.kinds = []
        for _ in range(steps):
            run.log(values or {"loss": 1.0 / (run.step + 2), "weights": np.full(5, run.step)})
            clock_of(self.plot).now += 0.1
            run.step_done()
            owner.mailbox.drain()
        return self.kinds


# -- frames ------------------------------------------------------------------------------------------------------------


def test_while_a_run_is_under_way_one_message_brings_each_frame_and_at_its_end_agg_draws(
    plot: LivePlot, run: Run
) -> None:
    page = Page(plot)
    page.train(run, 2)
    draws: list[object] = []
    plot.canvas.mpl_connect("draw_event", draws.append)
    page.own.clear()
    assert page.train(run, 20) == ["scene"] * 20
    assert page.own == []
    assert draws == []
    updates = {trait for scene in page.scenes[-20:] for state in scene["updates"].values() for trait in state}
    assert updates == {"value"}
    page.kinds = []
    run.finish("finished")
    owner.mailbox.drain()
    assert page.kinds == ["hidden scene", "picture"]
    assert len(draws) == 1
    assert "tfw-finished" in str(page.scenes[-1]["updates"])


def test_the_status_is_told_no_more_often_than_it_can_be_read(plot: LivePlot, run: Run) -> None:
    page = Page(plot)
    page.train(run, 2)
    told = 0
    for _ in range(50):
        run.log({"loss": 1.0})
        clock_of(plot).now += STATUS_INTERVAL / 5
        run.step_done()
        owner.mailbox.drain()
        told += bool(page.scenes[-1]["updates"])
        page.scenes[-1]["updates"] = {}
    assert 7 <= told <= 11


def test_at_a_pause_the_picture_stays_and_then_the_scene_goes_on(plot: LivePlot, run: Run) -> None:
    page = Page(plot)
    page.train(run, 3)
    page.kinds = []
    plot.draw(None, run.status, still=True)
    owner.mailbox.drain()
    assert page.kinds[-1] == "picture"
    assert page.train(run, 1) == ["scene"]


def test_the_first_frame_waits_a_little_for_the_browsers_first_word(
    plot: LivePlot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "publish", lambda widget: None)
    clock = clock_of(plot)
    assert plot.ready(), "nobody knows when it was displayed, if it was"
    plot.show()
    assert not plot.ready()
    clock.now += 0.9 * INTRODUCTION
    assert not plot.ready()
    clock.now += 0.2 * INTRODUCTION
    assert plot.ready(), "there may be no browser at all"
    plot.show()
    assert not plot.ready()
    Page(plot)
    owner.mailbox.drain()
    assert plot.ready()


def test_a_plot_that_is_shown_again_at_the_end_of_its_cell_is_not_drawn_again(plot: LivePlot, run: Run) -> None:
    page = Page(plot)
    ready = {"device_pixel_ratio": 1, "theme": "dark", "scene": VERSION, "room": 2000}
    page.tell("ready", **ready)
    page.train(run, 5)
    run.finish("finished")
    owner.mailbox.drain()
    plot._repr_mimebundle_()
    page.kinds = []
    for kind, fields in (("ready", ready), ("refresh", {}), ("ready", ready)):
        page.tell(kind, **fields)
        owner.mailbox.drain()
    assert page.kinds == []
    page.tell("ready", **{**ready, "theme": "light"})
    for _ in range(3):
        owner.mailbox.drain()
    assert page.kinds == ["hidden scene", "picture"]


def test_a_figure_without_values_is_not_there_before_there_are_some(plot: LivePlot, run: Run) -> None:
    plot.hide_figure()
    page = Page(plot)
    clock_of(plot).now += 1.0
    run.step_done()
    assert plot.canvas not in plot.children
    page.train(run, 1)
    assert plot.canvas in plot.children


def test_a_page_that_is_out_of_sight_is_sent_no_frames(plot: LivePlot, run: Run) -> None:
    page = Page(plot)
    page.train(run, 2)
    page.tell("visible", visible=False)
    assert page.train(run, 5) == []
    page.tell("visible", visible=True)
    owner.mailbox.drain()
    assert page.train(run, 1)[-1] == "scene"


# -- pan and zoom ------------------------------------------------------------------------------------------------------


def panels(page: Page) -> dict[int, dict[str, Any]]:
    """The panels that a page has been told of, as they are now."""
    nodes: dict[int, dict[str, Any]] = {}
    for scene in page.scenes:
        for number, properties in scene["nodes"]:
            nodes.setdefault(number, {}).update(properties)
    return {number: node for number, node in nodes.items() if node.get("kind") == "panel"}


def test_limits_that_a_person_sets_stay_and_home_and_back_undo_them(plot: LivePlot, run: Run) -> None:
    page = Page(plot)
    page.train(run, 5, loss=1.0)
    number = next(iter(panels(page)))
    ax = plot.figure.axes[0]
    before = ax.get_xlim()
    page.tell("view", number=1, panel=number, x=[1, 2], y=[0.5, 3], done=False)
    page.tell("view", number=2, panel=number, x=[2, 3], y=[0.5, 3], done=True)
    for _ in range(2):
        owner.mailbox.drain()
    assert ax.get_xlim() == (2, 3)
    assert page.scenes[-1]["handled"] == {"page": 2}
    assert panels(page)[number]["x"]["limits"] == [2, 3]
    page.tell("view", number=3, panel=10**9, x=[5, 6], y=[0.5, 3], done=True)  # of no panel: nothing to go back to
    page.tell("toolbar_button", name="back")
    assert ax.get_xlim() == before
    page.tell("toolbar_button", name="forward")
    page.train(run, 2, loss=2.0)
    assert ax.get_xlim() == (2, 3)
    page.tell("toolbar_button", name="home")
    page.train(run, 1, loss=2.0)
    assert ax.get_xlim()[1] > 7, "it follows the data"


@pytest.mark.parametrize("panel", [0, 10**9])
def test_limits_of_a_panel_that_is_not_there_are_ignored(plot: LivePlot, run: Run, panel: int) -> None:
    page = Page(plot)
    page.train(run, 3, loss=1.0)
    before = [(ax.get_xlim(), ax.get_ylim()) for ax in plot.figure.axes]
    page.tell("view", number=7, panel=panel, x=[1, 2], y=[0.5, 3], done=True)
    for _ in range(2):
        owner.mailbox.drain()
    assert [(ax.get_xlim(), ax.get_ylim()) for ax in plot.figure.axes] == before
    assert page.scenes[-1]["handled"] == {"page": 7}, "the page need not wait"


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


# -- its buttons -------------------------------------------------------------------------------------------------------


def test_every_button_has_a_tooltip_and_none_does_anything_without_a_run(plot: LivePlot) -> None:
    for description in ("Pause", "Step", "Stop", "Log"):
        assert button(plot, description).tooltip
        assert button(plot, description).disabled
        click(button(plot, description))


@pytest.mark.parametrize(
    ("state", "active", "pause"),
    [
        ("running", True, "Pause"),
        ("ended", False, "Pause"),
        ("finished", False, "Pause"),
        ("stopped", False, "Pause"),
        ("failed", False, "Pause"),
    ],
)
def test_buttons_can_be_pressed_when_they_do_something(
    plot: LivePlot, run: Run, state: State, active: bool, pause: str
) -> None:
    run.step_done()
    if state == "ended":
        run.leave()
    elif state != "running":
        run.finish(state)  # type: ignore[arg-type]
    assert [button(plot, name).disabled for name in (pause, "Step", "Stop")] == [not active] * 3
    assert not button(plot, "Log").disabled
    assert f"tfw-{state}" in status_line(plot)


def test_buttons_steer_the_run(plot: LivePlot, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int]] = []
    turns: list[Callable[[], None]] = []

    def turn(description: str) -> Callable[[], None]:
        def note_and_click() -> None:
            assert button(plot, "Resume").tooltip
            seen.append((run.state, run.step))
            click(button(plot, description))

        return note_and_click

    turns += [turn("Step"), turn("Step"), turn("Resume")]
    # The paused run waits for messages: each wait is one turn.
    monkeypatch.setattr(owner.mailbox, "wait", lambda timeout: turns.pop(0)() or True)
    click(button(plot, "Pause"))
    while run.step_done():
        if run.step == 5:
            click(button(plot, "Stop"))
    assert seen == [("paused", 1), ("paused", 2), ("paused", 3)]
    assert turns == []
    assert run.step == 6
    run.finish("stopped")
    assert button(plot, "Pause").disabled


def test_the_log_button_switches_the_scale_and_draws(plot: LivePlot, run: Run) -> None:
    page = Page(plot)
    page.train(run, 2, loss=1.0)
    button(plot, "Log").value = True
    page.kinds = []
    owner.mailbox.drain()
    assert plot.figure.axes[0].get_yscale() == "log"
    assert page.kinds == ["scene"]


# -- its figure --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "figsize", [None, 5, (5,), (1, 2, 3), (0.5, 5), (5, 51), ("5", 5), (math.nan, 5), (math.inf, 5)]
)
def test_a_bad_size(figsize: Any) -> None:
    with pytest.raises(ValueError, match=r"LivePlot: figsize must be \(width, height\) in inches"):
        LivePlot(figsize)


@pytest.mark.parametrize("max_panels", [0, -1, 2.5, "3", None])
def test_a_bad_number_of_panels(max_panels: Any) -> None:
    with pytest.raises(ValueError, match="LivePlot: max_panels must be a positive integer"):
        LivePlot(max_panels=max_panels)


def test_draws_what_was_logged(plot: LivePlot, run: Run) -> None:
    run.log({"loss": 1.0, "weights": np.arange(100.0)})
    run.step_done()
    assert len([ax for ax in plot.figure.axes if ax.get_visible()]) == 2
    assert not plot.ready(), "the frame is in flight"


def test_becomes_as_narrow_as_the_page(plot: LivePlot) -> None:
    def width() -> float:
        return float(plot.figure.bbox.width / plot.canvas.device_pixel_ratio)

    initial = width()
    for room, expected in ((initial + 100, initial), (10, MIN_WIDTH)):
        tell(plot.canvas, {"type": "ready", "device_pixel_ratio": 2, "theme": "dark", "room": room})
        assert width() == pytest.approx(min(expected, initial), abs=1)


def test_offers_a_picture_to_those_without_a_kernel(plot: LivePlot, run: Run) -> None:
    assert "image/png" not in plot._repr_mimebundle_(), "nothing to see yet"
    run.log({"loss": 1.0})
    run.step_done()
    bundle = plot._repr_mimebundle_()
    picture = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    assert picture.size == (300, 200)
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == plot.model_id
    assert bundle["text/plain"] == "LivePlot(<tfwidget run: running, step 1 of 1000>)"


def test_saving_the_figure_does_not_keep_a_change_from_the_page(plot: LivePlot, run: Run) -> None:
    page = Page(plot)
    page.train(run, 2, loss=1.0)
    plot.figure.axes[0].set_facecolor("#123456")
    reference(plot.figure)
    plot.canvas.show()
    assert "#123456ff" in str(page.scenes[-1]["nodes"])


# -- its end -----------------------------------------------------------------------------------------------------------


def test_a_closed_plot_leaves_no_widget_and_does_not_disturb_its_run() -> None:
    before = set(_instances)
    plot = LivePlot((3, 2))
    run = Run(plot, owner.mailbox)
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
    owner.mailbox.drain()


def test_a_failing_figure_is_told_once_and_its_run_goes_on(plot: LivePlot, run: Run) -> None:
    def fail(_event: object) -> None:
        raise ZeroDivisionError

    plot.canvas.mpl_connect("draw_event", fail)
    plot.canvas.callbacks.exception_handler = None
    run.log({"loss": 1.0})
    clock_of(plot).now += 1.0
    plot.figure.draw = fail
    with pytest.warns(TfwidgetWarning, match="could not be drawn, the run goes on: ZeroDivisionError"):
        run.step_done()
    assert run.step_done()
