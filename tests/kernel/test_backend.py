"""``%matplotlib tfwidget``: when figures are shown, drawn and closed."""

import numpy as np
import pytest

from tests.kernel.harness import Cell, Kernel, View

SETUP = """
%matplotlib tfwidget
import threading
import matplotlib.pyplot as plt
"""

WIDGET = "application/vnd.jupyter.widget-view+json"


def shown_in(cell: Cell) -> list[str]:
    """The widgets that the cell displayed."""
    return [str(data[WIDGET]["model_id"]) for data in cell.displayed if WIDGET in data]


def painted(kernel: Kernel, view: View, figure: str = "fig") -> None:
    """Wait until the browser shows all that was drawn, which must be what Matplotlib itself makes of the figure."""
    done = f"{figure}.canvas.ready and {figure}.canvas.sender.next() is None"
    kernel.wait_for(lambda: kernel.evaluate(done), what="the acknowledgement of the last frame")
    assert view.picture is not None
    np.testing.assert_array_equal(view.picture, kernel.picture(figure))


@pytest.mark.parametrize("show", ["plt.show()", "plt.pause(0.001)", "fig.show()"])
def test_a_figure_is_seen_in_the_running_cell_that_shows_it(kernel: Kernel, show: str) -> None:
    kernel.run(SETUP)
    cell = kernel.execute(
        f"fig, ax = plt.subplots(figsize=(3, 2))\nline, = ax.plot([0, 1, 2])\n{show}\nrunning = True\n"
        "while running:\n    line.set_ydata([2, 1, 0])\n    plt.pause(0.01)"
    )
    canvas = kernel.widget("LiveCanvasModel")
    view = View(canvas)
    view.wait_for_frames(2)
    assert not cell.done
    assert shown_in(cell) == [canvas.comm_id]
    kernel.evaluate("globals().update(running=False)", live=True)
    cell.ok()
    assert shown_in(cell) == [canvas.comm_id]
    painted(kernel, view)
    assert canvas.state.get("_data_url") is None, "the picture is not sent as text, too"


def test_a_running_cell_pans_with_the_mouse(kernel: Kernel) -> None:
    kernel.run(SETUP)
    cell = kernel.execute(
        "fig, ax = plt.subplots(figsize=(3, 2))\nbefore = ax.set_xlim(0, 1)\nplt.show()\n"
        "while ax.get_xlim() == before: plt.pause(0.01)"
    )
    canvas = kernel.widget("LiveCanvasModel")
    view = View(canvas)
    view.wait_for_frames(1)
    canvas.send_data("toolbar_button", name="pan")
    view.drag((150, 100), (190, 100))
    cell.ok()
    kernel.settle()
    painted(kernel, view)
    assert kernel.evaluate("float(ax.get_xlim()[0])") < 0


def test_interactive_figures_are_shown_at_the_end_of_their_cell_once(kernel: Kernel) -> None:
    kernel.run(SETUP)
    cell = kernel.run("a = plt.figure(); b = plt.figure()")
    assert len(shown_in(cell)) == 2
    assert shown_in(kernel.run("plt.plot([1, 2]); c = 1")) == []
    assert shown_in(kernel.run("plt.show()")) == []
    failing = kernel.execute("d = plt.figure(); 1 / 0").wait()
    assert len(shown_in(failing)) == 1, "also when the cell fails"


def test_a_change_in_a_later_cell_is_drawn(kernel: Kernel) -> None:
    kernel.run(SETUP)
    kernel.run("fig, ax = plt.subplots(figsize=(3, 2))")
    view = View(kernel.widget("LiveCanvasModel"))
    view.wait_for_frames(1)
    painted(kernel, view)
    kernel.run("ax.plot([3, 1, 2]); ax.set_title('later')")
    painted(kernel, view)


def test_without_interactive_mode_figures_wait_for_show(kernel: Kernel) -> None:
    kernel.run(SETUP + "plt.ioff()")
    assert shown_in(kernel.run("fig, ax = plt.subplots(figsize=(3, 2))")) == []
    cell = kernel.run("plt.show()")
    assert len(shown_in(cell)) == 1
    view = View(kernel.widget("LiveCanvasModel"))
    view.wait_for_frames(1)
    painted(kernel, view)
    count = len(view.frames)
    kernel.run("ax.set_title('not yet')")
    kernel.settle()
    assert len(view.frames) == count
    kernel.run("fig.canvas.draw()")
    painted(kernel, view)
    kernel.run("plt.ion()")


def test_show_never_blocks(kernel: Kernel) -> None:
    kernel.run(SETUP)
    kernel.run("plt.ioff()\nfig = plt.figure()\nplt.show(block=True)\nplt.ion()")


