"""Colours and sizes of the plots, light and dark.

Invariant: faces are opaque, text stands out by at least 4.5 : 1 from the face and data by at least 3 : 1 (contrast as
WCAG counts it), and the series colours follow Okabe and Ito, so that they can be told apart with any colour vision.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import is_color_like, to_hex, to_rgb, to_rgba_array
from matplotlib.rcsetup import cycler
from matplotlib.transforms import ScaledTranslation

__all__ = ["DARK", "LIGHT", "TEXT_SIZE", "TITLE_SIZE", "Theme", "color_ticks", "recolor", "settings", "style_axes"]

TITLE_SIZE = 9.0  # points
TEXT_SIZE = 7.5
_BELOW = 13.5  # points from the axes down to the name of the horizontal one: below its numbers


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of one theme.

    Attributes
    ----------
    face : str
        The figure's background. It is opaque: ipympl sends only the changed pixels of a picture without transparency,
        and the whole picture of one with.
    text, muted, warning : str
        Names and newest values; ticks and notes; errors and non-finite values.
    grid, spine : str
        Lines that must not compete with the data.
    series : tuple of str
        One colour per curve of a panel: the first is training, the second validation, the third test.
    """

    face: str
    text: str
    muted: str
    warning: str
    grid: str
    spine: str
    series: tuple[str, ...]


LIGHT = Theme(
    face="#ffffff",
    text="#212121",
    muted="#666666",
    warning="#b3261e",
    grid="#ececec",
    spine="#c4c4c4",
    series=("#0072b2", "#d55e00", "#009e73", "#b0538a", "#946200", "#5f6b73"),
)
DARK = Theme(
    face="#111111",
    text="#e8e8e8",
    muted="#a0a0a0",
    warning="#ff8a80",
    grid="#262626",
    spine="#4a4a4a",
    series=("#56b4e9", "#f0a020", "#2fc79a", "#e08dbb", "#f0e442", "#b0bec5"),
)


def settings(theme: Theme) -> dict[Any, Any]:
    """Matplotlib's settings while a panel's artists are made: the theme's colours, and nothing that breaks a panel."""
    muted = dict.fromkeys(("xtick.color", "xtick.labelcolor", "ytick.color", "ytick.labelcolor"), theme.muted)
    return muted | {
        "text.usetex": False,
        "axes.unicode_minus": True,
        "path.sketch": None,
        "path.effects": [],
        "font.size": 9.0,
        "text.color": theme.text,
        "axes.facecolor": theme.face,
        "axes.edgecolor": theme.spine,
        "axes.labelcolor": theme.muted,
        "axes.grid": False,
        "axes.prop_cycle": cycler(color=theme.series),
        "grid.color": theme.grid,
        "patch.facecolor": theme.series[0],
        "patch.edgecolor": theme.series[0],
    }


def style_axes(ax: Axes, theme: Theme, beside: float) -> None:
    """Give an axes the house's look: small labels without tick marks, names at fixed places.

    Parameters
    ----------
    ax : Axes
        Made under `settings`.
    theme : Theme
        Its colours.
    beside : float
        Points from the axes to the name of the vertical one.
    """
    # Said in full, for a person's settings may say otherwise.
    for axis, near, far, pad in ((ax.xaxis, "bottom", "top", 4.5), (ax.yaxis, "left", "right", 3.0)):
        axis.set_tick_params(
            which="both", length=0, pad=pad, labelsize=TEXT_SIZE, direction="out",
            **{near: False, far: False, f"label{near}": True, f"label{far}": False},
        )  # fmt: skip
        axis.get_offset_text().set(fontsize=TEXT_SIZE, va="top", color=theme.muted)
        axis.label.set_fontsize(TEXT_SIZE)
    color_ticks(ax, theme)
    figure = ax.get_figure(root=True)
    assert figure is not None
    # Fixed: else each draw measures all tick labels to find places for the names.
    points = figure.dpi_scale_trans
    ax.yaxis.set_label_coords(0.0, 0.5, ax.transAxes + ScaledTranslation(-beside / 72.0, 0.0, points))
    ax.xaxis.set_label_coords(1.0, 0.0, ax.transAxes + ScaledTranslation(0.0, -_BELOW / 72.0, points))
    ax.xaxis.label.set_horizontalalignment("right")
    ax.spines[:].set_linewidth(0.8)
    ax.set_axisbelow(True)
    ax.set_anchor("NW")


def color_ticks(ax: Axes, theme: Theme) -> None:
    """Colour tick labels and grid, those of ticks to come, too."""
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_tick_params(
            which="both", labelcolor=theme.muted, grid_color=theme.grid, grid_linewidth=0.8, grid_linestyle="-",
            grid_alpha=1.0,
        )  # fmt: skip


def recolor(artist: Artist, before: Theme, after: Theme) -> None:
    """Give an artist and its parts the colours of another theme; colours that are not the former one's stay."""
    table = dict(zip(_colors(before), _colors(after), strict=True))
    for part in artist.findobj():
        for name in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
            get, change = getattr(part, f"get_{name}", None), getattr(part, f"set_{name}", None)
            if get is None or change is None:
                continue
            color = get()
            if is_color_like(color):
                color = to_rgba_array(color)
            elif not (isinstance(color, np.ndarray) and color.ndim == 2):  # of a collection
                continue
            found = [table.get(to_hex(row)) for row in color]
            if any(found):
                rows = [(*to_rgb(new or tuple(row[:3])), float(row[3])) for new, row in zip(found, color, strict=True)]
                change(rows if len(rows) > 1 else rows[0])


def _colors(theme: Theme) -> list[str]:
    found: list[str] = []
    for field in fields(theme):
        value = getattr(theme, field.name)
        found.extend([value] if isinstance(value, str) else value)
    return found
