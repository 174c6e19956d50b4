"""Scalars of TensorFlow, fetched from their device together.

Invariant: TensorFlow is never imported before a tensor of its own arrives, so whoever does not use it does not pay.
"""

from collections.abc import Sequence
from typing import Any

from tfwidget import snapshot

__all__ = ["fetch"]


def fetch(values: Sequence[object]) -> list[float]:
    """Return scalars as Python floats; those on an accelerator are fetched together.

    Every read from an accelerator waits for all work queued on it, so tensors that lie there are stacked on the device
    and read once per device and dtype. A tensor in host memory is read by itself: that takes about 1 µs, and
    grouping and stacking such tensors gains nothing.

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
    far: dict[tuple[object, ...], list[int]] = {}
    near: list[object] = list(values)
    for position, value in enumerate(near):
        if type(value).__name__ == "EagerTensor":
            tensor: Any = value
            if _is_far(tensor) and tensor.shape.num_elements() == 1:
                # The rank is part of the group, so that (), (1,) and (1, 1) need no reshape on the device.
                far.setdefault((tensor.backing_device, tensor.dtype, tensor.ndim), []).append(position)
    for positions in far.values():
        for position, number in zip(positions, _stacked([near[position] for position in positions]), strict=True):
            near[position] = number
    return snapshot.fetch(near)


def _is_far(tensor: Any) -> bool:
    # Where the memory is, which is not always where the operation ran: a GPU's int32 scalars lie in host memory.
    return ":CPU:" not in tensor.backing_device


def _stacked(tensors: Sequence[Any]) -> list[object]:
    """Read tensors of one device, dtype and shape with a single copy to the host."""
    import tensorflow as tf

    with tf.device(tensors[0].backing_device):
        return list(tf.stack(tensors).numpy().ravel())
