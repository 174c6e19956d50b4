"""Flow control, by a canvas with an injected clock: the window of frames in flight, and several pages."""

import asyncio
from collections.abc import Callable
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest

from tests.unit.canvas_browsers import Page, Painter, recolour, reference
from tfwidget.canvas.flow import ACKNOWLEDGEMENT_TIMEOUT, ASK_INTERVAL, MAX_CLIENTS, MAX_WINDOW, MIN_WINDOW, PROMPT
from tfwidget.jupyter import kernel

# -- the window --------------------------------------------------------------------------------------------------------


def test_of_two_frames_in_flight_the_second_is_to_be_acknowledged(painter: Painter) -> None:
    painter.acknowledge()
    for colors in (("red", "green"), ("blue", "black")):
        for color in colors:
            assert painter.canvas.ready
            recolour(painter, color)
        assert [message.get("ack", True) for message in painter.lists[-2:]] == [False, True]
        assert not painter.canvas.ready
        painter.acknowledge()
    recolour(painter, "C1")
    painter.now += 10 * ACKNOWLEDGEMENT_TIMEOUT
    assert painter.canvas.ready
    assert not painter.canvas._force_full, "an acknowledgement that nobody asked for is not missed"
    painter.canvas.live = False
    painter.canvas.draw()
    assert painter.sent[-1]["type"] == "binary", "nor waited for"
    assert "ack" not in painter.sent[-1]


def sent_until_it_waits(painter: Painter) -> list[bool]:
    """Send frames for as long as the canvas is ready; whether each is to be acknowledged."""
    before = len(painter.lists)
    for number in range(2 * MAX_WINDOW):
        recolour(painter, f"C{number % 9}")
    return [message.get("ack", True) for message in painter.lists[before:]]


def test_the_window_of_a_prompt_browser_opens_and_fewer_frames_are_to_be_acknowledged(painter: Painter) -> None:
    painter.delay = 0.9 * PROMPT
    windows = []
    for _ in range(5):
        asked = sent_until_it_waits(painter)
        assert any(asked), "else nobody would ever tell that they were painted"
        windows.append(len(painter.canvas.flow._in_flight))
        painter.acknowledge()
    assert windows == [2, 4, 8, MAX_WINDOW, MAX_WINDOW]
    recolour(painter, "red")
    painter.acknowledge()
    asked = []
    for _ in range(3 * MAX_WINDOW):
        assert painter.canvas.ready
        recolour(painter, "green")
        asked.append(painter.lists[-1].get("ack", True))
        if asked[-1]:
            painter.acknowledge()
    assert sum(asked) == 3 * MAX_WINDOW // (MAX_WINDOW // 2)


@pytest.mark.parametrize("what", ["late", "lost", "failed", "another view"])
def test_the_window_closes_when_the_browser_is_slow_or_frames_are_lost(painter: Painter, what: str) -> None:
    painter.delay = 0.0
    while painter.canvas.flow.window < MAX_WINDOW:
        sent_until_it_waits(painter)
        painter.acknowledge()
    sent_until_it_waits(painter)
    if what == "late":
        painter.delay = PROMPT
        asked = [message["frame"] for message in painter.lists if message.get("ack", True)]
        assert set(asked[-2:]) <= set(painter.canvas.flow._in_flight)
        painter.send("frame_ack", frame=asked[-2])
        assert painter.canvas.flow.window == MAX_WINDOW // 2, "though a later one is waited for, too"
        for _ in range(MAX_WINDOW):
            sent_until_it_waits(painter)
            painter.acknowledge()
    elif what == "lost":
        painter.now += 1.1 * ACKNOWLEDGEMENT_TIMEOUT
        assert painter.canvas.ready
    elif what == "failed":
        painter.acknowledge(error="no memory")
    else:
        painter.send("ready", device_pixel_ratio=1, theme="light", stream=1)
    assert painter.canvas.flow.window == MIN_WINDOW


def test_at_a_slow_pace_every_frame_is_to_be_acknowledged(painter: Painter) -> None:
    painter.delay = 0.0
    while painter.canvas.flow.window < MAX_WINDOW:
        sent_until_it_waits(painter)
        painter.acknowledge()
    for color in ("red", "green", "blue"):
        painter.now += ASK_INTERVAL
        recolour(painter, color)
        assert painter.lists[-1].get("ack", True), "that a browser has gone is noticed soon"
        painter.acknowledge()


