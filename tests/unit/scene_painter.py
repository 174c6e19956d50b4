"""Paints a scene in Python, from its plain data alone, as the schema says that a browser does.

Invariant: nothing here knows the figure that the scene was made of. (Agg draws the lines, so that a test compares
places and styles, not how two programs smooth their edges.)
"""

import math
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.path import Path
from matplotlib.transforms import Bbox, IdentityTransform
from numpy.typing import NDArray

from tests.unit.scene_page import Nodes

Node = dict[str, Any]
Floats = NDArray[np.float64]


def scaled(scale: Node, values: Floats) -> Floats:
    """Data as numbers that are linear in pixels."""
    values = np.asarray(values, np.float64)
    if scale["kind"] == "linear":
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        if scale["kind"] == "log":
            logs = np.log(values) / math.log(scale["base"])
            return np.asarray(np.where(np.isnan(values) | (values > 0), logs, -1000.0))
        base, linthresh = scale["base"], scale["linthresh"]
        within = scale["linscale"] / (1.0 - 1.0 / base)
        outside = np.sign(values) * linthresh * (within + np.log(np.abs(values) / linthresh) / math.log(base))
        return np.asarray(np.where(np.abs(values) <= linthresh, values * within, outside))


def to_pixels(axis: Node, values: Floats, begin: float, length: float) -> Floats:
    """Data as places between `begin`, the first limit, and `begin + length`, the other one."""
    low, high = scaled(axis["scale"], np.asarray(axis["limits"]))
    return np.asarray(begin + (scaled(axis["scale"], values) - low) / (high - low) * length)


def places(panel: Node | None, coords: list[str], points: Floats) -> Floats:
    """Points as pixels from the upper left corner."""
    if panel is None:
        assert coords == ["pixels", "pixels"]
        return points
    left, top, width, height = panel["box"]
    result = np.array(points, np.float64)
    for direction, (name, begin, length) in enumerate((("x", left, width), ("y", top + height, -height))):
        if coords[direction] == "data":
            result[:, direction] = to_pixels(panel[name], points[:, direction], begin, length)
        elif coords[direction] == "axes":
            result[:, direction] = begin + points[:, direction] * length
    return result


