"""Scalars of TensorFlow, fetched from their device together.

Invariant: TensorFlow is never imported before a tensor of its own arrives, so whoever does not use it does not pay.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfwidget import snapshot

__all__ = ["fetch"]

TOGETHER = 64
"""So many tensors are stacked at once. TensorFlow prepares an operation for each number of inputs anew, which takes
milliseconds, so there is only this one."""

FEW = 16
"""As few as these are read one by one."""


def fetch(values: Sequence[object]) -> list[float]:
    """Return scalars as Python floats; those of an accelerator are stacked there and read together.

    Every read from an accelerator waits for all work queued on it. In host memory to read each by itself takes half as
    long as to stack them.

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
    first: Any = next((value for value in values if type(value).__name__ == "EagerTensor"), None)
    if first is None:
        return snapshot.fetch(values)
    if _in_host_memory(first):
        eager: Any = type(first)
        scalars: Sequence[Any] = values
        try:
            return snapshot.fetch([memoryview(value)[()] if type(value) is eager else value for value in scalars])
        except (NotImplementedError, TypeError, ValueError):
            return snapshot.fetch(values)  # one is of an unusual type or shape, and takes longer to read, or to refuse
    numbers: list[object] = list(values)
    alike: dict[int, list[int]] = {}
    for position, value in enumerate(numbers):
        if type(value).__name__ == "EagerTensor":
            tensor: Any = value
            alike.setdefault(id(tensor.dtype), []).append(position)  # a singleton, slow to hash
    for positions in alike.values():
        for begin in range(0, len(positions), TOGETHER):
            group = positions[begin : begin + TOGETHER]
            if len(group) > FEW:
                for position, number in zip(group, _stacked([numbers[position] for position in group]), strict=False):
                    numbers[position] = number
    return snapshot.fetch(numbers)


def _in_host_memory(tensor: Any) -> bool:
    return ":CPU:" in tensor.backing_device


def _stacked(tensors: list[Any]) -> list[float]:
    """Read tensors with a single copy to the host; return none where that cannot be."""
    import tensorflow as tf

    padded = tensors + tensors[-1:] * (TOGETHER - len(tensors))
    try:
        with tf.device(tensors[0].backing_device):
            stack = tf.raw_ops.Pack(values=padded, axis=0).numpy()
        if stack.size != TOGETHER or stack.dtype.kind in "cO":
            return []
        found: list[float] = stack.astype(np.float64).ravel()[: len(tensors)].tolist()
        return found
    except (tf.errors.OpError, TypeError, ValueError):
        return []
