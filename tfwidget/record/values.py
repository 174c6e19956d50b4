"""Frozen host copies of what is logged.

Invariant: what leaves this module holds one step's values in memory that nobody else can write. `freeze` returns arrays
that are owned, C-contiguous and not writeable. `hold` returns a scalar that no later step can change.

Only NumPy is imported. Tensors of TensorFlow, Keras, JAX and PyTorch are recognised by their methods (``numpy``,
``__array__``, ``detach``), so no framework is imported for them.
"""

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfwidget.errors import TensorError
from tfwidget.record.series import Series

__all__ = ["TENSOR_BYTES", "Array", "Frame", "Logged", "Value", "fetch", "freeze", "hold", "is_immutable", "is_scalar"]

Array = np.ndarray[Any, np.dtype[Any]]

TENSOR_BYTES = 256 * 2**20
"""Larger tensors are not copied."""

_NO_HOST_VALUE = {
    "RaggedTensor": "log a dense one, such as value.to_tensor()",
    "SparseTensor": "log a dense one, such as tf.sparse.to_dense(value), or its values",
    "IndexedSlices": "log a dense one: tf.convert_to_tensor(value), or its values",
    "SymbolicTensor": "log must be called outside of the tf.function: return the value from it and log what it returns",
    "KerasTensor": "a symbolic tensor of a Keras graph has no values: log what the model returns for real data",
}
_PLAIN = {float, np.float64, np.float32}
_NUMBERS = "log numbers: bool, integer or real floating point"


@dataclass(frozen=True, eq=False)
class Logged:
    """A value and how it is to be shown. A wrapper such as ``tfwidget.Image(x)`` makes it.

    Parameters
    ----------
    value : object
        What was logged, not copied yet.
    kind : object
        The class of panel, which the record does not look at; None: chosen by the shape.
    options : Mapping
        The panel's options.
    series : bool
        Whether it is recorded as a scalar of each step.
    """

    value: object
    kind: object
    options: Mapping[str, object] = field(default_factory=dict)
    series: bool = False

    def replace(self, value: object) -> "Logged":
        """Return the same kind and options around another value."""
        return dataclasses.replace(self, value=value)


@dataclass(frozen=True, eq=False)
class Value:
    """The newest frozen tensor of a name.

    Parameters
    ----------
    step : int
        The step it belongs to.
    array : numpy.ndarray
        Made by `freeze`.
    kind : object
        The class of panel that was asked for; None: chosen by the shape.
    options : Mapping
        The panel's options.
    """

    step: int
    array: Array
    kind: object
    options: Mapping[str, object]


@dataclass(frozen=True, eq=False)
class Frame:
    """All that is shown at one step.

    Parameters
    ----------
    step : int
        The run's completed steps.
    series : Mapping[str, Series]
        The scalars: the run's `tfwidget.record.history.History`.
    values : Mapping[str, Value]
        The newest tensor of each name.
    errors : Mapping[str, str]
        By name: why a value cannot be shown. The text appears in its panel's place.
    marks : Sequence[int]
        The steps to mark on the curves, in order.
    kinds : Mapping[str, tuple]
        For names in `series`: the class of panel and the options, where a wrapper asked for any.
    """

    step: int
    series: Mapping[str, Series]
    values: Mapping[str, Value]
    errors: Mapping[str, str]
    marks: Sequence[int] = ()
    kinds: Mapping[str, tuple[object, Mapping[str, object]]] = field(default_factory=dict)


def freeze(name: str, value: object) -> Array:
    """Copy a value to host memory that nobody can write.

    Parameters
    ----------
    name : str
        The logged name, for error messages.
    value : object
        A tensor or variable of TensorFlow, Keras, JAX or PyTorch, an array, a number, or nested lists of numbers.

    Returns
    -------
    numpy.ndarray
        Owned, C-contiguous, ``writeable=False``. The dtype is kept where it is bool, integer or float of 16 to 64 bits;
        bfloat16 and 8-bit floats become float32, longer floats float64.

    Raises
    ------
    TensorError
        If the value is complex, text, ragged, sparse, symbolic, or no array of numbers at all.
    """
    owned, host = _host(name, value)
    kind = host.dtype.kind
    if (
        host.dtype.isbuiltin == 2 and "float" in host.dtype.name
    ):  # registered by ml_dtypes: NumPy itself has no bfloat16
        array = host.astype(np.float32, order="C")
    elif kind == "f" and host.dtype.itemsize > 8:
        array = host.astype(np.float64, order="C")
    elif kind not in "biuf":
        raise TensorError(_refusal(name, value, host))
    elif owned and host.flags.owndata and host.flags.c_contiguous and host.dtype.isnative:
        array = host
    else:
        array = np.array(host, dtype=host.dtype.newbyteorder("="), order="C", copy=True)
    array.setflags(write=False)
    return array


def is_scalar(value: object) -> bool:
    """Return whether a value is one number.

    Only its type or shape is looked at, so nothing is copied and no device waits. Python and NumPy numbers are scalars,
    and so is everything with a ``shape`` of size 1, such as ``()`` or ``(1, 1)``. Lists are not.
    """
    kind = type(value)
    if kind is float or kind is int or kind is bool:
        return True
    shape = getattr(value, "shape", None)
    if shape is None:
        return isinstance(value, (int, float))
    try:
        for length in shape:
            if length != 1:
                return False
    except (TypeError, ValueError):  # no shape at all, or one of unknown rank
        return False
    return True


