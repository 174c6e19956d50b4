"""`start`, ``%%tfwidget`` and `await run` in real kernels: steps, cells, messages and interrupts take turns."""

import time
from collections.abc import Iterator

import pytest

from tests.kernel.conftest import Shared
from tests.kernel.harness import CellError, Kernel, View
from tests.kernels import NEWEST, WITH_SUBSHELLS

SETUP = """
%load_ext tfwidget
import asyncio, gc, signal, threading, time, weakref
import tfwidget
from greenlet import greenlet
from tfwidget import session
from tfwidget.session import active_runs

inside = 0
violations = 0

def step(seconds=0.001):
    "A step: `inside` is odd while it runs, and nobody else may see that."
    global inside
    inside += 1
    time.sleep(seconds)
    inside += 1
    return 1 / inside

def look():
    "Called from wherever a step must not be under way."
    global violations
    violations += inside % 2

def train(steps=None, seconds=0.001):
    number = 0
    for number in tfwidget.live(range(10**9 if steps is None else steps)):
        tfwidget.log(loss=step(seconds))
    return number

def remains():
    "What runs that have ended should not leave."
    gc.collect()
    left = [repr(run) for run in active_runs()]
    left += [repr(task) for task in asyncio.all_tasks() if "background" in repr(task)]
    left += [repr(g) for g in gc.get_objects() if isinstance(g, greenlet) and g and not g.dead and g.parent is not None]
    left += [repr(h) for h in (signal.getsignal(signal.SIGINT), get_ipython().kernel.saved_sigint_handler)
             if "tfwidget" in type(h).__module__]
    return left + [repr(job) for job in session.jobs.values()] + [repr(hook) for hook in session.hooks]
"""

FINISH = """
for run_ in active_runs(): run_.stop()
while active_runs(): await asyncio.sleep(0.01)
await asyncio.sleep(0.05)
"""


@pytest.fixture(params=WITH_SUBSHELLS)
def notebook(request: pytest.FixtureRequest, shared_kernels: Shared) -> Iterator[Kernel]:
    """A kernel where tfwidget is loaded; after the test no run may be left in it."""
    for kernel in shared_kernels.lend(request.param):
        kernel.run(SETUP)
        threads = kernel.evaluate("threading.active_count()")
        yield kernel
        kernel.run(FINISH)
        left = kernel.evaluate("(remains(), violations)")
        assert kernel.evaluate("threading.active_count()") <= threads + 1  # ZeroMQ's, of the first large message
    assert left == ([], 0)


@pytest.fixture
def newest(shared_kernels: Shared) -> Iterator[Kernel]:
    for kernel in shared_kernels.lend(NEWEST):
        kernel.run(SETUP)
        yield kernel
        kernel.run(FINISH)
        left = kernel.evaluate("(remains(), violations)")
    assert left == ([], 0)


def wait_until(kernel: Kernel, expression: str, timeout: float = 20) -> None:
    end = time.monotonic() + timeout
    while not kernel.evaluate(expression):
        assert time.monotonic() < end, f"{expression} did not become true: {kernel.evaluate('active_runs()')}"


def said(kernel: Kernel, words: str) -> bool:
    """Whether a widget has shown these words."""
    return any(words in str(update) for widget in kernel.find("HTMLModel") for update in widget.updates)


def forget_tracebacks(kernel: Kernel) -> None:
    """Those that a background run has shown were meant to be shown."""
    for cell in kernel.cells.values():
        cell.outputs[:] = [out for out in cell.outputs if "traceback" not in out]
    kernel.comm_errors.clear()


# -- start, steer, await -----------------------------------------------------------------------------------------------


def test_the_cell_ends_at_once_and_the_training_goes_on(notebook: Kernel) -> None:
    cell = notebook.run("run = tfwidget.start(train, 300)")
    assert len(cell.displayed) == 1
    assert notebook.evaluate("run.state") == "running"
    wait_until(notebook, "run.step > 5")
    assert notebook.run("result = await run; print(result, run.state, run.step)").stdout == "299 finished 300\n"
    assert notebook.evaluate("len(run.history['loss'])") == 300
    assert notebook.run("print(await run)").stdout == "299\n"


