"""What the canvas takes from a browser, and what it ignores."""

import math

import numpy as np
import pytest

from tests.unit.canvas_browsers import MOUSE, Browser, Painter, reference, tell
from tfwidget.canvas.canvas import View
from tfwidget.canvas.messages import MAX_LIMIT, MAX_PIXELS, MESSAGES
from tfwidget.jupyter import owner

GOOD: dict[str, dict[str, object]] = {
    "ready": {"device_pixel_ratio": 1, "theme": "light"},
    "visible": {"visible": True},
    "frame_ack": {"frame": 1},
    "keyframe": {},
    "view": {"number": 1, "panel": 7, "x": [0, 1], "y": [2.5, -1], "done": False},
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


def outcome(painter: Painter) -> list[object]:
    """All that a message may change."""
    canvas, sender = painter.canvas, painter.canvas.sender
    pages = [(name, *vars(page).items()) for name, page in sender.pages.items()]
    return [canvas.get_state(), len(painter.sent), canvas.ready, pages, canvas.device_pixel_ratio]


EVENTS = {
    "button_press": "button_press_event",
    "button_release": "button_release_event",
    "dblclick": "button_press_event",
    "motion_notify": "motion_notify_event",
    "figure_enter": "figure_enter_event",
    "figure_leave": "figure_leave_event",
    "scroll": "scroll_event",
    "key_press": "key_press_event",
    "key_release": "key_release_event",
}


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_message_is_handled(painter: Painter, kind: str) -> None:
    painter.recolour("red")
    events: list[object] = []
    views: list[object] = []
    if kind in EVENTS:
        painter.canvas.mpl_connect(EVENTS[kind], events.append)
    painter.canvas.on_view = lambda *view: views.append(view)
    fields = GOOD[kind]
    if kind == "ready":
        fields = {"device_pixel_ratio": 2, "theme": "light"}
    elif kind == "visible":
        fields = {"visible": False}
    elif kind == "frame_ack":
        fields = {"frame": painter.frames[-1][0]}
    before = outcome(painter)
    painter.scene.text = "blue"
    painter.send(kind, **fields)
    owner.mailbox.drain()
    if kind in EVENTS:
        assert len(events) == 1
    elif kind == "view":
        assert views == [(7, (0, 1), (2.5, -1), False)]
    elif kind == "closing":
        assert painter.canvas.manager is not None
    elif kind in ("ack", "send_image_mode", "refresh", "initialized"):
        assert painter.canvas.ready is before[2], "ipympl's own part; there is nothing to answer a page that has all"
    else:
        assert outcome(painter) != before


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
    owner.mailbox.drain()
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
LIMITS: list[object] = [None, 5, [], [1], [1, 2, 3], [1, 1], *[[0, bad] for bad in (*NUMBERS[:8], 1.1e300, 10**400)]]
BAD: dict[tuple[str, ...], dict[str, list[object]]] = {
    ("ready",): {
        "device_pixel_ratio": [*NUMBERS, 0, 11],
        "theme": [None, 5, [], "Dark", {"dark": 1}],
        "room": NUMBERS[1:],
        "scene": [*NUMBERS[1:], -1, 0.5],
        "visible": ["true", 1, 0, []],
    },
    ("visible",): {"visible": [None, "true", 1, 0, []]},
    ("view",): {
        "number": [*NUMBERS, -1, 0.5],
        "panel": [*NUMBERS, -1, 0.5],
        "x": LIMITS,
        "y": LIMITS,
        "done": [None, "true", 1, 0, []],
    },
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
    },
    ("scroll",): {"step": NUMBERS},
    ("key_press", "key_release"): {"key": [None, 5, [], "", "ab", "k" * 101]},
}
KINDLESS: tuple[object, ...] = (None, [], {"draw": 1}, 5, "", "draw ", "Draw")
NAMELESS: tuple[object, ...] = (5, True, [], "x" * 101)
HOSTILE: list[object] = [
    *(None, "draw", 5, [], {}),
    *[{"type": bad} for bad in KINDLESS],
    *[{"type": name} for name in ("unknown", "handle_event", "event", "unknown_event", "mouse", "__class__", "close")],
    *[{"type": kind} for kinds in BAD for kind in kinds],
]
HOSTILE += [{"type": kind, **fields, "client": bad} for kind, fields in GOOD.items() for bad in NAMELESS]
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
    tell(canvas, content)
    assert not owner.mailbox
    assert events == []
    assert same_browser.sent == sent
    assert canvas.get_state() == state
    assert not canvas.ready, "the frame in flight is still in flight"
    for connection in connections:
        canvas.mpl_disconnect(connection)


def test_limits_of_a_panel_reach_whom_the_figure_belongs_to_and_the_page_is_told(painter: Painter) -> None:
    views: list[tuple[int, View, View, bool]] = []
    painter.canvas.on_view = lambda *view: views.append(view)
    for number, done in ((1, False), (2, False), (3, True)):
        painter.send("view", number=number, panel=9, x=[0, number], y=[-MAX_LIMIT, MAX_LIMIT], done=done)
        owner.mailbox.drain()
        assert painter.scenes[-1]["handled"] == {"page": number}, "though no panel may be of that name"
        painter.acknowledge()
    assert views == [(9, (0, x), (-MAX_LIMIT, MAX_LIMIT), x == 3) for x in (1, 2, 3)]


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
