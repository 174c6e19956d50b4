"""What tfwidget itself costs, without a browser: after a long training, for each frame, and in memory.

Invariant: what is measured is seen from outside: the loop's own clocks, and the messages that were published.
"""

import itertools
import math
import statistics
import time
from collections.abc import Sequence

import numpy as np

from tests.benchmarks.client import Client, table
from tests.benchmarks.options import Options
from tfwidget.record.history import History

SETTINGS = ((5.0, None, "0.98 at 15"), (0.8, None, "0.96 at 8"), (0.8, 30.0, "0.95 at 30"))
"""Milliseconds of a step, frames a second that are asked for with the budget lifted, and the target."""


def history(client: Client, options: Options) -> None:
    """Steps that follow on a long history: many short turns, for the machine's speed drifts."""
    rows = []
    for length, fps, target in SETTINGS:
        ratios, rates, settle = [], [], options.settle if fps else options.minute
        arguments = f"{options.turns}, {settle}, {options.seconds}, {options.points}, {length}, {fps}"
        made = client.call(f"bursts({arguments})", timeout=3600)
        for before, turn in itertools.pairwise(made):  # each between two bursts
            began, ended, step = turn["plotted"]
            ratios.append(statistics.mean((*before["bare"], *turn["bare"])) / step)
            rates.append(sum(message.frame for message in client.published(began, ended)) / (ended - began))
        asked = f"{fps:g} asked, budget lifted" if fps else "default"
        rows.append((f"{length:g} ms", asked, quartiles(ratios), interval(ratios), quartiles(rates, ".1f"), target))
    table(
        f"4 curves, steps that follow on {options.points:,} recorded ones: "
        f"{options.turns - 1} turns of {options.seconds:g} s, each between two bursts of bare steps",
        (
            "step",
            "frames/s",
            "throughput over the bare steps': median (quartiles)",
            "95 % interval of the median",
            "frames/s sent: median (quartiles)",
            "target",
        ),
        *rows,
    )


def place(client: Client, options: Options) -> None:
    """A frame where it is made: between two steps, with cold caches, the recording of the steps before it included."""
    rows = []
    for points in (0, options.points):
        costs: tuple[list[float], list[float]] = [], []
        frames = messages = sent = 0
        for _ in range(options.rounds):
            made = client.call(f"in_place({options.settle}, {options.seconds}, {points}, 30)", timeout=3600)
            published = client.published(*made["window"])
            moved = [message for message in published if message.frame]
            messages += sum(message.comm for message in published)
            sent += sum(message.size for message in moved)
            frames += len(moved)
            for cost, each in zip(costs, ("processor", "wall"), strict=True):
                cost += of_frames(made[each], len(moved))
        if frames:
            told = (f"{messages / frames:.2f}", f"{sent / frames / 1000:.1f}")
            rows.append((f"{points:,}", f"{frames:,}", *map(median_and_95th, costs), *told))
    table(
        f"A frame of 4 curves, 2 pictures and a histogram at 30 frames/s, limits growing, recording included; steps of "
        f"{SETTINGS[1][0]:g} ms",
        (
            "points of history",
            "frames",
            "ms of the main thread's processor time: median, 95th percentile (targets: 1.5, 3)",
            "ms by the clock: median, 95th percentile",
            "messages per frame (target: 1)",
            "kB per frame",
        ),
        *rows,
    )


def memory(client: Client, options: Options) -> None:
    """What the record of a curve takes; it needs no kernel."""
    record, rng, chunk = History(), np.random.default_rng(0), 1_000_000
    began = time.process_time()
    for begin in range(0, options.recorded, chunk):
        record.extend("loss", np.arange(begin, begin + chunk), rng.random(chunk))
    taken = time.process_time() - began
    table(
        "The record of one curve",
        ("points", "MB held", "target", "ns per point, the making of them included"),
        (f"{options.recorded:,}", f"{record.nbytes / 1e6:.1f}", "16", f"{taken / options.recorded * 1e9:.0f}"),
    )


def of_frames(between: Sequence[float], frames: int) -> list[float]:
    """What each frame cost, of what was spent after each step: the dearest times are those that sent a frame.

    Those since the frame before are added: they recorded what this one shows.
    """
    least = sorted(between)[-frames] if frames else math.inf
    costs, since = [], 0.0
    for seconds in between:
        since += seconds
        if seconds >= least:
            costs.append(since)
            since = 0.0
    return costs


def median_and_95th(seconds: list[float]) -> str:
    """In milliseconds."""
    return f"{1000 * statistics.median(seconds):.2f}, {1000 * float(np.quantile(seconds, 0.95)):.2f}"


def quartiles(values: list[float], form: str = ".3f") -> str:
    """``median (lower to upper quartile)``."""
    low, middle, high = (format(value, form) for value in np.quantile(values, (0.25, 0.5, 0.75)))
    return f"{middle} ({low} to {high})"


def interval(values: list[float]) -> str:
    """Between which two of the values the median is in 95 of 100 cases, whatever they are spread like."""
    ranked, count = sorted(values), len(values)
    reach = 0.98 * count**0.5
    low, high = max(math.floor(count / 2 - reach), 0), min(math.ceil(count / 2 + reach), count - 1)
    return f"{ranked[low]:.3f} to {ranked[high]:.3f}"
