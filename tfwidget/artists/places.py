"""Where artists are: in data, in parts of the axes, or in pixels; and what is kept of each between two patches.

Invariant: a place in data says nothing of the limits, so new limits need no new points.
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

_FAR = 1000.0  # so many spans from zero, float32 needs an offset to be exact to a tenth of a pixel
_HUGE = 3e38  # the largest numbers of float32

Points = NDArray[np.float64]
Node = dict[str, Any]
Nodes = list[Node | None]


class Undescribable(Exception):
    """An artist looks like nothing that the schema has words for."""

    def __init__(self, artist: object, why: str) -> None:
        super().__init__(f"{_name(artist)}: {why}")


def _name(artist: object) -> str:
    label: object = artist.get_label() if isinstance(artist, Artist) else ""
    kind = type(artist).__name__
    return f"{kind} {label!r}" if isinstance(label, str) and label and not label.startswith("_") else kind


@dataclass(frozen=True, eq=False, slots=True)
class Around:
    """What an artist is in.

    Attributes
    ----------
    ax : Axes or None
        None: the figure.
    panel : int
        The id of the axes' node; 0 for the figure.
    height : int
        The figure's, in pixels.
    dots : float
        Pixels per point.
    atlas : Atlas
        Makes glyphs.
    linear, masked : (bool, bool)
        Of the axes' scales: whether each is linear; whether what is not positive is a gap.
    """

    ax: Axes | None
    panel: int
    height: int
    dots: float
    atlas: Atlas
    linear: tuple[bool, bool] = (True, True)
    masked: tuple[bool, bool] = (False, False)


class Place(NamedTuple):
    """How an artist's points become pixels, and which of its directions the page brings there."""

    transform: Transform
    coords: tuple[Coord, Coord]
    needs_limits: bool
    """Whether its points are in pixels that depend on the limits."""
    needs_box: bool


@dataclass(slots=True)
class Kept:
    """What is kept of an artist.

    Attributes
    ----------
    first_id : int
        Of its first node; the next ones follow.
    nodes : list of (dict or None)
        As they were put last.
    place : Place or None
        As it was found last.
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
        """The array that was kept under this name if it holds the same numbers, else this one."""
        before = self.memory.get(key)
        if before is not None and np.array_equal(before, array, equal_nan=True):
            return before  # type: ignore[no-any-return]
        self.memory[key] = array
        return array


def place_of(transform: Transform, around: Around, kept: Kept) -> Place:
    """In which coordinates an artist with this transform is."""
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
    # Whether it *is* the data's transform in a direction, rather than one that begins with it, is asked of two points.
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
    """Points, shape (n, 2), of an artist, in its coordinates."""
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
    """Points in an artist's coordinates as float32, and the offset that was taken off: a new one, or the given one."""
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
        if not np.isfinite(result).all():  # of infinity a gap, of other numbers the largest there is
            result = np.where(np.isfinite(points), result.clip(-_HUGE, _HUGE), np.float32(np.nan))
    return result, offset


def _offset(values: NDArray[np.float64]) -> float:
    """What is to be taken off: nothing, unless the values are far from zero."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0
    low, high = float(finite.min()), float(finite.max())
    return float(finite[0]) if max(-low, high) > _FAR * (high - low) else 0.0


def checked_clip(artist: Artist, around: Around, kept: Kept) -> bool:
    """Whether an artist is clipped to its axes; it may be clipped to nothing else."""
    if not artist.get_clip_on():
        return False
    if artist.get_clip_path() is not None:
        raise Undescribable(artist, "it is clipped to a shape of its own")
    box = artist.get_clip_box()
    if box is None:
        return False
    if kept.memory.get("clip") is not box:  # one that is the axes' now remains it
        if around.ax is None or not np.allclose(box.extents, around.ax.bbox.extents, rtol=0.0, atol=0.01):
            raise Undescribable(artist, "it is clipped to a box of its own")
        kept.memory["clip"] = box
    return True
