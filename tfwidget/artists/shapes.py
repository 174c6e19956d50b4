"""Lines, patches, images and texts of Matplotlib as nodes of a scene.

Invariant: a page paints the nodes as Agg would draw the artist. For an artist where that is not possible,
`Undescribable` is raised.

A line may give its points itself, by a method ``scene_points(afresh: bool) -> (points, continues)``. The points are
float64, shape (n, 2), in the line's own coordinates. If `afresh` is True, they must be all of its points. Otherwise
they may be new ones only, to be appended to those that it gave before; then `continues` is True. The method is called
when the line is stale and when the limits have changed, because a curve may then have more details to show.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

import numpy as np
from matplotlib.artist import Artist
from matplotlib.colors import to_hex, to_rgba
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Patch
from matplotlib.path import Path
from matplotlib.spines import Spine
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from tfwidget.artists.places import (
    Around,
    Kept,
    Node,
    Nodes,
    Place,
    Points,
    Undescribable,
    checked_clip,
    packed,
    place_of,
    points_at,
)
from tfwidget.artists.rasters import image_nodes
from tfwidget.scene.protocol import Stroke

__all__ = [
    "describe", "hex_of", "is_in_data", "line_points", "line_stroke", "marks_node", "patch_points", "path_node",
    "stroke_of",
]  # fmt: skip

_CAPS: dict[str, Any] = {"butt": "butt", "round": "round", "projecting": "square"}
_NOTHING = ("None", "none", None, "", " ")


def describe(artist: Artist, around: Around, kept: Kept) -> Nodes:
    """Return the nodes of an artist.

    Raises
    ------
    Undescribable
        If the schema has no node for its look.
    """
    kept.needs_limits = kept.needs_box = False
    kept.state = None
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
        points = path_node(line, place, around, kept, stroke=stroke) | line_points(line, place, around, kept)
    return [points, _line_marks(line, place, around, kept)]


def line_stroke(line: Line2D, dots: float) -> Stroke | None:
    """Return the stroke of a line; None if it is not visible."""
    dashed = line.is_dashed()
    if dashed and line.get_gapcolor() is not None:
        raise Undescribable(line, "its gaps have a colour")
    return stroke_of(
        line.get_color(), line.get_alpha(), line.get_linewidth(), dots,
        line.get_dash_capstyle() if dashed else line.get_solid_capstyle(),
        line.get_dash_joinstyle() if dashed else line.get_solid_joinstyle(),
        cast("Any", line)._dash_pattern,  # what Matplotlib itself passes to Agg
    )  # fmt: skip


def line_points(line: Line2D, place: Place, around: Around, kept: Kept) -> Node:
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
    """Return the points of a line, shape (n, 2). A line of steps has two for each step."""
    if line.get_drawstyle() != "default":
        return cast("Points", line.get_path().vertices)
    x, y = (np.asarray(values) for values in line.get_data(orig=True))
    # Numbers have no units. Matplotlib's conversion of units would take longer than everything else here.
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
        points = points[_chosen(line, every)]
    points = points[np.isfinite(points).all(axis=1)]
    return marks_node(line, points, place, around, kept)


def _chosen(line: Line2D, every: Any) -> Any:
    """Return the argument of `set_markevery` as an index."""
    start, step = every if isinstance(every, tuple) and len(every) == 2 else (0, every)
    if isinstance(step, float) or isinstance(start, float):
        raise Undescribable(line, "its markers are so many parts of the axes apart")
    return slice(start, None, step) if isinstance(step, int) else every


def marks_node(line: Line2D, points: Points, place: Place, around: Around, kept: Kept, key: str = "marks") -> Node:
    """Return the node of a line's markers at these points, which are in the line's own coordinates."""
    marker = line.get_marker()
    if not isinstance(marker, (str, int)):
        raise Undescribable(line, "its marker is a shape of its own")
    width = float(line.get_markeredgewidth()) * around.dots
    try:
        shape, filled = _shape(marker, str(line.get_fillstyle()), float(line.get_markersize()) * around.dots, width)
    except ValueError as error:
        raise Undescribable(line, str(error)) from None
    data, offset = packed(points_at(place, points, around), place, around)
    alpha = line.get_alpha()
    return {
        "kind": "marks",
        "panel": around.panel,
        "order": line.get_zorder(),
        "clip": checked_clip(line, around, kept),
        "coords": list(place.coords),
        "offset": list(offset),
        "points": kept.same(key, data),
        "shape": shape,
        "stroke": stroke_of(line.get_markeredgecolor(), alpha, line.get_markeredgewidth(), around.dots),
        "fill": hex_of(line.get_markerfacecolor(), alpha) if filled else None,
    }


@lru_cache(maxsize=256)
def _shape(marker: str | int, fillstyle: str, size: float, width: float) -> tuple[float | list[list[float]], bool]:
    """Return a marker as in `tfwidget.scene.protocol.Marks.shape`, and whether it is filled."""
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
        # Snapped as by Agg, so that all marks look alike.
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
        data, offset = packed(points, place, around)
        outline: Node = {"points": kept.same("points", data), "offset": list(offset), "closed": closed}
    else:
        place = place_of(patch.get_data_transform(), around, kept)
        outline = patch_points(patch, around, kept)
    hidden = patch.get_linestyle() in _NOTHING
    stroke = stroke_of(
        patch.get_edgecolor(), None, patch.get_linewidth(), around.dots, patch.get_capstyle(), patch.get_joinstyle(),
        None if hidden else cast("Any", patch)._dash_pattern,
    )  # fmt: skip
    node = path_node(patch, place, around, kept, stroke=None if hidden else stroke)
    node |= outline
    return [node | {"ascending": False, "fill": hex_of(patch.get_facecolor(), None) if patch.get_fill() else None}]


def patch_points(patch: Patch, around: Around, kept: Kept) -> Node:
    """The properties of a path that depend on the outline of a patch, whose place is known."""
    place = kept.place
    assert place is not None
    outline, closed = _outline(patch, patch.get_patch_transform().transform_path(patch.get_path()))
    data, offset = packed(points_at(place, outline, around), place, around)
    return {"points": kept.same("points", data), "offset": list(offset), "closed": closed}


def _spine(spine: Spine, around: Around, kept: Kept) -> tuple[Place, Points, bool]:
    """Return place and points of a spine, and whether it is closed. It stays at its edge when the limits change."""
    ax = around.ax
    private = cast("Any", spine)
    if ax is None or private._patch_type != "line":
        raise Undescribable(spine, "it is no straight line")
    private._adjust_location()  # to the limits; a draw would do the same first
    box = ax.bbox
    pixels = np.asarray(spine.get_transform().transform(spine.get_path().vertices), np.float64)
    parts = (pixels - box.p0) / box.size
    parts = np.where(np.abs(parts - np.rint(parts)) < 1e-6, np.rint(parts), parts)
    kept.needs_limits, kept.needs_box = spine.get_bounds() is not None or is_in_data(spine), True
    return Place(spine.get_transform(), ("axes", "axes"), kept.needs_limits, True), parts, False


def is_in_data(spine: Spine) -> bool:
    """Whether a spine, and with it the ticks of its axis, has a place in data coordinates."""
    position = spine.get_position()
    return position == "zero" or (isinstance(position, tuple) and position[0] == "data")


def _outline(patch: Patch, path: Path) -> tuple[Points, bool]:
    """Return the points of a path, with NaN between its parts, and whether the parts are closed."""
    points, codes = np.array(path.vertices, np.float64), path.codes
    if codes is None:
        return points, False
    if np.logical_or(codes == Path.CURVE3, codes == Path.CURVE4).any():
        raise Undescribable(patch, "it has curves")
    ends = np.equal(codes, Path.CLOSEPOLY)
    points[ends] = np.nan  # a gap before the next part
    begins = np.flatnonzero(np.equal(codes, Path.MOVETO))
    begins = begins[(begins > 0) & ~ends[begins - 1]]
    if len(begins):
        points = np.insert(points, begins, np.nan, axis=0)
    if len(ends) and ends[-1]:
        points = points[:-1]
    return points, bool(ends.any())


# -- texts -------------------------------------------------------------------------------------------------------------


def _text(text: Text, around: Around, kept: Kept) -> Nodes:
    words = text.get_text()
    if not words.strip():
        return []
    if text.get_bbox_patch() is not None or text.get_transform_rotates_text() or text.get_wrap():
        raise Undescribable(text, "it has a box, or is turned or wrapped by its place")
    if isinstance(text, Annotation):
        raise Undescribable(text, "it is an annotation")
    x, y = _text_place(text, around, kept)
    if not (abs(x) < 1e6 and abs(y) < 1e6):
        return []
    kept.memory["run"] = None if kept.needs_limits else around.atlas.run(text, x, around.height - y)
    return [
        {
            "kind": "text",
            "panel": around.panel,
            "order": text.get_zorder(),
            "clip": checked_clip(text, around, kept),
            "glyphs": around.atlas.write(text, words, x, around.height - y),
            "color": hex_of(text.get_color(), text.get_alpha()),
        }
    ]


def _text_place(text: Text, around: Around, kept: Kept) -> tuple[float, float]:
    """Where a text is, in pixels from the lower left corner."""
    transform = text.get_transform()
    kept.needs_limits, kept.needs_box = around.ax is not None and transform.contains_branch(around.ax.transData), True
    x, y = transform.transform(text.get_unitless_position()).tolist()
    return x, y


# -- style -------------------------------------------------------------------------------------------------------------


def path_node(artist: Artist, place: Place, around: Around, kept: Kept, *, stroke: Stroke | None) -> Node:
    """Return a path node without its points."""
    return {
        "kind": "path",
        "panel": around.panel,
        "order": artist.get_zorder(),
        "clip": checked_clip(artist, around, kept),
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
    """Return the stroke of a line; None if it is not visible. `width` and `dashes` are in points."""
    name = hex_of(color, alpha)
    if width <= 0 or name.endswith("00"):
        return None
    stroke: Stroke = {"color": name, "width": width * dots, "cap": _CAPS[str(cap)], "join": cast("Any", str(join))}
    if dashes is not None and dashes[1] is not None:
        stroke["dash"] = [float(length) * dots for length in (dashes[0], *dashes[1])]
    return stroke


def hex_of(color: Any, alpha: float | None) -> str:
    """Return a colour of Matplotlib as ``#rrggbbaa``."""
    try:
        return _hex(color, alpha)
    except TypeError:  # a list or an array
        return _hex(tuple(color), alpha)


@lru_cache(maxsize=256)
def _hex(color: Any, alpha: float | None) -> str:
    return to_hex(to_rgba(color, alpha), keep_alpha=True)


_KINDS: tuple[tuple[type, Callable[[Any, Around, Kept], Nodes]], ...] = (
    (Line2D, _line),
    (Patch, _patch),
    (AxesImage, image_nodes),
    (Text, _text),
)
