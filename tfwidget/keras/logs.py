"""The logs of a batch, left on their device: spares Keras' `fit` a copy to the host per metric and batch.

Invariant: whoever reads the logs of a batch finds Python floats there, the same as ever; only who is known to take
something else gets it. The logs of an epoch are none of its business.

Keras' `CallbackList` makes Python floats of every batch's logs before it calls anybody, whoever listens: on an
accelerator each of them waits for all the work queued there. `defer` has the list of one fit hand on the tensors
themselves, whenever none of its callbacks needs floats; whenever one does, the list does what it always did. From a
callback no public way leads to its list: it is found as the `self` of the method that calls, and where it is not, all
stays as it is. Two methods are replaced on this one instance, none in Keras' modules or classes.

In host memory, where a read takes two microseconds and waits for nobody, deferring costs more than it spares, and is
not done.
"""

import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

__all__ = ["defer"]

METHODS = ("on_train_batch_end", "on_test_batch_end")

IGNORING = (keras.callbacks.ProgbarLogger, keras.callbacks.BackupAndRestore, keras.callbacks.ModelCheckpoint)
"""These are called at the end of a batch, but not for its logs; a progress bar reads them only when it is drawn."""


def defer(callback: keras.callbacks.Callback, kind: type[keras.callbacks.Callback]) -> Callable[[], None]:
    """Give a callback the logs of batches as they are, where no other callback needs them as Python floats.

    Such logs are a dictionary of eager tensors, all of them floating-point scalars, sorted by name.

    Parameters
    ----------
    callback : keras.callbacks.Callback
        The callback, whose `on_train_begin` is being called.
    kind : type
        Its class or a base class of it, whose methods for the end of a batch take tensors too. A subclass that
        overrides one of them gets floats.

    Returns
    -------
    callable
        Call it without arguments to put back what was replaced.
    """
    found = _list_that_calls(sys._getframe(1))
    if found is None or not _has_accelerator():
        return lambda: None
    methods = {name: _method(found, name, getattr(kind, name)) for name in METHODS}
    vars(found).update(methods)

    def restore() -> None:
        for name, method in methods.items():
            if vars(found).get(name) is method:
                delattr(found, name)

    return restore


def _has_accelerator() -> bool:
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return any(device.device_type != "CPU" for device in tf.config.list_logical_devices())


def _list_that_calls(frame: FrameType | None) -> Any:
    """The `CallbackList` whose `on_train_begin` leads to this frame, or None."""
    while frame is not None and frame.f_code.co_name == "on_train_begin":
        caller = frame.f_locals.get("self")
        if type(caller) is keras.callbacks.CallbackList:
            return caller if vars(caller).keys().isdisjoint(METHODS) else None
        frame = frame.f_back
    return None


def _method(found: Any, name: str, taking: object) -> Callable[..., None]:
    """What stands in for a method of the list."""

    def on_batch_end(batch: int, logs: Mapping[str, Any] | None = None) -> None:
        # Asked for each batch, which takes a microsecond or two: callbacks may come and go, and change their methods.
        listening = _listening(found.callbacks, name, taking) if logs and all(map(_is_scalar, logs.values())) else None
        if listening is None:
            getattr(keras.callbacks.CallbackList, name)(found, batch, logs)
            return
        tensors = dict(sorted((logs or {}).items()))
        for listen, takes_tensors in listening:
            listen(batch, logs=tensors if takes_tensors else {key: _Later(value) for key, value in tensors.items()})

    return on_batch_end


def _is_scalar(value: Any) -> bool:
    return type(value).__name__ == "EagerTensor" and value.ndim == 0 and value.dtype.is_floating


def _listening(callbacks: list[Any], name: str, taking: object) -> list[tuple[Callable[..., None], bool]] | None:
    """The methods to call and whether each takes tensors, or None if one of them may need floats."""
    default = getattr(keras.callbacks.Callback, name)
    default_alias = keras.callbacks.Callback.on_batch_end  # which the default calls
    listening = []
    for callback in callbacks:
        listen = getattr(callback, name)
        function = getattr(listen, "__func__", None)  # none if set on the instance
        if function is taking:
            listening.append((listen, True))
        elif function is default:
            if getattr(callback.on_batch_end, "__func__", None) is not default_alias:
                return None
        elif type(callback) in IGNORING and function is getattr(type(callback), name) and not _saves(callback):
            listening.append((listen, False))
        else:
            return None
    return listening


def _saves(callback: Any) -> bool:
    """Whether this is a checkpoint of so many batches, named or chosen by what the logs say."""
    return type(callback) is keras.callbacks.ModelCheckpoint and callback.save_freq != "epoch"


class _Later:
    """A number for Keras' progress bar, which reads it only when it is drawn, by `numpy.mean`."""

    __slots__ = ("_tensor",)

    def __init__(self, tensor: Any) -> None:
        self._tensor = tensor

    def __float__(self) -> float:
        return float(self._tensor.numpy())

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.array(float(self), dtype)

    def __mul__(self, count: float) -> float:
        """Read it: the bar of older versions of Keras draws means."""
        return float(self) * count
