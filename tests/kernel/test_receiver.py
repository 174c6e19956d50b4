"""What the browser sends to our widgets is handled between two steps, whichever shell it was sent to."""

import secrets
from collections.abc import Iterator

import pytest

from tests.kernel.conftest import Shared
from tests.kernel.harness import Kernel, Widget
from tests.kernels import OVERLAYS

SETUP = """
import threading, time
import ipywidgets
from tfwidget.jupyter.confined import Confined
from tfwidget.jupyter.owner import mailbox
seen, threads, in_step = [], set(), False

class Ours(Confined, ipywidgets.HTML):
    pass

def note(widget, content, buffers):
    assert not in_step, "a message was handled in the midst of a step"
    seen.append((content, [bytes(buffer) for buffer in buffers]) if buffers else content)
    threads.add(threading.current_thread().name)

def step():
    global in_step
    in_step = True
    time.sleep(0.001)
    in_step = False
    mailbox.drain()

ours = Ours()
ours.on_msg(note)
theirs = ipywidgets.HTML("theirs")
theirs.on_msg(note)
"""


@pytest.fixture(params=OVERLAYS)
def any_kernel(request: pytest.FixtureRequest, shared_kernels: Shared) -> Iterator[Kernel]:
    yield from shared_kernels.lend(request.param)


def prepare(kernel: Kernel) -> tuple[Widget, Widget]:
    """Our widget, and one of another library."""
    kernel.run(SETUP)
    return kernel.widget("HTMLModel", value=""), kernel.widget("HTMLModel", value="theirs")


@pytest.mark.parametrize("shells", ["main", "subshell", "each in turn"])
def test_in_a_cell_that_blocks_all_are_handled_in_order_between_steps(kernel: Kernel, shells: str) -> None:
    ours, _ = prepare(kernel)
    cell = kernel.execute("print('begun', flush=True)\nwhile 99 not in seen: step()").wait_for_text("begun")
    for number in range(100):
        main = shells == "main" or (shells == "each in turn" and number % 2 == 0)
        ours.send(number, subshell=None if main else "auto")  # type: ignore[arg-type]
    cell.ok()
    assert kernel.evaluate("seen") == list(range(100))
    assert kernel.evaluate("threads") == {"MainThread"}


def test_between_cells_they_are_handled_on_the_main_thread(any_kernel: Kernel) -> None:
    ours, _ = prepare(any_kernel)
    for number in range(20):
        ours.send(number, subshell=None)  # type: ignore[arg-type]
    any_kernel.wait_for(lambda: any_kernel.evaluate("len(seen)") == 20, what="all messages")
    assert any_kernel.evaluate("seen") == list(range(20))
    assert any_kernel.evaluate("threads") == {"MainThread"}


def test_in_a_cell_that_awaits_they_are_handled(kernel: Kernel) -> None:
    ours, _ = prepare(kernel)
    cell = kernel.execute("import asyncio\nprint('begun', flush=True)\nwhile not seen: await asyncio.sleep(0.001)")
    cell.wait_for_text("begun")
    ours.send("there", subshell=None)  # type: ignore[arg-type]
    cell.ok()
    assert kernel.evaluate("threads") == {"MainThread"}


def test_buffers_come_with_their_message(any_kernel: Kernel) -> None:
    ours, _ = prepare(any_kernel)
    ours.send({"name": "x"}, [b"one", b"two"])
    any_kernel.wait_for(lambda: any_kernel.evaluate("len(seen)") == 1, what="the message")
    assert any_kernel.evaluate("seen") == [({"name": "x"}, [b"one", b"two"])]


def test_an_old_kernel_handles_them_when_the_cell_has_ended(old_kernel: Kernel) -> None:
    ours, _ = prepare(old_kernel)
    cell = old_kernel.execute("print('begun', flush=True)\nfor _ in range(100): step()\nassert not seen")
    cell.wait_for_text("begun")
    ours.send("late")  # type: ignore[arg-type]
    cell.ok()
    old_kernel.settle()
    assert old_kernel.evaluate("seen") == ["late"]


