"""`Knob`: a slider or a drop-down under the buttons, for a number that may change while the training goes on.

Invariant: a value from any source is checked by type and range, takes effect between two steps, and is recorded with
its step.
"""

import html
import math
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from tfwidget.errors import RunError, TfwidgetWarning
from tfwidget.jupyter import cells, owner
from tfwidget.run.run import Run
from tfwidget.widget.controls import Choice, Control, Range, as_choice, as_range, as_text
from tfwidget.widget.liveplot import LivePlot
from tfwidget.widget.parts import Html, Row
from tfwidget.widget.targets import Setter, Value, Variable, as_target

__all__ = ["SETTLED", "Knob", "Value"]

SETTLED = 1.0
"""Seconds after the last message of the browser during which a slider is not changed by Python: it may be in use."""


class Knob:
    """A slider or a drop-down in a plot; made by `tfwidget.knob`, which describes the arguments.

    Parameters
    ----------
    name : str
    target : variable or callable
    lo, hi : float, optional
    log : bool, optional
    values : sequence of numbers or str, optional
    value : number or str, optional

    Attributes
    ----------
    name : str
        Its name in the plot and in the history.
    clock : callable
        Returns the time in seconds.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or value, or the variable holds a value outside of the range.
    """

    def __init__(
        self,
        name: str,
        target: Any,
        lo: float | None = None,
        hi: float | None = None,
        *,
        log: bool = False,
        values: Sequence[Value] | None = None,
        value: Value | None = None,
    ) -> None:
        if not isinstance(name, str) or not name.strip():
            raise TypeError(f'knob: name must be a non-empty string, such as "learning rate"; got {name!r}')
        if not isinstance(log, bool):
            raise TypeError(f"knob {name!r}: log must be True or False, got {log!r}")
        turned = as_target(name, target)
        self.name = name
        self.clock: Callable[[], float] = time.monotonic
        self._target: Variable | Setter | None = turned
        self._domain: Range | Choice
        if values is None:
            self._domain = as_range(name, lo, hi, log, turned)
        elif lo is not None or hi is not None or log:
            raise ValueError(f"knob {name!r}: values is for a drop-down; leave out lo, hi and log, or values")
        else:
            self._domain = as_choice(name, values, turned)
        self._check_first(value)
        self._first = value
        self._plot: LivePlot | None = None
        self._unwatch: Callable[[], None] = lambda: None
        self._heard_at = -math.inf
        self._error = ""
        self.control: Control | None = None
        """The slider or drop-down; None until the knob is in a plot."""
        self.remark: Html | None = None
        """The text beside it: an error, or a value that it cannot show."""

    def _check_first(self, value: Value | None) -> None:
        if isinstance(self._target, Setter):
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
                f"knob {self.name!r}: the variable holds {as_text(held)}, which is not within {self._domain}. "
                "Widen that, or assign to the variable first"
            )

    # -- for the user ----------------------------------------------------------------------------------------------

    @property
    def value(self) -> Value:
        """The value in effect. A new one takes effect at the next step boundary, or at once if no run is under way.

        Raises
        ------
        RunError
            If the knob is closed.
        ValueError
            If a new value is outside of the range or not in the list.
        """
        return self._open_target().read()

    @value.setter
    def value(self, value: Value) -> None:
        self._open_target()
        taken = self._take(value)
        if self._run is None and owner.on_owner_thread():
            self._apply(taken)
        else:
            owner.mailbox.post(lambda: self._apply(taken))

    @property
    def closed(self) -> bool:
        """Whether the knob was closed."""
        return self._target is None

    def close(self) -> None:
        """Remove the knob from its plot, and drop the reference to its target."""
        self._target = None
        self._unwatch()
        if self._plot is not None:
            self._plot.drop_knob(self)
            self._plot = None
        if self.control is not None and self.remark is not None:
            for part in (self.control, self.remark, self.view):
                part.close()

    def _take(self, value: Value) -> Value:
        try:
            return self._domain.take(value)
        except ValueError as error:
            raise ValueError(f"knob {self.name!r}: value {error}") from None

    def __repr__(self) -> str:
        return f"Knob({self.name!r}, {'closed' if self._target is None else as_text(self.value)})"

    # -- for the plot ----------------------------------------------------------------------------------------------

    def place(self, plot: LivePlot) -> None:
        """Show the knob in a plot, in place of a knob of the same name."""
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
        self.control = control
        self.remark = Html()
        self.view = Row([control, self.remark])
        self.view.add_class("tfw-knob")
        self._plot = plot
        self._show()
        plot.add_knob(self)
        self._unwatch = cells.on_cell_end(self._cell_ended)

    def adopt(self, other: "Knob") -> bool:
        """Take over the target of `other`, if both have equal settings; return whether they have."""
        mine, its = self._target, other._target
        if type(mine) is not type(its) or (self._domain, self._first) != (other._domain, other._first):
            return False
        if isinstance(mine, Setter) and isinstance(its, Setter):
            its.value = mine.value
        self._target = its
        return True

    def refresh(self) -> None:
        """Show the value in effect, which Python may have changed, unless the slider is in use."""
        if self.clock() - self._heard_at >= SETTLED:
            self._show()

    def _cell_ended(self, _error: BaseException | None) -> None:
        """Show the value in effect, which the cell may have changed, if no step will show it soon."""
        if (run := self._run) is None or run.state == "paused":
            self._show()  # even if the slider is in use: its last value has been applied

    # -- a new value -----------------------------------------------------------------------------------------------

    @property
    def _run(self) -> Run | None:
        """The active run of this knob's plot."""
        run = None if self._plot is None else self._plot.run
        return run if run is not None and run.state in ("running", "paused") else None

    def _open_target(self) -> Variable | Setter:
        if self._target is None:
            raise RunError(f"knob {self.name!r} is closed, as its plot may be. Call tfwidget.knob again for a new one")
        return self._target

    def _hear(self, value: Value) -> None:
        """Take a checked value from the browser."""
        self._heard_at = self.clock()
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
            self._show(f"{as_text(value)} failed. {type(error).__name__}: {error}")
            warnings.warn(
                f"knob {self.name!r}: {as_text(value)} could not be set, the training goes on with the former value: "
                f"{type(error).__name__}: {error}",
                TfwidgetWarning,
                stacklevel=2,
            )
            return
        run = self._run
        if run is not None:
            run.note(f"{self.name} = {as_text(value)}", changed=self.name)
        self._error = ""
        if heard:
            self._say("")  # the browser shows the value already
        else:
            self._show()

    def _show(self, error: str = "") -> None:
        """Show the value in effect on the slider, and beside it an error or a value that it cannot show."""
        if self._target is None or self.control is None:
            return
        self._error = error or self._error
        try:
            value = self._target.read()
        except Exception as unreadable:
            self._say(f"{type(unreadable).__name__}: {unreadable}", "tfw-error")
            return
        self.control.tell(value)
        if self._error:
            self._say(self._error, "tfw-error")
        else:
            self._say("" if self._domain.holds(value) else f"now {as_text(value)}")

    def _say(self, text: str, look: str = "tfw-muted") -> None:
        assert self.remark is not None
        self.remark.value = f'<span class="{look}">{html.escape(text[:300])}</span>' if text else ""
