"""The logs of batches, left on their device: with real TensorFlow, beside what Keras does without."""

import os
import re
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src import backend  # where Keras' logs become numbers
from sklearn.datasets import load_digits

from tests.kernel.test_callback import Recorder, build, fit, recorded, run_of
from tfwidget.keras import logs as keras_logs
from tfwidget.keras.callback import LiveCallback
from tfwidget.keras.logs import METHODS
from tfwidget.run.run import current_run

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own

NAMES = ("accuracy", "loss")
EPOCHS, BATCHES = 3, 5
IN_EPOCHS = {"epoch_end": EPOCHS * len(NAMES)}
IN_BATCHES = {"train_batch_end": EPOCHS * BATCHES * len(NAMES)}


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """160 digits: 5 batches."""
    images, labels = load_digits(return_X_y=True)
    return (images[:160] / 16).astype("float32"), labels[:160]


@pytest.fixture(autouse=True)
def accelerator(monkeypatch) -> None:
    """As if the device were one: which it is makes no difference to what follows."""
    monkeypatch.setattr(keras_logs, "_has_accelerator", lambda: True)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    kinds = (keras.callbacks.CallbackList, keras.callbacks.Callback, keras.callbacks.ProgbarLogger, keras.utils.Progbar)
    before = [dict(vars(kind)) for kind in kinds]
    yield
    run = current_run()
    if run is not None:
        run.finish("stopped")
    assert run is None
    assert [dict(vars(kind)) for kind in kinds] == before


@pytest.fixture
def copies(monkeypatch) -> list[str]:
    """At the end of what Keras has copied a tensor to the host for its logs."""
    copied: list[str] = []
    convert = backend.convert_to_numpy

    def counting(value: Any) -> np.ndarray:
        names = [frame.name for frame in traceback.extract_stack(limit=6)]
        copied.extend(event for event in ("train_batch_end", "test_batch_end", "epoch_end") if f"on_{event}" in names)
        return convert(value)

    monkeypatch.setattr(backend, "convert_to_numpy", counting)
    return copied


def bar(output: str) -> list[str]:
    """What a progress bar showed, without the times."""
    return re.findall(r"(\d+/\d+|loss: \S+|accuracy: \S+)", re.sub(r"\x1b\[[0-9;]*m|\x08", "", output))


# -- nobody reads ------------------------------------------------------------------------------------------------------

ALLOWING: dict[str, Callable[[Any], Any]] = {
    "no other": lambda folder: [],
    "History": lambda folder: keras.callbacks.History(),
    "EarlyStopping": lambda folder: keras.callbacks.EarlyStopping("loss", patience=9),
    "ReduceLROnPlateau": lambda folder: keras.callbacks.ReduceLROnPlateau("loss"),
    "LearningRateScheduler": lambda folder: keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate),
    "CSVLogger": lambda folder: keras.callbacks.CSVLogger(str(folder / "log.csv")),
    "ModelCheckpoint": lambda folder: keras.callbacks.ModelCheckpoint(
        str(folder / "{epoch}-{loss:.3f}.keras"), monitor="loss"
    ),
    "BackupAndRestore": lambda folder: keras.callbacks.BackupAndRestore(str(folder), save_freq=2),
    "LambdaCallback": lambda folder: keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None),
}


@pytest.mark.parametrize("other", ALLOWING)
def test_keras_copies_nothing_in_a_batch(digits, copies, tmp_path, other):
    others = [ALLOWING[other](tmp_path)]
    fit(build(), digits, LiveCallback(plot=Recorder()), *others, epochs=EPOCHS, verbose=2)
    assert Counter(copies) >= Counter(IN_EPOCHS)
    assert set(copies) == {"epoch_end"}


def test_neither_in_validation(digits, copies):
    live = LiveCallback(plot=Recorder())
    fit(build(), digits, live, epochs=EPOCHS, validation_data=digits)
    assert set(copies) == {"epoch_end"}


