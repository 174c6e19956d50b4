"""Values in, frames out: no run, no front end, no framework."""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfwidget.errors import TensorError
from tfwidget.record.recorder import TEMPLATES, WAITING_SCALARS, Recorder, describe
from tfwidget.record.values import TENSOR_BYTES, Array, Logged, fetch


class Bench:
    """A recorder, what it has fetched, and what it has warned of."""

    def __init__(self, after: "Bench | None" = None) -> None:
        self.fetched: list[list[object]] = []
        self.warned: dict[str, str] = {}
        self.recorder: Recorder = Recorder(
            fetch=self.fetch, warn=self.warned.__setitem__, after=None if after is None else after.recorder
        )

    def fetch(self, values: Sequence[object]) -> list[float]:
        self.fetched.append(list(values))
        return fetch(values)

    def log(self, step: int, **values: object) -> None:
        self.recorder.log(values, step)

    def points(self, name: str) -> list[tuple[int, float]]:
        self.recorder.collect()
        series = self.recorder.history[name]
        return list(zip(series.steps.tolist(), series.values.tolist(), strict=True))


@pytest.fixture
def bench() -> Bench:
    return Bench()


class EagerTensor:
    """Stands for TensorFlow's, which never changes."""

    def __init__(self, data: object) -> None:
        self._data = np.asarray(data)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._data.shape

    @property
    def dtype(self) -> np.dtype[np.generic]:
        return self._data.dtype

    def numpy(self) -> Array:
        return self._data.copy()


class Variable:
    """Stands for TensorFlow's, which is read on its device."""

    shape = ()

    def __init__(self, value: float) -> None:
        self.now = value

    def assign(self, value: float) -> None:
        self.now = value

    def value(self) -> EagerTensor:
        return EagerTensor(self.now)


# -- scalars -----------------------------------------------------------------------------------------------------------


def test_scalars_of_many_steps_are_fetched_all_at_once(bench: Bench) -> None:
    for step in range(1, 101):
        bench.log(step, loss=EagerTensor(step), accuracy=step / 2, rate=np.float32(3))
    assert bench.fetched == []
    bench.recorder.frame(100)
    assert [len(values) for values in bench.fetched] == [300]
    assert bench.points("loss") == [(step, float(step)) for step in range(1, 101)]
    assert bench.points("accuracy")[-1] == (100, 50.0)
    assert bench.points("rate")[0] == (1, 3.0)
    assert list(bench.recorder.history) == ["loss", "accuracy", "rate"]


def test_rows_of_different_names_are_fetched_together_too(bench: Bench) -> None:
    for step in range(1, 31):
        bench.log(step, loss=float(step))
        if step % 10 == 0:
            bench.log(step, loss=-float(step), val_loss=step)
    bench.recorder.collect()
    assert sum(len(values) for values in bench.fetched) == 36
    assert bench.points("val_loss") == [(10, 10.0), (20, 20.0), (30, 30.0)]
    assert [value for step, value in bench.points("loss") if step == 20] == [20.0, -20.0]
    assert [step for step, _ in bench.points("loss")] == sorted([*range(1, 31), 10, 20, 30])


def test_a_name_whose_type_changes_stays_in_order(bench: Bench) -> None:
    values: list[object] = [1, 2.0, np.float32(3), EagerTensor(4.0), np.array(5), 6]
    for step in range(60):
        bench.log(step, loss=values[step % 6])
    assert bench.points("loss") == [(step, step % 6 + 1.0) for step in range(60)]
    assert len(bench.fetched) == 1


@pytest.mark.parametrize("make", [Variable, lambda value: np.array(value), lambda value: np.array([value])])
def test_what_changes_later_keeps_the_value_that_it_had(bench: Bench, make: Callable[[float], object]) -> None:
    changing = make(0.0)
    for step in range(5):
        if isinstance(changing, Variable):
            changing.assign(float(step))
        else:
            assert isinstance(changing, np.ndarray)
            changing[...] = step
        bench.log(step, loss=1.5, rate=changing)
    assert bench.points("rate") == [(step, float(step)) for step in range(5)]
    assert bench.points("loss") == [(step, 1.5) for step in range(5)]


