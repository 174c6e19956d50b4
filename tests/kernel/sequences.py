"""Random sequences of what people do with background runs, beside a model of the states; runs inside a kernel.

`replay` plays the sequence of one seed, from a task between the cells: it calls what messages, cells and signals call,
so that some hundred sequences take seconds. Invariant: the `Model` of a run is told what the run is told, at the same
moment, and nothing else; whatever a step is forbidden by then, it raises `Violation`.
"""

import asyncio
import functools
import gc
import os
import random
import signal
import sys
import threading
import time
import uuid
from typing import ClassVar

import comm
import ipywidgets
from greenlet import greenlet
from IPython import get_ipython
from matplotlib.figure import Figure

import tfwidget
from tfwidget import session
from tfwidget.run import driver
from tfwidget.run.run import Run
from tfwidget.session import active_runs
from tfwidget.widget.knobs import Knob

LIMIT = 10.0  # seconds after which a sequence hangs
PLOTS = 8  # one in so many sequences has real plots; the others draw on nothing, which takes no time

shell = get_ipython()
models = {}
inside = 0
parent = {}  # of the cell that plays


class Violation(BaseException):
    """The model does not allow this; not an Exception, so that nobody on the way swallows it."""


class Planned(Exception):
    """What a step raises when it is to fail."""


found = []  # what was not allowed: in a step the run takes the error as its own


def check(condition, what):
    if not condition:
        found.append(what)
        raise Violation(what)


class Model:
    """What a run may do, from what it was told."""

    def __init__(self, name, length):
        self.name, self.length = name, length
        self.run = None
        self.earlier = []
        self.steps = self.allowed = self.told_interrupts = 0
        self.pausing = self.stopping = self.failed = self.returned = self.awaited = False
        self.begun = self.ended = False
        self.in_next_step = []
        self.turned = []

    def turn(self, value):
        check(inside % 2 == 0, "a knob was turned inside of a step")
        if self.run.state in ("running", "paused"):
            if self.turned and self.turned[-1][0] == self.run.step:
                self.turned.pop()  # of several at one step the last counts
            self.turned.append((self.run.step, f"rate = {value:.4g}"))

    def pause(self):
        self.pausing, self.allowed = True, 0

    def resume(self):
        self.pausing, self.allowed = False, 0

    def advance(self, steps=1):
        self.pausing = True
        self.allowed += steps

    def stop(self, reason=None):
        self.stopping = True

    def interrupt(self):
        self.told_interrupts += 1

    def step(self):
        global inside
        state = self.run.state
        check(inside % 2 == 0, "two steps at once")
        inside += 1
        try:
            check(not self.ended, "a step after the end")
            check(not self.stopping, "a step after stop")
            check(
                all(before.ended or not before.begun for before in self.earlier),
                "a step beside the earlier run of the cell",
            )
            check(state == "running" or (state == "paused" and self.allowed), f"a step while {state}")
            if self.pausing:
                check(self.allowed, "a step after pause")
                self.allowed -= 1
            self.steps += 1
            while self.in_next_step:
                action = self.in_next_step.pop(0)
                if action == "fail":
                    self.failed = True
                    raise Planned(self.name)
                if action == "interrupt":
                    signal.raise_signal(signal.SIGINT)
                else:
                    getattr(self.run, action)()
        finally:
            inside += 1

    def training(self):
        check(not self.stopping, "a call after stop")
        self.begun = True
        try:
            for _ in tfwidget.live(range(self.length)):
                self.step()
                if self.name.endswith("logs"):
                    tfwidget.log(loss=1 / self.steps)
            self.returned = True
            return self.name
        finally:
            self.ended = True

    def expected(self):
        """The state that the run comes to when nothing more happens; None where it is to go on."""
        if self.failed:
            return "failed"
        if self.stopping:
            return "stopped"
        if self.pausing and not self.allowed and not self.ended:
            return "paused"  # after the last step, too
        return "finished" if self.steps >= self.length else None


def _told(name):
    original = getattr(Run, name)

    @functools.wraps(original)
    def call(run, *args):
        if run in models:
            getattr(models[run], name)(*args)
        return original(run, *args)

    return call