def test_other_cells_see_a_step_boundary_for_their_whole_length(notebook: Kernel) -> None:
    notebook.run("run = tfwidget.start(train)")
    wait_until(notebook, "run.step > 0")
    for _ in range(20):
        notebook.run("look(); before = run.step, inside; time.sleep(0.01); look(); assert (run.step, inside) == before")
    notebook.run("run.stop(); assert await run is not None; assert run.state == 'stopped'")


def test_pause_advance_resume_and_stop(notebook: Kernel) -> None:
    notebook.run("run = tfwidget.start(train)")
    wait_until(notebook, "run.step > 2")
    notebook.run("run.pause(); began = inside")
    wait_until(notebook, "run.state == 'paused'")
    notebook.run("await asyncio.sleep(0.1); assert inside == began, 'a step began after the pause'")
    notebook.run("at = run.step; run.advance(10)")
    wait_until(notebook, "run.step == at + 10 and run.state == 'paused'")
    notebook.run("await asyncio.sleep(0.05); assert run.step == at + 10 and inside == began + 20")
    notebook.run("run.resume()")
    wait_until(notebook, "run.step > at + 20")
    notebook.run("run.stop(); await run; at = inside; assert run.state == 'stopped'")
    assert notebook.evaluate("inside == at")


def test_paused_before_its_first_step_it_makes_none(notebook: Kernel) -> None:
    notebook.run("run = tfwidget.start(train); run.pause()")
    wait_until(notebook, "run.state == 'paused'")
    assert notebook.evaluate("(run.step, inside)") == (0, 0)
    notebook.run("run.advance(2)")
    wait_until(notebook, "run.step == 2 and run.state == 'paused'")


def test_a_paused_run_uses_no_processor(newest: Kernel) -> None:
    newest.run("run = tfwidget.start(train)\nView = None")
    View(newest.widget("LiveCanvasModel"))
    wait_until(newest, "run.step > 2")
    newest.run("run.pause()")
    wait_until(newest, "run.state == 'paused'")
    newest.settle()
    # In the first of these seconds it may still be drawn.
    newest.run(
        "used = []\nfor _ in range(3):\n    before = time.process_time(); await asyncio.sleep(1)\n"
        "    used.append(time.process_time() - before)"
    )
    assert newest.evaluate("used")[-1] < 0.02


def test_the_buttons_steer_between_two_steps(notebook: Kernel) -> None:
    notebook.run("run = tfwidget.start(train)")
    wait_until(notebook, "run.step > 2")
    notebook.widget("ButtonModel", description="Pause").click()
    wait_until(notebook, "run.state == 'paused'")
    at = notebook.evaluate("run.step")
    notebook.widget("ButtonModel", description="Step").click()
    wait_until(notebook, f"run.step == {at + 1}")
    notebook.widget("ButtonModel", description="Stop").click()
    wait_until(notebook, "run.state == 'stopped'")


def test_prints_and_errors_land_in_the_cell_that_started_it(notebook: Kernel) -> None:
    cell = notebook.run(
        "def bad():\n    for i in tfwidget.live(range(20)):\n        step(); print('step', i)\n"
        "        if i == 7: 1 / 0\n"
        "run = tfwidget.start(bad)"
    )
    awaiting = notebook.execute("await run")
    with pytest.raises(CellError, match="ZeroDivisionError"):
        awaiting.ok()
    cell.wait_for_text("step 7")
    notebook.wait_for(lambda: "ZeroDivisionError" in str(cell.outputs), what="the error in the cell that started it")
    assert notebook.evaluate("(run.state, run.step)") == ("failed", 7)
    assert "background.py" not in str(cell.outputs), "the traceback begins in the user's function"
    forget_tracebacks(notebook)


