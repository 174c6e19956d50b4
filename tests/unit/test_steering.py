"""`knob`: in which plot it appears, and whose place it takes."""

import threading
from collections.abc import Callable, Iterator

import pytest

import tfwidget
from tfwidget import session
from tfwidget.errors import RunError
from tfwidget.jupyter import owner
from tfwidget.run.run import Run
from tfwidget.steering import knob
from tfwidget.widget.knobs import Knob
from tfwidget.widget.liveplot import LivePlot


@pytest.fixture
def plot() -> Iterator[LivePlot]:
    plot = LivePlot((3, 2))
    yield plot
    plot.close()
    owner.mailbox.drain()


@pytest.fixture
def run(plot: LivePlot) -> Iterator[Run]:
    run = Run(plot, owner.mailbox)
    session.begin(run)
    plot.attach(run)
    yield run
    run.finish("stopped")


@pytest.fixture(autouse=True)
def nothing_waits() -> Iterator[None]:
    yield
    left = dict(session.waiting_knobs)
    session.waiting_knobs.clear()
    assert left == {}


def nothing(value: object) -> None:
    pass


def test_during_a_run_it_appears_in_its_plot(run: Run, plot: LivePlot) -> None:
    made = knob("rate", nothing, 0.0, 1.0)
    assert plot.knobs == {"rate": made}
    assert isinstance(made, Knob)


def test_outside_of_a_run_it_waits_for_the_next(plot: LivePlot) -> None:
    knob("rate", nothing, 0, 1)
    other = knob("size", nothing, 0, 1)
    again = knob("rate", nothing, 0, 2)
    assert session.waiting_knobs == {"rate": again, "size": other}
    session.place_knobs(plot)
    assert plot.knobs == {"rate": again, "size": other}
    assert session.waiting_knobs == {}


def test_one_that_is_closed_while_it_waits_is_not_shown(plot: LivePlot) -> None:
    knob("rate", nothing, 0, 1).close()
    session.place_knobs(plot)
    assert plot.knobs == {}


def test_the_same_name_again_takes_the_former_place(run: Run, plot: LivePlot) -> None:
    former = knob("rate", nothing, 0, 1)
    again = knob("rate", nothing, 0, 2)
    assert plot.knobs == {"rate": again}
    with pytest.raises(RunError, match="knob 'rate' is closed"):
        _ = former.value


@pytest.mark.usefixtures("run")
def test_an_equal_knob_is_the_same_with_another_target() -> None:
    calls: list[object] = []
    first = knob("rate", nothing, 0, 9, value=2)
    first.value = 5
    owner.mailbox.drain()
    assert knob("rate", calls.append, 0, 9, value=2) is first
    assert first.value == 5
    first.value = 6
    owner.mailbox.drain()
    assert calls == [6]


def test_when_the_plot_of_the_run_was_closed_it_waits_for_the_next(run: Run, plot: LivePlot) -> None:
    plot.close()
    made = knob("rate", nothing, 0, 1)
    assert session.waiting_knobs == {"rate": made}
    session.waiting_knobs.clear()
    assert run.state == "running"


def test_a_loop_shows_what_waits(plot: LivePlot) -> None:
    values: list[object] = []
    made = knob("rate", values.append, 0, 9)
    for i in tfwidget.live(range(3), plot=plot):
        if i == 1:
            made.value = 4
            assert values == [], "a step is under way"
    assert plot.knobs == {"rate": made}
    assert values == [4]


def test_another_thread_cannot_show_one() -> None:
    errors: list[str] = []

    def work() -> None:
        try:
            knob("rate", nothing, 0, 1)
        except RunError as error:
            errors.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert "only the main thread" in errors[0]


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: knob("rate", 0.1, 0.0, 1.0), TypeError),
        (lambda: knob("rate", nothing), ValueError),
        (lambda: knob("rate", nothing, 0, 1, values=[1, 2]), ValueError),
        (lambda: knob(" ", nothing, 0, 1), TypeError),
    ],
)
def test_what_is_no_knob_is_refused_and_nothing_waits(make: Callable[[], object], error: type[Exception]) -> None:
    with pytest.raises(error, match="knob"):
        make()


def test_names_of_the_package() -> None:
    assert tfwidget.knob is knob
    assert tfwidget.Knob is Knob
