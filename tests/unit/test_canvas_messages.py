"""What the canvas takes from a browser, and what it ignores."""

import math

import numpy as np
import pytest

from tests.unit.canvas_browsers import MOUSE, Browser, reference
from tfwidget.canvas.messages import MAX_PIXELS, MESSAGES
from tfwidget.jupyter import kernel

GOOD: dict[str, dict[str, object]] = {
    "ready": {"device_pixel_ratio": 1, "theme": "light"},
    "visible": {"visible": True},
    "frame_ack": {"frame": 1},
    "draw": {},
    "refresh": {},
    "send_image_mode": {},
    "initialized": {},
    "closing": {},
    "ack": {},
    "set_dpi_ratio": {"dpi_ratio": 2},
    "set_device_pixel_ratio": {"device_pixel_ratio": 1.5},
    "resize": {"width": 150, "height": 120.4},
    "toolbar_button": {"name": "pan"},
    **dict.fromkeys(("button_press", "button_release", "dblclick", "motion_notify"), MOUSE),
    **dict.fromkeys(("figure_enter", "figure_leave"), MOUSE),
    "scroll": {**MOUSE, "step": -1},
    "key_press": {"key": "shift+kA", "guiEvent": {}},
    "key_release": {"key": "kEnter"},
}


def test_all_types_of_message_are_tested() -> None:
    assert set(GOOD) == set(MESSAGES)


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_message_is_handled(browser: Browser, kind: str) -> None:
    browser.canvas.draw()
    browser.send(kind, **GOOD[kind])
    kernel.mailbox.drain()
    browser.acknowledge()


def test_events_reach_the_users_handlers(browser: Browser) -> None:
    seen: list[object] = []
    browser.canvas.mpl_connect("button_press_event", lambda event: seen.append((event.name, event.x, event.guiEvent)))
    browser.canvas.mpl_connect("key_press_event", lambda event: seen.append((event.name, event.key)))
    browser.canvas.mpl_connect("scroll_event", lambda event: seen.append((event.name, event.step)))
    browser.canvas.mpl_connect("resize_event", lambda event: seen.append((event.name, event.width)))
    for kind in ("button_press", "key_press", "scroll", "resize"):
        browser.send(kind, **GOOD[kind])
    assert seen == [
        ("button_press_event", 100, {"k": 1}),
        ("key_press_event", "A"),
        ("scroll_event", -1),
        ("resize_event", 150),
    ]


def test_ready_tells_theme_and_resolution(browser: Browser) -> None:
    themes: list[bool] = []
    browser.canvas.on_theme = themes.append
    browser.send("ready", device_pixel_ratio=2, theme="dark")
    browser.send("ready", device_pixel_ratio=2, theme="light")
    kernel.mailbox.drain()
    assert themes == [True, False]
    assert browser.picture.shape[:2] == (300, 400)
    np.testing.assert_array_equal(browser.picture, reference(browser.canvas.figure))


def test_pan_and_home_with_the_toolbar(browser: Browser) -> None:
    homes: list[str] = []
    browser.canvas.on_home = lambda: homes.append("home")
    browser.canvas.draw()
    ax = browser.canvas.figure.axes[0]
    before = ax.get_xlim()
    browser.send("toolbar_button", name="pan")
    browser.send("button_press", **MOUSE)
    browser.send("motion_notify", **{**MOUSE, "x": 120})
    browser.send("button_release", **{**MOUSE, "x": 120, "buttons": 0})
    assert ax.get_xlim()[0] < before[0]
    browser.acknowledge()
    np.testing.assert_array_equal(browser.picture, reference(browser.canvas.figure))
    browser.send("toolbar_button", name="home")
    assert ax.get_xlim() == before
    assert homes == ["home"]


