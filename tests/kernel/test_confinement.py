"""Whichever thread a message arrives on: Python handles it on the main thread, in order, in the cell it belongs to."""

import numpy as np
import pytest

from tests.kernel.harness import Kernel, View, Widget

SETUP = """
%matplotlib tfwidget
import threading
import matplotlib.pyplot as plt
import tfwidget
from tfwidget.jupyter.owner import mailbox
seen, threads = [], set()

def note(event):
    seen.append(event.x)
    threads.add(threading.current_thread().name)
    if event.x == 99:
        print("the last came", flush=True)
"""

FIGURE = """
fig, ax = plt.subplots(figsize=(3, 2))
fig.canvas.mpl_connect("motion_notify_event", note)
plt.show()
"""

ALL = list(range(100))


def move(canvas: Widget, x: float, subshell: str | None = "auto") -> None:
    event = {"x": x, "y": 50, "button": 0, "buttons": 0, "step": 0, "modifiers": [], "guiEvent": {}}
    canvas.send_data("motion_notify", subshell=subshell, **event)


def move_all(canvas: Widget) -> None:
    for x in ALL:
        move(canvas, x)


def painted(kernel: Kernel, view: View, figure: str = "fig") -> None:
    """Return when the browser shows what Matplotlib draws."""

    def same() -> bool:
        return view.picture is not None and np.array_equal(view.picture, kernel.picture(figure))

    kernel.wait_for(same, what="the picture that Matplotlib draws")


def heard(kernel: Kernel) -> None:
    """Return when the kernel has received what was sent before."""
    kernel.execute("", kernel.subshell).ok()


def test_messages_between_cells(kernel: Kernel) -> None:
    kernel.run(SETUP)
    cell = kernel.run(FIGURE)
    move_all(kernel.widget("LiveCanvasModel"))
    kernel.wait_for(lambda: "the last came" in cell.stdout, what="what a handler prints in its figure's cell")
    assert kernel.evaluate("seen") == ALL
    assert kernel.evaluate("threads") == {"MainThread"}


@pytest.mark.parametrize(
    "loop",
    [
        "while 99 not in seen: plt.pause(0.01)",
        "while 99 not in seen: fig.canvas.flush_events()",
        "while 99 not in seen: tfwidget.tick()",
        "for _ in tfwidget.live(iter(int, 1)):\n    if 99 in seen: break",
    ],
    ids=["pause", "flush_events", "tick", "live"],
)
def test_messages_while_a_cell_runs_that_listens(kernel: Kernel, loop: str) -> None:
    kernel.run(SETUP)
    cell = kernel.execute(f"{FIGURE}\nprint('shown', flush=True)\n{loop}").wait_for_text("shown")
    move_all(kernel.find("LiveCanvasModel")[0])  # `live` shows a canvas of its own
    assert "the last came" in cell.ok().stdout
    assert kernel.evaluate("seen") == ALL
    assert kernel.evaluate("threads") == {"MainThread"}


def test_messages_while_a_cell_runs_that_does_not_listen(kernel: Kernel) -> None:
    kernel.run(SETUP)
    first = kernel.run(FIGURE)
    cell = kernel.execute("go = threading.Event()\nprint('begun', flush=True)\ngo.wait(20)").wait_for_text("begun")
    move_all(kernel.widget("LiveCanvasModel"))
    heard(kernel)
    assert kernel.evaluate("(seen, bool(mailbox))", live=True) == ([], True)
    assert not cell.done
    kernel.evaluate("go.set()", live=True)
    cell.ok()
    kernel.wait_for(lambda: "the last came" in first.stdout, what="what a handler prints in its figure's cell")
    assert kernel.evaluate("seen") == ALL
    assert kernel.evaluate("threads") == {"MainThread"}


def test_nothing_overtakes_what_waits_already(kernel: Kernel) -> None:
    """JupyterLab sends its first messages to the main shell, the next ones to a subshell."""
    kernel.run(SETUP)
    kernel.run(FIGURE)
    canvas = kernel.widget("LiveCanvasModel")
    cell = kernel.execute("go = threading.Event()\nprint('begun', flush=True)\ngo.wait(20)").wait_for_text("begun")
    for x in (1, 2, 3):
        move(canvas, x)
    heard(kernel)
    move(canvas, 4, subshell=None)
    kernel.evaluate("go.set()", live=True)
    cell.ok()
    kernel.settle()
    assert kernel.evaluate("seen") == [1, 2, 3, 4]


@pytest.mark.parametrize("subshell", ["auto", None], ids=["subshell", "main shell"])
def test_handlers_print_into_the_cell_that_made_the_widget(kernel: Kernel, subshell: str | None) -> None:
    kernel.run(SETUP)
    first = kernel.run(FIGURE)
    move(kernel.widget("LiveCanvasModel"), 99, subshell)
    kernel.wait_for(lambda: "the last came" in first.stdout, what="the handler's words in the figure's cell")
    kernel.run("threads.clear()")
    second = kernel.execute("while not threads: plt.pause(0.01)")
    move(kernel.widget("LiveCanvasModel"), 99)
    assert second.ok().stdout == ""
    kernel.wait_for(lambda: first.stdout.count("the last came") == 2, what="the handler's words in the figure's cell")
    assert kernel.stray == []


