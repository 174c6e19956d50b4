"""ipykernel 6, as in many hosted notebooks: frames are shown, but what the user does waits for the cell's end."""

from pathlib import Path

import numpy as np

from tests.kernel.harness import Kernel, View

SETUP = """
%load_ext tfwidget
%tfwidget budget 100%
from pathlib import Path
import numpy as np
import tfwidget
plot = tfwidget.LivePlot()
plot.show()
"""

LOOP = """
for i in tfwidget.live(range({steps}), plot=plot):
    tfwidget.log(loss=np.cos(i / 7))
"""

WARNING = "TfwidgetWarning: this kernel cannot receive messages while a cell is running"


def test_frames_are_pushed_and_the_run_finishes(old_kernel: Kernel, tmp_path: Path) -> None:
    old_kernel.run(SETUP)
    enough = tmp_path / "enough"
    cell = old_kernel.execute(
        f"{LOOP.format(steps=10**9)}    if Path({str(enough)!r}).exists(): break\n"
        "for i in tfwidget.live(range(5)): pass"
    )
    view = View(old_kernel.widget("LiveCanvasModel"), ready=False)
    view.wait_for_frames(3)
    assert not cell.done
    enough.touch()
    cell.ok()
    assert cell.stderr.count(WARNING) == 1
    assert "ipykernel 7.1 or newer" in cell.stderr
    assert old_kernel.evaluate("(plot.run.state, i)") == ("stopped", 4)
    second = old_kernel.run(LOOP.format(steps=5))
    assert second.stderr == "", "the warning came once"
    assert old_kernel.evaluate("(plot.run.state, plot.run.step)") == ("finished", 5)


def test_buttons_pan_and_zoom_work_between_cells(old_kernel: Kernel) -> None:
    old_kernel.run(SETUP)
    old_kernel.run(LOOP.format(steps=20))
    canvas = old_kernel.widget("LiveCanvasModel")
    view = View(canvas)
    canvas.send_data("resize", width=500, height=300)
    old_kernel.wait_for(lambda: view.picture is not None and view.picture.shape[:2] == (300, 500), what="the new size")
    scale = "plot.figure.axes[0].get_yscale()"
    old_kernel.widget("ToggleButtonModel").update(value=True)
    old_kernel.settle()
    assert old_kernel.evaluate(scale) != "linear"
    old_kernel.widget("ToggleButtonModel").update(value=False)
    old_kernel.settle()
    assert old_kernel.evaluate(scale) == "linear"
    assert old_kernel.evaluate("plot.run.state") == "finished"


def test_the_doctor_knows(old_kernel: Kernel) -> None:
    old_kernel.run("%load_ext tfwidget")
    text = old_kernel.run("%tfwidget doctor").stdout
    assert "no: this kernel reads messages between cells only; install ipykernel 7.1 or newer" in text


def test_the_interrupt_button(old_kernel: Kernel) -> None:
    old_kernel.run(SETUP)
    cell = old_kernel.execute(LOOP.format(steps=10**9) + "    if i == 3: print('begun', flush=True)")
    cell.wait_for_text("begun")
    old_kernel.interrupt()
    assert (cell.wait().error or "").startswith("KeyboardInterrupt")
    assert old_kernel.evaluate("(plot.run.state, plot.run.error)") == ("stopped", "interrupted")


def test_figures_of_pyplot(old_kernel: Kernel) -> None:
    old_kernel.run("%matplotlib tfwidget\nimport matplotlib.pyplot as plt")
    old_kernel.run("fig, ax = plt.subplots(figsize=(3, 2))\nax.plot([0, 1])")
    view = View(old_kernel.widget("LiveCanvasModel"))
    view.wait_for_frames(1)
    old_kernel.run("ax.plot([1, 0])")

    def same() -> bool:
        return view.picture is not None and np.array_equal(view.picture, old_kernel.picture("fig"))

    old_kernel.wait_for(same, what="the picture that Matplotlib draws")


def test_handlers_print_into_the_cell_that_made_the_widget(old_kernel: Kernel) -> None:
    old_kernel.run("%matplotlib tfwidget\nimport matplotlib.pyplot as plt")
    cell = old_kernel.run(
        "fig = plt.figure()\nfig.canvas.mpl_connect('key_press_event', lambda event: print(event.key))"
    )
    old_kernel.widget("LiveCanvasModel").send_data("key_press", key="kx", guiEvent=None)
    old_kernel.wait_for(lambda: "x" in cell.stdout, what="what the handler prints")
