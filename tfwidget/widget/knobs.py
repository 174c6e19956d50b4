"""`knob`: a slider or a drop-down beside the buttons, for a number that may change while the training goes on.

Invariant: a value reaches the variable or the setter between two steps, checked by type and range whoever sent it, and
is recorded with its step.
"""

import html
import math
import numbers
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import ipywidgets
import numpy as np

from tfwidget.errors import RunError, TfwidgetWarning
from tfwidget.jupyter import kernel
from tfwidget.jupyter.kernel import Guarded
from tfwidget.run.run import Run, current_run
from tfwidget.widget.liveplot import ConfinedHBox, ConfinedHTML, LivePlot

__all__ = ["Knob", "knob", "place_waiting"]

Value: TypeAlias = float | int | str

SETTLED = 1.0
"""So many seconds after the browser's last word a slider follows Python again: who drags it is left alone."""

MAX_VALUES = 100
"""A drop-down has no more entries than this."""

STEPS_PER_DECADE = 250
"""Steps of a logarithmic slider. It shows the nearest one, which so has the same first two digits as the value."""

STEPS = 500
"""A linear slider has at least so many."""


def knob(
    name: str,
    target: Any,
    lo: float | None = None,
    hi: float | None = None,
    *,
    log: bool = False,
    values: Sequence[Value] | None = None,
    value: Value | None = None,
) -> "Knob":
    """Show a slider, or a drop-down, that changes a number while the training goes on.

    What the user chooses takes effect between two steps, is recorded in the run's history with its step
    (``run.history.events``), and is marked on the curves. A variable is assigned to, so nothing is traced anew.

    During a run the knob appears in its plot, otherwise in the plot of the next run. It stays with that plot, in its
    further runs too. The same name again takes the former knob's place.

    Parameters
    ----------
    name : str
        What it is called in the plot and in the history.
    target : variable or callable
        A scalar `tf.Variable` or Keras variable of a float or integer dtype, such as ``optimizer.learning_rate``; or a
        function that is called with each new value.
    lo, hi : float, optional
        The range of a slider, ends included. For an integer variable, and for a function where both are integers, the
        slider goes by integers.
    log : bool, optional
        A logarithmic slider; `lo` must be positive.
    values : sequence of numbers or str, optional
        The values of a drop-down, instead of `lo` and `hi`. Text is for functions only.
    value : number or str, optional
        What a function's knob shows at first, by default `lo` or the first of `values`; the function is not called with
        it. A variable's knob shows what the variable holds.

    Returns
    -------
    Knob
        Its `Knob.value` may be read and set, and `Knob.close` takes it away.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or value, or the variable holds a value out of range.
    RunError
        If the calling thread is not the main thread.

    Examples
    --------
    >>> tfwidget.knob("learning rate", optimizer.learning_rate, 1e-5, 1e-1, log=True)
    >>> tfwidget.knob("augmentation", augment.set_strength, values=["none", "light", "heavy"])
    """
    if not kernel.on_owner_thread():
        raise RunError("knob: only the main thread can show one. Call it in a cell, outside of threads of your own")
    if not isinstance(name, str) or not name.strip():
        raise TypeError(f'knob: name must be a non-empty string, such as "learning rate"; got {name!r}')
    if not isinstance(log, bool):
        raise TypeError(f"knob {name!r}: log must be True or False, got {log!r}")
    turned = _target(name, target)
    if values is None:
        new = Knob(name, turned, _range(name, lo, hi, log, turned), value)
    elif lo is not None or hi is not None or log:
        raise ValueError(f"knob {name!r}: values is for a drop-down; leave out lo, hi and log, or values")
    else:
        new = Knob(name, turned, _choice(name, values, turned), value)
    run = current_run()
    plot = run.front_end if run is not None and isinstance(run.front_end, LivePlot) else None
    if plot is not None and plot.comm is None:
        plot = None  # closed: the run goes on unseen
    knobs = _waiting if plot is None else plot.knobs
    former = knobs.get(name)
    if former is not None and former.adopt(new):
        return former  # as in a loop's body: nothing to show anew
    if plot is None:
        _waiting[name] = new
    else:
        new.place(plot)
    return new


_waiting: dict[str, "Knob"] = {}


def place_waiting(plot: LivePlot) -> None:
    """Show in this plot the knobs that were made outside of a run."""
    while _waiting:
        _waiting.pop(next(iter(_waiting))).place(plot)


