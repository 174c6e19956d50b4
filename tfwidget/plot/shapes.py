"""Lines, patches, images and texts of Matplotlib as nodes of a scene.

Invariant: what a page paints of the nodes is what Agg would draw; an artist of which that cannot be said raises
`Undescribable`.

An artist may say its own points, by a method ``scene_points(afresh: bool) -> (points, continues)``: points of shape
(n, 2), float64, in its coordinates. With `afresh` they are all there are; without, and if it says that they continue,
they come after those it said before. It is called when the artist is stale, and when the axes has other limits: a curve
may then have more details to show.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

import numpy as np
from matplotlib.artist import Artist
from matplotlib.colors import Colormap, Normalize, to_hex, to_rgba
from matplotlib.image import AxesImage, NonUniformImage, PcolorImage
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Patch
from matplotlib.path import Path
from matplotlib.spines import Spine
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from tfwidget.plot.places import Around, Kept, Place, Points, Undescribable, checked_clip, packed, place_of, points_at
from tfwidget.scene.protocol import Stroke

__all__ = ["Nodes", "describe", "hex_of", "line_stroke", "marks_node", "path_node", "stroke_of"]

Node = dict[str, Any]
Nodes = list[Node | None]

_CAPS: dict[str, Any] = {"butt": "butt", "round": "round", "projecting": "square"}
_NOTHING = ("None", "none", None, "", " ")


def describe(artist: Artist, around: Around, kept: Kept) -> Nodes:
    """The nodes of an artist; raises `Undescribable`."""
    kept.needs_limits = kept.needs_box = False
    if not artist.get_visible() or artist.get_animated():
        return []
    if artist.get_path_effects() or artist.get_sketch_params() or artist.get_agg_filter():
        raise Undescribable(artist, "it has path effects, a filter or the look of a sketch")
    for kind, nodes_of in _KINDS:
        if isinstance(artist, kind):
            return nodes_of(artist, around, kept)
    raise Undescribable(artist, "a scene has no artist of this kind")


# -- lines -------------------------------------------------------------------------------------------------------------


def _line(line: Line2D, around: Around, kept: Kept) -> Nodes:
    place = place_of(line.get_transform(), around, kept)
    points: Node | None = None
    stroke = None if line.get_linestyle() in _NOTHING else line_stroke(line, around.dots)
    if stroke is not None:
        points = path_node(line, place, around, stroke=stroke) | _line_points(line, place, around, kept)
    return [points, _line_marks(line, place, around, kept)]


def line_stroke(line: Line2D, dots: float) -> Stroke | None:
    """How a line is drawn; None: not at all."""
    dashed = line.is_dashed()
    if dashed and line.get_gapcolor() is not None:
        raise Undescribable(line, "its gaps have a colour")
    return stroke_of(
        line.get_color(), line.get_alpha(), line.get_linewidth(), dots,
        line.get_dash_capstyle() if dashed else line.get_solid_capstyle(),
        line.get_dash_joinstyle() if dashed else line.get_solid_joinstyle(),
        line._dash_pattern,  # what Matplotlib itself hands to Agg
    )  # fmt: skip


def _line_points(line: Line2D, place: Place, around: Around, kept: Kept) -> Node:
    """The properties of a path that depend on its points."""
    say: Callable[[bool], tuple[Points, bool]] | None = getattr(line, "scene_points", None)
    memory = kept.memory
    if say is None:
        points, offset = packed(points_at(place, _data(line), around), place, around)
        points = kept.same("points", points)
        return {"points": points, "offset": list(offset), "ascending": _ascending(points)}
    kept.needs_limits = True
    said: Node | None = None if "pixels" in place.coords else memory.get("said")
    data, continues = say(said is None)
    if said is None or not continues:
        points, offset = packed(points_at(place, data, around), place, around)
        memory["last"] = points[-1, 0] if len(points) else -np.inf
        said = {"points": points, "offset": list(offset), "ascending": _ascending(points)}
    elif len(data):
        points, _ = packed(data, place, around, tuple(said["offset"]))
        kept.grown = points
        said = said | {"ascending": said["ascending"] and bool(memory["last"] <= points[0, 0]) and _ascending(points)}
        memory["last"] = points[-1, 0]
    memory["said"] = said
    return said


def _data(line: Line2D) -> Points:
    """Its points, shape (n, 2); of a line of steps, also where the steps turn."""
    if line.get_drawstyle() != "default":
        return cast("Points", line.get_path().vertices)
    x, y = (np.asarray(values) for values in line.get_data(orig=True))
    # Numbers need not go through Matplotlib's units, which take longer than all else here.
    if x.dtype.kind in "fiu" and y.dtype.kind in "fiu" and x.ndim == 1 and x.shape == y.shape:
        return np.column_stack((x, y)).astype(np.float64, copy=False)
    return cast("Points", line.get_xydata())


def _ascending(points: NDArray[np.float32]) -> bool:
    return bool((points[1:, 0] >= points[:-1, 0]).all())


def _line_marks(line: Line2D, place: Place, around: Around, kept: Kept) -> Node | None:
    marker = line.get_marker()
    if (isinstance(marker, str) and marker in _NOTHING) or marker is None or not line.get_markersize():
        return None
    points = cast("Points", line.get_xydata())
    every = line.get_markevery()
    if every is not None:
        step = isinstance(every, tuple) and len(every) == 2
        if isinstance(every, float) or (step and isinstance(every[0], float)):
            raise Undescribable(line, "its markers are so many parts of the axes apart")
        points = points[slice(None, None, every) if isinstance(every, int) else slice(every[0], None, every[1]) if step
                        else every]  # fmt: skip
    points = points[np.isfinite(points).all(axis=1)]
    return marks_node(line, points, place, around, kept)


def marks_node(line: Line2D, points: Points, place: Place, around: Around, kept: Kept, key: str = "marks") -> Node:
    """The markers of a line at these points of its own coordinates."""
    marker = line.get_marker()
    if not isinstance(marker, (str, int)):
        raise Undescribable(line, "its marker is a shape of its own")
    width = float(line.get_markeredgewidth()) * around.dots
    try:
        shape, filled = _shape(marker, str(line.get_fillstyle()), float(line.get_markersize()) * around.dots, width)
    except ValueError as error:
        raise Undescribable(line, str(error)) from None
    data, offset = packed(points_at(place, points, around), place, around)
    alpha = cast("float | None", line.get_alpha())
    return {
        "kind": "marks",
        "panel": around.panel,
        "order": line.get_zorder(),
        "clip": checked_clip(line, around),
        "coords": list(place.coords),
        "offset": list(offset),
        "points": kept.same(key, data),
        "shape": shape,
        "stroke": stroke_of(line.get_markeredgecolor(), alpha, line.get_markeredgewidth(), around.dots),
        "fill": hex_of(line.get_markerfacecolor(), alpha) if filled else None,
    }


@lru_cache(maxsize=256)
def _shape(marker: str | int, fillstyle: str, size: float, width: float) -> tuple[float | list[list[float]], bool]:
    """A marker as a circle's radius, or as lines of ``[x, y, x, y, ...]`` around its point; whether it is filled."""
    style = MarkerStyle(marker, fillstyle)  # type: ignore[arg-type]
    if style.get_alt_path() is not None:
        msg = "its marker has two colours"
        raise ValueError(msg)
    if marker in ("o", "."):
        return size * (0.5 if marker == "o" else 0.25), style.is_filled()
    path = style.get_path()
    if path.codes is not None and np.isin(path.codes, (Path.CURVE3, Path.CURVE4)).any():
        msg = "its marker has curves"
        raise ValueError(msg)
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


