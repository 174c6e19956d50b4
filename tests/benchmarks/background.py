"""Prints what a background `model.fit` and the notebook cost each other: ``python -m tests.benchmarks.background``.

In one kernel, headless, default settings, with a client that acknowledges each frame at once: how long other cells
take, how long a click on Pause, how much slower the fit is than in a blocking cell without tfwidget, in turns, and the
processor time of a paused run.
"""

import argparse
import os
import platform
import random
import statistics
import tempfile
import time
from pathlib import Path

from tests.benchmarks.client import WORKLOAD, Client
from tests.kernel.harness import Kernel, started
from tests.kernels import AS_INSTALLED, NEWEST, write_specs

SETUP = """
import asyncio
import tfwidget

model = tf.keras.Sequential([tf.keras.Input((64,)), tf.keras.layers.Dense(256, "relu"), tf.keras.layers.Dense(10)])
model.compile("sgd", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
batches = -(-len(images) // 64)

def fit(epochs, callbacks=()):
    model.fit(images, labels, batch_size=64, epochs=epochs, verbose=0, callbacks=list(callbacks))

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


WAYS = ("blocking", "watched", "background")
"""Without tfwidget; with LiveCallback in a blocking cell; with it in the background."""


def quantile(values: list[float], share: float) -> float:
    """The value below which this share of `values` is."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


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


def measure(version: str, pairs: int, seconds: float) -> None:
    """Print the figures."""
    load = os.getloadavg()[0]
    with (
        tempfile.TemporaryDirectory() as folder,
        started(version, write_specs(Path(folder, "specs"), (version,), AS_INSTALLED), Path(folder)) as kernel,
    ):
        Client(kernel)
        kernel.run(WORKLOAD, timeout=300)
        kernel.run(SETUP, timeout=300)
        epoch = kernel.evaluate("blocking(20)", timeout=300)[0] / 20
        step = epoch / kernel.evaluate("batches")
        epochs = max(int(seconds / epoch), 2)
        kernel.run("watched(20); await background(20)", timeout=300)
        rounds = []
        for number in range(pairs):
            taken = {}
            for way in WAYS[:: 1 if number % 2 else -1]:
                prefix = "await " if way == "background" else ""
                kernel.run(f"taken = {prefix}{way}({epochs})", timeout=300)
                taken[way] = kernel.evaluate("taken")
            rounds.append(taken)
        kernel.run("run = tfwidget.start(fit, 10**6, [tfwidget.LiveCallback()])")
        kernel.run("while run.step < 200: await asyncio.sleep(0.01)", timeout=60)
        answers = cells(kernel, 60)
        clicks = pauses(kernel, 30)
        kernel.run("run.pause()\nwhile run.state != 'paused': await asyncio.sleep(0.01)\nawait asyncio.sleep(1)")
        kernel.run("before = time.process_time(); await asyncio.sleep(5); used = time.process_time() - before")
        paused = kernel.evaluate("used") / 5
        kernel.run("run.stop(); await run")
        alone = cells(kernel, 20)
        tensorflow = kernel.evaluate("tf.__version__")
    print(
        f"Python {platform.python_version()}, TensorFlow {tensorflow}, ipykernel {version}, {os.cpu_count()} cores "
        f"({platform.machine()}); batches of {step * 1000:.2f} ms; load average {load:.1f} before, "
        f"{os.getloadavg()[0]:.1f} after\n"
    )
    late = quantile(clicks, 0.95) - step
    print("| a background `model.fit`, default settings | measured | target |")
    print("|---|---|---|")
    print(f"| other cells (`pass`), median of {len(answers)} | {1000 * statistics.median(answers):.0f} ms | 60 ms |")
    print(f"| other cells, 95th percentile | {1000 * quantile(answers, 0.95):.0f} ms | |")
    print(f"| the same without a run, median of {len(alone)} | {1000 * statistics.median(alone):.0f} ms | |")
    print(f"| from a click on Pause to paused, less one step, 95th of {len(clicks)} | {1000 * late:.0f} ms | 50 ms |")
    for title, way, clock in (
        ("throughput over the blocking fit's", "background", 0),
        ("the same by processor time", "background", 1),
        ("throughput of a blocking fit with LiveCallback", "watched", 0),
    ):
        ratios = [taken["blocking"][clock] / taken[way][clock] for taken in rounds]
        target = "0.90" if (way, clock) == ("background", 0) else ""
        print(
            f"| {title}: median (lowest to highest) of {pairs} | "
            f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) | {target} |"
        )
    print(f"| processor while paused, of a core | {paused:.1%} | 2 % |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.background", description=__doc__)
    parser.add_argument("--pairs", type=int, default=5, help="how often each fit is run (default: 5)")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long a blocking fit runs (default: 10)")
    parser.add_argument("--kernel", default=NEWEST, help=f"which ipykernel (default: {NEWEST})")
    arguments = parser.parse_args()
    measure(arguments.kernel, arguments.pairs, arguments.seconds)