def test_a_run_inside_of_a_run_is_refused(newest: Kernel) -> None:
    newest.run("run = tfwidget.start(lambda: tfwidget.start(train))")
    with pytest.raises(CellError, match="inside of another run"):
        newest.execute("await run").ok()
    for code, words in [
        ("for _ in tfwidget.live(range(2)): tfwidget.start(train)", "inside of another run"),
        ("tfwidget.start(5)", "must be something to call"),
        ("async def f(): pass\ntfwidget.start(f)", "coroutine function"),
        (
            "run = tfwidget.start(lambda: [0 for _ in tfwidget.live([1]) for _ in tfwidget.live([2])])\nawait run",
            "begun inside another one",
        ),
    ]:
        with pytest.raises(CellError, match=words):
            newest.execute(code).ok()
    forget_tracebacks(newest)


def test_a_run_cannot_wait_for_itself(newest: Kernel) -> None:
    newest.run("def f():\n    for _ in tfwidget.live(range(3)): list(run.__await__())\nrun = tfwidget.start(f)")
    with pytest.raises(CellError, match="its own end"):
        newest.execute("await run").ok()
    forget_tracebacks(newest)


def test_several_runs_share_the_time(newest: Kernel) -> None:
    newest.run("runs = [tfwidget.start(train) for _ in range(3)]")
    newest.run("while runs[0].step < 200: await asyncio.sleep(0.02)", timeout=60)
    steps = newest.evaluate("[run.step for run in runs]")
    assert max(steps) < 1.6 * min(steps), steps


def test_a_blocking_loop_in_another_cell_makes_the_run_wait_and_it_says_so(notebook: Kernel) -> None:
    notebook.run("run = tfwidget.start(train)")
    wait_until(notebook, "run.step > 2")
    notebook.run("at = run.step\nfor _ in tfwidget.live(range(30)): tfwidget.log(other=step())\nassert run.step == at")
    assert said(notebook, "waits for a cell to end")
    wait_until(notebook, "run.step > at")
    assert notebook.evaluate("'other' not in run.history")


def test_a_paused_run_waits_for_no_cell(notebook: Kernel) -> None:
    notebook.run("run = tfwidget.start(train)")
    wait_until(notebook, "run.step > 2")
    notebook.run("run.pause()")
    wait_until(notebook, "run.state == 'paused'")
    notebook.run("pass")
    notebook.settle()
    assert not any("waits for" in w.state["value"] for w in notebook.find("HTMLModel"))


def test_two_loops_in_one_run_count_on(newest: Kernel) -> None:
    newest.run("def f():\n    for _ in range(3): train(10)\nrun = tfwidget.start(f)\nawait run")
    assert newest.evaluate("(run.state, run.step, len(run.history['loss']))") == ("finished", 30, 30)


def test_stop_ends_all_loops_of_the_run(newest: Kernel) -> None:
    newest.run(
        "def f():\n    for epoch in range(1000): train(10)\n    return epoch\nrun = tfwidget.start(f)\n"
        "while run.step < 25: await asyncio.sleep(0.01)\nrun.stop(); assert await run == 999; assert run.step < 200"
    )


def test_a_step_that_is_long_is_said_to_be(newest: Kernel) -> None:
    newest.run("run = tfwidget.start(train, 4, 0.3)\nawait run")
    assert said(newest, "other cells wait")


# -- interrupts --------------------------------------------------------------------------------------------------------


def test_the_interrupt_button_stops_a_background_run_at_the_next_boundary(notebook: Kernel) -> None:
    notebook.run("run = tfwidget.start(train)")
    wait_until(notebook, "run.step > 5")
    notebook.interrupt()
    wait_until(notebook, "run.state == 'stopped'")
    assert notebook.evaluate("(run.error, inside % 2, len(run.history['loss']) == run.step)") == (
        "interrupted",
        0,
        True,
    )
    notebook.run("assert await run is not None")


