"""What a live plot makes of pages that are loaded again, messages that are lost, and messages that are wrong."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.lab.harness import Figure, Json, Lab
from tests.lab.test_scene import DRAWN, IMPORTS, LOOP, seen, stop
from tfwidget.canvas.flow import MAX_TIMEOUT

LOSSY = (Path(__file__).parent / "lossy.js").read_text()


def test_a_page_that_is_loaded_again_in_mid_cell_shows_the_moving_plot_and_steers_it(lab: Lab, version: str) -> None:
    notebook = lab.open([IMPORTS, LOOP], version)
    notebook.run(0)
    notebook.start(1)
    notebook.figure().wait_for_paints(10, since=0)
    notebook.save()
    lab.load(busy=True)
    figure = notebook.figure()
    figure.canvas.scroll_into_view_if_needed()
    figure.wait_for_paints(10, since=0)
    assert seen(notebook) == "scene"
    notebook.locator("button:has-text('Pause')").click()
    notebook.locator(".tfw-badge.tfw-paused").wait_for()
    figure.wait_until_settled()
    assert seen(notebook) == "picture"
    before = len(figure.paints)
    notebook.locator("button:has-text('Resume')").click()
    figure.wait_for_paints(10, since=before)
    notebook.locator("button:has-text('Stop')").click()
    notebook.locator(".tfw-badge.tfw-stopped").wait_for()
    figure.wait_until_settled()
    assert notebook.evaluate("plot.run.state") == "stopped"
    np.testing.assert_array_equal(figure.pixels(), np.array(notebook.evaluate(DRAWN), np.uint8))


@pytest.fixture
def lossy_lab(lab: Lab) -> Iterator[Lab]:
    """A page whose server loses one in ten messages to figures when a test says so."""
    browser = lab.page.context.browser
    assert browser
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.add_init_script(LOSSY)
    lossy = Lab(lab.server, page)
    yield lossy
    lossy.reset()
    page.close()


def recoveries(figure: Figure, received: list[Json], lost: list[Json]) -> list[float]:
    """Seconds from each loss of a scene until the figure was painted from all that had been sent by then."""
    paints = np.array(figure.paints)
    events: list[tuple[float, Json | None]] = [(m["at"], m) for m in received if m["type"] == "scene"]
    events += [(m["at"], None) for m in lost if m["type"] == "scene"]
    seconds: list[float] = []
    version, since = None, None
    for at, message in sorted(events, key=lambda event: event[0]):
        if message is None:
            since = at if since is None else since
        elif message["base"] is None or message["base"] == version:
            version = message["version"]
            if message["base"] is None and since is not None:
                seconds.append(float(paints[paints >= at][0]) - since)
                since = None
    assert since is None, "the last loss was never made good"
    return seconds


def test_one_message_in_ten_is_lost_and_the_picture_is_soon_right_again(lossy_lab: Lab) -> None:
    notebook = lossy_lab.open([IMPORTS, LOOP.replace("weights * step", "weights * (step // 3000)")])
    notebook.run(0)
    notebook.start(1)
    figure = notebook.figure()
    figure.wait_for_paints(10, since=0)
    lossy_lab.js("() => { lossy.every = 10 }")
    lossy_lab.wait_for("() => lossy.lost.length >= 25", timeout=60, what="25 losses")
    lossy_lab.js("() => { lossy.every = 0 }")
    lost = lossy_lab.js("() => lossy.lost")
    figure.wait_for_paints(15)
    took = recoveries(figure, notebook.received(), lost)
    kinds = [m["type"] for m in lost]
    print(f"{len(took)} losses of {kinds} made good after {np.median(took):.3f} s, at most {max(took):.3f} s")
    assert len(took) > 10
    assert max(took) < 0.5
    steps = np.diff([m["at"] for m in notebook.received() if m["type"] == "scene"])
    print(f"{1 / steps.mean():.1f} frames/s, the longest standstill {steps.max():.2f} s")

    stop(notebook, 1)


def test_a_picture_that_is_lost_comes_again(lossy_lab: Lab) -> None:
    notebook = lossy_lab.open([IMPORTS, LOOP])
    notebook.run(0)
    notebook.start(1)
    figure = notebook.figure()
    figure.wait_for_paints(10, since=0)
    for lost in ("binary", "scene"):  # the picture itself, and the patch before it
        lossy_lab.js("type => Object.assign(lossy, { next: type, lost: [] })", lost)
        notebook.locator("button:has-text('Pause')").click()
        notebook.locator(".tfw-badge.tfw-paused").wait_for()
        figure.wait_until_settled(MAX_TIMEOUT + 0.5)
        assert [m["type"] for m in lossy_lab.js("() => lossy.lost")] == [lost]
        pixels = np.array(notebook.evaluate(DRAWN, live=True), np.uint8)
        np.testing.assert_array_equal(figure.pixels(), pixels)
        notebook.locator("button:has-text('Resume')").click()
        notebook.locator(".tfw-badge.tfw-running").wait_for()
    stop(notebook, 1)


STEADY = """
plot = tfwidget.LivePlot(figsize=(8.0, 4.0)); plot.show()
for step in tfwidget.live(range(100_000), plot=plot):
    time.sleep(0.002)
    if step < 200:
        tfwidget.log(loss=np.exp(-step / 50), weights=weights)
