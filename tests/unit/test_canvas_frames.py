"""The canvas when the browser paints what moves."""

from collections.abc import Callable
from unittest.mock import MagicMock

import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.unit.canvas_browsers import MOUSE, Painter, Picture, recolour, reference, shown_after
from tfwidget.canvas.flow import ACKNOWLEDGEMENT_TIMEOUT
from tfwidget.jupyter import kernel


def base_alone(figure: Figure) -> Picture:
    lines = figure.axes[0].lines
    visible = [line.get_visible() for line in lines]
    for line in lines:
        line.set_visible(False)
    picture = reference(figure)
    for line, was in zip(lines, visible, strict=True):
        line.set_visible(was)
    return picture


def test_what_moves_is_painted_by_the_browser_over_a_base_without_it(painter: Painter) -> None:
    assert painter.painted == [("C0", True)]
    draws = painter.draws
    recolour(painter, "red")
    recolour(painter, "green")
    assert painter.painted[1:] == [("red", False), ("green", False)]
    assert painter.draws == draws
    np.testing.assert_array_equal(painter.picture, base_alone(painter.canvas.figure))


def test_two_frames_are_in_flight_and_the_newest_wins(painter: Painter) -> None:
    for color in ("red", "green", "blue", "black"):
        recolour(painter, color)
    assert [text for text, _ in painter.painted[1:]] == ["red", "green"]
    assert not painter.canvas.ready
    painter.send("frame_ack", frame=painter.frames[-2][0])
    assert [text for text, _ in painter.painted[3:]] == ["black"]
    painter.acknowledge()
    assert painter.canvas.ready
    assert len(painter.painted) == 4


def test_other_limits_come_with_what_is_painted_in_them(painter: Painter) -> None:
    painter.canvas.figure.axes[0].set_xlim(-1, 4)
    recolour(painter, "red")
    assert painter.painted[-1] == ("red", True)
    np.testing.assert_array_equal(painter.picture, base_alone(painter.canvas.figure))


def test_a_frame_that_waits_for_its_turn_is_not_sent_for_axes_that_have_changed(painter: Painter) -> None:
    for color in ("red", "green", "blue"):
        recolour(painter, color)
    painter.canvas.figure.axes[0].set_xlim(-1, 4)
    painter.acknowledge()
    assert painter.painted[-1] == ("blue", True)


def test_at_a_pause_agg_draws_everything_and_then_the_stream_goes_on(painter: Painter) -> None:
    painter.canvas.live = False
    shown_after(painter, painter.canvas.draw_moving)
    np.testing.assert_array_equal(painter.picture, reference(painter.canvas.figure))
    shown_after(painter, painter.canvas.draw)  # saving a file changes the figure for a moment
    painter.acknowledge()
    painter.canvas.live = True
    draws = painter.draws
    recolour(painter, "red")
    assert painter.painted[-1] == ("red", True)
    assert painter.draws == draws, "the base was kept"
    np.testing.assert_array_equal(painter.picture, base_alone(painter.canvas.figure))


@pytest.mark.parametrize("fields", [{}, {"stream": 0}, {"stream": None}, {"stream": 2}])
def test_a_browser_that_cannot_paint_is_sent_pictures(painter: Painter, fields: dict[str, object]) -> None:
    painter.send("ready", device_pixel_ratio=1, theme="light", **fields)
    kernel.mailbox.drain()
    painter.acknowledge()
    painted = len(painter.painted)
    recolour(painter, "red")
    assert len(painter.painted) == painted
    np.testing.assert_array_equal(painter.picture, reference(painter.canvas.figure))


def test_what_cannot_be_streamed_is_drawn_by_agg(painter: Painter) -> None:
    painter.canvas.stream = lambda afresh: None
    for color in ("red", "green"):
        recolour(painter, color)
        np.testing.assert_array_equal(painter.picture, reference(painter.canvas.figure))
        painter.acknowledge()
    assert len(painter.painted) == 1


def test_a_list_that_was_lost_or_could_not_be_painted_is_followed_by_all_of_it(painter: Painter) -> None:
    recolour(painter, "red")
    recolour(painter, "C4")
    painter.now += 1.1 * ACKNOWLEDGEMENT_TIMEOUT
    recolour(painter, "green")
    assert painter.painted[-1] == ("green", True)
    assert painter.modes[-1] == "full"
    assert painter.sent[-1]["afresh"]
    painter.acknowledge()
    recolour(painter, "blue")
    painter.acknowledge(error="no texture")
    assert painter.painted[-1] == ("blue", True)
    assert painter.modes[-1] == "full"


def test_saving_the_figure_leaves_the_base_as_it_is(painter: Painter) -> None:
    reference(painter.canvas.figure)
    recolour(painter, "red")
    assert painter.painted[-1][0] == "red"
    painter.acknowledge()
    painter.now += 1.1 * ACKNOWLEDGEMENT_TIMEOUT
    painter.send("ready", device_pixel_ratio=1, theme="light", stream=1)
    kernel.mailbox.drain()
    np.testing.assert_array_equal(painter.picture, base_alone(painter.canvas.figure))