# -- several pages -----------------------------------------------------------------------------------------------------


def test_a_frame_is_painted_when_all_pages_that_see_it_say_so(painter: Painter, pages: tuple[Page, Page]) -> None:
    one, other = pages
    for color in ("red", "green", "blue"):
        recolour(painter, color)
    assert [text for text, _ in painter.painted[-2:]] == ["red", "green"]
    one.acknowledge()
    assert not painter.canvas.ready, "the acknowledgement of one does not count for both"
    other.acknowledge()
    assert painter.painted[-1][0] == "blue"


def test_another_view_of_a_page_needs_nothing_drawn(painter: Painter, pages: tuple[Page, Page]) -> None:
    one, _ = pages
    recolour(painter, "red")
    draws, sent = painter.draws, len(painter.frames)
    for time in (1.0, 2.0):
        one.send("ready", device_pixel_ratio=1, theme="light", stream=1, room=1000, time=time)
    for kind in ("refresh", "initialized"):
        one.send(kind)
    kernel.mailbox.drain()
    assert (painter.draws, len(painter.frames)) == (draws, sent)
    assert painter.canvas.flow._in_flight, "what is on its way will be painted"
    one.send("ready", device_pixel_ratio=2, theme="light", stream=1, time=3.0)
    kernel.mailbox.drain()
    assert painter.draws == draws + 1, "another resolution is another picture"


def test_what_a_page_said_before_it_was_ready_again_no_longer_holds(painter: Painter, pages: tuple[Page, Page]) -> None:
    one, _ = pages
    themes: list[bool] = []
    painter.canvas.on_theme = themes.append
    one.send("ready", device_pixel_ratio=1, theme="dark", stream=1, time=2.0)
    one.send("ready", device_pixel_ratio=1, theme="light", stream=1, time=1.0)
    assert themes == [True]
    one.send("ready", device_pixel_ratio=1, theme="light", stream=1, time=2.0)
    assert themes == [True, False]


def test_a_page_that_has_not_been_ready_yet_is_drawn_nothing(painter: Painter, pages: tuple[Page, Page]) -> None:
    sent = len(painter.sent)
    for kind in ("refresh", "initialized"):
        painter.send(kind, client="a third")
    kernel.mailbox.drain()
    assert len(painter.sent) == sent


def test_a_size_that_was_not_drawn_yet_is_when_the_page_has_taken_it(
    painter: Painter, pages: tuple[Page, Page]
) -> None:
    one, _ = pages
    painter.canvas.figure.set_size_inches(3, 2)
    one.send("refresh")
    kernel.mailbox.drain()
    assert painter.picture.shape[:2] == (200, 300)


def test_nobody_waits_for_a_page_that_does_not_see_it(painter: Painter, pages: tuple[Page, Page]) -> None:
    one, other = pages
    recolour(painter, "red")
    recolour(painter, "green")
    one.acknowledge()
    recolour(painter, "blue")
    other.send("visible", visible=False)
    assert painter.painted[-1][0] == "blue", "what only the other had not painted is done"
    for color in ("C1", "C2", "C3"):
        recolour(painter, color)
        one.acknowledge()
        assert painter.painted[-1][0] == color
    sent = len(painter.sent)
    one.send("visible", visible=False)
    recolour(painter, "black")
    assert len(painter.sent) == sent
    other.send("visible", visible=True)
    assert painter.painted[-1][0] == "black"


def test_a_page_that_lets_a_frame_pass_is_gone_until_it_speaks_again(
    painter: Painter, pages: tuple[Page, Page]
) -> None:
    one, other = pages
    recolour(painter, "red")
    recolour(painter, "C4")
    one.acknowledge()
    painter.now += 1.1 * ACKNOWLEDGEMENT_TIMEOUT
    for color in ("green", "blue", "C1"):
        recolour(painter, color)
        assert painter.painted[-1][0] == color, "a closed laptop does not slow the others"
        one.acknowledge()
    draws = painter.draws
    other.send("visible", visible=True)
    kernel.mailbox.drain()
    assert (painter.draws, painter.modes[-1]) == (draws, "full"), "it is sent all that it may have missed"
    one.acknowledge()
    recolour(painter, "C2")
    recolour(painter, "C3")
    one.acknowledge()
    assert not painter.canvas.ready, "and is waited for again"
    other.acknowledge()
    assert painter.canvas.ready