def test_an_error_in_a_handler_is_shown_and_stops_nothing(kernel: Kernel) -> None:
    kernel.run(SETUP)
    cell = kernel.run(FIGURE + "fig.canvas.mpl_connect('button_press_event', lambda event: 1 / 0)")
    canvas = kernel.widget("LiveCanvasModel")
    View(canvas).drag((50, 50), (99, 60))
    kernel.wait_for(lambda: "the last came" in cell.stdout, what="the messages after the one that failed")
    [shown] = [out for out in cell.outputs if out["output_type"] == "error"]
    assert shown["ename"] == "ZeroDivisionError"
    kernel.settle()
    assert len(kernel.comm_errors) == 1
    kernel.comm_errors.clear()
    cell.outputs.remove(shown)


def test_what_cannot_be_drawn_is_told_in_the_cell_of_the_figure(kernel: Kernel) -> None:
    kernel.run(SETUP)
    cell = kernel.run(FIGURE)
    canvas = kernel.widget("LiveCanvasModel")
    painted(kernel, View(canvas))
    code = r"""
plt.ioff()
ax.set_title(r"$\nonsense$")
go = threading.Event()
print("begun", flush=True)
go.wait(20)
fig.canvas.draw_idle()
"""
    blocking = kernel.execute(code).wait_for_text("begun")
    move(canvas, 1)  # what comes first must not decide where the others are told
    heard(kernel)
    kernel.evaluate("go.set()", live=True)
    blocking.ok()
    kernel.wait_for(lambda: "TfwidgetWarning: a message to a widget failed" in cell.stderr, what="a warning")
    assert blocking.stderr == ""
    kernel.settle()
    kernel.comm_errors.clear()
    kernel.run("ax.set_title('better')\nplt.ion()")


def test_hostile_messages_do_no_harm(kernel: Kernel) -> None:
    kernel.run(SETUP)
    kernel.run(FIGURE)
    canvas = kernel.widget("LiveCanvasModel")
    view = View(canvas)
    view.wait_for_frames(1)
    canvas.send("draw")  # type: ignore[arg-type]
    canvas.send({"type": ["draw"]})
    canvas.send({"type": "handle_event"})
    canvas.send_data("resize", width="100", height=10**9)
    canvas.send_data("set_device_pixel_ratio", device_pixel_ratio="2")
    canvas.send_data("key_press", key="no such key", guiEvent=None)
    kernel.settle()
    assert kernel.evaluate("[int(n) for n in fig.canvas.get_width_height(physical=True)]") == [300, 200]
    count = len(view.frames)
    canvas.send_data("draw")
    view.wait_for_frames(count + 1)


def test_a_tick_on_another_thread_handles_nothing(kernel: Kernel) -> None:
    kernel.run(SETUP)
    cell = kernel.execute(
        FIGURE + "done = threading.Event()\nprint('shown', flush=True)\n"
        "while not mailbox: pass\n"
        "worker = threading.Thread(target=lambda: (tfwidget.tick(), fig.canvas.flush_events()))\n"
        "worker.start(); worker.join()\n"
        "assert not threads and mailbox\n"
        "tfwidget.tick()\n"
    ).wait_for_text("shown")
    move(kernel.widget("LiveCanvasModel"), 99)
    cell.ok()
    assert kernel.evaluate("threads") == {"MainThread"}


def test_six_figures_with_texts_are_drawn_as_matplotlib_draws_them(kernel: Kernel) -> None:
    """The case that breaks stock ipympl on subshells: mathtext, tight_layout, live canvases (ipympl #610)."""
    kernel.run(SETUP + "figures = []\nerrors = []\n")
    cell = kernel.execute(r"""
import io, numpy as np
for i in range(6):
    fig, ax = plt.subplots(figsize=(2, 1.5))
    figures.append(fig)
    fig.canvas.mpl_connect("draw_event", lambda event: threads.add(threading.current_thread().name))
    plt.show()
print("shown", flush=True)
for step in range(3):
    for i, fig in enumerate(figures):
        fig.axes[0].plot(np.sin(np.arange(20) * (step + i + 1)))
        fig.axes[0].set_title(rf"$\sum_{{i}}^{{{step}}} \frac{{\alpha_i}}{{\beta^{{{i}}}}}$")
        fig.tight_layout()
        fig.canvas.draw_idle()
        plt.pause(0.001)
""").wait_for_text("shown")
    views = [View(canvas) for canvas in kernel.find("LiveCanvasModel")]
    assert len(views) == 6
    cell.ok(60)
    assert cell.stderr == ""
    kernel.run("for fig in figures: fig.canvas.draw_idle()")
    for i, view in enumerate(views):
        painted(kernel, view, f"figures[{i}]")
    assert kernel.evaluate("threads") == {"MainThread"}
