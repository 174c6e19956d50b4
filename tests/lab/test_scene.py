"""What the browser paints while a run is under way, beside what Agg draws of it, and when it paints at all."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.lab.harness import Figure, Lab, Notebook
from tfwidget.canvas.flow import MAX_TIMEOUT

SETUP = """
%load_ext tfwidget
import numpy as np
import tfwidget
from tfwidget.record.history import History
from tfwidget.record.values import Frame, Value
from tfwidget.run.status import Status

rng = np.random.default_rng(0)
noise = rng.normal(size=200_000)
def decay(n): return np.exp(-np.arange(n) / (n / 5)) + 0.03 * noise[:n] ** 2 + 0.002

def broken(values):
    values = values.copy()
    values[[40, 41, 42, 90]] = np.nan, np.inf, -np.inf, np.nan
    values[60:75] = np.nan
    values[66] = 0.4
    return values

class Symlog(tfwidget.Panel):
    def build(self, ax):
        ax.set(xscale="log", yscale="symlog")
        self.line, = ax.plot([1], [0], ".-", markersize=3)
    def show(self, value):
        x = np.arange(1, value.array.size + 1)
        self.line.set_data(x, value.array)
        self.limits(x=(1, x[-1]), y=(value.array.min(), value.array.max()))

GALLERY = {
    "lines": ({"loss": decay(2000), "val_loss": 1.2 * decay(2000), "lr": np.full(50, 1e-3), "few": [1, 3, 2]}, {}),
    "log": ({"loss": decay(3000), "val_loss": decay(3000), "long": decay(200_000), "gaps": broken(decay(200))}, {}),
    "symlog": ({}, {"swings": 300 * np.sin(np.arange(90) / 3) * decay(90), "late": noise[:400]}),
    "many": ({f"{i}/{kind}": decay(500) * (i + 1) for i in range(3) for kind in ("train", "val", "test", "a")}, {}),
    "gaps": ({"gaps": broken(decay(200)), "val_gaps": broken(decay(150)), "long": decay(200_000)}, {}),
    "tensors": (
        {"loss": decay(300)},
        {
            "weights": rng.normal(size=(64, 64)),
            "counts": rng.integers(0, 9, 500),
            "digit": rng.uniform(size=(9, 9)),
            "wide": np.sin(np.arange(90)[:, None] / 9) * np.arange(140) + 140.0,
            "mosaic": rng.integers(0, 255, (5, 24, 24, 3)).astype(np.uint8),
            "bad": np.where(rng.uniform(size=(20, 30)) > 0.95, np.nan, 1.0),
            "empty": np.zeros((0,)),
        },
    ),
}

def show(name, state, step=100):
    scalars, tensors = GALLERY[name]
    history = History()
    for key, values in scalars.items():
        first = step if name == "lines" and key == "loss" else 0
        history.extend(key, np.arange(len(values)) + (10**9 if name == "gaps" else 0), np.asarray(values, float))
    kind = Symlog if name == "symlog" else None
    frame = Frame(step, history, {key: Value(step, array, kind, {}) for key, array in tensors.items()}, {})
    plot.draw(frame, Status(state, step, None, 1.0, None, None, 0.0, 0.0, {}, None), still=state == "paused")
"""
NAMES = ("lines", "log", "symlog", "many", "gaps", "tensors")


def painted(figure: Figure, notebook: Notebook, cell: int) -> NDArray[np.uint8]:
    """Run the cell, and return the picture once what was sent has been painted."""
    notebook.run(cell)
    figure.wait_until_settled()
    return figure.pixels()


def seen(notebook: Notebook) -> str:
    """What is to be seen by what the page was sent: a "scene", or a "picture" of Agg's."""
    shows = [m for m in notebook.received() if m["type"] == "binary" or (m["type"] == "scene" and m["show"])]
    return "picture" if shows[-1]["type"] == "binary" else "scene"


