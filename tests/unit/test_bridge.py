"""The tick, with an injected clock and a fake front end: the whole policy in milliseconds."""

import threading
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

from tests.unit.clock import Clock
from tfwidget.errors import TfwidgetWarning
from tfwidget.jupyter.mailbox import Mailbox
from tfwidget.record import values as snapshot
from tfwidget.record.history import Frame
from tfwidget.run import budget as pace
from tfwidget.run.budget import EXEMPT_FRAMES, TENSOR_INTERVAL, WHOLE_INTERVAL, Pace
from tfwidget.run.run import PENDING_SCALARS, STATUS_INTERVAL, TENSOR_BYTES, Run, Status, current_run


class FrontEnd:
    """Draws at a price, and acknowledges when told to."""

    def __init__(self, clock: Clock, cost: float = 0.0) -> None:
        self.clock, self.cost = clock, cost
        self.is_ready = True
        self.frames: list[Frame] = []
        self.statuses: list[Status] = []
        self.fault: Exception | None = None
        self.grows = False  # where it was appended to
        self.grown = 0

    def ready(self) -> bool:
        return self.is_ready

    def append(self) -> bool:
        self.grown += self.grows
        return self.grows

    def draw(self, frame: Frame) -> None:
        self.clock.now += self.cost
        if self.fault is not None:
            raise self.fault
        self.frames.append(frame)

    def show_status(self, status: Status) -> None:
        self.statuses.append(status)

    def publish_picture(self) -> None:
        pass

    @property
    def steps(self) -> list[int]:
        return [frame.step for frame in self.frames]


class Bench:
    def __init__(self) -> None:
        self.clock = Clock()
        self.front_end = FrontEnd(self.clock)
        self.mailbox = Mailbox(lambda: None, lambda error: pytest.fail(repr(error)))
        self.runs: list[Run] = []

    def run(self, **options: object) -> Run:
        run = Run(self.front_end, self.mailbox, clock=self.clock, **options)
        self.runs.append(run)
        return run

    def train(self, run: Run, steps: int, seconds: float = 0.001, **values: object) -> int:
        """Make steps until the run is to end; return how many were made."""
        for made in range(steps):
            self.clock.now += seconds
            if values:
                run.log(values)
            if not run.step_done():
                return made + 1
        return steps


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(pace, "AFTERMATH", 0.0)  # a frame costs what the front end takes for it
    bench = Bench()
    yield bench
    for run in bench.runs:
        run.finish("stopped")
    assert current_run() is None


# -- frames ------------------------------------------------------------------------------------------------------------


def test_the_first_step_is_drawn_at_once(bench: Bench) -> None:
    run = bench.run()
    bench.train(run, 1, loss=2.5)
    assert bench.front_end.steps == [1]
    assert run.history["loss"].last == (1, 2.5)


def test_what_is_done_at_each_step_is_counted(bench: Bench) -> None:
    run = bench.run()
    bench.front_end.is_ready = False
    ready = bench.front_end.ready

    def slow_ready() -> bool:
        bench.clock.now += 0.001
        return ready()

    bench.front_end.ready = slow_ready
    budget = run._budget
    before = budget.overhead
    bench.train(run, 1)
    assert budget.overhead - before == 0, "it is a frame's"
    budget.due = bench.clock.now + 100
    run.log({"weights": np.zeros(3)})
    bench.train(run, 3)
    run._keep_rare = lambda: setattr(bench.clock, "now", bench.clock.now + 0.25)
    run.log({"other": np.zeros(3)})
    bench.train(run, 1)
    assert budget.overhead - before == pytest.approx(0.25)


def test_what_logging_costs_is_counted(bench: Bench) -> None:
    def fetch(values: Sequence[object]) -> list[float]:
        bench.clock.now += 0.25
        return snapshot.fetch(values)

    run = bench.run(fetch=fetch)
    for _ in range(PENDING_SCALARS + 1):
        run.log({"loss": 1.0})
    assert run._budget.overhead == pytest.approx(0.25)


def test_frames_and_messages_are_charged_to_the_render_budget(bench: Bench) -> None:
    bench.mailbox.handling = 1000.0  # another run's
    run = bench.run(pace=Pace(budget=0.04))
    bench.front_end.cost = 0.002
    bench.train(run, 1000, seconds=0.01)
    began, frames, spent = bench.clock.now, len(bench.front_end.frames), run._budget.spent
    for _ in range(60_000):
        bench.mailbox.handling += 0.000016
        bench.train(run, 1)
    elapsed = bench.clock.now - began
    drawn = 0.002 * (len(bench.front_end.frames) - frames)
    assert drawn == pytest.approx(0.024 * elapsed, rel=0.05)
    assert run._budget.spent - spent == pytest.approx(drawn + 60_000 * 0.000016, rel=0.02)
    assert run.status.plotting_share == pytest.approx(0.04, rel=0.02)


