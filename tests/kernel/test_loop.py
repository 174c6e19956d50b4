"""`live` and `log` in plain loops of real kernels: every way into a run and out of it, and the hands on its buttons."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from tests.kernel.conftest import Shared
from tests.kernel.harness import Kernel, View, Widget
from tests.kernels import NEWEST, WITH_SUBSHELLS

SETUP = """
%load_ext tfwidget
%tfwidget budget 100%
import gc, signal, threading, weakref
import numpy as np
import tfwidget
from ipywidgets.widgets.widget import _instances
from tfwidget.session import current_run
widgets_before = set(_instances)

def steps(count=None):
    "Like range; notes the run that loops over it."
    global run
    number = 0
    while count is None or number < count:
        run = current_run()
        yield number
        number += 1

class Noting(tfwidget.LivePlot):
    "A plot that keeps the newest frame."
    def draw(self, frame, status, *, still):
        if frame is not None: self.frame = frame
        super().draw(frame, status, still=still)

def shown(plot):
    "Names, steps and values of the tensors that it shows."
    return {name: (value.step, value.array.tolist()) for name, value in plot.frame.values.items()}

def part(plot, description):
    "A button of the plot."
    return next(part for part in plot.children[0].children if getattr(part, "description", None) == description)

def left_behind():
    "What a run that has ended should not leave."
    run, handler = current_run(), signal.getsignal(signal.SIGINT)
    left = [repr(run)] if run is not None else []
    left += [repr(handler)] if handler is not signal.default_int_handler else []
    calls = get_ipython().events.callbacks["post_run_cell"]
    return left + [repr(call) for call in calls if "on_cell_end" in call.__qualname__]
