"""The tick: where a run listens, obeys, records and draws, between two steps of the training.

Invariants:

- Steps never overlap a command, a message of the browser or a draw: all of them happen inside `Run.tick`, on the owner
  thread, at a step boundary.
- A run ends with exactly one outcome, and its last values are drawn.
- Plotting stays within the render budget: all that it costs is told to `tfwidget.run.budget`, and a frame is drawn when
  one is due there, or as an answer to what the user does.
- Plotting never ends a training: whatever goes wrong with a value or a picture becomes a text in its place.

::

    tick():
        1. drain the mailbox      what the browser sent
        2. apply commands         pause, single step, stop, knobs
        3. take a snapshot        only if a frame is due and the front end is ready for it
        4. draw                   newest snapshot wins

A background run lets others have their turn before all that; see `tfwidget.run.driver`.
"""

import asyncio
import threading
import time
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from greenlet import GreenletExit

from tfwidget.errors import RunError, TensorError, TfwidgetWarning
from tfwidget.jupyter.mailbox import Mailbox
from tfwidget.record import values as snapshot
from tfwidget.record.history import Frame, History, Value
from tfwidget.run.budget import PACE, TENSOR_INTERVAL, WHOLE_INTERVAL, Budget, Pace
from tfwidget.run.driver import Background, Blocking, Driver

__all__ = [
    "FrontEnd",
    "Outcome",
    "Run",
    "State",
    "Status",
    "active_runs",
    "current_run",
    "own_run",
    "rest",
]

Outcome = Literal["finished", "stopped", "failed"]
State = Literal["running", "paused", "finished", "stopped", "failed"]

STATUS_INTERVAL = 0.5
"""Seconds from one status to the next: numbers that change faster cannot be read."""

RATE_INTERVAL = 1.0
"""Seconds of steps after which their rate is told."""

PENDING_SCALARS = 512
"""Scalars wait on their device for the next frame, but never more than this many."""

TENSOR_BYTES = 256 * 2**20
"""Larger tensors are not copied."""


class FrontEnd(Protocol):
    """What a run draws on."""

    def ready(self) -> bool:
        """Whether a frame drawn now would be shown soon: the front end has acknowledged the one before."""
        ...

    def append(self) -> bool:
        """Show the newest scalars, if there is nothing else to show; False where a whole frame is due."""
        ...

    def draw(self, frame: Frame) -> None:
        """Show the frame."""
        ...

    def show_status(self, status: "Status") -> None:
        """Show where the run is."""
        ...

    def show(self) -> None:
        """Show it all in the current cell."""
        ...

    def publish_picture(self) -> None:
        """Put the picture as it is now into the notebook."""
        ...


@dataclass(frozen=True)
class Status:
    """Where a run is.

    Times are in seconds, without pauses. The rate is that of the steps after the first, which may compile functions;
    it is not known at first. The share of plotting does not count the first frames, and answers to the user. The frame
    rate is that since the status before. A background run may wait for something (`waits_for`), and `slow_step` is the
    time of steps that others wait for.
    """

    state: State
    step: int
    total: int | None
    elapsed: float
    steps_per_second: float | None
    remaining: float | None
    plotting_share: float
    frames_per_second: float
    latest: Mapping[str, float]
    error: str | None
    waits_for: str | None = None
    slow_step: float | None = None


@dataclass
class _Logged:
    """A tensor as it was logged last: not copied, only referred to."""

    step: int
    tick: int
    value: object
    kind: str | None
    options: Mapping[str, object]


class _Pending:
    """The scalars of one name that wait to be fetched.

    Plain lists, not a tuple for each scalar: so many containers would keep the garbage collector busy.
    """

    __slots__ = ("immutable", "steps", "values")

    def __init__(self) -> None:
        self.immutable: type | None = None  # values of this type need not be held
        self.steps: list[int] = []
        self.values: list[object] = []


