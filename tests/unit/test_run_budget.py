"""The render budget, with an injected clock and made-up costs."""

import itertools

import pytest

from tests.unit.clock import Clock
from tests.unit.run_bench import Bench
from tfwidget.run.budget import (
    AFTERMATH,
    DEAREST,
    EXEMPT_FRAMES,
    LAVISH,
    LONGEST,
    PAID_BACK,
    Budget,
    Pace,
)


class Plotter:
    """Draws at a price when a frame is due, as a run does."""

    def __init__(
        self, clock: Clock, pace: Pace | None = None, *, cost: float = 0.0, after: "Plotter | None" = None
    ) -> None:
        self.clock = clock
        self.pace = Pace() if pace is None else pace
        self.budget: Budget = Budget(self.pace, after=None if after is None else after.budget, clock=clock)
        self.cost = cost
        self.frames: list[float] = []

    def train(self, duration: float, seconds: float = 0.0008, *, recording: float = 0.0) -> None:
        """Make steps of `seconds`, which take `recording` to be logged."""
        end = self.clock.now + duration
        while self.clock.now < end:
            self.clock.now += seconds + recording
            if recording:
                self.budget.add(recording)
            if self.clock.now >= self.budget.due:
                began = self.clock.now
                self.frames.append(began)
                self.clock.now += self.cost
                self.budget.charge(began)

    def rate(self, duration: float, seconds: float = 0.0008, *, recording: float = 0.0) -> float:
        """Train, and return the frames per second."""
        frames, began = len(self.frames), self.clock.now
        self.train(duration, seconds, recording=recording)
        return (len(self.frames) - frames) / (self.clock.now - began)

    def gaps(self, count: int) -> list[float]:
        """The seconds from one frame to the next, of so many newest ones."""
        return [later - before for before, later in itertools.pairwise(self.frames[-count - 1 :])]


@pytest.fixture
def clock() -> Clock:
    return Clock()


# -- as a person feels it: whole trainings -----------------------------------------------------------------------------

TRAININGS = {
    # seconds of: a step, its recording, a frame; frames a second: in the first ten seconds, later
    "short steps": (0.0008, 0.000004, 0.0015, 10, 8),
    "short steps, a dear frame": (0.0008, 0.000004, 0.004, 10, 2.4),
    "steps of 5 ms": (0.005, 0.00001, 0.0015, 15, 13),
    "steps of 20 ms": (0.02, 0.00001, 0.0015, 15, 15),
    "much is recorded": (0.005, 0.0001, 0.0015, 10, 2.4),
}


@pytest.mark.parametrize("training", TRAININGS)
def test_the_first_seconds_are_lively_and_each_minute_is_paid_for(training: str) -> None:
    step, recording, frame, first_rate, later_rate = TRAININGS[training]
    bench = Bench()
    run = bench.run()
    bench.front_end.cost = frame
    minutes: list[int] = []
    taken = 0.0
    bench.train_for(run, 10.0, step, recording=recording)
    assert len(bench.front_end.frames) / 10.0 >= first_rate
    bench.train_for(run, 50.0, step, recording=recording)
    minutes.append(len(bench.front_end.frames))
    for _ in range(2):
        bench.train_for(run, 60.0, step, recording=recording)
        minutes.append(len(bench.front_end.frames) - sum(minutes))
    steps = 60.0 / (step + recording)
    for frames in minutes:
        taken = frames * frame + steps * recording
        assert taken / 60.0 <= 0.03, f"{frames} frames in a minute"
    assert minutes[-1] / 60.0 >= later_rate
    gaps = [later - before for before, later in itertools.pairwise(bench.front_end.drawn_at)]
    assert max(gaps) < 0.5
    assert bench.front_end.alone == []


@pytest.mark.parametrize("frame", [0.02, 0.035])
def test_it_never_stands_still_for_half_a_second(frame: float) -> None:
    bench = Bench()
    run = bench.run()
    bench.front_end.cost = frame
    bench.train_for(run, 60.0, 0.0008, recording=0.000004)
    gaps = [later - before for before, later in itertools.pairwise(bench.front_end.drawn_at)]
    assert max(gaps) < 0.5