def test_other_libraries_widgets_wait_for_the_cells_end_as_ever(kernel: Kernel) -> None:
    ours, theirs = prepare(kernel)
    cell = kernel.execute("print('begun', flush=True)\nwhile 'ours' not in seen: step()\nassert seen == ['ours']")
    cell.wait_for_text("begun")
    theirs.send("theirs", subshell=None)  # type: ignore[arg-type]
    ours.send("ours", subshell=None)  # type: ignore[arg-type]
    cell.ok()
    kernel.settle()
    assert kernel.evaluate("seen") == ["ours", "theirs"]
    assert kernel.evaluate("threads") == {"MainThread"}


def test_other_libraries_widgets_are_handled_on_their_subshell_as_ever(kernel: Kernel) -> None:
    _, theirs = prepare(kernel)
    kernel.run("theirs.comm.__dict__.pop('_reply_subshell_id', None)")  # 7.4 would go by who published last
    cell = kernel.execute("print('begun', flush=True)\nwhile not seen: time.sleep(0.001)").wait_for_text("begun")
    theirs.send("theirs")  # type: ignore[arg-type]
    cell.ok()
    assert kernel.evaluate("'MainThread' not in threads")


@pytest.mark.parametrize("subshell", ["auto", None])
def test_comms_of_other_targets_are_opened_and_heard_as_ever(any_kernel: Kernel, subshell: str | None) -> None:
    prepare(any_kernel)
    any_kernel.run(
        "def opened(comm, message):\n"
        "    seen.append(message['content']['data'])\n"
        "    comm.on_msg(lambda message: seen.append(message['content']['data']))\n"
        "    comm.on_close(lambda message: seen.append('closed'))\n"
        "get_ipython().kernel.comm_manager.register_target('other', opened)"
    )
    comm, shell = secrets.token_hex(16), any_kernel.resolve(subshell)
    any_kernel.send("comm_open", {"comm_id": comm, "target_name": "other", "data": "opened"}, subshell=shell)
    any_kernel.send("comm_msg", {"comm_id": comm, "data": "heard"}, subshell=shell)
    any_kernel.send("comm_close", {"comm_id": comm, "data": {}}, subshell=shell)
    any_kernel.settle()
    assert any_kernel.evaluate("seen") == ["opened", "heard", "closed"]


def answered(kernel: Kernel) -> Widget:
    """Ask for the state of all widgets as a reloaded page does: on the main shell, for it has no subshell yet."""
    comm = secrets.token_hex(16)
    target = "jupyter.widget.control"
    control = kernel.widgets[comm] = Widget(kernel, comm, target, {})
    content = {"comm_id": comm, "target_name": target, "data": {}}
    kernel.send("comm_open", content, metadata={"version": "1.0.0"})
    kernel.send("comm_msg", {"comm_id": comm, "data": {"method": "request_states"}})
    kernel.wait_for(lambda: control.state, what="the state of all widgets")
    return control


def test_a_page_reloaded_while_a_cell_runs_gets_its_widgets_back(kernel: Kernel) -> None:
    ours, theirs = prepare(kernel)
    cell = kernel.execute("go = False\nprint('begun', flush=True)\nwhile 'go' not in seen: step()")
    cell.wait_for_text("begun")
    for _ in range(2):
        control = answered(kernel)
        assert control.state[ours.comm_id]["model_name"] == "HTMLModel"
        assert control.state[theirs.comm_id]["state"]["value"] == "theirs"
        kernel.send("comm_close", {"comm_id": control.comm_id, "data": {}})
    assert not cell.done
    ours.send("go", subshell=None)  # type: ignore[arg-type]
    cell.ok()
    kernel.settle()
    assert kernel.evaluate("threads") == {"MainThread"}


def test_a_page_reloaded_between_cells_gets_its_widgets_back(any_kernel: Kernel) -> None:
    ours, _ = prepare(any_kernel)
    assert ours.comm_id in answered(any_kernel).state


def test_a_page_reloaded_shows_no_figure_half_made(kernel: Kernel) -> None:
    """Matplotlib's inline backend shows and closes figures at each `post_execute` of IPython."""
    ours, _ = prepare(kernel)
    kernel.run("%matplotlib inline\nimport matplotlib.pyplot as plt")
    cell = kernel.execute(
        "fig = plt.figure()\nprint('begun', flush=True)\nwhile 'go' not in seen: step()\nprint(plt.get_fignums())"
    ).wait_for_text("begun")
    answered(kernel)
    ours.send("go")  # type: ignore[arg-type]
    assert "[1]" in cell.ok().stdout


