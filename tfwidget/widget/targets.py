"""The target of a knob: a variable, or a function of the user.

Invariant: anything else is refused when the knob is made. The error says what to pass instead.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

__all__ = ["Setter", "Value", "Variable", "as_target"]

Value: TypeAlias = float | int | str


class Variable:
    """A scalar variable of TensorFlow or Keras."""

    def __init__(self, name: str, variable: Any) -> None:
        try:
            shape: object = tuple(variable.shape)
        except (TypeError, ValueError):
            shape = variable.shape
        if shape != ():
            raise ValueError(
                f"knob {name!r}: target must be a variable of shape (), got shape {shape}. Pass a function that "
                "assigns what it is called with to the elements"
            )
        dtype = str(getattr(variable.dtype, "name", variable.dtype))
        if not dtype.startswith(("float", "bfloat", "int", "uint")):
            raise TypeError(
                f"knob {name!r}: target must be a variable of a float or integer dtype, got {dtype}. Pass a function "
                "that is called with the value, and assigns what belongs to it"
            )
        self.whole = "int" in dtype
        # The relative precision: an end of the range is still within it when the variable has rounded it.
        self.precision = 1e-2 if "16" in dtype or "float8" in dtype else 1e-6
        self._variable = variable

    def read(self) -> Value:
        """Return the present value; waits for the device."""
        number = np.asarray(self._variable.numpy()).item()
        return int(number) if self.whole else float(number)

    def write(self, value: Value) -> None:
        """Assign to the variable."""
        self._variable.assign(value)


class Setter:
    """A function of the user, and the value that it was last called with."""

    whole = None  # the ends of the range decide
    precision = 1e-9
    value: Value

    def __init__(self, call: Callable[[Any], object]) -> None:
        self._call = call

    def read(self) -> Value:
        """Return the value in effect."""
        return self.value

    def write(self, value: Value) -> None:
        """Call the function."""
        self._call(value)
        self.value = value


def as_target(name: str, target: Any) -> Variable | Setter:
    """Return the target of a knob.

    Raises
    ------
    TypeError, ValueError
        If `target` is neither a scalar variable of a float or integer dtype, nor a function.
    """
    kinds = {kind.__name__ for kind in type(target).__mro__}
    if "LearningRateSchedule" in kinds:
        hint = f"got the schedule {type(target).__name__}, which decides the learning rate itself. {_FIXED_RATE}"
    elif callable(getattr(target, "assign", None)) and hasattr(target, "shape") and hasattr(target, "dtype"):
        return Variable(name, target)
    elif hasattr(target, "learning_rate"):
        hint = f"got the optimizer {type(target).__name__}. Pass its optimizer.learning_rate"
    elif callable(target) and not hasattr(target, "trainable_variables"):
        return Setter(target)
    elif hasattr(target, "shape") and hasattr(target, "dtype"):
        hint = f"got a tensor ({type(target).__name__}), which cannot change; so is the learning rate of a schedule. "
        hint += _FIXED_RATE
    else:
        hint = f"got {target!r} of type {type(target).__name__}, which cannot be assigned to. Make it a tf.Variable"
    raise TypeError(f"knob {name!r}: target must be a scalar variable or a function; {hint}")


_FIXED_RATE = "Make the optimizer with a number, such as Adam(learning_rate=1e-3), and pass its optimizer.learning_rate"