def test_a_second_interrupt_is_raised_inside_of_the_step(newest: Kernel) -> None:
    # The step never ends, so only what it prints tells that it has begun, and that the first interrupt has arrived.
    cell = newest.execute(
        "seen = []\ndef f():\n    for _ in tfwidget.live(range(10)):\n        try:\n"
        "            print('begun', flush=True)\n            while not run.stopping: time.sleep(0.001)\n"
        "            print('told', flush=True)\n            while True: time.sleep(0.001)\n"
        "        except KeyboardInterrupt:\n"
        "            seen.append('interrupted'); raise\nrun = tfwidget.start(f)"
    )
    newest.wait_for(lambda: "begun" in cell.stdout, 30, "the step prints begun")
    newest.interrupt()
    newest.wait_for(lambda: "told" in cell.stdout, 30, "the step prints told")
    newest.interrupt()
    wait_until(newest, "run.state == 'stopped'")
    assert newest.evaluate("(seen[-1], run.status.error)") == ("interrupted", "KeyboardInterrupt")
    with pytest.raises(CellError, match="interrupted inside a step"):
        newest.execute("await run").ok()


def test_an_interrupt_while_a_cell_awaits_ends_the_cell_and_stops_the_run(notebook: Kernel) -> None:
    notebook.run("run = tfwidget.start(train)")
    wait_until(notebook, "run.step > 5")
    cell = notebook.execute("print('waiting'); await run")
    cell.wait_for_text("waiting")
    notebook.interrupt()
    cell.wait()
    assert cell.error is not None
    wait_until(notebook, "run.state == 'stopped'")


def test_an_interrupt_of_a_blocking_cell_is_not_for_the_run(notebook: Kernel) -> None:
    notebook.run("run = tfwidget.start(train)")
    wait_until(notebook, "run.step > 5")
    cell = notebook.execute("print('busy', flush=True)\nwhile True: time.sleep(0.01)")
    cell.wait_for_text("busy")
    notebook.interrupt()
    cell.wait()
    assert "KeyboardInterrupt" in str(cell.error)
    at = notebook.evaluate("run.step")
    wait_until(notebook, f"run.step > {at}")


def test_an_interrupt_ends_a_paused_run(newest: Kernel) -> None:
    newest.run("run = tfwidget.start(train)")
    wait_until(newest, "run.step > 2")
    newest.run("run.pause()")
    wait_until(newest, "run.state == 'paused'")
    newest.interrupt()
    wait_until(newest, "run.state == 'stopped'")


def test_an_interrupt_while_a_cell_awaits_something_else_ends_a_paused_run(newest: Kernel) -> None:
    newest.run("run = tfwidget.start(train)")
    wait_until(newest, "run.step > 2")
    newest.run("run.pause()")
    wait_until(newest, "run.state == 'paused'")
    cell = newest.execute(
        "await asyncio.sleep(0); print('waiting')\nwhile run.state == 'paused': await asyncio.sleep(0.01)\nrun.state"
    )
    cell.wait_for_text("waiting")
    newest.interrupt()
    cell.wait()
    wait_until(newest, "run.state == 'stopped'")


# -- the cell magic ----------------------------------------------------------------------------------------------------


def test_a_cell_in_the_background_assigns_the_users_names(notebook: Kernel) -> None:
    cell = notebook.run(
        "%%tfwidget job\nfor number in tfwidget.live(range(50)):\n    step()\nprint('done', number)\n6 * 7"
    )
    assert notebook.run("print(await job)").stdout == "None\n"
    assert notebook.evaluate("number") == 49
    cell.wait_for_text("done 49")
    notebook.wait_for(lambda: "42" in str(cell.displayed), what="the cell's last value")


def test_plain_matplotlib_loops_are_live_as_they_stand(notebook: Kernel) -> None:
    notebook.run("%matplotlib inline\nimport matplotlib.pyplot as plt")
    cell = notebook.run(
        "%%tfwidget job\nfigure, axes = plt.subplots()\n(line,) = axes.plot([], [])\nvalues = []\n"
        "for number in range(10**6):\n    values.append(step())\n    line.set_data(range(len(values)), values)\n"
        "    axes.relim(); axes.autoscale_view()\n    plt.pause(0.001)"
    )
    notebook.wait_for(lambda: len(cell.displayed) == 2, what="the plot's controls, and the figure")
    canvas = notebook.widget("LiveCanvasModel", _size=[640, 480])
    view = View(canvas)
    view.wait_for_frames(5)
    wait_until(notebook, "job.step > 5")
    notebook.run("look(); job.pause()")
    wait_until(notebook, "job.state == 'paused'")
    notebook.run("job.stop(); await job; assert job.state == 'stopped'")
    notebook.settle()  # an acknowledgement may be under way still
    notebook.run("plt.close('all')")


