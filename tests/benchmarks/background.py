"""What a background `model.fit` and the notebook cost each other, without a browser, default settings.

Invariant: the same fit is run in a blocking cell without tfwidget, in one with it, and in the background, in turns.
"""

import random
import statistics
import time

from tests.benchmarks.client import Client, spread, table
from tests.benchmarks.options import Options
from tests.kernel.harness import Kernel

SETUP = """
import asyncio
import tfwidget

network, rows, targets = tools.network_and_rows()

def clocks():
    return time.perf_counter(), time.process_time()

def fit(epochs, callbacks=()):
    network.fit(rows[:6400], targets[:6400], batch_size=64, epochs=epochs, verbose=0, callbacks=list(callbacks))

def blocking(epochs, callbacks=()):
    began = clocks()
    fit(epochs, callbacks)
    return [after - before for before, after in zip(began, clocks())]

def watched(epochs):
    plot = tfwidget.LivePlot()
    display(plot)
    taken = blocking(epochs, [tfwidget.LiveCallback(plot=plot)])
    plot.close()
    return taken

async def background(epochs):
    began = clocks()
    run = tfwidget.start(fit, epochs, [tfwidget.LiveCallback()])
    await run
    taken = [after - before for before, after in zip(began, clocks())]
    run.front_end.close()
    return taken

fit(20)
"""

BATCHES = 100
"""Of an epoch."""

WAYS = ("blocking", "watched", "background")
"""Without tfwidget; with LiveCallback in a blocking cell; with it in the background."""


def background(client: Client, options: Options) -> None:
    """Print the figures."""
    kernel = client.kernel
    kernel.run(SETUP, timeout=300)
    epoch = kernel.evaluate("blocking(20)", timeout=300)[0] / 20
    step, epochs = epoch / BATCHES, max(int(3 * options.seconds / epoch), 2)
    kernel.run("watched(20); await background(20)", timeout=300)
    rounds = []
    for number in range(options.rounds):
        taken = {}
        for way in WAYS[:: 1 if number % 2 else -1]:
            prefix = "await " if way == "background" else ""
            kernel.run(f"taken = {prefix}{way}({epochs})", timeout=300)
            taken[way] = kernel.evaluate("taken")
        rounds.append(taken)
    kernel.run("run = tfwidget.start(fit, 10**6, [tfwidget.LiveCallback()])")
    kernel.run("while run.step < 200: await asyncio.sleep(0.01)", timeout=60)
    answers = cells(kernel, round(20 * options.seconds))
    clicks = pauses(kernel, round(10 * options.seconds))
    kernel.run("run.pause()\nwhile run.state != 'paused': await asyncio.sleep(0.01)\nawait asyncio.sleep(1)")
    kernel.run(
        f"began = clocks(); await asyncio.sleep({options.seconds})\n"
        "used = (time.process_time() - began[1]) / (time.perf_counter() - began[0])"
    )
    paused = kernel.evaluate("used")
    kernel.run("run.stop(); await run")
    alone = cells(kernel, round(10 * options.seconds))
    late = statistics.quantiles(clicks, n=20)[-1] - step
    table(
        f"A background `model.fit` of batches of {1000 * step:.2f} ms, default settings",
        ("", "measured", "target"),
        (f"ms of another cell (`pass`), median of {len(answers)}", milliseconds(statistics.median(answers)), "60"),
        ("the same, 95th percentile", milliseconds(statistics.quantiles(answers, n=20)[-1]), ""),
        (f"the same without a run, median of {len(alone)}", milliseconds(statistics.median(alone)), ""),
        (f"ms from a click on Pause to paused, less a step, 95th of {len(clicks)}", milliseconds(late), "50"),
        *(
            (
                f"{title}: median (lowest to highest)",
                spread([t["blocking"][clock] / t[way][clock] for t in rounds]),
                target,
            )
            for title, way, clock, target in (
                ("throughput over the blocking fit's", "background", 0, "0.90"),
                ("the same by processor time", "background", 1, ""),
                ("throughput of a blocking fit with LiveCallback", "watched", 0, ""),
            )
        ),
        ("processor while paused, of a core", f"{paused:.1%}", "2 %"),
    )


def milliseconds(seconds: float) -> str:
    """Without a unit."""
    return f"{1000 * seconds:.0f}"


def cells(kernel: Kernel, count: int) -> list[float]:
    """Seconds from sending a cell with ``pass`` until its reply, each sent at another moment of a slice."""
    taken = []
    for _ in range(count):
        time.sleep(random.uniform(0.0, 0.1))
        began = time.perf_counter()
        cell = kernel.run("pass")
        assert cell.ended is not None
        taken.append(cell.ended - began)
    return taken


def pauses(kernel: Kernel, count: int) -> list[float]:
    """Seconds from a click on Pause until the page shows that the run is paused."""
    button = kernel.widget("ButtonModel", description="Pause")
    taken = []
    for _ in range(count):
        time.sleep(random.uniform(0.1, 0.3))
        began = time.perf_counter()
        button.click()
        kernel.wait_for(lambda: button.state["description"] == "Resume", what="the pause")
        taken.append(time.perf_counter() - began)
        button.click()
        kernel.wait_for(lambda: button.state["description"] == "Pause", what="the resumption")
    return taken
