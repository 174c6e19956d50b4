"""The tick, with an injected clock and a fake front end: the whole policy in milliseconds."""

import asyncio
import threading
import weakref
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from tests.unit.run_bench import Bench, Hands, Idle
from tfwidget.errors import TfwidgetWarning
from tfwidget.record.values import fetch as fetch_one_by_one
from tfwidget.run.budget import Pace
from tfwidget.run.driver import Background


@pytest.fixture
def bench() -> Bench:
    return Bench()


# -- frames ------------------------------------------------------------------------------------------------------------


def test_the_first_step_is_drawn_at_once_with_its_numbers(bench: Bench) -> None:
    run = bench.run()
    bench.train(run, 1, loss=2.5)
    assert bench.front_end.steps == [1]
    assert bench.front_end.still == [False]
    assert (bench.front_end.statuses[0].step, bench.front_end.statuses[0].latest) == (1, {"loss": 2.5})
    assert run.history["loss"].last == (1, 2.5)


def test_a_figure_is_there_though_nothing_was_logged(bench: Bench) -> None:
    bench.train(bench.run(), 1)
    assert bench.front_end.steps == [1]


def test_frames_and_numbers_come_together(bench: Bench) -> None:
    bench.train(bench.run(), 10_000, loss=1.0)
    assert len(bench.front_end.frames) == pytest.approx(300, abs=5), "30 a second"
    assert bench.front_end.alone == []
    for frame, status in zip(bench.front_end.frames, bench.front_end.statuses, strict=True):
        assert frame.step == status.step


def test_where_nothing_changes_only_the_progress_is_told(bench: Bench) -> None:
    run = bench.run()
    bench.train(run, 10_000)
    assert bench.front_end.steps == [1]
    assert len(bench.front_end.alone) == pytest.approx(20, abs=1)
    bench.train(run, 1, seconds=0.1, loss=1.0)
    assert bench.front_end.steps == [1, 10_001]


def test_a_front_end_that_is_not_ready_is_asked_again_soon(bench: Bench) -> None:
    run = bench.run(pace=Pace(fps=10))
    bench.train(run, 1, loss=1.0)
    bench.front_end.is_ready = False
    bench.front_end.asked.clear()
    bench.train(run, 10_000, seconds=0.0005, loss=1.0)
    assert 4.8 / 0.0025 <= len(bench.front_end.asked) <= 5 / 0.002
    assert len(bench.front_end.alone) == pytest.approx(10, abs=1), "the numbers go on"
    bench.front_end.is_ready = True
    bench.train(run, 6, seconds=0.0005, loss=1.0)
    assert len(bench.front_end.frames) == 2, "the frame was due all the time"
    assert bench.front_end.steps[-1] >= 10_001
    assert len(run.history["loss"]) == run.step


