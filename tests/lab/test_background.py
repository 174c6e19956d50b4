"""A training in the background, as a user meets it: the prompt is back at once, and everything can be clicked."""

import time

import numpy as np

from tests.lab.harness import Lab, Notebook
from tests.lab.test_live import Controls

SETUP = """
%load_ext tfwidget
import time
import numpy as np
import tfwidget
rng = np.random.default_rng(0)
inside = 0

def train():
    global inside
    for step in tfwidget.live(range(1_000_000)):
        inside += 1
        time.sleep(0.002)
        tfwidget.log(loss=np.exp(-step / 500) + 0.1 * rng.random())
        inside += 1
    return "the result"
"""
START = """
turned = []
tfwidget.knob("strength", turned.append, 0.0, 1.0, value=0.5)
run = tfwidget.start(train)
"""


def running(lab: Lab, cells: list[str], version: str | None = None) -> tuple[Notebook, Controls]:
    notebook = lab.open([SETUP, START, *cells], version) if version else lab.open([SETUP, START, *cells])
    notebook.run(0)
    notebook.run(1)  # comes back at once
    notebook.figure().wait_until_shown()
    return notebook, Controls(notebook)


def test_started_panned_steered_and_awaited(lab: Lab, version: str) -> None:
    notebook, controls = running(lab, ["print(run.state, inside % 2)", "await run"], version)
    figure = notebook.figure()
    figure.tool("Left button pans")
    before = figure.pixels()
    figure.drag((0.2, 0.3), (0.3, 0.3))
    figure.wait_for_change(before)
    assert notebook.run(2) == "running 0\n"

    notebook.locator(".tfw-knob .noUi-handle").focus()
    lab.page.keyboard.press("PageUp")
    deadline = time.monotonic() + 30
    while not notebook.evaluate("turned"):
        assert time.monotonic() < deadline, "the slider was not heard"
    assert notebook.evaluate("[turned[0] > 0.5, run.history.events[-1][1].startswith('strength = ')]") == [True, True]

    controls.click("Pause")
    controls.wait_for_state("paused")
    begun = notebook.evaluate("inside")
    assert notebook.run(2) == "paused 0\n"
    controls.click("Step")
    lab.wait_for(
        "step => document.querySelector('.tfw-controls').innerText.includes(step)",
        f"{begun // 2 + 1:,}",
        what="the next step",
    )
    assert notebook.evaluate("inside") == begun + 2
    controls.click("Resume")
    controls.wait_for_state("running")

    notebook.start(3)
    controls.click("Stop")
    assert "the result" in notebook.finish(3)
    controls.wait_for_state("stopped")
    assert not notebook.errors
    bundle = notebook.save()["cells"][1]["outputs"][0]["data"]
    assert "run: stopped" in "".join(bundle["text/plain"])
    assert "image/png" in bundle


def test_the_cell_is_run_again(lab: Lab) -> None:
    notebook, controls = running(lab, ["former = run"])
    notebook.run(2)
    assert "Stopping what this cell had started" in notebook.run(1)
    notebook.figure().wait_until_shown()
    controls.wait_for_state("running")
    assert notebook.figure_count == 1
    assert notebook.evaluate("[former.state, run.state]") == ["stopped", "running"]


def test_the_interrupt_button_between_cells(lab: Lab) -> None:
    notebook, controls = running(lab, ["print('still here', inside % 2)"])
    notebook.interrupt()
    controls.wait_for_state("stopped")
    assert "interrupted" in notebook.locator(".tfw-error").inner_text()
    assert notebook.run(2) == "still here 0\n"
    assert notebook.figure().pixels().std() > 0, "the picture stays"


def test_a_long_cell_makes_the_run_wait_and_the_plot_says_so(lab: Lab) -> None:
    notebook, controls = running(
        lab, ["at = run.step\nprint('busy', flush=True)\ntime.sleep(3)\nprint(run.step == at)"]
    )
    notebook.start(2)
    notebook.wait_for_text(2, "busy")
    notebook.locator(".tfw-note").wait_for(state="visible")
    assert notebook.locator(".tfw-note").inner_text() == "waits for a cell to end"
    assert notebook.finish(2).endswith("True\n")
    notebook.locator(".tfw-note").wait_for(state="detached")
    controls.wait_for_state("running")


def test_the_kernel_is_restarted(lab: Lab) -> None:
    notebook, controls = running(lab, [])
    lab.js("path => tests.book(path).panel.sessionContext.session.kernel.restart()", notebook.path)
    notebook.run(0)
    notebook.run(1)
    notebook.figure().wait_until_shown()
    controls.wait_for_state("running")
    assert notebook.figure_count == 1
    controls.click("Stop")
    controls.wait_for_state("stopped")
    # JupyterLab asks the new kernel for its widgets before it has any. Two threads of ipykernel 7.4 log that, and now
    # and then one message lands inside of the other; tfwidget has not been imported by then.
    lab.console[:] = [line for line in lab.console if '"stream.stderr" is not valid JSON' not in line]


def test_the_plots_cell_is_deleted_and_the_run_is_shown_again(lab: Lab) -> None:
    notebook, controls = running(lab, ["%tfwidget status", "%tfwidget show"])
    lab.js("path => { tests.book(path).panel.content.activeCellIndex = 1 }", notebook.path)
    lab.command("notebook:delete-cell")
    assert notebook.figure_count == 0
    assert "running" in notebook.run(1)
    notebook.run(2)
    notebook.figure().wait_until_shown()
    at = notebook.evaluate("run.step")
    controls.click("Pause")
    controls.wait_for_state("paused")
    assert notebook.evaluate("run.step") > at


def test_a_cell_of_plain_matplotlib_in_the_background(lab: Lab) -> None:
    notebook = lab.open(
        [
            SETUP + "%matplotlib tfwidget\nimport matplotlib.pyplot as plt\nplt.ion()",
            "%%tfwidget job\nfigure, axes = plt.subplots()\n(line,) = axes.plot([], [])\nvalues = []\nwhile True:\n"
            "    values.append(np.exp(-len(values) / 30))\n    line.set_data(range(len(values)), values)\n"
            "    axes.relim(); axes.autoscale_view()\n    plt.pause(0.01)",
            "print(len(values) > 0)",
        ]
    )
    notebook.run(0)
    notebook.run(1)
    figure = notebook.figure()
    figure.wait_until_shown()
    before = figure.pixels()
    after = figure.wait_for_change(before)
    assert np.any(after != before)
    assert notebook.run(2) == "True\n"
    controls = Controls(notebook)
    controls.click("Stop")
    controls.wait_for_state("stopped")
