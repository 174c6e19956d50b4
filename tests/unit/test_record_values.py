import array
import timeit
import types

import numpy as np
import pytest

from tfwidget.errors import TensorError
from tfwidget.record.history import History
from tfwidget.record.values import Frame, Logged, Value, fetch, freeze, hold, is_immutable, is_scalar


class Tensor:
    """A tensor of some framework: `numpy()` shares its memory, as PyTorch's does."""

    def __init__(self, data):
        self.data = np.asarray(data)

    @property
    def shape(self):
        return self.data.shape

    @property
    def dtype(self):
        return self.data.dtype

    def numpy(self):
        return self.data


class TorchTensor(Tensor):
    def detach(self):
        return self

    def clone(self):
        return TorchTensor(self.data.copy())

    def cpu(self):
        return Tensor(self.data)

    def numpy(self):
        msg = "can't convert a tensor that requires grad"
        raise RuntimeError(msg)


class ArrayLike:
    def __init__(self, data):
        self.data = np.asarray(data)
        self.shape, self.dtype = self.data.shape, self.data.dtype

    def __array__(self, dtype=None, copy=None):
        return self.data


class Variable:
    """As Keras' variable: `value` is a property."""

    shape = ()

    def __init__(self, value):
        self.stored = value

    @property
    def value(self):
        return np.float32(self.stored)

    def assign(self, value):
        self.stored = value


def assert_frozen(frozen):
    assert type(frozen) is np.ndarray
    assert frozen.base is None
    assert frozen.flags.owndata
    assert frozen.flags.c_contiguous
    assert not frozen.flags.writeable
    assert frozen.dtype.isnative
    with pytest.raises(ValueError, match="read-only"):
        frozen[...] = 0


class Subclass(np.ndarray):
    pass


DATA = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.mark.parametrize("wrap", [np.asarray, Tensor, TorchTensor, ArrayLike, memoryview])
def test_changing_the_source_afterwards_changes_nothing(wrap):
    source = DATA.copy()
    frozen = freeze("w", wrap(source))
    source[...] = -1
    assert_frozen(frozen)
    assert not np.shares_memory(frozen, source)
    np.testing.assert_array_equal(frozen, DATA)
    assert source.flags.writeable, "freezing must not make the user's own array read-only"


@pytest.mark.parametrize(
    "source",
    [
        DATA.T,
        DATA[::2, ::-1],
        np.broadcast_to(np.float64(3), (2, 5)),
        np.asfortranarray(DATA),
        DATA.astype(">f4"),
        DATA.view(Subclass),
        np.empty((0, 3)),
    ],
    ids=["transposed", "strided", "broadcast", "fortran", "big-endian", "subclass", "empty"],
)
def test_any_layout_becomes_contiguous_and_native(source):
    frozen = freeze("w", source)
    assert_frozen(frozen)
    assert frozen.shape == source.shape
    np.testing.assert_array_equal(frozen, np.asarray(source))


@pytest.mark.parametrize(
    "value", [True, 3, 2.5, [1, 2], [[1.0], [2.0]], range(3), np.float16(1.5), array.array("d", [1])]
)
def test_numbers_and_nested_lists(value):
    frozen = freeze("x", value)
    assert_frozen(frozen)
    np.testing.assert_array_equal(frozen, np.array(value))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int64", "uint64", "float16", "float32", "float64"])
def test_dtypes_that_are_kept(dtype):
    assert freeze("x", np.ones(3, dtype)).dtype == np.dtype(dtype)


def test_longer_floats_become_float64():
    frozen = freeze("x", np.ones(3, np.longdouble))
    assert_frozen(frozen)
    assert frozen.dtype == np.float64


@pytest.mark.parametrize("name", ["bfloat16", "float8_e5m2", "float8_e4m3fn"])
def test_short_floats_become_float32(name):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    frozen = freeze("x", np.array([1.5, -2.0], getattr(ml_dtypes, name)))
    assert_frozen(frozen)
    assert frozen.dtype == np.float32
    assert frozen.tolist() == [1.5, -2.0]
    assert fetch([np.array(1.5, getattr(ml_dtypes, name))[()]]) == [1.5]


class RaggedTensor:
    shape = (2, None)


class SparseTensor:
    shape = (2, 2)


class SymbolicTensor:
    shape = ()


class Stubborn:
    shape = (2,)

    @property
    def dtype(self):
        msg = "no dtype either"
        raise RuntimeError(msg)

    def numpy(self):
        msg = "deleted buffer"
        raise RuntimeError(msg)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.array([1j]), ["complex128", "abs(value)"]),
        (1j, ["complex 1j", "abs(value)"]),
        ("high", ["str 'high'", "text"]),
        (b"high", ["bytes", "text"]),
        (["a", "b"], ["list of length 2", "text"]),
        (np.array(["a", None], dtype=object), ["ndarray", "shape (2,)", "text"]),
        (None, ["None", "log numbers"]),
        ({"a": 1}, ["dict of length 1", "log numbers"]),
        ([[1], [1, 2]], ["list of length 2", "inhomogeneous", "log numbers"]),
        (np.array([1, 2], "datetime64[s]"), ["datetime64[s]", "convert it first"]),
        (np.zeros(2, [("a", "f4"), ("b_float", "f4")]), ["convert it first"]),
        (10**400, ["int 1000", "..."]),
        (RaggedTensor(), ["RaggedTensor", "to_tensor()"]),
        (SparseTensor(), ["SparseTensor, shape (2, 2)", "tf.sparse.to_dense"]),
        (SymbolicTensor(), ["SymbolicTensor", "outside of the tf.function"]),
        (Stubborn(), ["Stubborn, shape (2,)", "deleted buffer"]),
        (Tensor(np.array([1j])), ["Tensor, dtype complex128, shape (1,)", "abs(value)"]),
    ],
    ids=lambda case: type(case).__name__,
)
def test_what_is_no_tensor_of_numbers_is_refused_by_name(value, words):
    with pytest.raises(TensorError) as refused:
        freeze("weights", value)
    for word in ["'weights'", *words]:
        assert word in str(refused.value)


