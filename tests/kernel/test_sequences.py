"""Random sequences of what people do with background runs: no deadlock, no forbidden step, one outcome, nothing left.

Two levels, which fail with the seed and with what was done:

- most sequences are played inside of the kernel by `sequences.py`, in lock-step with a model of the states;
- some go through real messages: cells, the magic, buttons over the subshell, SIGINT.

``TFWIDGET_SEED=17`` plays only that one, on both levels.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kernel.conftest import Shared
from tests.kernel.harness import Kernel
from tests.kernel.test_background import FINISH, SETUP, wait_until
from tests.kernels import NEWEST, WITH_SUBSHELLS

SEQUENCES = {"7.4": range(1, 801), "7.3": range(801, 901), "7.1": range(901, 1001)}
"""Seeds of the sequences played inside of a kernel, by its version."""

MESSAGES = {"7.4": range(1, 21), "7.3": range(21, 31), "7.1": range(31, 41)}
"""Seeds of the sequences of real messages."""

PLAYER = Path(__file__).with_name("sequences.py").read_text()


def seeds_of(version: str, seeds: dict[str, range]) -> range:
    """Those of this version, or the one that is asked for."""
    asked = os.environ.get("TFWIDGET_SEED")
    if asked is None:
        return seeds[version]
    return range(int(asked), int(asked) + 1 if version == NEWEST else int(asked))


@pytest.fixture(params=WITH_SUBSHELLS)
def notebook(request: pytest.FixtureRequest, shared_kernels: Shared) -> Iterator[Kernel]:
    yield from shared_kernels.lend(request.param)


def forget_planned_errors(kernel: Kernel) -> None:
    """Those that the steps were told to raise."""
    for cell in kernel.cells.values():
        cell.outputs[:] = [out for out in cell.outputs if out.get("ename") not in ("Planned", "KeyboardInterrupt")]
    kernel.comm_errors[:] = [error for error in kernel.comm_errors if "Planned" not in error]


@pytest.mark.timeout(300)
def test_what_runs_do_is_what_the_model_says(notebook: Kernel) -> None:
    seeds = seeds_of(notebook.version, SEQUENCES)
    notebook.run("%load_ext tfwidget\n" + PLAYER)
    cell = notebook.run(f"job = asyncio.create_task(replay_all({seeds}))")
    notebook.wait_for(lambda: cell.stdout.endswith("\n"), 240, f"the end of the sequences {seeds}")
    forget_planned_errors(notebook)
    assert cell.stdout.startswith(f"played {len(seeds)} "), cell.stdout


# -- real messages -----------------------------------------------------------------------------------------------------

PLANNED = """
from tfwidget.session import own_run

class Planned(Exception):
    "What a step raises when it is to fail."

fail = False
allowed = 0  # steps in a pause
forbidden = []
runs = []

def planned():
    global allowed
    me = own_run()
    for _ in tfwidget.live(range(10**9)):
        if me.state == "paused":
            allowed -= 1
        if me.state != "running" and not (me.state == "paused" and allowed >= 0):
            forbidden.append(f"a step while {me.state}")
        if me.stopping:
            forbidden.append("a step after stop")
        if any(run.state in ("running", "paused") for run in runs if run is not me):
            forbidden.append("a step beside the earlier run of the cell")
        try:
            step(0.0005)
        except KeyboardInterrupt:
            globals()["inside"] += inside % 2  # that step has ended, too
            raise
        if fail:
            raise Planned()

def outcomes():
    return [[event for _, event in run.history.events if event in ("finished", "stopped", "failed")] for run in runs]