def off(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which pixels differ by more than an eye forgives."""
    different: NDArray[np.bool_] = np.abs(one.astype(int) - other).max(axis=2) > 32
    return different


@pytest.fixture(params=[1, 2])
def either(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """JupyterLab on a screen with as many device pixels per CSS pixel."""
    if request.param == 1:
        yield lab
        return
    browser = lab.page.context.browser
    assert browser
    page = browser.new_page(viewport={"width": 1280, "height": 1000}, device_scale_factor=request.param)
    sharp = Lab(lab.server, page)
    yield sharp
    sharp.reset()
    page.close()


def test_the_browser_paints_what_agg_would_draw(either: Lab, tmp_path: Path) -> None:
    cells = ["plot = tfwidget.LivePlot(figsize=(8.0, 4.6)); plot.show()"]
    for name in NAMES:
        # The second frame comes as a patch.
        cells += [f"show({name!r}, 'running', 100); show({name!r}, 'running', 101)", f"show({name!r}, 'paused', 101)"]
    notebook = either.open([SETUP, *cells])
    notebook.run(0)
    differing = {}
    for i, name in enumerate(NAMES):
        notebook.run(1)
        figure = notebook.figure()
        figure.canvas.scroll_into_view_if_needed()
        notebook.wait_until("plot.ready()")
        streamed = painted(figure, notebook, 2 + 2 * i)
        if name == "log":
            notebook.locator("button:has-text('Log')").click()
            figure.wait_for_change(streamed)
            figure.wait_until_settled()
            streamed = figure.pixels()
        assert seen(notebook) == "scene", f"{name} was drawn by Agg"
        drawn = painted(figure, notebook, 3 + 2 * i)
        assert seen(notebook) == "picture"
        different = off(streamed, drawn)
        differing[name] = float(different.mean())
        assert (drawn != drawn[0, 0]).any(axis=2).mean() > 0.02, "there is something to see"
        for kind, pixels in (("streamed", streamed), ("drawn", drawn), ("off", different)):
            Image.fromarray(pixels).save(tmp_path / f"{name}-{kind}.png")
    print(tmp_path, differing)
    assert max(differing.values()) <= 0.01, (differing, tmp_path)


IMPORTS = """
%load_ext tfwidget
%tfwidget budget 90%
import time, numpy as np, tfwidget
rng = np.random.default_rng(0)
weights = rng.normal(size=(32, 32))
"""
LOOP = """
plot = tfwidget.LivePlot(figsize=(8.0, 4.0)); plot.show()
for step in tfwidget.live(range(100_000), plot=plot):
    time.sleep(0.002)
    tfwidget.log(loss=np.exp(-step / 500) + 0.1 * rng.random(), val_loss=np.exp(-step / 400), weights=weights * step,
                 digit=weights[:9, :9] ** 2)
"""
DRAWN = "__import__('numpy').asarray(plot.canvas.buffer_rgba()).tolist()"


def stop(notebook: Notebook, cell: int) -> None:
    notebook.locator("button:has-text('Stop')").click()
    notebook.finish(cell)


def test_a_run_is_streamed_and_its_pauses_and_its_end_are_agg_s(lab: Lab) -> None:
    notebook = lab.open([IMPORTS, LOOP])
    notebook.run(0)
    notebook.start(1)
    figure = notebook.figure()
    figure.wait_until_shown()
    figure.wait_for_paints(10)
    notebook.locator(".tfw-badge.tfw-running").wait_for()
    assert seen(notebook) == "scene"
    notebook.locator("button:has-text('Pause')").click()
    notebook.locator(".tfw-badge.tfw-paused").wait_for()
    figure.wait_until_settled()
    assert seen(notebook) == "picture"
    pixels = notebook.evaluate(DRAWN, live=True)
    np.testing.assert_array_equal(figure.pixels(), np.array(pixels, np.uint8))
    before = len(figure.paints)
    notebook.locator("button:has-text('Resume')").click()
    figure.wait_for_paints(10, since=before)
    assert seen(notebook) == "scene"
    stop(notebook, 1)
    figure.wait_until_settled()
    assert seen(notebook) == "picture"
    np.testing.assert_array_equal(figure.pixels(), np.array(notebook.evaluate(DRAWN), np.uint8))


def test_a_figure_out_of_sight_gets_no_frames_and_the_newest_when_it_is_seen(lab: Lab) -> None:
    notebook = lab.open([IMPORTS, LOOP, *["'below'"] * 60])
    notebook.run(0)
    notebook.start(1)
    figure = notebook.figure()
    figure.wait_for_paints(10, since=0)
    notebook.locator(".jp-WindowedPanel-outer").evaluate("panel => panel.scrollTo(0, 1e6)")
    lab.wait_for(
        "path => tests.book(path).said.some(({ type, visible }) => type === 'visible' && !visible)", notebook.path
    )
    step = notebook.evaluate("plot.run.step", live=True)  # what was under way has arrived by the answer
    received = len(notebook.received())
    notebook.wait_until(f"plot.run.step >= {step + 300}", live=True)
    assert notebook.received(received) == []
    before = len(figure.paints)
    scrolled = figure.canvas.evaluate("canvas => { canvas.scrollIntoView({ block: 'center' }); return tests.now() }")
    back = figure.wait_for_paints(since=before)
    print(f"painted {1000 * (back - scrolled):.0f} ms after it came back")
    assert back - scrolled < 1.0
    stop(notebook, 1)


DRAG = """
import threading
go, held = threading.Event(), threading.Event()
go.set()
pause = 0.002
plot = tfwidget.LivePlot(figsize=(8.0, 4.0)); plot.show()
for step in tfwidget.live(range(100_000), plot=plot):
    if not go.is_set():
        held.set()
        go.wait(60)
    time.sleep(pause)
    tfwidget.log(weights=weights, digit=weights[:9, :9] ** 2)
    if step < 200:
        tfwidget.log(loss=np.nan if step == 120 else np.exp(-step / 50))
"""
# Where the first curve begins, each time it is painted.
WATCH = """canvas => {
    const begin = () => {
        const { width, height } = canvas;
        const { data } = canvas.getContext('2d').getImageData(0, 40, width / 2, height - 40);
        for (let x = 0; x < width / 2; x++)
            for (let y = 0; y < height - 40; y++) {
                const i = 4 * (y * (width / 2) + x);
                if (data[i] < 60 && Math.abs(data[i + 1] - 114) < 40 && Math.abs(data[i + 2] - 178) < 40) return [x, y];
            }
        return null;
    };
    canvas.places = [begin()];
    const paint = canvas.getContext('2d').drawImage;
    canvas.getContext('2d').drawImage = function (...args) {
        paint.apply(this, args);
        canvas.places.push(begin());
    };
}"""


def steady(lab: Lab, tool: str, mode: str) -> tuple[Notebook, Figure]:
    """A run whose data no longer change, with a tool in the hand."""
    notebook = lab.open([IMPORTS, DRAG])
    notebook.run(0)
    notebook.start(1)
    figure = notebook.figure()
    figure.wait_for_paints(10, since=0)
    notebook.wait_until("plot.run.step > 250", live=True)
    figure.tool(tool)
    notebook.wait_until(f"plot.canvas.toolbar.mode == {mode!r}", live=True)
    figure.wait_for_paints(5)
    return notebook, figure


def dragged(lab: Lab) -> tuple[Notebook, Figure]:
    """With the pan tool, and watched by `WATCH`."""
    notebook, figure = steady(lab, "Left button pans", "pan/zoom")
    figure.canvas.evaluate(WATCH)
    return notebook, figure


def places(figure: Figure) -> NDArray[np.int_]:
    return np.array(figure.canvas.evaluate("canvas => canvas.places"))


def hold(notebook: Notebook) -> None:
    """Let the run stay in a step."""
    notebook.evaluate("go.clear()", live=True)
    notebook.wait_until("held.is_set()", live=True)


def test_what_is_dragged_moves_before_the_kernel_answers_and_stays_there_when_it_does(lab: Lab) -> None:
    notebook, figure = dragged(lab)
    hold(notebook)
    figure.wait_until_settled(0.5)
    before = figure.pixels()
    begun = places(figure)[-1]
    figure.drag((0.2, 0.3), (0.3, 0.4), release=False)
    figure.wait_until_settled(0.5)
    moved = figure.pixels()
    height, width = before.shape[:2]
    assert np.abs(places(figure)[-1] - begun - (0.1 * width, 0.1 * height)).max() <= 1
    np.testing.assert_array_equal(moved[:, width // 2 :], before[:, width // 2 :])  # the other panels
    lab.page.mouse.up()
    notebook.evaluate("go.set()", live=True)
    figure.wait_for_paints(20)
    assert np.abs(places(figure)[-1] - places(figure)[0] - (0.1 * width, 0.1 * height)).max() <= 1
    assert (np.diff(places(figure), axis=0) >= -1).all(), "it never went back"
    assert not np.array_equal(figure.pixels()[:, : width // 2], moved[:, : width // 2]), "the ticks have followed"
    stop(notebook, 1)


def test_a_drag_never_jumps_however_long_the_steps_are(lab: Lab) -> None:
    notebook, figure = dragged(lab)
    notebook.evaluate("globals().update(pause=0.2) or 1", live=True)
    end = (0.3, 0.42)
    figure.drag((0.2, 0.3), end, moves=120)
    figure.drag(end, (0.25, 0.35), moves=120)
    notebook.evaluate("globals().update(pause=0.002) or 1", live=True)
    figure.wait_for_paints(20)
    seen = places(figure)
    turn = int(seen[:, 0].argmax())
    assert (np.diff(seen[: turn + 1], axis=0) >= -1).all()
    assert (np.diff(seen[turn:], axis=0) <= 1).all()
    width = figure.pixels().shape[1]
    assert seen[-1, 0] - seen[0, 0] == pytest.approx(0.05 * width, abs=1)
    stop(notebook, 1)


BOX = "(lambda box: [box.x0, 1 - box.y1, box.width, box.height])(plot.figure.axes[0].get_position())"
VIEW = "[*plot.figure.axes[0].get_xlim(), *plot.figure.axes[0].get_ylim()]"


def view(notebook: Notebook) -> list[float]:
    """The limits of the first panel, as the kernel has them: x, then y."""
    limits: list[float] = notebook.evaluate(VIEW, live=True)
    return limits


def wait_for_view(notebook: Notebook, expected: list[float]) -> None:
    """Wait until the kernel has these limits, to a pixel or two."""
    sizes = [abs(expected[1] - expected[0])] * 2 + [abs(expected[3] - expected[2])] * 2
    for _ in range(50):
        now = view(notebook)
        if all(abs(a - b) < 0.02 * size for a, b, size in zip(now, expected, sizes, strict=True)):
            return
    raise AssertionError(f"the limits are {now}, not {expected}")


def test_zoom_and_wheel_in_the_page_and_the_way_back(lab: Lab) -> None:
    notebook, figure = steady(lab, "Zoom", "zoom rect")
    left, top, width, height = notebook.evaluate(BOX, live=True)
    first = view(notebook)
    x0, x1, y0, y1 = first

    hold(notebook)
    before = figure.pixels()
    figure.drag((left + 0.25 * width, top + 0.25 * height), (left + 0.75 * width, top + 0.75 * height))
    figure.wait_for_change(before)  # the kernel is in a step
    notebook.evaluate("go.set()", live=True)
    zoomed = [x0 + 0.25 * (x1 - x0), x1 - 0.25 * (x1 - x0), y0 + 0.25 * (y1 - y0), y1 - 0.25 * (y1 - y0)]
    wait_for_view(notebook, zoomed)

    notebook.evaluate("held.clear()", live=True)
    hold(notebook)
    before = figure.pixels()
    figure.scroll((left + 0.5 * width, top + 0.5 * height), 200)
    figure.wait_for_change(before)
    notebook.evaluate("go.set()", live=True)
    factor = 10**0.2 / 2
    middle = [(x0 + x1) / 2, (y0 + y1) / 2]
    turned = [
        *(middle[0] - factor * (x1 - x0) / 2, middle[0] + factor * (x1 - x0) / 2),
        *(middle[1] - factor * (y1 - y0) / 2, middle[1] + factor * (y1 - y0) / 2),
    ]
    wait_for_view(notebook, turned)

    for tool, expected in (("Back", zoomed), ("Back", first), ("Forward", zoomed), ("Reset", first)):
        figure.tool(tool)
        wait_for_view(notebook, expected)
    assert seen(notebook) == "scene"
    stop(notebook, 1)


BACKGROUND = """
plot = tfwidget.LivePlot(figsize=(8.0, 4.0))
def train():
    for step in tfwidget.live(range(100_000), plot=plot):
        time.sleep(0.002)
        tfwidget.log(loss=np.exp(-step / 500) + 0.1 * rng.random())
plot.show()
run = tfwidget.start(train)
"""


def test_two_pages_show_the_same_figure_and_one_that_hangs_or_is_closed_holds_up_no_other(lab: Lab) -> None:
    notebook = lab.open([IMPORTS, BACKGROUND])
    notebook.run(0)
    notebook.run(1)
    figure = notebook.figure()
    figure.wait_for_paints(10, since=0)
    notebook.save()
    browser = lab.page.context.browser
    assert browser
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    other = Lab(lab.server, page)
    twin = Notebook(other, notebook.path, notebook.version)
    other.show(twin)
    second = twin.figure()
    second.wait_for_paints(10, since=0)
    before = len(figure.paints)
    figure.wait_for_paints(10, since=before)
    assert [seen(notebook), seen(twin)] == ["scene", "scene"]
    hung = [len(figure.paints), len(second.paints)]
    page.evaluate("setTimeout(() => { const end = Date.now() + 4000; while (Date.now() < end); })")
    second.wait_for_paints(20, since=hung[1])
    closed = len(figure.paints)
    page.close()
    figure.wait_for_paints(30, since=closed)
    pauses = np.diff(figure.paints[hung[0] - 1 :])
    print(
        f"the longest pause was {pauses[: closed - hung[0]].max():.1f} s, and {pauses[closed - hung[0] :].max():.1f} s"
    )
    assert pauses.max() < MAX_TIMEOUT + 1.0
    notebook.evaluate("run.stop()")
    lab.wait_for("() => document.querySelector('.tfw-badge.tfw-stopped')")
