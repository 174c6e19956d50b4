"""`LiveCallback` with real TensorFlow: tiny models, handwritten digits."""

import gc
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_digits

from tests.kernel.conftest import Shared
from tests.kernel.harness import Kernel, View
from tests.kernels import NEWEST
from tests.recorder import Recorder
from tfwidget.errors import RunError, TfwidgetWarning, UnsupportedError
from tfwidget.jupyter import owner
from tfwidget.keras.callback import LiveCallback
from tfwidget.plot import Histogram
from tfwidget.record.values import Frame
from tfwidget.run.run import Run
from tfwidget.run.status import Status
from tfwidget.session import current_run

BATCH = 32


class Spy(keras.callbacks.Callback):
    """What Keras reports, and where a test gets between two batches."""

    def __init__(self, after_batch: Callable[[int], None] = lambda count: None, **on: Callable[[], None]) -> None:
        super().__init__()
        self.batches: list[dict[str, float]] = []
        self.epochs: list[dict[str, float]] = []
        self.after_batch = after_batch
        self.on = on

    def on_train_batch_end(self, batch, logs=None):
        self.batches.append(dict(logs))
        self.after_batch(len(self.batches))

    def on_test_batch_end(self, batch, logs=None):
        self.on.get("test_batch", lambda: None)()

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(dict(logs))
        self.on.get("epoch", lambda: None)()


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """160 digits: 4 batches to train on and one to validate."""
    images, labels = load_digits(return_X_y=True)
    return (images[:160] / 16).astype("float32"), labels[:160]


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    run = current_run()
    if run is not None:
        run.finish("stopped")
    assert run is None


def build(*layers: Any, optimizer: Any = "sgd", seed: int = 0, **options: Any) -> Any:
    keras.utils.set_random_seed(seed)
    stack = layers or (keras.layers.Dense(8, activation="relu", name="hidden"),)
    model = keras.Sequential([keras.Input((64,)), *stack, keras.layers.Dense(10, name="scores")], name="digits")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], **options)
    return model


def fit(model: Any, digits: tuple[np.ndarray, np.ndarray], *callbacks: Any, **options: Any) -> None:
    settings = {"batch_size": BATCH, "epochs": 1, "verbose": 0, "shuffle": False} | options
    model.fit(*digits, callbacks=list(callbacks), **settings)


def unknown_number_of_batches(images: np.ndarray, labels: np.ndarray, number: int) -> tf.data.Dataset:
    batches = [(images[begin : begin + 16], labels[begin : begin + 16]) for begin in range(0, 16 * number, 16)]
    signature = (tf.TensorSpec((16, 64)), tf.TensorSpec((16,), tf.int64))
    return tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=signature)


def recorded(run: Run, name: str) -> tuple[list[int], list[float]]:
    series = run.history[name]
    return [int(step) for step in series.steps], [float(value) for value in series.values]


# -- batches and epochs ------------------------------------------------------------------------------------------------


def test_records_batches_and_epochs(digits):
    plot, spy = Recorder(), Spy()
    fit(build(), digits, spy, LiveCallback(plot=plot), epochs=3, validation_split=0.2)
    run = plot.the_run
    assert (run.state, run.step, run.total) == ("finished", 12, 12)
    for name in ("loss", "accuracy"):
        assert recorded(run, name) == (list(range(1, 13)), [logs[name] for logs in spy.batches])
        assert recorded(run, f"val_{name}") == ([4, 8, 12], [logs[f"val_{name}"] for logs in spy.epochs])
    assert set(run.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert plot.frames[-1].step == 12
    assert plot.statuses[0].total == 12


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own
def test_records_what_another_callback_adds_at_the_end_of_an_epoch(digits):
    plot = Recorder()
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))
    fit(build(), digits, schedule, LiveCallback(plot=plot), epochs=2)
    steps, values = recorded(plot.the_run, "learning_rate")
    assert steps == [5, 10]
    assert values == pytest.approx([0.1, 0.05])


def test_steps_per_execution(digits):
    plot = Recorder()
    fit(build(steps_per_execution=3), digits, LiveCallback(plot=plot), epochs=2)
    run = plot.the_run
    assert recorded(run, "loss")[0] == [3, 5, 8, 10]
    assert (run.step, run.total) == (10, 10)


@pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning")
@pytest.mark.parametrize("batches", [3, 4, 5, 6])
def test_steps_per_execution_of_data_whose_number_is_not_known(digits, batches):
    plot, totals = Recorder(), []
    spy = Spy(lambda count: totals.append(plot.the_run.total))
    data = unknown_number_of_batches(*digits, batches)
    build(steps_per_execution=3).fit(data, epochs=3, verbose=0, shuffle=False, callbacks=[LiveCallback(plot=plot), spy])
    run = plot.the_run
    assert (run.step, run.total, totals[0], totals[-1]) == (3 * batches, 3 * batches, None, 3 * batches)
    steps, _ = recorded(run, "loss")
    ends = [3, batches] if batches > 3 else [3]
    assert steps[len(ends) :] == [epoch * batches + end for epoch in (1, 2) for end in ends]
    assert steps[len(ends) - 1] == -(-batches // 3) * 3, "the first epoch's last is plotted where Keras counts it"


@pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning")
@pytest.mark.parametrize("counts", ["groups of batches", "batches without an overflow"])
def test_an_optimizer_that_does_not_count_batches_is_not_asked(digits, counts):
    images, labels = digits[0].copy(), digits[1]
    if counts == "groups of batches":
        optimizer = keras.optimizers.SGD(gradient_accumulation_steps=2)
    else:
        optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())
        images[20] = np.inf
    plot, model = Recorder(), build(steps_per_execution=4, optimizer=optimizer)
    data = unknown_number_of_batches(images, labels, 4)
    model.fit(data, verbose=0, shuffle=False, callbacks=[LiveCallback(plot=plot)])
    assert int(optimizer.iterations) < 4
    assert plot.the_run.step == 4


@pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning")
def test_learns_the_total_from_the_first_epoch(digits):
    data = unknown_number_of_batches(*digits, 3)
    plot, totals = Recorder(), []
    spy = Spy(lambda count: totals.append(plot.the_run.total))
    build().fit(data, epochs=3, verbose=0, shuffle=False, callbacks=[LiveCallback(plot=plot), spy])
    assert totals == [None] * 3 + [9] * 6
    assert plot.the_run.state == "finished"


def test_counts_the_total_from_the_initial_epoch(digits):
    plot = Recorder()
    fit(build(), digits, LiveCallback(plot=plot), initial_epoch=2, epochs=4)
    assert (plot.the_run.step, plot.the_run.total) == (10, 10)


def test_goes_on_where_it_was(digits):
    plot, model = Recorder(), build()
    live = LiveCallback(plot=plot)
    fit(model, digits, live)
    first = plot.the_run
    fit(model, digits, live, epochs=2)
    run = plot.the_run
    assert run is not first
    assert (run.state, run.step, run.total) == ("finished", 15, 15)
    assert recorded(run, "loss")[0] == list(range(1, 16))


def test_starts_anew_for_another_model(digits):
    plot = Recorder()
    live = LiveCallback(plot=plot)
    fit(build(), digits, live)
    fit(build(), digits, live)
    assert recorded(plot.the_run, "loss")[0] == [1, 2, 3, 4, 5]


def test_does_nothing_outside_of_fit(digits):
    plot, model = Recorder(), build()
    live = LiveCallback(plot=plot)
    model.evaluate(*digits, verbose=0, callbacks=[live])
    model.predict(digits[0], verbose=0, callbacks=[live])
    assert plot.run is None
    fit(model, digits, live)
    frames, run = len(plot.frames), plot.the_run
    model.evaluate(*digits, verbose=0, callbacks=[live])
    assert (len(plot.frames), plot.the_run, run.step) == (frames, run, 5)


def test_a_loop_of_the_users_own_with_a_callback_list(digits):
    plot, model = Recorder(), build()
    callbacks = keras.callbacks.CallbackList([LiveCallback(plot=plot)], model=model)
    callbacks.on_train_begin()
    for epoch in range(2):
        callbacks.on_epoch_begin(epoch)
        for batch in range(3):
            callbacks.on_train_batch_end(batch, {"loss": 1.0 / (batch + 1)})
        callbacks.on_epoch_end(epoch)
    callbacks.on_train_end()
    assert recorded(plot.the_run, "loss")[0] == [1, 2, 3, 4, 5, 6]
    assert plot.the_run.total is None


# -- commands ----------------------------------------------------------------------------------------------------------