NUMBERS: list[object] = [None, "1", [], {}, True, math.nan, math.inf, -math.inf, 1e300, 10**400, -(10**400)]
BAD: dict[tuple[str, ...], dict[str, list[object]]] = {
    ("ready",): {
        "device_pixel_ratio": [*NUMBERS, 0, 11],
        "theme": [None, 5, [], "Dark", {"dark": 1}],
        "room": NUMBERS[1:],
        "stream": [*NUMBERS[1:], -1, 0.5],
        "visible": ["true", 1, 0, []],
        "time": [*NUMBERS[1:], -1],
    },
    ("visible",): {"visible": [None, "true", 1, 0, []], "time": [*NUMBERS[1:], -1]},
    ("frame_ack",): {"frame": [*NUMBERS, -1, 0.5], "error": [5, [], True]},
    ("set_dpi_ratio",): {"dpi_ratio": [*NUMBERS, 0, 11]},
    ("set_device_pixel_ratio",): {"device_pixel_ratio": [*NUMBERS, 0, 11]},
    ("resize",): {"width": [*NUMBERS, 0, -5, MAX_PIXELS + 1], "height": [*NUMBERS, 0, -5, MAX_PIXELS + 1]},
    ("toolbar_button",): {"name": [None, 5, [], "", "__init__", "close", "destroy", "download"]},
    ("button_press", "button_release", "dblclick", "motion_notify", "figure_enter", "figure_leave", "scroll"): {
        "x": NUMBERS,
        "y": NUMBERS,
        "button": [*NUMBERS, 0.5, 99],
        "buttons": [*NUMBERS, 0.5, -1],
        "modifiers": [None, "ctrl", 5, [5], ["x" * 101], ["a"] * 11],
        "number": [*NUMBERS[1:], -1, 0.5],
    },
    ("scroll",): {"step": NUMBERS},
    ("key_press", "key_release"): {"key": [None, 5, [], "", "ab", "k" * 101]},
}
HOSTILE: list[object] = [
    *(None, "draw", 5, [], {}),
    *[{"type": bad} for bad in (None, [], {"draw": 1}, 5, "", "draw ", "Draw")],
    *[{"type": name} for name in ("unknown", "handle_event", "event", "unknown_event", "mouse", "__class__", "close")],
    *[{"type": kind} for kinds in BAD for kind in kinds],
]
HOSTILE += [
    {"type": kind, **fields, "client": bad} for kind, fields in GOOD.items() for bad in (5, True, [], "x" * 101)
]
HOSTILE += [
    {"type": kind, **GOOD[kind], name: bad}
    for kinds, fields in BAD.items()
    for kind in kinds
    for name, values in fields.items()
    for bad in values
]


@pytest.mark.parametrize("content", HOSTILE, ids=lambda content: repr(content)[:60])
def test_a_bad_message_changes_nothing(same_browser: Browser, content: object) -> None:
    canvas = same_browser.canvas
    if canvas.ready:
        canvas.draw()
    events: list[object] = []
    names = ("button_press_event", "motion_notify_event", "scroll_event", "key_press_event", "resize_event")
    connections = [canvas.mpl_connect(name, events.append) for name in names]
    state, sent = canvas.get_state(), list(same_browser.sent)
    canvas._handle_message(canvas, content, [])
    assert not kernel.mailbox
    assert events == []
    assert same_browser.sent == sent
    assert canvas.get_state() == state
    assert not canvas.ready, "the frame in flight is still in flight"
    for connection in connections:
        canvas.mpl_disconnect(connection)


def test_a_figure_does_not_grow_beyond_what_can_be_drawn(browser: Browser) -> None:
    browser.send("ready", device_pixel_ratio=10, theme="light")
    browser.send("resize", width=MAX_PIXELS, height=10)
    assert max(browser.canvas.get_width_height(physical=True)) <= MAX_PIXELS


def test_sizes_are_whole_device_pixels(browser: Browser) -> None:
    browser.send("set_device_pixel_ratio", device_pixel_ratio=1.5)
    browser.send("resize", width=151, height=101)
    sizes = [message["size"] for message in browser.sent if message["type"] == "resize"]
    assert sizes
    for side in sizes[-1]:
        assert side * 1.5 == round(side * 1.5)
