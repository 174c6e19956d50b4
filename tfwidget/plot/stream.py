"""What moves in a figure, as a list that a browser paints: a little JSON and a block of bytes, in place of a picture.

Invariant: what is painted from the list is what Agg would draw, for style and place are the artist's own; an artist of
which that cannot be said raises `UnstreamableError`, and the whole figure is left to Agg.

Places are device pixels of the figure, from its upper left corner, as Matplotlib's own transforms give them: to the
browser linear, log, symlog and all other scales are alike, and float32 keeps a thousandth of a pixel at any step.

There are three primitives, each with a colour as ``#rrggbbaa`` and lengths in device pixels:

- ``path``: points joined by lines, stroked, filled or both; NaN makes a gap: curves, bars, vertical marks;
- ``marks``: one small shape at many points;
- ``image``: RGBA pixels over a rectangle: pictures, and texts, of which Matplotlib has drawn the letters.

While the toolbar's pan tool is on, a panel says which buttons of the mouse drag its axes, and each item across which of
them (``"x"``, ``"y"``, ``"xy"``, ``""``) it follows the data: the browser moves these before the kernel has answered.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Patch, StepPatch
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, Transform

from tfwidget.renderer import line_of_text

__all__ = ["DisplayList", "UnstreamableError"]

_FAR = 1e9  # pixels; a browser clips in float64, where differences of larger places lose what is near
_ALIGNMENT = {"left": 0.0, "center": 0.5, "right": 1.0}
_CAPS = {"butt": "butt", "round": "round", "projecting": "square"}


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
    """

    def __init__(self, figure: Figure, known: Mapping[int, np.ndarray]) -> None:
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
                        item["follows"] = _follows(artist)
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

    def _path(
        self, artist: Any, points: np.ndarray, color: Any, width: float, cap: str, join: str,
        *, dashed: bool, closed: bool = False, fill: Any = None,
    ) -> None:  # fmt: skip
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
        self._append(item, points)

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
        line = line_of_text(words, text.get_fontproperties(), self._pixels_per_point * 72.0, color)
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
        """Places of float64 data, shape ``(n, 2)``, in pixels from the upper left corner, float32."""
        pixels = transform.transform(points)
        pixels[:, 1] = self._height - pixels[:, 1]
        result: np.ndarray = np.clip(pixels, -_FAR, _FAR).astype(np.float32)
        return result

    def _append(self, item: dict[str, Any], array: np.ndarray) -> None:
        chunk = array.tobytes()
        item["at"] = self._length
        self._items.append(item)
        self._chunks.append(chunk)
        self._length += len(chunk)


_KINDS: tuple[tuple[type, Callable[[DisplayList, Any], None]], ...] = (
    (Line2D, DisplayList._line),
    (StepPatch, DisplayList._patch),
    (AxesImage, DisplayList._image),
    (Text, DisplayList._text),
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