class Run:
    """One training, from its first step to its outcome.

    Parameters
    ----------
    front_end : FrontEnd
        What the run draws on.
    mailbox : Mailbox
        Where messages of the browser arrive.
    total : int, optional
        The number of steps to be made, where it is known.
    fetch : callable, optional
        Brings a list of scalars to the host, all at once.
    after : Run, optional
        The run to go on from: its step count, its record, what it knows of the cost of frames.
    driver : Driver, optional
        Who drives the run; by default the cell that makes it.
    pace : Pace, optional
        How much plotting may take.
    clock : callable, optional
        Returns the time in seconds.
    """

    def __init__(
        self,
        front_end: FrontEnd,
        mailbox: Mailbox,
        *,
        total: int | None = None,
        fetch: Callable[[Sequence[object]], list[float]] = snapshot.fetch,
        after: "Run | None" = None,
        driver: Driver | None = None,
        pace: Pace = PACE,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.step: int = 0 if after is None else after.step
        self.total = None if total is None else self.step + total
        self.error: BaseException | str | None = None
        self.front_end = front_end
        self.looping = False
        """Whether a ``live`` makes the steps now."""
        self._history: History = History() if after is None else after._history
        self._mailbox = mailbox
        self._fetch = fetch
        self._driver: Driver = Blocking(mailbox) if driver is None else driver
        self.in_background = isinstance(driver, Background)
        """Whether the run makes its steps between the turns of the event loop, not in a blocking cell."""
        self._clock = clock
        self._at_end: list[Callable[[], object]] = []
        self._result: object = None
        self._waiters: list[asyncio.Future[None]] = []
        self._published_to_awaiter = False
        self._interrupted = False
        self._stop_reason: str | None = None
        self._shown_turns: tuple[str | None, float | None] = (None, None)
        self._first_step = self.step
        self._owner = threading.get_ident()
        self._outcome: Outcome | None = None
        self._stop = False
        self._pause = False
        self._paused = False
        self._allowed = 0  # steps that may still be made although the run is paused
        self._may_step = threading.Event()
        self._may_step.set()
        self._began = clock()
        self._time_paused = 0.0
        previous = None if after is None else after._budget
        self._budget: Budget = Budget(pace, handling=mailbox.handling, after=previous, clock=clock)
        self._status_due = self._began
        self._rate_from: tuple[int, float] | None = None
        self._frames_told = (self._budget.frames, self._began, 0.0)  # how many at the last status, when, and their rate
        self._drawn_step = -1
        self._ticks = 0
        self._scalars: dict[str, _Pending] = {}
        self._pending = 0
        self._is_scalar: dict[str, bool] = {}
        self._tensors: dict[str, _Logged] = {}
        self._rare: set[str] = set()
        self._values: dict[str, Value] = {} if after is None else after._values
        self._errors: dict[str, str] = {} if after is None else after._errors
        self._warned: set[str] = set()
        _runs.append(self)

    # -- what a run tells ------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """Where the run is: running, paused, or its outcome."""
        return self._outcome or ("paused" if self._paused else "running")

    @property
    def stopping(self) -> bool:
        """Whether no further step is to be made."""
        return self._stop or self._outcome is not None

    @property
    def stopped_by_user(self) -> bool:
        """Whether the run has ended because it was told to stop."""
        return self._outcome == "stopped" and self._stop

    @property
    def history(self) -> History:
        """What was recorded, up to the last step."""
        if threading.get_ident() == self._owner and self._pending:
            self._collect_scalars()
        return self._history

    @property
    def is_own(self) -> bool:
        """Whether the code that asks is the training itself."""
        return threading.get_ident() == self._owner and self._driver.active

    @property
    def status(self) -> Status:
        """Where the run is, as shown in the widget."""
        now = self._clock() - self._time_paused
        elapsed = max(now - self._began, 1e-9)
        rate = left = None
        if self._rate_from is not None:
            step, time_then = self._rate_from
            if now - time_then >= RATE_INTERVAL or self._outcome:
                rate = (self.step - step) / max(now - time_then, 1e-9)
        if rate and self.total is not None and self._outcome is None:
            left = max(self.total - self.step, 0) / rate
        latest = {name: series.last[1] for name, series in self._history.items() if series.last is not None}
        error = self.error if self.error is None or isinstance(self.error, str) else _describe(self.error)
        share = self._budget.spent / elapsed
        waits_for, slow_step = self._turns() if self._outcome is None else (None, None)
        return Status(
            self.state, self.step, self.total, elapsed, rate, left, share, self._frames_told[2], latest, error,
            waits_for, slow_step,
        )  # fmt: skip

    def _turns(self) -> tuple[str | None, float | None]:
        return self._driver.waits_for, self._driver.slow_step

    # -- what a run is told ----------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Make no further step until `resume`; takes effect at the next step boundary."""
        self.command(lambda: self._set_pause(True))

    def resume(self) -> None:
        """Go on after a pause."""
        self.command(lambda: self._set_pause(False))

    def advance(self, steps: int = 1) -> None:
        """Make exactly so many steps, and pause again."""
        if not isinstance(steps, int) or steps < 1:
            raise ValueError(f"advance: steps must be a positive integer, got {steps!r}")

        def allow() -> None:
            # While the run is still running, the step under way ends first: the pause comes before the steps.
            self._pause = True
            self._allowed += steps

        self.command(allow)

    def stop(self, reason: str | None = None) -> None:
        """Make no further step, and end the run; takes effect at the next step boundary.

        Parameters
        ----------
        reason : str, optional
            Shown in the plot.
        """

        def stop() -> None:
            self._stop = True
            self._stop_reason = self._stop_reason or reason

        self.command(stop)

    def _set_pause(self, pause: bool) -> None:
        self._pause = pause
        self._allowed = 0

    def show(self) -> None:
        """Show the plot in this cell, as when the cell where it was is gone."""
        self.front_end.show()

    def interrupt(self) -> None:
        """End the run at the next step boundary; asked a second time, raise KeyboardInterrupt inside the step."""
        if self._outcome is not None:
            return  # no step is under way; those who wait are told when the last picture is drawn
        if self._interrupted:
            self._driver.throw(KeyboardInterrupt())
        self._interrupted = True
        for waiter in self._waiters:
            waiter.cancel()  # the cells that await it end, too
        self.stop("interrupted")

    def command(self, command: Callable[[], object]) -> None:
        """Call `command` on the owner thread: at once if this is it, else at the next tick."""
        if threading.get_ident() == self._owner:
            command()
            self._driver.wake()
        else:
            self._mailbox.post(lambda: self.command(command))

    # -- logging ---------------------------------------------------------------------------------------------------

    def log(self, values: Mapping[str, object], step: int | None = None) -> None:
        """Record values of the step under way, or of another that is not before the last; see `tfwidget.log`."""
        if threading.get_ident() != self._owner:
            # The caller may go on to change its arrays: copy them here, on the thread that owns them.
            copies = self.copies(values)
            self._mailbox.post(lambda: self.log(copies, step))
            return
        if self._outcome is not None:
            self._warn(
                "log",
                f"log({_names(values)}) came after the run had ended ({self._outcome}); nothing recorded",
            )
            return
        began = self._clock()
        if step is None:
            step = self.step + 1
        for name, value in values.items():
            pending = self._scalars.get(name)
            if pending is not None and type(value) is pending.immutable:
                pending.steps.append(step)
                pending.values.append(value)
                self._pending += 1
                continue
            is_scalar = self._is_scalar.get(name)
            if is_scalar is None:
                is_scalar = self._classify(name, value)
                if is_scalar is None:
                    continue
            kind: str | None = None
            options: Mapping[str, object] = {}
            if isinstance(value, snapshot.Logged):
                kind, options, value = value.kind, value.options, value.value
            if is_scalar:
                self._log_scalar(name, step, value)
            else:
                before = self._tensors.get(name)
                if before is None or before.tick < self._ticks - 1:
                    self._rare.add(name)
                self._tensors[name] = _Logged(step, self._ticks, value, kind, options)
        if self._pending > PENDING_SCALARS:
            self._collect_scalars()
        self._budget.overhead += self._clock() - began

    def _log_scalar(self, name: str, step: int, value: object) -> None:
        try:
            held = snapshot.hold(name, value)
        except TensorError as error:
            self._errors[name] = str(error)
            return
        pending = self._scalars.setdefault(name, _Pending())
        pending.immutable = type(value) if held is value else None
        pending.steps.append(step)
        pending.values.append(held)
        self._pending += 1

    def _classify(self, name: object, value: object) -> bool | None:
        if not isinstance(name, str) or not name:
            self._warn(
                repr(name),
                f"log: a name must be a non-empty string, got {name!r}; this value is not recorded",
            )
            return None
        is_scalar = value.kind == "line" if isinstance(value, snapshot.Logged) else snapshot.is_scalar(value)
        self._is_scalar[name] = is_scalar
        return is_scalar

    def copies(self, values: Mapping[str, object]) -> dict[str, object]:
        """What was logged, in memory that the caller cannot change any more."""
        return {name: self._copied(name, value) for name, value in values.items()}

    def _copied(self, name: str, value: object) -> object:
        if isinstance(value, snapshot.Logged):
            return value.replace(self._copied(name, value.value))
        if callable(value) and not hasattr(value, "shape"):
            return value
        try:
            return snapshot.freeze(name, value)
        except TensorError:
            return value  # the owner reports it in the panel's place

    def _warn(self, key: str, text: str) -> None:
        if key not in self._warned:
            self._warned.add(key)
            warnings.warn(text, TfwidgetWarning, stacklevel=4)

    # -- the tick --------------------------------------------------------------------------------------------------

    def before_first_step(self) -> bool:
        """Wait where a pause came before any step; return False when the run is to end."""
        if self._pause:
            self._hold()
        return not self.stopping

    def step_done(self) -> bool:
        """Count a step and tick; return False when the run is to end."""
        self.step += 1
        if self._paused and self._allowed:
            self._allowed -= 1
        return self.tick()

    def tick(self) -> bool:
        """Listen, obey, draw; return False when the run is to end. While the run is paused, it waits here.

        On another thread than the run's own it does nothing but wait while the run is paused. In another cell it does
        nothing.
        """
        if threading.get_ident() != self._owner:
            self._may_step.wait()
            return not self.stopping
        if not self._driver.active:
            return not self.stopping
        self._driver.between_steps()
        if self._mailbox:
            self._mailbox.drain()
        self._ticks += 1
        if self._rate_from is None and self.step > self._first_step:
            self._rate_from = (self.step, self._clock() - self._time_paused)
        if self._pause or self._paused:
            self._hold()
        else:
            budget = self._budget
            began = self._clock()
            if began >= budget.due:
                self._draw_frame()
                began = self._clock()
            if began >= self._status_due or (self.in_background and self._turns() != self._shown_turns):
                self.show_status()
            if self._rare:
                self._keep_rare()
            budget.overhead += self._clock() - began
        return not self.stopping

    def _hold(self) -> None:
        """Wait at the step boundary for as long as the run is paused."""
        if self._allowed and self._paused:
            self._draw_frame()
            return
        began = self._clock()
        if not self._paused:
            self.note("paused")
            self._drawn_step = -1  # a step that is in sight already is drawn once more, as a still picture
        self._paused = True
        self._may_step.clear()
        try:
            self.show_status()
            self._draw_frame(at_once=True)
            while self._pause and not self._allowed and not self.stopping:
                # An acknowledgement or a pan arrives here too; a frame that could not be drawn yet is drawn then.
                if self._drawn_step != self.step:
                    self._draw_frame(at_once=True)
                self._driver.wait(0.5 if self._drawn_step != self.step else None)
            if not self._allowed:
                self._paused = False
                if not self.stopping:
                    self.note("resumed")
        finally:
            self._time_paused += self._clock() - began
            self._budget.make_due()
            self._may_step.set()
        self.show_status()

    def note(self, event: str, *, changed: str | None = None) -> None:
        """Record an event of this step; `changed` names what was changed by hand, see `History.note`."""
        self._history.note(self.step, event, changed)
        if changed is not None and self._paused:
            self._drawn_step = -1  # the picture lacks its mark

    # -- frames ----------------------------------------------------------------------------------------------------

    def _draw_frame(self, *, at_once: bool = False, last: bool = False) -> bool:
        """Draw the newest values; False where the front end is not ready for them."""
        budget = self._budget
        began = self._clock()
        if not last and not self._ready():
            budget.postpone(began)
            return False
        answers = at_once or last
        whole = True
        try:
            whole = answers or began >= budget.whole_due or not self._append()
            if whole:
                self.front_end.draw(self._snapshot())
                self._drawn_step = self.step
        except Exception as error:
            self._warn(
                f"draw {error!r}",
                f"the plot could not be drawn, the run goes on: {_describe(error)}",
            )
        if budget.count_frame() or answers:
            self.show_status()
        if not answers:
            interval = TENSOR_INTERVAL if self._tensors else WHOLE_INTERVAL
            budget.charge(began, whole=whole, whole_interval=interval, handling=self._mailbox.handling)
        return True

    def _append(self) -> bool:
        """Show only by what the curves have grown, if the front end can."""
        self._collect_scalars()
        return self.front_end.append()

    def _ready(self) -> bool:
        try:
            return self.front_end.ready()
        except Exception as error:
            self._warn(
                f"ready {error!r}",
                f"the plot cannot be reached, the run goes on: {_describe(error)}",
            )
            return False

    def show_status(self) -> None:
        """Show where the run is, now."""
        self._status_due = self._clock() + STATUS_INTERVAL
        try:
            self._tell_status()
        except Exception as error:
            self._warn(
                f"status {error!r}",
                f"the status cannot be shown, the run goes on: {_describe(error)}",
            )

    def _tell_status(self) -> None:
        now, frames, (told, then, _) = self._clock(), self._budget.frames, self._frames_told
        self._frames_told = frames, now, (frames - told) / max(now - then, 1e-9)
        status = self.status
        self._shown_turns = status.waits_for, status.slow_step
        self.front_end.show_status(status)

    def _snapshot(self) -> Frame:
        for name, logged in self._tensors.items():
            if logged.step >= self.step:
                self._keep(name, logged)
        self._rare.clear()
        self._collect_scalars()
        return Frame(self.step, self._history, dict(self._values), dict(self._errors), tuple(self._history.marks))

    def _keep_rare(self) -> None:
        """Copy what is logged only now and then, at the step it belongs to, though no frame is due; once per frame."""
        for name in self._rare:
            logged = self._tensors[name]
            kept = self._values.get(name)
            if kept is None or kept.step <= self._drawn_step:
                self._keep(name, logged)
        self._rare.clear()

    def _keep(self, name: str, logged: _Logged) -> None:
        value = logged.value
        try:
            if callable(value) and not hasattr(value, "shape"):
                value = value()
                kind, options = logged.kind, logged.options
                if isinstance(value, snapshot.Logged):
                    kind, options, value = value.kind, value.options, value.value
                if kind == "line" or (kind is None and snapshot.is_scalar(value)):
                    self._log_scalar(name, logged.step, value)
                    return
                logged = _Logged(logged.step, logged.tick, value, kind, options)
            nbytes = _nbytes(value)
            if nbytes > TENSOR_BYTES:
                raise TensorError(
                    f"{name} takes {nbytes / 2**20:,.0f} MB; tensors above {TENSOR_BYTES / 2**20:,.0f} MB are not "
                    f"copied. Log a part of it, such as {name}=value[:64]"
                )
            array = snapshot.freeze(name, value)
        except Exception as error:
            self._errors[name] = _describe(error)
            self._values.pop(name, None)
        else:
            self._values[name] = Value(logged.step, array, logged.kind, logged.options)
            self._errors.pop(name, None)

    def _collect_scalars(self) -> None:
        if not self._pending:
            return
        self._pending = 0
        waiting: list[tuple[str, list[int], list[object]]] = []
        for name, pending in self._scalars.items():
            if pending.steps:
                waiting.append((name, pending.steps, pending.values))
                pending.steps, pending.values = [], []
        try:
            numbers = self._fetch([value for _, _, values in waiting for value in values])
        except Exception:
            numbers = [self._fetch_one(name, value) for name, _, values in waiting for value in values]
        begin = 0
        for name, steps, _ in waiting:
            try:
                self._history.extend(name, steps, numbers[begin : begin + len(steps)])
            except Exception as error:
                self._errors[name] = _describe(error)
            begin += len(steps)

    def _fetch_one(self, name: str, value: object) -> float:
        try:
            return self._fetch([value])[0]
        except Exception as error:
            self._errors[name] = f"a scalar was expected, as in the steps before. {_describe(error)}"
            return float("nan")

    # -- the end ---------------------------------------------------------------------------------------------------

    def at_end(self, call: Callable[[], object]) -> None:
        """Call `call` without arguments when the run ends."""
        self._at_end.append(call)

    def finish(self, outcome: Outcome, error: BaseException | str | None = None, *, result: object = None) -> None:
        """End the run; only the first call decides the outcome. The last values are drawn."""
        if self._outcome is not None:
            return
        self._outcome = outcome
        self._result = result
        self.error = error if error is not None or not self._stop else self._stop_reason
        self.note(outcome)
        self._paused = False
        self._may_step.set()
        if self in _runs:
            _runs.remove(self)
        self._draw_frame(last=True)
        self._tensors.clear()
        if self.in_background:
            self._publish()
        try:
            for call in self._at_end:
                call()
        finally:
            self._at_end.clear()
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self._waiters.clear()

    def _publish(self) -> None:
        try:
            self.front_end.publish_picture()
        except Exception as error:
            self._warn(f"publish {error!r}", f"the last picture cannot be kept in the notebook: {_describe(error)}")

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait for the end; give what the training returned, or raise what ended it."""
        if self.is_own and self._outcome is None:
            raise RunError("a run cannot wait for its own end; await it in another cell")
        if self._outcome is None:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                yield from waiter
            except asyncio.CancelledError:
                # Not `interrupt`: the signal that ended the cell has told the run already, and this is no second one.
                self._interrupted = True
                self.stop("the cell that awaited it ended")
                raise
        if self.in_background and not self._published_to_awaiter:
            # Once more, from this cell: nbclient keeps nothing that comes from a cell that has ended.
            self._published_to_awaiter = True
            self._publish()
        if isinstance(self.error, KeyboardInterrupt):
            raise RunError(f"{self!r} was interrupted inside of a step") from self.error
        if isinstance(self.error, BaseException):
            raise self.error
        return self._result

    def rest(self, seconds: float) -> None:
        """Tick for so many seconds, as ``plt.pause`` does; where no ``live`` makes the steps, it is the end of one."""
        if not self.looping:
            self.step += 1
            if self._paused and self._allowed:
                self._allowed -= 1
        end = self._clock() + seconds
        while self.tick():
            left = end - self._clock()
            if left <= 0:
                return
            self._driver.wait(left)
        if self.in_background and not self.looping:
            raise GreenletExit  # nothing else ends such a loop

    def add(self, values: Mapping[str, object]) -> None:
        """Record after the end what was found of the last step meanwhile, and show it."""
        outcome, self._outcome = self._outcome, None
        try:
            self.log(values, self.step)
        finally:
            self._outcome = outcome
        self._draw_frame(last=True)
        self._tensors.clear()

    def fail_after_all(self) -> None:
        """Take it back that the run was stopped, where an exception that was behind it became known later."""
        if self._outcome == "stopped" and not self._stop:
            self._outcome = "failed"
            self._history.events.remove((self.step, "stopped"))
            self.note("failed")

    def explain(self, error: BaseException) -> None:
        """Say after the end what made the run fail, where that became known later."""
        if self._outcome == "failed" and (self.error is None or isinstance(self.error, str)):
            self.error = error
            self.show_status()

    def __repr__(self) -> str:
        total = "" if self.total is None else f" of {self.total}"
        return f"<tfwidget run: {self.state}, step {self.step}{total}>"


_runs: list[Run] = []


def active_runs() -> list[Run]:
    """The runs under way, in the order in which they began."""
    return list(_runs)


def own_run() -> Run | None:
    """The run whose training the calling code is part of, or None."""
    return next((run for run in reversed(active_runs()) if run.is_own), None)


def current_run() -> Run | None:
    """The run whose training the calling code is part of; else the run under way that began last, or None."""
    if len(_runs) == 1:  # as ever: `log` asks at every step
        return _runs[0]
    return own_run() or next(iter(reversed(active_runs())), None)


def rest(seconds: float) -> bool:
    """Tick for so many seconds, in a training that looks after its figure itself; False if this is part of none."""
    run = own_run()
    if run is None:
        return False
    run.rest(seconds)
    return True


def _names(values: Mapping[Any, object]) -> str:
    names = [f"{name}=..." if isinstance(name, str) else repr(name) for name in list(values)[:3]]
    return ", ".join(names + ["..."] * (len(values) > 3))


def _nbytes(value: object) -> int:
    """Bytes of a tensor, without copying it; 0 where its shape does not tell."""
    try:
        shape = tuple(int(n) for n in value.shape)  # type: ignore[attr-defined]
        dtype: Any = value.dtype  # type: ignore[attr-defined]
        size = getattr(dtype, "size", None) or np.dtype(getattr(dtype, "as_numpy_dtype", dtype)).itemsize
        return int(np.prod(shape, dtype=np.int64)) * int(size)
    except (AttributeError, TypeError, ValueError):
        return 0


def _describe(error: BaseException) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