# -- patches -----------------------------------------------------------------------------------------------------------


def _patch(patch: Patch, around: Around, kept: Kept) -> Nodes:
    if patch.get_hatch():
        raise Undescribable(patch, "it is hatched")
    if isinstance(patch, Spine):
        place, points, closed = _spine(patch, around, kept)
    else:
        path, own = patch.get_path(), patch.get_patch_transform()
        place = place_of(patch.get_data_transform(), around, kept)
        points, closed = _outline(patch, own.transform_path(path))
        points = points_at(place, points, around)
    data, offset = packed(points, place, around)
    data = kept.same("points", data)
    stroke = stroke_of(
        patch.get_edgecolor(), None, patch.get_linewidth(), around.dots, patch.get_capstyle(), patch.get_joinstyle(),
        patch._dash_pattern if patch.get_linestyle() not in _NOTHING else None,
    )  # fmt: skip
    node = path_node(patch, place, around, stroke=None if patch.get_linestyle() in _NOTHING else stroke)
    node |= {"points": data, "offset": list(offset), "ascending": False, "closed": closed}
    return [node | {"fill": hex_of(patch.get_facecolor(), None) if patch.get_fill() else None}]


def _spine(spine: Spine, around: Around, kept: Kept) -> tuple[Place, Points, bool]:
    """A line at an edge of the axes: it stays there, whatever the limits are."""
    ax = around.ax
    if ax is None or spine._patch_type != "line":
        raise Undescribable(spine, "it is no straight line")
    spine._adjust_location()  # to the limits, as it does before it is drawn
    box = ax.bbox
    pixels = np.asarray(spine.get_transform().transform(spine.get_path().vertices), np.float64)
    parts = (pixels - box.p0) / box.size
    parts = np.where(np.abs(parts - np.rint(parts)) < 1e-6, np.rint(parts), parts)
    position = spine.get_position()
    in_data = spine.get_bounds() is not None or position == "zero" or (position and position[0] == "data")
    kept.needs_limits, kept.needs_box = bool(in_data), True
    return Place(spine.get_transform(), ("axes", "axes"), kept.needs_limits, True), parts, False


