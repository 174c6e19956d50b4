"""The harness against stock ipympl: if these fail, it is not tfwidget's fault."""

import time
from pathlib import Path

from tests.kernels import UNWEDGE
from tests.lab.harness import Lab

FIGURE = f"""
{UNWEDGE}
%matplotlib widget
import matplotlib.pyplot as plt
fig, ax = plt.subplots(figsize=(4, 3))
line, = ax.plot([0, 1, 2])
"""
BLOCK = "import threading, time\ngo = threading.Event()\nprint('begun', time.time(), flush=True)\ngo.wait(20)"


def test_paints_and_pans_a_stock_figure(lab: Lab, version: str, tmp_path: Path) -> None:
    notebook = lab.open([FIGURE, "print(ax.get_xlim())"], version)
    notebook.run(0)
    figure = notebook.figure()
    assert abs(figure.wait_until_shown() - time.time()) < 20
    figure.wait_until_settled()
    before = figure.pixels()
    limits = notebook.run(1)
    figure.tool("Left button pans")
    figure.drag((0.5, 0.5), (0.7, 0.5))
    assert figure.wait_for_change(before).shape == before.shape
    figure.wait_until_settled()
    assert notebook.run(1) != limits
    lab.screenshot(tmp_path / "stock.png")


def test_asks_beside_a_running_cell(lab: Lab, version: str) -> None:
    notebook = lab.open([BLOCK], version)
    notebook.start(0)
    notebook.wait_for_text(0, "begun")
    assert notebook.evaluate("__import__('ipykernel').__version__", live=True).startswith(version + ".")
    assert not notebook.done(0)
    assert notebook.evaluate("go.set()", live=True) is None
    notebook.finish(0)


def test_sees_what_no_cell_shows(lab: Lab) -> None:
    notebook = lab.open(["import ipywidgets\nb = ipywidgets.Button(description='Go')\nb.on_click(lambda _: 1 / 0)\nb"])
    notebook.run(0)
    notebook.locator("button:has-text('Go')").click()
    lab.wait_for("path => tests.book(path).commErrors.length", notebook.path, what="the error")
    assert "ZeroDivisionError" in notebook.comm_errors[0]
    notebook.forgive()


def test_dark_theme_and_reload(lab: Lab) -> None:
    notebook = lab.open([FIGURE])
    lab.set_theme(dark=True)
    notebook.run(0)
    notebook.figure().wait_until_shown()
    notebook.save()
    lab.load()
    assert notebook.figure().wait_until_shown()