"""

# Without those of subshells, and without that which ZeroMQ starts for the first large message.
THREADS_OF_THE_KERNEL = """[
    repr(t) for t in threading.enumerate() if not t.name.startswith("subshell-") and "GarbageCollector" not in repr(t)
]"""


@pytest.fixture(params=WITH_SUBSHELLS)
def notebook(request: pytest.FixtureRequest, shared_kernels: Shared) -> Iterator[Kernel]:
    """A kernel where tfwidget is loaded; after the test nothing of a run may be left in it."""
    for kernel in shared_kernels.lend(request.param):
        kernel.run(SETUP)
        threads = kernel.evaluate(THREADS_OF_THE_KERNEL)
        yield kernel
        left = kernel.evaluate("left_behind()")
        threads_now = kernel.evaluate(THREADS_OF_THE_KERNEL)
    assert left == []
    assert threads_now == threads


def outcome(kernel: Kernel) -> tuple[str, int, str | None]:
    """State, steps and error of the last run, as Python knows them."""
    result: tuple[str, int, str | None] = kernel.evaluate("(run.state, run.step, run.status.error)")
    return result


def status(kernel: Kernel) -> str:
    """What the widget says, as the browser shows it."""
    lines = [str(w.state["value"]) for w in kernel.find("HTMLModel") if "tfw-status" in w.state.get("_dom_classes", ())]
    assert lines, "there is no status line"
    return lines[-1]


def button(kernel: Kernel, description: str) -> Widget:
    return kernel.widget("ButtonModel", description=description)


# -- ways out ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "state", "steps", "error"),
    [
        ("for i in tfwidget.live(steps(20)): tfwidget.log(loss=1 / (i + 1))", "finished", 20, None),
        ("for i in tfwidget.live(steps(20)):\n    if i == 7: break", "stopped", 7, None),
        (
            "def train():\n    for i in tfwidget.live(steps(20)):\n        with np.errstate():\n"
            "            if i == 7: return i\nassert train() == 7",
            "stopped",
            7,
            None,
        ),
        ("for i, j in zip(tfwidget.live(steps(20)), range(7)): pass", "stopped", 7, None),
        ("import itertools\nfor i in itertools.islice(tfwidget.live(steps(20)), 8): pass", "stopped", 7, None),
        ("list(tfwidget.live(steps(7)))", "finished", 7, None),
        ("list(zip(tfwidget.live(steps(20)), range(7)))", "stopped", 7, None),
        ("def train(): return dict(zip(tfwidget.live(steps(20)), 'abc'))\ntrain()", "stopped", 3, None),
        ("[*zip(tfwidget.live(steps(20)), range(7))]", "stopped", 7, None),
        ("it = tfwidget.live(steps(20))\nnext(it)", "stopped", 0, "the cell ended before the training did"),
        ("run = None\nfor i in tfwidget.live(range(7)): run = current_run()", "finished", 7, None),
        ("for i in tfwidget.live(steps()):\n    if i == 7: run.stop()", "stopped", 8, None),
        (
            "try:\n    for i in tfwidget.live(steps(20)):\n        if i == 7: 1 / 0\nexcept ZeroDivisionError: pass",
            "stopped",
            7,
            None,
        ),
    ],
    ids=[
        "exhausted",
        "break",
        "return",
        "zip",
        "islice",
        "list",
        "list of zip",
        "dict of zip",
        "starred zip",
        "abandoned",
        "range",
        "stop",
        "caught",
    ],
)
def test_a_loop_that_ends_in_order(notebook: Kernel, code: str, state: str, steps: int, error: str | None) -> None:
    in_order = "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\nassert current_run() is None"
    cell = notebook.run(code if "it =" in code else f"{code}\n{in_order}")
    assert cell.stderr == ""
    assert outcome(notebook) == (state, steps, error)
    assert f">{state}<" in status(notebook)
    assert button(notebook, "Pause").state["disabled"]


@pytest.mark.parametrize(
    ("code", "steps"),
    [
        ("for i in tfwidget.live(steps(20)):\n    if i == 7: 1 / 0", 7),
        ("def train():\n    for i in tfwidget.live(steps(20)):\n        if i == 7: 1 / 0\ntrain()", 7),
        ("def bad():\n    yield from steps(7)\n    1 / 0\nfor i in tfwidget.live(bad()): pass", 7),
        ("def bad():\n    yield from range(7)\n    1 / 0\nfor i, j in zip(tfwidget.live(steps(20)), bad()): pass", 7),
        ("list(map(lambda i: 1 / (7 - i), tfwidget.live(steps(20))))", 7),
        ("for n in (9, 2):\n    list(map(lambda i: 1 / (n - i), tfwidget.live(steps(5))))", 7),
        ("def train(): return list(map(lambda i: 1 / (7 - i), tfwidget.live(steps(20))))\ntrain()", 7),
        ("for i in tfwidget.live(steps(7)): pass\n1 / 0", None),
    ],
    ids=["body", "function", "iterable", "another iterable", "map", "map in a loop", "map in a function", "after"],
)
def test_an_exception_is_known_when_the_cell_has_ended(notebook: Kernel, code: str, steps: int | None) -> None:
    cell = notebook.execute(code).wait()
    assert (cell.error or "").startswith("ZeroDivisionError")
    if steps is None:
        assert outcome(notebook) == ("finished", 7, None)
        return
    assert outcome(notebook) == ("failed", steps, "ZeroDivisionError: division by zero")
    assert notebook.evaluate("[event for _, event in run.history.events if event != 'finished']") == ["failed"]
    notebook.settle()
    assert ">failed<" in status(notebook)
    assert "ZeroDivisionError: division by zero" in status(notebook)


def test_an_exception_after_the_loop_is_not_its_own(notebook: Kernel) -> None:
    cell = notebook.execute("list(zip(tfwidget.live(steps(20)), range(7)))\n1 / 0").wait()
    assert (cell.error or "").startswith("ZeroDivisionError")
    assert outcome(notebook) == ("stopped", 7, None)
    assert notebook.evaluate("[event for _, event in run.history.events]") == ["stopped"]


def test_the_interrupt_button_in_a_step(notebook: Kernel) -> None:
    cell = notebook.execute(
        "for i in tfwidget.live(steps()):\n    if i == 5:\n        print('begun', flush=True)\n        while True: pass"
    )
    cell.wait_for_text("begun")
    notebook.interrupt()
    assert (cell.wait().error or "").startswith("KeyboardInterrupt")
    assert outcome(notebook) == ("stopped", 5, "interrupted")


def test_the_interrupt_button_while_paused(notebook: Kernel) -> None:
    cell = notebook.execute("for i in tfwidget.live(steps()):\n    if i == 5: run.pause()")
    button(notebook, "Resume")
    notebook.interrupt()
    assert (cell.wait().error or "").startswith("KeyboardInterrupt")
    assert outcome(notebook) == ("stopped", 6, "interrupted")
    assert button(notebook, "Pause").state["disabled"]


# -- ways in -----------------------------------------------------------------------------------------------------------


def test_what_cannot_be_looped_over(notebook: Kernel) -> None:
    for code, text in (
        ("tfwidget.live(5)", "TypeError: live: iterable must be something to loop over"),
        ("tfwidget.live(range(5), total=-1)", "TypeError: live: total must be a number of steps"),
        ("tfwidget.live(range(5), total='5')", "TypeError: live: total must be a number of steps"),
        ("tfwidget.live(range(5), plot=5)", "TypeError: live: plot must be a tfwidget.LivePlot, got 5"),
    ):
        assert text in (notebook.execute(code).wait().error or "")
    assert notebook.find("LiveCanvasModel") == []


def test_a_loop_inside_a_loop(notebook: Kernel) -> None:
    cell = notebook.execute("for i in tfwidget.live(steps(5)):\n    for j in tfwidget.live(range(3)): pass").wait()
    assert "RunError: a run was begun inside another one" in (cell.error or "")
    assert outcome(notebook)[:2] == ("failed", 0)
    assert len(notebook.find("LiveCanvasModel")) == 1
    cell = notebook.execute("for i, j in zip(tfwidget.live(steps(5)), tfwidget.live(range(5))): pass").wait()
    assert "RunError: a run was begun inside another one" in (cell.error or "")
    notebook.run("for i in tfwidget.live(steps(3)): pass")
    assert outcome(notebook) == ("finished", 3, None)


@pytest.mark.parametrize("where", ["thread", "subshell"])
def test_a_loop_on_another_thread(notebook: Kernel, where: str) -> None:
    if where == "subshell":
        cell = notebook.execute("for i in tfwidget.live(range(3)): pass", notebook.subshell).wait()
        text = cell.error or ""
    else:
        cell = notebook.run(
            "def work():\n    try: tfwidget.live(range(3))\n    except tfwidget.RunError as error: print(error)\n"
            "worker = threading.Thread(target=work, name='trainer'); worker.start(); worker.join()"
        )
        text = cell.stdout
        assert "'trainer'" in text
    assert "only the main thread can show one" in text


def test_an_empty_dataset(notebook: Kernel) -> None:
    cell = notebook.run("for i in tfwidget.live([]): pass")
    assert cell.stderr == ""
    assert ">finished<" in status(notebook)
    assert notebook.widget("FloatProgressModel").state["bar_style"] == "success"


def test_a_loop_over_epochs_goes_on_in_the_same_plot(notebook: Kernel) -> None:
    notebook.run(
        "runs = []\nfor epoch in range(3):\n    for i in tfwidget.live(range(10)):\n"
        "        run = current_run()\n        tfwidget.log(loss=run.step)\n    runs.append(run)"
    )
    assert len(notebook.find("LiveCanvasModel")) == 1
    assert outcome(notebook) == ("finished", 30, None)
    assert notebook.evaluate("run.history['loss'].steps.tolist()") == list(range(1, 31))
    assert notebook.evaluate("[(run.state, run.total) for run in runs]") == [("finished", n) for n in (10, 20, 30)]
    notebook.run("for i in tfwidget.live(steps(5)): pass")
    assert len(notebook.find("LiveCanvasModel")) == 2
    assert outcome(notebook) == ("finished", 5, None), "another loop counts from the beginning"


def test_two_loops_of_a_cell_have_a_plot_each(notebook: Kernel) -> None:
    notebook.run("for i in tfwidget.live(steps(3)): pass\nfor i in tfwidget.live(steps(4)): pass")
    assert len(notebook.find("LiveCanvasModel")) == 2
    assert outcome(notebook) == ("finished", 4, None)


def test_running_a_cell_again_closes_its_earlier_plots(notebook: Kernel) -> None:
    code = "for i in tfwidget.live(steps(3)): pass\nfor i in tfwidget.live(steps(3)): pass"
    notebook.run("other = None\nfor i in tfwidget.live(steps(3)): pass", cell_id="other")
    notebook.run(code, cell_id="again")
    first = notebook.find("LiveCanvasModel")
    assert len(first) == 3
    notebook.run(code, cell_id="again")
    second = notebook.find("LiveCanvasModel")
    assert [canvas.closed for canvas in first] == [False, True, True]
    assert len(second) == 3
    assert second[0] is first[0]


def test_a_plot_of_the_users_own(notebook: Kernel) -> None:
    notebook.run("plot = tfwidget.LivePlot((3, 2))")
    cell = notebook.run("for _ in range(2):\n    for i in tfwidget.live(steps(3), plot=plot): tfwidget.log(loss=i)")
    assert cell.displayed == [], "the user displays it"
    assert len(notebook.find("LiveCanvasModel")) == 1
    assert notebook.evaluate("plot.run is run")


# -- what is logged ----------------------------------------------------------------------------------------------------


def test_log_outside_a_run_warns(notebook: Kernel) -> None:
    cell = notebook.run("tfwidget.log(loss=1.0, accuracy=0.5)")
    assert "TfwidgetWarning: tfwidget.log(loss=..., accuracy=...) was called outside a run" in cell.stderr
    notebook.run("assert tfwidget.tick()")


def test_a_loop_that_was_left_reads_ended_until_its_cell_ends(notebook: Kernel) -> None:
    cell = notebook.execute(
        "go = threading.Event()\nfor i in tfwidget.live(steps()):\n    if i == 7: break\n"
        "print('left', flush=True); go.wait(20)"
    ).wait_for_text("left")
    notebook.wait_for(lambda: ">ended<" in status(notebook), what="the end of the loop")
    assert button(notebook, "Pause").state["disabled"]
    notebook.evaluate("go.set()", live=True)
    cell.ok()
    assert outcome(notebook) == ("stopped", 7, None)
    assert ">stopped<" in status(notebook)


AFTER_EACH_EPOCH = """
plot = Noting()
def validate():
    for n in range(3):
        tfwidget.log(val_loss=run.step + n / 10, weights=np.full(5, n))
