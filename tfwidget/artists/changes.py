"""What mostly changes of an artist: a text's words, a picture's values, the end of a curve, the outline of a patch.

Invariant: what is told here is what `tfwidget.artists.shapes.describe` would say. Where that is not certain, nothing is
told, and the artist is described.

Matplotlib says that an artist has changed, not what of it. So its attributes are kept as they were when it was
described. While all others are the same, and what they refer to is, a change of one of a few costs a few properties.
"""

from collections.abc import Callable
from typing import Any, cast

from matplotlib.artist import Artist
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.spines import Spine
from matplotlib.text import Text

from tfwidget.artists.places import Around, Kept, Node
from tfwidget.artists.rasters import image_values
from tfwidget.artists.shapes import line_points, patch_points

__all__ = ["changes_of", "keep_state"]

_Way = Callable[[Any, Around, Kept], Node | None]


def keep_state(artist: Artist, kept: Kept) -> None:
    """Keep what an artist is like, which has just been described."""
    nodes = kept.nodes
    known = _ways[type(artist)] is not None and bool(nodes) and nodes[0] is not None and not any(nodes[1:])
    kept.state = vars(artist).copy() if known else None
    if known and isinstance(artist, Text):
        kept.memory["font"] = vars(artist.get_fontproperties()).copy()


def changes_of(artist: Artist, around: Around, kept: Kept) -> Node | None:
    """The properties of an artist's node that have changed; None if it must be described.

    It must have been described with the limits, the place and the scales that its axes has now, and its `stale` be as
    it was then.
    """
    if kept.state is None:
        return None
    way = _ways[type(artist)]
    return None if way is None else way(artist, around, kept)


def _is_same_but(artist: Artist, kept: Kept, *names: str) -> bool:
    """Whether an artist is as it was kept, but for these attributes."""
    now, before = vars(artist), kept.state
    assert before is not None
    try:
        for name in names:
            before[name] = now[name]
        return now == before
    except (KeyError, ValueError):  # there is no such attribute; arrays cannot be compared
        return False


def _text(text: Text, around: Around, kept: Kept) -> Node | None:
    run = kept.memory.get("run")
    if run is None or not _is_same_but(text, kept, "_text"):
        return None
    transform = text.get_transform()
    if run.matrix != transform.get_matrix().tobytes():  # of a transform, that it has changed is not told
        return None
    if vars(text.get_fontproperties()) != kept.memory["font"]:
        return None
    glyphs = run.write(text.get_text())
    return None if glyphs is None else {"glyphs": glyphs}


def _line(line: Line2D, around: Around, kept: Kept) -> Node | None:
    before = kept.memory.get("said")
    if before is None or kept.place is None or not _is_same_but(line, kept):
        return None
    said = line_points(line, kept.place, around, kept)
    if said is before:
        return {}
    kept.state = vars(line).copy()  # it may have noted what it said
    return {key: value for key, value in said.items() if value is not before[key]}


def _image(image: AxesImage, around: Around, kept: Kept) -> Node | None:
    before, old = kept.memory["source"][0], kept.memory["pixels"]
    array = cast("Any", image.get_array())
    if kept.place is None or "pixels" in kept.place.coords or array.shape != before.shape:
        return None
    if not _is_same_but(image, kept, "_A", "_imcache") or image.norm.vmin is None:
        return None
    pixels, colors = image_values(image, array, kept)
    changes: Node = {}
    if pixels is not old[0]:
        changes["pixels"] = pixels
    if colors is not old[1]:
        changes["colors"] = colors
    return changes


def _patch(patch: Patch, around: Around, kept: Kept) -> Node | None:
    if kept.place is None or not _is_same_but(patch, kept, "_path"):
        return None
    return patch_points(patch, around, kept)


_TABLE: tuple[tuple[type, _Way | None], ...] = (
    (Spine, None),
    (Line2D, _line),
    (Patch, _patch),
    (AxesImage, _image),
    (Text, _text),
)


class _Ways(dict[type, _Way | None]):
    """How changes of each type of artist are told; found when it is asked for."""

    def __missing__(self, kind: type) -> _Way | None:
        way = self[kind] = next((way for base, way in _TABLE if issubclass(kind, base)), None)
        return way


_ways = _Ways()