def test_an_echo_answers_the_browsers_own_message(any_kernel: Kernel) -> None:
    """Else the browser takes no notice of it, and of no value that the kernel sets later."""
    prepare(any_kernel)
    any_kernel.run(
        "from tfwidget.jupyter.confined import Guarded\n"
        "answered, heard = [], []\n"
        "class Slider(Guarded, ipywidgets.FloatSlider):\n"
        "    def check(self, value): return float(value)\n"
        "    def heard(self, value): heard.append(value)\n"
        "    def _send(self, msg, buffers=None):\n"
        "        answered.append((msg['method'], get_ipython().kernel.get_parent()['header']['msg_id']))\n"
        "        super()._send(msg, buffers)\n"
        "slider = Slider()"
    )
    slider = any_kernel.widget("FloatSliderModel")
    data = {"method": "update", "state": {"value": 3.5}, "buffer_paths": []}
    sent = any_kernel.send("comm_msg", {"comm_id": slider.comm_id, "data": data})
    any_kernel.wait_for(lambda: any_kernel.evaluate("heard") == [3.5], what="the value")
    assert any_kernel.evaluate("answered") == [("echo_update", sent)]


def test_of_a_flood_during_one_step_the_newest_are_handled(kernel: Kernel) -> None:
    ours, _ = prepare(kernel)
    cell = kernel.execute("go = threading.Event()\nprint('begun', flush=True)\ngo.wait(20)").wait_for_text("begun")
    for number in range(1500):
        ours.send(number)  # type: ignore[arg-type]
    kernel.evaluate("go.set()", live=True)
    cell.ok()
    kernel.settle()
    assert kernel.evaluate("seen") == list(range(500, 1500))


def test_loaded_twice_and_unloaded_each_message_is_handled_once(kernel: Kernel) -> None:
    kernel.run("%load_ext tfwidget\n%load_ext tfwidget\n%reload_ext tfwidget")
    ours, _ = prepare(kernel)
    wait = "print('begun', flush=True)\nwhile len(seen) < 2: step()"
    cell = kernel.execute(wait).wait_for_text("begun")
    ours.send(1, subshell=None)  # type: ignore[arg-type]
    ours.send(2, subshell=None)  # type: ignore[arg-type]
    cell.ok()
    kernel.run("%unload_ext tfwidget")
    cell = kernel.execute("print('begun', flush=True)\nfor _ in range(50): step()\nassert 3 not in seen")
    cell.wait_for_text("begun")
    ours.send(3, subshell=None)  # type: ignore[arg-type]
    cell.ok()
    kernel.settle()
    assert kernel.evaluate("seen") == [1, 2, 3]
    assert kernel.evaluate("threads") == {"MainThread"}


RUNNING = """
import asyncio
from tfwidget.jupyter.cells import running
noted = {"in the cell that asks first": running()}

def note(when):
    noted[when] = running()

async def later():
    while not awaiting: await asyncio.sleep(0)
    note("beside a cell that awaits")

loop = asyncio.get_running_loop()
awaiting = False
task = loop.create_task(later())
loop.call_soon(note, "after the cell")
"""


def test_whether_a_cell_runs(any_kernel: Kernel) -> None:
    any_kernel.run(RUNNING)
    any_kernel.run("get_ipython().run_cell('note(\"in a cell within\")')\nnote('after a cell within')")
    any_kernel.run("awaiting = True\nawait task")
    any_kernel.execute("loop.call_soon(note, 'after a cell that fails'); 1 / 0").wait()
    noted = any_kernel.evaluate("noted")
    assert [when for when, ran in noted.items() if not ran] == ["after the cell", "after a cell that fails"]
    assert len(noted) == 6


def test_a_cell_of_a_subshell_is_none_of_the_owners(kernel: Kernel) -> None:
    kernel.run("import threading\nfrom tfwidget.jupyter.cells import running\nrunning()\ngo = threading.Event()")
    beside = kernel.execute("print('begun', flush=True)\ngo.wait(20)", kernel.subshell).wait_for_text("begun")
    kernel.run("import asyncio\nnoted = []\nasyncio.get_running_loop().call_soon(lambda: noted.append(running()))")
    assert kernel.evaluate("noted") == [False]
    kernel.run("go.set()")
    beside.ok()
