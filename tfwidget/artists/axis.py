"""An axis of Matplotlib as a part of a panel's node: scale, limits, ticks with their labels, grid.

Invariant: ticks and labels are those of Matplotlib's locator and formatter, at the places where Matplotlib draws them.

All ticks are described with the style of the first one. A style that was set for a single tick is ignored.
"""

from typing import Any, cast

import numpy as np
from matplotlib.axis import Axis, Tick, XAxis
from matplotlib.scale import LogTransform, SymmetricalLogTransform
from matplotlib.text import Text
from matplotlib.ticker import NullLocator
from matplotlib.transforms import IdentityTransform
from numpy.typing import NDArray

from tfwidget.agg import Renderer
from tfwidget.artists.places import Around, Kept, Node, Nodes, Undescribable, packed, place_of, points_at
from tfwidget.artists.shapes import describe, hex_of, is_in_data, line_stroke, marks_node, path_node
from tfwidget.scene import protocol

__all__ = ["axis_nodes", "scale_of"]

_SMALLEST, _LARGEST = 1e-36, 1e38  # limits between these have data that float32 can hold
_SPARE = 1e-10  # of the span: a tick this far beyond the limits is still shown
_NEAR = 1e-3  # of a pixel, see `protocol.Tick.glyphs`

Floats = NDArray[np.float64]


def scale_of(axis: Axis, limits: tuple[float, float]) -> protocol.Scale:
    """Return the scale of an axis with these limits.

    Raises
    ------
    Undescribable
        If a page cannot compute pixels with this scale or these limits.
    """
    transform = axis.get_transform()
    if isinstance(transform, IdentityTransform):
        scale: protocol.Scale = {"kind": "linear"}
    elif isinstance(transform, LogTransform):
        scale = {"kind": "log", "base": float(transform.base)}
    elif isinstance(transform, SymmetricalLogTransform):
        scale = {
            "kind": "symlog", "base": float(transform.base), "linthresh": float(transform.linthresh),
            "linscale": float(transform.linscale),
        }  # fmt: skip
    else:
        raise Undescribable(axis, f"its scale is {axis.get_scale()!r}")
    sizes = abs(limits[0]), abs(limits[1])
    if not max(sizes) < _LARGEST or (scale["kind"] == "log" and min(sizes) < _SMALLEST):
        raise Undescribable(axis, "its limits are beyond what a browser can show")
    return scale


def axis_nodes(axis: Axis, scale: protocol.Scale, around: Around, kept: Kept) -> tuple[protocol.Axis, Nodes]:
    """Return an axis as a part of the panel's node, and further nodes: its name, tick marks, and other grids.

    Raises
    ------
    Undescribable
        If its labels have several colours.
    """
    assert around.ax is not None
    low, high = (float(limit) for limit in axis.get_view_interval())
    node: protocol.Axis = {
        "scale": scale, "limits": [low, high], "ticks": [], "color": "#000000ff", "grid": None,
        "order": axis.get_zorder(),
    }  # fmt: skip
    if not axis.get_visible() or axis.get_animated() or not around.ax.axison:
        return node, []
    major, minor = (_Ticks(axis, around, which) for which in (False, True))
    _place_texts(axis)
    colors = {ticks.color for ticks in (major, minor) if ticks.color is not None}
    if len(colors) > 1:
        raise Undescribable(axis, "its tick labels have several colours")
    node["color"] = colors.pop() if colors else node["color"]
    nodes: Nodes = []
    for ticks in (major, minor):
        nodes += ticks.marks(kept)
    # The panel's node has a grid at its ticks only. Any other grid is a path.
    labelled = [ticks for ticks in (major, minor) if ticks.color is not None]
    for ticks in (major, minor):
        if ticks.grid is None:
            nodes.append(None)
        elif ticks is major and minor not in labelled:
            node["grid"] = ticks.grid
            nodes.append(None)
        else:
            nodes.append(ticks.grid_path(kept))
    for ticks in (major, minor):
        if ticks in labelled or (ticks is major and node["grid"] is not None):
            node["ticks"] += ticks.nodes()
    for text in (axis.label, axis.offsetText):
        nodes += (*(describe(text, around, Kept(0)) if text.get_text() else ()), None)[:1]
        text.stale = False
    for label in nodes[-2:]:
        if label is not None:
            label["order"] = axis.get_zorder()
    kept.needs_limits, kept.needs_box = any(is_in_data(spine) for spine in around.ax.spines.values()), True
    return node, nodes


def _place_texts(axis: Axis) -> None:
    """Let Matplotlib place the axis' name and the offset, only if there are any: this measures all tick labels."""
    offset = axis.get_major_formatter().get_offset()
    if offset or axis.offsetText.get_text() or (axis.label.get_text() and getattr(axis, "_autolabelpos", True)):
        figure = axis.get_figure(root=True)
        assert figure is not None
        axis.get_tightbbox(Renderer(1, 1, figure.dpi))  # type: ignore[no-untyped-call]


