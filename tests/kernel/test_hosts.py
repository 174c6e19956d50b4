"""Hosts that do not load tfwidget's extension: the figure is ipympl's widget, and as confined as ours."""

import numpy as np
import pytest

from tests.kernel.harness import Kernel, View, Widget

IN_VS_CODE = "vscode-notebook-cell:/home/me/train.ipynb#W2sZmlsZQ%3D%3D"

SETUP = """
%load_ext tfwidget
%matplotlib tfwidget
import threading
import numpy as np
import matplotlib.pyplot as plt
import tfwidget
from tfwidget.canvas import canvas
from tfwidget.run.run import current_run
from tfwidget.run.budget import Pace
seen, threads = [], set()

def note(event):
    seen.append(event.x)
    threads.add(threading.current_thread().name)
"""
FIGURE = """
fig, ax = plt.subplots(figsize=(3, 2))
fig.canvas.mpl_connect("motion_notify_event", note)
plt.show()
"""
LOOP = """
plot = tfwidget.LivePlot(figsize=(4, 3)); plot.show()
for i in tfwidget.live(range(10**9), plot=plot):
    current_run()._budget.pace = Pace(budget=0.9)
    tfwidget.log(loss=np.cos(i / 7))
    if i == 3: print("begun", flush=True)
    if current_run()._budget.frames >= 5: break
"""


def move_all(canvas: Widget, subshell: str | None) -> None:
    for x in range(100):
        event = {"x": x, "y": 50, "button": 0, "buttons": 0, "step": 0, "modifiers": [], "guiEvent": {}}
        canvas.send_data("motion_notify", subshell=subshell, **event)


@pytest.mark.parametrize("subshell", ["auto", None])
def test_messages_for_ipympls_widget_are_handled_by_the_main_thread(kernel: Kernel, subshell: str | None) -> None:
    kernel.run("%env TFWIDGET_FRONT_END=ipympl")
    kernel.run(SETUP)
    cell = kernel.execute(f"{FIGURE}\nprint('shown', flush=True)")
    if subshell:
        cell.ok()
        cell = kernel.execute("print('waits', flush=True)\nwhile 99 not in seen: tfwidget.tick()").wait_for_text(
            "waits"
        )
    move_all(kernel.widget("MPLCanvasModel"), subshell)
    cell.ok()
    kernel.wait_for(lambda: kernel.evaluate("len(seen)") == 100, what="all of the mouse's moves")
    assert kernel.evaluate("seen") == list(range(100))
    assert kernel.evaluate("threads") == {"MainThread"}
    kernel.run("%env TFWIDGET_FRONT_END=")


def test_a_live_run_in_vs_code(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """It makes no subshells: what it sends while a cell runs waits for the cell's end."""
    monkeypatch.setattr(kernel, "subshell", None)
    kernel.run(SETUP, cell_id=IN_VS_CODE)
    kernel.run("canvas.ACKNOWLEDGEMENT_TIMEOUT = 0.05", cell_id=IN_VS_CODE)
    kernel.run("import tfwidget.loop; tfwidget.loop._warned_without_subshells = False", cell_id=IN_VS_CODE)
    cell = kernel.execute(LOOP, cell_id=IN_VS_CODE).wait_for_text("begun")
    view = View(kernel.widget("MPLCanvasModel"), ready=False)
    cell.ok()
    assert "TfwidgetWarning: VS Code cannot receive messages while a cell is running" in cell.stderr
    assert "in the background with %%tfwidget" in cell.stderr
    assert len(view.frames) >= 4, "they came while the cell was running"
    newest = "plot.canvas.ready and not plot.canvas._unsent and not plot.canvas._draw_wanted"
    kernel.wait_for(lambda: kernel.evaluate(newest), what="the answer")
    assert kernel.evaluate("plot.run.state") == "stopped"
    assert view.picture is not None
    # The screen's texts are put together of pieces, which rounds otherwise.
    assert np.abs(view.picture.astype(int) - kernel.picture("plot.figure")).max() <= 1
    kernel.run("canvas.ACKNOWLEDGEMENT_TIMEOUT = 2.0")


def test_the_doctor_names_the_host_and_the_variable(kernel: Kernel) -> None:
    kernel.run("%load_ext tfwidget\nimport tfwidget.canvas; tfwidget.canvas.canvas.Canvas.heard = False")
    doctor = kernel.run("%tfwidget doctor", cell_id=IN_VS_CODE).stdout
    assert "ipympl's front end, without streaming: VS Code" in doctor
    assert "no: VS Code sends nothing meanwhile" in doctor
    doctor = kernel.run("%tfwidget doctor").stdout
    assert "tfwidget's extension of JupyterLab" in doctor
    assert "If one does not appear: install tfwidget where JupyterLab runs" in doctor
    assert "%env TFWIDGET_FRONT_END=ipympl" in doctor
    kernel.run("%env TFWIDGET_FRONT_END=ipympl")
    assert "ipympl's front end, without streaming: TFWIDGET_FRONT_END" in kernel.run("%tfwidget doctor").stdout
    kernel.run("%env TFWIDGET_FRONT_END=emacs")
    assert "nobody: the environment variable TFWIDGET_FRONT_END must be" in kernel.run("%tfwidget doctor").stdout
    kernel.run("%env TFWIDGET_FRONT_END=")
    kernel.run("%matplotlib tfwidget\nimport matplotlib.pyplot as plt; plt.figure(); plt.show()")
    kernel.widget("LiveCanvasModel").send_data("refresh")
    answered = "a figure has answered             yes"
    kernel.wait_for(lambda: answered in kernel.run("%tfwidget doctor").stdout, what="the answer in the doctor's words")


BACKGROUND = """
%%tfwidget job
import time
for i in tfwidget.live(range(10**9)):
    current_run()._budget.pace = Pace(budget=0.9)
    time.sleep(0.001)
    tfwidget.log(loss=np.cos(i / 7))
"""


def check_a_background_run(kernel: Kernel) -> None:
    kernel.run(SETUP, cell_id=IN_VS_CODE)
    kernel.run(BACKGROUND, cell_id=IN_VS_CODE)
    view = View(kernel.widget("MPLCanvasModel"))
    view.wait_for_frames(10)
    kernel.widget("ButtonModel", description="Pause").click()
    kernel.wait_for(lambda: kernel.evaluate("job.state") == "paused", what="the pause")
    kernel.widget("ButtonModel", icon="stop").click()
    kernel.wait_for(lambda: kernel.evaluate("job.state") == "stopped", what="the end")


def test_a_background_run_answers_though_all_messages_go_to_the_main_shell(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "subshell", None)
    check_a_background_run(kernel)


def test_a_background_run_on_an_old_kernel(old_kernel: Kernel) -> None:
    check_a_background_run(old_kernel)
