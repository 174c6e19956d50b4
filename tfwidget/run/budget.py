"""The pace of frames: when the next is due, so that plotting takes no more of the time than it may.

Invariant: the share of wall time that plotting takes stays within the render budget, which is never overdrawn by more
than `ADVANCE`; the first frames, and answers to what the user does, are exempt. Plotting is all that this package does:
logging, fetching, drawing, sending, and the handling of what the browser answers. Where all but the frames would take
more than half of the budget, half of it is left to the frames.

A `Budget` keeps the account: time pays in, frames are charged, and the next one is due when enough is saved up. A whole
frame shows all there is; between two of them there are frames that only show what has been added, which cost much less.
"""

import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["PACE", "TENSOR_INTERVAL", "WHOLE_INTERVAL", "Budget", "Pace"]

EXEMPT_FRAMES = 3
"""So many first frames are drawn as soon as they can be, whatever they cost."""

ADVANCE = 0.1
"""Seconds of plotting that the render budget may be overdrawn by, so that a full draw does not stop the picture."""

AFTERMATH = 0.0005
"""Seconds that a frame costs besides: another thread sends it and has this one wait, and the step that follows finds
that the processor has forgotten its data."""

FRAMES_SHARE = 0.5
"""Of the render budget, for frames alone, whatever logging and messages cost."""

WHOLE_INTERVAL = 0.5
"""Seconds from one whole frame to the next at least; between them curves only grow, which costs much less."""

WHOLE_LIMIT = 2.0
"""Seconds from one whole frame to the next at most, if the render budget allows one."""

TENSOR_INTERVAL = 0.1
"""`WHOLE_INTERVAL` where there are tensors, which come with whole frames only."""


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

    budget: float = 0.02
    fps: float = 60.0


PACE = Pace()
"""The pace of all runs; ``%tfwidget fps`` and ``%tfwidget budget`` change it."""


class Budget:
    """The render budget of one run: what plotting has cost, and when the next frame is due.

    Whoever plots asks `due` and `whole_due`, adds to `overhead` what it spends besides frames, and tells of each frame
    with `count_frame`, and then `charge` unless it was an answer to the user.

    Parameters
    ----------
    pace : Pace, optional
        How much plotting may take.
    handling : float, optional
        Seconds that had been spent on the front end's messages before; see `charge`.
    after : Budget, optional
        The budget to go on from: its account, its number of frames, what it knows of their cost, when the next is due.
    clock : callable, optional
        Returns the time in seconds.
    """

    def __init__(
        self,
        pace: Pace = PACE,
        *,
        handling: float = 0.0,
        after: "Budget | None" = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        now = clock()
        self.pace = pace
        self.due: float = now if after is None else after.due
        """When the next frame is due, by the clock."""
        self.whole_due: float = now
        """When the next whole frame is due, by the clock."""
        self.frames: int = 0 if after is None else after.frames
        """How many frames were drawn."""
        self.spent = 0.0
        """Seconds of plotting, up to the last frame; exempt frames are not counted."""
        self.overhead = 0.0
        """Seconds of plotting since the last frame that was paid for, besides frames and messages."""
        self._clock = clock
        self._handled = handling
        self._costs: dict[bool, deque[float]] = _costs() if after is None else after._costs
        self._left: float = 1.0 if after is None else after._left  # of the budget, for frames: a moving mean
        self._account: float = 0.0 if after is None else after._account  # seconds of plotting; a debt is negative
        self._accounted_at: float = now if after is None else after._accounted_at

    def postpone(self, now: float) -> None:
        """Put a frame that cannot be drawn now off by the time that frames have between them at least."""
        self.due = now + 1 / self.pace.fps

    def make_due(self) -> None:
        """Have the next frame due by now."""
        self.due = min(self.due, self._clock())

    def count_frame(self) -> bool:
        """Count a frame that was drawn; return whether it is one of the first, which are exempt."""
        self.frames += 1
        return self.frames <= EXEMPT_FRAMES

    def charge(self, began: float, *, whole: bool, whole_interval: float, handling: float) -> None:
        """Charge the frame that was counted last, which ends now, and say when the next is due.

        Parameters
        ----------
        began : float
            When it began, by the clock.
        whole : bool
            Whether it showed all there is.
        whole_interval : float
            Seconds from this frame, if it is whole, to the next whole one at least.
        handling : float
            Seconds spent so far on the front end's messages, by whatever thread.
        """
        cost = self._clock() - began + AFTERMATH
        self._costs[whole].append(cost)
        if whole:
            # Of what there is for frames, those that only grow shall have half.
            shared = 2 * cost / (self._left * self.pace.budget)
            self.whole_due = began + max(whole_interval, min(shared, WHOLE_LIMIT))
        rest = 0.0
        if self.frames > EXEMPT_FRAMES:
            rest = self._pay(cost, handling) / (self._left * self.pace.budget)
        self.due = began + max(rest, 1 / self.pace.fps)

    def _pay(self, cost: float, handling: float) -> float:
        """Charge a frame to the account; return what is to be saved up, in seconds of plotting, for the next.

        What is saved beyond one frame is lost. A whole frame costs many times what those do that only grow: while it is
        paid back, frames go on at half their pace.
        """
        now = self._clock()
        income = (now - self._accounted_at) * self.pace.budget
        besides = self.overhead + handling - self._handled
        self.overhead, self._handled = 0.0, handling
        self.spent += cost + besides
        left = max(income - besides, FRAMES_SHARE * income)
        if income > 0:
            self._left += (left / income - self._left) / 4
        self._account = min(self._account + left, 0.0) - cost
        self._accounted_at = now
        debt = -self._account
        usual = min(statistics.median(costs) for costs in self._costs.values() if costs)
        return max(min(debt, 2 * usual), debt - ADVANCE)


def _costs() -> dict[bool, deque[float]]:
    """Seconds of the newest frames, of whole ones and of others."""
    return {whole: deque(maxlen=5) for whole in (True, False)}
