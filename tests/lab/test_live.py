"""A training in a plain cell, as a user meets it: watched, panned, paused and stepped while the cell is running."""

import re

import numpy as np
import pytest

from tests.lab.harness import Lab, Notebook

SETUP = """
%load_ext tfwidget
import threading, time
import numpy as np
import tfwidget
from matplotlib.figure import Figure

drawn_by = set()

def noted(method):
    def note(*arguments):
        drawn_by.add(threading.current_thread().name)
        return method(*arguments)
    return note

Figure.draw = noted(Figure.draw)
tfwidget.Line.show = noted(tfwidget.Line.show)
rng = np.random.default_rng(0)
weights = rng.normal(size=(32, 32))
"""

LOOP = """
begun = ended = 0
for step in tfwidget.live(range(100_000)):
    begun += 1
    if step == 0:
        first_step = time.time()
    time.sleep(0.002)
    tfwidget.log(loss=np.exp(-step / 500) + 0.1 * rng.random(), weights=weights, picture=weights[:8, :8])
    ended += 1
"""

TRAIN = """
import tensorflow as tf
from sklearn.datasets import load_digits
x, y = load_digits(return_X_y=True)
model = tf.keras.Sequential([tf.keras.Input((64,)), tf.keras.layers.Dense(32, "relu"), tf.keras.layers.Dense(10)])
model.compile("adam", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
live = tfwidget.LiveCallback(weights=["dense/kernel"])
"""


class Controls:
    """The buttons and numbers of the plot in a notebook."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook

    def click(self, name: str) -> None:
        self.notebook.locator(f".tfw-controls button:has-text('{name}')").click()

    def wait_for_state(self, state: str) -> None:
        self.notebook.locator(f".tfw-badge.tfw-{state}").wait_for()

    @property
    def step(self) -> int:
        """The step that the widget shows."""
        text = self.notebook.locator(".tfw-controls").inner_text()
        found = re.search(r"step\s+([\d,]+)", text)
        assert found, text
        return int(found[1].replace(",", ""))

    def steps(self) -> list[int]:
        """Steps begun and ended, asked beside the running cell."""
        begun_and_ended: list[int] = self.notebook.evaluate("[begun, ended]", live=True)
        return begun_and_ended


def test_pictures_pan_and_buttons_while_the_cell_runs(lab: Lab, version: str) -> None:
    notebook = lab.open([SETUP, LOOP], version)
    controls = Controls(notebook)
    notebook.run(0)
    notebook.start(1)
    figure = notebook.figure()
    shown = figure.wait_until_shown()
    assert not notebook.done(1)
    first_step = notebook.evaluate("first_step", live=True)
    assert shown - first_step < 10, "the first picture waited for something"

    figure.tool("Left button pans")
    before = figure.pixels()
    figure.drag((0.2, 0.3), (0.3, 0.3))
    figure.wait_for_change(before)
    assert not notebook.done(1)

    controls.click("Pause")
    controls.wait_for_state("paused")
    begun, ended = controls.steps()
    assert begun == ended
    controls.click("Step")
    lab.wait_for(
        "step => document.querySelector('.tfw-controls').innerText.includes(step)",
        f"{begun + 1:,}",
        what="the next step",
    )
    assert controls.steps() == [begun + 1, ended + 1]
    # A paused run still answers.
    before = figure.pixels()
    figure.drag((0.3, 0.3), (0.2, 0.35))
    figure.wait_for_change(before)
    assert controls.steps() == [begun + 1, ended + 1]

    controls.click("Resume")
    controls.wait_for_state("running")
    controls.click("Stop")
    notebook.finish(1)
    controls.wait_for_state("stopped")
    assert notebook.evaluate("begun == ended > 1")
    assert notebook.evaluate("sorted(drawn_by)") == ["MainThread"]
    assert not notebook.errors


def test_a_model_fit_is_watched_and_stopped(lab: Lab) -> None:
    notebook = lab.open(
        [SETUP, TRAIN, "history = model.fit(x, y, epochs=1000, validation_split=0.2, verbose=0, callbacks=[live])"]
    )
    notebook.run(0)
    notebook.run(1, timeout=100)  # TensorFlow takes its time to import
    notebook.start(2)
    figure = notebook.figure()
    figure.wait_until_shown()
    figure.wait_for_paints(2)
    controls = Controls(notebook)
    controls.click("Stop")
    notebook.finish(2)
    controls.wait_for_state("stopped")
    assert notebook.evaluate("len(history.history['loss']) < 1000")
    bundle = notebook.save()["cells"][2]["outputs"][0]["data"]
    assert "image/png" in bundle, "the saved notebook has the final picture"


@pytest.mark.parametrize("how", ["interrupt", "exception"])
def test_a_cell_that_is_cut_short_ends_its_run(lab: Lab, how: str) -> None:
    body = "    if step == 500: raise ZeroDivisionError('on purpose')\n" if how == "exception" else ""
    notebook = lab.open([SETUP, LOOP + body])
    notebook.run(0)
    notebook.start(1)
    notebook.figure().wait_until_shown()
    if how == "interrupt":
        notebook.interrupt()
    notebook.finish(1, ok=False)
    controls = Controls(notebook)
    if how == "interrupt":
        controls.wait_for_state("stopped")
        assert notebook.errors[0].startswith("KeyboardInterrupt")
    else:
        controls.wait_for_state("failed")
        assert "ZeroDivisionError: on purpose" in notebook.locator(".tfw-error").inner_text()
    # The next run of the cell makes a new plot in the old one's place.
    notebook.start(1)
    controls.wait_for_state("running")
    assert notebook.figure_count == 1
    controls.click("Stop")
    notebook.finish(1, ok=how == "interrupt")


def test_a_closed_page_leaves_the_training_alone(lab: Lab) -> None:
    loop = LOOP.replace("tfwidget.live(range(100_000))", "tfwidget.live(range(1500), plot=plot)")
    notebook = lab.open([SETUP, "plot = tfwidget.LivePlot(); plot.show()", loop])
    notebook.run(0)
    notebook.run(1)
    notebook.start(2)
    notebook.figure().wait_until_shown()
    notebook.save()
    lab.page.goto("about:blank")
    lab.load()
    assert notebook.evaluate("[ended, plot.run.state]") == [1500, "finished"]


def test_dark_theme(lab: Lab) -> None:
    notebook = lab.open([SETUP, LOOP.replace("100_000", "300")])
    lab.set_theme(dark=True)
    notebook.run(0)
    notebook.run(1)
    figure = notebook.figure()
    figure.wait_until_settled()
    corner = figure.pixels()[2, 2, :3]
    assert corner.max() < 64, "the figure is dark, too"
    lab.set_theme(dark=False)
    figure.wait_for_paints(1, since=0)
    lab.wait_for(
        "canvas => canvas.getContext('2d').getImageData(2, 2, 1, 1).data[0] > 192",
        figure.canvas.element_handle(),
        what="the light figure",
    )


def test_the_browser_shows_what_the_kernel_drew(lab: Lab) -> None:
    notebook = lab.open(
        [
            SETUP,
            "plot = tfwidget.LivePlot(figsize=(7.33, 4.17)); plot.show()",
            LOOP.replace("range(100_000)", "range(400), plot=plot"),
        ]
    )
    notebook.run(0)
    notebook.run(1)
    notebook.run(2)
    figure = notebook.figure()
    figure.wait_until_settled()
    expected = np.array(
        notebook.evaluate("__import__('numpy').asarray(plot.canvas.get_renderer().buffer_rgba()).tolist()"), np.uint8
    )
    np.testing.assert_array_equal(figure.pixels(), expected)
