"""What moves in a figure, as a list that a browser paints: a little JSON and a block of bytes, in place of a picture.

Invariant: what is painted from the list is what Agg would draw, for style and place are the artist's own; an artist of
which that cannot be said raises `UnstreamableError`, and the whole figure is left to Agg.

Places are device pixels of the figure, from its upper left corner, as Matplotlib's own transforms give them: to the
browser linear, log, symlog and all other scales are alike, and float32 keeps a thousandth of a pixel at any step.

There are three primitives, each with a colour as ``#rrggbbaa`` and lengths in device pixels:

- ``path``: points joined by lines, stroked, filled or both; NaN makes a gap: curves, bars, vertical marks, a grid;
- ``marks``: one small shape at many points;
- ``image``: RGBA pixels over a rectangle: pictures, and texts, of which Matplotlib has drawn the letters.

A whole axis is made of these, too: its grid, and its labels where Matplotlib would lay them out. So new limits need no
draw of Agg's, which is what costs most.

While the toolbar's pan tool is on, a panel says which buttons of the mouse drag its axes, and each item across which of
them (``"x"``, ``"y"``, ``"xy"``, ``""``) it follows the data: the browser moves these before the kernel has answered.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis, Tick, XAxis
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Patch, StepPatch
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.ticker import NullLocator
from matplotlib.transforms import Affine2D, Transform

from tfwidget.agg import _UNIT, Font, _picture, _size, font_of, pieces_of, size_of_text

__all__ = ["DisplayList", "Growth", "Place", "UnstreamableError"]

_FAR = 1e9  # pixels; a browser clips in float64, where differences of larger places lose what is near
_ALIGNMENT = {"left": 0.0, "center": 0.5, "right": 1.0}
_CAPS = {"butt": "butt", "round": "round", "projecting": "square"}


Place = tuple[int, int, Transform]
"""Panel and item of the path that a line became, and how its data become pixels while the limits are as they are."""

_Scale = list[tuple[dict[str, Any], np.ndarray]]
"""What an axis became: items, and their points or pixels."""


Color = tuple[float, float, float, float]


class Line(NamedTuple):
    """A line of text as pixels."""

    rgba: np.ndarray
    """The top row first, not premultiplied; the same array for the same text."""
    left: int
    """Pixels from where the text begins to the left edge; negative where it reaches beyond."""
    bottom: int
    """Pixels from its baseline up to the lower edge."""
    width: float
    """Pixels from where it begins to where it ends."""


def line_of_text(text: str, font: Font, color: Color, place: tuple[float, float] = (0.0, 0.0)) -> Line:
    """A line of text as it is drawn upright, beginning so many pixels right of and above a pixel's corner.

    To an eighth of a pixel, which nobody sees: else there would be too many pictures of each letter.
    """
    right, up = (_UNIT // 8 * round(8 * part) for part in place)
    return _line(text, font, color, right, up)


@lru_cache(maxsize=1024)
def _line(text: str, font: Font, color: Color, right: int, up: int) -> Line:
    placed = []
    for piece, along in pieces_of(text, font):
        column, rest = divmod(round(_UNIT * along) + right, _UNIT)
        picture = _picture(piece, font, 0.0, color, rest, up)
        if picture is not None:
            placed.append((column + picture.left, picture.bottom, picture.rgba))
    width = sum(_size(piece, font).width for piece, _ in pieces_of(text, font))
    if not placed:
        return Line(np.zeros((1, 1, 4), np.uint8), 0, 0, width)
    left, bottom = min(column for column, _, _ in placed), min(row for _, row, _ in placed)
    right = max(column + rgba.shape[1] for column, _, rgba in placed)
    top = max(row + rgba.shape[0] for _, row, rgba in placed)
    line = np.empty((top - bottom, right - left, 4), np.uint8)
    line[...] = [round(255 * part) for part in color]
    line[..., 3] = 0
    for column, row, rgba in placed:
        part = line[row - bottom : row - bottom + rgba.shape[0], column - left : column - left + rgba.shape[1], 3]
        np.maximum(part, rgba[..., 3], out=part)
    return Line(np.ascontiguousarray(line[::-1]), left, bottom, width)


class UnstreamableError(Exception):
    """An artist looks like nothing that the browser could paint."""


class DisplayList:
    """The moving artists of one frame.

    Parameters
    ----------
    figure : Figure
        Where they are.
    known : Mapping of int to array
        The pixels of the frame before, by what the list called them: they are not sent again.
    scales : dict of Axis to tuple, optional
        Where to keep what an axis became: its limits change rarely.
    """

    def __init__(
        self, figure: Figure, known: Mapping[int, np.ndarray], scales: dict[Axis, tuple[object, _Scale]] | None = None
    ) -> None:
        self._scales = {} if scales is None else scales
        self.textures: dict[int, np.ndarray] = {}
        """The pixels of this frame; holding the arrays keeps their names, which are their ids, unique."""
        self._known = known
        self._pixels_per_point = figure.dpi / 72.0
        width, self._height = (float(side) for side in figure.bbox.size)
        self._panels: list[dict[str, Any]] = []
        self._items: list[dict[str, Any]] = []
        self._chunks: list[bytes] = []
        self._length = 0
        self._dragged: list[int] = []  # of the panel opened last
        self._size = [round(width), round(self._height)]
        self.places: dict[int, Place] = {}
        """What became of each line, by its id."""

    @property
    def header(self) -> dict[str, Any]:
        """What is to be painted and how, ready for JSON."""
        return {"size": self._size, "panels": self._panels}

    @property
    def data(self) -> bytes:
        """Points (float32, x and y in turn) and pixels (RGBA), in the order of the header."""
        return b"".join(self._chunks)

    def open_panel(self, ax: Axes) -> None:
        """Begin with the artists of another axes."""
        # Rounded as Agg rounds what it clips to.
        left, right = (int(np.floor(x + 0.5)) for x in (ax.bbox.x0, ax.bbox.x1))
        top, bottom = (int(np.floor(self._height - y + 0.5)) for y in (ax.bbox.y1, ax.bbox.y0))
        self._items = []
        self._panels.append({"box": [left, top, right - left, bottom - top], "items": self._items})
        self._dragged = _drag_buttons(ax)
        if self._dragged:
            self._panels[-1]["drag"] = self._dragged

    def add(self, artist: Artist) -> None:
        """Append an artist of the panel opened last; raises `UnstreamableError` where it can only be drawn by Agg."""
        if not artist.get_visible():
            return
        if artist.get_path_effects() or artist.get_sketch_params() or artist.get_agg_filter():
            raise UnstreamableError(artist)
        for kind, append in _KINDS:
            if isinstance(artist, kind):
                first = len(self._items)
                append(self, artist)
                if self._dragged:
                    for item in self._items[first:]:
                        item.setdefault("follows", _follows(artist))
                return
        raise UnstreamableError(artist)

    def _line(self, line: Line2D) -> None:
        if line.get_drawstyle() != "default" or line.get_gapcolor() is not None:
            raise UnstreamableError(line)
        x, y = (np.asarray(one) for one in line.get_data(orig=True))
        if not x.size:
            return
        # Numbers need not go through Matplotlib's units, which takes longer than all else here.
        numbers = x.dtype.kind in "fiu" and y.dtype.kind in "fiu" and x.shape == y.shape
        points = self._pixels(line.get_transform(), np.column_stack((x, y)) if numbers else line.get_xydata())
        dashed = line.is_dashed()
        if line.get_linestyle() not in ("None", "", " ") and line.get_linewidth() > 0:
            transform = line.get_transform()
            # As it is now: Matplotlib's own makes sure of that at every use.
            transform = Affine2D(transform.get_matrix()) if transform.is_affine else transform
            self.places[id(line)] = len(self._panels) - 1, len(self._items), transform
            self._path(
                line, points, line.get_color(), line.get_linewidth(),
                line.get_dash_capstyle() if dashed else line.get_solid_capstyle(),
                line.get_dash_joinstyle() if dashed else line.get_solid_joinstyle(),
                dashed=dashed,
            )  # fmt: skip
        if line.get_marker() not in ("None", None, "", " "):
            self._marks(line, points)

    def _marks(self, line: Line2D, points: np.ndarray) -> None:
        every = line.get_markevery()
        marker = line.get_marker()
        if not isinstance(marker, str) or not (every is None or isinstance(every, list)):
            raise UnstreamableError(line)
        if every is not None:
            points = points[every]
        points = points[np.isfinite(points).all(axis=1)]
        width = float(line.get_markeredgewidth()) * self._pixels_per_point
        size = float(line.get_markersize()) * self._pixels_per_point
        shape, filled = _shape(marker, str(line.get_fillstyle()), size, width)
        item = {"kind": "marks", "clip": line.get_clip_on(), "shape": shape, "points": len(points)}
        if filled:
            item["fill"] = _hex(line.get_markerfacecolor(), line.get_alpha())
        if width > 0:
            item |= {"stroke": _hex(line.get_markeredgecolor(), line.get_alpha()), "width": width}
        self._append(item, points)

    def _patch(self, patch: Patch) -> None:
        if patch.get_hatch():
            raise UnstreamableError(patch)
        points, closed = _outline(patch.get_path())
        self._path(
            patch, self._pixels(patch.get_transform(), points), patch.get_edgecolor(), patch.get_linewidth(),
            patch.get_capstyle(), patch.get_joinstyle(),
            dashed=patch.get_linestyle() not in ("-", "solid"),
            closed=closed,
            fill=patch.get_facecolor() if patch.get_fill() else None,
        )  # fmt: skip

    def _axis(self, axis: Axis) -> None:
        """The grid, the labels and the name of an axis; one with more than these is Agg's."""
        tick = axis.get_major_ticks(1)[0]
        key = (
            *axis.get_view_interval(), axis.axes.bbox.bounds, self._height, axis.get_major_locator(),
            axis.get_major_formatter(), axis.get_label_text(), tick.label1.get_color(), tick.gridline.get_color(),
            axis.label.get_color(),
        )  # fmt: skip
        kept = self._scales.get(axis)
        if kept is None or kept[0] != key:
            kept = self._scales[axis] = key, self._scale(axis, tick)
        for item, array in kept[1]:
            if item["kind"] == "image":
                self._texture({**item}, array, lambda pixels=array: pixels)  # type: ignore[misc]
            else:
                self._append({**item}, array)

    def _scale(self, axis: Axis, tick: Tick) -> "_Scale":
        places = np.asarray(axis.get_majorticklocs(), np.float64)
        words = axis.get_major_formatter().format_ticks(places.tolist())
        marked = any(mark.get_visible() and mark.get_markersize() > 0 for mark in (tick.tick1line, tick.tick2line))
        if len(places) and (marked or tick.label2.get_visible()):
            raise UnstreamableError(axis)
        if axis.get_major_formatter().get_offset() or not isinstance(axis.get_minor_locator(), NullLocator):
            raise UnstreamableError(axis)
        low, high = sorted(axis.get_view_interval())
        spare = 1e-10 * (high - low)
        inside = (places >= low - spare) & (places <= high + spare)
        places, words = places[inside], [word for word, shown in zip(words, inside, strict=True) if shown]
        along = slice(None) if isinstance(axis, XAxis) else slice(None, None, -1)  # x and y, or y and x
        items: _Scale = []
        follows = {"follows": "x" if isinstance(axis, XAxis) else "y"}
        grid, label = tick.gridline, tick.label1
        if grid.get_visible() and len(places):
            ends = np.tile((0.0, 1.0, np.nan), len(places))
            lines = self._pixels(grid.get_transform(), np.column_stack((np.repeat(places, 3), ends))[:, along])
            item, points = self._path_item(
                grid, lines, grid.get_color(), grid.get_linewidth(), grid.get_solid_capstyle(),
                grid.get_solid_joinstyle(), dashed=grid.is_dashed(),
            )  # fmt: skip
            items.append((item | follows, points))
        if label.get_visible() and len(places):
            beside = label.get_position()[1 if isinstance(axis, XAxis) else 0]
            at = label.get_transform().transform(np.column_stack((places, np.full(len(places), beside)))[:, along])
            font = self._font(label)
            for word, place in zip(words, at.tolist(), strict=True):
                if word:
                    item, pixels = self._label(label, font, word, *place)
                    items.append((item | follows | {"rigid": True}, pixels))
        if axis.label.get_visible() and axis.get_label_text():
            at = axis.label.get_transform().transform(axis.label.get_position())
            items.append(self._label(axis.label, self._font(axis.label), axis.get_label_text(), *at.tolist()))
        return items

    def _font(self, text: Text) -> Font:
        return font_of(text.get_fontproperties(), self._pixels_per_point * 72.0)

    def _label(self, text: Text, font: Font, words: str, x: float, y: float) -> tuple[dict[str, Any], np.ndarray]:
        """One line of text at a place, in pixels from the lower left corner."""
        alignment = text.get_verticalalignment()
        if text.get_rotation() or "\n" in words or (text.get_parse_math() and "$" in words):
            raise UnstreamableError(text)
        width, above, below = size_of_text(words, font)
        y += {
            "top": -above,
            "center": (below - above) / 2,
            "center_baseline": -above / 2,
            "bottom": below,
            "baseline": 0.0,
        }[alignment]
        x -= width * _ALIGNMENT[text.get_horizontalalignment()]
        column, row = int(x // 1), int(y // 1)
        color = to_rgba(text.get_color(), text.get_alpha())
        line = line_of_text(words, font, color, (x - column, y - row))
        rows, columns = line.rgba.shape[:2]
        box = [column + line.left, round(self._height) - row - line.bottom - rows, columns, rows]
        return {"kind": "image", "clip": False, "box": box, "alpha": 1.0}, line.rgba

    def _path(self, *details: Any, **style: Any) -> None:
        self._append(*self._path_item(*details, **style))

    def _path_item(
        self, artist: Any, points: np.ndarray, color: Any, width: float, cap: str, join: str,
        *, dashed: bool, closed: bool = False, fill: Any = None,
    ) -> tuple[dict[str, Any], np.ndarray]:  # fmt: skip
        item: dict[str, Any] = {"kind": "path", "clip": artist.get_clip_on(), "points": len(points)}
        item |= {"closed": closed, "snap": artist.get_snap()}
        if width > 0:
            item |= {"stroke": _hex(color, artist.get_alpha()), "width": width * self._pixels_per_point}
            item |= {"cap": _CAPS[cap], "join": str(join)}
            if dashed:
                offset, dashes = artist._dash_pattern  # what Matplotlib itself hands to Agg
                item["dash"] = [float(length) * self._pixels_per_point for length in (offset, *dashes)]
        if fill is not None:
            item["fill"] = _hex(fill, None)
        return item, points

    def _image(self, image: AxesImage) -> None:
        if image.get_interpolation() not in ("nearest", "none"):
            raise UnstreamableError(image)
        array = image.get_array()
        if array is None or not array.size:
            return
        left, right, bottom, top = image.get_extent()
        first, last = (top, bottom) if image.origin == "upper" else (bottom, top)
        (x0, y0), (x1, y1) = self._pixels(image.get_transform(), np.array([(left, first), (right, last)])).tolist()
        if x0 > x1 or y0 > y1:
            raise UnstreamableError(image)  # of inverted axes
        alpha = image.get_alpha()
        if not (alpha is None or isinstance(alpha, (int, float))):
            raise UnstreamableError(image)
        item = {"kind": "image", "clip": image.get_clip_on(), "box": [x0, y0, x1 - x0, y1 - y0]}
        item["alpha"] = 1.0 if alpha is None else alpha
        self._texture(item, array, lambda: image.to_rgba(array, bytes=True))

    def _text(self, text: Text) -> None:
        words = text.get_text()
        if not words:
            return
        math = text.get_parse_math() and "$" in words
        if math or "\n" in words or text.get_rotation() or text.get_verticalalignment() != "baseline":
            raise UnstreamableError(text)
        color = to_rgba(text.get_color(), text.get_alpha())
        line = line_of_text(words, self._font(text), color)
        x, y = text.get_transform().transform(text.get_position())
        x -= line.width * _ALIGNMENT[text.get_horizontalalignment()]
        rows, columns = line.rgba.shape[:2]
        box = [round(x) + line.left, round(self._height) - round(y) - line.bottom - rows, columns, rows]
        item = {"kind": "image", "clip": text.get_clip_on(), "box": box, "alpha": 1.0}
        self._texture(item, line.rgba, lambda: line.rgba)

    def _texture(self, item: dict[str, Any], array: np.ndarray, pixels: Callable[[], np.ndarray]) -> None:
        name = id(array)
        item |= {"texture": name, "size": [array.shape[1], array.shape[0]]}
        if name in self._known or name in self.textures:
            self._items.append(item)
        else:
            self._append(item, np.asarray(pixels(), np.uint8))
        self.textures[name] = array

    def _pixels(self, transform: Transform, points: Any) -> np.ndarray:
        return _pixels(transform, points, self._height)

    def _append(self, item: dict[str, Any], array: np.ndarray) -> None:
        chunk = array.tobytes()
        item["at"] = self._length
        self._items.append(item)
        self._chunks.append(chunk)
        self._length += len(chunk)


class Growth:
    """What the lines of a list have grown by since it was made: the points that the browser adds to their paths.

    Parameters
    ----------
    figure : Figure
        Where they are.
    places : Mapping of int to tuple
        `DisplayList.places` of the list.
    """

    def __init__(self, figure: Figure, places: Mapping[int, Place]) -> None:
        self._places = places
        self._height = float(figure.bbox.height)
        self._lines: list[tuple[int, int, int]] = []
        self._chunks: list[bytes] = []

    @property
    def header(self) -> dict[str, Any]:
        """Panel, item and number of points of each line that has grown, ready for JSON."""
        return {"growth": self._lines}

    @property
    def data(self) -> bytes:
        """The points (float32, x and y in turn), in the order of the header."""
        return b"".join(self._chunks)

    def add(self, line: Line2D, x: Sequence[float], y: Sequence[float]) -> bool:
        """Append points to a line; False if it is not on the list as a path alone."""
        place = self._places.get(id(line))
        if place is None or line.get_marker() not in ("None", None, "", " "):
            return False
        panel, item, transform = place
        self._lines.append((panel, item, len(x)))
        self._chunks.append(_pixels(transform, np.array((x, y), np.float64).T, self._height).tobytes())
        return True


def _pixels(transform: Transform, points: Any, height: float) -> np.ndarray:
    """Places of float64 data, shape ``(n, 2)``, in pixels from the upper left corner, float32."""
    pixels = transform.transform(points)
    pixels[:, 1] = height - pixels[:, 1]
    result: np.ndarray = pixels.clip(-_FAR, _FAR).astype(np.float32)
    return result


_KINDS: tuple[tuple[type, Callable[[DisplayList, Any], None]], ...] = (
    (Line2D, DisplayList._line),
    (StepPatch, DisplayList._patch),
    (AxesImage, DisplayList._image),
    (Text, DisplayList._text),
    (Axis, DisplayList._axis),
)


def _drag_buttons(ax: Axes) -> list[int]:
    """By which buttons, as the browser counts them, the axes can be dragged: the left one pans, the right one zooms."""
    toolbar = ax.figure.canvas.toolbar
    if toolbar is None or toolbar.mode != "pan/zoom" or not ax.get_navigate() or not ax.can_pan():
        return []
    # Where limits are to keep an aspect, more comes of a zoom than the mouse says.
    return [0, 2] if ax.get_aspect() == "auto" and ax.get_axes_locator() is None else [0]


def _follows(artist: Artist) -> str:
    """Across which axes an artist is in data coordinates."""
    assert artist.axes is not None
    data = artist.get_transform().contains_branch_separately(artist.axes.transData)
    return "".join(axis for axis, is_data in zip("xy", data, strict=True) if is_data)


def _hex(color: Any, alpha: float | None) -> str:
    return to_hex(to_rgba(color, alpha), keep_alpha=True)


def _outline(path: Path) -> tuple[np.ndarray, bool]:
    """A path's points, with NaN between its parts, and whether these are closed."""
    points, codes = np.asarray(path.vertices, np.float64), path.codes
    if codes is None:
        return points, False
    if np.isin(codes, (Path.CURVE3, Path.CURVE4)).any():
        raise UnstreamableError(path)
    ends = np.equal(codes, Path.CLOSEPOLY)
    points = np.where(ends[:, np.newaxis], np.nan, points)  # where a part ends is a gap before the next one
    if len(ends) and ends[-1]:
        points = points[:-1]
    return points, bool(ends.any())


@lru_cache(maxsize=256)
def _shape(marker: str, fillstyle: str, size: float, width: float) -> tuple[float | list[list[float]], bool]:
    """A marker as a circle's radius, or as lines of ``[x, y, x, y, ...]`` around its point; whether it is filled."""
    style = MarkerStyle(marker, fillstyle)  # type: ignore[arg-type]
    if style.get_alt_path() is not None:
        raise UnstreamableError(marker)
    if marker in ("o", "."):
        return size * (0.5 if marker == "o" else 0.25), style.is_filled()
    path = style.get_path()
    if path.codes is not None and np.isin(path.codes, (Path.CURVE3, Path.CURVE4)).any():
        raise UnstreamableError(marker)
    threshold = style.get_snap_threshold()
    shape = []
    transform = style.get_transform() + Affine2D().scale(size, -size)
    for points in transform.transform_path(path).to_polygons(closed_only=False):
        places = np.asarray(points)
        # As Agg does, so that every mark looks alike: its corners, or else its middle, fit the pixels.
        snap = threshold is not None and size >= threshold
        places = np.floor(places + 0.5) + (0.5 if round(width) % 2 else 0.0) if snap else places + 0.5
        shape.append(places.ravel().tolist())
    return shape, style.is_filled()