def _outline(patch: Patch, path: Path) -> tuple[Points, bool]:
    """A path's points, with NaN between its parts, and whether these are closed."""
    points, codes = np.array(path.vertices, np.float64), path.codes
    if codes is None:
        return points, False
    if np.isin(codes, (Path.CURVE3, Path.CURVE4)).any():
        raise Undescribable(patch, "it has curves")
    ends = np.equal(codes, Path.CLOSEPOLY)
    points[ends] = np.nan  # where a part ends is a gap before the next one
    begins = np.flatnonzero(np.equal(codes, Path.MOVETO))
    begins = begins[(begins > 0) & ~ends[begins - 1]]
    if len(begins):
        points = np.insert(points, begins, np.nan, axis=0)
    if len(ends) and ends[-1]:
        points = points[:-1]
    return points, bool(ends.any())


# -- images ------------------------------------------------------------------------------------------------------------


def _image(image: AxesImage, around: Around, kept: Kept) -> Nodes:
    array = image.get_array()
    if array is None or not array.size:
        return []
    if isinstance(image, (NonUniformImage, PcolorImage)):
        raise Undescribable(image, "its pixels are not all of the same size")
    alpha = image.get_alpha()
    if not (alpha is None or isinstance(alpha, (int, float))):
        raise Undescribable(image, "each pixel has its own transparency")
    left, right, bottom, top = image.get_extent()
    first, last = (top, bottom) if image.origin == "upper" else (bottom, top)
    place = place_of(image.get_transform(), around, kept)
    curved = any(coord == "data" and not linear for coord, linear in zip(place.coords, around.linear, strict=True))
    if curved or not place.transform.is_separable:
        raise Undescribable(image, "it is turned, or on a scale that is not linear")
    corners = points_at(place, np.array([(left, first), (right, last)], np.float64), around)
    smooth = _is_smooth(image, array.shape, kept)
    source = image, array, image.norm.vmin, image.norm.vmax, image.cmap, type(image.norm), smooth
    before = kept.memory.get("source", (None,) * len(source))
    if not all(one is other or (one == other) is True for one, other in zip(source, before, strict=True)):
        kept.memory["pixels"] = _pixels(image, array, smooth)
        kept.memory["source"] = source
    pixels, colors = kept.memory["pixels"]
    return [
        {
            "kind": "image",
            "panel": around.panel,
            "order": image.get_zorder(),
            "clip": checked_clip(image, around),
            "coords": list(place.coords),
            "extent": corners.ravel().tolist(),
            "pixels": pixels,
            "colors": colors,
            "alpha": 1.0 if alpha is None else float(alpha),
            "smooth": smooth,
        }
    ]


def _is_smooth(image: AxesImage, shape: tuple[int, ...], kept: Kept) -> bool:
    way = image.get_interpolation()
    if way in ("nearest", "none"):
        return False
    if way in ("auto", "antialiased"):
        kept.needs_limits = kept.needs_box = True
        size = np.abs(np.diff(image.get_window_extent().get_points(), axis=0))[0] / (shape[1], shape[0])
        if ((size > 3.0) | (size == 1.0) | (size == 2.0)).all():  # as Matplotlib decides
            return False
    raise Undescribable(image, f"its interpolation is {way!r}: 'nearest' can be shown live")


