"""The display of a run: it draws frames that are due, answers to the user, and the status between them.

Invariant: plotting never ends a training. A front end that raises causes one warning.
"""

import math
from collections.abc import Callable
from typing import Protocol

from tfwidget.record.recorder import Recorder, describe
from tfwidget.record.values import Frame
from tfwidget.run.budget import Budget
from tfwidget.run.status import Rates, Status

__all__ = ["Display", "FrontEnd"]

STATUS_INTERVAL = 0.5
"""Seconds without a frame after which the status is shown alone."""

ASK_AGAIN = 0.002
"""Seconds after which a front end that was not ready is asked again."""


class FrontEnd(Protocol):
    """What a run draws on."""

    def ready(self) -> bool:
        """Whether a frame drawn now would be painted soon. Asking changes nothing."""
        ...

    def draw(self, frame: Frame | None, status: Status, *, still: bool) -> None:
        """Show a frame: picture, numbers and progress together.

        Parameters
        ----------
        frame : Frame or None
            What is to be shown; None if only the status has changed.
        status : Status
            Where the run is.
        still : bool
            Whether the run is paused or has ended, so that this picture stays.
        """
        ...


class Display:
    """Draws a run on its front end.

    Parameters
    ----------
    front_end : FrontEnd
        What the run is drawn on. The attribute may be set to another one later.
    recorder : Recorder
        Makes the frames.
    budget : Budget
        Decides when the next frame is due, and is told what it took.
    rates : Rates
        Counts frames.
    status : callable
        Returns where the run is.
    warn : callable
        Takes a key and a text. It is to show the text once for each key.
    clock : callable
        Returns the time in seconds.
    """

    def __init__(
        self,
        front_end: FrontEnd,
        recorder: Recorder,
        budget: Budget,
        rates: Rates,
        *,
        status: Callable[[], Status],
        warn: Callable[[str, str], object],
        clock: Callable[[], float],
    ) -> None:
        self.front_end = front_end
        self._recorder = recorder
        self._budget = budget
        self._rates = rates
        self._status = status
        self._warn = warn
        self._clock = clock
        self.turns: tuple[str | None, float | None] = (None, None)
        """`Status.waits_for` and `Status.slow_step`, as they were last shown."""
        self._shown_at = -math.inf

    def draw_due(self, step: int, now: float) -> float:
        """Draw a frame or the status if one is due after this step; return when to look again, by the clock."""
        look_at = now + ASK_AGAIN
        if now < self._budget.due:
            look_at = self._budget.due
        elif not self._recorder.changed:
            look_at = self._budget.postpone(now)
        elif self._ready():
            self._draw(step, still=False)
            look_at = self._budget.charge(now)
        if now - self._shown_at >= STATUS_INTERVAL:
            self.show_status()
        return min(look_at, self._shown_at + STATUS_INTERVAL)

    def answer(self, step: int) -> bool:
        """Draw the present step at once, although no frame is due; return False if the front end is not ready."""
        ready = self._ready()
        if ready:
            self._draw(step, still=True)
        return ready

    def draw_last(self, step: int) -> None:
        """Draw the last frame, even if the front end is not ready. If it was drawn before, show the status only."""
        if self._recorder.changed:
            self._draw(step, still=True)
        else:
            self.show_status()

    def show_status(self) -> None:
        """Show the status alone."""
        status = self._status()
        self._show(None, status, still=status.state != "running")

    def _ready(self) -> bool:
        try:
            return self.front_end.ready()
        except Exception as error:
            self._warn(f"ready {error!r}", f"the plot cannot be reached, the run goes on: {describe(error)}")
            return False

    def _draw(self, step: int, *, still: bool) -> None:
        frame = self._recorder.frame(step)  # before the status, which has the newest values
        self._rates.drew(self._clock())
        self._show(frame, self._status(), still=still)

    def _show(self, frame: Frame | None, status: Status, *, still: bool) -> None:
        self._shown_at = self._clock()
        self.turns = status.waits_for, status.slow_step
        try:
            self.front_end.draw(frame, status, still=still)
        except Exception as error:
            self._warn(f"draw {error!r}", f"the plot could not be drawn, the run goes on: {describe(error)}")
