"""Knobs in real kernels: turned from a browser during a blocking cell, on real variables, between two steps."""

from collections.abc import Iterator

import pytest

from tests.kernel.conftest import Shared
from tests.kernel.harness import Kernel, Widget
from tests.kernels import WITH_SUBSHELLS

SETUP = """
%load_ext tfwidget
%tfwidget budget 100%
import threading, time
import tfwidget
from tfwidget.session import current_run

inside = False
stepped, turned = [], []
def note(value):
    "A setter: notes whether a step was under way, on which thread, and after which step."
    turned.append((value, inside, threading.current_thread().name, len(stepped)))

def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        yield
"""

LOOP = """
knob = tfwidget.knob("strength", note, 0.0, 1.0, value=0.5)
gate, go_on = threading.Event(), threading.Event()
for _ in tfwidget.live(wait_for(lambda: len(turned) and turned[-1][0] == 1.0)):
    inside = True
    run = current_run()
    if len(stepped) == 2:
        print("in the step", flush=True)
        gate.wait(20)
    stepped.append(knob.value)
    inside = False
"""

TRAIN = """
import tensorflow as tf
model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam(1e-3)
optimizer.build(model.trainable_variables)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
traces = 0

@tf.function
def train_step():
    global traces
    traces += 1
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    return loss, optimizer.learning_rate + 0.0

def rate():
    return float(optimizer.learning_rate.numpy())
"""


@pytest.fixture(params=WITH_SUBSHELLS)
def notebook(request: pytest.FixtureRequest, shared_kernels: Shared) -> Iterator[Kernel]:
    for kernel in shared_kernels.lend(request.param):
        kernel.run(SETUP)
        yield kernel


def slider(kernel: Kernel, kind: str = "FloatSliderModel") -> Widget:
    return kernel.widget(kind)


def heard(kernel: Kernel) -> None:
    """Return when the subshell has taken what was sent before."""
    kernel.execute("", kernel.subshell).ok()


def test_a_turn_during_a_step_takes_effect_at_its_end(notebook: Kernel) -> None:
    cell = notebook.execute(LOOP).wait_for_text("in the step")
    for value in (0.1, 0.2, None, "0.3", 7.0, 0.75):
        slider(notebook).update(value=value)
    heard(notebook)
    assert notebook.evaluate("turned", live=True) == []
    notebook.evaluate("gate.set()", live=True)
    notebook.wait_for(lambda: notebook.evaluate("turned", live=True), what="the turn")
    slider(notebook).update(value=1.0)
    cell.ok()
    turned = notebook.evaluate("turned")
    assert turned[0] == (0.75, False, "MainThread", 3)
    assert turned[-1][:3] == (1.0, False, "MainThread")
    assert len(turned) == 2
    assert notebook.evaluate("stepped[:4]") == [0.5, 0.5, 0.5, 0.75]
    events = notebook.evaluate("list(run.history.events)")
    assert events[0] == (3, "strength = 0.75")
    assert [text for _, text in events] == ["strength = 0.75", "strength = 1", "finished"]
    assert notebook.evaluate("run.front_end.figure.axes") == []
    assert cell.stderr == ""


def test_a_browser_hears_its_own_echo_and_the_others_hear_it_too(notebook: Kernel) -> None:
    """A browser takes an echo only as the answer to its own message: the header tells whose that is."""
    notebook.run("plot = tfwidget.LivePlot(); plot.show(); knob = tfwidget.knob('rate', note, 0.0, 1.0)")
    notebook.run("for _ in tfwidget.live(range(3), plot=plot): pass")
    notebook.run("import comm, json; sent = []; publish = type(knob.control.comm).publish_msg")
    notebook.run(
        "def noted(self, kind, data=None, **rest):\n"
        "    if (data or {}).get('method') == 'echo_update':\n"
        "        parent = get_ipython().kernel.get_parent()\n"
        "        sent.append((parent['header']['msg_type'], data['state']))\n"
        "    publish(self, kind, data, **rest)\n"
        "type(knob.control.comm).publish_msg = noted"
    )
    slider(notebook).update(value=0.25)
    notebook.wait_for(lambda: notebook.evaluate("knob.value") == 0.25, what="the turn")
    notebook.run("type(knob.control.comm).publish_msg = publish")
    assert notebook.evaluate("sent") == [("comm_msg", {"value": 0.25})]


PAUSED = """
import numpy as np
class Variable:
    "Looks like those of TensorFlow."
    dtype, shape = np.dtype("float32"), ()
    def __init__(self, value): self.assign(value)
    def assign(self, value): self.held = np.float32(value)
    def numpy(self): return self.held

def train():
    for _ in tfwidget.live(range(10**9)): pass

hooks = len(get_ipython().events.callbacks["post_run_cell"])
variable = Variable(0.5)
knob = tfwidget.knob("rate", variable, 0.0, 1.0)
run = tfwidget.start(train)
run.pause()
"""


def test_the_slider_follows_python_while_the_run_is_paused_and_after_it(notebook: Kernel) -> None:
    notebook.run(PAUSED)
    notebook.wait_for(lambda: notebook.evaluate("run.state") == "paused", what="the pause")
    slider(notebook).update(value=0.25)
    notebook.wait_for(lambda: notebook.evaluate("float(variable.held)") == 0.25, what="the turn")
    notebook.run("variable.assign(0.75)")
    notebook.wait_for(lambda: slider(notebook).state["value"] == 0.75, what="what Python made of it")
    assert notebook.evaluate("(run.state, run.step)") == ("paused", 0)
    notebook.run("run.stop(); await run")
    notebook.run("variable.assign(0.125)")
    notebook.wait_for(lambda: slider(notebook).state["value"] == 0.125, what="what Python made of it after the end")
    notebook.run("run.front_end.close()")
    assert notebook.evaluate("len(get_ipython().events.callbacks['post_run_cell'])") == notebook.evaluate("hooks")


