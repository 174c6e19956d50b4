"""The render budget, with an injected clock and made-up costs: no run, no front end."""

import pytest

from tests.unit.clock import Clock
from tfwidget.run import budget as pace
from tfwidget.run.budget import (
    ADVANCE,
    AFTERMATH,
    EXEMPT_FRAMES,
    FRAMES_SHARE,
    PACE,
    TENSOR_INTERVAL,
    WHOLE_INTERVAL,
    WHOLE_LIMIT,
    Budget,
    Pace,
)


class Plotter:
    """Draws at a price when a frame is due, as a run does."""

    def __init__(self, clock: Clock, **options: object) -> None:
        self.clock = clock
        self.budget = Budget(clock=clock, **options)
        self.cost = 0.0  # of a whole frame; the others cost nothing
        self.grows = False  # whether frames need not be whole
        self.whole_interval = WHOLE_INTERVAL
        self.handling = 0.0
        self.frames = self.whole_frames = 0

    def draw(self) -> None:
        began = self.clock.now
        whole = not self.grows or began >= self.budget.whole_due
        self.clock.now += self.cost if whole else 0.0
        self.frames += 1
        self.whole_frames += whole
        self.budget.count_frame()
        self.budget.charge(began, whole=whole, whole_interval=self.whole_interval, handling=self.handling)

    def draw_rarely(self, frames: int = 5) -> float:
        """Draw so many frames, for each of which the budget has long been saved up; return the time to the next."""
        for _ in range(frames):
            self.clock.now += 1000.0
            began = self.clock.now
            self.draw()
        return self.budget.due - began

    def train(self, steps: int, seconds: float = 0.001) -> None:
        for _ in range(steps):
            self.clock.now += seconds
            if self.clock.now >= self.budget.due:
                self.draw()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setattr(pace, "AFTERMATH", 0.0)  # a frame costs what the clock says
    return Clock()


@pytest.fixture
def plotter(clock: Clock) -> Plotter:
    """One that has had its exempt frames, long ago."""
    plotter = Plotter(clock)
    plotter.train(EXEMPT_FRAMES, seconds=10.0)
    clock.now += 1000.0
    return plotter


def test_by_default_it_is_the_pace_of_all_runs() -> None:
    assert Budget().pace is PACE


def test_the_first_frame_is_due_at_once_and_whole(clock: Clock) -> None:
    budget = Budget(clock=clock)
    assert budget.due == budget.whole_due == clock.now
    assert (budget.frames, budget.spent, budget.overhead) == (0, 0.0, 0.0)


# -- how many frames ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("share", "cost"), [(0.02, 0.05), (0.02, 0.004), (0.1, 0.05), (0.5, 0.02)])
def test_plotting_stays_within_the_render_budget(clock: Clock, share: float, cost: float) -> None:
    plotter = Plotter(clock, pace=Pace(budget=share))
    plotter.cost = cost
    plotter.train(EXEMPT_FRAMES * 60, seconds=0.1)
    began, frames = clock.now, plotter.frames
    assert frames >= EXEMPT_FRAMES
    plotter.train(100_000, seconds=0.0008)
    rate = (plotter.frames - frames) / (clock.now - began)
    assert rate * cost <= 1.01 * share  # the window need not begin where a period does
    # It uses what it may: as many frames as the budget or the frame rate allows.
    assert rate > 0.9 * min(60, share / cost) or rate * cost > 0.9 * share


def test_the_frame_rate_has_a_limit(clock: Clock) -> None:
    plotter = Plotter(clock, pace=Pace(fps=10))
    plotter.train(10_000, seconds=0.001)
    assert 95 <= plotter.frames <= 101


def test_the_pace_may_change_meanwhile(plotter: Plotter) -> None:
    plotter.cost = 0.004
    assert plotter.draw_rarely() == pytest.approx(0.2)
    plotter.budget.pace = Pace(budget=0.04, fps=5.0)
    assert plotter.draw_rarely(1) == pytest.approx(1 / 5)
    plotter.budget.pace.fps = 60.0
    assert plotter.draw_rarely(1) == pytest.approx(0.1)


def test_the_first_frames_are_exempt(clock: Clock) -> None:
    plotter = Plotter(clock)
    plotter.cost = 0.5
    plotter.train(EXEMPT_FRAMES, seconds=0.001)
    assert plotter.frames == EXEMPT_FRAMES
    assert plotter.budget.spent == 0
    plotter.train(100, seconds=0.1)
    assert plotter.frames == EXEMPT_FRAMES + 1
    assert plotter.budget.spent == 0.5


