"""Background runs in notebooks that a program executes, as nbconvert and papermill do, both by nbclient."""

import asyncio
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

SETUP = """
%load_ext tfwidget
import time
import numpy as np
import tfwidget

def train(steps=100):
    for step in tfwidget.live(range(steps)):
        time.sleep(0.001)
        tfwidget.log(loss=np.exp(-step / 50))
        if step == 60 and steps == 61: 1 / 0
    return step
"""


def execute(cells: list[str], folder: Path, **options: object) -> Any:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in [SETUP, *cells]])
    client = NotebookClient(notebook, timeout=90, resources={"metadata": {"path": str(folder)}}, **options)
    asyncio.run(client.async_execute())
    return notebook


def plot(cell: Any) -> Any:
    (data,) = [out.data for out in cell.outputs if "LivePlot" in str(out.get("data", {}).get("text/plain"))]
    return data


def printed(cell: Any) -> str:
    return "".join(out.text for out in cell.outputs if out.get("name") == "stdout")


@pytest.fixture(autouse=True)
def _this_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MPLBACKEND", raising=False)
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")


def test_awaited_in_a_later_cell_it_completes_in_order(tmp_path: Path) -> None:
    cells = ["run = tfwidget.start(train)", "print('before', run.state)", "print(await run)", "print(run.state)"]
    notebook = execute(cells, tmp_path)
    assert [printed(cell) for cell in notebook.cells[2:]] == ["before running\n", "99\n", "finished\n"]
    picture = plot(notebook.cells[1])
    assert "run: finished, step 100" in picture["text/plain"]
    assert len(picture["image/png"]) > 5_000


def test_awaited_long_after_its_end_the_picture_is_kept_all_the_same(tmp_path: Path) -> None:
    cells = ["run = tfwidget.start(train)", "import asyncio\nwhile run.state == 'running': await asyncio.sleep(0.01)"]
    notebook = execute([*cells, "await run"], tmp_path)
    assert "run: finished" in plot(notebook.cells[1])["text/plain"]
    assert "image/png" in plot(notebook.cells[1])


def test_what_nobody_awaits_is_reported_as_unfinished(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    notebook = execute(["run = tfwidget.start(train, 10**9)", "print('the end')"], tmp_path)
    assert "run: running" in plot(notebook.cells[1])["text/plain"]
    assert "still under way when this was saved" in plot(notebook.cells[1])["text/html"]
    assert "the kernel ended before the training did, at step" in capfd.readouterr().err


def test_an_error_stops_the_cell_that_awaits(tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        execute(["run = tfwidget.start(train, 61)", "await run", "print('not reached')"], tmp_path)