def test_stop_ends_the_training(digits):
    plot, model = Recorder(), build()
    spy = Spy(lambda count: plot.the_run.stop() if count == 3 else None)
    fit(model, digits, spy, LiveCallback(plot=plot), epochs=5, validation_split=0.2)
    assert len(spy.batches) == 3
    assert (plot.the_run.state, plot.the_run.step) == ("stopped", 3)
    assert recorded(plot.the_run, "val_loss")[0] == [3]


def test_stop_during_validation(digits):
    plot, spy = Recorder(), Spy(test_batch=lambda: plot.the_run.stop())
    fit(build(), digits, spy, LiveCallback(plot=plot), epochs=5, validation_split=0.2)
    assert (plot.the_run.state, len(spy.epochs)) == ("stopped", 1)


def test_early_stopping_is_a_normal_end(digits):
    plot = Recorder()
    early = keras.callbacks.EarlyStopping(monitor="loss", min_delta=100, patience=1)
    fit(build(), digits, early, LiveCallback(plot=plot), epochs=9)
    assert plot.the_run.state == "finished"
    assert (plot.the_run.step, plot.the_run.total) == (10, 45)


def test_pause_waits_between_two_batches_and_listens(digits):
    plot, seen = Recorder(), []

    def answer(run: Run, status: Status) -> None:
        if status.state == "paused":
            seen.append((run.step, len(spy.batches)))
            owner.mailbox.post(run.resume)

    plot.on_status = answer
    spy = Spy(lambda count: plot.the_run.pause() if count == 2 else None)
    fit(build(), digits, spy, LiveCallback(plot=plot))
    assert set(seen) == {(2, 2)}
    assert (plot.the_run.state, plot.the_run.step) == ("finished", 5)


def test_a_single_step_is_a_training_batch_even_with_validation_between(digits):
    plot, paused_at = Recorder(), []

    def answer(run: Run, status: Status) -> None:
        if status.state == "paused" and (not paused_at or paused_at[-1] != run.step):
            paused_at.append(run.step)
            owner.mailbox.post(run.advance if run.step < 6 else run.resume)

    plot.on_status = answer
    spy = Spy(lambda count: plot.the_run.pause() if count == 3 else None)
    fit(build(), digits, spy, LiveCallback(plot=plot), epochs=2, validation_split=0.2)
    assert paused_at == [3, 4, 5, 6]
    assert plot.the_run.state == "finished"


def test_pause_during_validation(digits):
    plot, paused_at = Recorder(), []

    def answer(run: Run, status: Status) -> None:
        if status.state == "paused":
            paused_at.append((run.step, len(spy.epochs)))
            owner.mailbox.post(run.resume)

    plot.on_status = answer
    spy = Spy(test_batch=lambda: plot.the_run.pause())
    fit(build(), digits, spy, LiveCallback(plot=plot), validation_split=0.2)
    assert paused_at[0] == (4, 0)
    assert (plot.the_run.state, plot.the_run.step) == ("finished", 4)


# -- weights and gradients ---------------------------------------------------------------------------------------------


def test_weights_by_path_or_layer(digits):
    plot, model = Recorder(), build()
    fit(model, digits, LiveCallback(plot=plot, weights=["digits/hidden/kernel", "scores"]))
    values = plot.frames[-1].values
    assert {name: value.array.shape for name, value in values.items()} == {
        "hidden/kernel": (64, 8),
        "scores/kernel": (8, 10),
        "scores/bias": (10,),
    }
    assert {value.kind for value in values.values()} == {Histogram}
    np.testing.assert_array_equal(values["scores/kernel"].array, model.layers[-1].kernel.numpy())


def test_an_unknown_weight_is_told_before_the_training(digits):
    model = build()
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"'hiden/kernel'.*hidden/kernel, hidden/bias, scores/kernel"):
        fit(model, digits, LiveCallback(plot=Recorder(), weights=["hiden/kernel"]))
    np.testing.assert_array_equal(before[0], model.get_weights()[0])


def test_a_name_is_not_matched_in_its_middle(digits):
    with pytest.raises(ValueError, match="'hid'"):
        fit(build(), digits, LiveCallback(plot=Recorder(), weights=["hid"]))


@pytest.mark.parametrize("every", [2, 3])
def test_every(digits, every):
    plot = Recorder()
    fit(build(), digits, LiveCallback(plot=plot, weights=["hidden"], every=every), epochs=3)
    steps = {value.step for frame in plot.frames for value in frame.values.values()}
    assert steps
    assert all(step % every == 0 for step in steps)