def test_a_failing_setter_warns_and_the_training_goes_on(notebook: Kernel) -> None:
    notebook.run("def fail(value): raise ValueError('too hot')")
    loop = (
        "seen = []\nfor i in tfwidget.live(wait_for(lambda: 'too hot' in knob.remark.value)):\n"
        "    if i is None and not seen:\n        print('begun', flush=True)\n        seen.append(1)"
    )
    cell = notebook.execute(f"knob = tfwidget.knob('heat', fail, 0.0, 1.0)\n{loop}").wait_for_text("begun")
    slider(notebook).update(value=0.5)
    cell.ok()
    assert "TfwidgetWarning" in cell.stderr
    assert "too hot" in cell.stderr
    notebook.wait_for(lambda: slider(notebook).state["value"] == 0.0, what="the slider's way back")
    notebook.wait_for(
        lambda: any("too hot" in str(w.state["value"]) for w in notebook.find("HTMLModel")), what="the error"
    )


def test_the_learning_rate_of_an_optimizer_changes_without_a_new_trace(notebook: Kernel) -> None:
    notebook.run(TRAIN, 100)
    notebook.run("tfwidget.knob('learning rate', optimizer.learning_rate, 1e-5, 1e-1, log=True)")
    cell = notebook.execute(
        "rates = []\n"
        "for _ in tfwidget.live(wait_for(lambda: rates and rates[-1] > 0.09)):\n"
        "    loss, used = train_step()\n"
        "    rates.append(float(used))\n"
        "    run = current_run()\n"
        "    tfwidget.log(loss=loss)\n"
        "    if len(rates) == 3: print('begun', flush=True)"
    ).wait_for_text("begun")
    rate = slider(notebook, "FloatLogSliderModel")
    assert rate.state["value"] == pytest.approx(1e-3)
    rate.update(value=0.01)
    notebook.wait_for(lambda: notebook.evaluate("rates[-1]", live=True) > 0.005, what="the new rate")
    # What Python assigns meanwhile is shown, too.
    notebook.evaluate("optimizer.learning_rate.assign(0.05) is None", live=True)
    notebook.wait_for(lambda: rate.state["value"] == pytest.approx(0.05), what="Python's rate in the slider")
    rate.update(value=0.1)
    cell.ok()
    assert notebook.evaluate("traces") == 1
    events = notebook.evaluate("list(run.history.events)")
    assert [text for _, text in events] == ["learning rate = 0.01", "learning rate = 0.1", "finished"]
    step = events[0][0]
    assert notebook.evaluate(f"(rates[{step - 1}], rates[{step}])") == pytest.approx((1e-3, 0.01))
    assert notebook.evaluate("list(run.history.marks)") == [step, events[1][0]]
    assert cell.stderr == ""


def test_real_variables_and_what_is_none(notebook: Kernel) -> None:
    notebook.run(TRAIN, 100)
    code = """
made = []
for name, target, lo, hi in [
    ("tf float", tf.Variable(0.5), 0.0, 1.0),
    ("tf integer", tf.Variable(3), 1, 9),
    ("tf half", tf.Variable(0.5, dtype=tf.bfloat16), 0.0, 1.0),
    ("keras", tf.keras.Variable(0.5), 0.0, 1.0),
    ("keras integer", tf.keras.Variable(3, dtype="int32"), 1, 9),
    ("a model's", tf.keras.optimizers.SGD(0.5).learning_rate, 0.0, 1.0),
]:
    knob = tfwidget.knob(name, target, lo, hi)
    before = knob.value
    knob.value = hi
    made.append((name, before, knob.value))
    knob.close()

refused = []
schedule = tf.keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
for target in [
    tf.keras.optimizers.SGD(schedule).learning_rate, schedule, optimizer, model, tf.constant(0.1), 0.1,
    tf.Variable([0.1]), tf.Variable(True), tf.Variable(0.1, shape=tf.TensorShape(None)),
]:
    try: tfwidget.knob("rate", target, 0.0, 1.0)
    except (TypeError, ValueError) as error: refused.append(str(error))
"""
    notebook.run(code)
    assert notebook.evaluate("made") == [
        ("tf float", 0.5, 1.0),
        ("tf integer", 3, 9),
        ("tf half", 0.5, 1.0),
        ("keras", 0.5, 1.0),
        ("keras integer", 3, 9),
        ("a model's", 0.5, 1.0),
    ]
    refused = notebook.evaluate("refused")
    assert len(refused) == 9
    for message, text in zip(
        refused,
        [
            "of a schedule",
            "schedule",
            "Pass its optimizer",
            "or a function",
            "a tensor",
            "tf.Variable",
            "(1,)",
            "bool",
            "shape",
        ],
        strict=True,
    ):
        assert text.lower() in message.lower(), message


def test_a_fit_in_another_epoch_keeps_the_knob(notebook: Kernel) -> None:
    notebook.run(TRAIN, 100)
    notebook.run(
        "model.compile(optimizer, 'mse')\nlive = tfwidget.LiveCallback()\n"
        "knob = tfwidget.knob('learning rate', optimizer.learning_rate, 1e-5, 1e-1, log=True)\n"
        "for _ in range(2): model.fit(x, y, verbose=0, callbacks=[live])",
        60,
    )
    assert notebook.evaluate("list(live.run.front_end.knobs)") == ["learning rate"]
    slider(notebook, "FloatLogSliderModel").update(value=0.02)
    notebook.wait_for(lambda: notebook.evaluate("rate()") == pytest.approx(0.02), what="a turn between two cells")
