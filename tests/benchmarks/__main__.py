"""Prints what plotting costs a training, tfwidget beside its peers.

Headless, with a client that acknowledges each frame at once, each part in a kernel of its own. Each round runs the
bare training and then each way of plotting, so that a machine whose speed drifts slows all alike; a ratio is that of a
round. The size of a frame is all that the kernel published, divided by the frames.
"""

import argparse
import importlib.util
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.benchmarks.client import Client, machine, spread, table, workload
from tests.kernels import NEWEST
from tfwidget.history import History


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
    """Steps that follow on a long history, once the plot stands."""
    paces = {"default settings": (None, "0.98"), "30 frames/s asked, budget lifted": (30, "0.97")}
    client.call("timed('bare', 500)")
    count = round(seconds * 500 / client.call("timed('bare', 500)")[0]["taken"])
    pairs: dict[str, list[tuple[dict[str, float], dict[str, float]]]] = {title: [] for title in paces}
    for number in range(rounds):
        for title, (fps, _) in paces.items():
            calls = (f"timed('bare', {count})", f"over_history({count}, {POINTS}, {fps})")
            order = 1 if number % 2 else -1  # what drifts favours neither
            bare, live = [client.call(call)[0] for call in calls[::order]][::order]
            pairs[title].append((bare, live))
    begins = [b["settling"] - b["steps"] * a["taken"] / count for both in pairs.values() for a, b in both]
    table(
        f"{count:,} steps that follow on {POINTS:,} recorded ones, timed when the plot has stood for a while; "
        f"{rounds} pairs with the bare loop",
        ("tfwidget", "throughput over the bare loop's: " + SPREAD, "target", "by processor time", "frames/s drawn"),
        *(
            (
                title,
                spread([a["taken"] / b["taken"] for a, b in both], ".3f"),
                paces[title][1],
                spread([a["processor"] / b["processor"] for a, b in both], ".3f"),
                spread([b["frames"] / b["taken"] for _, b in both], ".1f"),
            )
            for title, both in pairs.items()
        ),
    )
    print(
        f"\nBeyond its steps, such a run took {spread(begins)} s until its plot stood, and "
        f"{spread([b['ending'] for both in pairs.values() for _, b in both])} s to end."
    )


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
    "history": (history, 5),
    "frames": (frames, 3),
    "memory": (memory, 1),
}
"""What is measured, and in how many rounds."""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"what to measure, of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--rounds", type=int, help="how often each way is run (default: 3; of history, 5)")
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
