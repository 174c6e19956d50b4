"""The weights of a model that are watched, and copies of their gradients.

Invariant: after `GradientTap.remove` everything that a `GradientTap` has replaced in a model and its optimizer is back.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import keras

from tfwidget.errors import TensorError, UnsupportedError

__all__ = ["GradientTap", "choose"]

DEFAULT_GRADIENTS = 6
"""The number of kernels whose gradients are shown if no weights are named, spread from the first layer to the last."""

LISTED_NAMES = 60
"""The largest number of names that an error message lists."""


def choose(model: Any, wanted: Sequence[str]) -> dict[str, Any]:
    """Return the variables of the model with these names, by name, in the order of the names.

    Parameters
    ----------
    model : keras.Model
        A model that has its weights.
    wanted : sequence of str
        Paths of weights or layers, with or without the model's name in front.

    Raises
    ------
    ValueError
        If a name fits no weight of the model.
    """
    available = {_short(model, variable): variable for variable in model.weights}
    chosen: dict[str, Any] = {}
    for entry in wanted:
        stem = entry.strip("/")
        found = {
            name: variable
            for name, variable in available.items()
            if any(f"{path}/".startswith(f"{stem}/") for path in (name, variable.path))
        }
        if not found:
            names = list(available)
            more = f" and {len(names) - LISTED_NAMES} more" if len(names) > LISTED_NAMES else ""
            raise ValueError(
                f"LiveCallback: weights names {entry!r}, but model {model.name!r} has no such weight or layer. "
                f"It has {', '.join(names[:LISTED_NAMES])}{more}"
            )
        chosen |= found
    return chosen


def _short(model: Any, variable: Any) -> str:
    path: str = variable.path
    return path.removeprefix(f"{model.name}/")


def _choose_trainable(model: Any, wanted: Sequence[str]) -> dict[str, Any]:
    """Return the variables whose gradients are shown."""
    if wanted:
        chosen = choose(model, wanted)
        variables = {name: variable for name, variable in chosen.items() if variable.trainable}
        if not variables:
            raise ValueError(
                f"LiveCallback: gradients=True, but none of {', '.join(chosen)} is trainable. "
                "Name a trainable weight, or leave out gradients"
            )
        return variables
    kernels = [variable for variable in model.trainable_variables if len(variable.shape) >= 2]
    count = min(len(kernels), DEFAULT_GRADIENTS)
    picked = [kernels[round(i * (len(kernels) - 1) / max(count - 1, 1))] for i in range(count)]
    if not picked:
        raise ValueError(
            f"LiveCallback: gradients=True, but model {model.name!r} has no trainable weight of rank 2 or more. "
            'Name weights, such as weights=["dense/bias"]'
        )
    return {_short(model, variable): variable for variable in picked}


class GradientTap:
    """Copies gradients into variables of its own, inside the train function, on the device.

    Each train step of Keras, built in or the user's own, passes its gradients to ``optimizer.apply``. While the tap is
    installed, this method of the optimizer first copies them, as a part of the traced graph. So the train function is
    made anew. Afterwards the former one is put back. It has no tap, and need not be traced again.

    Parameters
    ----------
    model : keras.Model
        The model, compiled.
    weights : sequence of str
        The weights whose gradients are wanted. If empty: a few kernels, spread from the first layer to the last.

    Raises
    ------
    UnsupportedError
        If the gradients of this model cannot be copied.
    """

    def __init__(self, model: Any, weights: Sequence[str]) -> None:
        optimizer: Any = getattr(model, "optimizer", None)
        # A LossScaleOptimizer passes unscaled gradients to its inner optimizer.
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        if keras.backend.backend() != "tensorflow":
            raise UnsupportedError(
                f"LiveCallback: gradients=True needs Keras on TensorFlow, this is Keras on {keras.backend.backend()}; "
                'set KERAS_BACKEND="tensorflow", or leave out gradients'
            )
        if not callable(getattr(optimizer, "apply", None)) or not hasattr(model, "train_function"):
            raise UnsupportedError(
                f"LiveCallback: gradients=True needs optimizer.apply and model.train_function, which "
                f"{type(optimizer).__name__} or {type(model).__name__} of Keras {keras.__version__} lacks. Leave out "
                "gradients, or log them from a training loop of your own with tfwidget.live"
            )
        replicas = getattr(model.distribute_strategy, "num_replicas_in_sync", 1)
        if replicas > 1:
            raise UnsupportedError(
                f"LiveCallback: gradients=True works on one device, but the model is distributed over {replicas}. "
                "Leave out gradients; weights are shown nevertheless"
            )
        self._model = model
        self._weights = weights
        self._optimizer = optimizer
        self._mirrors: dict[str, Any] = {}
        self._active = False

    @cached_property
    def variables(self) -> dict[str, Any]:
        """By name: the variables whose gradients are copied. Some models get their variables in the first batch."""
        return _choose_trainable(self._model, self._weights)

    def install(self) -> None:
        """Copy gradients from now on."""
        own_apply = vars(self._optimizer).get("apply")
        apply = self._optimizer.apply

        def copy_and_apply(grads: Iterable[Any], trainable_variables: Iterable[Any] | None = None) -> Any:
            grads = list(grads)
            if trainable_variables is not None:
                trainable_variables = list(trainable_variables)
            if self._active:
                self._copy(grads, trainable_variables)
            return apply(grads, trainable_variables)

        def put_back_apply() -> None:
            if vars(self._optimizer).get("apply") is not copy_and_apply:
                return  # somebody else has wrapped ours meanwhile; from now on ours only calls the former one
            if own_apply is None:
                del self._optimizer.apply
            else:
                self._optimizer.apply = own_apply

        self._optimizer.apply = copy_and_apply
        self._put_back_apply = put_back_apply
        self._active = True
        self._former = self._model.train_function
        self._tapped = None
        try:
            self._model.make_train_function(force=True)
        except Exception as error:
            self.remove()
            raise UnsupportedError(
                f"LiveCallback: gradients=True needs {type(self._model).__name__}.make_train_function(force=True), "
                f"which failed: {type(error).__name__}: {error}. Leave out gradients, or let your method take force"
            ) from error
        self._tapped = self._model.train_function

    def _copy(self, gradients: Sequence[Any], variables: Sequence[Any] | None) -> None:
        import tensorflow as tf

        try:
            names = {id(variable): name for name, variable in self.variables.items()}
        except ValueError:
            return  # a name fits no weight: the callback warns when the batch has ended
        scale = getattr(self._optimizer, "loss_scale_factor", None)
        # Without `variables`, the gradients are those of all variables that the optimizer was built for.
        for variable, gradient in zip(variables or self._model.trainable_variables, gradients, strict=False):
            name = names.get(id(variable))
            if name is None or gradient is None:
                continue
            if name not in self._mirrors:
                with tf.init_scope():  # outside of the graph that is being traced
                    self._mirrors[name] = tf.Variable(tf.zeros(variable.shape, variable.dtype), trainable=False)
            mirror = self._mirrors[name]
            dense = tf.cast(tf.convert_to_tensor(gradient), mirror.dtype)
            mirror.assign(dense if scale is None else dense / scale)

    def read(self, name: str) -> Any:
        """Return the last batch's gradient of a variable, of the variable's shape and dtype.

        Raises
        ------
        TensorError
            If no gradient of this variable has reached the optimizer.
        """
        if name not in self._mirrors:
            raise TensorError(
                f"no gradient of {name} reaches the optimizer: the loss does not depend on it, or the train step does "
                "not call optimizer.apply"
            )
        return self._mirrors[name]

    def remove(self) -> None:
        """Put everything back that `install` has replaced."""
        if not self._active:
            return
        self._active = False
        self._put_back_apply()
        if self._tapped is not None and self._model.train_function is self._tapped:
            self._model.train_function = self._former
        self._former = self._tapped = None