@pytest.mark.parametrize("seed", range(8))
def test_whatever_comes_when_no_list_is_painted_over_another_base(painter: Painter, seed: int) -> None:
    random = np.random.default_rng(seed)
    canvas, figure = painter.canvas, painter.canvas.figure
    actions: list[Callable[[], object]] = [
        *painter.chances(random),
        lambda: recolour(painter, str(random.choice(["red", "green", "blue"]))),
        lambda: figure.axes[0].set_xlim(-1, random.integers(2, 9)),
        canvas.blit,
        painter.acknowledge,
        lambda: painter.acknowledge(error="x"),
        lambda: setattr(canvas, "live", bool(random.integers(2))),
        lambda: painter.send("ready", device_pixel_ratio=1, theme="dark", stream=int(random.integers(2))),
        lambda: painter.send("visible", visible=bool(random.integers(2))),
    ]
    for _ in range(60):
        actions[random.integers(len(actions))]()
    painter.send("ready", device_pixel_ratio=1, theme="dark", stream=1)
    canvas.live = True
    for color in ("red", "green", "black"):
        recolour(painter, color)
        kernel.mailbox.drain()
        painter.acknowledge()
    assert painter.painted[-1][0] == "black"
    np.testing.assert_array_equal(painter.picture, base_alone(figure))


# -- out of sight ------------------------------------------------------------------------------------------------------


def test_nothing_is_sent_while_no_view_is_visible_and_the_newest_when_one_is(painter: Painter) -> None:
    painter.send("visible", visible=False)
    sent, draws = len(painter.sent), painter.draws
    assert not painter.canvas.ready
    by_agg = MagicMock()
    painter.canvas.moving[0].draw = by_agg  # type: ignore[method-assign]
    recolour(painter, "red")
    recolour(painter, "green")
    painter.canvas.draw_idle()
    kernel.mailbox.drain()
    painter.now += 10 * ACKNOWLEDGEMENT_TIMEOUT
    assert not painter.canvas.ready
    assert (len(painter.sent), painter.draws, by_agg.mock_calls) == (sent, draws, [])
    painter.send("visible", visible=True)
    assert painter.painted[-1] == ("green", False)
    painter.acknowledge()
    assert painter.canvas.ready


def test_the_last_picture_of_a_run_that_ended_out_of_sight_is_shown_when_it_is_seen(painter: Painter) -> None:
    painter.send("visible", visible=False)
    painter.canvas.live = False
    recolour(painter, "red")
    painter.send("visible", visible=True)
    np.testing.assert_array_equal(painter.picture, reference(painter.canvas.figure))


def test_a_new_view_is_visible_unless_it_says_otherwise(painter: Painter) -> None:
    painter.send("visible", visible=False)
    painter.send("ready", device_pixel_ratio=1, theme="light", visible=False)
    assert not painter.canvas.ready
    painter.send("ready", device_pixel_ratio=1, theme="light")
    assert painter.canvas.ready


def test_what_a_browser_said_before_is_not_believed_when_it_arrives_later(painter: Painter) -> None:
    painter.send("ready", device_pixel_ratio=1, theme="light", visible=True, time=1000.5)
    painter.send("visible", visible=False, time=900)
    assert painter.canvas.flow.visible
    painter.send("ready", device_pixel_ratio=1, theme="light", visible=False, time=800)
    assert painter.canvas.flow.visible
    painter.send("visible", visible=False, time=1100)
    assert not painter.canvas.flow.visible


# -- dragging ----------------------------------------------------------------------------------------------------------


def test_a_list_names_the_newest_move_of_the_mouse_that_its_limits_were_made_with(painter: Painter) -> None:
    def named() -> object:
        recolour(painter, "red")
        painter.send("frame_ack", frame=painter.frames[-1][0], client="one")
        return painter.lists[-1]["pointers"]

    painter.send("toolbar_button", name="pan")
    mouse = {**MOUSE, "client": "one"}
    painter.send("button_press", **mouse, number=1)
    assert named() == {}, "nobody knows this page"
    painter.send("ready", device_pixel_ratio=1, theme="light", stream=1, client="one")
    painter.send("ready", device_pixel_ratio=1, theme="light", stream=1, client="other")
    painter.send("visible", visible=False)
    painter.send("visible", visible=False, client="other")
    kernel.mailbox.drain()
    ax = painter.canvas.figure.axes[0]
    for number in (2, 3, 4):
        before = ax.get_xlim()
        painter.send("motion_notify", **{**mouse, "x": 100 + 5 * number}, number=number)
        assert ax.get_xlim() < before
        assert named() == {"one": number}
        assert painter.painted[-1] == ("red", True), "with the axes of these limits"
    painter.send("button_release", **{**mouse, "buttons": 0, "client": "other"}, number=5)
    assert named() == {"one": 4, "other": 5}