MODES = {
    "graph": {},
    "execution of 2": {"steps_per_execution": 2},
    "eager": {"run_eagerly": True},
    "compiled": {"jit_compile": True},
    "scaled": {"optimizer": lambda: keras.optimizers.SGD(1.0, loss_scale_factor=64.0)},
    "scaled dynamically": {"optimizer": lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1.0))},
    "clipped": {"optimizer": lambda: keras.optimizers.SGD(1.0, global_clipnorm=1e3)},
}


@pytest.mark.parametrize("mode", MODES)
def test_gradients_are_those_of_the_last_batch(digits, mode):
    # With plain gradient descent and a learning rate of 1, the gradient is what the last batch took away.
    weights = []
    reference = build(optimizer=keras.optimizers.SGD(1.0))
    spy = Spy(lambda count: weights.append([weight.numpy() for weight in reference.weights]))
    fit(reference, digits, spy)
    options = dict(MODES[mode])
    model = build(optimizer=options.pop("optimizer", lambda: keras.optimizers.SGD(1.0))(), **options)
    plot = Recorder()
    fit(model, digits, LiveCallback(plot=plot, gradients=True, weights=["hidden", "scores/bias"]))
    values = plot.frames[-1].values
    for index, name in enumerate(["hidden/kernel", "hidden/bias", None, "scores/bias"]):
        if name is not None:
            expected = weights[-2][index] - weights[-1][index]
            np.testing.assert_allclose(values[f"{name} gradient"].array, expected, atol=2e-6)
            assert np.abs(expected).max() > 1e-3
    assert plot.frames[-1].errors == {}


@pytest.mark.parametrize("mode", ["graph", "eager", "scaled dynamically"])
def test_gradients_leave_nothing_behind(digits, mode):
    options = dict(MODES[mode])
    model = build(optimizer=options.pop("optimizer", lambda: keras.optimizers.SGD(1.0))(), **options)
    fit(model, digits)
    inner = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    function, attributes, variables = model.train_function, set(vars(inner)), len(model.optimizer.variables)
    live = LiveCallback(plot=Recorder(), gradients=True)
    fit(model, digits, live)
    assert model.train_function is function
    assert set(vars(inner)) == attributes
    assert len(model.optimizer.variables) == variables
    fit(model, digits)


def test_gradients_of_kernels_from_first_to_last(digits):
    plot = Recorder()
    model = build(*[keras.layers.Dense(4, name=f"layer{i}") for i in range(9)])
    fit(model, digits, LiveCallback(plot=plot, gradients=True))
    names = [name.removesuffix("/kernel gradient") for name in plot.frames[-1].values]
    assert names == ["layer0", "layer2", "layer4", "layer5", "layer7", "scores"]


def test_gradients_of_a_train_step_of_the_users_own(digits):
    class Model(keras.Model):
        def __init__(self):
            super().__init__(name="own")
            self.scores = keras.layers.Dense(10, name="scores")
            self.unused = keras.layers.Dense(3, name="unused")

        def call(self, images):
            self.unused(images)
            return self.scores(images)

        def train_step(self, data):
            images, labels = data
            with tf.GradientTape() as tape:
                loss = self.compute_loss(y=labels, y_pred=self(images))
            gradients = tape.gradient(loss, self.scores.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.scores.trainable_variables, strict=True))
            return {"my_loss": loss}

    model, plot = Model(), Recorder()
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    fit(model, digits, LiveCallback(plot=plot, gradients=True))
    frame = plot.frames[-1]
    assert frame.values["scores/kernel gradient"].array.shape == (64, 10)
    assert "no gradient of unused/kernel reaches the optimizer" in frame.errors["unused/kernel gradient"]
    assert recorded(plot.the_run, "my_loss")[0] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("mode", MODES)
def test_a_model_without_an_input_shape(digits, mode):
    options = dict(MODES[mode])
    make_optimizer = options.pop("optimizer", lambda: keras.optimizers.SGD(1.0))
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Dense(10, name="scores")], name="late")
    model.compile(make_optimizer(), keras.losses.SparseCategoricalCrossentropy(from_logits=True), **options)
    plot = Recorder()
    fit(model, digits, LiveCallback(plot=plot, weights=["scores"], gradients=True))
    assert list(plot.frames[-1].values) == [
        "scores/kernel",
        "scores/bias",
        "scores/kernel gradient",
        "scores/bias gradient",
    ]
    assert np.abs(plot.frames[-1].values["scores/bias gradient"].array).max() > 1e-3


