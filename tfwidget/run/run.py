"""The tick: where a run listens, obeys, records and draws, between two steps of the training.

Invariants:

- Steps never overlap a command, a message of the browser or a draw: all of them happen inside `Run.tick`, on the owner
  thread, at a step boundary.
- A run ends with exactly one outcome, decided once, and its last values are drawn.
- Plotting never ends a training: an error in a value or a picture becomes a text in its place, or a warning.

::

    tick():
        1. drain the mailbox      what the browser sent
        2. apply commands         pause, single step, stop, knobs
        3. take a snapshot        only if a frame is due and the front end is ready for it
        4. draw                   newest snapshot wins

At most step boundaries there is nothing to do. So the run keeps the time at which it must look again. Until then
`step_done` reads the clock and returns. A background run first lets others have their turn; see `tfwidget.run.driver`.
"""

import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import EllipsisType
from typing import Any

from greenlet import GreenletExit

from tfwidget.errors import RunError, TfwidgetWarning
from tfwidget.jupyter.mailbox import Mailbox
from tfwidget.record import values as record
from tfwidget.record.history import History
from tfwidget.record.recorder import Recorder, describe
from tfwidget.run.budget import Budget, Pace
from tfwidget.run.display import Display, FrontEnd
from tfwidget.run.driver import Background, Blocking, Driver
from tfwidget.run.status import Outcome, Rates, Status
from tfwidget.run.steering import AT_ONCE, Steering

__all__ = ["FrontEnd", "Run"]

SAMPLED = 64
"""One call of `Run.log` in this number is timed."""

ASK_PAUSED = 0.5
"""Seconds after which a paused run asks again whether the front end is ready, if nothing wakes the run before."""