def part(plot, description):
    """A button of the plot."""
    return next(part for part in plot.children[0].children if getattr(part, "description", None) == description)


class NoPlot:
    """A front end that draws on nothing."""

    interrupts = 0  # that come while it draws

    def draw(self, frame, status, *, still):
        while self.interrupts:
            self.interrupts -= 1
            signal.raise_signal(signal.SIGINT)

    def __getattr__(self, name):
        return lambda *args: True


class Sequence:
    """One sequence, from its seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.plots = seed % PLOTS == 0
        self.told = []
        self.models = []
        self.awaiters = []

    # -- what may happen

    def cell(self, code, id_="another cell"):
        """Run a cell: another execution, with the hooks and the output of its own."""
        header = {**parent["header"], "msg_id": uuid.uuid4().hex}
        shell.kernel.set_parent([], {**parent, "header": header, "metadata": {"cellId": id_}})
        before = inside
        check(before % 2 == 0, "a cell inside of a step")
        shell.run_cell(code, store_history=False).raise_error()
        check(inside == before, "a step inside of a cell")

    def active(self):
        return [model for model in self.models if model.run.state in ("running", "paused")]

    def any(self):
        return self.random.choice(self.active())

    def start(self, id_=None):
        active = self.active()
        name = f"{len(self.models)}" + (" logs" if self.plots and self.random.random() < 0.3 else "")
        model = Model(name, self.random.choice([0, 1, 3, 40, 10**9, 10**9, 10**9]))
        model.id = self.random.choice("abc") if id_ is None else id_
        model.earlier = [other for other in active if other.id == model.id]
        shell.user_ns["model"] = model
        self.cell("model.run = tfwidget.start(model.training)", model.id)
        for other in model.earlier:
            check(other.stopping, "the earlier run of the cell was not told to stop")
        if self.plots:
            model.knob = Knob("rate", model.turn, 0.0, 1.0)
            model.knob.place(model.run.front_end)
        models[model.run] = model
        self.models.append(model)

    def again(self):
        self.start(self.any().id)

    def command(self, name, *args):
        """From a cell, from the magic, or from a button, whose message comes on another thread."""
        model = self.any()
        ways = ["cell"]
        if not args and name != "advance" and active_runs()[-1] is model.run:
            ways.append("magic")
        if self.plots and name in ("advance", "stop") and model.run.front_end.comm is not None:  # not closed
            ways.append("button")
        way = self.random.choice(ways)
        if way == "cell":
            shell.user_ns["run"] = model.run
            self.cell(f"run.{name}({', '.join(map(str, args))})")
        elif way == "magic":
            self.cell(f"%tfwidget {name}")
        else:
            button = part(model.run.front_end, {"advance": "Step", "stop": "Stop"}[name])
            message = {"content": {"data": {"method": "custom", "content": {"event": "click"}}}, "buffers": []}
            clicker = threading.Thread(target=button.comm.handle_msg, args=(message,))
            clicker.start()
            clicker.join()
        return f"{way} {model.name}"

    def pause(self):
        return self.command("pause")

    def resume(self):
        return self.command("resume")

    def advance(self):
        return self.command("advance", self.random.randint(1, 4))

    def stop(self):
        return self.command("stop")

    def turn(self):
        model = self.any()
        if not self.plots:
            return "there is no plot"
        value = round(self.random.random(), 3)
        if any(model in later.earlier for later in self.models):  # its cell has run again, its plot is closed
            try:
                model.knob.value = value
            except tfwidget.RunError:
                return f"refused {model.name}"
            check(False, "a closed knob was turned")
        if self.random.random() < 0.5:
            shell.user_ns["knob"] = model.knob
            self.cell(f"knob.value = {value}")
        else:
            turner = threading.Thread(target=setattr, args=(model.knob, "value", value))
            turner.start()
            turner.join()
        return f"{value} {model.name}"

    def look(self):
        self.cell(
            "for _ in range(3): [(run.state, run.step, len(run.history)) for run in tfwidget.session.active_runs()]"
        )

    def blocking_loop(self):
        loop = "for _ in tfwidget.live(range(2), plot=plot): tfwidget.tick()"
        self.cell(f"plot = tfwidget.LivePlot((1, 1))\n{loop}\nplot.close()\ndel plot")

    def interrupt(self):
        # Where no run has begun, nobody listens yet.
        listening = type(signal.getsignal(signal.SIGINT)).__module__.startswith("tfwidget")
        before = [(model, model.told_interrupts) for model in self.active()]
        os.kill(os.getpid(), signal.SIGINT)
        for model, times in before:
            check(model.told_interrupts == times + listening, "a run was not told of the interrupt")

    def in_step(self):
        model = self.any()
        action = self.random.choice(["fail", "fail", "interrupt", "interrupt", "pause", "resume", "stop"])
        model.in_next_step.append(action)
        if self.random.random() < 0.3:
            model.in_next_step.append("interrupt")
        return f"{model.in_next_step} {model.name}"

    def in_draw(self):
        model = self.any()
        model.run.front_end.interrupts = self.random.choice([1, 2])  # nobody looks at it where it is a real plot
        return f"{model.run.front_end.interrupts} {model.name}"

    def reload(self):
        self.cell("%reload_ext tfwidget")
        for model in self.active():
            check(model.stopping, "a run was not told to stop by the extension's end")

    def wait_for_end(self):
        model = self.any()

        async def wait():
            model.awaited = True
            return await model.run

        self.awaiters.append((model, asyncio.create_task(wait())))
        return model.name

    def stop_waiting(self):
        if self.awaiters:
            self.random.choice(self.awaiters)[1].cancel()

    async def turns(self, count=None):
        for _ in range(self.random.choice([1, 2, 5, 10, 40]) if count is None else count):
            await asyncio.sleep(0)
            check(not found, "what a step or a task found")

    OPERATIONS: ClassVar = {
        start: 3, again: 1, pause: 4, resume: 4, advance: 4, stop: 1, turn: 2, look: 2, blocking_loop: 0.3,
        interrupt: 1, in_step: 2, in_draw: 1, reload: 0.5, wait_for_end: 2, stop_waiting: 0.5,
    }  # fmt: skip

    # -- one sequence

    async def play(self):
        self.start()
        for _ in range(self.random.randint(3, 14)):
            if self.random.random() < 0.6:
                await self.turns()
            operation = self.random.choices([*self.OPERATIONS], [*self.OPERATIONS.values()])[0]
            names = [operation.__name__]
            self.told.append(names)
            if len(self.active()) > 2 and operation.__name__ == "start":
                continue
            if not self.active() and operation.__name__ not in ("reload", "look", "blocking_loop", "stop_waiting"):
                operation = Sequence.start
            names.append(operation(self))
        await self.settle()
        self.told.append(["end"])
        if self.random.random() < 0.5:
            for model in self.active():
                model.run.stop()
        else:
            for model in self.active():
                model.length = model.steps + 3
                model.in_next_step = ["stop"]
                model.run.resume()
        while self.active():
            await self.turns(1)
        await self.turns(3)

    async def settle(self):
        """Wait until each run is where the model says; then none may make a step it must not."""
        for model in self.models:
            while (expected := model.expected()) is not None and model.run.state != expected:
                await self.turns(1)
            if expected is None:
                at = model.steps
                while model.steps == at and model.expected() is None:
                    await self.turns(1)
        await self.turns(3 * driver.TURNS)

    def judge(self):
        for model in self.models:
            run = model.run
            outcomes = [event for _, event in run.history.events if event in ("finished", "stopped", "failed")]
            check(outcomes == [run.state], f"outcomes {outcomes}, state {run.state}")
            marked = [event for event in run.history.events if event[1].startswith("rate")]
            check(marked == model.turned, f"turned {model.turned}, recorded {marked}")
            if model.failed:
                check(run.state == "failed", f"{run.state} after an exception")
                check(isinstance(run.error, Planned), f"failed by {run.error!r}")
            else:
                check(run.state == ("stopped" if model.stopping else "finished"), f"{run.state} in the end")
            # KeyboardInterrupt ends a step, which is not counted then.
            check(0 <= model.steps - run.step <= 1, f"{run.step} steps counted, {model.steps} made")
        for model, task in self.awaiters:
            check(task.done(), "someone waits for a run that has ended")
            if task.cancelled():
                check(model.stopping or not model.awaited, "an awaiter was cancelled, and the run went on")
            elif task.exception() is None:
                check(task.result() == (model.name if model.returned else None), f"result {task.result()}")
            else:
                check(model.run.error is not None, f"{task.exception()!r} of a run that did not fail")


def counts():
    """What is counted before and after each sequence."""
    return {
        "runs": len(active_runs()) + len(session.jobs),
        "tasks": sum(task.get_coro().__qualname__.endswith(("_drive", ".wait")) for task in asyncio.all_tasks()),
        "handler": signal.getsignal(signal.SIGINT),
        "hooks": {name: len(calls) for name, calls in shell.events.callbacks.items()},
        "threads": threading.active_count(),
        "widgets": len(ipywidgets.widgets.widget._instances),
        "comms": len(comm.get_comm_manager().comms),
        "watching": list(session.hooks),
    }


def heap():
    """Objects that only the garbage collector can count."""
    models.clear()
    session.plots_by_cell.clear()
    for name in ("model", "run", "knob"):
        shell.user_ns.pop(name, None)
    # Where Python and IPython keep the last error shown, and so its frames.
    sys.last_value = sys.last_traceback = sys.last_exc = None
    shell.InteractiveTB.evalue = shell.InteractiveTB.tb = None
    gc.collect()
    kinds = {Run: 0, Figure: 0, greenlet: 0, ipywidgets.Widget: 0}
    for thing in gc.get_objects():
        for kind in kinds:
            if isinstance(thing, kind):
                kinds[kind] += 1
    return {kind.__name__: count for kind, count in kinds.items()}


async def replay(seed):
    """Play the sequence of this seed; raise Violation where the runs and the model part."""
    sequence = Sequence(seed)
    new_plot, usual_slice = session.new_plot, driver.SLICE
    if not sequence.plots:
        session.new_plot = lambda **_: NoPlot()
    # Most slices are but a step long, so that there is a boundary to come between wherever one is.
    driver.SLICE = sequence.random.choice([0.0, 0.0, 0.0, 0.0005, 0.003])
    before = counts()
    found.clear()
    try:
        async with asyncio.timeout(LIMIT):
            await sequence.play()
        sequence.judge()
        if sequence.plots:
            for model in sequence.models:
                model.run.front_end.close()
        after = counts()
        check(after == before, f"left behind: {before} before, {after} after")
    except BaseException as error:
        rest = [(run, vars(job.driver), job.task) for run, job in session.jobs.items()]
        raise Violation(f"seed {seed}: {found or error!r}; {active_runs()}; {rest}; told {sequence.told}") from error
    finally:
        session.new_plot, driver.SLICE = new_plot, usual_slice
        for run in active_runs():
            run.stop()


async def replay_all(seeds):
    """Play many; print how many, or what went wrong."""
    global parent
    parent = shell.kernel.get_parent()
    replaced = {name: getattr(Run, name) for name in ("pause", "resume", "advance", "stop", "interrupt")}
    for name in replaced:
        setattr(Run, name, _told(name))
    try:
        await replay(0)  # makes what is made once
        before, began = heap(), time.perf_counter()
        for seed in seeds:
            await replay(seed)
            models.clear()
        after = heap()
        check(all(after[kind] <= before[kind] for kind in before), f"left behind: {before} before, {after} after")
        told = f"played {len(seeds)} in {time.perf_counter() - began:.1f} s"
    except Exception as error:
        told = f"failed: {error!r}"
    except Violation as error:
        told = f"violated: {error}"
    finally:
        shell.kernel.set_parent([], parent)
        print(told)
        for name, function in replaced.items():
            setattr(Run, name, function)