def test_a_page_that_was_only_slow_is_waited_for_again(painter: Painter, pages: tuple[Page, Page]) -> None:
    one, other = pages
    recolour(painter, "red")
    recolour(painter, "C4")
    slow = painter.frames[-1][0]
    one.acknowledge()
    painter.now += 1.1 * ACKNOWLEDGEMENT_TIMEOUT
    recolour(painter, "green")
    one.acknowledge()
    assert painter.canvas.ready
    draws = painter.draws
    other.send("frame_ack", frame=slow)
    kernel.mailbox.drain()
    assert painter.draws == draws, "it has got what was sent"
    recolour(painter, "blue")
    recolour(painter, "black")
    one.acknowledge()
    assert not painter.canvas.ready
    other.acknowledge()
    assert painter.canvas.ready


def test_what_one_page_cannot_paint_agg_draws_for_all(painter: Painter, pages: tuple[Page, Page]) -> None:
    one, other = pages
    old = Page(painter, "old", stream=0)
    painted = len(painter.painted)
    for page in (*pages, old):
        page.acknowledge()
    recolour(painter, "red")
    assert len(painter.painted) == painted
    np.testing.assert_array_equal(painter.picture, reference(painter.canvas.figure))
    for page in (*pages, old):
        page.acknowledge()
    old.send("visible", visible=False)
    recolour(painter, "green")
    assert painter.painted[-1] == ("green", True)
    one.acknowledge()
    other.acknowledge()
    old.send("visible", visible=True)
    kernel.mailbox.drain()
    assert painter.modes[-1] == "full"
    np.testing.assert_array_equal(painter.picture, reference(painter.canvas.figure))


def test_a_page_that_comes_late_gets_all_of_it(painter: Painter, pages: tuple[Page, Page]) -> None:
    recolour(painter, "red")
    late = Page(painter, "late")
    assert painter.painted[-1] == ("red", True)
    assert painter.modes[-1] == "full"
    for page in pages:
        page.acknowledge()
    recolour(painter, "green")
    recolour(painter, "blue")
    assert not painter.canvas.ready
    for page in (*pages, late):
        page.acknowledge()
    assert painter.canvas.ready


def test_each_page_has_a_clock_of_its_own(painter: Painter, pages: tuple[Page, Page]) -> None:
    one, other = pages
    one.send("visible", visible=True, time=2000)
    other.send("visible", visible=False, time=1000)
    one.send("visible", visible=False, time=1900)
    assert [client.visible for client in painter.canvas.flow.clients.values()] == [False, True]


def test_a_page_without_a_view_has_no_say(painter: Painter, pages: tuple[Page, Page]) -> None:
    recolour(painter, "red")
    recolour(painter, "green")
    painter.send("frame_ack", frame=painter.frames[-1][0], client="elsewhere")
    assert not painter.canvas.ready


def test_pages_are_not_remembered_for_ever(painter: Painter, pages: tuple[Page, Page]) -> None:
    one, _ = pages
    for i in range(3 * MAX_CLIENTS):
        painter.send("visible", visible=False, client=f"reload {i}")
        one.acknowledge()
    assert len(painter.canvas.flow.clients) == MAX_CLIENTS
    assert "one" in painter.canvas.flow.clients


def test_what_waits_for_a_page_that_is_gone_is_sent_though_nobody_asks(
    painter: Painter, pages: tuple[Page, Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after the end of a run: no further frame would notice that the time has passed."""
    timers: list[tuple[float, Callable[[], object]]] = []

    class Loop:
        def call_later(self, delay: float, call: Callable[[Any], object], argument: object) -> MagicMock:
            timers.append((delay, lambda: call(argument)))
            return MagicMock()

    monkeypatch.setattr(asyncio, "get_running_loop", Loop)
    one, _ = pages
    for color in ("red", "green", "black"):
        recolour(painter, color)
    one.acknowledge()
    assert painter.painted[-1][0] == "green"
    ((delay, fire),) = timers
    painter.now += delay
    fire()
    kernel.mailbox.drain()
    assert painter.painted[-1][0] == "black"
    assert len(timers) == 1