def test_the_pace_is_even() -> None:
    bench = Bench()
    run = bench.run()
    bench.front_end.cost = 0.0015
    bench.train_for(run, 70.0, 0.0008, recording=0.000004)
    gaps = [later - before for before, later in itertools.pairwise(bench.front_end.drawn_at[-100:])]
    assert max(gaps) < 1.1 * min(gaps)


def test_a_rare_dear_frame_stops_nothing() -> None:
    bench = Bench()
    run = bench.run()
    bench.front_end.cost = 0.0015
    bench.train_for(run, 70.0, 0.0008)
    before = len(bench.front_end.frames)
    bench.front_end.on_draw = lambda: setattr(bench.front_end, "cost", 0.06 if bench.front_end.cost < 0.06 else 0.0015)
    bench.train_for(run, 0.1, 0.0008)
    bench.front_end.on_draw = lambda: setattr(bench.front_end, "cost", 0.0015)
    bench.train_for(run, 1.9, 0.0008)
    gaps = [later - before for before, later in itertools.pairwise(bench.front_end.drawn_at[before:])]
    assert max(gaps) < 0.25
    assert len(gaps) > 14


def test_while_the_front_end_is_not_ready_the_frame_stays_due() -> None:
    bench = Bench()
    run = bench.run()
    bench.train_for(run, 5.0, 0.0008)
    bench.front_end.is_ready = False
    bench.train_for(run, 1.0, 0.0008)
    frames = len(bench.front_end.frames)
    bench.front_end.is_ready = True
    bench.train_for(run, 0.004, 0.0008)
    assert len(bench.front_end.frames) == frames + 1


# -- how many frames ---------------------------------------------------------------------------------------------------


def test_the_first_frame_is_due_at_once(clock: Clock) -> None:
    budget = Budget(Pace(), clock=clock)
    assert (budget.due, budget.spent) == (clock.now, 0.0)


@pytest.mark.parametrize(("share", "cost"), [(0.03, 0.004), (0.1, 0.02), (0.5, 0.02)])
def test_plotting_takes_its_share_and_no_more(clock: Clock, share: float, cost: float) -> None:
    plotter = Plotter(clock, Pace(budget=share), cost=cost)
    plotter.train(PAID_BACK)
    rate = plotter.rate(60.0)
    assert rate * (cost + AFTERMATH) <= 1.01 * share
    assert rate > 0.95 * min(plotter.pace.fps, share / (cost + AFTERMATH))


def test_the_frame_rate_has_a_limit_which_may_change(clock: Clock) -> None:
    plotter = Plotter(clock)
    for fps in (30.0, 10.0, 60.0):
        plotter.pace.fps = fps
        plotter.train(1.0, 0.0001)
        assert plotter.rate(10.0, 0.0001) == pytest.approx(fps, rel=0.02)


def test_steps_that_end_between_two_due_times_do_not_slow_the_pace(clock: Clock) -> None:
    plotter = Plotter(clock)
    assert plotter.rate(10.0, 0.02) == pytest.approx(30.0, rel=0.02)


def test_the_first_frames_cost_nothing(clock: Clock) -> None:
    plotter = Plotter(clock, cost=0.5)
    while len(plotter.frames) < EXEMPT_FRAMES:
        plotter.train(0.001, 0.001)
    assert plotter.budget.spent == 0.0
    assert max(plotter.gaps(EXEMPT_FRAMES - 1)) < 0.52
    plotter.cost = 0.0015
    assert plotter.rate(5.0) > 25


def test_the_first_seconds_may_take_twice_the_share_until_the_minute_is_over(clock: Clock) -> None:
    plotter = Plotter(clock, cost=0.004)
    plotter.train(LAVISH)
    assert plotter.budget.spent == pytest.approx(2 * 0.03 * LAVISH, rel=0.05)
    plotter.train(PAID_BACK - LAVISH)
    assert plotter.budget.spent == pytest.approx(0.03 * PAID_BACK, rel=0.02)