class Knob:
    """A slider or a drop-down in a plot; made by `knob`.

    Attributes
    ----------
    name : str
        What it is called.
    """

    def __init__(
        self, name: str, target: "_Variable | _Setter", domain: "_Range | _Choice", value: Value | None = None
    ) -> None:
        self.name = name
        self._target: _Variable | _Setter | None = target
        self._domain = domain
        self._check_first(value)
        self._first = value
        self._plot: LivePlot | None = None
        self._control: _Control | None = None
        self._unwatch: Callable[[], None] = lambda: None
        self._heard_at = -math.inf
        self._error = ""

    def _check_first(self, value: Value | None) -> None:
        if isinstance(self._target, _Setter):
            self._target.value = self._domain.first if value is None else self._take(value)
            return
        assert self._target is not None
        if value is not None:
            raise ValueError(
                f"knob {self.name!r}: value is for functions, got {value!r}. A variable's knob shows what the variable "
                "holds: assign to it instead"
            )
        held = self._target.read()
        if not self._domain.holds(held):
            raise ValueError(
                f"knob {self.name!r}: the variable holds {_text(held)}, which is not within {self._domain}. "
                "Widen that, or assign to the variable first"
            )

    # -- for the user ----------------------------------------------------------------------------------------------

    @property
    def value(self) -> Value:
        """The value in effect. A new one takes effect at the next step boundary; where no run is under way, at once."""
        return self._open_target().read()

    @value.setter
    def value(self, value: Value) -> None:
        self._open_target()
        taken = self._take(value)
        if current_run() is None and kernel.on_owner_thread():
            self._apply(taken)
        else:
            kernel.mailbox.post(lambda: self._apply(taken))

    def close(self) -> None:
        """Take the knob away, and let go of what it turns."""
        self._target = None
        self._unwatch()
        if _waiting.get(self.name) is self:
            del _waiting[self.name]
        if self._plot is not None:
            self._plot.drop_knob(self)
            self._plot = None
        if self._control is not None:
            for part in (self._control, self._remark, self.view):
                part.close()

    def _take(self, value: Value) -> Value:
        try:
            return self._domain.take(value)
        except ValueError as error:
            raise ValueError(f"knob {self.name!r}: value {error}") from None

    def __repr__(self) -> str:
        return f"Knob({self.name!r}, {'closed' if self._target is None else _text(self.value)})"

    # -- for the plot ----------------------------------------------------------------------------------------------

    def place(self, plot: LivePlot) -> None:
        """Show the knob in a plot; a knob of the same name there gives way."""
        former = plot.knobs.get(self.name)
        if former is not None:
            former.close()
        control = self._domain.control(
            description=self.name,
            tooltip=f"{self.name}: {self._domain}. Takes effect between two steps",
            style={"description_width": "initial"},
        )
        control.domain = self._domain
        control.on_heard = self._hear
        self._control = control
        self._remark = ConfinedHTML()
        self.view = ConfinedHBox([control, self._remark])
        self.view.add_class("tfw-knob")
        self._plot = plot
        self._show()
        plot.add_knob(self)
        self._unwatch = kernel.on_cell_end(self._cell_ended)

    def adopt(self, other: "Knob") -> bool:
        """Turn from now on what `other`, an equal knob, would turn; False if it is not equal."""
        mine, its = self._target, other._target
        if type(mine) is not type(its) or (self._domain, self._first) != (other._domain, other._first):
            return False
        if isinstance(mine, _Setter) and isinstance(its, _Setter):
            its.value = mine.value
        self._target = its
        return True

    def refresh(self) -> None:
        """Show what Python has made of the value meanwhile."""
        if time.monotonic() - self._heard_at >= SETTLED:
            self._show()

    def _cell_ended(self, _error: BaseException | None) -> None:
        """Show what the cell has made of the value, where no step would do so soon."""
        if (run := self._run) is None or run.state == "paused":
            self._show()  # what the browser said last has been taken: nobody's hand is on another value

    # -- a new value -----------------------------------------------------------------------------------------------

    @property
    def _run(self) -> Run | None:
        """The run under way in this knob's plot."""
        run = None if self._plot is None else self._plot.run
        return run if run is not None and run.state in ("running", "paused") else None

    def _open_target(self) -> "_Variable | _Setter":
        if self._target is None:
            raise RunError(f"knob {self.name!r} is closed, as its plot may be. Call tfwidget.knob again for a new one")
        return self._target

    def _hear(self, value: Value) -> None:
        """Take what the browser says, checked."""
        self._heard_at = time.monotonic()
        run = self._run
        if run is None:
            self._apply(value, heard=True)
        else:
            run.command(lambda: self._apply(value, heard=True))

    def _apply(self, value: Value, *, heard: bool = False) -> None:
        target = self._target
        if target is None:
            return
        try:
            target.write(value)
        except Exception as error:
            self._heard_at = -math.inf
            self._show(f"{_text(value)} failed. {type(error).__name__}: {error}")
            warnings.warn(
                f"knob {self.name!r}: {_text(value)} could not be set, the training goes on with the former value: "
                f"{type(error).__name__}: {error}",
                TfwidgetWarning,
                stacklevel=2,
            )
            return
        run = self._run
        if run is not None:
            run.note(f"{self.name} = {_text(value)}", changed=self.name)
        self._error = ""
        if heard:
            self._say("")  # the browser shows the value already
        else:
            self._show()

    def _show(self, error: str = "") -> None:
        """Bring the slider to the value in effect, and say what it cannot show."""
        if self._target is None or self._control is None:
            return
        self._error = error or self._error
        try:
            value = self._target.read()
        except Exception as unreadable:
            self._say(f"{type(unreadable).__name__}: {unreadable}", "tfw-error")
            return
        self._control.tell(value)
        if self._error:
            self._say(self._error, "tfw-error")
        else:
            self._say("" if self._domain.holds(value) else f"now {_text(value)}")

    def _say(self, text: str, look: str = "tfw-muted") -> None:
        self._remark.value = f'<span class="{look}">{html.escape(text[:300])}</span>' if text else ""


