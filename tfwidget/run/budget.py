"""The render budget: when the next frame is due, so that plotting takes no more of the time than it may.

Invariant: over a minute plotting takes its share of the time at most, recording and the browser's messages included,
unless frames would then come less often than every `LONGEST` seconds. Frames come at an even pace.

The time between two frames is the usual cost of a frame over the share that recording and messages leave. An account
says what plotting has really cost: time pays in, and what is owed is paid back a little with each frame, so a dear one
stops nothing. In the first seconds frames may take more: they are paid back until the first minute is over.
"""

import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Budget", "Pace"]

EXEMPT_FRAMES = 3
"""So many first frames cost nothing: to make the figure takes its time."""

LAVISH = 10.0
"""For so many seconds after the first frame, frames may take `LAVISH_FACTOR` times the share."""

LAVISH_FACTOR = 2.0

PAID_BACK = 50.0
"""So many seconds after the first frame that is paid back."""

PAYBACK = 10.0
"""Later, what is owed is paid back at a rate that would take so many seconds."""

SAVED = 1.0
"""What is saved is no more than the share of so many seconds, so that there are no bursts."""

LONGEST = 0.4
"""Seconds from one frame to the next at most, while they cost no more than `DEAREST` of the time then."""

DEAREST = 0.1
"""The largest share of time that frames take to come at least every `LONGEST` seconds."""

AFTERMATH = 0.0002
"""Seconds that a frame costs besides: the step that follows finds that the processor has forgotten its data."""

OVERHEAD_MEAN = 2.0
"""Seconds over which the cost of recording and messages is averaged."""

USUAL_FRAMES = 9
"""The usual cost of a frame is the median of so many."""


@dataclass
class Pace:
    """How much plotting may take.

    Parameters
    ----------
    budget : float
        The largest share of wall time.
    fps : float
        The highest frame rate, in frames per second.
    """

    budget: float = 0.03
    fps: float = 30.0


class Budget:
    """The render budget of one run.

    Parameters
    ----------
    pace : Pace
        How much plotting may take; it may change meanwhile.
    after : Budget, optional
        The budget to go on from: its account, what it knows of costs, when the next frame is due.
    clock : callable, optional
        Returns the time in seconds.
    """

    def __init__(
        self,
        pace: Pace,
        *,
        after: "Budget | None" = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        now = clock()
        self.pace = pace
        self.due: float = now if after is None else after.due
        """When the next frame is due, by the clock."""
        self.spent = 0.0
        """Seconds of plotting so far; exempt frames are not counted."""
        self._clock = clock
        self._frames: int = 0 if after is None else after._frames
        self._since: float = now if after is None else after._since  # the first frame
        self._accounted_at: float = now if after is None else after._accounted_at
        self._account: float = 0.0 if after is None else after._account  # seconds of plotting; a debt is negative
        self._overhead = 0.0  # seconds since the account was made up
        self._overhead_share: float = 0.0 if after is None else after._overhead_share
        self._costs: deque[float] = deque(maxlen=USUAL_FRAMES) if after is None else after._costs

    def add(self, seconds: float) -> None:
        """Charge what recording or the browser's messages have taken."""
        self._overhead += seconds

    def postpone(self, now: float) -> float:
        """Put off a frame that would show nothing new; return when it is due."""
        self.due = now + 1 / self.pace.fps
        return self.due

    def resume(self) -> None:
        """Go on after a pause, which counts for nothing; a frame is due."""
        now = self._clock()
        self._since += now - self._accounted_at
        self._accounted_at = self.due = now
        self._overhead = 0.0

    def charge(self, began: float) -> float:
        """Charge a frame that began then and ends now; return when the next is due."""
        now = self._clock()
        self._frames += 1
        if self._frames <= EXEMPT_FRAMES:
            self._since = self._accounted_at = now
            self._overhead = 0.0
            self.due = began + 1 / self.pace.fps
            return self.due
        cost = now - began + AFTERMATH
        self._costs.append(cost)
        self._make_up(cost, now)
        interval = self._interval(now)
        # Counted from when this one was due, the pace is even though steps end when they do.
        self.due = max(self.due + interval, began + interval / 2)
        return self.due

    def _make_up(self, cost: float, now: float) -> None:
        """Make up the account."""
        budget, passed = self.pace.budget, now - self._accounted_at
        if passed > 0:
            weight = min(passed / OVERHEAD_MEAN, 1.0)
            self._overhead_share += weight * (self._overhead / passed - self._overhead_share)
        balance = self._account + budget * passed - self._overhead - cost
        self._account = max(min(balance, SAVED * budget), -PAYBACK * budget)
        self.spent += self._overhead + cost
        self._overhead, self._accounted_at = 0.0, now

    def _interval(self, now: float) -> float:
        """Return the seconds from one frame to the next."""
        age = now - self._since
        share = self.pace.budget
        if age < LAVISH:
            share *= LAVISH_FACTOR
        else:
            share += self._account / max(PAID_BACK - age, PAYBACK)
        share -= self._overhead_share
        cost = statistics.median(self._costs)
        longest = max(LONGEST, cost / max(DEAREST, self.pace.budget))
        interval = min(cost / share, longest) if share > 0 else longest
        return max(interval, 1 / self.pace.fps)
