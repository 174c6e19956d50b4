"""The tick: where a run listens, obeys, records and draws, between two steps of the training.

Invariants:

- Steps never overlap a command, a message of the browser or a draw: all of them happen inside `Run.tick`, on the owner
  thread, at a step boundary.
- A run ends with exactly one outcome, decided once, and its last values are drawn.
- Plotting never ends a training: whatever goes wrong with a value or a picture becomes a text in its place.

::

    tick():
        1. drain the mailbox      what the browser sent
        2. apply commands         pause, single step, stop, knobs
        3. take a snapshot        only if a frame is due and the front end is ready for it
        4. draw                   newest snapshot wins

At most step boundaries there is nothing to do. So the run knows when it has to look next, and until then `step_done`
reads the clock and returns. A background run lets others have their turn first; see `tfwidget.run.driver`.
"""

import math
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import EllipsisType
from typing import Any, Protocol

from greenlet import GreenletExit

from tfwidget.errors import RunError, TfwidgetWarning
from tfwidget.jupyter.mailbox import Mailbox
from tfwidget.record import values as record
from tfwidget.record.history import History
from tfwidget.record.recorder import Recorder, describe
from tfwidget.record.values import Frame
from tfwidget.run.budget import Budget, Pace
from tfwidget.run.driver import Background, Blocking, Driver
from tfwidget.run.ending import Ending
from tfwidget.run.status import Outcome, Rates, State, Status

__all__ = ["FrontEnd", "Run"]

STATUS_INTERVAL = 0.5
"""Seconds without a frame after which the status is shown alone."""

ASK_AGAIN = 0.002
"""Seconds after which a front end that was not ready is asked again."""

SAMPLED = 64
"""One of so many calls of `Run.log` is timed."""

_AT_ONCE = -math.inf