@pytest.mark.parametrize("kind", ["CPU", "GPU", "TPU"])
def test_nothing_is_put_off_in_host_memory(monkeypatch, kind):
    monkeypatch.undo()
    devices = [tf.config.LogicalDevice("/device:CPU:0", "CPU"), tf.config.LogicalDevice(f"/device:{kind}:0", kind)]
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda: devices)
    callbacks = keras.callbacks.CallbackList([LiveCallback(plot=Recorder())], model=build())
    before = dict(vars(callbacks))
    callbacks.on_train_begin()
    assert (METHODS[0] in vars(callbacks)) == (kind != "CPU")
    callbacks.on_train_end()
    assert vars(callbacks) == before


def test_opting_out(digits, copies):
    fit(build(), digits, LiveCallback(plot=Recorder(), lazy=False), epochs=EPOCHS, verbose=1)
    assert Counter(copies) == IN_EPOCHS | IN_BATCHES
    with pytest.raises(TypeError, match="LiveCallback: lazy must be True or False, got 'no'"):
        LiveCallback(lazy="no")


def test_in_a_callback_list_of_the_users_own(digits, copies):
    model, plot = build(), Recorder()
    callbacks = keras.callbacks.CallbackList([LiveCallback(plot=plot)], add_history=True, model=model, epochs=1)
    before = dict(vars(callbacks))
    model.fit(*digits, batch_size=32, callbacks=callbacks)
    assert set(copies) == {"epoch_end"}
    assert vars(callbacks) == before
    assert model.history.history["loss"] == [recorded(run_of(plot), "loss")[1][-1]]


# -- the same as without -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "verbose"),
    [
        ({}, 0),
        ({}, 1),
        ({}, 2),
        ({"steps_per_execution": 2}, 1),
        ({"run_eagerly": True}, 1),
        ({"jit_compile": True}, 1),
    ],
)
def test_history_curves_and_weights_are_the_same(digits, tmp_path, capsys, monkeypatch, mode, verbose):
    update = keras.utils.Progbar.update

    def draw_always(bar: keras.utils.Progbar, *arguments: Any, **options: Any) -> None:
        bar.interval = -1
        update(bar, *arguments, **options)

    def outcome(*callbacks: Any) -> tuple[object, ...]:
        model = build(**mode)
        early = keras.callbacks.EarlyStopping("val_loss", min_delta=0.2, patience=1)
        slower = keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=0, min_delta=0.15)
        best = keras.callbacks.ModelCheckpoint(str(tmp_path / "best.weights.h5"), save_weights_only=True)
        fit(
            model,
            digits,
            *(early, slower, best, *callbacks),
            epochs=9,
            verbose=verbose,
            validation_data=(digits[0][:64], digits[1][:64]),
        )
        history = model.history
        assert all(type(value) is float for name in ("loss", "val_loss") for value in history.history[name])
        weights = [weight.numpy().tolist() for weight in model.weights]
        return history.epoch, history.history, weights, bar(capsys.readouterr().out)

    with monkeypatch.context() as patch:
        patch.setattr(keras.utils.Progbar, "update", draw_always)
        plots = Recorder(), Recorder()
        without = outcome()
        eager = outcome(LiveCallback(plot=plots[0], lazy=False))
        lazy = outcome(LiveCallback(plot=plots[1]))
    assert lazy == eager == without
    assert 1 < len(without[0]) < 9  # stopped early
    assert bool(without[3]) == bool(verbose)
    histories = [run_of(plot).history for plot in plots]
    assert set(histories[0]) == set(histories[1]) >= {"loss", "accuracy", "val_loss", "learning_rate"}
    for name in histories[0]:
        assert recorded(run_of(plots[0]), name) == recorded(run_of(plots[1]), name)


def test_the_progress_bar_reads_only_when_it_is_drawn(digits, copies, monkeypatch, capsys):
    reads, read = [], keras_logs._Later.__float__
    monkeypatch.setattr(keras_logs._Later, "__float__", lambda later: reads.append(later) or read(later))
    with monkeypatch.context() as patch:
        patch.setattr(keras.utils.Progbar.__init__, "__defaults__", (20, 1, 1e9, None, None, "step"))
        fit(build(), digits, LiveCallback(plot=Recorder()), epochs=EPOCHS, verbose=1)
    assert set(copies) == {"epoch_end"}
    assert len(reads) == EPOCHS * len(NAMES)  # at the first batch of each
    assert "1/5" in bar(capsys.readouterr().out)