for epoch in range(3):
    for i in tfwidget.live(steps(10), plot=plot):
        tfwidget.log(loss=i)
    validate()
plot
"""


def test_values_between_the_loops_and_after_them_are_of_the_last_step(notebook: Kernel) -> None:
    cell = notebook.run(AFTER_EACH_EPOCH)
    assert cell.stderr == ""
    assert outcome(notebook) == ("finished", 30, None)
    series = "(lambda one: (one.steps.tolist(), one.values.tolist()))(run.history['val_loss'])"
    assert notebook.evaluate(series) == ([10, 20, 30], [10.2, 20.2, 30.2])
    assert notebook.evaluate("len(run.history['loss'])") == 30
    assert "30.2" in status(notebook), "the last ones are shown, too"
    assert notebook.evaluate("shown(plot)") == {"weights": (30, [2.0] * 5)}
    assert notebook.evaluate("len(plot.figure.axes)") == 2, "loss and val_loss share one"
    assert "outside a run" in notebook.run("tfwidget.log(val_loss=1.0)").stderr, "in another cell"


def test_a_thread_may_log_between_two_loops(notebook: Kernel) -> None:
    cell = notebook.run("""
plot = Noting()
array = np.zeros(3)
def work():
    for n in range(5):
        array[:] = n
        tfwidget.log(worker=float(n), weights=array)
    array[:] = -1