@pytest.mark.parametrize(
    ("values", "interval"),
    [({"loss": 2.0}, WHOLE_INTERVAL), ({"loss": 2.0, "weights": np.zeros(3)}, TENSOR_INTERVAL)],
)
def test_between_whole_frames_it_only_appends(bench: Bench, values: dict[str, object], interval: float) -> None:
    run = bench.run()
    bench.train(run, 3000, seconds=0.01, loss=1.0)
    whole = len(bench.front_end.frames)
    bench.front_end.grows = True
    began = bench.clock.now
    bench.train(run, 10_000, **values)
    took = bench.clock.now - began
    assert len(bench.front_end.frames) - whole == pytest.approx(took / interval, rel=0.25)
    assert bench.front_end.grown > 10 * took
    whole = len(bench.front_end.frames)
    run.finish("finished")
    assert len(bench.front_end.frames) == whole + 1, "the last one is whole"
    assert run.history["loss"].last == (13_000, 2.0)


def test_the_numbers_come_at_a_pace_of_their_own(bench: Bench) -> None:
    run = bench.run()
    bench.train(run, 100, loss=1.0)
    told = len(bench.front_end.statuses)
    bench.train(run, 10_000, loss=1.0)
    assert len(bench.front_end.statuses) - told == pytest.approx(10 / STATUS_INTERVAL, abs=1)
    assert bench.front_end.statuses[-1].frames_per_second == pytest.approx(60, abs=3)


def test_the_first_frames_are_exempt(bench: Bench) -> None:
    run = bench.run()
    bench.front_end.cost = 0.5
    bench.train(run, EXEMPT_FRAMES, seconds=0.001)
    assert bench.front_end.steps == [1, 2, 3]
    assert run.status.plotting_share == 0
    bench.train(run, 100, seconds=0.1)
    assert len(bench.front_end.frames) == EXEMPT_FRAMES + 1


def test_the_first_frames_and_the_last_come_with_the_numbers(bench: Bench) -> None:
    run = bench.run()
    bench.train(run, 10, seconds=STATUS_INTERVAL / 20)
    assert [status.step for status in bench.front_end.statuses] == [1, 2, 3]
    run.finish("finished")
    assert [status.step for status in bench.front_end.statuses] == [1, 2, 3, 10]


def test_a_front_end_that_is_not_ready_is_asked_at_the_frame_rate(bench: Bench) -> None:
    run, asked = bench.run(pace=Pace(fps=10)), []
    bench.front_end.ready = lambda: asked.append(bench.clock.now)
    bench.train(run, 10_000)
    assert 95 <= len(asked) <= 101


def test_no_frame_is_drawn_before_the_last_is_acknowledged_and_the_newest_wins(bench: Bench) -> None:
    run = bench.run()
    bench.train(run, 1, loss=1.0)
    bench.front_end.is_ready = False
    bench.train(run, 500, loss=1.0)
    assert bench.front_end.steps == [1]
    bench.front_end.is_ready = True
    bench.train(run, 100, loss=1.0)
    assert bench.front_end.steps[1] > 500
    assert len(run.history["loss"]) == run.step


def test_a_failing_plot_does_not_end_the_training(bench: Bench) -> None:
    run = bench.run()
    bench.front_end.fault = ValueError("no ink")
    with pytest.warns(TfwidgetWarning, match="the run goes on: ValueError: no ink") as warned:
        assert bench.train(run, 200, loss=1.0) == 200
    assert len(warned) == 1
    bench.front_end.fault = None
    bench.train(run, 5_000, loss=1.0)
    assert bench.front_end.frames
    assert len(run.history["loss"]) > 200


# -- snapshots ---------------------------------------------------------------------------------------------------------


def test_every_scalar_is_kept_though_few_frames_are_drawn(bench: Bench) -> None:
    run = bench.run()
    for step in range(10_000):
        bench.clock.now += 0.001
        run.log({"loss": float(step), "accuracy": np.float32(step)})
        run.step_done()
    run.finish("finished")
    assert len(bench.front_end.frames) < 700
    assert run.history["loss"].steps.tolist() == list(range(1, 10_001))
    assert run.history["loss"].values.tolist() == list(range(10_000))
    assert run.history["accuracy"].values.tolist() == list(range(10_000))


