"""The values that a knob may be set to, and the slider or the drop-down that shows them.

Invariant: a value from the browser is checked by type and range before any other code uses it.
"""

import math
import numbers
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets

from tfwidget.canvas.gather import Gathered
from tfwidget.jupyter.confined import Guarded
from tfwidget.widget.targets import Setter, Value, Variable

__all__ = ["MAX_VALUES", "STEPS", "STEPS_PER_DECADE", "Choice", "Control", "Range", "as_choice", "as_range", "as_text"]

MAX_VALUES = 100
"""The largest number of entries of a drop-down."""

STEPS_PER_DECADE = 250
"""Steps of a logarithmic slider: so many that the step nearest to a value has the same first two digits."""

STEPS = 500
"""The smallest number of steps of a linear slider."""


@dataclass(frozen=True)
class Range:
    """The numbers from `lo` to `hi`, ends included.

    Parameters
    ----------
    lo, hi : float
        The ends.
    log : bool
        Whether the slider is logarithmic.
    whole : bool
        Whether only integers are allowed.
    precision : float
        The relative difference up to which a number still equals an end.
    """

    lo: float
    hi: float
    log: bool
    whole: bool
    precision: float

    def __str__(self) -> str:
        return f"{as_text(self.lo)} to {as_text(self.hi)}"

    @property
    def first(self) -> Value:
        """What a function's knob shows at first."""
        return self.take(self.lo)

    def holds(self, value: Value) -> bool:
        """Whether a value is one of these."""
        if isinstance(value, str) or not math.isfinite(value):
            return False
        return self.lo <= value <= self.hi or any(
            math.isclose(value, end, rel_tol=self.precision) for end in (self.lo, self.hi)
        )

    def take(self, value: object) -> Value:
        """Check a value; ValueError if it is none of these."""
        number = as_number(value)
        if number is None or not self.holds(number) or (self.whole and number != int(number)):
            kind = "an integer" if self.whole else "a number"
            raise ValueError(f"must be {kind} from {self}, got {value!r}")
        number = min(max(number, self.lo), self.hi)
        return int(number) if self.whole else float(number)

    hear = take
    """Check a value from the browser: the number itself."""

    def tell(self, value: Value) -> float:
        """Return the value to send to the browser: the nearest number of the range."""
        return self.lo if isinstance(value, str) or math.isnan(value) else min(max(value, self.lo), self.hi)

    def control(self, **look: Any) -> "Control":
        """Make the widget; `look` are further arguments for it."""
        # Otherwise the browser sends the value as soon as it shows the slider, and may wait for an answer until a cell
        # has ended.
        look["continuous_update"] = False
        if self.whole:
            return IntSlider(min=self.lo, max=self.hi, **look)
        if self.log:
            ends = {"min": math.log10(self.lo), "max": math.log10(self.hi)}
            return LogSlider(**ends, step=1 / STEPS_PER_DECADE, readout_format=".1e", **look)
        step = 10.0 ** math.floor(math.log10((self.hi - self.lo) / STEPS))
        return FloatSlider(min=self.lo, max=self.hi, step=step, readout_format=".4", **look)


@dataclass(frozen=True)
class Choice:
    """A few numbers or strings.

    Parameters
    ----------
    values : tuple of numbers or str
        In the order of the drop-down.
    precision : float
        The relative difference up to which two numbers are equal.
    """

    values: tuple[Value, ...]
    precision: float

    def __str__(self) -> str:
        return listed([as_text(value) for value in self.values])

    @property
    def first(self) -> Value:
        """What a function's knob shows at first."""
        return self.values[0]

    def holds(self, value: Value) -> bool:
        """Whether a value is one of these."""
        return self.tell(value) is not None

    def take(self, value: object) -> Value:
        """Check a value; ValueError if it is none of these."""
        index = self.tell(value)
        if index is None:
            raise ValueError(f"must be one of {self}; got {value!r}")
        return self.values[index]

    def hear(self, raw: object) -> Value:
        """Check a value from the browser, which is a place in the list, and return the entry there."""
        if not isinstance(raw, int) or isinstance(raw, bool) or not 0 <= raw < len(self.values):
            raise ValueError(f"must be a place in a list of {len(self.values)}, got {raw!r}")
        return self.values[raw]

    def tell(self, value: object) -> int | None:
        """Return the value to send to the browser: the place in the list, or None for a value that is not there."""
        number = as_number(value)
        for index, one in enumerate(self.values):
            if isinstance(one, str) or number is None:
                if isinstance(value, str) and one == value:
                    return index
            elif math.isclose(one, number, rel_tol=self.precision):
                return index
        return None

    def control(self, **look: Any) -> "Control":
        """Make the widget; `look` are further arguments for it."""
        return Dropdown(options=[(as_label(value), index) for index, value in enumerate(self.values)], **look)


