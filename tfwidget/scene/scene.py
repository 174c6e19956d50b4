"""The kernel's copy of a figure's scene, and the changes that no message has had yet.

Invariant: a page that has applied all messages from `Scene.take` since the last keyframe holds exactly the nodes that
were put, grown and not dropped.

Nodes are the dicts of `tfwidget.scene.protocol`, with one difference: where the schema says `Data`, a node here has a
NumPy array of float32 or uint8. Arrays are compared by identity, everything else by value. So a changed array must be
put as a new object.
"""

from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from tfwidget.scene.protocol import Data

__all__ = ["Body", "Scene"]

Array = NDArray[Any]


class Body(TypedDict):
    """The part of `tfwidget.scene.protocol.SceneMessage` with the changes of the scene."""

    nodes: list[tuple[int, dict[str, object]]]
    grown: list[tuple[int, Data]]
    dropped: list[int]


class Scene:
    """The nodes of one figure, and those of their properties that no message has had yet."""

    def __init__(self) -> None:
        self._last_id = 0
        self._nodes: dict[int, dict[str, Any]] = {}
        self._told: set[int] = set()
        self._changes: dict[int, dict[str, Any]] = {}
        self._grown: dict[int, list[Array]] = {}
        self._dropped: dict[int, None] = {}  # an ordered set

    def new_id(self) -> int:
        """Return a number that no node has or had. The first is 1, because 0 is the figure."""
        self._last_id += 1
        return self._last_id

    def put(self, number: int, node: dict[str, Any]) -> None:
        """Set all properties of a node.

        Parameters
        ----------
        number : int
            From `new_id`.
        node : dict
            All properties of its kind. Only those that have changed go into the next message.
        """
        before = self._nodes.get(number)
        self._nodes[number] = node
        if before is None or before["kind"] != node["kind"]:
            self._changes[number] = dict(node)
            self._grown.pop(number, None)
            self._dropped.pop(number, None)
            return
        changed = {key: value for key, value in node.items() if not _same(before[key], value)}
        if changed:
            self._changes.setdefault(number, {}).update(changed)
            if "points" in changed:
                self._grown.pop(number, None)

    def change(self, number: int, properties: dict[str, Any]) -> None:
        """Say that a node which was put has these properties now, and all others as before.

        Parameters
        ----------
        number : int
            Of a node that was put.
        properties : dict
            Those that differ from what was put last; not its kind.
        """
        self._nodes[number].update(properties)
        changes = self._changes.get(number)
        if changes is None:
            self._changes[number] = properties
        else:
            changes.update(properties)
        if "points" in properties:
            self._grown.pop(number, None)

    def grow(self, number: int, points: NDArray[np.float32]) -> None:
        """Add points at the end of a path.

        Parameters
        ----------
        number : int
            The id of a path that was put.
        points : array, float32, (n, 2)
            The offset of the path is subtracted already.

        Raises
        ------
        ValueError
            If the node is no path.
        """
        kind = self._nodes[number]["kind"]
        if kind != "path":
            msg = f"Scene.grow(number={number}): this node is of kind {kind!r}, and only paths grow."
            raise ValueError(msg)
        if len(points):
            self._grown.setdefault(number, []).append(points)

    def drop(self, number: int) -> None:
        """Remove a node; an unknown one is ignored."""
        if self._nodes.pop(number, None) is None:
            return
        self._changes.pop(number, None)
        self._grown.pop(number, None)
        if number in self._told:
            self._dropped[number] = None

    def restart(self) -> None:
        """Begin a keyframe: forget all nodes, so that each must be put again. Ids are not used twice."""
        self._nodes.clear()
        self._told.clear()
        self._changes.clear()
        self._grown.clear()
        self._dropped.clear()

    @property
    def changed(self) -> bool:
        """Whether there are changes that no message has had."""
        return bool(self._changes or self._grown or self._dropped)

    def take(self) -> tuple[Body, bytes]:
        """What has changed since the last call, and the buffer with its arrays; all of it is taken for told then."""
        buffer = bytearray()
        body: Body = {
            "nodes": [(number, _packed(changes, buffer)) for number, changes in self._changes.items()],
            "grown": [(number, _data(_joined(points), buffer)) for number, points in self._grown.items()],
            "dropped": list(self._dropped),
        }
        self._told.update(self._changes)
        self._told.difference_update(self._dropped)
        self._changes, self._grown, self._dropped = {}, {}, {}
        return body, bytes(buffer)


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return False
    return bool(one == other)


def _packed(properties: dict[str, Any], buffer: bytearray) -> dict[str, Any]:
    """Properties with their arrays put into the buffer."""
    result: dict[str, Any] = {}
    for key, value in properties.items():
        if value.__class__ is dict:
            value = _packed(value, buffer)
        elif isinstance(value, np.ndarray):
            value = _data(value, buffer)
        result[key] = value
    return result


def _data(array: Array, buffer: bytearray) -> Data:
    data: Data = {"at": len(buffer), "type": _type(array), "shape": list(array.shape)}
    buffer += array.tobytes()
    if array.nbytes % 4:
        buffer += bytes(-array.nbytes % 4)
    return data


def _joined(points: list[Array]) -> Array:
    return points[0] if len(points) == 1 else np.concatenate(points)


def _type(array: Array) -> Literal["f4", "u1"]:
    if array.dtype == np.dtype("<f4"):
        return "f4"
    if array.dtype == np.uint8:
        return "u1"
    msg = f"A scene holds arrays of little-endian float32 and of uint8; got {array.dtype}. Convert it first."
    raise TypeError(msg)