class FrontEnd(Protocol):
    """What a run draws on."""

    def ready(self) -> bool:
        """Whether a frame drawn now would be painted soon. To ask changes nothing."""
        ...

    def draw(self, frame: Frame | None, status: Status, *, still: bool) -> None:
        """Show a frame: picture, numbers and progress together.

        Parameters
        ----------
        frame : Frame or None
            What there is to see; None if only the status has changed.
        status : Status
            Where the run is.
        still : bool
            Whether the run is paused or has ended, so that the picture stays.
        """
        ...


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
        How much plotting may take; it may change meanwhile.
    clock : callable, optional
        Returns the time in seconds.

    Attributes
    ----------
    front_end : FrontEnd
        What the run draws on now; see `draw_on`.
    step : int
        The completed steps; see `at`.
    total : int or None
        The number of steps to be made, those of the runs before included.
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
        if after is not None:
            after._record_late()
        self.front_end = front_end
        self.step: int = 0 if after is None else after.step
        self.total = None if total is None else self.step + total
        self.looping = False
        self.in_background = isinstance(driver, Background)
        self._mailbox = mailbox
        self._driver: Driver = Blocking(mailbox) if driver is None else driver
        self._clock = clock
        self._owner = threading.get_ident()
        self._recorder = Recorder(fetch=fetch, warn=self._warn, after=None if after is None else after._recorder)
        self._rates = Rates(clock())
        previous = None if after is None else after._budget
        self._budget = Budget(Pace() if pace is None else pace, after=previous, clock=clock)
        self._ending = Ending()
        self._over = False  # no more steps: left, or ended
        self._stop = False
        self._stop_reason: str | None = None
        self._interrupted = False
        self._pause = False
        self._paused = False
        self._allowed = 0  # steps that may still be made although the run is paused
        self._may_step = threading.Event()
        self._may_step.set()
        self._look_at = _AT_ONCE  # when there is something to do at a step boundary
        self._shown_at = clock()  # when the status was shown
        self._shown_turns: tuple[str | None, float | None] = (None, None)
        self._logs = 0
        self._late: dict[str, object] = {}
        self._warned: set[str] = set()

    # -- what a run tells ------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """Where the run is: running, paused, ended, or its outcome."""
        if self._over:
            return self._ending.outcome or "ended"
        return "paused" if self._paused else "running"

    @property
    def error(self) -> BaseException | str | None:
        """What ended the run, if it was not simply finished."""
        return self._ending.error

    @property
    def stopping(self) -> bool:
        """Whether no further step is to be made."""
        return self._stop or self._over

    @property
    def stopped_by_user(self) -> bool:
        """Whether the run has ended because it was told to stop."""
        return self._stop and self._ending.outcome == "stopped"

    @property
    def history(self) -> History:
        """What was recorded, up to the last step."""
        if threading.get_ident() == self._owner:
            self._recorder.collect()
        return self._recorder.history

    @property
    def is_own(self) -> bool:
        """Whether the code that asks is the training itself."""
        return threading.get_ident() == self._owner and self._driver.active

    @property
    def status(self) -> Status:
        """Where the run is, as shown in the widget."""
        now, error = self._clock(), self.error
        elapsed = self._rates.elapsed(now)
        rate = self._rates.steps_per_second(self.step, now)
        left = None if rate is None or self.total is None or self._over else max(self.total - self.step, 0) / rate
        latest = {name: series.last[1] for name, series in self._recorder.history.items() if series.last is not None}
        waits_for, slow_step = (None, None) if self._over else self._turns
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
        # While the run is still running, the step under way ends first: the pause comes before the steps.
        self.command(lambda: self._set_pause(True, self._allowed + steps))

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

    def interrupt(self) -> None:
        """End the run at the next step boundary; asked a second time, raise KeyboardInterrupt inside the step."""
        if self._over:
            return  # no step is under way; those who wait are told when the last picture is drawn
        if self._interrupted:
            self._driver.throw(KeyboardInterrupt())
        self._interrupted = True
        self._ending.cancel_waiters()
        self.stop("interrupted")

    def command(self, command: Callable[[], object]) -> None:
        """Call `command` on the owner thread: at once if this is it, else at the next tick."""
        if threading.get_ident() != self._owner:
            self._mailbox.post(lambda: self.command(command))
            return
        command()
        self._look_at = _AT_ONCE
        self._driver.wake()

    def _set_pause(self, pause: bool, allowed: int = 0) -> None:
        self._pause, self._allowed = pause, allowed

    def at(self, step: int | None = None, *, total: int | EllipsisType | None = ...) -> None:
        """Say how many steps are completed, or how many are to be made; for who counts them, as Keras does."""
        if step is not None:
            self.step = step
        if total is not ...:
            self.total = total

    @contextmanager
    def loop(self, total: int | None) -> Iterator[None]:
        """Within this context a ``live`` makes the steps, `total` more of them where it is known."""
        self.total = None if total is None else self.step + total
        self.looping = True
        try:
            yield
        finally:
            self.looping = False

    def draw_on(self, front_end: FrontEnd) -> None:
        """Draw on another front end from now on."""
        self.front_end = front_end
        self._recorder.changed = True
        self._look_at = _AT_ONCE

    def note(self, event: str, changed: str | None = None) -> None:
        """Record an event of this step; `changed` names what was changed by hand, see `History.note`."""
        self._recorder.note(self.step, event, changed)

    # -- logging ---------------------------------------------------------------------------------------------------

    def log(self, values: Mapping[str, object], step: int | None = None) -> None:
        """Record values of the step under way, or of another that is not before the last; see `tfwidget.log`."""
        if threading.get_ident() != self._owner or self._over:
            self._log_otherwise(values, step)
            return
        self._logs = logs = (self._logs + 1) % SAMPLED
        if logs:
            if self._recorder.log(values, self.step + 1 if step is None else step):
                self._look_at = _AT_ONCE
            return
        began = self._clock()
        if self._recorder.log(values, self.step + 1 if step is None else step):
            self._look_at = _AT_ONCE
        self._budget.add(SAMPLED * (self._clock() - began))

    def _log_otherwise(self, values: Mapping[str, object], step: int | None) -> None:
        """Take values of another thread, or those that come too late."""
        if threading.get_ident() != self._owner:
            # The caller may go on to change its arrays: copy them here, on the thread that owns them.
            copies = self._recorder.copies(values)
            self._mailbox.post(lambda: self.log(copies, step))
            return
        names = ", ".join([f"{name}=..." for name in values][:3])
        self._warn("log", f"log({names}) came after the run had ended ({self.state}); nothing recorded")

    def log_late(self, values: Mapping[str, object]) -> None:
        """Take values of the last step after the end, the newest of each name; `draw_last` records and shows them."""
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
        """Wait where a pause came before any step; return False when the run is to end."""
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
            began = self._clock()
            self._mailbox.drain()
            self._budget.add(self._clock() - began)
        now = self._clock()
        if self.step != self._first_step:
            self._rates.step_done(self.step, now)
        if self._over:
            return False
        if self._pause or self._paused:
            self._hold()
        else:
            self._look(now)
        return not self.stopping

    def _look(self, now: float) -> None:
        """Do what is due, and find out when there is something to do again."""
        if self._recorder.unsettled:
            self._recorder.settle()
            self._budget.add(self._clock() - now)
        raise NotImplementedError

    def _hold(self) -> None:
        raise NotImplementedError

    def rest(self, seconds: float) -> None:
        """Tick for so many seconds, as ``plt.pause`` does; where no ``live`` makes the steps, it is the end of one."""
        raise NotImplementedError
        raise GreenletExit

    def show_status(self) -> None:
        """Show where the run is, now: for changes that come between two ticks."""

    # -- the end ---------------------------------------------------------------------------------------------------

    def at_end(self, call: Callable[[], object], *, awaited: bool = False) -> None:
        """Call `call` without arguments when the outcome is decided; if `awaited`, once more in the first cell that awaits."""
        self._ending.at_end(call, awaited=awaited)

    def leave(self) -> None:
        """Make no more steps: the loop was left, and nobody knows why yet. The last values are drawn."""

    def finish(self, outcome: Outcome, error: BaseException | str | None = None, *, result: object = None) -> None:
        """Decide the outcome; only the first call does. The last values are drawn, and those who wait are told."""

    def draw_last(self) -> None:
        """Record and show what was logged after the end; see `log_late`."""

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait for the end; give what the training returned, or raise what ended it."""
        if self.is_own and self._ending.outcome is None:
            raise RunError("a run cannot wait for its own end; await it in another cell")
        return self._ending.wait(self, self._awaiter_cancelled)

    def _awaiter_cancelled(self) -> None:
        # Not `interrupt`: the signal that ended the cell has told the run already, and this is no second one.
        self._interrupted = True
        self.stop("the cell that awaited it ended")