def test_bad_names_and_bad_code(newest: Kernel) -> None:
    for code, words in [
        ("%%tfwidget 5x\npass", "name of a variable"),
        ("%%tfwidget\nfor", "SyntaxError"),
        ("%tfwidget fps many", "a number from"),
        ("%tfwidget budget 500%", "a number from"),
        ("%tfwidget pause now", "takes no argument"),
    ]:
        with pytest.raises(CellError, match=words):
            newest.execute(code).ok()


def test_the_line_magic_steers_and_sets_the_pace(newest: Kernel) -> None:
    newest.run("run = tfwidget.start(train)")
    wait_until(newest, "run.step > 2")
    assert "running" in newest.run("%tfwidget status").stdout
    assert len(newest.run("%tfwidget show").displayed) == 1
    newest.run("%tfwidget pause")
    wait_until(newest, "run.state == 'paused'")
    newest.run("%tfwidget resume")
    assert "10 frames a second, and 5.0%" in newest.run("%tfwidget fps 10\n%tfwidget budget 5%").stdout
    newest.run("%tfwidget fps 30\n%tfwidget budget 2%")
    newest.run("%tfwidget stop")
    wait_until(newest, "run.state == 'stopped'")
    assert newest.run("%tfwidget status").stdout == "No run is under way.\n"


# -- the notebook's life -----------------------------------------------------------------------------------------------


def test_running_the_cell_again_stops_the_former_run(notebook: Kernel) -> None:
    notebook.run("run = tfwidget.start(train)", cell_id="training")
    wait_until(notebook, "run.step > 2")
    notebook.run("former = run")
    cell = notebook.run("run = tfwidget.start(train)", cell_id="training")
    assert "Stopping what this cell had started" in cell.stdout
    wait_until(notebook, "run.step > 2")
    assert notebook.evaluate("(former.state, former.error)") == ("stopped", "its cell was run again")
    assert notebook.evaluate("len(active_runs())") == 1


def test_reloading_the_extension_stops_the_runs(newest: Kernel) -> None:
    newest.run("run = tfwidget.start(train)")
    wait_until(newest, "run.step > 2")
    newest.run("%reload_ext tfwidget")
    wait_until(newest, "run.state == 'stopped'")
    newest.run("run = tfwidget.start(train, 5)\nawait run")
    newest.run("%unload_ext tfwidget\n%load_ext tfwidget")


# -- knobs -------------------------------------------------------------------------------------------------------------


def test_a_knob_is_turned_between_two_steps(notebook: Kernel) -> None:
    notebook.run(
        "turned = []\ndef turn(value): look(); turned.append((value, run.step))\n"
        "knob = tfwidget.knob('strength', turn, 0.0, 1.0)\nrun = tfwidget.start(train)"
    )
    wait_until(notebook, "run.step > 2")
    notebook.widget("FloatSliderModel").update(value=0.5)
    wait_until(notebook, "len(turned) == 1")
    assert notebook.evaluate("(turned[0][0], knob.value)") == (0.5, 0.5)
    assert notebook.evaluate("run.history.events[-1] == (turned[0][1], 'strength = 0.5')")
    notebook.run("run.pause()")
    wait_until(notebook, "run.state == 'paused'")
    notebook.run("knob.value = 0.25")
    wait_until(notebook, "len(turned) == 2")
    notebook.wait_for(lambda: notebook.widget("FloatSliderModel").state["value"] == 0.25, what="Python's value")
    assert notebook.evaluate("run.state") == "paused"