class Painter:
    """A picture of nodes."""

    def __init__(self, nodes: Nodes, width: int, height: int) -> None:
        self._nodes, self._height = nodes, height
        self._agg = RendererAgg(width, height, 72.0)
        self.pixels: NDArray[np.uint8] = np.asarray(self._agg.buffer_rgba())
        self.pixels[...] = 255
        items = {id_: node for id_, node in nodes.items() if node["kind"] != "glyph"}
        own = [(node["order"], id_) for id_, node in items.items() if node["kind"] == "panel" or not node["panel"]]
        for _, id_ in sorted(own):
            if items[id_]["kind"] == "panel":
                self._paint_panel(id_, items)
            else:
                self._paint(items[id_], None)

    def _paint_panel(self, number: int, items: Nodes) -> None:
        panel = items[number]
        if panel["face"]:
            left, top, width, height = panel["box"]
            corners = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
            self._draw(np.array(corners), None, panel["face"], None, closed=True, snap=True)
        todo = [(node["order"], 1, id_) for id_, node in items.items() if node.get("panel") == number]
        todo += [(panel[name]["order"], 0, index) for index, name in enumerate("xy")]
        for _, is_item, which in sorted(todo):
            if is_item:
                self._paint(items[which], panel)
            else:
                self._paint_axis(panel, "xy"[which])

    def _paint_axis(self, panel: Node, name: str) -> None:
        axis = panel[name]
        left, top, width, height = panel["box"]
        low, high = sorted(scaled(axis["scale"], np.asarray(axis["limits"])))
        for tick in axis["ticks"]:
            at = float(scaled(axis["scale"], np.array([tick["at"]]))[0])
            if not low - 1e-10 * (high - low) <= at <= high + 1e-10 * (high - low):
                continue
            begin, length = (left, width) if name == "x" else (top + height, -height)
            place = float(to_pixels(axis, np.array([tick["at"]]), begin, length)[0])
            if axis["grid"]:
                ends = [(place, top + height), (place, top)] if name == "x" else [(left, place), (left + width, place)]
                self._draw(np.array(ends), axis["grid"], None, panel, snap=True)
            pixel = math.floor(place + 1e-3)
            for glyph, x, y in np.reshape(tick["glyphs"], (-1, 3)).tolist():
                x, y = (x + pixel, y) if name == "x" else (x, y + pixel)
                self._stamp(glyph, x, y, axis["color"], None)

    def _paint(self, node: Node, panel: Node | None) -> None:
        clip = panel if node["clip"] else None
        match node["kind"]:
            case "text":
                for glyph, x, y in np.reshape(node["glyphs"], (-1, 3)).tolist():
                    self._stamp(glyph, x, y, node["color"], clip)
            case "image":
                self._paint_image(node, panel, clip)
            case "path":
                points = node["points"].astype(np.float64) + node["offset"]
                if node["ascending"]:
                    assert not (np.diff(points[:, 0]) < 0).any()
                self._draw(
                    places(panel, node["coords"], points), node["stroke"], node["fill"], clip,
                    closed=node["closed"], snap=node["snap"],
                )  # fmt: skip
            case "marks":
                self._paint_marks(node, places(panel, node["coords"], node["points"] + np.array(node["offset"])), clip)

    def _paint_marks(self, node: Node, points: Floats, clip: Node | None) -> None:
        shape = node["shape"]
        for x, y in np.floor(points + 0.5).tolist():
            if isinstance(shape, float):
                circle = Path.circle((x + 0.5, y + 0.5), shape)
                self._draw(circle.vertices, node["stroke"], node["fill"], clip, codes=circle.codes, snap=False)
            else:
                for line in shape:
                    outline = np.add(np.reshape(line, (-1, 2)), (x, y))
                    self._draw(outline, node["stroke"], node["fill"], clip, snap=False)

    def _draw(
        self, points: Any, stroke: Node | None, fill: str | None, clip: Node | None, *, closed: bool = False,
        snap: bool | None = None, codes: Any = None,
    ) -> None:  # fmt: skip
        points = np.array(points, np.float64)
        points[:, 1] = self._height - points[:, 1]
        if closed:
            parts = np.split(points, np.flatnonzero(np.isnan(points).any(axis=1)))
            parts = [part[~np.isnan(part).any(axis=1)] for part in parts]
            path = Path.make_compound_path(*(Path(np.vstack((part, part[:1])), closed=True) for part in parts))
        else:
            path = Path(points, codes)
        graphics = self._agg.new_gc()
        graphics.set_snap(snap)
        if clip:
            left, top, width, height = clip["box"]
            graphics.set_clip_rectangle(Bbox.from_bounds(left, self._height - top - height, width, height))
        graphics.set_linewidth(stroke["width"] if stroke else 0.0)
        if stroke:
            graphics.set_foreground(to_rgba(stroke["color"]), isRGBA=True)
            graphics.set_capstyle("projecting" if stroke["cap"] == "square" else stroke["cap"])
            graphics.set_joinstyle(stroke["join"])
            if "dash" in stroke:
                graphics.set_dashes(stroke["dash"][0], stroke["dash"][1:])
        self._agg.draw_path(graphics, path, IdentityTransform(), to_rgba(fill) if fill else None)

    def _box(self, clip: Node | None) -> tuple[slice, slice]:
        if clip is None:
            return slice(0, None), slice(0, None)
        left, top, width, height = clip["box"]
        rows, columns = ((math.floor(a + 0.5), math.floor(a + b + 0.5)) for a, b in ((top, height), (left, width)))
        return slice(*rows), slice(*columns)

    def _blend(self, rgba: NDArray[np.uint8], top: int, left: int, clip: Node | None) -> None:
        rows, columns = self._box(clip)
        y0, x0 = max(top, rows.start, 0), max(left, columns.start, 0)
        y1 = min(top + rgba.shape[0], self.pixels.shape[0] if rows.stop is None else rows.stop)
        x1 = min(left + rgba.shape[1], self.pixels.shape[1] if columns.stop is None else columns.stop)
        if y0 >= y1 or x0 >= x1:
            return
        part = rgba[y0 - top : y1 - top, x0 - left : x1 - left].astype(float)
        under = self.pixels[y0:y1, x0:x1, :3]
        alpha = part[..., 3:] / 255.0
        under[...] = np.rint(part[..., :3] * alpha + under * (1.0 - alpha))

    def _stamp(self, glyph: int, x: int, y: int, color: str, clip: Node | None) -> None:
        alpha = self._nodes[glyph]["alpha"]
        red, green, blue, opacity = (round(255 * part) for part in to_rgba(color))
        rgba = np.empty((*alpha.shape, 4), np.uint8)
        rgba[...] = (red, green, blue, 0)
        rgba[..., 3] = np.rint(alpha * (opacity / 255.0))
        self._blend(rgba, y, x, clip)

    def _paint_image(self, node: Node, panel: Node | None, clip: Node | None) -> None:
        pixels = colored(node["pixels"], node["colors"])
        corners = np.reshape(node["extent"], (2, 2)).astype(float)
        (x0, y0), (x1, y1) = places(panel, node["coords"], corners).tolist()
        rows, row_of = _samples(y0, y1, pixels.shape[0])
        columns, column_of = _samples(x0, x1, pixels.shape[1])
        rgba = pixels[row_of][:, column_of].copy()
        rgba[..., 3] = np.rint(rgba[..., 3] * node["alpha"])
        self._blend(rgba, rows, columns, clip)


def _samples(first: float, last: float, count: int) -> tuple[int, NDArray[np.intp]]:
    """The first pixel of an image that begins and ends there, and which of its values each pixel shows."""
    begin, end = math.floor(min(first, last) + 0.5), math.floor(max(first, last) + 0.5)
    middles = np.arange(begin, end) + 0.5
    return begin, np.clip(((middles - first) / (last - first) * count).astype(int), 0, count - 1)


def colored(pixels: NDArray[Any], colors: Node | None) -> NDArray[np.uint8]:
    """Colours of an image's values."""
    if colors is None:
        return pixels
    table: NDArray[np.uint8] = colors["table"]
    count = len(table) - 3
    with np.errstate(invalid="ignore"):
        levels = (pixels.astype(np.float64) - colors["low"]) / (colors["high"] - colors["low"]) * count
        index = np.where(levels == count, count - 1, np.clip(levels, -1, count + 1))
        index = np.where(levels < 0, count, np.where(levels > count, count + 1, np.trunc(index)))
    return np.asarray(table[np.where(np.isnan(levels), count + 2, index).astype(int)])