def test_the_callers_mapping_may_be_used_again(bench: Bench) -> None:
    logs: dict[str, object] = {}
    for step in range(5):
        logs["loss"] = float(step)
        bench.recorder.log(logs, step)
    bench.recorder.log(MappingProxyType({"loss": 5.0}), 5)
    assert bench.points("loss") == [(step, float(step)) for step in range(6)]


def test_they_do_not_wait_without_bound(bench: Bench) -> None:
    for _ in range(WAITING_SCALARS // 2):
        bench.log(1, a=1.0, b=2.0)
    assert not bench.recorder.unsettled
    bench.log(1, a=1.0, b=2.0)
    assert bench.recorder.unsettled
    assert bench.fetched == []
    bench.recorder.settle(1)
    assert [len(values) for values in bench.fetched] == [WAITING_SCALARS + 2]
    for _ in range(2 * WAITING_SCALARS):
        bench.log(2, a=1.0, b=2.0)  # in a step without an end
    assert len(bench.fetched) == 2


def test_names_and_types_without_end_do_not_cost_memory_without_end(bench: Bench) -> None:
    for number in range(3 * TEMPLATES):
        bench.log(number, loss=1.0, **{f"x{number}": 2.0})
    assert len(bench.points("loss")) == 3 * TEMPLATES
    assert all(len(bench.points(f"x{number}")) == 1 for number in range(3 * TEMPLATES))


names = st.sampled_from("abc")
scalars = st.sampled_from([1, 2.5, True, np.float32(3), EagerTensor(4.0), Variable(5.0), np.array(6.0), math.nan])
rows = st.lists(st.tuples(st.integers(0, 2), st.dictionaries(names, scalars)), max_size=40)


@given(rows, st.sets(st.integers(0, 40)))
@settings(deadline=None)
def test_whatever_is_logged_is_there_in_its_order(rows: list[tuple[int, dict[str, object]]], frames: set[int]) -> None:
    bench, step = Bench(), 0
    expected: dict[str, list[tuple[int, float]]] = {}
    for number, (later, row) in enumerate(rows):
        step += later
        bench.recorder.log(row, step)
        for name, value in row.items():
            number_logged = value.now if isinstance(value, Variable) else fetch([value])[0]
            expected.setdefault(name, []).append((step, number_logged))
        if number in frames:
            bench.recorder.frame(step)
    for name, points in expected.items():
        np.testing.assert_equal(bench.points(name), points)
    assert bench.recorder.frame(step).errors == {}


# -- tensors -----------------------------------------------------------------------------------------------------------


def test_only_the_newest_tensor_is_kept_and_only_for_a_frame(bench: Bench) -> None:
    weights = np.zeros(2)
    for step in range(1, 51):
        weights[:] = step
        bench.log(step, loss=1.0, weights=weights)
        bench.recorder.settle(step)
        if step % 10 == 0:
            frame = bench.recorder.frame(step)
            assert frame.values["weights"].step == step
            assert frame.values["weights"].array.tolist() == [step, step]
    assert len(bench.points("loss")) == 50


def test_of_a_name_in_rows_of_several_kinds_the_newest_wins(bench: Bench) -> None:
    bench.log(1, weights=np.ones(2))
    bench.log(1, weights=np.full(2, 2.0), loss=1.0)
    assert bench.recorder.frame(1).values["weights"].array.tolist() == [2, 2]
    bench.log(2, weights=np.full(2, 3.0))
    assert bench.recorder.frame(2).values["weights"].array.tolist() == [3, 3]


def test_a_tensor_that_another_step_may_have_changed_is_not_shown(bench: Bench) -> None:
    weights = np.ones(2)
    bench.log(1, weights=weights)
    bench.recorder.frame(1)
    bench.log(2, weights=weights)
    bench.log(3, loss=1.0)
    assert bench.recorder.frame(3).values["weights"].step == 1


def test_a_copy_that_comes_too_late_is_not_made(bench: Bench) -> None:
    weights = np.ones(2)
    bench.log(5, weights=weights)
    weights[:] = 9
    bench.recorder.settle(6)
    assert bench.recorder.frame(6).values == {}


def test_what_is_logged_now_and_then_is_copied_at_the_end_of_its_step_once_a_frame(bench: Bench) -> None:
    weights = np.zeros(1_000)
    for step in (10, 20, 30):
        weights[:] = step
        bench.log(step, weights=weights)
        assert bench.recorder.unsettled == (step == 10)
        bench.recorder.settle(step)
        assert not bench.recorder.unsettled
        bench.log(step + 1, loss=1.0)
        bench.recorder.settle(step + 1)
    value = bench.recorder.frame(31).values["weights"]
    assert (value.step, value.array[0]) == (10, 10.0)
    bench.log(40, weights=weights)
    assert bench.recorder.unsettled, "there was a frame in between"


def test_what_is_asked_for_goes_with_the_value(bench: Bench) -> None:
    logged = Logged(np.ones((9, 9)), dict, {"bins": 5})
    bench.log(1, weights=logged, late=lambda: logged, plain=np.ones(3))
    values = bench.recorder.frame(1).values
    for name in ("weights", "late"):
        assert (values[name].kind, values[name].options) == (dict, {"bins": 5})
    assert (values["plain"].kind, values["plain"].options) == (None, {})


def test_a_series_may_be_asked_for(bench: Bench) -> None:
    for step in range(1, 4):
        bench.log(
            step,
            loss=Logged(float(step), list, {"log": True}, series=True),
            by_shape=Logged(EagerTensor(2.0), None, {"color": "red"}),
            picture=Logged(EagerTensor(7.0), dict),
            called=lambda: Logged(1.0, list, series=True),
            plain=0.5,
        )
    frame = bench.recorder.frame(3)
    assert [len(frame.series[name]) for name in ("loss", "by_shape", "called", "plain")] == [3, 3, 1, 3]
    assert frame.values.keys() == {"picture"}
    assert frame.kinds == {
        "loss": (list, {"log": True}),
        "by_shape": (None, {"color": "red"}),
        "called": (list, {}),
    }


def test_a_function_that_returns_a_scalar_makes_a_point_a_frame(bench: Bench) -> None:
    for step in range(1, 31):
        bench.log(step, depth=lambda step=step: step / 2)
        bench.recorder.settle(step)
        if step % 10 == 0:
            bench.recorder.frame(step)
            bench.recorder.frame(step)
    assert bench.points("depth") == [(1, 0.5), (10, 5.0), (20, 10.0), (30, 15.0)]


def test_a_recorder_that_goes_on_has_it_all(bench: Bench) -> None:
    bench.log(1, loss=1.0, weights=np.ones(2), bad="text", fine=Logged(2.0, list, series=True))
    bench.recorder.frame(1)
    further = Bench(after=bench)
    assert further.recorder.changed
    further.log(2, loss=2.0)
    frame = further.recorder.frame(2)
    assert frame.series["loss"].steps.tolist() == [1, 2]
    assert frame.values["weights"].step == 1
    assert frame.errors.keys() == {"bad"}
    assert frame.kinds.keys() == {"fine"}


def test_what_was_let_go_of_leaves_its_copies(bench: Bench) -> None:
    bench.log(1, loss=1.0, weights=np.ones(2))
    bench.recorder.frame(1)
    bench.log(2, loss=2.0, weights=np.ones(2))
    bench.recorder.release()
    assert len(bench.recorder.history["loss"]) == 2
    assert bench.recorder.frame(2).values["weights"].step == 1
    bench.log(3, loss=2.0, weights=np.ones(2))
    assert bench.recorder.frame(3).values["weights"].step == 3


def test_it_knows_whether_there_is_something_that_no_frame_has_shown(bench: Bench) -> None:
    recorder = bench.recorder
    assert recorder.changed, "a figure is there from the beginning"
    for change in (
        lambda: bench.log(1, loss=1.0),
        lambda: bench.log(1, weights=np.ones(3)),
        lambda: bench.log(1, loss="text"),
        lambda: recorder.note(1, "rate = 1", "rate"),
    ):
        recorder.frame(1)
        assert not recorder.changed
        change()
        assert recorder.changed
    recorder.frame(1)
    recorder.note(1, "paused")
    assert not recorder.changed
    assert list(recorder.frame(1).marks) == [1]


# -- other threads -----------------------------------------------------------------------------------------------------


def test_copies_cannot_be_changed(bench: Bench) -> None:
    array = np.zeros(3)
    copies = bench.recorder.copies({"a": array, "b": Logged(array, dict, {"x": 1}), "c": fails, "d": "text"})
    array[:] = 9
    bench.recorder.log(copies, 1)
    frame = bench.recorder.frame(1)
    assert frame.values["a"].array.tolist() == frame.values["b"].array.tolist() == [0, 0, 0]
    assert (frame.values["b"].kind, frame.values["b"].options) == (dict, {"x": 1})
    assert frame.errors.keys() == {"c", "d"}


# -- bad input: nothing is raised --------------------------------------------------------------------------------------


class Ragged:
    shape = (2, None)

    def numpy(self) -> None:
        raise ValueError("ragged")


class Huge:
    shape = (TENSOR_BYTES // 4 + 1,)
    dtype = np.dtype("float32")

    def __array__(self, *args: object) -> Array:
        raise AssertionError("it was copied")


class NoShape:
    @property
    def shape(self) -> None:
        raise RuntimeError("deleted")


class Symbolic:
    shape = ()


class DeletedVariable:
    shape = ()

    def assign(self) -> None: ...

    def value(self) -> None:
        raise RuntimeError("the resource is gone")


Symbolic.__name__ = "SymbolicTensor"


def fails() -> None:
    raise ZeroDivisionError("in the user's callable")


BAD = [
    (Ragged(), "ragged"),
    (np.array(["a", "b"]), "numbers"),
    ([[1, 2], [3]], "numbers"),
    (fails, "ZeroDivisionError: in the user's callable"),
    (Huge(), "tensors above 256 MB are not copied"),
    ("text", "numbers"),
    (None, "numbers"),
    (np.array([1j, 2j]), "complex"),
    (NoShape(), "deleted"),
    (Symbolic(), "outside of the tf.function"),
    (DeletedVariable(), "the resource is gone"),
    (Logged("text", dict), "numbers"),
    (Logged("text", list, series=True), "numbers"),
]


@pytest.mark.parametrize(("value", "text"), BAD)
def test_a_bad_value_says_so_in_its_place(bench: Bench, value: object, text: str) -> None:
    for step in range(1, 4):
        bench.log(step, bad=value, loss=1.0, weights=np.ones(2))
    frame = bench.recorder.frame(3)
    assert text in frame.errors["bad"]
    assert frame.errors.keys() == {"bad"}
    assert "bad" not in frame.values
    assert len(frame.series["loss"]) == 3
    assert frame.values["weights"].step == 3
    assert bench.warned == {}


@pytest.mark.parametrize(("value", "text"), BAD)
def test_a_good_value_takes_it_back(bench: Bench, value: object, text: str) -> None:
    good: object = 1.0 if _is_series(value) else np.ones(2)
    bench.log(1, bad=value)
    assert text in bench.recorder.frame(1).errors["bad"]
    bench.log(2, bad=good)
    assert bench.recorder.frame(2).errors == {}
    bench.log(3, bad=value)
    assert text in bench.recorder.frame(3).errors["bad"]


def _is_series(value: object) -> bool:
    return isinstance(value, (Symbolic, DeletedVariable)) or (isinstance(value, Logged) and value.series)


@pytest.mark.parametrize("bad", [EagerTensor(np.ones(3)), np.ones(3)])
def test_a_scalar_that_becomes_something_else(bench: Bench, bad: object) -> None:
    bench.log(1, loss=1.0, other=1.0)
    bench.log(2, loss=bad, other=2.0)
    assert "a scalar was expected" in bench.recorder.frame(2).errors["loss"]
    bench.log(3, loss=3.0, other=3.0)
    assert bench.recorder.frame(3).errors == {}
    np.testing.assert_equal(bench.points("loss"), [(1, 1.0), (2, math.nan), (3, 3.0)])
    assert bench.points("other") == [(1, 1.0), (2, 2.0), (3, 3.0)]


def test_a_good_value_before_a_bad_one_does_not_take_it_back(bench: Bench) -> None:
    bench.log(1, loss=1.0)
    bench.log(2, loss="text")
    frame = bench.recorder.frame(2)
    assert "numbers" in frame.errors["loss"]
    assert frame.series["loss"].last == (1, 1.0)


def test_one_bad_value_costs_no_other_its_fetch(bench: Bench) -> None:
    for step in range(50):
        bench.log(step, a=EagerTensor(1.0), bad=EagerTensor(np.ones(3)) if step == 7 else EagerTensor(2.0))
    bench.recorder.collect()
    assert [len(values) for values in bench.fetched[:3]] == [100, 50, 50]
    assert len(bench.points("a")) == len(bench.points("bad")) == 50


@pytest.mark.parametrize("name", [5, "", None])
def test_a_name_that_is_no_string(bench: Bench, name: object) -> None:
    values: Mapping[object, object] = {name: 1.0, "loss": 2.0}
    bench.recorder.log(values, 1)  # type: ignore[arg-type]
    assert bench.points("loss") == [(1, 2.0)]
    assert list(bench.recorder.history) == ["loss"]
    assert [text for text in bench.warned.values() if "a name must be a non-empty string" in text]


class Stubborn(type):
    __hash__ = None  # type: ignore[assignment]

    def __eq__(cls, other: object) -> bool:
        raise RuntimeError("not comparable")


class Odd(metaclass=Stubborn):
    pass


class OddMapping(dict[str, object]):
    def values(self) -> None:  # type: ignore[override]
        raise RuntimeError("no values")


@pytest.mark.parametrize("values", [{"x": Odd()}, OddMapping(x=1.0), 7])
def test_nothing_that_is_logged_raises(bench: Bench, values: Mapping[str, object]) -> None:
    bench.recorder.log(values, 1)
    bench.log(2, loss=1.0)
    assert bench.points("loss") == [(2, 1.0)]
    assert [text for text in bench.warned.values() if "the run goes on" in text]


def test_steps_that_decrease_are_refused_by_name(bench: Bench) -> None:
    bench.log(5, loss=1.0)
    bench.recorder.collect()
    bench.log(4, loss=2.0, other=1.0)
    frame = bench.recorder.frame(5)
    assert "step 4 came after step 5" in frame.errors["loss"]
    assert frame.series["other"].last == (4, 1.0)


def test_nothing_at_all(bench: Bench) -> None:
    bench.log(1)
    bench.log(1)
    bench.recorder.collect()
    assert (list(bench.recorder.history), bench.warned) == ([], {})


@pytest.mark.parametrize(
    ("error", "text"), [(TensorError(" bad "), "TensorError: bad"), (KeyboardInterrupt(), "KeyboardInterrupt")]
)
def test_errors_as_text(error: BaseException, text: str) -> None:
    assert describe(error) == text