@pytest.mark.parametrize(
    "value",
    [
        1,
        1.5,
        True,
        np.float32(1),
        np.array(2),
        np.array([2]),
        np.array([[2]]),
        Tensor(1.0),
        Tensor([[1.0]]),
        Variable(1),
    ],
)
def test_what_is_a_scalar(value):
    assert is_scalar(value)


class Unknown:
    @property
    def shape(self):
        return self

    def __iter__(self):
        msg = "Cannot iterate over a shape with unknown rank."
        raise ValueError(msg)


@pytest.mark.parametrize(
    "value",
    ["1", None, [1.0], (1,), np.zeros(2), np.zeros((1, 2)), np.empty(0), RaggedTensor(), Tensor, Unknown(), {}, print],
)
def test_what_is_no_scalar(value):
    assert not is_scalar(value)


def test_asking_for_a_scalar_reads_no_data():
    class OnDevice:
        shape = (1, 1)

        def __getattr__(self, name):
            pytest.fail(f"{name} was read")

    assert is_scalar(OnDevice())


def test_asking_for_a_scalar_is_cheap():
    assert min(timeit.repeat(lambda: is_scalar(0.5), number=1000, repeat=20)) < 1000 * 2e-6


def test_fetch():
    values = [1, True, 0.5, np.float16(0.25), np.array([[3]], np.uint8), Tensor(4.0), ArrayLike([5]), 2**60]
    numbers = fetch(values)
    assert numbers == [1.0, 1.0, 0.5, 0.25, 3.0, 4.0, 5.0, 2.0**60]
    assert all(type(number) is float for number in numbers)
    assert fetch([]) == []


@pytest.mark.parametrize("value", [np.zeros(2), "3", np.array("3"), b"3", 1j, np.complex64(1), None, [1, 2], 10**400])
def test_fetch_refuses_what_is_not_one_real_number_and_tells_which(value):
    with pytest.raises(TensorError, match="value 2 of 3"):
        fetch([1.0, value, 2.0])


@pytest.mark.parametrize("value", [1.5, 2, True, np.float32(3)])
def test_hold_returns_numbers_as_they_are(value):
    assert hold("x", value) is value


@pytest.mark.parametrize("wrap", [lambda data: data, Tensor, TorchTensor, ArrayLike])
def test_held_scalars_keep_their_value(wrap):
    source = np.array([1.0])
    held = hold("x", wrap(source))
    source[0] = 2
    assert np.asarray(held.data if isinstance(held, Tensor) else held).item() == 1


def test_held_variables_keep_their_value():
    variable = Variable(1)
    held = hold("x", variable)
    variable.assign(2)
    assert fetch([held]) == [1]


def test_holding_a_symbolic_tensor_is_refused_where_it_is_logged():
    with pytest.raises(TensorError, match=r"'loss'.*outside of the tf\.function"):
        hold("loss", SymbolicTensor())


def test_immutable_tensors_are_not_copied():
    for kind in (type("EagerTensor", (Tensor,), {}), type("ArrayImpl", (Tensor,), {"__module__": "jaxlib._jax"})):
        tensor = kind(1.0)
        assert hold("x", tensor) is tensor
        assert is_immutable(kind)


@pytest.mark.parametrize("kind", [Tensor, TorchTensor, Variable, np.ndarray, list])
def test_what_may_change_is_not_immutable(kind):
    assert not is_immutable(kind)


def test_a_numpy_method_is_trusted_to_copy_only_where_tensorflow_defines_it():
    module = type("Module", (), {"__module__": "tensorflow.python.module"})
    kind = type("Mine", (module, Tensor), {})
    source = DATA.copy()
    assert not np.shares_memory(freeze("x", kind(source)), source)


def test_a_fresh_copy_is_not_copied_again():
    class Fresh(Tensor):
        def numpy(self):
            self.given = self.data.copy()
            return self.given

    Fresh.__module__ = "tensorflow.python.framework.ops"
    tensor = Fresh(DATA)
    assert freeze("x", tensor) is tensor.given


def test_logged_keeps_kind_and_options_around_another_value():
    logged = Logged(1, dict, types.MappingProxyType({"bins": 3}), series=True).replace(2)
    assert (logged.value, logged.kind, dict(logged.options), logged.series) == (2, dict, {"bins": 3}, True)


def test_frames_cannot_be_changed():
    value = Value(3, np.zeros(2), None, {})
    frame = Frame(3, History(), {"w": value}, {})
    with pytest.raises(AttributeError):
        frame.step = 4
    with pytest.raises(AttributeError):
        value.step = 4