for epoch in range(2):
    for i in tfwidget.live(steps(10), plot=plot): pass
    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
""")
    assert cell.stderr == ""
    series = "(lambda one: (one.steps.tolist(), one.values.tolist()))(run.history['worker'])"
    assert notebook.evaluate(series) == ([10, 20], [4.0, 4.0])
    assert notebook.evaluate("shown(plot)") == {"weights": (20, [4.0] * 3)}


def test_values_after_a_loop_are_its_own_when_another_one_follows(notebook: Kernel) -> None:
    cell = notebook.run(
        "for i in tfwidget.live(steps(3)): pass\nfirst = run\ntfwidget.log(accuracy=0.5)\n"
        "for i in tfwidget.live(steps(4)): pass\ntfwidget.log(accuracy=0.25)"
    )
    assert cell.stderr == ""
    last = "[(r.state, list(r.history), r.history['accuracy'].last) for r in (first, run)]"
    assert notebook.evaluate(last) == [
        ("finished", ["accuracy"], (3, 0.5)),
        ("finished", ["accuracy"], (4, 0.25)),
    ]
    assert notebook.evaluate("[len(r.front_end.figure.axes) for r in (first, run)]") == [1, 1]


def test_two_hundred_metrics(notebook: Kernel) -> None:
    cell = notebook.run(
        "for i in tfwidget.live(steps(10)): tfwidget.log(**{f'metric {n}': n * i for n in range(200)})", timeout=60
    )
    assert cell.stderr == ""
    assert outcome(notebook) == ("finished", 10, None)
    assert notebook.evaluate("(len(run.history), {len(series) for series in run.history.values()})") == (200, {10})
    assert "more" in status(notebook)


def test_values_that_cannot_be_shown_do_not_end_the_training(notebook: Kernel) -> None:
    cell = notebook.run("""
