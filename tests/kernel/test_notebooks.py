"""The notebooks run from top to bottom in a real kernel, and are saved as they should be read: without outputs."""

import asyncio
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
PEAK = "import resource\nresource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024"
MOST_MEGABYTES = 1400
"""Binder promises 2 GB for JupyterLab and the kernel together; JupyterLab takes some 200 MB."""


LIVE_PLOTS = {"01_quickstart": 3, "02_why_tensorflow_and_matplotlib_race": 4}
"""How many pictures of finished runs each notebook keeps."""

MEANT = "changed by thread 'plotter'"
"""What the second notebook provokes, to show how it is reported."""

SHOWN = {
    "02_why_tensorflow_and_matplotlib_race": (
        "The Session graph is empty",
        "pictures show more than one step",
        MEANT,
    )
}
"""What a notebook says of others must still be so."""

ONE_STEP = "panels = globals().get('panels', ())\nassert len({panel.get_title() for panel in panels}) < 2"
"""Cell for the claim that a cell beside a background run sees one step."""


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells for output in cell.get("outputs", ())]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_saved_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert not outputs(notebook)
    assert all(cell.get("execution_count") is None for cell in notebook.cells)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert not re.search(r"/home/|/Users/|/root|/tmp|C:\\", path.read_text(encoding="utf-8"))


@pytest.mark.timeout(420)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_from_top_to_bottom(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS", "MPLBACKEND"):  # the notebook says what it needs
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells += [nbformat.v4.new_code_cell(code) for code in (ONE_STEP, PEAK)]
    client = NotebookClient(notebook, timeout=180, resources={"metadata": {"path": str(tmp_path)}})
    asyncio.run(client.async_execute())  # raises what a cell raises

    everything = outputs(notebook)
    complaints = [output.text for output in everything if output.get("name") == "stderr"]
    assert not [text for text in complaints if MEANT not in text]
    printed = "".join(output.get("text", "") for output in everything)
    assert [text for text in SHOWN.get(path.stem, ()) if text not in printed] == []
    plots = [
        output.data
        for output in everything
        if str(output.get("data", {}).get("text/plain")).startswith("LivePlot(<") and "image/png" in output.data
    ]
    assert len(plots) == LIVE_PLOTS[path.stem]
    for plot in plots:
        assert "run: finished" in plot["text/plain"]
        assert len(plot["image/png"]) > 10_000  # for those who read it without a kernel
    megabytes = int(notebook.cells[-1].outputs[0].data["text/plain"])
    print(f"{path.stem}: {megabytes} MB at most in the kernel")
    assert megabytes < MOST_MEGABYTES
