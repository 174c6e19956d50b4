"""The kernel's account of a scene: whatever is put, grown and dropped, pages have the same."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from numpy.typing import NDArray

from tests.unit.scene_page import Nodes, Page
from tfwidget.scene.scene import Body, Scene


def points(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32).reshape(-1, 2)


def path(color: str = "#000000ff", data: NDArray[np.float32] | None = None) -> dict[str, Any]:
    return {"kind": "path", "color": color, "points": points(0, 1) if data is None else data}


def taken(scene: Scene) -> Body:
    return scene.take()[0]


def test_only_what_differs_is_told() -> None:
    scene, data = Scene(), points(0, 1)
    number = scene.new_id()
    scene.put(number, path(data=data))
    assert scene.changed
    assert taken(scene)["nodes"][0][1].keys() == {"kind", "color", "points"}
    assert not scene.changed
    scene.put(number, path(data=data))
    assert not scene.changed
    scene.put(number, path("#ff0000ff", data))
    assert taken(scene)["nodes"] == [(number, {"color": "#ff0000ff"})]
    scene.put(number, path("#ff0000ff", data.copy()))
    assert taken(scene)["nodes"][0][1].keys() == {"points"}, "another array is another value"


def test_arrays_within_a_property_are_compared_by_identity_too() -> None:
    scene, table = Scene(), np.zeros((4, 4), np.uint8)
    number = scene.new_id()
    scene.put(number, {"kind": "image", "colors": {"low": 0.0, "table": table}})
    scene.take()
    scene.put(number, {"kind": "image", "colors": {"low": 0.0, "table": table}})
    assert not scene.changed
    scene.put(number, {"kind": "image", "colors": {"low": 0.0, "table": table.copy()}})
    assert taken(scene)["nodes"][0][1]["colors"] == {"low": 0.0, "table": {"at": 0, "type": "u1", "shape": [4, 4]}}


def test_arrays_begin_at_multiples_of_four_bytes_and_the_bytes_are_owned() -> None:
    scene = Scene()
    pixels, data = np.arange(5, dtype=np.uint8)[np.newaxis], points(1, 2, 3, 4)
    scene.put(scene.new_id(), {"kind": "glyph", "alpha": pixels})
    number = scene.new_id()
    scene.put(number, path(data=points()))
    scene.grow(number, data)
    body, buffer = scene.take()
    assert isinstance(buffer, bytes)
    assert body["grown"] == [(number, {"at": 8, "type": "f4", "shape": [2, 2]})]
    expected = bytes([0, 1, 2, 3, 4, 0, 0, 0]) + data.tobytes()
    data[...] = 0.0
    assert buffer == expected


def test_growth_before_new_points_is_not_told() -> None:
    scene = Scene()
    number = scene.new_id()
    scene.put(number, path())
    scene.take()
    scene.grow(number, points(1, 1))
    scene.put(number, path(data=points(5, 5)))
    scene.grow(number, points(6, 6))
    page = Page()
    page.nodes, page.version = {number: path()}, 0
    assert page.apply(*scene.take(), version=1, base=0)
    np.testing.assert_array_equal(page.nodes[number]["points"], points(5, 5, 6, 6))


def test_a_node_that_came_and_went_is_not_mentioned() -> None:
    scene = Scene()
    number = scene.new_id()
    scene.put(number, path())
    scene.drop(number)
    scene.drop(number)
    assert not scene.changed


def test_a_node_that_is_dropped_and_put_again_replaces_what_was_there() -> None:
    scene, page = Scene(), Page()
    number = scene.new_id()
    scene.put(number, path())
    assert page.apply(*scene.take(), version=1, base=None)
    scene.grow(number, points(1, 1))
    scene.drop(number)
    scene.put(number, path("#ff0000ff", points(7, 7)))
    body, buffer = scene.take()
    assert (body["grown"], body["dropped"]) == ([], [])
    assert page.apply(body, buffer, version=2, base=1)
    assert page.nodes[number]["color"] == "#ff0000ff"
    np.testing.assert_array_equal(page.nodes[number]["points"], points(7, 7))
    scene.drop(number)
    body = taken(scene)
    assert (body["nodes"], body["grown"], body["dropped"]) == ([], [], [number])


def test_a_node_of_another_kind_replaces_what_was_there_and_its_growth() -> None:
    scene = Scene()
    number = scene.new_id()
    scene.put(number, path())
    scene.take()
    scene.grow(number, points(1, 1))
    scene.put(number, {"kind": "glyph", "alpha": np.zeros((1, 1), np.uint8)})
    body = taken(scene)
    assert body["grown"] == []
    assert body["nodes"][0][1].keys() == {"kind", "alpha"}


def test_what_cannot_be_told_is_refused() -> None:
    scene = Scene()
    with pytest.raises(KeyError):
        scene.grow(1, points(1, 1))
    scene.put(1, {"kind": "glyph", "alpha": np.zeros((1, 1))})
    with pytest.raises(ValueError, match=r"glyph.*only paths grow"):
        scene.grow(1, points(1, 1))
    with pytest.raises(TypeError, match="float64"):
        scene.take()


def test_a_page_that_missed_a_message_asks_for_a_keyframe() -> None:
    scene, page = Scene(), Page()
    number = scene.new_id()
    scene.put(number, path())
    assert not page.apply(*scene.take(), version=2, base=1)
    scene.restart()
    scene.put(number, path("#ffffffff"))
    assert page.apply(*scene.take(), version=3, base=None)
    assert page.nodes[number]["color"] == "#ffffffff"
    assert page.apply(*scene.take(), version=4, base=3)
    assert not page.apply(*scene.take(), version=6, base=5)
    assert page.version is None


IDS = st.integers(1, 4)
VALUES = st.integers(0, 3)


class AnySequence(RuleBasedStateMachine):
    """A page that gets all messages, and one that gets those after a keyframe only."""

    def __init__(self) -> None:
        super().__init__()
        self.scene, self.page = Scene(), Page()
        self.version = 0
        self.keyframe = True
        self.expected: Nodes = {}
        self.base: dict[int, NDArray[np.float32]] = {}  # the array that was put, by id

    @rule(number=IDS, color=VALUES, same=st.booleans(), kind=st.sampled_from(["path", "glyph"]))
    def put(self, number: int, color: int, same: bool, kind: str) -> None:
        before = self.expected.get(number)
        same = same and before is not None and before["kind"] == kind
        array = self.base[number] if same else np.full((color, 2), color, np.float32)
        self.base[number] = array
        self.scene.put(number, {"kind": kind, "color": color, "points": array})
        shown = before["points"] if same and before is not None else array
        self.expected[number] = {"kind": kind, "color": color, "points": shown}

    @rule(number=IDS, color=VALUES, replaced=st.booleans())
    def change(self, number: int, color: int, replaced: bool) -> None:
        node = self.expected.get(number)
        if node is not None:
            changes: dict[str, Any] = {"color": color}
            if replaced:
                self.base[number] = changes["points"] = np.full((color, 2), color, np.float32)
            node.update(changes)
            self.scene.change(number, changes)

    @rule(number=IDS, value=VALUES)
    def grow(self, number: int, value: int) -> None:
        node = self.expected.get(number)
        if node is not None and node["kind"] == "path":
            added = np.full((value, 2), -value, np.float32)
            self.scene.grow(number, added)
            node["points"] = np.concatenate((node["points"], added))

    @rule(number=IDS)
    def drop(self, number: int) -> None:
        self.scene.drop(number)
        self.expected.pop(number, None)

    @rule()
    def restart(self) -> None:
        self.scene.restart()
        self.keyframe = True
        self.expected.clear()

    @rule()
    def take(self) -> None:
        base = None if self.keyframe else self.version
        self.version += 1
        self.keyframe = False
        body, buffer = self.scene.take()
        assert {id_ for id_, _ in (*body["nodes"], *body["grown"])}.isdisjoint(body["dropped"])
        assert self.page.apply(body, buffer, version=self.version, base=base)
        assert self.page.nodes.keys() == self.expected.keys()
        for number, node in self.expected.items():
            found = self.page.nodes[number]
            assert (found["kind"], found["color"]) == (node["kind"], node["color"])
            np.testing.assert_array_equal(found["points"], node["points"])

    @invariant()
    def changes_are_known(self) -> None:
        if not self.scene.changed and not self.keyframe:
            assert self.page.nodes.keys() == self.expected.keys()

    def teardown(self) -> None:
        self.take()


TestAnySequence = AnySequence.TestCase


@given(st.lists(st.integers(0, 9), max_size=6))
def test_ids_are_never_given_twice(restarts: list[int]) -> None:
    scene, seen = Scene(), set()
    for _ in restarts:
        number = scene.new_id()
        assert number > 0
        assert number not in seen
        seen.add(number)
        scene.put(number, path())
        scene.restart()