@pytest.mark.parametrize("gradients", [False, True])
def test_an_unknown_weight_of_a_model_without_an_input_shape(digits, gradients):
    model, plot = keras.Sequential([keras.layers.Dense(10, name="scores")]), Recorder()
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    with pytest.warns(TfwidgetWarning, match=r"'scors'.*scores/kernel, scores/bias.*goes on") as warned:
        fit(model, digits, LiveCallback(plot=plot, weights=["scors"], gradients=gradients))
    assert len(warned) == 1
    assert plot.the_run.step == 5


def test_sparse_gradients():
    plot, words = Recorder(), np.arange(96).reshape(32, 3) % 7
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Embedding(7, 4, name="words"), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    fit(model, (words, np.ones((32, 1))), LiveCallback(plot=plot, gradients=True, weights=["words"]))
    assert plot.frames[-1].values["words/embeddings gradient"].array.shape == (7, 4)


def test_frozen_weights_have_no_gradient(digits):
    model, plot = build(), Recorder()
    model.layers[0].trainable = False
    model.compile("sgd", model.loss)
    fit(model, digits, LiveCallback(plot=plot, gradients=True, weights=["hidden", "scores"]))
    assert [name for name in plot.frames[-1].values if "gradient" in name] == [
        "scores/kernel gradient",
        "scores/bias gradient",
    ]
    with pytest.raises(ValueError, match="none of hidden/kernel, hidden/bias is trainable"):
        fit(model, digits, LiveCallback(plot=Recorder(), gradients=True, weights=["hidden"]))


def test_gradients_that_cannot_be_had(digits):
    class Model(keras.Sequential):
        def make_train_function(self):
            super().make_train_function()

    model = Model([keras.Input((64,)), keras.layers.Dense(10)])
    model.compile("sgd", "sparse_categorical_crossentropy")
    attributes = set(vars(model.optimizer))
    plot = Recorder()
    with pytest.raises(UnsupportedError, match="make_train_function"):
        fit(model, digits, LiveCallback(plot=plot, gradients=True))
    assert set(vars(model.optimizer)) == attributes
    assert plot.the_run.state == "failed"


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_a_caught_exception_does_not_block_the_next_fit(digits, error):
    def fail(count: int) -> None:
        if count == 2:
            raise error

    model, plot = build(), Recorder()
    fit(model, digits)
    function, attributes = model.train_function, set(vars(model.optimizer))
    with pytest.raises(error):
        fit(model, digits, Spy(fail), LiveCallback(plot=plot, gradients=True))
    left = plot.the_run
    assert left.state == "running"
    fit(model, digits, LiveCallback(plot=Recorder()))
    assert left.state == "stopped"
    assert model.train_function is function
    assert set(vars(model.optimizer)) == attributes


def test_a_fit_inside_a_fit_is_refused(digits):
    outer, inner = build(), build()
    spy = Spy(lambda count: fit(inner, digits, LiveCallback(plot=Recorder())))
    plot = Recorder()
    with pytest.raises(RunError, match="inside another one"):
        fit(outer, digits, LiveCallback(plot=plot), spy)
    plot.the_run.finish("failed")


def test_a_fit_on_another_thread_is_refused_and_harms_nobody(digits):
    refused, other, plot = [], build(), Recorder()

    def fit_there() -> None:
        with pytest.raises(RunError, match="main thread") as caught:
            fit(other, digits, LiveCallback(plot=Recorder()))
        refused.append(caught.value)

    def start(count: int) -> None:
        if count == 2:
            thread = threading.Thread(target=fit_there)
            thread.start()
            thread.join()

    fit(build(), digits, Spy(start), LiveCallback(plot=plot))
    assert refused
    assert (plot.the_run.state, plot.the_run.step) == ("finished", 5)


def test_a_failing_plot_does_not_end_the_training(digits):
    class Broken(Recorder):
        def draw(self, frame: Frame | None, status: Status, *, still: bool) -> None:
            raise RuntimeError("no ink")

    plot, spy = Broken(), Spy()
    with pytest.warns(TfwidgetWarning, match="no ink"):
        fit(build(), digits, spy, LiveCallback(plot=plot))
    assert len(spy.batches) == 5
    assert plot.the_run.state == "finished"


def test_a_weight_that_cannot_be_read_does_not_end_the_training(digits, monkeypatch):
    model, plot = build(), Recorder()
    monkeypatch.setattr(type(model.layers[0].kernel), "numpy", lambda self: 1 / 0)
    fit(model, digits, LiveCallback(plot=plot, weights=["hidden/kernel"]))
    assert "division by zero" in plot.frames[-1].errors["hidden/kernel"]
    assert plot.the_run.step == 5