class Huge:
    shape, dtype = (2**20, 2**10), np.dtype("float32")
bad = dict(
    text=np.array(["a", "b"]), ragged=[[1], [2, 3]], rank5=np.zeros((2, 3, 4, 5, 6)), nothing=None, thing=object(),
    complex=np.ones(3) * 1j, fails=lambda: 1 / 0, huge=Huge(), late=lambda: tfwidget.Image(np.zeros((2, 3, 4, 5, 6))),
)
plot = Noting()
for i in tfwidget.live(steps(10), plot=plot):
    tfwidget.log(loss=i, **bad, **{"": 1})
""")
    assert outcome(notebook) == ("finished", 10, None)
    assert notebook.evaluate("len(run.history['loss'])") == 10
    errors = notebook.evaluate("dict(plot.frame.errors)")
    for name, text in {
        "text": "numbers",
        "ragged": "numbers",
        "fails": "ZeroDivisionError",
        "huge": "4,096 MB",
    }.items():
        assert text in errors[name]
    assert cell.stderr.count("TfwidgetWarning") == 1
    assert "a name must be a non-empty string" in cell.stderr


def test_a_thread_of_the_users_own_logs(notebook: Kernel) -> None:
    cell = notebook.run("""
done = threading.Event()
def work():
    array = np.zeros(20)
    for n in range(50):
        array[:] = n
        tfwidget.log(worker=float(n), weights=array)
    done.set()
worker = threading.Thread(target=work)
for i in tfwidget.live(steps()):
    if i == 0: worker.start()
    tfwidget.log(loss=i)
    if done.is_set() and len(run.history.get("worker", ())) == 50: break
worker.join()
""")
    assert cell.stderr == ""
    assert notebook.evaluate("run.history['worker'].values.tolist()") == list(range(50))


# -- the browser while the cell runs -----------------------------------------------------------------------------------

WATCHED = """
starts, marks = [], []
def mark(_):
    marks.append((len(starts), run.state))
for i in tfwidget.live(steps()):
    starts.append(i)
    if i == 0:
        for name in ("Pause", "Step", "Stop"):
            part(run.front_end, name).on_click(mark)
        print("begun", flush=True)
    tfwidget.log(loss=np.exp(-i / 100))
