"""What the browser paints while a run is under way, beside what Agg draws of it, and when it paints at all."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.kernels import spec_name
from tests.lab.harness import Figure, Lab, Notebook
from tfwidget.canvas.flow import ACKNOWLEDGEMENT_TIMEOUT

SETUP = """
%load_ext tfwidget
import types
import numpy as np
import tfwidget
from tfwidget.record.history import Frame, History, Value

rng = np.random.default_rng(0)
noise = rng.normal(size=200_000)
def decay(n): return np.exp(-np.arange(n) / (n / 5)) + 0.03 * noise[:n] ** 2 + 0.002

def broken(values):
    values = values.copy()
    values[[40, 41, 42, 90]] = np.nan, np.inf, -np.inf, np.nan
    values[60:75] = np.nan
    values[66] = 0.4
    return values

GALLERY = {
    "lines": ({"loss": decay(2000), "val_loss": 1.2 * decay(2000), "lr": np.full(50, 1e-3), "few": [1, 3, 2]}, {}),
    "log": ({"loss": decay(3000), "val_loss": decay(3000), "long": decay(200_000), "gaps": broken(decay(200))}, {}),
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
    plot.run = types.SimpleNamespace(state=state)
    plot._board.log_scale = name == "log"
    plot.draw(Frame(step, history, {key: Value(step, array, None, {}) for key, array in tensors.items()}, {}))
"""


def painted(figure: Figure, notebook: Notebook, cell: int) -> NDArray[np.uint8]:
    """Run the cell, and return the picture once what was sent has been painted."""
    notebook.run(cell)
    while notebook.evaluate("not plot.canvas.ready or plot.canvas._unsent"):
        pass
    figure.wait_until_settled()
    return figure.pixels()


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
    names = ["lines", "log", "many", "gaps", "tensors"]
    cells = ["plot = tfwidget.LivePlot(figsize=(8.0, 4.6)); plot.show()"]
    for name in names:
        # The second frame comes without a base of its own.
        cells += [f"show({name!r}, 'running', 100); show({name!r}, 'running', 101)", f"show({name!r}, 'paused', 101)"]
    notebook = either.open([SETUP, *cells])
    notebook.run(0)
    differing = {}
    for i, name in enumerate(names):
        notebook.run(1)
        figure = notebook.figure()
        while not notebook.evaluate("plot.canvas.flow.streams"):
            pass
        streamed = painted(figure, notebook, 2 + 2 * i)
        assert notebook.evaluate("plot.canvas._base_is_shown"), f"{name} was drawn by Agg"
        drawn = painted(figure, notebook, 3 + 2 * i)
        assert not notebook.evaluate("plot.canvas._base_is_shown")
        off = np.abs(streamed.astype(int) - drawn).max(axis=2) > 32
        differing[name] = float(off.mean())
        assert (drawn != drawn[0, 0]).any(axis=2).mean() > 0.02, "there is something to see"
        for kind, pixels in (("streamed", streamed), ("drawn", drawn), ("off", off)):
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
SENT = "[plot.canvas.flow.frame, plot.run.step]"


def test_a_run_is_streamed_and_its_pauses_and_its_end_are_agg_s(lab: Lab) -> None:
    notebook = lab.open([IMPORTS, LOOP])
    notebook.run(0)
    notebook.start(1)
    figure = notebook.figure()
    figure.wait_until_shown()
    figure.wait_for_paints(10)
    lab.wait_for("() => document.querySelector('.tfw-badge.tfw-running')")
    while not notebook.evaluate("plot.canvas._base_is_shown", live=True):
        pass  # asked while the base was being drawn
    notebook.locator("button:has-text('Pause')").click()
    notebook.locator(".tfw-badge.tfw-paused").wait_for()
    figure.wait_until_settled()
    drawn = "plot.canvas._base_is_shown, __import__('numpy').asarray(plot.canvas.buffer_rgba()).tolist()"
    streaming, pixels = notebook.evaluate(f"[{drawn}]", live=True)
    assert not streaming
    np.testing.assert_array_equal(figure.pixels(), np.array(pixels, np.uint8))
    painted = len(figure.paints)
    notebook.locator("button:has-text('Resume')").click()
    figure.wait_for_paints(10, since=painted)
    notebook.locator("button:has-text('Stop')").click()
    notebook.finish(1)
    figure.wait_until_settled()
    assert not notebook.evaluate("plot.canvas._base_is_shown")


def test_a_figure_out_of_sight_gets_no_frames_and_the_newest_when_it_is_seen(lab: Lab) -> None:
    notebook = lab.open([IMPORTS, LOOP, *["'below'"] * 60])
    notebook.run(0)
    notebook.start(1)
    figure = notebook.figure()
    figure.wait_for_paints(10, since=0)
    notebook.locator(".jp-WindowedPanel-outer").evaluate("panel => panel.scrollTo(0, 1e6)")
    while notebook.evaluate("plot.canvas.flow.visible", live=True):
        pass
    frame, step = notebook.evaluate(SENT, live=True)
    while notebook.evaluate("plot.run.step", live=True) < step + 300:
        pass
    assert notebook.evaluate(SENT, live=True)[0] == frame
    painted = len(figure.paints)
    scrolled = figure.canvas.evaluate("canvas => { canvas.scrollIntoView({ block: 'center' }); return tests.now() }")
    back = figure.wait_for_paints(since=painted)
    print(f"painted {1000 * (back - scrolled):.0f} ms after it came back")
    assert back - scrolled < 1.0
    notebook.locator("button:has-text('Stop')").click()
    notebook.finish(1)


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
    canvas.parentElement.addEventListener('mousemove', () => { canvas.moved = performance.now(); });
}"""


def dragged(lab: Lab) -> tuple[Notebook, Figure]:
    """A run whose data no longer change, with the pan tool in the hand, watched by `WATCH`."""
    notebook = lab.open([IMPORTS, DRAG])
    notebook.run(0)
    notebook.start(1)
    figure = notebook.figure()
    figure.wait_for_paints(10, since=0)
    while notebook.evaluate("plot.run.step", live=True) < 250:
        pass
    figure.tool("Left button pans")
    while notebook.evaluate("str(plot.canvas.toolbar.mode)", live=True) != "pan/zoom":
        pass
    figure.wait_for_paints(5)
    figure.canvas.evaluate(WATCH)
    return notebook, figure


def places(figure: Figure) -> NDArray[np.int_]:
    return np.array(figure.canvas.evaluate("canvas => canvas.places"))


def test_what_is_dragged_moves_before_the_kernel_answers_and_stays_there_when_it_does(lab: Lab) -> None:
    notebook, figure = dragged(lab)
    notebook.evaluate("go.clear()", live=True)
    while not notebook.evaluate("held.is_set()", live=True):
        pass
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
    figure.wait_for_paints(10)
    assert np.abs(places(figure)[-1] - places(figure)[0] - (0.1 * width, 0.1 * height)).max() <= 1
    seen = places(figure)
    assert (np.diff(seen, axis=0) >= -1).all(), "it never went back"
    assert not np.array_equal(figure.pixels(), moved), "the ticks have followed"
    notebook.locator("button:has-text('Stop')").click()
    notebook.finish(1)


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
    notebook.locator("button:has-text('Stop')").click()
    notebook.finish(1)


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
    other.js("([path, kernel]) => tests.open(path, kernel)", [notebook.path, spec_name(notebook.version)])
    second = Notebook(other, notebook.path, notebook.version).figure()
    second.wait_for_paints(10, since=0)
    visible = "[client.visible for client in plot.canvas.flow.clients.values()]"
    assert notebook.evaluate(visible) == [True, True]
    assert notebook.evaluate("plot.canvas._base_is_shown"), "both are streamed to"
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
    assert pauses.max() < ACKNOWLEDGEMENT_TIMEOUT + 1.5
    notebook.evaluate("run.stop()")
    lab.wait_for("() => document.querySelector('.tfw-badge.tfw-stopped')")