def test_a_finished_run_holds_no_model(digits):
    plot, model = Recorder(), build()
    live = LiveCallback(plot=plot, weights=["hidden"], gradients=True)
    fit(model, digits, live)
    gone = weakref.ref(model)
    live.set_model(None)  # what Keras itself keeps
    del model
    keras.utils.clear_session()
    gc.collect()
    assert gone() is None
    assert plot.the_run.state == "finished"


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"weights": "dense/kernel"}, TypeError, r'\["dense/kernel"\]'),
        ({"weights": 5}, TypeError, "list of names"),
        ({"weights": [3]}, TypeError, "names, such as"),
        ({"weights": [""]}, TypeError, "names, such as"),
        ({"gradients": "all"}, TypeError, "True or False"),
        ({"every": 0}, ValueError, "at least 1"),
        ({"every": True}, ValueError, "at least 1"),
        ({"every": 2.5}, ValueError, "number of batches"),
        ({"plot": 3}, TypeError, "LivePlot"),
    ],
)
def test_bad_arguments(arguments, error, says):
    with pytest.raises(error, match=f"LiveCallback: {next(iter(arguments))}.*{says}"):
        LiveCallback(**arguments)


# -- in a notebook -----------------------------------------------------------------------------------------------------

SETUP = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, tfwidget
from sklearn.datasets import load_digits
images, labels = load_digits(return_X_y=True)
images = (images / 16).astype("float32")
model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(10)])
model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
def fit(*callbacks, epochs=1):
    return model.fit(images, labels, epochs=epochs, verbose=0, callbacks=list(callbacks))
def at_batch_3(act):
    def on_train_batch_end(batch, logs):
        if batch == 2:
            act()
    callback = keras.callbacks.Callback()
    callback.on_train_batch_end = lambda batch, logs=None: on_train_batch_end(batch, logs)
    return callback
live = tfwidget.LiveCallback()
"""


@pytest.fixture
def notebook(shared_kernels: Shared) -> Iterator[Kernel]:
    for kernel in shared_kernels.lend(NEWEST):
        kernel.run(SETUP, timeout=90)
        yield kernel


def test_is_watched_and_stopped_while_the_cell_runs(notebook):
    cell = notebook.execute("history = fit(live, epochs=100_000)")
    view = View(notebook.widget("LiveCanvasModel"))
    view.wait_for_frames(3)
    assert not cell.done
    notebook.widget("ButtonModel", description="Stop").click()
    cell.ok()
    assert cell.stderr == ""
    assert notebook.evaluate("(live.run.state, live.run.step > 0)") == ("stopped", True)
    assert notebook.find("FloatProgressModel")


def test_an_exception_makes_the_run_fail_with_its_cell(notebook):
    notebook.run("fit()\nfunction, attributes = model.train_function, set(vars(model.optimizer))")
    cell = notebook.execute("live = tfwidget.LiveCallback(gradients=True)\nfit(live, at_batch_3(lambda: 1 / 0))")
    assert (cell.wait().error or "").startswith("ZeroDivisionError")
    assert notebook.evaluate("(live.run.state, live.run.step, repr(live.run.error))") == (
        "failed",
        3,
        "ZeroDivisionError('division by zero')",
    )
    assert notebook.evaluate("model.train_function is function and set(vars(model.optimizer)) == attributes")
    notebook.run("fit(live)")
    assert notebook.evaluate("(live.run.state, live.run.step)") == ("finished", 60)


def test_the_interrupt_button_stops_the_run(notebook):
    cell = notebook.execute("fit(live, at_batch_3(lambda: print('begun', flush=True)), epochs=100_000)")
    cell.wait_for_text("begun")
    notebook.interrupt()
    assert (cell.wait().error or "").startswith("KeyboardInterrupt")
    assert notebook.evaluate("live.run.state") == "stopped"


def test_a_further_fit_goes_on_in_the_plot_of_the_cell_or_a_new_one_in_another(notebook):
    notebook.run("fit(live)\nfit(live)")
    assert len(notebook.find("LiveCanvasModel")) == 1
    notebook.run("fit(live)")
    assert len(notebook.find("LiveCanvasModel")) == 2
    assert notebook.evaluate("(live.run.step, len(live.run.history['loss']))") == (171, 171)
