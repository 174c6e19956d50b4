"""The canvas of a figure with a scene: what its pages are sent, in how many messages."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tests.unit.canvas_browsers import Page, Painter, listen, reference
from tfwidget.canvas.flow import MAX_TIMEOUT
from tfwidget.canvas.sender import PROMPT, QUIET
from tfwidget.jupyter import owner
from tfwidget.widget.parts import Html as Text


@pytest.fixture
def text() -> Iterator[Text]:
    text = Text("old")
    yield text
    text.close()


def test_a_page_that_can_paint_is_sent_the_scene_and_agg_draws_nothing(painter: Painter) -> None:
    draws = painter.draws
    painter.recolour("red")
    painter.acknowledge()
    painter.recolour("green")
    assert painter.painted == ["C0", "red", "green"]
    assert painter.draws == draws
    first, *patches = painter.scenes
    assert first["base"] is None
    assert [(patch["base"], patch["version"]) for patch in patches] == [(1, 2), (2, 3)]
    assert first["size"] == [200, 150]
    assert first["show"] is True


def test_what_has_not_changed_is_not_sent(painter: Painter) -> None:
    painter.recolour("red")
    sent = len(painter.sent)
    painter.recolour("red")
    assert len(painter.sent) == sent


def test_the_newest_wins(painter: Painter) -> None:
    for color in ("red", "green", "blue", "black"):
        painter.recolour(color)
    sent = len(painter.painted)
    assert painter.painted[-1] != "black"
    painter.acknowledge()
    assert painter.painted[sent:] == ["black"]


def test_a_still_figure_gets_the_scene_and_then_aggs_picture(painter: Painter) -> None:
    painter.canvas.still = True
    painter.recolour("red")
    assert painter.painted[-1] == "red"
    assert painter.scenes[-1]["show"] is False
    assert not painter.shows_scene
    np.testing.assert_array_equal(painter.picture, reference(painter.canvas.figure))
    painter.acknowledge()
    painter.canvas.still = False
    painter.recolour("green")
    assert painter.shows_scene


@pytest.mark.parametrize("scene", [None, 0, 1, 3])
def test_a_page_that_cannot_paint_is_sent_pictures(painter: Painter, scene: int | None) -> None:
    painter.hello(scene=scene)
    painted = len(painter.painted)
    painter.acknowledge()
    painter.recolour("red")
    assert len(painter.painted) == painted
    np.testing.assert_array_equal(painter.picture, reference(painter.canvas.figure))


def test_a_page_that_has_found_a_gap_gets_all_of_it(painter: Painter) -> None:
    painter.recolour("red")
    painter.send("keyframe")
    assert painter.scenes[-1]["base"] is None
    assert painter.painted[-1] == "red"


def test_what_could_not_be_painted_is_followed_by_all_of_it(painter: Painter) -> None:
    painter.recolour("red")
    painter.recolour("blue")
    painter.acknowledge(error="no texture")
    assert painter.scenes[-1]["base"] is None


def test_a_lost_frame_is_followed_by_a_keyframe_though_nothing_happens(painter: Painter) -> None:
    painter.recolour("red")
    painter.recolour("green")
    assert painter.scenes[-1]["ack"]
    painter.alarms.pass_time(MAX_TIMEOUT)
    assert painter.scenes[-1]["base"] is None
    assert painter.painted[-1] == "green"


def test_a_quiet_figure_says_its_version_once(painter: Painter) -> None:
    painter.recolour("red")
    assert not painter.scenes[-1]["ack"]
    painter.alarms.pass_time(2 * QUIET)
    assert painter.sent[-1] == {
        "type": "sync",
        "version": painter.scenes[-1]["version"],
        "frame": painter.scenes[-1]["frame"] + 1,
        "ack": True,
    }
    painter.acknowledge()
    sent = len(painter.sent)
    painter.alarms.pass_time(100.0)
    assert len(painter.sent) == sent
    assert painter.alarms.waiting == []


def test_a_scene_that_fails_is_told_and_tried_again_when_something_changes(painter: Painter) -> None:
    painter.scene.fault = ValueError("no")
    with pytest.raises(ValueError, match="no"):
        painter.recolour("red")
    sent = len(painter.sent)
    painter.alarms.pass_time(10.0)
    assert len(painter.sent) == sent
    painter.scene.fault = None
    painter.recolour("green")
    assert painter.painted[-1] == "green"


def test_nothing_is_sent_out_of_sight_and_the_newest_as_soon_as_it_is_seen(painter: Painter) -> None:
    painter.send("visible", visible=False)
    sent, draws = len(painter.sent), painter.draws
    assert not painter.canvas.ready
    painter.recolour("red")
    painter.recolour("green")
    painter.canvas.draw_idle()
    owner.mailbox.drain()
    painter.alarms.pass_time(100.0)
    assert (len(painter.sent), painter.draws) == (sent, draws)
    painter.send("visible", visible=True)
    assert painter.painted[-1] == "green"


def test_the_picture_of_a_figure_that_came_to_rest_out_of_sight_is_shown_when_it_is_seen(painter: Painter) -> None:
    painter.send("visible", visible=False)
    painter.canvas.still = True
    painter.recolour("red")
    painter.send("visible", visible=True)
    assert not painter.shows_scene
    np.testing.assert_array_equal(painter.picture, reference(painter.canvas.figure))


def test_all_pages_are_sent_what_one_of_them_lacks(painter: Painter) -> None:
    late = Page(painter, "late")
    assert painter.scenes[-1]["base"] is None
    painter.clock.now += PROMPT
    painter.acknowledge()
    late.acknowledge()
    painter.recolour("red")
    painter.recolour("green")
    painter.recolour("blue")
    painter.acknowledge()
    assert painter.painted[-1] == "green", "the acknowledgement of one does not count for both"
    late.acknowledge()
    assert painter.painted[-1] == "blue"


def test_another_view_of_a_page_needs_nothing(painter: Painter) -> None:
    sent = len(painter.sent)
    painter.hello()
    for kind in ("refresh", "initialized"):
        painter.send(kind)
        owner.mailbox.drain()
    assert len(painter.sent) == sent
    painter.scene.text = "red"
    painter.hello(device_pixel_ratio=2)
    assert painter.scenes[-1]["size"] == [400, 300]


@pytest.mark.parametrize("seed", range(6))
def test_whatever_comes_the_page_ends_with_the_newest(painter: Painter, seed: int) -> None:
    random = np.random.default_rng(seed)
    canvas = painter.canvas
    actions: list[Callable[[], object]] = [
        *painter.chances(random),
        lambda: painter.recolour(str(random.choice(["red", "green", "blue"]))),
        canvas.blit,
        painter.acknowledge,
        lambda: painter.acknowledge(error="x"),
        lambda: painter.send("keyframe"),
        lambda: setattr(canvas, "still", bool(random.integers(2))),
        lambda: painter.hello(scene=int(random.integers(1, 3))),
        lambda: painter.send("visible", visible=bool(random.integers(2))),
    ]
    for _ in range(60):
        actions[random.integers(len(actions))]()
    painter.hello(visible=True)
    canvas.still = False
    painter.recolour("black")
    for _ in range(4):
        owner.mailbox.drain()
        painter.acknowledge()
        painter.alarms.pass_time(1.0)
    assert painter.shows_scene
    assert painter.painted[-1] == "black"
    canvas.still = True
    painter.recolour("white")
    for _ in range(4):
        painter.acknowledge()
        painter.alarms.pass_time(1.0)
    np.testing.assert_array_equal(painter.picture, reference(canvas.figure))


# -- widgets that ride along -------------------------------------------------------------------------------------------


@pytest.fixture
def own(text: Text) -> list[dict[str, Any]]:
    """The messages that the text sends itself."""
    messages: list[dict[str, Any]] = []
    listen(text, lambda data, _buffers: messages.append(data["state"]))
    return messages


def test_one_message_brings_the_scene_and_the_state_of_widgets(
    painter: Painter, text: Text, own: list[dict[str, Any]]
) -> None:
    sent = len(painter.sent)
    with painter.canvas.gather():
        text.value = "between"
        painter.recolour("red")
        text.value = "new"
        assert len(painter.sent) == sent
    assert len(painter.sent) == sent + 1
    assert painter.painted[-1] == "red"
    assert painter.scenes[-1]["updates"] == {text.model_id: {"value": "new"}}
    assert own == []


def test_state_alone_is_a_message_of_the_figure_too(painter: Painter, text: Text, own: list[dict[str, Any]]) -> None:
    with painter.canvas.gather():
        text.value = "new"
    assert painter.scenes[-1]["updates"] == {text.model_id: {"value": "new"}}
    with painter.canvas.gather():
        pass
    assert len(painter.scenes) == 2
    assert own == []


@pytest.mark.parametrize("why", ["hidden", "cannot paint", "not ready"])
def test_where_no_scene_is_sent_widgets_send_their_own(
    painter: Painter, text: Text, own: list[dict[str, Any]], why: str
) -> None:
    if why == "hidden":
        painter.send("visible", visible=False)
    elif why == "cannot paint":
        painter.hello(scene=1)
    else:
        for color in ("red", "green", "blue"):
            painter.recolour(color)
    with painter.canvas.gather():
        text.value = "new"
    assert own == [{"value": "new"}]


def test_a_keyframe_brings_what_rode_with_messages_that_were_lost(painter: Painter, text: Text) -> None:
    with painter.canvas.gather():
        text.value = "lost"
    text.value = "now"
    painter.send("keyframe")
    assert painter.scenes[-1]["updates"] == {text.model_id: {"value": "now"}}
    text.close()
    painter.acknowledge()
    painter.clock.now += 1.0
    painter.send("keyframe")
    assert painter.scenes[-1]["updates"] == {}


def test_a_widget_that_was_closed_does_not_ride(painter: Painter, text: Text) -> None:
    with painter.canvas.gather():
        text.value = "new"
        text.close()
    assert painter.scenes[-1]["updates"] == {}


def test_what_was_gathered_before_a_failure_is_sent(painter: Painter, text: Text, own: list[dict[str, Any]]) -> None:
    def fail() -> None:
        with painter.canvas.gather():
            text.value = "new"
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fail()
    assert own == [{"value": "new"}]
