"""The render budget: it decides when the next frame is due, so that plotting keeps to its share of the time.

Invariant: over a minute plotting takes at most its share of the time, recording and the browser's messages included,
unless frames would then come less often than every `LONGEST` seconds. Frames come at an even pace.

The time between two frames is the usual cost of a frame, divided by the share of time that recording and messages
leave. An account compares that with what plotting has really cost. Passing time is paid in, plotting is paid out, and a
debt is paid back in small parts with each frame. So one expensive frame delays the next ones only a little. In the
first seconds frames may take more than their share. That debt is paid back by the end of the first minute.
"""

import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Budget", "Pace"]

EXEMPT_FRAMES = 3
"""The number of first frames that are not charged, because they make the figure."""

LAVISH = 10.0
"""Seconds after the first frames during which frames may take `LAVISH_FACTOR` times the share."""

LAVISH_FACTOR = 2.0

PAID_BACK = 50.0
"""Seconds after the first frames by which the debt of the first seconds is paid back."""

PAYBACK = 10.0
"""Later debts are paid back at a rate that would take this number of seconds."""

SAVED = 1.0
"""The account holds at most the share of this number of seconds, so that savings make no burst of frames."""

LONGEST = 0.4
"""The largest number of seconds between two frames, as long as frames then cost at most `DEAREST` of the time."""

DEAREST = 0.1
"""The largest share of time that frames may take in order to come every `LONGEST` seconds."""

AFTERMATH = 0.0002
"""Seconds that a frame costs the step after it, whose data are no longer in the processor's caches."""

OVERHEAD_MEAN = 2.0
"""Seconds over which the cost of recording and messages is averaged."""

USUAL_FRAMES = 9
"""The usual cost of a frame is the median of this number of frames."""


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
        How much plotting may take. It may change during the run.
    after : Budget, optional
        The budget of the run before, which this one continues: its account, its costs, when the next frame is due.
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
        """Seconds of plotting so far. The first `EXEMPT_FRAMES` frames are not counted."""
        self._clock = clock
        self._frames: int = 0 if after is None else after._frames
        self._since: float = now if after is None else after._since  # when the last exempt frame ended
        self._accounted_at: float = now if after is None else after._accounted_at
        self._account: float = 0.0 if after is None else after._account  # seconds of plotting; a debt is negative
        self._overhead = 0.0  # seconds of recording and messages that are not in the account yet
        self._overhead_share: float = 0.0 if after is None else after._overhead_share
        self._costs: deque[float] = deque(maxlen=USUAL_FRAMES) if after is None else after._costs

    def add(self, seconds: float) -> None:
        """Charge seconds that recording or the browser's messages have taken."""
        self._overhead += seconds

    def postpone(self, now: float) -> float:
        """Postpone a frame that would show nothing new; return when it is due, by the clock."""
        self.due = now + 1 / self.pace.fps
        return self.due

    def resume(self) -> None:
        """Go on after a pause, whose time is not counted. A frame is due at once."""
        now = self._clock()
        self._since += now - self._accounted_at
        self._accounted_at = self.due = now
        self._overhead = 0.0

    def charge(self, began: float) -> float:
        """Charge a frame that began at `began`, by the clock, and ends now; return when the next one is due."""
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
        # Counted from when this frame was due, not from when a step has ended: so the pace is even.
        self.due = max(self.due + interval, began + interval / 2)
        return self.due

    def _make_up(self, cost: float, now: float) -> None:
        """Bring the account up to date."""
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