def hold(name: str, value: object) -> object:
    """Return a scalar as it is at this moment, without waiting for the device.

    Numbers and eager tensors never change, and are returned as they are. Variables and arrays may change: a variable is
    read on its device, an array is copied.

    Raises
    ------
    TensorError
        If the value is a symbolic tensor, as inside of a ``tf.function``.
    """
    kind: Any = type(value)
    if kind is float or kind is int or kind is bool:
        return value
    return _holder(kind)(name, value)


@functools.cache
def is_immutable(kind: type) -> bool:
    """Whether the values of a type never change: numbers, and tensors of TensorFlow and JAX."""
    immutable = issubclass(kind, (int, float, np.generic)) or kind.__name__ == "EagerTensor"
    return immutable or kind.__module__.startswith("jax")


def fetch(values: Sequence[object]) -> list[float]:
    """Return scalars as Python floats, one by one.

    Parameters
    ----------
    values : Sequence
        Numbers, or arrays and tensors of size 1.

    Raises
    ------
    TensorError
        If one of them is not a single real number; the message tells which.
    """
    if _PLAIN.issuperset(map(type, values)):
        return list(map(float, values))  # type: ignore[arg-type]
    return [
        value if type(value) is float else _number(value, position, len(values))
        for position, value in enumerate(values)
    ]


def _number(value: Any, position: int, count: int) -> float:
    host = value.numpy() if type(value).__name__ == "EagerTensor" else value
    if isinstance(host, (float, int, np.floating, np.integer, np.bool_)):
        try:
            return float(host)
        except OverflowError:
            msg = f"value {position + 1} of {count} is an integer too large for a float; log its logarithm, for example"
            raise TensorError(msg) from None
    name = f"value {position + 1} of {count}"
    array = freeze(name, value)
    if array.size != 1:
        msg = f"cannot record {name} as a scalar: got {_describe(value)}; log one number, such as its mean"
        raise TensorError(msg)
    return float(array.item())


def _host(name: str, value: object) -> tuple[bool, Array]:
    """Return a value in host memory, and whether that memory is known to be a fresh copy."""
    kind: Any = type(value)
    hint = _NO_HOST_VALUE.get(kind.__name__)
    if hint is not None:
        msg = f"cannot record {name!r}: got {_describe(value)}; {hint}"
        raise TensorError(msg)
    tensor: Any = value
    try:
        if hasattr(kind, "detach") and hasattr(kind, "cpu"):
            tensor = tensor.detach().cpu()
        if not isinstance(value, (np.ndarray, np.generic)) and callable(getattr(tensor, "numpy", None)):
            host = tensor.numpy()
            return isinstance(host, np.ndarray) and _copies(kind), np.asarray(host)
        if isinstance(value, (np.ndarray, np.generic)) or hasattr(kind, "__array__"):
            return False, np.asarray(value)
        return True, np.array(value)
    except TensorError:
        raise
    except Exception as error:  # frameworks raise errors of any type for what they cannot convert, such as ragged lists
        msg = f"cannot record {name!r}: got {_describe(value)}, which gives no array of numbers ({error}); {_NUMBERS}"
        raise TensorError(msg) from error


@functools.cache
def _copies(kind: type) -> bool:
    """Whether ``numpy()`` of this type is known to copy. PyTorch's, for example, shares the tensor's memory."""
    defined_in = next((base.__module__ for base in kind.__mro__ if "numpy" in vars(base)), "")
    return defined_in.startswith(("tensorflow.", "keras.src."))


@functools.cache
def _holder(kind: type) -> Callable[[str, Any], object]:
    if kind.__name__ in _NO_HOST_VALUE:
        return freeze  # raises the error that says why it cannot be recorded
    if is_immutable(kind):
        return lambda name, value: value
    if hasattr(kind, "assign") and hasattr(kind, "value"):
        return _hold_variable
    if hasattr(kind, "detach") and hasattr(kind, "clone"):
        return lambda name, value: value.detach().clone()
    return freeze


def _hold_variable(name: str, variable: Any) -> object:
    # TensorFlow's `value` is a method that reads on the device. Keras' is a property that gives TensorFlow's variable.
    value = variable.value
    return hold(name, value() if callable(value) else value)


def _refusal(name: str, value: object, host: Array) -> str:
    kind = host.dtype.kind
    if kind == "c":
        hint = "log abs(value), or its real and its imaginary part under two names"
    elif kind in "SUT" or (kind == "O" and any(isinstance(item, (str, bytes)) for item in host.ravel()[:8])):
        hint = f"text cannot be drawn; {_NUMBERS}"
    elif kind == "O":
        hint = f"{_NUMBERS}, all rows of the same length"
    else:
        hint = f"{_NUMBERS}; convert it first"
    return f"cannot record {name!r}: got {_describe(value)}, which is {host.dtype.name} to NumPy; {hint}"


def _describe(value: Any) -> str:
    text = type(value).__name__
    if value is None or isinstance(value, (str, bytes, int, float, complex)):
        shown = repr(value)
        return f"{text} {shown if len(shown) <= 40 else shown[:37] + '...'}"
    for attribute in ("dtype", "shape"):
        with contextlib.suppress(Exception):  # a failure here must not hide the error that is being described
            text += f", {attribute} {getattr(value, attribute)}"
    return text if "shape" in text or not isinstance(value, Sized) else f"{text} of length {len(value)}"
