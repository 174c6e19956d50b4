"""Colours and sizes of the plots, light and dark.

Invariant: faces are opaque. The contrast to the face, as WCAG defines it, is at least 4.5 : 1 for text and 3 : 1 for
data. The series colours follow Okabe and Ito, so people with any colour vision can distinguish them.
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
_BELOW = 13.5  # points from the axes down to the name of the horizontal axis, which is below the tick labels


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of one theme.

    Attributes
    ----------
    face : str
        The background of the figure. It is opaque, because ipympl sends pictures with transparency as a whole, and of
        others only the changed pixels.
    text, muted, warning : str
        The colours of names and newest values; of ticks and notes; of errors and values that are not finite.
    grid, spine : str
        The colours of lines that must not compete with the data.
    series : tuple of str
        The colours of the curves of a panel: the first is for training, the second for validation, the third for test.
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
    """Return Matplotlib's settings under which a panel's artists are made: the colours, and defaults for the rest."""
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
    """Give an axes our style: small tick labels without tick marks, names at fixed places.

    Parameters
    ----------
    ax : Axes
        An axes that was made under `settings`.
    theme : Theme
        Its colours.
    beside : float
        Points from the axes to the name of the vertical axis.
    """
    # Set explicitly, because the user's rcParams may differ.
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
    # At fixed places. Otherwise each draw would measure all tick labels to place the names.
    points = figure.dpi_scale_trans
    ax.yaxis.set_label_coords(0.0, 0.5, ax.transAxes + ScaledTranslation(-beside / 72.0, 0.0, points))
    ax.xaxis.set_label_coords(1.0, 0.0, ax.transAxes + ScaledTranslation(0.0, -_BELOW / 72.0, points))
    ax.xaxis.label.set_horizontalalignment("right")
    ax.spines[:].set_linewidth(0.8)
    ax.set_axisbelow(True)
    ax.set_anchor("NW")


def color_ticks(ax: Axes, theme: Theme) -> None:
    """Colour tick labels and grid, also those of later ticks."""
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_tick_params(
            which="both", labelcolor=theme.muted, grid_color=theme.grid, grid_linewidth=0.8, grid_linestyle="-",
            grid_alpha=1.0,
        )  # fmt: skip


def recolor(artist: Artist, before: Theme, after: Theme) -> None:
    """Give an artist and its parts the colours of another theme. Only colours of the former theme are changed."""
    table = dict(zip(_colors(before), _colors(after), strict=True))
    for part in artist.findobj():
        for name in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
            get, change = getattr(part, f"get_{name}", None), getattr(part, f"set_{name}", None)
            if get is None or change is None:
                continue
            color = get()
            if is_color_like(color):
                color = to_rgba_array(color)
            elif not (isinstance(color, np.ndarray) and color.ndim == 2):  # an array of colours, as a collection has it
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
