"""Commands of the user to a run: pause, single step, stop, interrupt.

Invariant: a command takes effect at a step boundary, on the thread that owns the run, whichever thread gives it.
"""

import math
import threading
from collections.abc import Callable

from tfwidget.jupyter.mailbox import Mailbox
from tfwidget.run.driver import Driver
from tfwidget.run.ending import Ending
from tfwidget.run.status import State

__all__ = ["AT_ONCE", "Steering"]

AT_ONCE = -math.inf
"""A time before every other."""


class Steering:
    """The part of a run that takes commands.

    Parameters
    ----------
    mailbox : Mailbox
        Where commands of other threads go.
    driver : Driver
        Waits while the run is paused. A command wakes it.
    """

    def __init__(self, mailbox: Mailbox, driver: Driver) -> None:
        self._mailbox = mailbox
        self._driver = driver
        self._owner = threading.get_ident()
        self._ending = Ending()
        self._look_at = AT_ONCE
        """The time from which on there is something to do at a step boundary, by the clock."""
        self._pause = False
        """Whether the run is to be paused at the next step boundary."""
        self._paused = False
        """Whether it is paused."""
        self._allowed = 0
        """The number of steps that a paused run may still make."""
        self._may_step = threading.Event()
        self._may_step.set()
        self._stop = False
        self._stop_reason: str | None = None
        self._interrupted = False

    @property
    def state(self) -> State:
        """Running, paused, ended, or the outcome."""
        if self._ending.is_over:
            return self._ending.outcome or "ended"
        return "paused" if self._paused else "running"

    @property
    def stopping(self) -> bool:
        """Whether the run must make no further step."""
        return self._stop or self._ending.is_over

    @property
    def stopped_by_user(self) -> bool:
        """Whether the run has ended because the user has stopped it."""
        return self._stop and self._ending.outcome == "stopped"

    @property
    def is_own(self) -> bool:
        """Whether the calling code is the training itself."""
        return threading.get_ident() == self._owner and self._driver.active

    def pause(self) -> None:
        """Make no further step until `resume`; takes effect at the next step boundary."""
        self.command(lambda: self._set_pause(True))

    def resume(self) -> None:
        """Go on after a pause."""
        self.command(lambda: self._set_pause(False))

    def advance(self, steps: int = 1) -> None:
        """Make exactly `steps` steps, and pause again.

        Raises
        ------
        ValueError
            If `steps` is not a positive integer.
        """
        if not isinstance(steps, int) or steps < 1:
            raise ValueError(f"advance: steps must be a positive integer, got {steps!r}")
        # If the run is not paused yet, it first pauses after the step under way, and then makes these steps.
        self.command(lambda: self._set_pause(True, self._allowed + steps))

    def stop(self, reason: str | None = None) -> None:
        """Make no further step, and end the run; takes effect at the next step boundary.

        Parameters
        ----------
        reason : str, optional
            Why, shown in the plot.
        """
        self.command(lambda: self._set_stop(reason))

    def interrupt(self) -> None:
        """End the run at the next step boundary. A second call raises KeyboardInterrupt inside the step."""
        if self._ending.is_over:
            return  # no step is under way, and the cells that await the run go on when the last frame is drawn
        if self._interrupted:
            self._driver.throw(KeyboardInterrupt())
        self._interrupted = True
        self._ending.cancel_waiters()
        self.stop("interrupted")

    def command(self, command: Callable[[], object]) -> None:
        """Call `command` on the thread that owns the run: at once if this is that thread, else at its next tick."""
        if threading.get_ident() != self._owner:
            self._mailbox.post(lambda: self.command(command))
            return
        command()
        self._look_at = AT_ONCE
        self._driver.wake()

    def _set_pause(self, pause: bool, allowed: int = 0) -> None:
        self._pause, self._allowed = pause, allowed

    def _set_stop(self, reason: str | None) -> None:
        self._stop, self._stop_reason = True, self._stop_reason or reason

    def _awaiter_cancelled(self) -> None:
        # Not `interrupt`: the signal that cancelled the cell has interrupted the run already.
        self._interrupted = True
        self.stop("the cell that awaited it ended")