def _pixels(image: AxesImage, array: Any, smooth: bool) -> tuple[NDArray[Any], Node | None]:
    """Values and the table of their colours where that says it, else colours."""
    norm = image.norm
    if array.ndim == 2:
        norm.autoscale_None(array)
    low, high = norm.vmin, norm.vmax
    if array.ndim != 2 or smooth or type(norm) is not Normalize or norm.clip or low is None or high is None:
        return np.asarray(image.to_rgba(array, bytes=True), np.uint8), None
    if not (np.isfinite((low, high)).all() and low < high and array.dtype.kind in "biuf"):
        return np.asarray(image.to_rgba(array, bytes=True), np.uint8), None
    mask = np.ma.getmask(array)
    values = np.ma.getdata(array)
    whole = values.dtype.kind == "b" or values.dtype == np.uint8
    if whole and not np.any(mask):
        values = values.astype(np.uint8)
    else:
        with np.errstate(over="ignore"):
            values = values.astype(np.float32)
        if np.any(mask):
            values[mask] = np.nan
    return values, {"low": float(low), "high": float(high), "table": _table(image.cmap)}


def _table(colors: Colormap) -> NDArray[np.uint8]:
    levels = colors(np.arange(colors.N), bytes=True)
    others = [colors.get_under(), colors.get_over(), colors.get_bad()]
    return np.concatenate((levels, np.rint(255 * np.asarray(others)))).astype(np.uint8)


# -- texts -------------------------------------------------------------------------------------------------------------


def _text(text: Text, around: Around, kept: Kept) -> Nodes:
    words = text.get_text()
    if not words.strip():
        return []
    if text.get_bbox_patch() is not None or text.get_transform_rotates_text() or text.get_wrap():
        raise Undescribable(text, "it has a box, or is turned or wrapped by its place")
    if isinstance(text, Annotation):
        raise Undescribable(text, "it is an annotation")
    transform = text.get_transform()
    kept.needs_limits = around.ax is not None and transform.contains_branch(around.ax.transData)
    kept.needs_box = True
    x, y = transform.transform(text.get_unitless_position()).tolist()
    if not (abs(x) < 1e6 and abs(y) < 1e6):
        return []
    return [
        {
            "kind": "text",
            "panel": around.panel,
            "order": text.get_zorder(),
            "clip": checked_clip(text, around),
            "glyphs": around.atlas.write(text, words, x, around.height - y),
            "color": hex_of(text.get_color(), cast("float | None", text.get_alpha())),
        }
    ]


# -- style -------------------------------------------------------------------------------------------------------------


def path_node(artist: Artist, place: Place, around: Around, *, stroke: Stroke | None) -> Node:
    """A path but for its points."""
    return {
        "kind": "path",
        "panel": around.panel,
        "order": artist.get_zorder(),
        "clip": checked_clip(artist, around),
        "coords": list(place.coords),
        "closed": False,
        "snap": artist.get_snap(),
        "stroke": stroke,
        "fill": None,
    }


def stroke_of(
    color: Any, alpha: float | None, width: float, dots: float, cap: str = "butt", join: str = "miter",
    dashes: Any = None,
) -> Stroke | None:  # fmt: skip
    """How a line of a width in points is drawn; None if it is not to be seen."""
    name = hex_of(color, alpha)
    if width <= 0 or name.endswith("00"):
        return None
    stroke: Stroke = {"color": name, "width": width * dots, "cap": _CAPS[str(cap)], "join": cast("Any", str(join))}
    if dashes is not None and dashes[1] is not None:
        stroke["dash"] = [float(length) * dots for length in (dashes[0], *dashes[1])]
    return stroke


def hex_of(color: Any, alpha: float | None) -> str:
    """A colour of Matplotlib as ``#rrggbbaa``."""
    return to_hex(to_rgba(color, alpha), keep_alpha=True)


_KINDS: tuple[tuple[type, Callable[[Any, Around, Kept], Nodes]], ...] = (
    (Line2D, _line),
    (Patch, _patch),
    (AxesImage, _image),
    (Text, _text),
)
