"""Tools side by side, without a browser: what each costs a training at equal frame rates.

Invariant: a ratio is that of a plotted training and the bare ones before and after it, so that a machine whose speed
drifts slows all alike.
"""

import importlib.util
import statistics
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks import picture
from tests.benchmarks.client import Client, Published, spread, table
from tests.benchmarks.options import Options


@dataclass(frozen=True)
class Tool:
    """A way of plotting: a function of `tests.benchmarks.tools`."""

    title: str
    way: str
    rates: tuple[float | None, ...] = (None,)
    """Frames a second to be asked for, rising; None: none is."""
    needs: str = ""
    """The package."""
    before: str = ""
    """The cell before."""

    ours: bool = False
    """Whether it is tfwidget's."""

    def settle(self, rate: float | None, options: Options) -> float:
        """Seconds until its plot stands."""
        return options.minute if rate is None and self.ours else options.settle

    @property
    def installed(self) -> bool:
        return not self.needs or importlib.util.find_spec(self.needs) is not None


RATES = (1.0, 2.0, 5.0, 10.0, 30.0)
REACHED = 0.7
"""Of the frames that were asked for: a tool that makes fewer is not asked for more."""

TOOLS = (
    Tool("tfwidget", "with_tfwidget", (None, *RATES), ours=True),
    Tool("plotly FigureWidget", "with_plotly", RATES, "plotly"),
    Tool("ipympl", "with_ipympl", RATES, before="tools.ipympl_figure()"),
    Tool("inline backend", "with_inline", RATES),
    Tool("livelossplot", "with_livelossplot", RATES, "livelossplot"),
)

FIT = (
    Tool("Keras' own progress bar", "fit_progress"),
    Tool("`LiveCallback`, `verbose=0`", "fit_live", ours=True),
    Tool("`LiveCallback`, and the progress bar", "fit_live_progress", ours=True),
    Tool("livelossplot's callback, a frame at each epoch's end", "fit_livelossplot", needs="livelossplot"),
)

HEAD = (
    "throughput over the bare one's: median (lowest to highest)",
    "by processor time",
    "frames/s",
    "ms of training lost per frame",
    "s lost at making and end",
    "kB per frame",
)


@dataclass
class Results:
    """What one tool did at one rate, a value for each round; the columns of `HEAD`."""

    throughput: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    lost: list[float] = field(default_factory=list)
    outside: list[float] = field(default_factory=list)
    size: list[float] = field(default_factory=list)

    def note(self, run: dict[str, Any], published: list[Published], bare: list[dict[str, Any]]) -> None:
        """Add a run, what it published, and the bare ones before and after it."""
        step, processor = (statistics.mean(each[what] for each in bare) for what in ("step", "processor"))
        began, ended = run["window"]
        drawn = sum(began <= when < ended for when in run["drawn"]) or sum(message.frame for message in published)
        self.throughput.append(step / run["step"])
        self.processor.append(processor / run["processor"])
        self.rate.append(drawn / (ended - began))
        self.outside.append(run["outside"] - run["steps_outside"] * step)
        if drawn:
            self.lost.append(1000 * (ended - began) * (1 - step / run["step"]) / drawn)
            self.size.append(sum(message.size for message in published) / drawn / 1000)

    @property
    def columns(self) -> tuple[str, ...]:
        forms = {"throughput": ".3f", "processor": ".3f", "rate": ".1f", "lost": ".1f", "outside": ".2f", "size": ".0f"}
        return tuple(spread(getattr(self, name), form) for name, form in forms.items())


def compare(
    client: Client, options: Options, tools: tuple[Tool, ...], bare: str, length: float
) -> dict[Tool, dict[float | None, Results]]:
    """Run each tool at each rate, as far as it comes, between bare trainings."""
    results: dict[Tool, dict[float | None, Results]] = {tool: {} for tool in tools if tool.installed}
    for tool in results:  # each imports and compiles once, outside of what is measured
        client.call(f"timed({tool.way!r}, 0.1, 0.1, {length}, {tool.rates[0]})", tool.before)

    def train(way: str, settle: float, fps: float | None = None, before: str = "") -> dict[str, Any]:
        run: dict[str, Any] = client.call(f"timed({way!r}, {settle}, {options.seconds}, {length}, {fps})", before)
        return run

    for _ in range(options.rounds):
        former = train(bare, options.settle / 4)
        for tool, rates in results.items():
            for rate in tool.rates:
                run = train(tool.way, tool.settle(rate, options), rate, tool.before)
                published = client.published(*run["window"])
                after = train(bare, options.settle / 4)
                rates.setdefault(rate, Results()).note(run, published, [former, after])
                former = after
                if rate and rates[rate].rate[-1] < REACHED * rate - 1 / options.seconds:
                    break  # by more than the one frame that may just have missed the window
    return results


def peers(client: Client, options: Options) -> None:
    """Print the tables of a loop of one's own, one for each length of a step, and draw the picture."""
    lines: dict[float, dict[str, list[tuple[float, float]]]] = {}
    for length in options.lengths:
        results = compare(client, options, TOOLS, "bare", length)
        table(
            f"A loop of steps of {length:g} ms, 4 curves in 2 axes; {options.rounds} rounds of {options.seconds:g} s "
            "once the plot stands, making and end apart",
            ("plotting", "frames/s asked for", *HEAD),
            *(
                (tool.title, f"{rate:g}" if rate else "default", *found.columns)
                for tool, rates in results.items()
                for rate, found in rates.items()
            ),
        )
        lines[length] = {
            tool.title: [
                (statistics.median(found.rate), statistics.median(found.throughput))
                for rate, found in rates.items()
                if rate and any(found.rate)
            ]
            for tool, rates in results.items()
        }
    if options.picture:
        picture.draw(lines, options.picture)


def fit(client: Client, options: Options) -> None:
    """Print the table of `model.fit`."""
    results = compare(client, options, FIT, "fit_bare", 1.0)
    table(
        f"`model.fit` in epochs of {client.kernel.evaluate('EPOCH')} batches, over one with `verbose=0`; "
        f"{options.rounds} rounds of {options.seconds:g} s once the plot stands, making and end apart",
        ("plotting", *HEAD),
        *((tool.title, *rates[None].columns) for tool, rates in results.items()),
    )
