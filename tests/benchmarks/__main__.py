"""Prints what plotting costs a training, tfwidget beside its peers.

Headless, with a client that acknowledges each frame at once, each part in a kernel of its own. Each round runs the
bare training and then each way of plotting, so that a machine whose speed drifts slows all alike; a ratio is that of a
round. The size of a frame is all that the kernel published, divided by the frames.
"""

import argparse
import importlib.util
import itertools
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.benchmarks.client import Client, machine, spread, table, workload
from tests.kernels import NEWEST
from tfwidget.record.history import History


@dataclass(frozen=True)
class Way:
    """A way of plotting: a function of `tests.benchmarks.workload`."""

    title: str
    before: str = ""  # the cell before
    needs: str = ""  # the package
    streams: bool = True  # whether the browser can paint what moves

    @property
    def installed(self) -> bool:
        return not self.needs or importlib.util.find_spec(self.needs) is not None


SPREAD = "median (lowest to highest)"
INLINE = "use('inline')"

LOOP = {
    "bare": Way("no plot"),
    "with_tfwidget": Way("tfwidget"),
    "with_agg": Way("tfwidget, for a browser that cannot paint what moves", streams=False),
    "with_plotly": Way("plotly FigureWidget at 10 frames/s", needs="plotly"),
    "with_livelossplot": Way("livelossplot, `send()` at 1 frame/s", INLINE, "livelossplot"),
    "with_inline": Way("inline backend, `clear_output` and a new figure at 2 frames/s", INLINE),
    "with_ipympl": Way("ipympl, `draw()` at 10 frames/s", "ipympl_figure()"),
}

FIT = {
    "fit_bare": Way("no plot, `verbose=0`"),
    "fit_progress": Way("Keras' own progress bar"),
    "fit_live": Way("`LiveCallback`, `verbose=0`"),
    "fit_live_progress": Way("`LiveCallback`, and the progress bar"),
    "fit_livelossplot": Way("livelossplot's callback, a frame at each epoch's end", INLINE, "livelossplot"),
}

POINTS = 1_000_000
"""Of history, that the steps of a long training follow on."""

TURNS = 20
"""Of plotted steps in each round of those, between bare ones."""

SIZES = (1_000, 100_000, 10_000_000)
"""Points of history between which the costs of a frame are compared."""

RECORDED = 100_000_000
"""Points of a curve of which the memory is told."""


class Rounds:
    """Each way is run once in each round, for as many steps or epochs as the first one makes in `seconds`."""

    def __init__(self, client: Client, ways: dict[str, Way], rounds: int, seconds: float, trial: int) -> None:
        self.ways = {name: way for name, way in ways.items() if way.installed}
        self._client = client
        for name in self.ways:  # each imports and compiles once, outside of what is measured
            self._run(name, trial)
        first = next(iter(self.ways))
        self.count = max(round(seconds * trial / self._run(first, trial)["taken"]), 1)
        self._measured = [{name: self._run(name, self.count) for name in self.ways} for _ in range(rounds)]
        self.each = statistics.median(measured[first]["taken"] for measured in self._measured) / self.count
        """Seconds of a step or epoch of the first way."""

    def _run(self, name: str, count: int) -> dict[str, float]:
        way = self.ways[name]
        self._client.streams = way.streams
        taken, frames, published = self._client.call(f"timed({name!r}, {count})", way.before)
        return {**taken, "frames": frames, "published": published}

    def ratio(self, name: str, to: str, of: str = "taken") -> str:
        """Throughput over that of another way: in all (`taken`, `processor`), or once the plot stands (`epoch`)."""
        pairs = [(measured[to][of], measured[name][of]) for measured in self._measured]
        ratios = [theirs / ours for theirs, ours in pairs if theirs and ours]
        return spread(ratios) if ratios else "too short"

    def frames(self, name: str) -> tuple[str, str]:
        """Frames a second, and kB of each."""
        taken, frames, published = (
            sum(measured[name][what] for measured in self._measured) for what in ("taken", "frames", "published")
        )
        return (f"{frames / taken:.1f}", f"{published / frames / 1000:.0f}") if frames else ("", "")


def loop(client: Client, rounds: int, seconds: float) -> None:
    """A loop of one's own."""
    done = Rounds(client, LOOP, rounds, seconds, 200)
    table(
        f"A loop of {done.count:,} steps of {done.each * 1000:.2f} ms, with the plot's making and end, "
        f"4 values of each step plotted; {rounds} rounds",
        ("plotting", "throughput over the bare loop's: " + SPREAD, "by processor time", "frames/s", "kB per frame"),
        *(
            (way.title, done.ratio(name, "bare"), done.ratio(name, "bare", "processor"), *done.frames(name))
            for name, way in done.ways.items()
        ),
    )


def fit(client: Client, rounds: int, seconds: float) -> None:
    """`model.fit`, twice as long."""
    done = Rounds(client, FIT, rounds, 2 * seconds, 1)
    batches = client.kernel.evaluate("workload.EPOCH")
    table(
        f"`model.fit`, {done.count} epochs of {batches} batches of {done.each / batches * 1000:.2f} ms: throughput, "
        f"{SPREAD} of {rounds} rounds",
        (
            "plotting",
            "over `verbose=0`, with the plot's making and end",
            "by processor time",
            "once the plot stands",
            "over the progress bar's, once the plot stands",
            "frames/s",
            "kB per frame",
        ),
        *(
            (
                way.title,
                done.ratio(name, "fit_bare"),
                done.ratio(name, "fit_bare", "processor"),
                done.ratio(name, "fit_bare", "epoch"),
                done.ratio(name, "fit_progress", "epoch"),
                *done.frames(name),
            )
            for name, way in done.ways.items()
        ),
    )


