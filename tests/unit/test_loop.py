"""`live`, `log` and `tick` without a kernel: how a loop's run ends, and whose values are whose."""

import gc
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

import tfwidget
from tests.recorder import Recorder
from tests.unit.notebook import Notebook
from tfwidget import session
from tfwidget.errors import RunError, TfwidgetWarning
from tfwidget.jupyter import owner

Cell = Callable[[Recorder], object]


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    notebook = Notebook(monkeypatch)
    yield notebook
    assert notebook.hooks == []
    assert session.begun is None


@pytest.fixture
def plot() -> Recorder:
    return Recorder()


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    left = session.active_runs()
    for run in left:
        run.finish("stopped")
    session.begun = None
    assert left == []


def steps(plot: Recorder, count: int = 20) -> Iterator[int]:
    return tfwidget.live(range(count), plot=plot)


def outcome(plot: Recorder) -> tuple[str, int, object]:
    run = plot.the_run
    return run.state, run.step, run.error


def events(plot: Recorder) -> list[str]:
    return [event for _, event in plot.the_run.history.events]


def recorded(plot: Recorder, name: str) -> tuple[list[int], list[float]]:
    series = plot.the_run.history[name]
    return [int(step) for step in series.steps], [float(value) for value in series.values]


# -- ways out, in order ------------------------------------------------------------------------------------------------


def exhausted(plot: Recorder) -> None:
    for _ in steps(plot):
        pass


def broken(plot: Recorder) -> None:
    for i in steps(plot):
        if i == 7:
            break


def returned(plot: Recorder) -> int | None:
    for i in steps(plot):
        if i == 7:
            return i
    return None


def zipped(plot: Recorder) -> None:
    for _ in zip(steps(plot), range(7), strict=False):
        pass


def listed(plot: Recorder) -> None:
    list(zip(steps(plot), range(7), strict=False))


def sliced(plot: Recorder) -> None:
    for _ in itertools.islice(steps(plot), 8):
        pass


def handed_on(plot: Recorder) -> None:
    for i in handing_on(steps(plot)):
        if i == 7:
            break


def handing_on(iterable: Iterable[int]) -> Iterator[int]:
    yield from (i for i in iterable)


def stopped(plot: Recorder) -> None:
    for i in steps(plot):
        if i == 7:
            plot.the_run.stop()


def caught(plot: Recorder) -> None:
    try:
        for i in steps(plot):
            1 / (7 - i)
    except ZeroDivisionError:
        pass


def caught_interrupt(plot: Recorder) -> None:
    try:
        for i in steps(plot):
            if i == 7:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass


@pytest.mark.parametrize(
    ("cell", "state", "made"),
    [
        (exhausted, "finished", 20),
        (broken, "stopped", 7),
        (returned, "stopped", 7),
        (zipped, "stopped", 7),
        (listed, "stopped", 7),
        (sliced, "stopped", 7),
        (handed_on, "stopped", 7),
        (stopped, "stopped", 8),
        (caught, "stopped", 7),
        (caught_interrupt, "stopped", 7),
    ],
)
def test_a_cell_that_ends_well(notebook: Notebook, plot: Recorder, cell: Cell, state: str, made: int) -> None:
    assert notebook.run(lambda: cell(plot)) is None
    assert outcome(plot) == (state, made, None)
    assert events(plot) == [state]
    assert plot.statuses[-1].state == state
    assert plot.published == [state]


def test_a_loop_that_was_left_reads_ended_until_the_cell_ends(notebook: Notebook, plot: Recorder) -> None:
    seen: list[object] = []

    def cell() -> None:
        for i in steps(plot):
            tfwidget.log(loss=i)
            if i == 7:
                break
        seen.append((plot.the_run.state, plot.statuses[-1].state, plot.frames[-1].step))
        seen.append((session.active_runs(), events(plot), list(plot.published)))

    notebook.run(cell)
    assert seen == [("ended", "ended", 7), ([], [], [])]
    assert outcome(plot) == ("stopped", 7, None)


def test_a_loop_that_is_not_left_ends_with_its_cell(notebook: Notebook, plot: Recorder) -> None:
    loops = []

    def cell() -> None:
        loops.append(steps(plot))
        next(loops[0])
        next(loops[0])

    notebook.run(cell)
    assert outcome(plot) == ("stopped", 1, "the cell ended before the training did")
    assert list(loops[0]) == []
    assert outcome(plot)[0] == "stopped"


