"""``%tfwidget`` without a kernel: what it answers, and what it sets."""

from collections.abc import Callable, Iterator

import pytest
from IPython.core.error import UsageError

import tfwidget
from tests.recorder import Recorder
from tfwidget import session
from tfwidget.jupyter.mailbox import Mailbox
from tfwidget.run.budget import Pace
from tfwidget.run.run import Run


class MagicsManager:
    def __init__(self) -> None:
        self.magics: dict[str, dict[str, Callable[[str], None]]] = {"line": {}, "cell": {}}


class Shell:
    """What the extension uses of IPython's shell."""

    kernel = None

    def __init__(self) -> None:
        self.magics_manager = MagicsManager()

    def register_magic_function(self, function: Callable[[str], None], kind: str, name: str) -> None:
        for each in kind.split("_"):
            self.magics_manager.magics[each][name] = function

    def say(self, line: str) -> None:
        """Run ``%tfwidget`` with these arguments."""
        self.magics_manager.magics["line"]["tfwidget"](line)


@pytest.fixture
def shell() -> Iterator[Shell]:
    shell = Shell()
    tfwidget.load_ipython_extension(shell)
    yield shell
    tfwidget.unload_ipython_extension(shell)
    assert shell.magics_manager.magics == {"line": {}, "cell": {}}


@pytest.fixture
def run() -> Iterator[Run]:
    plot = Recorder()
    run = Run(plot, Mailbox(lambda: None, print))
    plot.attach(run)
    session.begin(run)
    yield run
    run.finish("stopped")


@pytest.fixture
def pace(monkeypatch: pytest.MonkeyPatch) -> Pace:
    monkeypatch.setattr(session.PACE, "fps", 30.0)
    monkeypatch.setattr(session.PACE, "budget", 0.03)
    return session.PACE


def test_loading_it_twice_changes_nothing(shell: Shell) -> None:
    before = {kind: dict(magics) for kind, magics in shell.magics_manager.magics.items()}
    tfwidget.load_ipython_extension(shell)
    assert shell.magics_manager.magics == before


def test_without_an_argument_it_lists_what_there_is(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.say("")
    assert "%tfwidget budget 5%" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "fps", "budget", "answer"),
    [
        ("fps 10", 10.0, 0.03, "At most 10 frames a second, and 3.0% of the time"),
        ("budget 5%", 30.0, 0.05, "At most 30 frames a second, and 5.0% of the time"),
        ("budget 0.5", 30.0, 0.005, "0.5% of the time"),
    ],
)
def test_it_sets_the_pace_of_all_runs(
    shell: Shell,
    pace: Pace,
    capsys: pytest.CaptureFixture[str],
    line: str,
    fps: float,
    budget: float,
    answer: str,
) -> None:
    shell.say(line)
    assert (pace.fps, pace.budget) == (fps, budget)
    assert answer in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("fps many", "fps takes a number from 0.1 to 60, frames a second"),
        ("fps nan", "a number from"),
        ("budget 500%", "per cent of the time, such as %tfwidget budget 5%"),
        ("budget", "a number from"),
        ("pause now", "pause takes no argument, got 'now'"),
        ("puase", "unknown command 'puase'"),
    ],
)
def test_what_it_does_not_understand(shell: Shell, pace: Pace, line: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        shell.say(line)
    assert (pace.fps, pace.budget) == (30.0, 0.03)


def test_without_a_run_there_is_nothing_to_steer(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    for line in ("status", "show", "pause", "resume", "stop"):
        shell.say(line)
    assert capsys.readouterr().out == "No run is under way.\n" * 5


def test_it_steers_the_run(shell: Shell, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    plot = run.front_end
    assert isinstance(plot, Recorder)
    shell.say("status")
    shell.say("show")
    assert capsys.readouterr().out == "<tfwidget run: running, step 0>\n" * 2
    assert plot.shown == 1
    shell.say("stop")
    assert not run.step_done()


def test_it_shows_all_that_run(shell: Shell, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    other = Run(Recorder(), Mailbox(lambda: None, print), total=7)
    session.begin(other)
    shell.say("status")
    session.end(other)
    assert capsys.readouterr().out == "<tfwidget run: running, step 0>\n<tfwidget run: running, step 0 of 7>\n"


def test_a_bad_name_for_a_cell(shell: Shell) -> None:
    cell: Callable[..., None] = shell.magics_manager.magics["cell"]["tfwidget"]
    for name in ("5x", "class"):
        with pytest.raises(UsageError, match="name of a variable"):
            cell(name, "pass")