def test_between_frames_a_step_reads_the_clock_once_and_asks_nobody(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = bench.run()
    bench.train(run, 200, loss=1.0)
    reads = 0
    clock = type(bench.clock).__call__

    def counted(self: object) -> float:
        nonlocal reads
        reads += 1
        return clock(bench.clock)

    monkeypatch.setattr(type(bench.clock), "__call__", counted)
    bench.front_end.asked.clear()
    for _ in range(20):
        run.step_done()
    assert (reads, bench.front_end.asked) == (20, [])


def test_where_frames_come_rarely_the_numbers_go_on(bench: Bench) -> None:
    run = bench.run()
    bench.front_end.cost = 0.2
    bench.train_for(run, 100.0, 0.001)
    frames, alone = len(bench.front_end.frames), len(bench.front_end.alone)
    bench.train_for(run, 10.0, 0.001)
    assert len(bench.front_end.frames) - frames == pytest.approx(5, abs=1)
    assert 15 <= len(bench.front_end.alone) - alone <= 20, "at least every half second"


def test_a_failing_plot_does_not_end_the_training(bench: Bench) -> None:
    run = bench.run()
    bench.front_end.fault = ValueError("no ink")
    with pytest.warns(TfwidgetWarning, match="the run goes on: ValueError: no ink") as warned:
        assert bench.train(run, 200, loss=1.0) == 200
    assert len(warned) == 1
    bench.front_end.fault = None
    bench.train(run, 5_000, loss=1.0)
    assert bench.front_end.frames
    assert len(run.history["loss"]) == run.step


def test_a_front_end_that_cannot_be_asked_does_not_end_the_training(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ready() -> bool:
        raise OSError("gone")

    monkeypatch.setattr(bench.front_end, "ready", ready)
    run = bench.run()
    with pytest.warns(TfwidgetWarning, match="cannot be reached, the run goes on: OSError: gone"):
        assert bench.train(run, 200, loss=1.0) == 200


def test_another_front_end_is_drawn_on_at_once(bench: Bench) -> None:
    run = bench.run()
    bench.train(run, 100, loss=1.0)
    bench.train(run, 100)
    former = bench.front_end
    drawn, other = len(former.frames), type(former)(bench.clock)
    run.draw_on(other)
    assert run.front_end is other
    bench.train(run, 40)
    assert len(former.frames) == drawn
    assert len(other.frames) == 1


# -- what is recorded --------------------------------------------------------------------------------------------------


def test_every_scalar_is_kept_though_few_frames_are_drawn(bench: Bench) -> None:
    run = bench.run()
    for step in range(10_000):
        bench.clock.now += 0.001
        run.log({"loss": float(step), "accuracy": np.float32(step)})
        run.step_done()
    run.finish("finished")
    assert len(bench.front_end.frames) < 320
    assert run.history["loss"].steps.tolist() == list(range(1, 10_001))
    assert run.history["loss"].values.tolist() == list(range(10_000))
    assert run.history["accuracy"].values.tolist() == list(range(10_000))


def test_scalars_are_fetched_together_and_not_held_without_bound(bench: Bench) -> None:
    fetched: list[int] = []

    def fetch(values: Sequence[object]) -> list[float]:
        fetched.append(len(values))
        return fetch_one_by_one(values)

    run = bench.run(fetch=fetch)
    bench.train(run, 1, loss=1.0)
    bench.front_end.is_ready = False
    bench.train(run, 10_000, loss=1.0)
    assert fetched[0] == 1
    assert set(fetched[1:]) == {2049}


def test_a_large_tensor_is_copied_only_for_a_frame_and_from_its_own_step(bench: Bench) -> None:
    run, weights, copies = bench.run(pace=Pace(fps=10)), np.zeros(4), 0

    class Tensor:
        shape = (4,)

        def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
            nonlocal copies
            copies += 1
            return weights

    for step in range(1, 1001):
        bench.clock.now += 0.001
        weights[:] = step
        run.log({"weights": Tensor()})
        run.step_done()
    assert 0 < copies <= len(bench.front_end.frames) + 1
    for frame in bench.front_end.frames:
        value = frame.values["weights"]
        assert value.step == frame.step
        assert value.array.tolist() == [frame.step] * 4
        assert not value.array.flags.writeable


def test_what_is_logged_now_and_then_is_copied_at_its_own_step(bench: Bench) -> None:
    run, weights = bench.run(pace=Pace(fps=10)), np.zeros(2)
    for step in range(1, 1001):
        bench.clock.now += 0.001
        weights[:] = step
        run.log({"loss": 1.0})
        if step % 130 == 0:
            run.log({"weights": weights})
        run.step_done()
    run.finish("finished")
    shown = {
        frame.values["weights"].step: frame.values["weights"].array for frame in bench.front_end.frames if frame.values
    }
    assert sorted(shown) == list(range(130, 1000, 130))
    for step, array in shown.items():
        assert array.tolist() == [step, step]


def test_a_callable_is_called_only_for_a_frame(bench: Bench) -> None:
    calls: list[int] = []
    run = bench.run(pace=Pace(fps=10))

    def image() -> np.ndarray:
        calls.append(run.step)
        return np.ones((3, 3))

    bench.train(run, 1000, picture=image, depth=lambda: 7.0)
    assert len(calls) <= len(bench.front_end.frames) + 1
    assert bench.front_end.frames[-1].values["picture"].array.shape == (3, 3)
    assert run.history["depth"].last == (bench.front_end.frames[-1].step, 7.0)


def test_log_after_the_end(bench: Bench) -> None:
    run = bench.run()
    run.finish("finished")
    with pytest.warns(TfwidgetWarning, match=r"log\(loss=...\) came after the run had ended \(finished\)"):
        run.log({"loss": 1.0})


def test_who_counts_the_steps_says_so(bench: Bench) -> None:
    run = bench.run()
    run.at(41, total=100)
    run.step_done()
    assert (run.step, run.total) == (42, 100)
    run.at(50)
    assert (run.step, run.total) == (50, 100)
    run.at(total=None)
    assert (run.step, run.total) == (50, None)


def test_a_loop_in_the_background_says_how_many_steps_it_makes(bench: Bench) -> None:
    run = bench.run()
    bench.train(run, 3)
    with run.loop(10):
        assert (run.looping, run.total) == (True, 13)
    assert not run.looping


# -- commands ----------------------------------------------------------------------------------------------------------


def test_pause_step_resume(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    run = bench.run()
    steps_at_turn: list[tuple[int, str]] = []

    def turn(command: Callable[[], object]) -> Callable[[], None]:
        def note_and_command() -> None:
            steps_at_turn.append((run.step, run.state))
            command()

        return note_and_command

    Hands(bench, monkeypatch, turn(run.advance), turn(lambda: run.advance(3)), turn(run.resume))
    bench.train(run, 2)
    run.pause()
    assert run.state == "running", "a pause takes effect at the next step boundary"
    bench.train(run, 10)
    assert steps_at_turn == [(3, "paused"), (4, "paused"), (7, "paused")]
    assert run.step == 12
    assert run.state == "running"
    run.finish("finished")
    assert list(run.history.events) == [(3, "paused"), (7, "resumed"), (12, "finished")]


def test_where_a_run_stands_still_it_is_drawn_as_a_still_picture(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    run = bench.run()
    Hands(bench, monkeypatch, run.advance, run.resume)
    run.pause()
    bench.train(run, 10, loss=1.0)
    still = [step for step, still in zip(bench.front_end.steps, bench.front_end.still, strict=True) if still]
    assert still == [1, 2]
    assert bench.front_end.alone[-1].state == "running", "the buttons are to change at once"


def test_advance_while_running_pauses_after_so_many_steps(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    run, seen = bench.run(), list[int]()

    def note_and_resume() -> None:
        seen.append(run.step)
        run.resume()

    Hands(bench, monkeypatch, note_and_resume)
    bench.train(run, 1)
    run.advance(2)
    bench.train(run, 10)
    # The step under way ends first.
    assert seen == [4]


def test_many_steps_of_a_paused_run_are_drawn_when_due(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    run = bench.run()
    Hands(bench, monkeypatch, lambda: run.advance(1000), run.resume)
    run.pause()
    bench.train(run, 1001, loss=1.0)
    assert len(bench.front_end.frames) == pytest.approx(30, abs=3)
    assert bench.front_end.steps[-1] == 1001
    assert bench.front_end.still[-1]


def test_stop_while_paused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    run = bench.run()
    Hands(bench, monkeypatch, run.stop)
    run.pause()
    assert bench.train(run, 10) == 1
    assert run.stopping


def test_a_run_that_is_paused_before_its_first_step(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    run = bench.run()
    assert run.before_first_step()
    run.pause()
    Hands(bench, monkeypatch, run.stop)
    assert not run.before_first_step()
    assert (run.step, bench.front_end.steps) == (0, [0])


def test_a_paused_run_draws_what_became_possible_and_keeps_draining(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, drained = bench.run(), list[int]()
    bench.train(run, 1)

    def acknowledge() -> None:
        bench.front_end.is_ready = True
        bench.mailbox.post(lambda: drained.append(run.step))

    Hands(bench, monkeypatch, acknowledge, lambda: None, run.resume)
    bench.front_end.is_ready = False
    run.pause()
    bench.train(run, 1)
    assert drained == [2]
    assert bench.front_end.steps == [1, 2]
    assert [status.state for status in bench.front_end.alone] == ["paused", "running"]


def test_at_a_pause_a_step_that_was_drawn_already_is_drawn_once_more(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = bench.run()
    bench.train(run, 1)
    Hands(bench, monkeypatch, lambda: None, run.resume)
    run.pause()
    run.tick()
    assert bench.front_end.steps == [1, 1]
    assert bench.front_end.still == [False, True]


def test_what_is_changed_by_hand_during_a_pause_is_marked_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = bench.run()
    Hands(bench, monkeypatch, lambda: run.note("rate = 1", changed="rate"), run.resume)
    run.pause()
    bench.train(run, 1)
    assert [list(frame.marks) for frame in bench.front_end.frames] == [[], [1]]


def test_after_a_pause_a_frame_is_due(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    run = bench.run()
    bench.train(run, 1, loss=1.0)
    Hands(bench, monkeypatch, run.resume)
    run.pause()
    bench.train(run, 1, loss=1.0)
    frames = len(bench.front_end.frames)
    bench.train(run, 1, loss=1.0)
    assert len(bench.front_end.frames) == frames + 1


def test_pauses_do_not_count_as_training_time(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    run = bench.run()

    def long_pause() -> None:
        bench.clock.now += 1000
        run.resume()

    Hands(bench, monkeypatch, long_pause)
    run.pause()
    bench.train(run, 10, seconds=1.0)
    assert run.status.elapsed == pytest.approx(10)
    assert run.status.steps_per_second == pytest.approx(1)


def test_a_command_takes_effect_at_the_next_step_boundary_though_no_frame_is_due(bench: Bench) -> None:
    run, done = bench.run(), list[int]()
    bench.train(run, 100)
    bench.mailbox.post(lambda: done.append(run.step))
    bench.train(run, 1)
    assert done == [101]
    run.command(lambda: done.append(run.step))
    assert done == [101, 101]
    run.stop("enough")
    assert bench.train(run, 10) == 1


def test_commands_of_another_thread_are_posted(bench: Bench) -> None:
    run = bench.run()
    thread = threading.Thread(target=run.stop)
    thread.start()
    thread.join()
    assert not run.stopping
    assert not run.step_done()


@pytest.mark.parametrize("steps", [0, -1, 1.5, "2"])
def test_advance_checks_its_argument(bench: Bench, steps: int) -> None:
    with pytest.raises(ValueError, match="advance: steps must be a positive integer"):
        bench.run().advance(steps)


def test_to_rest_is_the_end_of_a_step_and_takes_its_time(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(timeout: float | None = None) -> bool:
        bench.clock.now += min(timeout or 0.0, 0.1)
        return True

    monkeypatch.setattr(bench.mailbox, "wait", wait)
    run, began = bench.run(), bench.clock.now
    run.log({"loss": 1.0})
    run.rest(0.5)
    assert bench.clock.now - began == pytest.approx(0.5)
    assert run.history["loss"].last == (run.step, 1.0) == (1, 1.0)
    with run.loop(None):
        run.rest(0.5)
    assert run.step == 1, "a loop makes the steps"
    run.stop()
    run.rest(1000.0)
    assert bench.clock.now - began == pytest.approx(1.0)


# -- other threads -----------------------------------------------------------------------------------------------------


def test_log_of_another_thread_copies_and_posts(bench: Bench) -> None:
    run, array = bench.run(), np.zeros(3)

    def work() -> None:
        run.log({"weights": array, "loss": 1.5})
        array[:] = 9

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert "loss" not in run.history
    bench.train(run, 2, seconds=0.1)
    assert bench.front_end.frames[-1].values["weights"].array.tolist() == [0, 0, 0]
    assert run.history["loss"].values.tolist() == [1.5]


def test_tick_of_another_thread_waits_while_the_run_is_paused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    run, ticked = bench.run(), threading.Event()

    def work() -> None:
        run.tick()
        ticked.set()

    thread = threading.Thread(target=work)

    def begin() -> None:
        thread.start()
        assert not ticked.wait(0.05)

    Hands(bench, monkeypatch, begin, run.resume)
    run.pause()
    bench.train(run, 1)
    assert ticked.wait(10)
    thread.join()


# -- outcome -----------------------------------------------------------------------------------------------------------


def test_exactly_one_outcome_and_the_last_values_are_drawn(bench: Bench) -> None:
    run = bench.run()
    bench.train(run, 1, loss=1.0)
    bench.front_end.is_ready = False
    bench.train(run, 1, loss=2.0)
    run.finish("finished")
    run.finish("failed", ValueError("too late"))
    assert run.state == "finished"
    assert run.error is None
    assert bench.front_end.steps == [1, 2]
    assert bench.front_end.still == [False, True]
    assert bench.front_end.statuses[-1].state == "finished"
    assert bench.front_end.frames[-1].series["loss"].last == (2, 2.0)
    assert not run.tick()
    assert not run.step_done()


def test_a_loop_that_was_left_has_ended_and_its_outcome_comes_later(bench: Bench) -> None:
    run = bench.run(total=9)
    bench.train(run, 2, seconds=1.0, loss=2.0)
    told: list[str] = []
    run.at_end(lambda: told.append(run.state))
    run.leave()
    shown = len(bench.front_end.statuses)
    run.leave()
    assert len(bench.front_end.statuses) == shown
    assert (run.state, run.stopping, run.stopped_by_user) == ("ended", True, False)
    assert bench.front_end.steps == [1, 2, 2]
    assert bench.front_end.still == [False, False, True]
    assert bench.front_end.statuses[-1].state == "ended"
    assert bench.front_end.statuses[-1].remaining is None
    assert not run.step_done()
    bench.clock.now += 100.0
    run.finish("failed", ValueError("of the user"))
    assert told == ["failed"]
    assert (run.state, run.status.error) == ("failed", "ValueError: of the user")
    assert len(bench.front_end.frames) == 3, "what is in sight needs no new picture"
    assert bench.front_end.alone[-1] == run.status
    assert run.status.elapsed == pytest.approx(2.0)
    assert [event for _, event in run.history.events] == ["failed"]


def test_what_is_logged_after_the_end_is_of_the_last_step(bench: Bench) -> None:
    run = bench.run()
    bench.train(run, 3, loss=1.0)
    run.leave()
    frames = len(bench.front_end.frames)
    for value in (5.0, 6.0):
        run.log_late({"val_loss": value, "weights": np.ones(2)})
    assert len(bench.front_end.frames) == frames
    run.draw_last()
    run.draw_last()
    assert len(bench.front_end.frames) == frames + 1
    assert run.history["val_loss"].last == (3, 6.0)
    assert len(run.history["val_loss"]) == 1, "the newest of each name"
    assert bench.front_end.frames[-1].values["weights"].step == 3
    assert bench.front_end.still[-1]


@pytest.mark.parametrize("how", ["finish", "go on"])
def test_what_was_logged_late_is_not_lost(bench: Bench, how: str) -> None:
    run = bench.run()
    bench.train(run, 3, loss=1.0)
    run.leave()
    run.log_late({"val_loss": 5.0})
    run.finish("finished") if how == "finish" else bench.run(after=run)
    assert run.history["val_loss"].last == (3, 5.0)
    assert bench.front_end.frames[-1].series["loss"].last == (3, 1.0)


def test_a_late_value_of_another_thread_is_copied(bench: Bench) -> None:
    run, array = bench.run(), np.zeros(2)
    run.finish("finished")

    def work() -> None:
        run.log_late({"weights": array})
        array[:] = 9

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    run.draw_last()
    assert bench.front_end.frames[-1].values["weights"].array.tolist() == [0, 0]


@pytest.mark.parametrize(("told", "stopped"), [(True, True), (False, False)])
def test_it_is_known_whether_the_user_has_stopped_a_run(bench: Bench, told: bool, stopped: bool) -> None:
    run = bench.run()
    if told:
        run.stop("enough")
    run.finish("stopped")
    assert run.stopped_by_user == stopped
    assert run.error == ("enough" if told else None)


def test_status(bench: Bench) -> None:
    run = bench.run(total=40)
    bench.front_end.cost = 0.01
    bench.train(run, 10, seconds=0.5, loss=3.0)
    status = run.status
    assert (status.state, status.step, status.total, status.latest) == ("running", 10, 40, {"loss": 3.0})
    assert len(bench.front_end.frames) == 10
    assert status.elapsed == pytest.approx(10 * 0.51)
    rate = 9 / (9 * 0.51 + 0.01)
    assert status.steps_per_second == pytest.approx(rate)
    assert status.remaining == pytest.approx(30 / rate)
    assert status.frames_per_second == pytest.approx(2, abs=0.1)
    assert 0.01 * 7 < status.plotting_share * status.elapsed < 0.0105 * 7, "the first three are exempt"
    assert repr(run) == "<tfwidget run: running, step 10 of 40>"


def test_going_on_from_another_run(bench: Bench) -> None:
    first = bench.run(total=3)
    bench.train(first, 3, loss=1.0, weights=np.ones(3))
    first.finish("finished")
    second = bench.run(total=3, after=first)
    bench.train(second, 2, loss=2.0)
    second.finish("finished")
    assert second.history["loss"].steps.tolist() == [1, 2, 3, 4, 5]
    assert second.status.total == 6
    assert bench.front_end.frames[-1].values["weights"].step == 3


def test_a_run_that_goes_on_from_another_has_its_render_budget(bench: Bench) -> None:
    first = bench.run()
    bench.train_for(first, 61.0, 0.1)
    bench.front_end.cost = 0.03
    bench.train_for(first, 20.0, 0.001)
    first.finish("finished")
    frames = len(bench.front_end.frames)
    second = bench.run(after=first)
    bench.train_for(second, 2.0, 0.001)
    assert len(bench.front_end.frames) - frames == 5, "no frame is exempt again"


@pytest.mark.parametrize("how", ["leave", "finish"])
def test_the_tensors_of_the_training_are_let_go_of(bench: Bench, how: str) -> None:
    class Tensor(np.ndarray):
        pass

    run, tensor = bench.run(), np.ones(3).view(Tensor)
    gone = weakref.ref(tensor)
    bench.train(run, 3, weights=tensor, loss=1.0)
    del tensor
    assert gone() is not None
    run.leave() if how == "leave" else run.finish("finished")
    assert gone() is None
    assert bench.front_end.frames[-1].values["weights"].step == 3


def test_an_interrupt_while_the_last_picture_is_drawn_leaves_nobody_waiting(bench: Bench) -> None:
    run = bench.run()
    told: list[str] = []
    run.at_end(lambda: told.append("ended"))
    run.interrupt()
    bench.front_end.on_draw = run.interrupt
    run.finish("stopped")
    assert told == ["ended"]


def test_the_mailbox_and_recording_are_charged(bench: Bench) -> None:
    run = bench.run()
    bench.train_for(run, 5.0, 0.01)
    before = run.status.plotting_share * run.status.elapsed

    def take(seconds: float) -> None:
        bench.clock.now += seconds

    for _ in range(100):
        bench.mailbox.post(lambda: take(0.002))
        bench.train_for(run, 0.01, 0.01)
    bench.train_for(run, 6.4, 0.01, recording=0.0005)
    spent = run.status.plotting_share * run.status.elapsed - before
    frames = 200e-6 * 30 * 7.4  # at most
    assert 0.2 + 0.32 - 0.05 < spent < 0.2 + 0.32 + frames + 0.05


def test_a_tick_in_another_cell_does_nothing(bench: Bench) -> None:
    run = bench.run(driver=Idle())
    run.pause()
    assert run.tick()
    assert (bench.front_end.statuses, run.is_own) == ([], False)


# -- in the background -------------------------------------------------------------------------------------------------


def test_others_have_their_turn_between_slices_though_no_frame_is_due(bench: Bench) -> None:
    steps_at_turn: list[int] = []

    def training() -> None:
        bench.train(run, 100, seconds=0.003)
        run.finish("finished")

    async def main() -> None:
        task = asyncio.create_task(driver.drive())
        while not task.done():
            await asyncio.sleep(0)
            if not steps_at_turn or steps_at_turn[-1] != run.step:
                steps_at_turn.append(run.step)

    driver = Background(training, clock=bench.clock)
    run = bench.run(driver=driver)
    assert run.in_background
    asyncio.run(main())
    assert run.state == "finished"
    assert steps_at_turn == [*range(7, 100, 7), 100]


def test_what_a_background_run_waits_for_and_its_slow_steps_are_told(bench: Bench) -> None:
    def training() -> None:
        bench.train(run, 3)
        bench.train(run, 3, seconds=1.0)
        run.finish("finished")

    driver = Background(training, clock=bench.clock)
    driver.waits_for = "the cell to end"
    run = bench.run(driver=driver)
    run.show_status()
    asyncio.run(driver.drive())
    told = [(status.waits_for, status.slow_step) for status in bench.front_end.statuses]
    assert told[0] == ("the cell to end", None)
    assert told[1] == (None, None)
    assert any(slow_step == pytest.approx(1.0, abs=0.01) for _, slow_step in told)


def test_when_it_goes_on_it_says_at_once_that_it_waits_no_longer(bench: Bench) -> None:
    def training() -> None:
        bench.train(run, 20, seconds=0.003)
        run.finish("finished")

    async def main() -> None:
        task = asyncio.create_task(driver.drive())
        for _ in range(3):
            await asyncio.sleep(0)
        assert run.step == 7, "a slice"
        driver.waits_for = "a cell to end"  # nothing is logged, so no frame tells that it has ended
        run.show_status()
        await task

    driver = Background(training, clock=bench.clock)
    run = bench.run(driver=driver)
    asyncio.run(main())
    assert [status.waits_for for status in bench.front_end.alone] == ["a cell to end", None]
