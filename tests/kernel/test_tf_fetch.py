"""Snapshots and scalars of real TensorFlow and Keras."""

import os
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest

from tfwidget.errors import TensorError
from tfwidget.record import tf as tfwidget_tf
from tfwidget.record import values as record
from tfwidget.record.values import fetch as fetch_one_by_one
from tfwidget.record.values import freeze, hold, is_scalar

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

DATA = np.arange(6, dtype=np.float32).reshape(2, 3)


def assert_frozen(frozen):
    assert frozen.base is None
    assert frozen.flags.owndata
    assert frozen.flags.c_contiguous
    assert not frozen.flags.writeable


@pytest.mark.parametrize(
    "make",
    [
        tf.constant,
        tf.Variable,
        keras.Variable,
        lambda data: tf.transpose(tf.constant(data.T)),
        lambda data: tf.constant(data)[:],
    ],
    ids=["tensor", "variable", "keras", "transposed", "sliced"],
)
def test_a_frozen_tensor_owns_its_memory(make):
    source = make(DATA)
    frozen = freeze("w", source)
    assert_frozen(frozen)
    np.testing.assert_array_equal(frozen, DATA)
    if hasattr(source, "assign"):
        source.assign(-DATA)
        np.testing.assert_array_equal(frozen, DATA)
    else:
        assert not np.shares_memory(frozen, np.asarray(source))


@pytest.mark.parametrize("make", [tf.constant, tf.Variable, keras.Variable])
def test_a_frozen_scalar(make):
    frozen = freeze("x", make(1.5))
    assert_frozen(frozen)
    assert frozen.shape == ()
    assert frozen == np.float32(1.5)


def test_a_tensor_is_copied_once(monkeypatch):
    tensor = tf.constant(DATA)
    copies = []
    array = np.array
    monkeypatch.setattr(np, "array", lambda *args, **kwargs: copies.append(args) or array(*args, **kwargs))
    assert_frozen(freeze("w", tensor))
    assert not copies, "numpy() has copied already"


def test_updates_in_a_graph_change_no_frozen_and_no_held_value():
    variable, weights = tf.Variable(1.0), tf.Variable(DATA)

    @tf.function
    def step():
        variable.assign_add(1.0)
        weights.assign_add(tf.ones_like(weights))
        weights.scatter_nd_update([[0, 0]], [9.0])

    held, frozen = hold("lr", variable), freeze("w", weights)
    step()
    assert tfwidget_tf.fetch([held, variable]) == [1.0, 2.0]
    np.testing.assert_array_equal(frozen, DATA)


def test_a_held_tensor_is_itself_and_a_held_variable_a_tensor():
    tensor = tf.constant(1.0)
    assert hold("x", tensor) is tensor
    for variable in (tf.Variable(2.0), keras.Variable(2.0), keras.optimizers.SGD(2.0).learning_rate):
        held = hold("x", variable)
        assert type(held) is type(tensor)
        variable.assign(3.0)
        assert tfwidget_tf.fetch([held]) == [2.0]


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e5m2"])
def test_short_floats(dtype):
    tensor = tf.cast([1.5, 2.0], dtype)
    frozen = freeze("w", tensor)
    assert_frozen(frozen)
    assert frozen.dtype == np.float32
    assert frozen.tolist() == [1.5, 2.0]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: tf.constant("a"), ["EagerTensor", "text"]),
        (lambda: tf.constant(["a", "b"]), ["shape (2,)", "text"]),
        (lambda: tf.constant([1j]), ["complex128", "abs(value)"]),
        (lambda: tf.ragged.constant([[1.0], [1.0, 2.0]]), ["RaggedTensor", "to_tensor()"]),
        (lambda: tf.sparse.from_dense([[1.0, 0.0]]), ["SparseTensor", "tf.sparse.to_dense"]),
        (lambda: tf.IndexedSlices(tf.ones((1, 2)), tf.constant([0])), ["IndexedSlices", "tf.convert_to_tensor"]),
        (lambda: keras.Input((3,)), ["KerasTensor", "symbolic"]),
    ],
    ids=["text", "texts", "complex", "ragged", "sparse", "slices", "keras"],
)
def test_what_is_no_tensor_of_numbers_is_refused_by_name(make, words):
    value = make()
    is_scalar(value)
    with pytest.raises(TensorError) as refused:
        freeze("weights", value)
    for word in ["'weights'", *words]:
        assert word in str(refused.value)


def test_inside_of_a_function_every_way_says_so():
    said = []

    @tf.function
    def step(x):
        for attempt in (lambda: freeze("loss", x), lambda: hold("loss", x), lambda: tfwidget_tf.fetch([0.5, x])):
            with pytest.raises(TensorError) as refused:
                attempt()
            said.append(str(refused.value))
        return x

    step(tf.constant(1.0))
    assert len(said) == 3
    assert all("outside of the tf.function" in text for text in said)


def test_is_scalar_by_shape_alone():
    assert all(is_scalar(tf.reshape(1.0, shape)) for shape in [(), (1,), (1, 1)])
    assert is_scalar(tf.Variable(1.0))
    assert is_scalar(keras.Variable(1.0))
    assert not any(is_scalar(value) for value in [tf.zeros(2), tf.zeros(0), tf.ragged.constant([[1.0], [1.0, 2.0]])])