def history(client: Client, rounds: int, seconds: float) -> None:
    """Steps that follow on a long history, once the plot stands: many short turns, for the machine's speed drifts."""
    paces = {"default settings": (None, "0.98"), "30 frames/s asked, budget lifted": (30, "0.97")}
    each = seconds / 6
    client.call("timed('bare', 500)")
    rows = []
    for title, (fps, target) in paces.items():
        ratios, processor, frames = [], [], []
        for _ in range(rounds):
            made = client.call(f"turns({TURNS}, {each}, {POINTS}, {fps})")[0]
            for before, turn in itertools.pairwise(made):  # each between two bare ones, the first of them cold
                bare = [(one + two) / 2 for one, two in zip(before["bare"], turn["bare"], strict=True)]
                ratios.append(bare[0] / turn["plotted"][0])
                processor.append(bare[1] / turn["plotted"][1])
                frames.append(turn["plotted"][2])
        mean = f"{statistics.mean(frames):.1f}"
        rows.append((title, quartiles(ratios), interval(ratios), target, quartiles(processor), mean))
    table(
        f"Steps that follow on {POINTS:,} recorded ones, once the plot stands: {rounds * TURNS} turns of {each:.2g} s, "
        "each between two of bare steps",
        (
            "tfwidget",
            "throughput over the bare loop's: median (quartiles)",
            "95 % interval of the median",
            "target",
            "by processor time",
            "frames/s drawn",
        ),
        *rows,
    )


def quartiles(ratios: list[float]) -> str:
    """``median (lower to upper quartile)``."""
    low, middle, high = np.quantile(ratios, (0.25, 0.5, 0.75))
    return f"{middle:.3f} ({low:.3f} to {high:.3f})"


def interval(ratios: list[float]) -> str:
    """Between which two of the values the median is in 95 of 100 cases, whatever they are spread like."""
    ranked, count = sorted(ratios), len(ratios)
    reach = 0.98 * count**0.5
    low, high = max(math.floor(count / 2 - reach), 0), min(math.ceil(count / 2 + reach), count - 1)
    return f"{ranked[low]:.3f} to {ranked[high]:.3f}"


def frames(client: Client, rounds: int, seconds: float) -> None:
    """What a frame costs the kernel, by points of history."""
    count = round(30 * seconds)
    costs: dict[int, list[float]] = {points: [] for points in SIZES}
    sizes: dict[int, list[int]] = {points: [] for points in SIZES}
    for _ in range(rounds):
        for points in SIZES:
            # Few are drawn together with the axes; the median leaves them out.
            costs[points].append(1000 * statistics.median(client.call(f"frame_costs({points}, {count})")[0]))
            sizes[points] += client.streamed()
    table(
        f"A frame of 4 curves: processor time of the kernel's main thread, median of {count}; {rounds} rounds",
        ("points of history of each curve", "ms", "over that of the first", "target", "kB of data"),
        *(
            (
                f"{points:,}",
                spread(costs[points]),
                spread([a / b for a, b in zip(costs[points], costs[SIZES[0]], strict=True)]),
                "1.3" if points == SIZES[-1] else "",
                f"{statistics.median(sizes[points]) / 1000:.1f}",
            )
            for points in SIZES
        ),
    )


def memory(client: Client, rounds: int, seconds: float) -> None:
    """What the record of a curve takes, which needs no kernel."""
    record, rng, chunk = History(), np.random.default_rng(0), 1_000_000
    began = time.process_time()
    for begin in range(0, RECORDED, chunk):
        record.extend("loss", np.arange(begin, begin + chunk), rng.random(chunk))
    taken = time.process_time() - began
    table(
        "The record of one curve",
        ("points", "MB held", "target", "ns per point, the making of them included"),
        (f"{RECORDED:,}", f"{record.nbytes / 1e6:.1f}", "16", f"{taken / RECORDED * 1e9:.0f}"),
    )


PARTS: dict[str, tuple[Callable[[Client, int, float], None], int]] = {
    "loop": (loop, 3),
    "fit": (fit, 3),
    "history": (history, 3),
    "frames": (frames, 3),
    "memory": (memory, 1),
}
"""What is measured, and in how many rounds."""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"what to measure, of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--rounds", type=int, help="how often each way is run (default: 3)")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long the bare one runs in each (default: 3)")
    parser.add_argument("--kernel", default=NEWEST, help=f"which ipykernel (default: {NEWEST})")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if missing := {way.needs for way in (*LOOP.values(), *FIT.values()) if not way.installed}:
        print(f"Not compared with {', '.join(missing)}, which `uv sync --group bench` installs.")
    for name in arguments.parts or PARTS:
        part, rounds = PARTS[name]
        with workload(arguments.kernel) as client:
            part(client, arguments.rounds or rounds, arguments.seconds)
            print(f"\n{machine(client.kernel)}", flush=True)


if __name__ == "__main__":
    main()