def test_where_no_cell_runs_it_is_decided_at_once(plot: Recorder) -> None:
    broken(plot)
    assert outcome(plot) == ("stopped", 7, None)


# -- ways out by an exception ------------------------------------------------------------------------------------------


def raised(plot: Recorder) -> None:
    for i in steps(plot):
        1 / (7 - i)


def raised_in_a_function(plot: Recorder) -> None:
    raised(plot)


def let_pass(plot: Recorder) -> None:
    for i in steps(plot):
        try:
            1 / (7 - i)
        except ZeroDivisionError:
            tfwidget.tick()
            raise


def let_pass_by_finally(plot: Recorder) -> None:
    for i in steps(plot):
        try:
            1 / (7 - i)
        finally:
            tfwidget.tick()
            tfwidget.tick()


def raised_in_a_with(plot: Recorder) -> None:
    for i in steps(plot):
        with threading.Lock():
            1 / (7 - i)


def raised_in_map(plot: Recorder) -> None:
    list(map((1).__truediv__, map((7).__sub__, steps(plot))))


def raised_in_a_comprehension(plot: Recorder) -> None:
    [
        1 / (7 - i)
        for i in steps(plot)
    ]  # fmt: skip


def raised_in_a_sum(plot: Recorder) -> None:
    sum(1 / (7 - i) for i in steps(plot))


def raised_behind_a_generator(plot: Recorder) -> None:
    for i in handing_on(steps(plot)):
        1 / (7 - i)


def raised_by_another_iterable(plot: Recorder) -> None:
    for _ in zip(steps(plot), (1 / (7 - i) for i in range(20)), strict=True):
        pass


def raised_by_its_iterable(plot: Recorder) -> None:
    for _ in tfwidget.live((1 / (7 - i) for i in range(20)), plot=plot):
        pass


def raised_in_the_second_epoch(plot: Recorder) -> None:
    for n in (9, 2):
        for i in steps(plot, 5):
            1 / (n - i)


@pytest.mark.parametrize(
    "cell",
    [
        raised,
        raised_in_a_function,
        let_pass,
        let_pass_by_finally,
        raised_in_a_with,
        raised_in_map,
        raised_in_a_comprehension,
        raised_in_a_sum,
        raised_behind_a_generator,
        raised_by_another_iterable,
        raised_by_its_iterable,
        raised_in_the_second_epoch,
    ],
)
def test_an_exception_that_ends_loop_and_cell(notebook: Notebook, plot: Recorder, cell: Cell) -> None:
    error = notebook.run(lambda: cell(plot))
    assert isinstance(error, ZeroDivisionError)
    assert outcome(plot) == ("failed", 7, error)
    assert [event for event in events(plot) if event != "finished"] == ["failed"]
    assert plot.statuses[-1].error == "ZeroDivisionError: division by zero"
    assert plot.published == ["failed"]


def raised_after(plot: Recorder) -> None:
    broken(plot)
    raise LookupError


def raised_after_a_loop_of_the_same_function(plot: Recorder) -> None:
    for i in steps(plot):
        if i == 7:
            break
    raise LookupError


def raised_before_the_next_epoch(plot: Recorder) -> None:
    for epoch in range(2):
        if epoch:
            raise LookupError
        for i in steps(plot):
            if i == 7:
                break


def raised_instead(plot: Recorder) -> None:
    try:
        caught(plot)
    finally:
        raise LookupError


@pytest.mark.parametrize(
    "cell",
    [raised_after, raised_after_a_loop_of_the_same_function, raised_before_the_next_epoch, raised_instead],
)
def test_an_exception_after_the_loop_is_not_its_own(notebook: Notebook, plot: Recorder, cell: Cell) -> None:
    assert isinstance(notebook.run(lambda: cell(plot)), LookupError)
    assert outcome(plot) == ("stopped", 7, None)


def test_an_interrupt_in_a_step(notebook: Notebook, plot: Recorder) -> None:
    def cell() -> None:
        for i in steps(plot):
            if i == 7:
                raise KeyboardInterrupt

    notebook.run(cell)
    assert outcome(plot) == ("stopped", 7, "interrupted")