# -- what is turned ----------------------------------------------------------------------------------------------------


class _Variable:
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
        # As the variable rounds them, the ends of a range are still within it.
        self.precision = 1e-2 if "16" in dtype or "float8" in dtype else 1e-6
        self._variable = variable

    def read(self) -> Value:
        """The present value; waits for the device."""
        number = np.asarray(self._variable.numpy()).item()
        return int(number) if self.whole else float(number)

    def write(self, value: Value) -> None:
        self._variable.assign(value)


class _Setter:
    """A function of the user's, and the value that it was called with last."""

    whole = None  # as the range says
    precision = 1e-9
    value: Value

    def __init__(self, call: Callable[[Any], object]) -> None:
        self._call = call

    def read(self) -> Value:
        return self.value

    def write(self, value: Value) -> None:
        self._call(value)
        self.value = value


def _target(name: str, target: Any) -> _Variable | _Setter:
    kinds = {kind.__name__ for kind in type(target).__mro__}
    if "LearningRateSchedule" in kinds:
        hint = f"got the schedule {type(target).__name__}, which decides the learning rate itself. {_FIXED_RATE}"
    elif callable(getattr(target, "assign", None)) and hasattr(target, "shape") and hasattr(target, "dtype"):
        return _Variable(name, target)
    elif hasattr(target, "learning_rate"):
        hint = f"got the optimizer {type(target).__name__}. Pass its optimizer.learning_rate"
    elif callable(target) and not hasattr(target, "trainable_variables"):
        return _Setter(target)
    elif hasattr(target, "shape") and hasattr(target, "dtype"):
        hint = f"got a tensor ({type(target).__name__}), which cannot change; so is the learning rate of a schedule. "
        hint += _FIXED_RATE
    else:
        hint = f"got {target!r} of type {type(target).__name__}, which cannot be assigned to. Make it a tf.Variable"
    raise TypeError(f"knob {name!r}: target must be a scalar variable or a function; {hint}")


_FIXED_RATE = "Make the optimizer with a number, such as Adam(learning_rate=1e-3), and pass its optimizer.learning_rate"


# -- what may be chosen ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Range:
    """Numbers from `lo` to `hi`."""

    lo: float
    hi: float
    log: bool
    whole: bool
    precision: float

    def __str__(self) -> str:
        return f"{_text(self.lo)} to {_text(self.hi)}"

    @property
    def first(self) -> Value:
        return self.take(self.lo)

    def holds(self, value: Value) -> bool:
        if isinstance(value, str) or not math.isfinite(value):
            return False
        return self.lo <= value <= self.hi or any(
            math.isclose(value, end, rel_tol=self.precision) for end in (self.lo, self.hi)
        )

    def take(self, value: object) -> Value:
        """Check a value; ValueError if it is none of these."""
        number = _number(value)
        if number is None or not self.holds(number) or (self.whole and number != int(number)):
            kind = "an integer" if self.whole else "a number"
            raise ValueError(f"must be {kind} from {self}, got {value!r}")
        number = min(max(number, self.lo), self.hi)
        return int(number) if self.whole else float(number)

    hear = take
    """Check what the browser says, which is the number itself."""

    def tell(self, value: Value) -> float:
        """What the browser is told: the nearest of these."""
        return self.lo if isinstance(value, str) or math.isnan(value) else min(max(value, self.lo), self.hi)

    def control(self, **look: Any) -> "_Control":
        # Else the browser would say the value as soon as it shows the slider, before there is a subshell to say it to:
        # until the cell's end it would wait for an answer, and say nothing more.
        look["continuous_update"] = False
        if self.whole:
            return _IntSlider(min=self.lo, max=self.hi, **look)
        if self.log:
            ends = {"min": math.log10(self.lo), "max": math.log10(self.hi)}
            return _LogSlider(**ends, step=1 / STEPS_PER_DECADE, readout_format=".1e", **look)
        step = 10.0 ** math.floor(math.log10((self.hi - self.lo) / STEPS))
        return _FloatSlider(min=self.lo, max=self.hi, step=step, readout_format=".4", **look)