"""

START = "globals().update(fail=False, allowed=0)\nrun = tfwidget.start(planned)\nruns.append(run)"


class Player:
    """Plays one sequence of messages; `state` is that of the model."""

    def __init__(self, kernel: Kernel, seed: int) -> None:
        self.kernel = kernel
        self.random = random.Random(seed)
        self.state = "none"
        self.outcomes: list[str] = []
        self.told: list[str] = []

    def play(self) -> None:
        self.start()
        for _ in range(self.random.randint(4, 8)):
            self.random.choice(self.operations())()
        if self.state in ("running", "paused"):
            self.stop()
        assert self.kernel.evaluate("(outcomes(), forbidden, violations, inside % 2)") == (
            [[outcome] for outcome in self.outcomes],
            [],
            0,
            0,
        )

    def operations(self) -> list[Callable[[], None]]:
        always = [self.look, self.start, self.reload]
        if self.state not in ("running", "paused"):
            return [self.start, self.look, self.await_again]
        going = [self.pause, self.advance, self.stop, self.interrupt, self.interrupt_awaiting, self.interrupt_blocking]
        resume = [self.resume] * 3
        return [*always, *going, *going, *(resume if self.state == "paused" else [self.pause, self.fail])]

    def tell(self, what: str, state: str) -> None:
        """Expect this state after what was done."""
        self.told.append(f"{what}: {state}")
        self.state = state
        wait_until(self.kernel, f"run.state == {state!r}")
        if state in ("stopped", "failed"):
            self.outcomes.append(state)
        elif state == "paused":
            self.kernel.run("made = inside\nfor _ in range(40): await asyncio.sleep(0)\nassert inside == made")
        else:
            self.kernel.run("made = inside\nwhile inside == made and run.state == 'running': await asyncio.sleep(0)")

    def command(self, name: str, button: str, state: str) -> None:
        """From a cell, by the magic, or by a button."""
        way = self.random.choice(["cell", "magic", "button"])
        if way == "button":
            self.kernel.widget("ButtonModel", description=button).click()
        else:
            self.kernel.run(f"run.{name}()" if way == "cell" else f"%tfwidget {name}")
        self.tell(f"{name} by {way}", state)

    def start(self) -> None:
        if self.state in ("running", "paused"):
            self.outcomes.append("stopped")  # it is the same cell, run again
        self.kernel.run(START, cell_id="training")
        wait_until(self.kernel, "run.step > 0")
        self.tell("start", "running")

    def look(self) -> None:
        self.kernel.run("look(); seen = inside; time.sleep(0.005); look(); assert inside == seen")
        self.told.append("look")

    def pause(self) -> None:
        if self.state == "running":
            self.command("pause", "Pause", "paused")

    def resume(self) -> None:
        self.command("resume", "Resume", "running")

    def advance(self) -> None:
        steps = self.random.randint(1, 5)
        if self.state == "paused":
            self.kernel.run(f"allowed += {steps}")
            before = self.kernel.evaluate("run.step")
            if steps == 1:
                self.kernel.widget("ButtonModel", description="Step").click()
            else:
                self.kernel.run(f"run.advance({steps})")
            wait_until(self.kernel, f"run.step == {before + steps}")
        else:
            self.kernel.run(f"allowed += {steps}; run.advance({steps}); before = run.step")
            wait_until(self.kernel, f"run.step == before + {steps}")
        self.tell(f"advance {steps}", "paused")

    def stop(self) -> None:
        self.command("stop", "Stop", "stopped")

    def fail(self) -> None:
        self.kernel.run("fail = True")
        self.tell("fail", "failed")

    def reload(self) -> None:
        self.kernel.run("%reload_ext tfwidget")
        if self.state in ("running", "paused"):
            self.tell("reload", "stopped")

    def interrupt(self) -> None:
        self.kernel.interrupt()
        if self.random.random() < 0.3:
            self.kernel.interrupt()  # pressed twice
        self.tell("interrupt", "stopped")

    def interrupt_awaiting(self) -> None:
        # From its first turn on the cell and the run are told; ipykernel alone loses some.
        cell = self.kernel.execute("await asyncio.sleep(0)\nprint('begun', flush=True)\nawait run")
        cell.wait_for_text("begun")
        self.kernel.interrupt()
        assert cell.wait().error is not None
        self.tell("interrupt of a cell that awaits", "stopped")

    def interrupt_blocking(self) -> None:
        cell = self.kernel.execute("print('begun', flush=True)\nwhile True: time.sleep(0.01)").wait_for_text("begun")
        self.kernel.interrupt()
        assert "KeyboardInterrupt" in str(cell.wait().error)
        self.tell("interrupt of a blocking cell", self.state)

    def await_again(self) -> None:
        error = self.kernel.execute("await run").wait().error
        assert (error is None) == (self.state == "stopped") or "interrupted" in str(error), error
        self.told.append("await")


@pytest.mark.timeout(300)
def test_messages_cells_and_interrupts_in_any_order(notebook: Kernel) -> None:
    notebook.run(SETUP + PLANNED)
    threads, hooks = (
        "threading.active_count()",
        "{name: len(calls) for name, calls in get_ipython().events.callbacks.items()}",
    )
    before = None
    for seed in seeds_of(notebook.version, MESSAGES):
        player, began = Player(notebook, seed), time.monotonic()
        try:
            player.play()
            notebook.run(FINISH)
            left = notebook.evaluate("remains()")
            assert left == []
            notebook.run("for run in runs: run.front_end.close()\nruns.clear()")
            after = notebook.evaluate(
                f"({threads}, {hooks}, str(signal.getsignal(signal.SIGINT)), len(asyncio.all_tasks()), "
                "len(__import__('comm').get_comm_manager().comms))"
            )
            assert before is None or after == before, "counted after the first sequence, and now"
            before = after
        except BaseException as error:
            what = f"seed {seed} on {notebook.version}, after {time.monotonic() - began:.1f} s: {player.told}"
            raise AssertionError(what) from error
        forget_planned_errors(notebook)