@pytest.mark.parametrize("close", ["plt.close(fig)", "plt.close('all')", "plt.close(fig.number)"])
def test_closing_a_figure_closes_its_widgets(kernel: Kernel, close: str) -> None:
    kernel.run("from ipywidgets.widgets.widget import _instances\nbefore = set(_instances)")
    kernel.run(SETUP + "import gc, weakref\nfig, ax = plt.subplots()\ncanvas = weakref.ref(fig.canvas)")
    assert len(kernel.find("LiveCanvasModel")) == 1
    kernel.run(close)
    assert kernel.evaluate("set(_instances) == before")
    kernel.settle()
    assert kernel.find("LiveCanvasModel") == kernel.find("ToolbarModel") == []
    kernel.run("fig.canvas.draw(); fig.canvas.draw_idle(); plt.show()")
    kernel.run("del fig, ax\ngc.collect()")
    assert kernel.evaluate("canvas() is None")


def test_a_closed_figure_is_not_shown_at_the_end_of_its_cell(kernel: Kernel) -> None:
    kernel.run(SETUP)
    assert kernel.run("fig = plt.figure(); plt.close(fig)").displayed == []


def test_another_backend_and_back(kernel: Kernel) -> None:
    kernel.run(SETUP)
    assert len(shown_in(kernel.run("plt.figure()"))) == 1
    kernel.run("plt.close('all')")
    kernel.run("%matplotlib inline")
    cell = kernel.run("plt.plot([1, 2]); None")
    assert shown_in(cell) == []
    assert ["image/png" in data for data in cell.displayed] == [True]
    kernel.run("%matplotlib tfwidget")
    assert kernel.evaluate("plt.get_backend()") == "tfwidget"
    cell = kernel.run("fig = plt.figure(); ax = fig.subplots()")
    assert len(shown_in(cell)) == len(cell.displayed) == 1
    view = View(kernel.widget("LiveCanvasModel"))
    view.wait_for_frames(1)
    painted(kernel, view)


def test_a_figure_of_another_thread_is_handed_over_when_it_is_shown(kernel: Kernel) -> None:
    kernel.run("%matplotlib tfwidget\nimport threading\nimport matplotlib.pyplot as plt\nplt.ion()")
    cell = kernel.run(
        "drawn, go, more = set(), threading.Event(), threading.Event()\n"
        "def work():\n"
        "    go.wait(20)\n"
        "    fig, ax = plt.subplots(figsize=(3, 2))\n"
        "    fig.canvas.mpl_connect('draw_event', lambda event: drawn.add(threading.current_thread().name))\n"
        "    ax.plot([3, 1, 2])\n"
        "    plt.show()\n"
        "    more.wait(20)\n"
        "    ax.set_title('changed')\n"
        "worker = threading.Thread(target=work, name='plotter'); worker.start()"
    )
    assert not cell.displayed
    assert kernel.evaluate("go.set()") is None  # a message that is no cell's: output must not go there
    kernel.wait_for(lambda: shown_in(cell), what="the figure, in the newest cell")
    View(kernel.widget("LiveCanvasModel")).wait_for_frames(1)
    assert not cell.stderr
    assert kernel.evaluate("more.set()") is None
    kernel.wait_for(lambda: "changed by thread 'plotter'" in cell.stderr, what="the report")
    assert "ax.set_title('changed')" in cell.stderr  # the user's line, not Matplotlib's
    assert kernel.evaluate("(worker.join(20), drawn)") == (None, {"MainThread"})
    assert len(cell.displayed) == 1
    kernel.comm_errors.clear()  # the report came after the cell's end, and was meant to


def test_figures_of_another_backend_are_not_shown_again(kernel: Kernel) -> None:
    kernel.run("%matplotlib widget\nimport matplotlib.pyplot as plt\nplt.ion()\nplt.figure()")
    cell = kernel.run("%matplotlib tfwidget\nfig = plt.figure()\nplt.pause(0.01)\nplt.pause(0.01)")
    assert len(cell.displayed) == len(shown_in(cell)) == 1
    kernel.run("plt.close('all')")


def test_drawing_on_another_thread_is_told_and_done_by_the_main_thread(kernel: Kernel) -> None:
    kernel.run(SETUP + "drawn = set()")
    kernel.run(
        "fig, ax = plt.subplots(figsize=(3, 2))\n"
        "fig.canvas.mpl_connect('draw_event', lambda event: drawn.add(threading.current_thread().name))"
    )
    view = View(kernel.widget("LiveCanvasModel"))
    view.wait_for_frames(1)
    painted(kernel, view)
    cell = kernel.run(
        "def work():\n    ax.plot([3, 1, 2])\n    fig.canvas.draw()\n"
        "for _ in range(2):\n    worker = threading.Thread(target=work, name='plotter'); worker.start(); worker.join()"
    )
    kernel.wait_for(lambda: "TfwidgetWarning" in cell.stderr, what="the warning")
    painted(kernel, view)
    assert cell.stderr.count("by thread 'plotter'") == 1
    assert "tfwidget.log" in cell.stderr
    assert kernel.evaluate("drawn") == {"MainThread"}
