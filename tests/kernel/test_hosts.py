"""Hosts that do not load tfwidget's extension: the figure is ipympl's widget, and as confined as ours."""

from pathlib import Path

import numpy as np
import pytest

from tests.kernel.harness import Kernel, View, Widget

IN_VS_CODE = "vscode-notebook-cell:/home/me/train.ipynb#W2sZmlsZQ%3D%3D"

SETUP = """
%load_ext tfwidget
%matplotlib tfwidget
%tfwidget budget 90%
import threading
from pathlib import Path
import numpy as np
import matplotlib.pyplot as plt
import tfwidget
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
    tfwidget.log(loss=np.cos(i / 7))
    if Path({enough!r}).exists(): break
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


def test_a_live_run_in_vs_code(kernel: Kernel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It makes no subshells, and is not known to send anything while a cell runs."""
    monkeypatch.setattr(kernel, "subshell", None)
    kernel.run(SETUP, cell_id=IN_VS_CODE)
    enough = tmp_path / "enough"
    cell = kernel.execute(LOOP.format(enough=str(enough)), cell_id=IN_VS_CODE)
    view = View(kernel.widget("MPLCanvasModel"), ready=False)
    view.wait_for_frames(4)
    assert not cell.done
    enough.touch()
    cell.ok()
    assert "TfwidgetWarning: VS Code cannot receive messages while a cell is running" in cell.stderr
    assert "in the background with %%tfwidget" in cell.stderr

    def same() -> bool:
        # The screen's texts are put together of pieces, which rounds otherwise.
        drawn = kernel.picture("plot.figure").astype(int)
        return view.picture is not None and bool(np.abs(view.picture - drawn).max() <= 1)

    kernel.wait_for(same, what="the picture that Matplotlib draws")
    assert kernel.evaluate("plot.run.state") == "stopped"


def test_the_doctor_names_the_host_and_the_variable(kernel: Kernel) -> None:
    kernel.run("%load_ext tfwidget\nimport tfwidget.canvas.canvas; tfwidget.canvas.canvas.Canvas.heard = False")
    doctor = kernel.run("%tfwidget doctor", cell_id=IN_VS_CODE).stdout
    assert "ipympl's front end, as pictures: VS Code" in doctor
    assert "no: VS Code sends nothing meanwhile" in doctor
    doctor = kernel.run("%tfwidget doctor").stdout
    assert "tfwidget's extension of JupyterLab" in doctor
    assert "If one does not appear: install tfwidget where JupyterLab runs" in doctor
    assert "%env TFWIDGET_FRONT_END=ipympl" in doctor
    kernel.run("%env TFWIDGET_FRONT_END=ipympl")
    assert "ipympl's front end, as pictures: TFWIDGET_FRONT_END" in kernel.run("%tfwidget doctor").stdout
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