"""
NONSENSE: list[Json] = [
    {"type": "view", "number": 1, "panel": 10**9, "x": [0, 1], "y": [0, 1], "done": True},
    {"type": "view", "number": 2, "panel": 1, "x": [0, 0], "y": [0, 1], "done": True},
    {"type": "view", "number": 3, "panel": 1, "x": ["a", None], "y": {}, "done": True},
    {"type": "view", "number": -1, "panel": 1.5, "x": [0, 1], "y": [0, 1], "done": 1},
    {"type": "frame_ack", "frame": 10**9, "client": "nobody"},
    {"type": "frame_ack", "frame": "1"},
    {"type": "keyframe", "client": "nobody"},
    {"type": "visible", "visible": False, "client": "nobody"},
    {"type": "ready", "device_pixel_ratio": 1, "theme": "light", "scene": 10**6, "client": 17},
    {"type": "of nobody's making"},
    {"type": ["view"]},
    {},
]


def test_nonsense_of_a_page_is_ignored(lab: Lab) -> None:
    notebook = lab.open([IMPORTS, STEADY])
    notebook.run(0)
    notebook.start(1)
    figure = notebook.figure()
    notebook.wait_until("plot.run.step > 250", live=True)
    figure.wait_for_paints(5)
    lab.wait_for("path => tests.book(path).example", notebook.path, what="a message of the figure")
    before = figure.pixels()
    for content in NONSENSE:
        notebook.say(content)
    step = notebook.evaluate("plot.run.step", live=True)
    notebook.wait_until(f"plot.run.step > {step + 100}", live=True)
    figure.wait_for_paints(5)
    np.testing.assert_array_equal(figure.pixels(), before)
    stop(notebook, 1)
    assert notebook.comm_errors == []


# What the kernel sends in one go, as expressions; `patch` makes a message that leads on from a version.
WRONG = {
    "it leads on from a later version": "patch(10**6)",
    "it leads on from an earlier version": "patch(1)",
    "it changes what is not known": "patch(now, nodes=[(10**7, {'order': 3})])",
    "it drops what is not known": "patch(now, dropped=[10**7])",
    "it lets grow what is not known": "patch(now, grown=[(10**7, {'at': 0, 'type': 'f4', 'shape': [0, 2]})])",
    "it points beyond its buffer": "patch(now, grown=[(10**7, {'at': 4, 'type': 'f4', 'shape': [9, 2]})])",
}
PATCH = """
def patch(base, **changed):
    message = dict(type="scene", frame=10**6, ack=False, version=base + 1, base=base, size=[800, 400], show=True,
                   handled={}, nodes=[], grown=[], dropped=[], updates={})
    plot.canvas.send(message | changed, [b""])
"""


def test_a_page_that_is_sent_a_wrong_patch_asks_for_a_keyframe(lab: Lab) -> None:
    notebook = lab.open([IMPORTS + PATCH, STEADY])
    notebook.run(0)
    notebook.start(1)
    figure = notebook.figure()
    notebook.wait_until("plot.run.step > 250", live=True)
    figure.wait_for_paints(5)
    before = figure.pixels()
    for what, expression in WRONG.items():
        received = notebook.received()
        now = [m["version"] for m in received if m["type"] == "scene"][-1]
        notebook.evaluate(expression.replace("now", str(now)), live=True)
        keyframe = "([path, since]) => tests.book(path).received.slice(since).some(m => m.type === 'scene' && !m.base)"
        lab.wait_for(keyframe, [notebook.path, len(received)], timeout=5, what=f"a keyframe though {what}")
        figure.wait_for_paints(3)
        np.testing.assert_array_equal(figure.pixels(), before, what)
    notebook.evaluate("patch(3, nodes='none', size=None)", live=True)
    failed = "path => tests.book(path).said.some(({ type, error }) => type === 'frame_ack' && /size/.test(error))"
    lab.wait_for(failed, notebook.path, what="word of a message that makes no sense")
    figure.wait_for_paints(3)
    np.testing.assert_array_equal(figure.pixels(), before)
    step = notebook.evaluate("plot.run.step", live=True)
    notebook.wait_until(f"plot.run.step > {step + 100}", live=True)
    stop(notebook, 1)