class Run(Steering):
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
        Copies a list of scalars to the host, all at once.
    after : Run, optional
        The run before, which this one continues: its step count, its record, its budget.
    driver : Driver, optional
        What drives the run; by default the cell that makes the run.
    pace : Pace, optional
        How much plotting may take. It may change during the run.
    clock : callable, optional
        Returns the time in seconds.

    Attributes
    ----------
    step : int
        The number of completed steps; see `at`.
    total : int or None
        The number of steps to be made, including those of the runs that this one continues.
    looping : bool
        Whether a ``live`` makes the steps now; see `loop`.
    in_background : bool
        Whether the steps are made between the turns of the event loop, not in a blocking cell.
    """

    def __init__(
        self,
        front_end: FrontEnd,
        mailbox: Mailbox,
        *,
        total: int | None = None,
        fetch: Callable[[Sequence[object]], list[float]] = record.fetch,
        after: "Run | None" = None,
        driver: Driver | None = None,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(mailbox, Blocking(mailbox) if driver is None else driver)
        if after is not None:
            after._record_late()
            after._recorder.collect()
        self.step: int = 0 if after is None else after.step
        self.total = None if total is None else self.step + total
        self.looping = False
        self.in_background = isinstance(driver, Background)
        self._clock = clock
        self._first_step = self.step
        before = None if after is None else after._recorder
        self._recorder: Recorder = Recorder(fetch=fetch, warn=self._warn, after=before)
        self._rates = Rates(clock())
        spent = None if after is None else after._budget
        self._budget: Budget = Budget(Pace() if pace is None else pace, after=spent, clock=clock)
        self._display = Display(
            front_end, self._recorder, self._budget, self._rates,
            status=lambda: self.status, warn=self._warn, clock=clock,
        )  # fmt: skip
        self._logs = 0
        self._late: dict[str, object] = {}
        self._warned: set[str] = set()

    # -- what a run tells ------------------------------------------------------------------------------------------

    @property
    def front_end(self) -> FrontEnd:
        """What the run draws on; see `draw_on`."""
        return self._display.front_end

    @property
    def error(self) -> BaseException | str | None:
        """Why the run failed or was stopped; None if it has finished, or not ended yet."""
        return self._ending.error

    @property
    def history(self) -> History:
        """What was recorded, up to the last step. On another thread the newest scalars may be missing."""
        if threading.get_ident() == self._owner:
            self._recorder.collect()
        return self._recorder.history

    @property
    def status(self) -> Status:
        """Where the run is, as the plot shows it."""
        now, error = self._clock(), self.error
        elapsed = self._rates.elapsed(now)
        rate = self._rates.steps_per_second(self.step, now)
        left = None
        if rate is not None and self.total is not None and not self._ending.is_over:
            left = max(self.total - self.step, 0) / rate
        latest = {name: series.last[1] for name, series in self._recorder.history.items() if series.last is not None}
        waits_for, slow_step = (None, None) if self._ending.is_over else self._turns
        return Status(
            self.state, self.step, self.total, elapsed, rate, left, self._budget.spent / elapsed,
            self._rates.frames_per_second(now), latest,
            error if error is None or isinstance(error, str) else describe(error), waits_for, slow_step,
        )  # fmt: skip

    @property
    def _turns(self) -> tuple[str | None, float | None]:
        return self._driver.waits_for, self._driver.slow_step

    def __repr__(self) -> str:
        total = "" if self.total is None else f" of {self.total}"
        return f"<tfwidget run: {self.state}, step {self.step}{total}>"

    # -- what a run is told ------------------------------------------------------------------------------------------

    def at(self, step: int | None = None, *, total: int | EllipsisType | None = ...) -> None:
        """Set the number of completed steps, or of steps to be made. For callers that count steps, such as Keras."""
        if step is not None:
            self.step = step
        if total is not ...:
            self.total = total

    @contextmanager
    def loop(self, total: int | None) -> Iterator[None]:
        """Return a context in which a ``live`` makes the steps, `total` more of them where that is known."""
        self.total = None if total is None else self.step + total
        self.looping = True
        try:
            yield
        finally:
            self.looping = False

    def draw_on(self, front_end: FrontEnd) -> None:
        """Draw on another front end from now on."""
        self._display.front_end = front_end
        self._recorder.changed = True
        self._look_at = AT_ONCE

    def note(self, event: str, changed: str | None = None) -> None:
        """Record an event at this step. `changed` is the name of what was changed by hand; see `History.note`."""
        self._recorder.note(self.step, event, changed)

    # -- logging ---------------------------------------------------------------------------------------------------

    def log(self, values: Mapping[str, object], step: int | None = None) -> None:
        """Record values of the step under way, or of `step`, which must not decrease; see `tfwidget.log`."""
        if threading.get_ident() != self._owner or self._ending.is_over:
            self._log_otherwise(values, step)
            return
        recorder = self._recorder
        if step is None:
            step = self.step + 1
        self._logs += 1
        if self._logs % SAMPLED:
            recorder.log(values, step)
        else:
            began = self._clock()
            recorder.log(values, step)
            self._budget.add(SAMPLED * (self._clock() - began))
        if recorder.unsettled:
            self._look_at = AT_ONCE

    def _log_otherwise(self, values: Mapping[str, object], step: int | None) -> None:
        """Take values from another thread; warn about values that come after the run's end."""
        if threading.get_ident() != self._owner:
            # The caller may change its arrays after this call, so they are copied now, on the caller's thread.
            copies = self._recorder.copies(values)
            self._mailbox.post(lambda: self.log(copies, step))
            return
        names = ", ".join([f"{name}=..." for name in values][:3])
        self._warn("log", f"log({names}) came after the run had ended ({self.state}); nothing recorded")

    def log_late(self, values: Mapping[str, object]) -> None:
        """Take values of the last step after the run's end. `draw_last` records and shows the newest of each name."""
        self._late.update(values if threading.get_ident() == self._owner else self._recorder.copies(values))

    def _record_late(self) -> None:
        if self._late:
            late, self._late = self._late, {}
            self._recorder.log(late.copy(), self.step)  # another thread may be about to add to it

    def _warn(self, key: str, text: str) -> None:
        if key not in self._warned:
            self._warned.add(key)
            warnings.warn(text, TfwidgetWarning, stacklevel=4)

    # -- the tick --------------------------------------------------------------------------------------------------

    def before_first_step(self) -> bool:
        """Wait if the run was paused before its first step; return False when the run is to end."""
        if self._pause:
            self._hold()
        return not self.stopping

    def step_done(self) -> bool:
        """Count a step and tick; return False when the run is to end."""
        self.step += 1
        if self._clock() < self._look_at and not self._mailbox:
            return True
        if self._paused and self._allowed:
            self._allowed -= 1
        return self.tick()

    def tick(self) -> bool:
        """Handle messages and commands, and draw what is due; return False when the run is to end.

        While the run is paused, it waits here. Another thread that calls this only waits while the run is paused. A
        call from another cell does nothing.
        """
        if threading.get_ident() != self._owner:
            self._may_step.wait()
        elif self._driver.active and not self._ending.is_over:
            self._driver.between_steps()
            if self._mailbox:
                began = self._clock()
                self._mailbox.drain()
                self._budget.add(self._clock() - began)
            if self._recorder.unsettled:
                began = self._clock()
                self._recorder.settle(self.step)
                self._budget.add(self._clock() - began)
            if self._pause or self._paused:
                self._hold()
            else:
                self._look()
        return not self.stopping

    def _look(self) -> None:
        """Draw what is due, and set the time at which the run must look again."""
        now = self._clock()
        if self.step > self._first_step:
            self._rates.step_done(self.step, now)
        look_at = self._display.draw_due(self.step, now)
        if self.in_background and self._turns != self._display.turns:
            self._display.show_status()
        # A run that was stopped meanwhile must not make another step.
        self._look_at = AT_ONCE if self._stop else min(look_at, self._driver.slice_end)

    def _hold(self) -> None:
        """Wait at the step boundary for as long as the run is paused."""
        if self._allowed and self._paused:
            self._look()
            self._look_at = AT_ONCE
            return
        began = self._clock()
        if not self._paused:
            self.note("paused")
            self._recorder.changed = True  # the step is drawn once more, as a still picture
        self._paused = True
        self._may_step.clear()
        try:
            if not self._display.answer(self.step):
                self._display.show_status()
            while self._pause and not self._allowed and not self.stopping:
                # Values of other threads, marks and acknowledgements arrive during this wait, too.
                waits = self._recorder.changed and not self._display.answer(self.step)
                self._driver.wait(ASK_PAUSED if waits else None)
            if not self._allowed:
                self._paused = False
                if not self.stopping:
                    self.note("resumed")
        finally:
            self._rates.paused(self._clock() - began)
            self._budget.resume()
            self._may_step.set()
        if self.state == "running":
            self.show_status()

    def rest(self, seconds: float) -> None:
        """Tick for a time in seconds, as in ``plt.pause``. Where no ``live`` makes the steps, this ends a step."""
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
            raise GreenletExit  # the user's own loop does not ask whether the run was stopped

    def show_status(self) -> None:
        """Show the status now, because it has changed between two ticks."""
        self._display.show_status()

    # -- the end ---------------------------------------------------------------------------------------------------

    def at_end(self, call: Callable[[], object], *, awaited: bool = False) -> None:
        """Call `call` when the outcome is decided. If `awaited`, the first cell that awaits the run calls it again."""
        self._ending.at_end(call, awaited=awaited)

    def leave(self) -> None:
        """Make no more steps, and draw the last values. The loop was left, and the outcome is not known yet."""
        if not self._ending.is_over:
            self._end_steps()
            self._draw_last()

    def finish(self, outcome: Outcome, error: BaseException | str | None = None, *, result: object = None) -> None:
        """Decide the outcome, draw the last values, and let the cells that await the run go on.

        Only the first call counts. `error` says why the run failed or was stopped; ``await run`` returns `result`.
        """
        if self._ending.outcome is not None:
            return
        if error is None and self._stop:
            error = self._stop_reason
        self._ending.decide(outcome, error, result)
        self._end_steps()
        self.note(outcome)
        try:
            self._draw_last()
        finally:  # even if the last draw is interrupted, nobody may be left waiting
            self._ending.tell()

    def _end_steps(self) -> None:
        if not self._ending.is_over:
            self._ending.is_over = True
            self._recorder.changed = True  # the last step is drawn once more, as a still picture
            self._rates.end(self._clock())
        self._paused = False
        self._look_at = AT_ONCE
        self._may_step.set()

    def draw_last(self) -> None:
        """Record and show the values that were logged after the end; see `log_late`."""
        if self._late:
            self._draw_last()

    def _draw_last(self) -> None:
        self._record_late()
        self._display.draw_last(self.step)
        self._recorder.release()

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait for the end; return what the training returned, or raise the error that ended it."""
        if self.is_own and self._ending.outcome is None:
            raise RunError("a run cannot wait for its own end; await it in another cell")
        return self._ending.wait(self, self._awaiter_cancelled)