def test_it_says_which_frames_are_exempt() -> None:
    budget = Budget()
    assert [budget.count_frame() for _ in range(EXEMPT_FRAMES + 2)] == [True] * EXEMPT_FRAMES + [False] * 2
    assert budget.frames == EXEMPT_FRAMES + 2


def test_a_frame_that_cannot_be_drawn_is_put_off_by_one(clock: Clock) -> None:
    budget = Budget(Pace(fps=10), clock=clock)
    budget.postpone(clock.now + 7)
    assert budget.due == pytest.approx(clock.now + 7.1)


def test_a_frame_is_made_due(clock: Clock) -> None:
    budget = Budget(clock=clock)
    budget.due = clock.now + 5
    budget.make_due()
    assert budget.due == clock.now
    clock.now += 1
    budget.make_due()
    assert budget.due == clock.now - 1, "it was due before"


# -- what a frame costs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("usual", "cost", "saved"),
    [
        (0.004, 0.004, 0.004),
        (0.004, 0.008, 0.008),
        (0.004, 0.06, 2 * 0.004),  # at half the usual pace, until it is paid back
        (0.004, 0.2, 0.2 - ADVANCE),
        (0.0, 0.05, 0.0),
    ],
)
def test_so_much_is_saved_up_for_the_next_frame(plotter: Plotter, usual: float, cost: float, saved: float) -> None:
    plotter.cost = usual
    plotter.draw_rarely()
    plotter.cost = cost
    assert plotter.draw_rarely(1) == pytest.approx(max(saved / PACE.budget, 1 / PACE.fps))


def test_the_usual_frame_is_one_of_the_cheaper_kind(plotter: Plotter) -> None:
    budget, clock = plotter.budget, plotter.clock
    for whole, cost in [(True, 0.02), (False, 0.001)] * 5 + [(True, 0.06)]:
        clock.now += 1000.0
        began = clock.now
        clock.now += cost
        budget.count_frame()
        budget.charge(began, whole=whole, whole_interval=WHOLE_INTERVAL, handling=0.0)
    assert budget.due - began == pytest.approx(2 * 0.001 / PACE.budget)


def test_what_is_saved_beyond_one_frame_is_lost(plotter: Plotter) -> None:
    plotter.cost = 0.01
    plotter.draw_rarely()
    plotter.clock.now += 1e6
    assert plotter.draw_rarely(1) == pytest.approx(0.01 / PACE.budget)