def test_scalars_are_fetched_together_and_not_held_without_bound(bench: Bench) -> None:
    fetched: list[int] = []

    def fetch(values: object) -> list[float]:
        fetched.append(len(values))
        return snapshot.fetch(values)

    run = bench.run(fetch=fetch)
    bench.train(run, 1, loss=1.0)
    bench.front_end.is_ready = False
    bench.train(run, 3 * PENDING_SCALARS, loss=1.0)
    assert fetched == [1, PENDING_SCALARS + 1, PENDING_SCALARS + 1]


def test_a_large_tensor_is_copied_only_for_a_frame_and_from_its_own_step(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies: list[str] = []
    freeze = snapshot.freeze

    def counted(name: str, value: object) -> snapshot.Array:
        copies.append(name)
        return freeze(name, value)

    monkeypatch.setattr(snapshot, "freeze", counted)
    run, weights = bench.run(pace=Pace(fps=10)), np.zeros(4)
    for step in range(1, 1001):
        bench.clock.now += 0.001
        weights[:] = step
        run.log({"weights": weights})
        run.step_done()
    assert len(copies) <= len(bench.front_end.frames) + 1
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


def test_wrappers_say_the_kind(bench: Bench) -> None:
    run = bench.run()
    logged = snapshot.Logged(np.ones((9, 9)), "histogram", {"bins": 5})
    bench.train(run, 1, weights=logged, loss=snapshot.Logged(2.0, "line"), late=lambda: logged)
    values = bench.front_end.frames[-1].values
    assert (values["weights"].kind, values["weights"].options) == ("histogram", {"bins": 5})
    assert values["late"].kind == "histogram"
    assert run.history["loss"].last == (1, 2.0)


# -- bad input: the training goes on -----------------------------------------------------------------------------------


class Ragged:
    shape = (2, None)

    def numpy(self) -> None:
        raise ValueError("ragged")


def fails() -> None:
    raise ZeroDivisionError("in the user's callable")


class Huge:
    shape = (TENSOR_BYTES // 4 + 1,)
    dtype = np.dtype("float32")

    def __array__(self, *args: object) -> np.ndarray:
        raise AssertionError("it was copied")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Ragged(), "ragged"),
        (np.array(["a", "b"]), "numbers"),
        ([[1, 2], [3]], "numbers"),
        (fails, "ZeroDivisionError: in the user's callable"),
        (Huge(), "tensors above 256 MB are not copied"),
        ("text", "numbers"),
        (None, "numbers"),
        (np.array([1j, 2j]), "complex"),
    ],
)
def test_a_bad_value_says_so_in_its_place(bench: Bench, value: object, text: str) -> None:
    run = bench.run()
    assert bench.train(run, 3, seconds=0.1, bad=value, loss=1.0) == 3
    frame = bench.front_end.frames[-1]
    assert text in frame.errors["bad"]
    assert "bad" not in frame.values
    assert len(frame.series["loss"]) == 3
    bench.train(run, 1, seconds=0.1, bad=np.ones(3))
    assert "bad" not in bench.front_end.frames[-1].errors


def test_a_scalar_that_becomes_something_else(bench: Bench) -> None:
    run = bench.run()
    bench.train(run, 1, seconds=0.1, loss=1.0)
    bench.train(run, 1, seconds=0.1, loss=np.ones(3))
    bench.train(run, 1, seconds=0.1, loss=3.0)
    assert "loss" in bench.front_end.frames[1].errors
    np.testing.assert_array_equal(run.history["loss"].values, [1, np.nan, 3])


@pytest.mark.parametrize("name", [5, "", None])
def test_a_name_that_is_no_string(bench: Bench, name: object) -> None:
    run = bench.run()
    with pytest.warns(TfwidgetWarning, match="a name must be a non-empty string"):
        run.log({name: 1.0, "loss": 2.0})
    run.step_done()
    assert list(run.history) == ["loss"]


def test_log_after_the_end(bench: Bench) -> None:
    run = bench.run()
    run.finish("finished")
    with pytest.warns(TfwidgetWarning, match=r"log\(loss=...\) came after the run had ended"):
        run.log({"loss": 1.0})


# -- commands ----------------------------------------------------------------------------------------------------------


class Hands:
    """Gives commands while the run waits: each `Mailbox.wait` of the paused run is one turn."""

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


