"""A kernel without subshells, as in many hosted notebooks: pictures are pushed, and what the user does waits."""

import numpy as np

from tests.kernel.harness import Kernel, View

SETUP = """
%load_ext tfwidget
import time
import numpy as np
import tfwidget
from tfwidget.canvas import canvas
from tfwidget.run.run import current_run
from tfwidget.run.budget import Pace
canvas.ACKNOWLEDGEMENT_TIMEOUT = 0.01  # nobody answers before the cell's end
"""

LOOP = """
for i in tfwidget.live(range({steps})):
    run = current_run()
    run._budget.pace = Pace(budget=1.0)
    tfwidget.log(loss=np.cos(i / 7))
"""

WARNING = "TfwidgetWarning: this kernel cannot receive messages while a cell is running"


def test_frames_are_pushed_and_the_run_finishes(old_kernel: Kernel) -> None:
    old_kernel.run(SETUP)
    cell = old_kernel.execute(
        LOOP.format(steps=10**9) + "    if run._budget.frames >= 5: break\nprint('over', flush=True)\n"
        "for i in tfwidget.live(range(5)): run = current_run()"
    )
    view = View(old_kernel.widget("LiveCanvasModel"), ready=False)
    cell.wait_for_text("over")
    assert len(view.frames) >= 3, "they came while the cell was running"
    cell.ok()
    assert cell.stderr.count(WARNING) == 1
    assert "ipykernel 7.1 or newer" in cell.stderr
    assert old_kernel.evaluate("(run.state, run.step)") == ("finished", 5)
    second = old_kernel.run(LOOP.format(steps=5))
    assert second.stderr == "", "the warning came once"


def test_buttons_pan_and_zoom_work_between_cells(old_kernel: Kernel) -> None:
    old_kernel.run(SETUP)
    old_kernel.run(LOOP.format(steps=20))
    canvas = old_kernel.widget("LiveCanvasModel")
    view = View(canvas)
    canvas.send_data("resize", width=500, height=300)
    old_kernel.wait_for(lambda: view.picture is not None and view.picture.shape[:2] == (300, 500), what="the new size")
    scale = "run.front_end.figure.axes[0].get_yscale()"
    old_kernel.widget("ToggleButtonModel").update(value=True)
    old_kernel.settle()
    assert old_kernel.evaluate(scale) != "linear"
    old_kernel.widget("ToggleButtonModel").update(value=False)
    old_kernel.settle()
    assert old_kernel.evaluate(scale) == "linear"
    assert old_kernel.evaluate("run.state") == "finished"


def test_the_doctor_knows(old_kernel: Kernel) -> None:
    old_kernel.run("%load_ext tfwidget")
    text = old_kernel.run("%tfwidget doctor").stdout
    assert "no: this kernel has no subshells; install ipykernel 7.1 or newer" in text


def test_the_interrupt_button(old_kernel: Kernel) -> None:
    old_kernel.run(SETUP)
    cell = old_kernel.execute(LOOP.format(steps=10**9) + "    if i == 3: print('begun', flush=True)")
    cell.wait_for_text("begun")
    old_kernel.interrupt()
    assert (cell.wait().error or "").startswith("KeyboardInterrupt")
    assert old_kernel.evaluate("(run.state, run.error)") == ("stopped", "interrupted")


def test_figures_of_pyplot(old_kernel: Kernel) -> None:
    old_kernel.run("%matplotlib tfwidget\nimport matplotlib.pyplot as plt")
    old_kernel.run("fig, ax = plt.subplots(figsize=(3, 2))\nax.plot([0, 1])")
    view = View(old_kernel.widget("LiveCanvasModel"))
    view.wait_for_frames(1)
    old_kernel.run("ax.plot([1, 0])")
    done = "fig.canvas.ready and not fig.canvas._draw_wanted"
    old_kernel.wait_for(lambda: old_kernel.evaluate(done), what="the acknowledgement of the last frame")
    assert view.picture is not None
    np.testing.assert_array_equal(view.picture, old_kernel.picture("fig"))


def test_handlers_print_into_the_cell_that_made_the_widget(old_kernel: Kernel) -> None:
    old_kernel.run("%matplotlib tfwidget\nimport matplotlib.pyplot as plt")
    cell = old_kernel.run(
        "fig = plt.figure()\nfig.canvas.mpl_connect('key_press_event', lambda event: print(event.key))"
    )
    old_kernel.widget("LiveCanvasModel").send_data("key_press", key="kx", guiEvent=None)
    old_kernel.wait_for(lambda: "x" in cell.stdout, what="what the handler prints")