# -- somebody reads ----------------------------------------------------------------------------------------------------

READING: dict[str, Callable[[Callable[[int, Any], None]], Any]] = {}


def reading(make: Callable[[Callable[[int, Any], None]], Any]) -> Callable[[Callable[[int, Any], None]], Any]:
    READING[make.__name__] = make
    return make


@reading
def a_lambda_callback(note):
    return keras.callbacks.LambdaCallback(on_train_batch_end=note)


@reading
def a_class(note):
    class Reader(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            note(batch, logs)

    return Reader()


@reading
def the_former_name_of_the_method(note):
    class Reader(keras.callbacks.Callback):
        def on_batch_end(self, batch, logs=None):
            note(batch, logs)

    return Reader()


@reading
def a_method_set_on_the_instance(note):
    callback = keras.callbacks.History()
    callback.on_batch_end = lambda batch, logs=None: note(batch, logs)
    return callback


@reading
def a_progress_bar_of_the_users_own(note):
    class Bar(keras.callbacks.ProgbarLogger):
        def _update_progbar(self, batch, logs=None):
            note(batch, logs)

    return Bar()


@reading
def a_method_set_on_a_progress_bar(note):
    callback = keras.callbacks.ProgbarLogger()
    callback.on_train_batch_end = lambda batch, logs=None: note(batch, logs)
    return callback


@reading
def a_callback_list_within(note):
    return keras.callbacks.CallbackList([a_class(note)])


@reading
def a_method_set_when_the_epoch_begins(note):
    class Reader(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.on_train_batch_end = lambda batch, logs=None: note(batch, logs)

    return Reader()


@pytest.mark.parametrize("kind", READING)
def test_who_reads_gets_floats(digits, kind):
    def seen(*others: Any) -> list[tuple[int, Any]]:
        noted: list[tuple[int, Any]] = []
        reader = READING[kind](lambda batch, logs: noted.append((batch, logs)))
        fit(build(), digits, *others, reader, epochs=2, verbose=1)
        return noted

    plot = Recorder()
    noted = seen(LiveCallback(plot=plot))
    assert noted == seen()
    assert len(noted) == 10
    assert all(type(logs) is dict and type(value) is float for _, logs in noted for value in logs.values())
    assert recorded(run_of(plot), "loss")[1] == [logs["loss"] for _, logs in noted]


def test_a_subclass_that_reads_gets_floats(digits):
    class Printing(LiveCallback):
        def on_train_begin(self, logs=None):
            super().on_train_begin(logs)

        def on_train_batch_end(self, batch, logs=None):
            noted.append(dict(logs))
            super().on_train_batch_end(batch, logs)

    noted, plot = [], Recorder()
    fit(build(), digits, Printing(plot=plot))
    assert len(noted) == 5
    assert all(type(value) is float for logs in noted for value in logs.values())
    assert recorded(run_of(plot), "loss")[1] == [logs["loss"] for logs in noted]


def test_a_subclass_that_does_not_read(digits, copies):
    class Announcing(LiveCallback):
        def on_train_begin(self, logs=None):
            super().on_train_begin(logs)

    fit(build(), digits, Announcing(plot=Recorder()))
    assert set(copies) == {"epoch_end"}


def test_called_through_another_callback(digits):
    class Passing(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            live.set_model(self.model)
            live.on_train_begin(logs)

        def on_train_batch_end(self, batch, logs=None):
            noted.append(logs)
            live.on_train_batch_end(batch, logs)

        def on_train_end(self, logs=None):
            live.on_train_end(logs)

    noted, plot = [], Recorder()
    live = LiveCallback(plot=plot)
    fit(build(), digits, Passing())
    assert all(type(value) is float for logs in noted for value in logs.values())
    assert recorded(run_of(plot), "loss")[1] == [logs["loss"] for logs in noted]


def test_a_callback_that_comes_later_gets_floats(digits):
    noted, model = [], build()
    reader = a_class(lambda batch, logs: noted.append((batch, logs["loss"])))
    joining = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: callbacks.callbacks.append(reader) if epoch == 1 else None
    )
    plot = Recorder()
    callbacks = keras.callbacks.CallbackList([LiveCallback(plot=plot), joining], model=model, epochs=2)
    model.history = None
    model.fit(*digits, batch_size=32, epochs=2, callbacks=callbacks)
    assert [loss for _, loss in noted] == recorded(run_of(plot), "loss")[1][5:]
    assert all(type(loss) is float for _, loss in noted)


@pytest.mark.parametrize("save_freq", [2, "epoch"])
def test_checkpoints_named_by_the_loss(digits, tmp_path, save_freq):
    def files(*others: Any) -> list[str]:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        path = str(folder / "{epoch}-{loss:.6f}.weights.h5")
        checkpoint = keras.callbacks.ModelCheckpoint(path, save_freq=save_freq, save_weights_only=True)
        fit(build(), digits, checkpoint, *others, epochs=2)
        return sorted(file.name for file in folder.iterdir())

    found = files()
    assert len(found) == (2 if save_freq == "epoch" else 5)
    assert files(LiveCallback(plot=Recorder())) == found


# -- logs of another kind ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "extra",
    [
        lambda loss: {"extra": tf.stack([loss, loss])},
        lambda loss: {"extra": tf.cast(loss * 100, tf.int32)},
        lambda loss: {"extra": tf.strings.as_string(loss)},
        lambda loss: {"extra": {"deep": loss, "deeper": {"deepest": loss}}},
        lambda loss: {"extra": tf.cast(loss, tf.bfloat16), "before": tf.cast(loss, tf.float64) / 3},
        lambda loss: {},
    ],
    ids=["vector", "integer", "text", "nested", "other precisions", "none"],
)
def test_logs_of_a_train_step_of_the_users_own(digits, capsys, extra):
    class Model(keras.Sequential):
        def train_step(self, data):
            logs = super().train_step(data)
            return {**logs, **extra(logs["loss"])}

    def outcome(**options: Any) -> tuple[object, ...]:
        keras.utils.set_random_seed(0)
        model, plot = Model([keras.Input((64,)), keras.layers.Dense(10)]), Recorder()
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        fit(model, digits, LiveCallback(plot=plot, **options), epochs=2)
        run = run_of(plot)
        tensors = {name: value.array.tolist() for name, value in plot.frames[-1].values.items()}
        curves = {name: recorded(run, name) for name in run.history}
        return curves, tensors, plot.frames[-1].errors

    assert outcome() == outcome(lazy=False)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("number", [0.001, 0.1, 1e-7, 12345.678, 0.0, -3.0, float("nan"), float("inf")])
def test_a_later_number_is_what_keras_makes_of_it(dtype, number):
    tensor = tf.constant(number, dtype)
    later, now = keras_logs._Later(tensor), float(backend.convert_to_numpy(tensor))
    np.testing.assert_array_equal([float(later), np.mean(later), later * 3], [now, now, now * 3])
    assert np.mean(later).dtype == np.float64


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_an_exception_leaves_nothing_behind(digits, copies, error):
    def fail(batch: int, logs: object = None) -> None:
        if batch == 2:
            raise error

    model, plot = build(), Recorder()
    live = LiveCallback(plot=plot)
    failing = keras.callbacks.LambdaCallback(on_train_batch_begin=fail)
    callbacks = keras.callbacks.CallbackList([live, failing], add_history=True, model=model, epochs=1)
    before = dict(vars(callbacks))
    with pytest.raises(error):
        model.fit(*digits, batch_size=32, callbacks=callbacks)
    assert copies == []
    run_of(plot).finish("failed")  # as the end of the cell does
    assert {name: value for name, value in vars(callbacks).items() if name in METHODS} == {}
    callbacks.callbacks.remove(failing)
    fit(model, digits, live)
    assert run_of(plot).state == "finished"
    assert vars(callbacks).keys() == before.keys()
