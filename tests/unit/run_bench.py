"""A run under test: its clock, its front end and its mailbox, all of them in the test's hands."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from tests.unit.clock import Clock
from tfwidget.jupyter.mailbox import Mailbox
from tfwidget.record.values import Frame, fetch
from tfwidget.run.budget import Pace
from tfwidget.run.driver import Driver
from tfwidget.run.run import Run
from tfwidget.run.status import Status


class FrontEnd:
    """Draws at a price, and is ready when it is told to be."""

    def __init__(self, clock: Clock, cost: float = 0.0) -> None:
        self.clock, self.cost = clock, cost
        self.is_ready = True
        self.asked: list[float] = []
        self.drawn_at: list[float] = []
        self.frames: list[Frame] = []
        self.statuses: list[Status] = []
        self.alone: list[Status] = []  # those that came without a frame
        self.still: list[bool] = []  # of each frame
        self.fault: Exception | None = None
        self.on_draw: Callable[[], object] = lambda: None

    def ready(self) -> bool:
        self.asked.append(self.clock.now)
        return self.is_ready

    def draw(self, frame: Frame | None, status: Status, *, still: bool) -> None:
        self.on_draw()
        self.clock.now += 0.0 if frame is None else self.cost
        if self.fault is not None:
            raise self.fault
        self.statuses.append(status)
        if frame is None:
            self.alone.append(status)
        else:
            self.frames.append(frame)
            self.still.append(still)
            self.drawn_at.append(self.clock.now)

    @property
    def steps(self) -> list[int]:
        """The step of each frame."""
        return [frame.step for frame in self.frames]


class Bench:
    """Makes runs, and trains."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.front_end = FrontEnd(self.clock)
        self.mailbox = Mailbox(lambda: None, lambda error: pytest.fail(repr(error)))

    def run(
        self,
        *,
        total: int | None = None,
        fetch: Callable[[Sequence[object]], list[float]] = fetch,
        after: Run | None = None,
        driver: Driver | None = None,
        pace: Pace | None = None,
    ) -> Run:
        return Run(
            self.front_end, self.mailbox, clock=self.clock,
            total=total, fetch=fetch, after=after, driver=driver, pace=pace,
        )  # fmt: skip

    def train(self, run: Run, steps: int, seconds: float = 0.001, **values: object) -> int:
        """Make steps until the run is to end; return how many were made."""
        for made in range(steps):
            self.clock.now += seconds
            if values:
                run.log(values)
            if not run.step_done():
                return made + 1
        return steps

    def train_for(self, run: Run, duration: float, seconds: float, *, recording: float = 0.0) -> None:
        """Make steps of `seconds`, with a scalar that takes `recording` seconds, for so long."""
        end = self.clock.now + duration
        while self.clock.now < end:
            self.clock.now += seconds
            run.log(Dear(self.clock, recording))
            run.step_done()


class Dear(Mapping[str, object]):
    """A loss that takes its time to be recorded."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock, self._seconds = clock, seconds

    def __getitem__(self, name: str) -> object:
        return 0.5

    def __iter__(self) -> Iterator[str]:
        self._clock.now, self._seconds = self._clock.now + self._seconds, 0.0
        return iter(("loss",))

    def __len__(self) -> int:
        return 1


class Hands:
    """Gives commands while a run waits: each wait of the paused run is one turn."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch, *turns: Callable[[], object]) -> None:
        self.turns = list(turns)
        self.waits = 0
        monkeypatch.setattr(bench.mailbox, "wait", self.wait)

    def wait(self, timeout: float | None = None) -> bool:
        self.waits += 1
        assert self.waits < 100, "the paused run waits for ever"
        if self.turns:
            self.turns.pop(0)()
        return True


class Idle:
    """A driver whose training is not what runs now."""

    active = False
    slice_end = 0.0
    waits_for: str | None = None
    slow_step: float | None = None

    def __init__(self) -> None:
        self.thrown: list[BaseException] = []

    def between_steps(self) -> None:
        pass

    def wait(self, timeout: float | None) -> None:
        pass

    def wake(self) -> None:
        pass

    def throw(self, error: BaseException) -> None:
        self.thrown.append(error)
