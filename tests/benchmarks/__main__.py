"""Prints what plotting costs a training, tfwidget beside its peers.

In one kernel, headless, with a client that acknowledges each frame at once. Each round runs the bare loop and then each
way of plotting, so that a machine whose speed drifts slows all alike; a ratio is that of a round.
"""

import argparse
import os
import platform
import statistics
import tempfile
from pathlib import Path

from tests.kernel.harness import Kernel, Message, View, Widget, started
from tests.kernels import NEWEST, write_specs

WAYS = {
    "bare": "no plot",
    "with_tfwidget": "tfwidget, default settings",
    "with_agg": "tfwidget, default settings, for a browser that cannot paint what moves",
    "with_plotly": "plotly FigureWidget at 10 frames/s",
    "with_livelossplot": "livelossplot, `send()` at 1 frame/s",
    "with_inline": "inline backend, a new figure at 2 frames/s",
    "with_ipympl": "ipympl, `draw()` at 10 frames/s",
}
"""What is compared: functions of `tests.benchmarks.workload`, and what the table calls them."""


class Clients:
    """Opens a view of each canvas as soon as it is displayed, as a browser does."""

    def __init__(self, kernel: Kernel) -> None:
        self.views: dict[str, View] = {}
        self.streams = True
        self._kernel = kernel
        kernel.reactions.append(self._see)

    def _see(self, widget: Widget, message: Message) -> None:
        if widget.model in ("LiveCanvasModel", "MPLCanvasModel") and widget.comm_id not in self.views:
            self.views[widget.comm_id] = View(widget, streams=self.streams)

    def frames(self) -> int:
        return sum(len(view.frames) for view in self.views.values())


def measure(version: str, rounds: int, seconds: float) -> None:
    """Print the table."""
    ratios: dict[str, list[float]] = {way: [] for way in WAYS}
    frames: dict[str, list[float]] = {way: [] for way in WAYS}
    step_times = []
    with tempfile.TemporaryDirectory() as folder:
        specs = write_specs(Path(folder, "specs"), (version,))
        with started(version, specs, Path(folder)) as kernel:
            clients = Clients(kernel)
            kernel.run("from tests.benchmarks.workload import *\nbare(2000)", timeout=300)
            count = max(int(seconds / (float(kernel.evaluate("timed('bare', 1000)", timeout=300)) / 1000)), 100)
            for way in WAYS:  # each imports and compiles once, outside of what is measured
                kernel.run(f"import warnings; warnings.simplefilter('ignore'); timed({way!r}, 200)", timeout=300)
            for _ in range(rounds):
                bare = 0.0
                for way in WAYS:
                    clients.streams = way != "with_agg"
                    before = clients.frames()
                    kernel.run(f"taken = timed({way!r}, {count})", timeout=600)
                    taken = float(kernel.evaluate("taken"))
                    if way == "bare":
                        bare = taken
                        step_times.append(taken / count)
                    ratios[way].append(bare / taken)
                    frames[way].append((clients.frames() - before) / taken)
            versions = kernel.evaluate("(tf.__version__, __import__('matplotlib').__version__)")
    print(
        f"Python {platform.python_version()}, TensorFlow {versions[0]}, Matplotlib {versions[1]}, "
        f"ipykernel {version}, {os.cpu_count()} cores ({platform.machine()}); "
        f"{rounds} rounds of {count:,} steps of {statistics.median(step_times) * 1000:.2f} ms\n"
    )
    print("| plotting | throughput over the bare loop's: median (lowest to highest) | frames/s acknowledged |")
    print("|---|---|---|")
    for way, title in WAYS.items():
        low, middle, high = min(ratios[way]), statistics.median(ratios[way]), max(ratios[way])
        rate = statistics.median(frames[way])
        print(f"| {title} | {middle:.2f} ({low:.2f} to {high:.2f}) | {f'{rate:.1f}' if rate else ''} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each way is run (default: 5)")
    parser.add_argument(
        "--seconds", type=float, default=8.0, help="how long the bare loop runs in a round (default: 8)"
    )
    parser.add_argument("--kernel", default=NEWEST, help=f"which ipykernel (default: {NEWEST})")
    arguments = parser.parse_args()
    measure(arguments.kernel, arguments.rounds, arguments.seconds)
