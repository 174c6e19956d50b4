"""The harness against stock ipympl: if these fail, it is not tfwidget's fault."""

from tests.kernel.harness import Kernel, View
from tests.kernels import UNWEDGE

FIGURE = f"""
{UNWEDGE}
%matplotlib widget
import matplotlib.pyplot as plt
fig, ax = plt.subplots(figsize=(3, 2))
line, = ax.plot([0, 1, 2])
"""


def test_runs_its_version(kernel: Kernel) -> None:
    assert kernel.evaluate("__import__('ipykernel').__version__").startswith(kernel.version + ".")


def test_answers_beside_a_blocking_cell(kernel: Kernel) -> None:
    cell = kernel.execute("import threading\ngo = threading.Event()\nprint('begun', flush=True)\ngo.wait(20)")
    cell.wait_for_text("begun")
    assert any(name.startswith("subshell-") for name in kernel.threads(live=True))
    assert not cell.done
    kernel.evaluate("go.set()", live=True)
    cell.ok()


def test_paints_a_stock_figure(kernel: Kernel) -> None:
    cell = kernel.run(FIGURE)
    assert "application/vnd.jupyter.widget-view+json" in cell.displayed[-1]
    view = View(kernel.widget("MPLCanvasModel"))
    view.wait_for_frames(1)
    kernel.settle()
    count = len(view.frames)
    kernel.run("line.set_ydata([2, 1, 0]); fig.canvas.draw_idle()")
    view.wait_for_frames(count + 1)
    assert view.picture is not None
    assert len(set(view.picture[..., 0].ravel())) > 2


def test_collects_the_errors_of_handlers(kernel: Kernel) -> None:
    kernel.run("import ipywidgets\nb = ipywidgets.Button()\nb.on_click(lambda _: 1 / 0)")
    kernel.widget("ButtonModel").click()
    kernel.wait_for(lambda: kernel.comm_errors, what="the error")
    assert "ZeroDivisionError" in kernel.comm_errors.pop()
    kernel.settle()
    kernel.comm_errors.clear()


def test_interrupts(kernel: Kernel) -> None:
    cell = kernel.execute("print('begun', flush=True)\nwhile True: pass").wait_for_text("begun")
    kernel.interrupt()
    assert (cell.wait().error or "").startswith("KeyboardInterrupt")


def test_without_subshells(old_kernel: Kernel) -> None:
    assert old_kernel.subshell is None
    old_kernel.run(FIGURE)
    View(old_kernel.widget("MPLCanvasModel")).wait_for_frames(1)