def mixture():
    return [
        tf.constant(0.5),
        1.5,
        tf.constant([2.5]),
        tf.constant([[3.5]], tf.float64),
        np.float32(4.5),
        tf.constant(5.5, tf.bfloat16),
        tf.constant(6.5, tf.float16),
        tf.Variable(7.5),
        tf.constant(8, tf.int64),
        tf.constant(True),
        keras.Variable(9.5),
        tf.constant(float("nan")),
        tf.constant(-float("inf")),
        tf.constant(10.5),
        [11.5],
    ]


NUMBERS = [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.0, 1.0, 9.5, float("nan"), -float("inf"), 10.5, 11.5]


@pytest.mark.parametrize("times", [1, 20])
def test_fetch_keeps_the_order_of_any_mixture(times):
    for fetch in (tfwidget_tf.fetch, fetch_one_by_one):
        numbers = fetch(mixture() * times)
        assert all(type(number) is float for number in numbers)
        np.testing.assert_array_equal(numbers, NUMBERS * times)
    assert tfwidget_tf.fetch([]) == []


@pytest.fixture
def accelerator(monkeypatch):
    """The tensors of the test are taken for an accelerator's."""
    monkeypatch.setattr(tfwidget_tf, "in_host_memory", lambda tensor: False)


@pytest.mark.usefixtures("accelerator")
def test_tensors_of_an_accelerator_are_read_together(monkeypatch):
    stacks, pack = [], tf.raw_ops.Pack
    monkeypatch.setattr(
        tf.raw_ops, "Pack", lambda values, axis: stacks.append(values) or pack(values=values, axis=axis)
    )
    values = [tf.constant(float(i)) for i in range(tfwidget_tf.TOGETHER + tfwidget_tf.FEW + 1)]
    assert tfwidget_tf.fetch(values) == [float(i) for i in range(len(values))]
    assert [len(stack) for stack in stacks] == [tfwidget_tf.TOGETHER] * 2


def test_tensors_in_host_memory_are_read_type_by_type(monkeypatch):
    monkeypatch.setattr(tfwidget_tf, "stacked", lambda tensors: pytest.fail("they were stacked"))
    eager = type(tf.constant(1.0))

    def fetch_the_rest(values):
        assert eager not in map(type, values), "read by itself"
        return fetch_one_by_one(values)

    monkeypatch.setattr(record, "fetch", fetch_the_rest)
    kinds = [tf.float32, tf.float64, tf.float16, tf.bfloat16, tf.int64, tf.uint8, tf.bool]
    values = [tf.cast(tf.constant(i % 2), kind) for i in range(100) for kind in kinds]
    expected = [float(i % 2) for i in range(100) for _ in kinds]
    assert tfwidget_tf.fetch(values) == expected
    floats = [value for value in values if value.dtype in (tf.float32, tf.float64)]
    found = tfwidget_tf.fetch([1, *floats, np.float32(0.5)])
    assert found == [1.0, *(float(i % 2) for i in range(100) for _ in range(2)), 0.5]
    assert {type(number) for number in found} == {float}


def test_numbers_that_no_longer_are_of_size_one_are_not_taken_for_others():
    # Together they are as long as three numbers.
    values = [tf.constant(1.0), tf.zeros(0), tf.constant([2.0, 3.0])]
    with pytest.raises(TensorError, match="value 2 of 3"):
        tfwidget_tf.fetch(values)


def test_a_number_may_look_like_what_is_put_between_two():
    numbers = np.frombuffer(3 * tfwidget_tf.BETWEEN)
    assert tfwidget_tf.fetch([tf.constant(number) for number in numbers]) == numbers.tolist()


@pytest.mark.parametrize("place", ["host", "accelerator"])
@pytest.mark.parametrize("odd", [[2.0], [[2.0]]], ids=["(1,)", "(1, 1)"])
def test_tensors_of_other_shapes_among_many(odd, place, request):
    if place == "accelerator":
        request.getfixturevalue(place)
    values = [*(tf.constant(1.0) for _ in range(30)), tf.constant(odd), *(tf.constant(3.0) for _ in range(60))]
    assert tfwidget_tf.fetch(values) == [1.0] * 30 + [2.0] + [3.0] * 60


@pytest.mark.parametrize("place", ["host", "accelerator"])
@pytest.mark.parametrize("count", [1, tfwidget_tf.TOGETHER])
@pytest.mark.parametrize("make", [lambda: tf.constant("1"), lambda: tf.constant(1j), lambda: tf.zeros(2)])
def test_fetch_refuses_what_is_not_one_real_number(make, count, place, request):
    if place == "accelerator":
        request.getfixturevalue(place)
    with pytest.raises(TensorError, match=f"value 2 of {1 + count}"):
        tfwidget_tf.fetch([tf.constant(1.0), *(make() for _ in range(count))])


def test_fetching_plain_numbers_does_not_import_tensorflow():
    code = """
import sys
from tfwidget.record import tf
assert tf.fetch([1, 2.5]) == [1, 2.5]
assert 'tensorflow' not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