def test_what_a_frame_costs_beyond_its_drawing_is_counted(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    assert AFTERMATH > 0
    frames = []
    for aftermath in (0.0, 0.001):
        monkeypatch.setattr(pace, "AFTERMATH", aftermath)
        plotter, began = Plotter(clock), clock.now
        plotter.cost = 0.001
        plotter.train(100_000)
        assert plotter.budget.spent == pytest.approx(0.02 * (clock.now - began), rel=0.02)
        frames.append(plotter.frames)
    assert frames[0] == pytest.approx(2 * frames[1], rel=0.02)


def test_a_rare_dear_frame_does_not_stop_the_picture(clock: Clock) -> None:
    plotter = Plotter(clock)
    plotter.cost = 0.001
    plotter.train(3000, seconds=0.001)
    frames = plotter.frames
    plotter.cost = 0.06
    while plotter.frames == frames:
        plotter.train(1)
    plotter.cost = 0.001
    plotter.train(1000, seconds=0.001)
    assert 9 <= plotter.frames - frames <= 12, "half of the usual pace, until it is paid back"


def test_the_budget_is_never_overdrawn_by_more_than_the_advance(clock: Clock) -> None:
    plotter = Plotter(clock)
    plotter.train(EXEMPT_FRAMES * 60)
    began, spent = clock.now, 0.0
    for number in range(60_000):
        before = plotter.frames
        plotter.cost = 0.001 if number % 3 else 0.05
        plotter.train(1)
        spent += plotter.cost * (plotter.frames - before)
        assert spent <= 0.02 * (clock.now - began) + ADVANCE + 0.05


# -- what plotting costs besides ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["handling", "overhead"])
@pytest.mark.parametrize(("overhead", "share"), [(0.0, 0.02), (0.008, 0.012), (0.1, 0.02 * FRAMES_SHARE)])
def test_what_logging_and_messages_cost_is_taken_from_the_budget_of_which_frames_keep_half(
    clock: Clock, by: str, overhead: float, share: float
) -> None:
    plotter = Plotter(clock)
    plotter.cost = 0.002
    plotter.train(1000, seconds=0.01)
    began, frames, spent = clock.now, plotter.frames, plotter.budget.spent
    for _ in range(6000):
        if by == "handling":
            plotter.handling += overhead * 0.01
        else:
            plotter.budget.overhead += overhead * 0.01
        plotter.train(1, seconds=0.01)
    drawn = 0.002 * (plotter.frames - frames)
    assert drawn == pytest.approx(share * (clock.now - began), rel=0.05)
    assert plotter.budget.spent - spent == pytest.approx(drawn + 60 * overhead, rel=0.02)


def test_messages_before_it_began_are_not_its_own_and_each_is_counted_once(clock: Clock) -> None:
    plotter = Plotter(clock, handling=500.0)
    plotter.handling = 500.25
    plotter.train(EXEMPT_FRAMES + 1, seconds=10.0)
    assert plotter.budget.spent == 0.25, "what came meanwhile is counted with the first frame that is paid for"
    plotter.handling += 0.5
    plotter.train(2, seconds=1000.0)
    assert plotter.budget.spent == 0.75


def test_overhead_is_counted_once(plotter: Plotter) -> None:
    plotter.budget.overhead += 0.25
    plotter.draw()
    assert (plotter.budget.spent, plotter.budget.overhead) == (0.25, 0.0)


def test_what_is_left_for_frames_is_learnt_slowly(plotter: Plotter) -> None:
    plotter.cost = 0.004
    plotter.draw_rarely()
    rests = []
    for _ in range(30):
        plotter.budget.overhead += 1e6  # so half is left
        rests.append(plotter.draw_rarely(1))
    assert rests[0] == pytest.approx(0.2 / (1 - (1 - FRAMES_SHARE) / 4))
    assert rests == sorted(rests)
    assert rests[-1] == pytest.approx(0.2 / FRAMES_SHARE, rel=0.001)
    assert plotter.budget.whole_due - plotter.budget.due == pytest.approx(rests[-1], rel=0.001), "twice as long"


# -- whole frames ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at_least", "cost", "interval"),
    [
        (WHOLE_INTERVAL, 0.0, WHOLE_INTERVAL),
        (TENSOR_INTERVAL, 0.0, TENSOR_INTERVAL),
        (TENSOR_INTERVAL, 0.004, 2 * 0.004 / 0.02),
        (WHOLE_INTERVAL, 0.035, WHOLE_LIMIT),
    ],
)
def test_so_long_a_frame_need_not_be_whole(plotter: Plotter, at_least: float, cost: float, interval: float) -> None:
    plotter.grows, plotter.whole_interval, plotter.cost = True, at_least, cost
    began, whole, all_frames = plotter.clock.now, plotter.whole_frames, plotter.frames
    plotter.draw()
    assert plotter.budget.whole_due - began == pytest.approx(interval)
    plotter.train(10_000)
    took = plotter.clock.now - began
    assert plotter.whole_frames - whole == pytest.approx(took / interval, rel=0.25)
    assert plotter.frames - all_frames - (plotter.whole_frames - whole) > 10 * took


def test_a_frame_that_only_grows_does_not_put_off_the_next_whole_one(plotter: Plotter) -> None:
    plotter.draw()
    plotter.grows, due = True, plotter.budget.whole_due
    plotter.draw()
    assert plotter.budget.whole_due == due


# -- going on ----------------------------------------------------------------------------------------------------------


def test_going_on_from_another_changes_nothing_of_when_frames_are_due(clock: Clock) -> None:
    first, alone = Plotter(clock), Plotter(clock)

    def draw(cost: float, after: float = 0.05) -> None:
        clock.now += after
        began = clock.now
        clock.now += cost
        for budget in (first.budget, alone.budget):
            budget.overhead += cost / 4
            budget.count_frame()
            budget.charge(began, whole=cost > 0.005, whole_interval=WHOLE_INTERVAL, handling=0.0)

    for cost in (0.5, 0.5, 0.5, 0.001, 0.2, 0.002):
        draw(cost)
    assert first.budget.due > clock.now + 1
    clock.now += 0.5
    first = Plotter(clock, after=first.budget)
    assert first.budget.frames == 6
    assert first.budget.due == alone.budget.due
    assert first.budget.whole_due == clock.now, "but its first frame is whole"
    assert first.budget.spent == 0.0, "and what it has cost is its own"
    spent = alone.budget.spent
    for cost, after in ((0.001, 0.05), (0.03, 100.0), (0.002, 0.05)):
        draw(cost, after)
        assert first.budget.due == alone.budget.due
    assert first.budget.whole_due == alone.budget.whole_due
    assert first.budget.spent == pytest.approx(alone.budget.spent - spent)


def test_overhead_that_was_not_charged_yet_stays_with_the_one_before(plotter: Plotter) -> None:
    plotter.budget.overhead = 3.0
    assert Budget(after=plotter.budget, clock=plotter.clock).overhead == 0.0