def test_what_was_not_spent_is_not_spent_later(clock: Clock) -> None:
    plotter = Plotter(clock, cost=0.004)
    plotter.train(PAID_BACK)
    plotter.train(100.0, 1.0)
    spent = plotter.budget.spent
    plotter.train(10.0)
    assert plotter.budget.spent - spent < 0.3 + 0.06


def test_a_frame_with_nothing_new_is_put_off_by_one(clock: Clock) -> None:
    budget = Budget(Pace(fps=10), clock=clock)
    assert budget.postpone(clock.now + 7) == budget.due == pytest.approx(clock.now + 7.1)


# -- what frames cost --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cost", "interval"), [(0.012, 0.4), (0.03, LONGEST), (DEAREST * LONGEST, LONGEST), (0.1, 1.0), (0.5, 5.0)]
)
def test_dear_frames_come_rarely_but_they_come(clock: Clock, cost: float, interval: float) -> None:
    plotter = Plotter(clock, cost=cost)
    plotter.train(100.0)
    gaps = plotter.gaps(5)
    assert sum(gaps) / len(gaps) == pytest.approx(interval, rel=0.03)


def test_frames_that_have_become_cheap_come_often_again(clock: Clock) -> None:
    plotter = Plotter(clock, cost=0.03)
    plotter.train(100.0)
    plotter.cost = 0.0015
    plotter.train(30.0)
    assert plotter.rate(2.0) > 15


def test_costs_that_vary_are_paid_for_too(clock: Clock) -> None:
    plotter = Plotter(clock)
    for number in range(30_000):
        plotter.cost = 0.02 if number % 3 == 0 else 0.001
        plotter.train(0.004)
    began, spent = clock.now, plotter.budget.spent
    for number in range(30_000):
        plotter.cost = 0.02 if number % 3 == 0 else 0.001
        plotter.train(0.004)
    assert plotter.budget.spent - spent == pytest.approx(0.03 * (clock.now - began), rel=0.03)


def test_recording_and_messages_leave_less_to_frames(clock: Clock) -> None:
    plotter = Plotter(clock, cost=0.0015)
    plotter.train(PAID_BACK)
    assert plotter.rate(60.0) > 16
    plotter.train(20.0, recording=0.00001)
    spent = plotter.budget.spent
    rate = plotter.rate(60.0, recording=0.00001)
    assert rate == pytest.approx((0.03 - 0.00001 / 0.00081) / (0.0015 + AFTERMATH), rel=0.1)
    assert plotter.budget.spent - spent == pytest.approx(60.0 * 0.03, rel=0.02)


def test_recording_that_takes_all_of_the_share_does_not_stop_the_picture(clock: Clock) -> None:
    plotter = Plotter(clock, cost=0.0015)
    plotter.train(20.0, recording=0.0005)
    assert max(plotter.gaps(20)) == pytest.approx(LONGEST, abs=0.01)


# -- pauses, and going on ----------------------------------------------------------------------------------------------


def test_a_pause_counts_for_nothing_and_a_frame_is_due_after_it(clock: Clock) -> None:
    plotter, alone = Plotter(clock, cost=0.004), Plotter(Clock(), cost=0.004)
    for one in (plotter, alone):
        one.train(15.0)
    spent = plotter.budget.spent
    clock.now += 1000.0
    plotter.budget.add(1000.0)
    plotter.budget.resume()
    assert plotter.budget.due == clock.now
    rates = [one.rate(10.0) for one in (plotter, alone)]
    assert rates[0] == pytest.approx(rates[1], rel=0.1), "a pause does not pay back what is owed"
    assert plotter.budget.spent - spent < 1.0


def test_going_on_from_another_changes_nothing_of_when_frames_are_due() -> None:
    one, other = Plotter(Clock(), cost=0.004), Plotter(Clock(), cost=0.004)
    for plotter in (one, other):
        plotter.train(15.0)
    spent = other.budget.spent
    further = Plotter(other.clock, cost=0.004, after=other)
    assert further.budget.spent == 0.0, "what it has cost is its own"
    assert further.budget.due == other.budget.due
    one.train(10.0)
    further.train(10.0)
    assert further.frames == pytest.approx(one.frames[-len(further.frames) :])
    assert further.budget.spent == pytest.approx(one.budget.spent - spent)