class _Ticks:
    """The major or the minor ticks of an axis."""

    def __init__(self, axis: Axis, around: Around, minor: bool) -> None:
        self._axis, self._around = axis, around
        self._name = "minor" if minor else "major"
        self._across = isinstance(axis, XAxis)
        self.places, self._words = _places_and_words(axis, minor)
        self._tick: Tick | None = None
        self.color: str | None = None
        self.grid: protocol.Stroke | None = None
        if len(self.places):
            self._tick = tick = axis.get_minor_ticks(1)[0] if minor else axis.get_major_ticks(1)[0]
            if tick.gridline.get_visible():
                self.grid = line_stroke(tick.gridline, around.dots)
            colors = {_color(label) for label in self._labels}
            if len(colors) > 1:
                raise Undescribable(axis, "its tick labels have several colours")
            self.color = colors.pop() if colors else None

    @property
    def _labels(self) -> list[Text]:
        if self._tick is None or not any(self._words):
            return []
        return [label for label in (self._tick.label1, self._tick.label2) if label.get_visible()]

    def nodes(self) -> list[protocol.Tick]:
        """Return the ticks with their labels, which are placed relative to the ticks' pixels."""
        glyphs: list[list[int]] = [[] for _ in self.places]
        for label in self._labels:
            beside = label.get_position()[1 if self._across else 0]
            places = self._pixels(label, beside)
            for i, (word, (x, y)) in enumerate(zip(self._words, places.tolist(), strict=True)):
                if word:
                    glyphs[i] += self._around.atlas.write(label, word, x, y)
        along = 1 if self._across else 2
        for one, pixel in zip(glyphs, self._tick_pixels(), strict=True):
            one[along::3] = [place - pixel for place in one[along::3]]
        return [{"at": at, "glyphs": one} for at, one in zip(self.places.tolist(), glyphs, strict=True)]

    def _tick_pixels(self) -> list[int]:
        """Return the ticks' pixels along the axis; see `protocol.Tick.glyphs`."""
        ax = self._around.ax
        assert ax is not None
        low = (ax.get_ylim() if self._across else ax.get_xlim())[0]
        points = ax.transData.transform(self._points(low))
        pixels = points[:, 0] if self._across else self._around.height - points[:, 1]
        return [int(pixel) for pixel in np.floor(pixels + _NEAR)]

    def _points(self, beside: Any) -> Floats:
        points = np.column_stack((self.places, np.full(len(self.places), beside, np.float64)))
        return points if self._across else points[:, ::-1]

    def _pixels(self, label: Text, beside: Any) -> Floats:
        pixels = np.asarray(label.get_transform().transform(self._points(beside)), np.float64)
        pixels[:, 1] = self._around.height - pixels[:, 1]
        return pixels

    def marks(self, kept: Kept) -> Nodes:
        """Return the tick marks on either side of the panel."""
        tick = self._tick
        nodes: Nodes = [None, None]
        if tick is None:
            return nodes
        for side, line in enumerate((tick.tick1line, tick.tick2line)):
            if line.get_visible() and line.get_markersize() > 0 and line.get_markeredgewidth() > 0:
                place = place_of(line.get_transform(), self._around, Kept(0))
                name = f"{self._name} marks {side}"
                node = marks_node(line, self._points(side), place, self._around, kept, name)
                nodes[side] = node | {"clip": False, "order": self._axis.get_zorder()}
        return nodes

    def grid_path(self, kept: Kept) -> Node:
        """Return the grid as a path."""
        assert self._tick is not None
        line = self._tick.gridline
        place = place_of(line.get_transform(), self._around, Kept(0))
        ends = np.tile((0.0, 1.0, np.nan), len(self.places))
        points = np.column_stack((np.repeat(self.places, 3), ends))
        points = points_at(place, points if self._across else points[:, ::-1], self._around)
        data, offset = packed(points, place, self._around)
        data = kept.same(f"{self._name} grid", data)
        node = path_node(line, place, self._around, kept, stroke=self.grid)
        return node | {
            "points": data, "offset": list(offset), "ascending": False, "clip": True, "order": self._axis.get_zorder(),
        }  # fmt: skip


def _places_and_words(axis: Axis, minor: bool) -> tuple[Floats, list[str]]:
    """Return the places of the ticks within the limits, and their labels."""
    if isinstance(axis.get_minor_locator() if minor else axis.get_major_locator(), NullLocator):
        return np.empty(0), []
    places = np.asarray(axis.get_minorticklocs() if minor else axis.get_majorticklocs(), np.float64)
    formatter = axis.get_minor_formatter() if minor else axis.get_major_formatter()
    words = formatter.format_ticks(places.tolist())
    inside = _inside(axis, places)
    return places[inside], [str(word) for word, shown in zip(words, inside.tolist(), strict=True) if shown]


def _inside(axis: Axis, places: Floats) -> NDArray[np.bool_]:
    """Return which places are within the limits, compared on the axis' scale."""
    transform = axis.get_transform()
    low, high = sorted(transform.transform(np.asarray(axis.get_view_interval(), np.float64)).tolist())
    spare = _SPARE * (high - low)
    with np.errstate(invalid="ignore"):
        scaled = transform.transform(places)
    return cast("NDArray[np.bool_]", (scaled >= low - spare) & (scaled <= high + spare))


def _color(label: Text) -> str:
    return hex_of(label.get_color(), label.get_alpha())
