"""Which cell runs, by the hooks of a real IPython; and that without IPython nothing fails."""

import atexit
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tfwidget.jupyter import cells, private


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[InteractiveShell]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    shell = InteractiveShell()
    for module in (cells, private):
        monkeypatch.setattr(module, "get_ipython", lambda: shell)
    monkeypatch.setattr(cells, "_watch", None)
    yield shell
    shell.atexit_operations()
    atexit.unregister(shell.atexit_operations)


def run(shell: InteractiveShell, code: str, **names: object) -> None:
    shell.user_ns.update(names, running=cells.running)
    shell.run_cell(code)


def test_a_cell_runs_from_its_begin_to_its_end(shell: InteractiveShell) -> None:
    assert not cells.running()
    seen: list[bool] = []
    run(shell, "seen.append(running())", seen=seen)
    assert seen == [True]
    assert not cells.running()


def test_the_cell_that_asks_first_is_known(shell: InteractiveShell) -> None:
    seen: list[bool] = []
    run(shell, "seen.append(running())", seen=seen)
    assert seen == [True]
    assert not cells.running()


def test_a_cell_within_a_cell_ends_nothing(shell: InteractiveShell) -> None:
    cells.running()
    seen: list[bool] = []
    code = "within('seen.append(running())'); within(''); seen.append(running())"
    run(shell, code, seen=seen, within=shell.run_cell)
    assert seen == [True, True]
    assert not cells.running()


@pytest.mark.parametrize("code", ["1 / 0", "not python", "", "raise KeyboardInterrupt"])
def test_a_cell_that_fails_has_ended(shell: InteractiveShell, code: str, capsys: pytest.CaptureFixture[str]) -> None:
    cells.running()
    run(shell, code)
    assert not cells.running()
    capsys.readouterr()


def test_cells_of_another_thread_do_not_count(shell: InteractiveShell) -> None:
    cells.running()
    told: list[object] = []
    cells.on_cell_begin(lambda: told.append("begin"))
    cells.on_cell_end(told.append)
    seen: list[bool] = []
    thread = threading.Thread(target=run, args=(shell, "seen.append(running())"), kwargs={"seen": seen})
    thread.start()
    thread.join()
    assert seen == [False]
    assert told == []


def test_begin_and_end_are_told_until_undone(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    told: list[object] = []
    undo = [cells.on_cell_begin(lambda: told.append("begin")), cells.on_cell_end(lambda error: told.append(error))]
    run(shell, "1 / 0")
    assert told[0] == "begin"
    assert isinstance(told[1], ZeroDivisionError)
    for call in undo:
        call()
    run(shell, "1")
    assert len(told) == 2
    capsys.readouterr()


def test_outside_of_ipython_there_are_no_cells(capsys: pytest.CaptureFixture[str]) -> None:
    assert not cells.in_kernel()
    assert not cells.running()
    assert not cells.is_ending()
    assert cells.cell() == (None, None)
    cells.on_cell_end(print)()
    cells.on_cell_begin(print)()
    assert cells.publish("x") is None
    cells.republish("x", None)
    cells.show_traceback(ValueError("shown"))
    assert "ValueError: shown" in capsys.readouterr().err
