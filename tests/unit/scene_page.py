"""A page, in Python: keeps the scene that messages tell of, as the front end must."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfwidget.scene.protocol import Data
from tfwidget.scene.scene import Body

Nodes = dict[int, dict[str, Any]]


class Page:
    """What one page holds.

    Attributes
    ----------
    nodes : dict of int to dict
        As in the schema, with arrays where that says `Data`.
    version : int or None
        None: it has nothing, or has found a gap, and waits for a keyframe.
    """

    def __init__(self) -> None:
        self.nodes: Nodes = {}
        self.version: int | None = None

    def apply(self, body: Body, buffer: bytes, *, version: int, base: int | None) -> bool:
        """Take a message; False if it cannot be used, and a keyframe is to be asked for."""
        if base is None:
            self.nodes = {}
        elif self.version != base:
            self.version = None
            return False
        for id_, properties in body["nodes"]:
            unpacked = {key: _unpacked(value, buffer) for key, value in properties.items()}
            if "kind" in unpacked:
                self.nodes[id_] = unpacked
            else:
                self.nodes[id_].update(unpacked)
        for id_, data in body["grown"]:
            path = self.nodes[id_]
            path["points"] = np.concatenate((path["points"], _array(data, buffer)))
        for id_ in body["dropped"]:
            del self.nodes[id_]
        self.version = version
        return True


def _unpacked(value: Any, buffer: bytes) -> Any:
    if isinstance(value, dict) and value.keys() == Data.__annotations__.keys():
        return _array(value, buffer)  # type: ignore[arg-type]
    if isinstance(value, dict):
        return {key: _unpacked(inner, buffer) for key, inner in value.items()}
    return value


def _array(data: Data, buffer: bytes) -> NDArray[Any]:
    assert data["at"] % 4 == 0
    dtype = np.dtype("<" + data["type"])
    count = int(np.prod(data["shape"]))
    return np.frombuffer(buffer, dtype, count, data["at"]).reshape(data["shape"])