"""


def test_pause_step_resume_and_stop_take_effect_before_the_next_step(notebook: Kernel) -> None:
    cell = notebook.execute(WATCHED).wait_for_text("begun")
    view = View(notebook.widget("LiveCanvasModel"))
    view.wait_for_frames(2)
    pause, step = button(notebook, "Pause"), button(notebook, "Step")
    pause.click()
    button(notebook, "Resume")

    def counted(steps: int) -> Callable[[], bool]:
        return lambda: any(f"</span> {steps:,}" in str(w.state.get("value")) for w in notebook.find("HTMLModel"))

    before = notebook.evaluate("len(starts)", live=True)
    for extra in (1, 2):
        step.click()
        notebook.wait_for(counted(before + extra), what="the step in the counter")
        assert notebook.evaluate("(len(starts), run.state)", live=True) == (before + extra, "paused")
    pause.click()
    button(notebook, "Pause")
    stop = button(notebook, "Stop")
    frames = len(view.frames)
    view.wait_for_frames(frames + 2)
    stop.click()
    cell.ok()
    assert cell.stderr == ""
    marks = notebook.evaluate("marks")
    states = [state for _, state in marks]
    assert states == ["running", "paused", "paused", "paused", "running"]
    # Paused before the next step; each Step makes exactly one; Stop ends the loop with the step under way.
    assert [count for count, _ in marks[:4]] == [before, before, before + 1, before + 2]
    assert marks[4][0] > before + 2
    assert notebook.evaluate("(len(starts), run.step, run.state)") == (marks[4][0], marks[4][0], "stopped")
    events = notebook.evaluate("list(run.history.events)")
    assert events == [(before, "paused"), (before + 2, "resumed"), (marks[4][0], "stopped")]


def test_a_paused_run_is_panned_and_redrawn(notebook: Kernel) -> None:
    cell = notebook.execute(WATCHED).wait_for_text("begun")
    canvas = notebook.widget("LiveCanvasModel")
    view = View(canvas)
    view.wait_for_frames(2)
    button(notebook, "Pause").click()
    button(notebook, "Resume")
    limits = "tuple(map(float, run.front_end.figure.axes[0].get_xlim()))"
    before = notebook.evaluate(limits, live=True)
    canvas.send_data("toolbar_button", name="pan")
    box = notebook.evaluate("[float(x) for x in run.front_end.figure.axes[0].bbox.bounds]", live=True)
    x, y = box[0] + box[2] / 2, 220
    frames = len(view.frames)
    view.drag((x, y), (x + 60, y))
    view.wait_for_frames(frames + 1)
    notebook.wait_for(lambda: notebook.evaluate(limits, live=True)[0] < before[0], what="the pan")
    canvas.send_data("resize", width=500, height=300)
    notebook.wait_for(lambda: view.picture is not None and view.picture.shape[:2] == (300, 500), what="the new size")
    button(notebook, "Stop").click()
    cell.ok()
    notebook.settle()  # the last frame may still be acknowledged


def test_the_first_picture_comes_while_the_cell_runs_and_the_last_one_shows_the_end(notebook: Kernel) -> None:
    cell = notebook.execute(
        "go = True\nfor i in tfwidget.live(steps()):\n    tfwidget.log(loss=np.cos(i / 7))\n    if not go: break"
    )
    view = View(notebook.widget("LiveCanvasModel"))
    view.wait_for_frames(5)
    assert not cell.done
    notebook.evaluate("globals().update(go=False)", live=True)
    cell.ok()
    reference = notebook.picture("run.front_end.figure")

    def is_shown() -> bool:
        picture = view.picture
        if picture is None or picture.shape != reference.shape:
            return False
        return bool(np.any(picture != reference, axis=-1).mean() < 0.005)

    notebook.wait_for(is_shown, what="the last picture")
    # The picture that the saved notebook keeps.
    updated = [out for out in cell.outputs if out["output_type"] == "update_display_data"]
    assert "image/png" in updated[-1]["data"]


def test_a_closed_browser_costs_nothing_and_a_new_one_sees_the_training(notebook: Kernel) -> None:
    cell = notebook.execute(
        "for i in tfwidget.live(steps()):\n    tfwidget.log(loss=1 / (i + 1))\n"
        "    if i == 1000: print('a thousand steps', flush=True)"
    )
    canvas = notebook.widget("LiveCanvasModel")
    cell.wait_for_text("a thousand steps")

    def frames() -> int:
        return sum(message.data.get("type") == "binary" for message in canvas.messages)

    notebook.wait_for(frames, what="a frame though nobody has asked for it")
    # It waits for its acknowledgement; another one is tried only when that counts as lost, after 0.3 s at the earliest.
    sent, elapsed = frames(), notebook.evaluate("run.status.elapsed", live=True)
    assert sent <= 2 + elapsed / 0.3
    assert notebook.evaluate("run.status.plotting_share", live=True) < 1
    view = View(canvas)
    view.wait_for_frames(3)
    view.acknowledge = False
    count = len(view.frames)
    view.wait_for_frames(count + 2)  # the last of them after a while without an answer
    view.acknowledge = True
    canvas.send_data("ready", device_pixel_ratio=1, theme="dark")
    count = len(view.frames)
    view.wait_for_frames(count + 3)
    button(notebook, "Stop").click()
    cell.ok()
    assert cell.stderr == ""


# -- nothing left behind -----------------------------------------------------------------------------------------------


def test_a_run_and_its_plot_can_be_collected(notebook: Kernel) -> None:
    notebook.run("""