def test_an_interrupt_between_two_steps(notebook: Notebook, plot: Recorder) -> None:
    def interrupt(*_: object) -> None:
        plot.on_status = lambda run, status: None
        raise KeyboardInterrupt

    def cell() -> None:
        for i in steps(plot):
            if i == 7:
                plot.on_status = interrupt
                plot.the_run.pause()

    assert isinstance(notebook.run(cell), KeyboardInterrupt)
    assert outcome(plot) == ("stopped", 8, "interrupted")


def test_a_cell_that_fails_while_the_loop_goes_on(notebook: Notebook, plot: Recorder) -> None:
    loops = []

    def cell() -> None:
        loops.append(steps(plot))
        next(loops[0])
        raise LookupError("elsewhere")

    error = notebook.run(cell)
    assert outcome(plot) == ("failed", 0, error)


def test_a_loop_dropped_on_another_thread_ends_on_the_owners(notebook: Notebook, plot: Recorder) -> None:
    seen: list[object] = []

    def cell() -> None:
        loops = [steps(plot)]
        next(loops[0])
        thread = threading.Thread(target=loops.clear)
        thread.start()
        thread.join()
        shown = len(plot.statuses)
        seen.append((plot.the_run.state, shown))
        owner.mailbox.drain()
        seen.append((plot.the_run.state, len(plot.statuses) > shown))

    notebook.run(cell)
    assert seen[0][0] == "running"  # type: ignore[index]
    assert seen[1] == ("ended", True)


# -- loops after loops -------------------------------------------------------------------------------------------------


def test_a_loop_at_the_same_place_goes_on(notebook: Notebook, plot: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "new_plot", lambda: plot)
    runs = []

    def cell() -> None:
        for _ in range(3):
            for i in tfwidget.live(range(10)):
                if i == 4:
                    break
                tfwidget.log(loss=i)
            runs.append(plot.the_run)

    notebook.run(cell)
    assert [(run.state, run.step) for run in runs] == [("stopped", 4), ("stopped", 8), ("stopped", 12)]
    assert recorded(plot, "loss")[0] == list(range(1, 13))
    assert events(plot) == ["stopped"] * 3


def test_what_a_user_has_stopped_does_not_go_on(notebook: Notebook, plot: Recorder) -> None:
    made: list[int] = []

    def cell() -> None:
        for epoch in range(3):
            for i in steps(plot, 5):
                made.append(i)
                if epoch == i == 1:
                    plot.the_run.stop()

    notebook.run(cell)
    assert made == [0, 1, 2, 3, 4, 0, 1]
    assert outcome(plot) == ("stopped", 7, None)


def test_a_loop_that_was_left_when_it_was_to_stop_does_not_go_on(notebook: Notebook, plot: Recorder) -> None:
    made: list[int] = []

    def cell() -> None:
        for epoch in range(3):
            for i in steps(plot, 5):
                made.append(i)
                if epoch == i == 1:
                    plot.the_run.stop()
                    break

    notebook.run(cell)
    assert made == [0, 1, 2, 3, 4, 0, 1]
    assert outcome(plot) == ("stopped", 6, None)


def test_another_loop_is_another_run(notebook: Notebook) -> None:
    plots = Recorder(), Recorder()
    seen: list[str] = []

    def cell() -> None:
        broken(plots[0])
        seen.append(plots[0].the_run.state)
        seen.extend(plots[0].the_run.state for _ in steps(plots[1], 3))

    assert notebook.run(cell) is None
    assert seen == ["ended", "stopped", "stopped", "stopped"]
    assert [outcome(plot)[:2] for plot in plots] == [("stopped", 7), ("finished", 3)]


def test_a_loop_inside_a_loop_is_refused(notebook: Notebook, plot: Recorder) -> None:
    def cell() -> None:
        for _ in steps(plot):
            for _ in tfwidget.live(range(3)):
                pass

    error = notebook.run(cell)
    assert isinstance(error, RunError)
    assert "inside another one" in str(error)
    assert outcome(plot) == ("failed", 0, error)


def test_two_loops_at_once_are_refused(notebook: Notebook, plot: Recorder) -> None:
    def cell() -> None:
        for _ in zip(steps(plot, 5), steps(plot, 5), strict=True):
            pass

    error = notebook.run(cell)
    assert isinstance(error, RunError)
    assert outcome(plot) == ("failed", 0, error)