def as_range(name: str, lo: object, hi: object, log: bool, target: Variable | Setter) -> Range:
    """Return the range of a knob; raise TypeError or ValueError if it makes no sense."""
    if lo is None or hi is None:
        raise ValueError(
            f"knob {name!r}: lo and hi are needed, such as 1e-5, 1e-1, or values=[...]; got lo={lo!r}, hi={hi!r}"
        )
    ends = []
    for argument, end in (("lo", lo), ("hi", hi)):
        number = as_number(end)
        if number is None:
            raise TypeError(f"knob {name!r}: {argument} must be a finite number, got {end!r}")
        ends.append(number)
    low, high = ends
    if not low < high:
        raise ValueError(f"knob {name!r}: lo must be below hi, got lo={lo!r}, hi={hi!r}")
    if log and low <= 0:
        raise ValueError(f"knob {name!r}: lo must be above 0 for a logarithmic slider, got {lo!r}. Or leave out log")
    integers = isinstance(low, int) and isinstance(high, int)
    whole = target.whole
    if whole and not integers:
        raise ValueError(f"knob {name!r}: the variable is an integer, so lo and hi must be; got lo={lo!r}, hi={hi!r}")
    if whole and log:
        raise ValueError(f"knob {name!r}: log is for floats, the variable is an integer. Use values=[1, 2, 4, 8]")
    if whole is None:
        whole = integers and not log
    return Range(low, high, log, whole, target.precision)


def as_choice(name: str, values: object, target: Variable | Setter) -> Choice:
    """Return the choice of a knob; raise TypeError or ValueError if the values make no sense."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"knob {name!r}: values must be a list of numbers or strings, got {values!r}")
    taken: list[Value] = []
    for value in values:
        number = value if isinstance(value, str) and target.whole is None else as_number(value)
        if number is None or (target.whole and not isinstance(number, int)):
            kinds = {None: "finite numbers or strings", True: "integers, as the variable is", False: "finite numbers"}
            raise TypeError(f"knob {name!r}: values must be {kinds[target.whole]}, got {value!r}")
        taken.append(number)
    if not 1 <= len(taken) <= MAX_VALUES:
        raise ValueError(f"knob {name!r}: values must be 1 to {MAX_VALUES}, got {len(taken)}")
    labels = [as_label(value) for value in taken]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise ValueError(f"knob {name!r}: values must differ from each other, got {twice} twice")
    return Choice(tuple(taken), target.precision)


def as_number(value: object) -> int | float | None:
    """Return a finite real number as a Python number; None for anything else, such as True."""
    if isinstance(value, bool):
        return None
    if isinstance(value, numbers.Integral):
        number = int(value)
        return number if abs(number) <= 2**53 else None  # the browser has no larger exact integers
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(value) else None
    return None


def as_text(value: Value) -> str:
    """Return a value as a person reads it."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def as_label(value: Value) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def listed(texts: Sequence[str]) -> str:
    more = len(texts) - 8
    return ", ".join(texts[:8]) + (f" and {more} more" if more > 0 else "")


class Control(Gathered, Guarded):
    """The slider or drop-down of a knob."""

    domain: Range | Choice
    on_heard: Callable[[Value], None]

    def check(self, raw: object) -> object:
        """Return the value that the control is to show; raise ValueError if the browser's value makes no sense."""
        return self.domain.tell(self.domain.hear(raw))

    def heard(self, raw: object) -> None:
        """Pass a checked value on to the knob."""
        self.on_heard(self.domain.hear(raw))

    def tell(self, value: Value) -> None:
        """Show a value. One that differs only by the variable's rounding is not sent: a slider in use would jump."""
        told, shown = self.domain.tell(value), getattr(self, self.guarded)
        if told is None or shown is None or not math.isclose(told, shown, rel_tol=self.domain.precision):
            setattr(self, self.guarded, told)


class FloatSlider(Control, ipywidgets.FloatSlider):
    pass


class LogSlider(Control, ipywidgets.FloatLogSlider):
    pass


class IntSlider(Control, ipywidgets.IntSlider):
    pass


class Dropdown(Control, ipywidgets.Dropdown):
    guarded = "index"
