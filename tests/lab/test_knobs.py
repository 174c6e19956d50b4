"""A knob as a user meets it: moved by mouse and keyboard while a blocking cell trains, marked on the curves."""

import time

import numpy as np

from tests.lab.harness import Lab, Notebook

SETUP = """
%load_ext tfwidget
%tfwidget budget 50%
import time
import numpy as np
import tensorflow as tf
import tfwidget
from tfwidget.session import current_run

model = tf.keras.Sequential([tf.keras.Input((8,)), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam(1e-3)
rng = np.random.default_rng(0)
strengths = []
def strengthen(value): strengths.append(value)

def rate():
    return float(optimizer.learning_rate.numpy())
"""

LOOP = """
tfwidget.knob("learning rate", optimizer.learning_rate, 1e-5, 1e-1, log=True)
tfwidget.knob("augmentation", strengthen, values=["none", "light", "heavy"])
tfwidget.knob("dropout", strengthen, 0.0, 0.9, value=0.5)
for step in tfwidget.live(range(1_000_000)):
    time.sleep(0.002)
    tfwidget.log(loss=np.exp(-step / 2000) + 0.1 * rng.random())
    tfwidget.log(val_loss=1.2 * np.exp(-step / 2000), accuracy=1 - np.exp(-step / 1000))
"""

MARKS = "list(current_run().history.marks)"
DRAWN = """
[int(x) for line in current_run().front_end.figure.axes[0].lines if line.get_linestyle() == "--"
 for x in line.get_xdata()[::3]]
""".strip()


def wait_for_value(notebook: Notebook, expression: str, below: float, above: float) -> None:
    """Ask beside the running cell until the value is within."""
    deadline = time.monotonic() + 30
    while not below < (value := float(notebook.evaluate(expression, live=True))) < above:
        assert time.monotonic() < deadline, f"{expression} is {value}, not from {below} to {above}"


def test_a_slider_changes_the_learning_rate_while_the_cell_runs(lab: Lab) -> None:
    notebook = lab.open([SETUP, LOOP])
    notebook.run(0, timeout=100)  # TensorFlow takes its time to import
    notebook.start(1)
    figure = notebook.figure()
    figure.wait_until_shown()
    knob = notebook.locator(".tfw-knob:has-text('learning rate')")
    handle, readout = knob.locator(".noUi-handle"), knob.locator(".widget-readout")
    assert readout.inner_text() == "1.0e-3"

    figure.wait_for_paints(2)
    handle.focus()
    for key in (*["PageUp"] * 25, "ArrowRight"):
        lab.page.keyboard.press(key)
    assert handle.evaluate("handle => handle === document.activeElement")
    assert handle.get_attribute("aria-valuetext") == "-2.496"
    wait_for_value(notebook, "rate()", 0.00318, 0.0032)  # 126 steps of 1/250 decade
    assert readout.inner_text() == "3.2e-3"

    track = knob.locator(".noUi-base").bounding_box()
    grip = handle.bounding_box()
    assert track is not None
    assert grip is not None
    middle = grip["y"] + grip["height"] / 2
    lab.page.mouse.move(grip["x"] + grip["width"] / 2, middle)
    lab.page.mouse.down()
    for share in np.linspace(0.63, 0.5, 20):
        lab.page.mouse.move(track["x"] + share * track["width"], middle)
    lab.page.mouse.up()
    assert readout.inner_text() == "1.0e-3"
    wait_for_value(notebook, "rate()", 0.0008, 0.0012)
    assert readout.inner_text() == "1.0e-3"

    assert not notebook.done(1)
    marks = notebook.evaluate(MARKS, live=True)
    assert marks == sorted(set(marks))
    figure.wait_for_paints(2)
    drawn = notebook.evaluate(DRAWN, live=True)
    assert drawn, "the curves have marks"
    assert set(drawn) <= set(marks)

    # Python has the last word, and the slider shows it.
    notebook.evaluate("optimizer.learning_rate.assign(0.05) is None", live=True)
    lab.wait_for("readout => readout.innerText === '5.0e-2'", readout.element_handle(), what="Python's value")

    notebook.locator(".tfw-knob select").select_option("heavy")
    wait_for_value(notebook, "'heavy' in strengths", 0.5, 1.5)
    notebook.locator(".tfw-controls button:has-text('Stop')").click()
    notebook.finish(1)
    assert notebook.evaluate("strengths") == ["heavy"]
    assert not notebook.errors
