"""Draws what the peers cost: throughput against frames per second, one line a tool.

Invariant: a tool's colour and name are the same in every panel.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, PercentFormatter

COLORS = ("#d6410a", "#1f77b4", "#2a8a57", "#8a5fb0", "#7a7a7a")
TEXT = "#333333"

Lines = Mapping[str, Sequence[tuple[float, float]]]
"""By tool: frames a second and throughput, for each rate that was asked for."""


def draw(lines: Mapping[float, Lines], path: Path) -> None:
    """Save a panel for each length of a step, in milliseconds."""
    figure = Figure(figsize=(10, 3.6), facecolor="white", layout="constrained")
    axes = figure.subplots(1, len(lines), sharey=True, squeeze=False)[0]
    for ax, (length, tools) in zip(axes, lines.items(), strict=True):
        panel(ax, f"steps of {length:g} ms", tools)
    axes[0].set_ylabel("throughput, of the bare loop's", color=TEXT)
    figure.supxlabel("frames per second that were shown", fontsize="medium", color=TEXT)
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=len(names), frameon=False, labelcolor=TEXT)
    figure.savefig(path, dpi=150)


def panel(ax: Axes, title: str, tools: Lines) -> None:
    """One length of a step."""
    ax.set_xscale("log")
    ax.set(xlim=(0.8, 38), ylim=(0, 1.06))
    ax.axhline(1, color="#bbbbbb", linewidth=1)
    for color, (name, points) in zip(COLORS, tools.items(), strict=False):
        width, front = (2.6, 3) if name == "tfwidget" else (1.6, 2)
        ax.plot(
            *np.reshape(points, (-1, 2)).T,
            color=color,
            linewidth=width,
            marker="o",
            markersize=4,
            zorder=front,
            label=name,
        )
    ax.set_title(title, fontsize="medium", color=TEXT)
    ax.xaxis.set_major_locator(FixedLocator([1, 2, 5, 10, 30]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.grid(color="#eeeeee")
    ax.set_axisbelow(True)
    ax.tick_params(color="#bbbbbb", labelcolor=TEXT)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color("#bbbbbb")
