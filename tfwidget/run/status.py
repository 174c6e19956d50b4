"""The status of a run: its state, its step, its duration and its rates.

Invariant: the time that a run is paused counts in no rate, and no number changes after the run's end.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["Outcome", "Rates", "State", "Status"]

Outcome = Literal["finished", "stopped", "failed"]
State = Literal["running", "paused", "ended", "finished", "stopped", "failed"]
"""``ended``: no further step is made, and the outcome is not decided yet."""

STEPS_KNOWN_AFTER = 1.0
"""Seconds of steps after which their rate is shown."""

FRAMES_OVER = 2.0
"""Seconds over which the rate of frames is averaged, so that the number is steady enough to read."""


@dataclass(frozen=True)
class Status:
    """Where a run is.

    Parameters
    ----------
    state : State
        Running, paused, ended, or the outcome.
    step : int
        The number of completed steps.
    total : int or None
        The number of steps to be made, where it is known.
    elapsed : float
        Seconds, without pauses.
    steps_per_second : float or None
        A mean over the steps after the first, which may compile functions. None in the first second.
    remaining : float or None
        Seconds until the last step, where `total` and the rate are known.
    plotting_share : float
        The share of `elapsed` that went into plotting, from 0 to 1. The first frames and answers to the user are not
        counted.
    frames_per_second : float
        A mean over the last two seconds.
    latest : Mapping[str, float]
        The newest value of each scalar.
    error : str or None
        Why the run failed or was stopped.
    waits_for : str or None
        What a background run waits for before it makes its next step.
    slow_step : float or None
        Seconds of a step of a background run, if it is so long that other cells have to wait for it.
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


class Rates:
    """Measures a run: its duration, its steps and its frames per second.

    Parameters
    ----------
    began : float
        When the run began, in seconds.
    """

    def __init__(self, began: float) -> None:
        self._began = began  # moved forward by the length of each pause
        self._ended: float | None = None
        self._first_step: tuple[int, float] | None = None  # how many were completed, and when
        self._frames: deque[float] = deque()

    def step_done(self, step: int, now: float) -> None:
        """Note when the first step was completed. Later calls change nothing."""
        if self._first_step is None:
            self._first_step = (step, now)

    def drew(self, now: float) -> None:
        """Note a frame."""
        self._frames.append(now)

    def paused(self, seconds: float) -> None:
        """Leave out a pause, of this length, that has just ended."""
        self._began += seconds
        if self._first_step is not None:
            step, when = self._first_step
            self._first_step = (step, when + seconds)
        self._frames.clear()

    def end(self, now: float) -> None:
        """Stop measuring; only the first call counts."""
        if self._ended is None:
            self._ended = now

    def elapsed(self, now: float) -> float:
        """Return the duration of the run in seconds."""
        return max((now if self._ended is None else self._ended) - self._began, 1e-9)

    def steps_per_second(self, step: int, now: float) -> float | None:
        """Return the mean rate of the steps after the first, or None while it is not known."""
        if self._first_step is None:
            return None
        first, when = self._first_step
        took = (now if self._ended is None else self._ended) - when
        if took <= 0 or (took < STEPS_KNOWN_AFTER and self._ended is None):
            return None
        return (step - first) / took

    def frames_per_second(self, now: float) -> float:
        """Return the mean rate of frames over the last `FRAMES_OVER` seconds."""
        while self._frames and now - self._frames[0] > FRAMES_OVER:
            self._frames.popleft()
        if len(self._frames) < 2:
            return 0.0
        return (len(self._frames) - 1) / max(now - self._frames[0], 1e-9)
