"""The coordinates of artists: data, parts of the axes, or pixels. And what is kept of an artist between two patches.

Invariant: points in data coordinates do not depend on the limits, so new limits need no new points.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.transforms import Transform
from numpy.typing import NDArray

from tfwidget.artists.glyphs import Atlas
from tfwidget.scene.protocol import Coord

__all__ = [
    "Around",
    "Kept",
    "Node",
    "Nodes",
    "Place",
    "Points",
    "Undescribable",
    "checked_clip",
    "packed",
    "place_of",
    "points_at",
]

_FAR = 1000.0  # points further from zero than this number of their spans need an offset, or float32 is too coarse
_HUGE = 3e38  # about the largest number of float32

Points = NDArray[np.float64]
Node = dict[str, Any]
Nodes = list[Node | None]


class Undescribable(Exception):
    """The schema has no node for the look of an artist."""

    def __init__(self, artist: object, why: str) -> None:
        super().__init__(f"{_name(artist)}: {why}")


def _name(artist: object) -> str:
    label: object = artist.get_label() if isinstance(artist, Artist) else ""
    kind = type(artist).__name__
    return f"{kind} {label!r}" if isinstance(label, str) and label and not label.startswith("_") else kind


@dataclass(frozen=True, eq=False, slots=True)
class Around:
    """The axes and the figure that an artist is in.

    Attributes
    ----------
    ax : Axes or None
        The axes; None if the artist belongs to the figure itself.
    panel : int
        The id of the axes' node; 0 for the figure.
    height : int
        The height of the figure, in pixels.
    dots : float
        Pixels per point.
    atlas : Atlas
        Makes glyphs.
    linear : (bool, bool)
        For x and y: whether the axis has a linear scale.
    masked : (bool, bool)
        For x and y: whether values that are not positive are gaps.
    """

    ax: Axes | None
    panel: int
    height: int
    dots: float
    atlas: Atlas
    linear: tuple[bool, bool] = (True, True)
    masked: tuple[bool, bool] = (False, False)


class Place(NamedTuple):
    """The transform of an artist, and the coordinates in which its points are sent."""

    transform: Transform
    coords: tuple[Coord, Coord]
    needs_limits: bool
    """Whether its points are sent as pixels that depend on the limits."""
    needs_box: bool
    """Whether its points are sent as pixels that depend on the place or size of the axes."""


@dataclass(slots=True)
class Kept:
    """What is kept of an artist between two patches.

    Attributes
    ----------
    first_id : int
        The id of its first node. Those of the next nodes follow.
    nodes : list of (dict or None)
        Its nodes, as they were last put.
    place : Place or None
        Its place, as it was last found.
    needs_limits, needs_box : bool
        Whether it must be described again when the axes has other limits, or another size or place.
    memory : dict
        Arrays that are sent again only if they have changed, and what they were made from.
    grown : array or None
        Points to be added to its first node.
    state : dict or None
        Its attributes when it was described last; None where it must be described whatever changes.
    """

    first_id: int
    nodes: Nodes = field(default_factory=list)
    place: Place | None = None
    needs_limits: bool = False
    needs_box: bool = False
    memory: dict[str, Any] = field(default_factory=dict)
    grown: NDArray[np.float32] | None = None
    state: dict[str, Any] | None = None

    def same(self, key: str, array: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the array that is kept under this key if it has the same numbers; else keep and return this one."""
        before = self.memory.get(key)
        if before is not None and np.array_equal(before, array, equal_nan=True):
            return before  # type: ignore[no-any-return]
        self.memory[key] = array
        return array


def place_of(transform: Transform, around: Around, kept: Kept) -> Place:
    """Return the place of an artist with this transform."""
    place = kept.place
    if place is None or place.transform is not transform:
        place = kept.place = _find(transform, around.ax)
    kept.needs_limits, kept.needs_box = place.needs_limits, place.needs_box
    return place


def _find(transform: Transform, ax: Axes | None) -> Place:
    if ax is None:
        return Place(transform, ("pixels", "pixels"), False, False)
    if transform is ax.transData:
        return Place(transform, ("data", "data"), False, False)
    if transform is ax.transAxes:
        return Place(transform, ("axes", "axes"), False, False)
    in_data = transform.contains_branch_separately(ax.transData)
    if not transform.is_separable:
        return Place(transform, ("pixels", "pixels"), any(in_data), True)
    # A transform that contains the data's may do more than that. Two points tell, for each direction.
    probes = np.array([ax.get_xlim(), ax.get_ylim()]).T
    found = transform.transform(probes)
    coords: list[Coord] = []
    for direction, data in enumerate(in_data):
        known = (ax.transData if data else ax.transAxes).transform(probes)
        same = np.allclose(found[:, direction], known[:, direction], rtol=0.0, atol=1e-3)
        coords.append("pixels" if not same else "data" if data else "axes")
    moving = any(data and coord == "pixels" for data, coord in zip(in_data, coords, strict=True))
    return Place(transform, (coords[0], coords[1]), moving, "pixels" in coords)


def points_at(place: Place, points: Points, around: Around) -> Points:
    """Convert points of an artist, shape (n, 2), from its own coordinates to those of its place."""
    if "pixels" not in place.coords:
        return points
    pixels = np.asarray(place.transform.transform(points), np.float64)
    pixels[:, 1] = around.height - pixels[:, 1]
    for direction, coord in enumerate(place.coords):
        if coord != "pixels":
            pixels[:, direction] = points[:, direction]
    return pixels


def packed(
    points: Points, place: Place, around: Around, offset: tuple[float, float] | None = None
) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """Return points as float32, shape (n, 2), and the offset that was subtracted: the given one, or a new one."""
    coords = place.coords
    for direction, coord in enumerate(coords):
        if coord == "data" and around.masked[direction]:
            column = points[:, direction]
            if (column <= 0.0).any():
                points = points.copy()
                points[:, direction] = np.where(column > 0.0, column, np.nan)
    if offset is None:
        offset = (
            _offset(points[:, 0]) if coords[0] == "data" and around.linear[0] else 0.0,
            _offset(points[:, 1]) if coords[1] == "data" and around.linear[1] else 0.0,
        )
    with np.errstate(over="ignore", invalid="ignore"):
        result = (points - offset if offset != (0.0, 0.0) else points).astype(np.float32)
        if not np.isfinite(result).all():  # infinity becomes a gap, a number too large for float32 the largest
            result = np.where(np.isfinite(points), result.clip(-_HUGE, _HUGE), np.float32(np.nan))
    return result, offset


def _offset(values: NDArray[np.float64]) -> float:
    """Return the offset to be subtracted: 0, unless the values are far from zero."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0
    low, high = float(finite.min()), float(finite.max())
    return float(finite[0]) if max(-low, high) > _FAR * (high - low) else 0.0


def checked_clip(artist: Artist, around: Around, kept: Kept) -> bool:
    """Return whether an artist is clipped to its axes; raise `Undescribable` if it is clipped to anything else."""
    if not artist.get_clip_on():
        return False
    if artist.get_clip_path() is not None:
        raise Undescribable(artist, "it is clipped to a shape of its own")
    box = artist.get_clip_box()
    if box is None:
        return False
    if kept.memory.get("clip") is not box:  # a box that was the axes' once stays the axes' box
        if around.ax is None or not np.allclose(box.extents, around.ax.bbox.extents, rtol=0.0, atol=0.01):
            raise Undescribable(artist, "it is clipped to a box of its own")
        kept.memory["clip"] = box
    return True