def train():
    for i in tfwidget.live(steps(5)):
        tfwidget.log(loss=i, picture=np.zeros((10, 10)))
    return weakref.ref(current), weakref.ref(current.front_end)
def steps(count):
    global current
    for number in range(count):
        current = current_run()
        yield number
references = train()
""")
    notebook.run("current.front_end.close()\ndel current\ngc.collect()")
    assert notebook.evaluate("[reference() is None for reference in references]") == [True, True]
    assert notebook.evaluate("len(set(_instances) - widgets_before)") == 0
    notebook.settle()
    assert notebook.find("LiveCanvasModel") == notebook.find("ButtonModel") == []


def test_runs_of_a_cell_that_is_run_again_and_again_are_collected(notebook: Kernel) -> None:
    code = "references = globals().get('references', [])\nfor i in tfwidget.live(steps(3)): tfwidget.log(loss=i)\n"
    code += "references.append(weakref.ref(run.front_end))"
    for _ in range(3):
        notebook.run(code, cell_id="again")
    notebook.run("gc.collect()")
    assert notebook.evaluate("[reference() is None for reference in references]") == [True, True, False]


# -- magics ------------------------------------------------------------------------------------------------------------


def test_magics(notebook: Kernel) -> None:
    assert "already loaded" in notebook.run("%load_ext tfwidget").stdout
    assert "%tfwidget doctor" in notebook.run("%tfwidget").stdout
    assert "No run is under way" in notebook.run("%tfwidget status").stdout
    doctor = notebook.run("%tfwidget doctor").stdout
    assert f"ipykernel       {notebook.version}." in doctor
    assert any("yes" in line for line in doctor.splitlines() if "while a cell runs" in line)
    assert "unknown command 'puase'" in (notebook.execute("%tfwidget puase").wait().error or "")
    cell = notebook.run(
        "for i in tfwidget.live(steps()):\n    if i == 3: get_ipython().run_line_magic('tfwidget', 'status')\n"
        "    if i == 4: get_ipython().run_line_magic('tfwidget', 'stop')"
    )
    assert "<tfwidget run: running, step 3>" in cell.stdout
    assert outcome(notebook) == ("stopped", 5, None)
    notebook.run("%unload_ext tfwidget")
    assert "UsageError" in (notebook.execute("%tfwidget status").wait().error or "")
    notebook.run("%load_ext tfwidget\n%reload_ext tfwidget")
    assert "No run is under way" in notebook.run("%tfwidget status").stdout
    notebook.run("for i in tfwidget.live(steps(3)): pass")


def test_loading_is_quick_and_imports_nothing_heavy(fresh_kernel: Callable[[str], Kernel]) -> None:
    kernel = fresh_kernel(NEWEST)
    before = kernel.evaluate(
        "[name for name in ('tensorflow', 'keras', 'matplotlib') if name in __import__('sys').modules]"
    )
    assert before == [], "else this test says nothing"
    kernel.run("import time; began = time.perf_counter()\n%load_ext tfwidget\ntook = time.perf_counter() - began")
    print(f"%load_ext tfwidget took {kernel.evaluate('took'):.3f} s")
    kernel.run("import tfwidget")
    heavy = (
        "[name for name in ('tensorflow', 'keras', 'matplotlib', 'ipywidgets') if name in __import__('sys').modules]"
    )
    assert kernel.evaluate(heavy) == []
    kernel.run("for i in tfwidget.live(range(3)): tfwidget.log(loss=i)")
    assert kernel.evaluate("'tensorflow' in __import__('sys').modules") is False
