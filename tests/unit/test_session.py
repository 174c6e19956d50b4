"""Which run is meant, which plots a cell has, and which knobs wait."""

import threading
from collections.abc import Iterator

import pytest

from tests.recorder import Recorder
from tests.unit.notebook import Notebook
from tfwidget import session
from tfwidget.jupyter import owner
from tfwidget.jupyter.mailbox import Mailbox
from tfwidget.run.driver import Background, Blocking
from tfwidget.run.run import Run


class Elsewhere(Blocking):
    """Drives a run that other code makes than what asks."""

    @property
    def active(self) -> bool:
        return False


def fail(error: Exception) -> None:
    raise error


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox(lambda: None, fail)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    left = session.active_runs()
    for run in left:
        session.end(run)
    assert left == []
    assert session.only is None


def begin(mailbox: Mailbox, *, own: bool = True) -> Run:
    plot = Recorder()
    run = Run(plot, mailbox, driver=None if own else Elsewhere(mailbox))
    plot.attach(run)
    session.begin(run)
    return run


# -- runs --------------------------------------------------------------------------------------------------------------


def test_a_run_is_under_way_from_its_beginning_to_its_end(mailbox: Mailbox) -> None:
    assert session.active_runs() == []
    run = begin(mailbox)
    assert session.active_runs() == [run]
    run.finish("finished")
    assert session.active_runs() == []


def test_a_run_that_is_ended_twice(mailbox: Mailbox) -> None:
    run, other = begin(mailbox), begin(mailbox)
    session.end(run)
    run.finish("stopped")
    assert session.active_runs() == [other]
    session.end(other)


def test_the_only_run_is_meant_wherever_it_is_asked_for(mailbox: Mailbox) -> None:
    assert session.current_run() is None
    run = begin(mailbox, own=False)
    assert session.only is run
    assert session.current_run() is run
    assert session.own_run() is None
    session.end(run)
    assert session.current_run() is None


def test_of_several_runs_ones_own_is_meant_else_the_newest(mailbox: Mailbox) -> None:
    first, own, newest = begin(mailbox, own=False), begin(mailbox), begin(mailbox, own=False)
    assert session.only is None
    assert (session.own_run(), session.current_run()) == (own, own)
    session.end(own)
    assert (session.own_run(), session.current_run()) == (None, newest)
    session.end(newest)
    assert session.only is first
    session.end(first)


def test_no_run_is_a_threads_own(mailbox: Mailbox) -> None:
    runs = [begin(mailbox), begin(mailbox)]
    seen: list[object] = []
    thread = threading.Thread(target=lambda: seen.extend([session.own_run(), session.current_run()]))
    thread.start()
    thread.join()
    assert seen == [None, runs[1]]
    for run in runs:
        session.end(run)


def test_a_figure_rests_only_inside_of_a_run(mailbox: Mailbox) -> None:
    assert not owner.rest(0)
    run = begin(mailbox, own=False)
    assert not owner.rest(0)
    session.end(run)
    own = begin(mailbox)
    assert owner.rest(0)
    assert own.step == 1, "where no loop makes the steps, it is the end of one"
    session.end(own)


def test_a_driver_of_the_background_is_no_ones_own_before_it_begins(mailbox: Mailbox) -> None:
    run = Run(Recorder(), mailbox, driver=Background(lambda: None))
    session.begin(run)
    assert session.own_run() is None
    session.end(run)


# -- plots -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Recorder]:
    """The plots that are made."""
    plots: list[Recorder] = []

    def make() -> Recorder:
        plots.append(Recorder())
        return plots[-1]

    monkeypatch.setattr(session, "LivePlot", make)
    return plots


def test_running_a_cell_again_closes_its_earlier_plots(monkeypatch: pytest.MonkeyPatch, made: list[Recorder]) -> None:
    notebook = Notebook(monkeypatch)
    notebook.run(session.new_plot, "another cell")
    for _ in range(2):
        notebook.run(lambda: (session.new_plot(), session.new_plot()), "a cell")
    assert [plot.closed for plot in made] == [False, True, True, False, False]


def test_where_no_cell_is_known_all_plots_stay(made: list[Recorder]) -> None:
    for _ in range(2):
        session.new_plot()
    assert [plot.closed for plot in made] == [False, False]


def test_a_plot_is_shown_at_once_or_later(made: list[Recorder]) -> None:
    session.new_plot(show=False)
    session.new_plot()
    assert [plot.shown for plot in made] == [0, 1]