@dataclass(frozen=True)
class _Choice:
    """A few numbers or texts."""

    values: tuple[Value, ...]
    precision: float

    def __str__(self) -> str:
        return _listed([_text(value) for value in self.values])

    @property
    def first(self) -> Value:
        return self.values[0]

    def holds(self, value: Value) -> bool:
        return self.tell(value) is not None

    def take(self, value: object) -> Value:
        """Check a value; ValueError if it is none of these."""
        index = self.tell(value)
        if index is None:
            raise ValueError(f"must be one of {self}; got {value!r}")
        return self.values[index]

    def hear(self, raw: object) -> Value:
        """Check what the browser says, which is a place in the list."""
        if not isinstance(raw, int) or isinstance(raw, bool) or not 0 <= raw < len(self.values):
            raise ValueError(f"must be a place in a list of {len(self.values)}, got {raw!r}")
        return self.values[raw]

    def tell(self, value: object) -> int | None:
        """What the browser is told: the place in the list, None for a value that is not there."""
        number = _number(value)
        for index, one in enumerate(self.values):
            if isinstance(one, str) or number is None:
                if isinstance(value, str) and one == value:
                    return index
            elif math.isclose(one, number, rel_tol=self.precision):
                return index
        return None

    def control(self, **look: Any) -> "_Control":
        return _Dropdown(options=[(_label(value), index) for index, value in enumerate(self.values)], **look)


def _range(name: str, lo: object, hi: object, log: bool, target: _Variable | _Setter) -> _Range:
    if lo is None or hi is None:
        raise ValueError(
            f"knob {name!r}: lo and hi are needed, such as 1e-5, 1e-1, or values=[...]; got lo={lo!r}, hi={hi!r}"
        )
    ends = []
    for argument, end in (("lo", lo), ("hi", hi)):
        number = _number(end)
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
    return _Range(low, high, log, whole, target.precision)


def _choice(name: str, values: object, target: _Variable | _Setter) -> _Choice:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"knob {name!r}: values must be a list of numbers or strings, got {values!r}")
    taken: list[Value] = []
    for value in values:
        number = value if isinstance(value, str) and target.whole is None else _number(value)
        if number is None or (target.whole and not isinstance(number, int)):
            kinds = {None: "finite numbers or strings", True: "integers, as the variable is", False: "finite numbers"}
            raise TypeError(f"knob {name!r}: values must be {kinds[target.whole]}, got {value!r}")
        taken.append(number)
    if not 1 <= len(taken) <= MAX_VALUES:
        raise ValueError(f"knob {name!r}: values must be 1 to {MAX_VALUES}, got {len(taken)}")
    labels = [_label(value) for value in taken]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise ValueError(f"knob {name!r}: values must differ from each other, got {twice} twice")
    return _Choice(tuple(taken), target.precision)


def _number(value: object) -> int | float | None:
    """A finite real number as Python's own, or None; True and False are none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, numbers.Integral):
        number = int(value)
        return number if abs(number) <= 2**53 else None  # the browser's numbers end there
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(value) else None
    return None


def _text(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _label(value: Value) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - 8
    return ", ".join(texts[:8]) + (f" and {more} more" if more > 0 else "")


# -- widgets -----------------------------------------------------------------------------------------------------------


class _Control(Guarded):
    """The part of a knob that is turned."""

    domain: _Range | _Choice
    on_heard: Callable[[Value], None]

    def check(self, raw: object) -> object:
        return self.domain.tell(self.domain.hear(raw))

    def heard(self, raw: object) -> None:
        self.on_heard(self.domain.hear(raw))

    def tell(self, value: Value) -> None:
        """Show a value. What the variable only rounded is not told: it would come between the hand and the slider."""
        told, shown = self.domain.tell(value), getattr(self, self.guarded)
        if told is None or shown is None or not math.isclose(told, shown, rel_tol=self.domain.precision):
            setattr(self, self.guarded, told)


class _FloatSlider(_Control, ipywidgets.FloatSlider):
    pass


class _LogSlider(_Control, ipywidgets.FloatLogSlider):
    pass


class _IntSlider(_Control, ipywidgets.IntSlider):
    pass


class _Dropdown(_Control, ipywidgets.Dropdown):
    guarded = "index"
