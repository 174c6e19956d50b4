"""The overlap detector: from wherever somebody looks, no step is under way.

A step makes a counter odd when it begins, and even when it has ended; cells, handlers of comm messages, timers, draws
and tasks of the user look at it while a training runs in the background. That they look at all is counted, too.
"""

from collections.abc import Iterator

import pytest

from tests.kernel.conftest import Shared
from tests.kernel.harness import Kernel, View
from tests.kernel.test_background import FINISH, SETUP, forget_tracebacks
from tests.kernels import WITH_SUBSHELLS

OBSERVATIONS = 4_000
"""Of each kernel, so that all three make more than 10,000."""

OBSERVERS = """
from collections import Counter
import ipywidgets
from tfwidget.jupyter.confined import Confined

seen, odd = Counter(), Counter()

def look(who):
    "Note whether a step is under way, and that somebody looked."
    seen[who] += 1
    odd[who] += inside % 2

class Knocker(Confined, ipywidgets.Button):
    pass

knocker = Knocker(description="Knock")
knocker.on_click(lambda _: look("comm message"))

def timer():
    look("timer")
    if run.state == "running":
        asyncio.get_running_loop().call_later(0.0005, timer)

async def task():
    while run.state == "running":
        look("task")
        await asyncio.sleep(0)

def fetched():
    "Looks whenever the loop asks for the next batch."
    for number in range(10**9):
        look("between two steps")
        yield number

def observed():
    for _ in tfwidget.live(fetched()):
        tfwidget.log(loss=step(0.0005))
"""

START = """
run = tfwidget.start(observed)
run.front_end.canvas.mpl_connect("draw_event", lambda event: look("draw"))
get_ipython().events.register("pre_run_cell", lambda info: look("cell's hook"))
timer()
tasks = [asyncio.create_task(task()) for _ in range(3)]
"""


@pytest.fixture(params=WITH_SUBSHELLS)
def notebook(request: pytest.FixtureRequest, shared_kernels: Shared) -> Iterator[Kernel]:
    for kernel in shared_kernels.lend(request.param):
        kernel.run(SETUP + OBSERVERS)
        hooks = "get_ipython().events.callbacks['pre_run_cell'][:]"
        kernel.run(f"hooks = {hooks}")
        yield kernel
        kernel.run("get_ipython().events.callbacks['pre_run_cell'][:] = hooks\n" + FINISH)


def test_nobody_ever_sees_a_step_under_way(notebook: Kernel) -> None:
    notebook.run(START)
    knocker = notebook.widget("ButtonModel", description="Knock")
    view = View(notebook.widget("LiveCanvasModel"))
    cells = 0
    while cells < 25 or notebook.evaluate("sum(seen.values())") < OBSERVATIONS:
        for _ in range(4):
            knocker.click()
            view.canvas.send_data("draw")  # a full draw, as after a pan
        notebook.run("look('cell'); seen_at = inside; time.sleep(0.002); look('cell'); assert inside == seen_at")
        cells += 1
        assert cells < 400, "they did not come to look"
    notebook.run("run.stop(); await run")
    seen, odd = notebook.evaluate("(dict(seen), dict(+odd))")
    forget_tracebacks(notebook)
    assert odd == {}, f"a step was under way when they looked: {odd} of {seen}"
    assert sum(seen.values()) >= OBSERVATIONS
    for who in ("cell", "cell's hook", "comm message", "timer", "task", "draw", "between two steps"):
        assert seen[who] >= 20, f"{who} looked {seen[who]} times only: {seen}"


def test_the_detector_sees_an_overlap(notebook: Kernel) -> None:
    """A tick inside of a step is what it is made for."""
    notebook.run(
        "def observed():\n    global inside\n    for _ in tfwidget.live(range(10**9)):\n"
        "        inside += 1; time.sleep(0.0005); tfwidget.tick(); inside += 1"
    )
    notebook.run(START)
    notebook.run("while len(+odd) < 2: await asyncio.sleep(0.001)", timeout=20)
    assert set(notebook.evaluate("dict(+odd)")) >= {"timer", "task"}
    notebook.run("run.stop(); await run\ninside = 0; violations = 0")