def test_pause_step_resume(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    run, steps_at_turn = bench.run(), []

    def turn(command: Callable[[], None]) -> Callable[[], None]:
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


def test_advance_while_running_pauses_after_so_many_steps(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    run, seen = bench.run(), []
    Hands(bench, monkeypatch, lambda: (seen.append(run.step), run.resume()))
    bench.train(run, 1)
    run.advance(2)
    bench.train(run, 10)
    # The step under way ends first.
    assert seen == [4]


def test_stop_while_paused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    run = bench.run()
    Hands(bench, monkeypatch, run.stop)
    run.pause()
    assert bench.train(run, 10) == 1
    assert run.stopping


def test_a_paused_run_draws_what_became_possible_and_keeps_draining(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, drained = bench.run(), []
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
    assert bench.front_end.statuses[-1].state == "running"


def test_at_a_pause_a_step_that_was_drawn_already_is_drawn_once_more(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = bench.run()
    bench.train(run, 1)
    assert bench.front_end.steps == [1]
    bench.front_end.is_ready = False

    def become_ready() -> None:
        bench.front_end.is_ready = True

    Hands(bench, monkeypatch, become_ready, lambda: None, run.resume)
    run.pause()
    run.tick()
    assert bench.front_end.steps == [1, 1]


def test_after_a_pause_a_frame_is_due(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    run = bench.run()
    bench.train(run, 1)
    run._budget.due = bench.clock.now + 100
    Hands(bench, monkeypatch, run.resume)
    run.pause()
    bench.train(run, 1)
    frames = len(bench.front_end.frames)
    bench.train(run, 1)
    assert len(bench.front_end.frames) == frames + 1 == run._budget.frames


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


def test_commands_of_another_thread_are_posted(bench: Bench) -> None:
    run = bench.run()
    thread = threading.Thread(target=run.stop)
    thread.start()
    thread.join()
    assert not run.stopping
    assert not run.step_done()


@pytest.mark.parametrize("steps", [0, -1, 1.5, "2"])
def test_advance_checks_its_argument(bench: Bench, steps: object) -> None:
    with pytest.raises(ValueError, match="advance: steps must be a positive integer"):
        bench.run().advance(steps)


# -- other threads -----------------------------------------------------------------------------------------------------


def test_log_of_another_thread_copies_and_posts(bench: Bench) -> None:
    run, array = bench.run(), np.zeros(3)

    def work() -> None:
        run.log({"weights": array, "loss": 1.5})
        array[:] = 9

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    bench.train(run, 1)
    assert "loss" not in run.history or len(run.history["loss"]) == 1
    bench.train(run, 1)
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
    assert bench.front_end.statuses[-1].state == "finished"
    assert bench.front_end.frames[-1].series["loss"].last == (2, 2.0)
    assert not run.tick()


def test_a_failure_can_be_explained_later(bench: Bench) -> None:
    run = bench.run()
    run.finish("failed", "an exception in the loop's body")
    run.explain(ValueError("of the user"))
    assert run.status.error == "ValueError: of the user"
    run.explain(ValueError("another"))
    assert run.status.error == "ValueError: of the user"


def test_status(bench: Bench) -> None:
    run = bench.run(total=40)
    bench.front_end.cost = 0.01
    bench.train(run, 10, seconds=0.5, loss=3.0)
    status = run.status
    assert (status.state, status.step, status.total, status.latest) == ("running", 10, 40, {"loss": 3.0})
    counted = len(bench.front_end.frames) - EXEMPT_FRAMES
    assert status.steps_per_second == pytest.approx(9 / (9 * 0.5 + 0.01 * len(bench.front_end.frames)))
    assert status.remaining == pytest.approx(30 / status.steps_per_second)
    assert status.plotting_share == pytest.approx(0.01 * counted / status.elapsed)
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
    bench.front_end.cost = 0.5
    bench.train(first, EXEMPT_FRAMES + 1)
    first.finish("finished")
    frames, told, paid_at = len(bench.front_end.frames), len(bench.front_end.statuses), bench.clock.now
    second = bench.run(after=first)
    bench.train(second, 1000, seconds=0.01)
    assert len(bench.front_end.frames) == frames, "a debt is paid back first, and no frame is exempt again"
    bench.train(second, 1500, seconds=0.01)
    assert len(bench.front_end.frames) == frames + 1
    assert bench.clock.now - paid_at == pytest.approx(25.5)
    assert bench.front_end.statuses[told].frames_per_second == 0, "its own frames only"


def test_an_interrupt_while_the_last_picture_is_drawn_leaves_nobody_waiting(bench: Bench) -> None:
    run = bench.run()
    told: list[str] = []
    run.at_end(lambda: told.append("ended"))
    run.interrupt()
    draw = bench.front_end.draw
    bench.front_end.draw = lambda frame: (run.interrupt(), draw(frame))  # type: ignore[method-assign]
    run.finish("stopped")
    assert told == ["ended"]
