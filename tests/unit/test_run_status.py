"""What the clock says about a run."""

import pytest

from tfwidget.run.status import Rates


def test_the_rate_of_steps_is_a_mean_over_those_after_the_first() -> None:
    rates = Rates(10.0)
    assert rates.steps_per_second(0, 20.0) is None
    rates.step_done(1, 20.0)  # the first one has compiled something
    for step in range(2, 22):
        rates.step_done(step, 20.0 + 0.1 * step)
    assert rates.steps_per_second(2, 20.5) is None, "it is too early to tell"
    assert rates.steps_per_second(21, 22.0) == pytest.approx(10.0)
    assert rates.elapsed(22.0) == 12.0


def test_the_rate_of_frames_is_that_of_the_last_two_seconds() -> None:
    rates = Rates(0.0)
    assert rates.frames_per_second(0.0) == 0.0
    now = 0.0
    for interval, told in ((0.1, 10.0), (0.4, 2.5)):
        for _ in range(30):
            now += interval
            rates.drew(now)
        assert rates.frames_per_second(now) == pytest.approx(told)
        assert rates.frames_per_second(now + 0.01) == pytest.approx(told, rel=0.1)
    assert rates.frames_per_second(now + 10.0) == 0.0


def test_it_reads_calmly() -> None:
    rates, told = Rates(0.0), list[float]()
    for frame in range(200):
        now = 0.05 * frame + 0.01 * (frame % 3)
        rates.drew(now)
        if frame > 40:
            told.append(rates.frames_per_second(now))
    assert max(told) - min(told) < 0.5


def test_pauses_are_left_out() -> None:
    rates = Rates(0.0)
    rates.step_done(1, 1.0)
    rates.drew(1.0)
    rates.drew(1.1)
    rates.paused(1.5)
    rates.drew(2.7)
    assert rates.frames_per_second(2.7) == 0.0, "a pause would make the rate look low"
    assert rates.elapsed(6.5) == 5.0
    assert rates.steps_per_second(41, 6.5) == pytest.approx(10.0)


def test_after_the_end_nothing_changes() -> None:
    rates = Rates(0.0)
    rates.step_done(1, 1.0)
    rates.end(1.5)
    rates.end(3.0)
    assert rates.elapsed(100.0) == 1.5
    assert rates.steps_per_second(6, 100.0) == pytest.approx(10.0), "also of less than a second"


def test_a_run_that_ends_with_its_first_step_has_no_rate() -> None:
    rates = Rates(0.0)
    rates.step_done(1, 1.0)
    rates.end(1.0)
    assert rates.steps_per_second(1, 1.0) is None