def test_a_loop_on_another_thread_is_refused() -> None:
    errors: list[BaseException] = []

    def work() -> None:
        try:
            tfwidget.live(range(3))
        except RunError as error:
            errors.append(error)

    thread = threading.Thread(target=work, name="trainer")
    thread.start()
    thread.join()
    assert "'trainer'" in str(errors[0])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((5,), "iterable must be something to loop over"),
        ((range(5), -1), "total must be a number of steps"),
        ((range(5), "5"), "total must be a number of steps"),
        ((range(5), None, 5), "plot must be a tfwidget.LivePlot, got 5"),
    ],
)
def test_what_cannot_be_looped_over(arguments: tuple[Any, ...], says: str) -> None:
    options = dict(zip(("total", "plot"), arguments[1:], strict=False))
    with pytest.raises(TypeError, match=f"live: {says}"):
        tfwidget.live(arguments[0], **options)


# -- what is logged ----------------------------------------------------------------------------------------------------


def test_values_after_a_loop_are_of_its_last_step(notebook: Notebook, plot: Recorder) -> None:
    def cell() -> None:
        for epoch in range(3):
            for i in steps(plot, 10):
                tfwidget.log(loss=i)
            for n in range(3):
                tfwidget.log(val_loss=epoch + n / 10)

    notebook.run(cell)
    assert outcome(plot) == ("finished", 30, None)
    assert recorded(plot, "val_loss") == ([10, 20, 30], [0.2, 1.2, 2.2])
    assert plot.frames[-1].series["val_loss"].last == (30, 2.2)
    with pytest.warns(TfwidgetWarning, match="outside a run"):
        tfwidget.log(val_loss=1.0)


def test_values_after_a_loop_that_was_left_change_no_outcome(notebook: Notebook, plot: Recorder) -> None:
    def cell() -> None:
        broken(plot)
        tfwidget.log(accuracy=0.5)

    notebook.run(cell)
    assert outcome(plot) == ("stopped", 7, None)
    assert recorded(plot, "accuracy") == ([7], [0.5])
    assert events(plot) == ["stopped"]


def test_values_are_of_the_loop_before_them(notebook: Notebook) -> None:
    plots = Recorder(), Recorder()

    def cell() -> None:
        for plot, value in zip(plots, (0.5, 0.25), strict=True):
            exhausted(plot)
            tfwidget.log(accuracy=value)

    notebook.run(cell)
    assert [recorded(plot, "accuracy") for plot in plots] == [([20], [0.5]), ([20], [0.25])]


def test_another_thread_logs_after_the_loop(notebook: Notebook, plot: Recorder) -> None:
    def cell() -> None:
        exhausted(plot)
        thread = threading.Thread(target=lambda: tfwidget.log(worker=4.0))
        thread.start()
        thread.join()

    notebook.run(cell)
    assert recorded(plot, "worker") == ([20], [4.0])


def test_log_outside_a_run_warns() -> None:
    with pytest.warns(TfwidgetWarning, match=r"log\(loss=..., accuracy=...\) was called outside a run"):
        tfwidget.log(loss=1.0, accuracy=0.5)


def test_tick_outside_a_run_hands_messages_over() -> None:
    heard: list[str] = []
    owner.mailbox.post(lambda: heard.append("message"))
    assert tfwidget.tick()
    assert heard == ["message"]


def test_tick_inside_a_step_says_whether_to_stop(notebook: Notebook, plot: Recorder) -> None:
    answers = []

    def cell() -> None:
        for i in steps(plot):
            answers.append(tfwidget.tick())
            if i == 1:
                plot.the_run.stop()
                answers.append(tfwidget.tick())

    notebook.run(cell)
    assert answers == [True, True, False]
    assert outcome(plot) == ("stopped", 2, None)


def test_a_run_that_has_ended_holds_nothing_of_its_cell(notebook: Notebook, plot: Recorder) -> None:
    class Model:
        pass

    counts = []

    def cell() -> None:
        model = Model()
        for i in steps(plot):
            if i == 7:
                break
        counts.append(model is not None)

    notebook.run(cell)
    gc.collect()
    assert counts == [True]
    assert not [thing for thing in gc.get_objects() if isinstance(thing, Model)]
