"""Scalars of TensorFlow, fetched from their device together.

Invariant: TensorFlow is not imported before a tensor of TensorFlow arrives, so users of other frameworks do not pay.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfwidget.record import values as record

__all__ = ["BETWEEN", "FEW", "TOGETHER", "fetch", "in_host_memory", "joined", "stacked"]

TOGETHER = 64
"""The number of tensors in a stack. TensorFlow prepares its operation anew for each number of inputs, which takes
milliseconds. So stacks of only this size are made."""

FEW = 16
"""Up to this number of tensors are read from an accelerator one by one."""

BETWEEN = bytes.fromhex("7ff4d3c2b1a09687")
"""A separator between two numbers in memory: bytes that no calculation gives."""


def fetch(values: Sequence[object]) -> list[float]:
    """Return scalars as Python floats. Those of one type are read together.

    Each read from an accelerator waits for all work that is queued there. So scalars on an accelerator are stacked
    there, and the stacks are copied. For scalars in host memory, stacking would take many times as long as copying.

    Parameters
    ----------
    values : Sequence
        Eager tensors or variables of size 1, NumPy and Python numbers, in any mixture.

    Returns
    -------
    list of float
        In the order of `values`.

    Raises
    ------
    TensorError
        If a value is not a single real number, or is symbolic (logged inside of a ``tf.function``).
    """
    kinds = set(map(type, values))
    eager: Any = next((kind for kind in kinds if kind.__name__ == "EagerTensor"), None)
    if eager is None:
        return record.fetch(values)
    tensors: Sequence[Any] = values
    first = tensors[0] if len(kinds) == 1 else next(value for value in tensors if type(value) is eager)
    read = joined if in_host_memory(first) else stacked
    dtype_of: Callable[[Any], object] = getattr(eager, "_datatype_enum", _dtype)
    if len(kinds) == 1 and len(set(map(dtype_of, tensors))) == 1 and (all_of_them := read(tensors)):
        return all_of_them
    numbers: list[object] = list(values)
    alike: dict[object, list[int]] = {}
    for position, value in enumerate(tensors):
        if type(value) is eager:
            alike.setdefault(dtype_of(value), []).append(position)
    for positions in alike.values():
        for position, number in zip(positions, read([tensors[position] for position in positions]), strict=False):
            numbers[position] = number
    return record.fetch(numbers)


def _dtype(tensor: Any) -> object:
    """Return the dtype; used where EagerTensor has no ``_datatype_enum``, which takes a sixth of the time."""
    return tensor.dtype


def in_host_memory(tensor: Any) -> bool:
    """Whether reading this tensor waits for no device."""
    return ":CPU:" in tensor.backing_device


def joined(tensors: Sequence[Any]) -> list[float]:
    """Copy tensors of one type out of host memory; return an empty list where that is not possible."""
    dtype = np.dtype(tensors[0].dtype.as_numpy_dtype)
    between = BETWEEN[: dtype.itemsize]
    try:
        pairs = np.frombuffer(between.join([*tensors, b""]), dtype).reshape(-1, 2)
    except (BufferError, TypeError, ValueError):
        return []
    if len(pairs) != len(tensors) or pairs[:, 1].tobytes() != between * len(tensors):
        return []  # one of them is not of size 1
    return _floats(pairs[:, 0])


def stacked(tensors: Sequence[Any]) -> list[float]:
    """Read tensors of one type with one copy to the host for each `TOGETHER` of them.

    Returns the numbers of the first tensors, perhaps fewer than there are, or none. The caller reads the others.
    """
    import tensorflow as tf

    found: list[float] = []
    try:
        with tf.device(tensors[0].backing_device):
            for begin in range(0, len(tensors) - FEW, TOGETHER):
                group = tensors[begin : begin + TOGETHER]
                padded = [*group, *[group[-1]] * (TOGETHER - len(group))]
                stack = tf.raw_ops.Pack(values=padded, axis=0).numpy()
                if stack.size != TOGETHER:
                    return []
                found += _floats(stack.ravel()[: len(group)])
    except (tf.errors.OpError, TypeError, ValueError):
        return []
    return found


def _floats(array: np.ndarray) -> list[float]:
    if array.dtype.kind in "cO" or array.dtype.names:
        return []
    found: list[float] = array.astype(np.float64).tolist()
    return found
