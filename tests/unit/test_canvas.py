"""The canvas without a kernel: its flow control with an injected clock, what it takes from a browser, other threads."""

import asyncio
import io
import json
import math
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from tfwidget import kernel
from tfwidget.canvas import (
    _MESSAGES,
    ACKNOWLEDGEMENT_TIMEOUT,
    ASK_INTERVAL,
    MAX_CLIENTS,
    MAX_FAILURES,
    MAX_PIXELS,
    MAX_WINDOW,
    MIN_WINDOW,
    PROMPT,
    Canvas,
    FigureManager,
    new_canvas,
)
from tfwidget.errors import TfwidgetWarning
from tfwidget.renderer import Renderer

Picture = NDArray[np.uint8]


def decoded(png: bytes) -> Picture:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def reference(figure: Figure) -> Picture:
    """What Matplotlib itself makes of the figure."""
    with io.BytesIO() as png:
        figure.savefig(png, format="png", dpi=figure.dpi)
        return decoded(png.getvalue())


class Browser:
    """The other end of a canvas's comm: paints the frames as the front end does, and acknowledges when told to."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.now = 100.0
        self.frames: list[tuple[int, str]] = []
        self.sent: list[dict[str, Any]] = []
        self.picture: Picture = np.zeros((0, 0, 4), np.uint8)
        self.draws = 0
        canvas.clock = lambda: self.now
        canvas.send = self.receive
        canvas.mpl_connect("draw_event", self._count)

    def _count(self, _event: object) -> None:
        self.draws += not self.canvas.is_saving()

    def receive(self, content: dict[str, str], buffers: list[bytes] | None = None) -> None:
        data = json.loads(content["data"])
        self.sent.append(data)
        if data["type"] == "binary":
            assert buffers is not None
            assert isinstance(buffers[0], bytes), "what goes to the wire is owned and immutable"
            mode = self.canvas._image_mode
            new = decoded(buffers[0])
            self.picture = new if mode == "full" else np.where(new[..., 3:] > 0, new, self.picture)
            self.frames.append((data["frame"], mode))

    def send(self, kind: object, **fields: object) -> None:
        self.canvas._handle_message(self.canvas, {"type": kind, **fields}, [])

    def acknowledge(self, **error: str) -> None:
        self.send("frame_ack", frame=self.frames[-1][0] if self.frames else 0, **error)

    @property
    def modes(self) -> list[str]:
        return [mode for _, mode in self.frames]


def open_browser() -> Iterator[Browser]:
    canvas = new_canvas((2.0, 1.5))
    ax = canvas.figure.add_subplot()
    ax.plot([0, 1, 2], [0, 1, 0])
    kernel.mailbox.drain()
    yield Browser(canvas)
    canvas.close()
    kernel.mailbox.drain()


browser = pytest.fixture(open_browser)
same_browser = pytest.fixture(scope="module")(open_browser)
"""One for many tests that change nothing."""


def change(browser: Browser) -> None:
    """Make the figure look different."""
    line = browser.canvas.figure.axes[0].lines[0]
    line.set_ydata(np.asarray(line.get_ydata()) * 0.7 + 0.1)


def in_thread(call: Callable[[], object], name: str = "worker") -> None:
    """Run it on another thread; a warning there comes out here."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name=name)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    if errors:
        raise errors[0]


# -- flow control ------------------------------------------------------------------------------------------------------


def test_draw_shows_the_figure_at_once(browser: Browser) -> None:
    browser.canvas.draw()
    assert browser.modes == ["full"]
    np.testing.assert_array_equal(browser.picture, reference(browser.canvas.figure))


def test_many_draw_idle_make_one_draw(browser: Browser) -> None:
    for _ in range(5):
        change(browser)
        browser.canvas.draw_idle()
    assert browser.draws == 0
    kernel.mailbox.drain()
    assert browser.draws == 1
    assert len(browser.frames) == 1
    kernel.mailbox.drain()
    assert browser.draws == 1


def test_a_draw_does_what_draw_idle_was_to_do(browser: Browser) -> None:
    browser.canvas.draw_idle()
    browser.canvas.draw()
    kernel.mailbox.drain()
    assert browser.draws == 1


def test_one_frame_is_in_flight_and_the_newest_wins(browser: Browser) -> None:
    browser.canvas.draw()
    for _ in range(3):
        change(browser)
        browser.canvas.draw()
    assert len(browser.frames) == 1
    assert not browser.canvas.ready
    browser.acknowledge()
    assert browser.modes == ["full", "diff"]
    np.testing.assert_array_equal(browser.picture, reference(browser.canvas.figure))
    browser.acknowledge()
    assert len(browser.frames) == 2, "nothing was waiting any more"
    assert browser.canvas.ready


def test_draw_idle_waits_for_the_acknowledgement_and_draws_then(browser: Browser) -> None:
    browser.canvas.draw()
    for _ in range(3):
        change(browser)
        browser.canvas.draw_idle()
        kernel.mailbox.drain()
    assert browser.draws == 1, "no picture is drawn that could not be sent"
    browser.acknowledge()
    assert (browser.draws, len(browser.frames)) == (2, 2)
    np.testing.assert_array_equal(browser.picture, reference(browser.canvas.figure))


def test_a_frame_without_acknowledgement_counts_as_lost_and_a_full_one_follows(browser: Browser) -> None:
    browser.canvas.draw()
    browser.acknowledge()
    change(browser)
    browser.canvas.draw()
    browser.now += 0.9 * ACKNOWLEDGEMENT_TIMEOUT
    browser.canvas.draw()
    assert browser.modes == ["full", "diff"]
    browser.now += 0.2 * ACKNOWLEDGEMENT_TIMEOUT
    browser.canvas.draw()
    assert browser.modes == ["full", "diff", "full"]
    lost = browser.frames[1][0]
    browser.send("frame_ack", frame=lost)
    assert not browser.canvas.ready, "the acknowledgement of a lost frame says nothing about the next one"
    browser.acknowledge()
    assert browser.canvas.ready


def test_draw_idle_draws_again_after_a_frame_was_lost(browser: Browser) -> None:
    browser.canvas.draw()
    change(browser)
    browser.canvas.draw_idle()
    kernel.mailbox.drain()
    browser.now += 1.1 * ACKNOWLEDGEMENT_TIMEOUT
    browser.canvas.draw_idle()
    kernel.mailbox.drain()
    assert browser.modes == ["full", "full"]
    np.testing.assert_array_equal(browser.picture, reference(browser.canvas.figure))


def test_a_new_view_gets_a_full_frame_though_one_is_in_flight_and_one_is_due(browser: Browser) -> None:
    browser.canvas.draw()
    browser.acknowledge()
    browser.canvas.draw()
    change(browser)
    browser.canvas.draw_idle()
    kernel.mailbox.drain()
    assert browser.modes == ["full", "diff"]
    browser.send("ready", device_pixel_ratio=1, theme="light")
    kernel.mailbox.drain()
    assert browser.modes == ["full", "diff", "full"]
    np.testing.assert_array_equal(browser.picture, reference(browser.canvas.figure))


def test_a_frame_that_could_not_be_shown_is_followed_by_a_full_one(browser: Browser) -> None:
    browser.canvas.draw()
    browser.acknowledge()
    change(browser)
    browser.canvas.draw()
    browser.picture = np.zeros_like(browser.picture)
    browser.acknowledge(error="cannot decode")
    assert browser.modes == ["full", "diff", "full"]
    np.testing.assert_array_equal(browser.picture, reference(browser.canvas.figure))


def test_a_browser_that_shows_nothing_is_not_sent_the_same_for_ever(browser: Browser) -> None:
    browser.canvas.draw()
    for _ in range(10):
        browser.acknowledge(error="out of memory")
    assert len(browser.frames) == 1 + MAX_FAILURES
    change(browser)
    browser.canvas.draw()
    assert len(browser.frames) == 2 + MAX_FAILURES, "but a new picture is worth another try"
    browser.acknowledge()
    assert browser.canvas.ready
    browser.canvas.draw()
    browser.acknowledge(error="once")
    assert len(browser.frames) == 4 + MAX_FAILURES


@pytest.mark.parametrize("resolution", [1, 2])
def test_saving_the_figure_does_not_spoil_what_waits_to_be_sent(browser: Browser, resolution: int) -> None:
    """Matplotlib saves with the same renderer: at the end of a cell the notebook's picture is saved like this."""
    figure = browser.canvas.figure
    browser.send("ready", device_pixel_ratio=resolution, theme="light")
    kernel.mailbox.drain()
    change(browser)
    browser.canvas.draw()
    with io.BytesIO() as png:
        figure.savefig(png, format="png", dpi="figure", facecolor="red")
    browser.acknowledge()
    np.testing.assert_array_equal(browser.picture, reference(figure))
    browser.acknowledge(error="cannot decode")
    np.testing.assert_array_equal(browser.picture, reference(figure))


@pytest.mark.parametrize("seed", range(8))
def test_whatever_comes_when_the_browser_ends_with_matplotlibs_picture(browser: Browser, seed: int) -> None:
    random = np.random.default_rng(seed)
    figure = browser.canvas.figure
    actions: list[Callable[[], object]] = [
        lambda: change(browser),
        browser.canvas.draw,
        browser.canvas.draw_idle,
        browser.canvas.draw_moving,
        kernel.mailbox.drain,
        browser.acknowledge,
        lambda: browser.acknowledge(error="x"),
        lambda: browser.send("ready", device_pixel_ratio=float(random.choice([1, 2])), theme="dark"),
        lambda: browser.send("resize", width=int(random.integers(120, 200)), height=130),
        lambda: reference(figure),
        lambda: setattr(browser, "now", browser.now + random.uniform(0, ACKNOWLEDGEMENT_TIMEOUT)),
    ]
    for _ in range(40):
        actions[random.integers(len(actions))]()
    browser.canvas.draw_idle()
    for _ in range(3):
        kernel.mailbox.drain()
        browser.acknowledge()
    np.testing.assert_array_equal(browser.picture, reference(figure))


def test_a_figure_that_cannot_be_drawn_is_drawn_when_it_can_be_again(browser: Browser) -> None:
    title = browser.canvas.figure.axes[0].set_title("$\\nonsense$")
    browser.canvas.draw_idle()
    with pytest.warns(TfwidgetWarning, match="ParseFatalException|ValueError"):
        kernel.mailbox.drain()
    title.set_text("better")
    browser.canvas.draw_idle()
    kernel.mailbox.drain()
    assert len(browser.frames) == 1
    np.testing.assert_array_equal(browser.picture, reference(browser.canvas.figure))


def test_a_layout_that_moves_axes_while_drawing_is_drawn_once(browser: Browser) -> None:
    figure = browser.canvas.figure
    figure.set_layout_engine("constrained")
    # As pyplot does in interactive mode.
    figure.stale_callback = lambda figure, value: value and figure.canvas.draw_idle()
    browser.canvas.draw_idle()
    for _ in range(5):
        kernel.mailbox.drain()
        if not browser.canvas.ready:
            browser.acknowledge()
    assert browser.draws == 1
    assert not kernel.mailbox


def test_sends_nothing_after_it_was_closed(browser: Browser) -> None:
    browser.canvas.draw_idle()
    browser.canvas.close()
    kernel.mailbox.drain()
    browser.canvas.draw()
    browser.canvas.draw_moving()
    browser.canvas.draw_idle()
    kernel.mailbox.drain()
    assert browser.frames == []
    browser.canvas.close()


def test_flush_events_handles_what_was_posted(browser: Browser) -> None:
    browser.canvas.draw_idle()
    browser.canvas.flush_events()
    assert len(browser.frames) == 1


def test_an_event_loop_handles_messages_until_it_is_stopped(browser: Browser) -> None:
    seen: list[str] = []

    def post() -> None:
        kernel.mailbox.post(lambda: seen.append("posted"))
        kernel.mailbox.post(browser.canvas.stop_event_loop)

    thread = threading.Thread(target=post)
    kernel.mailbox.post(thread.start)
    browser.canvas.start_event_loop(0)
    thread.join()
    assert seen == ["posted"]


def test_an_event_loop_ends_with_its_time(browser: Browser) -> None:
    browser.canvas.draw_idle()
    browser.canvas.start_event_loop(0.001)
    assert len(browser.frames) == 1


def test_an_event_loop_of_another_thread_handles_nothing(browser: Browser) -> None:
    seen: list[str] = []
    kernel.mailbox.post(lambda: seen.append(threading.current_thread().name))
    in_thread(lambda: browser.canvas.start_event_loop(0.001))
    in_thread(browser.canvas.flush_events)
    assert seen == []
    kernel.mailbox.drain()
    assert seen == ["MainThread"]


# -- moving artists ----------------------------------------------------------------------------------------------------


@pytest.fixture
def moving(browser: Browser) -> Browser:
    """A figure whose line moves, inside the axes' frame: at the frame, what is drawn last would lie on top."""
    ax = browser.canvas.figure.axes[0]
    ax.set(xlim=(-0.5, 2.5), ylim=(-0.5, 1.5))
    ax.lines[0].set_animated(True)
    browser.canvas.moving = [ax.lines[0]]
    return browser


def shown_after(browser: Browser, draw: Callable[[], None]) -> Picture:
    while not browser.canvas.ready:
        browser.acknowledge()
    draw()
    return browser.picture


def test_moving_artists_look_the_same_in_a_full_draw_in_a_quick_one_and_in_a_file(moving: Browser) -> None:
    canvas = moving.canvas
    np.testing.assert_array_equal(shown_after(moving, canvas.draw), reference(canvas.figure))
    assert moving.draws == 1
    for _ in range(3):
        shown_after(moving, canvas.draw)  # saving a file changes the figure for a moment
        change(moving)
        before = moving.draws
        quick = shown_after(moving, canvas.draw_moving)
        assert moving.draws == before, "the axes were not drawn again"
        np.testing.assert_array_equal(quick, reference(canvas.figure))
    np.testing.assert_array_equal(shown_after(moving, canvas.draw), reference(canvas.figure))


def test_the_first_quick_draw_is_a_full_one(moving: Browser) -> None:
    moving.canvas.draw_moving()
    np.testing.assert_array_equal(moving.picture, reference(moving.canvas.figure))


def test_a_quick_draw_does_not_take_the_place_of_a_full_one_that_is_due(moving: Browser) -> None:
    """As when the user pans between two frames of a run."""
    shown_after(moving, moving.canvas.draw)
    moving.canvas.figure.axes[0].set_xlim(-1, 4)
    moving.canvas.draw_idle()
    np.testing.assert_array_equal(shown_after(moving, moving.canvas.draw_moving), reference(moving.canvas.figure))
    kernel.mailbox.drain()
    assert moving.draws == 2


def test_a_quick_draw_notices_that_the_rest_has_changed(moving: Browser) -> None:
    shown_after(moving, moving.canvas.draw)
    moving.canvas.figure.axes[0].set_title("of the user")
    np.testing.assert_array_equal(shown_after(moving, moving.canvas.draw_moving), reference(moving.canvas.figure))


def test_a_quick_draw_after_a_change_of_size(moving: Browser) -> None:
    shown_after(moving, moving.canvas.draw)
    moving.send("resize", width=240, height=180)
    np.testing.assert_array_equal(shown_after(moving, moving.canvas.draw_moving), reference(moving.canvas.figure))
    assert moving.picture.shape[:2] == (180, 240)


def test_blit_sends_what_was_drawn_by_hand(browser: Browser) -> None:
    """Matplotlib's own recipe for animations."""
    canvas, figure = browser.canvas, browser.canvas.figure
    ax = figure.axes[0]
    ax.set(xlim=(-0.5, 2.5), ylim=(-0.5, 1.5))
    ax.lines[0].set_animated(True)
    assert canvas.supports_blit
    canvas.draw()
    background = canvas.copy_from_bbox(figure.bbox)
    browser.acknowledge()
    canvas.restore_region(background)
    ax.draw_artist(ax.lines[0])
    canvas.blit(figure.bbox)
    assert browser.modes == ["full", "diff"]
    np.testing.assert_array_equal(browser.picture, reference(figure))


# -- messages of the browser -------------------------------------------------------------------------------------------

MOUSE = {"x": 100, "y": 60.5, "button": 0, "buttons": 1, "step": 0, "modifiers": [], "guiEvent": {"k": 1}}
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
    assert set(GOOD) == set(_MESSAGES)


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


# -- other threads -----------------------------------------------------------------------------------------------------


def test_a_message_on_another_thread_is_posted_in_order_and_nothing_overtakes_it(browser: Browser) -> None:
    seen: list[tuple[str, float]] = []
    browser.canvas.mpl_connect(
        "motion_notify_event", lambda event: seen.append((threading.current_thread().name, event.x))
    )

    def arrive(x: int) -> None:
        content = {"type": "motion_notify", **MOUSE, "x": x}
        browser.canvas._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})

    in_thread(lambda: [*map(arrive, range(5))])
    assert seen == []
    arrive(5)
    assert seen == [("MainThread", x) for x in range(6)]


@pytest.mark.parametrize("method", ["draw", "blit"])
def test_drawing_on_another_thread_only_asks_and_tells_once(browser: Browser, method: str) -> None:
    draw = getattr(browser.canvas, method)
    with pytest.warns(TfwidgetWarning, match=r"was drawn by thread 'plotter'.*tfwidget\.log"):
        in_thread(draw, "plotter")
    in_thread(draw, "plotter")
    assert browser.draws == 0
    assert browser.frames == []
    kernel.mailbox.drain()
    assert browser.draws == (1 if method == "draw" else 0)


def test_draw_idle_is_welcome_on_any_thread(browser: Browser) -> None:
    browser.canvas.figure.stale = True
    in_thread(browser.canvas.draw_idle)
    assert browser.draws == 0
    kernel.mailbox.drain()
    kernel.mailbox.drain()
    assert browser.draws == 1


def test_a_figure_that_was_just_being_drawn_is_not_drawn_again(browser: Browser) -> None:
    # Pyplot asks for stale figures after each message, on a subshell's thread: also after each acknowledgement.
    figure = browser.canvas.figure
    was_stale = []

    class Witness(Artist):
        def draw(self, renderer: object) -> None:
            was_stale.append(figure.stale)
            in_thread(browser.canvas.draw_idle)

    figure.add_artist(Witness())
    browser.canvas.draw_idle()
    for _ in range(5):
        kernel.mailbox.drain()
        browser.acknowledge()
    assert was_stale == [True]
    assert browser.draws == 1


def test_a_change_by_another_thread_is_reported_once_per_thread_and_shown(browser: Browser) -> None:
    browser.canvas.draw()
    browser.acknowledge()
    for name in ("first", "second"):
        with pytest.warns(TfwidgetWarning, match=f"was changed by thread {name!r}"):
            in_thread(lambda: change(browser), name)
        in_thread(lambda: change(browser), name)
    kernel.mailbox.drain()
    np.testing.assert_array_equal(browser.picture, reference(browser.canvas.figure))


def test_a_change_by_the_owner_is_nobodys_business(browser: Browser) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        change(browser)
        browser.canvas.draw()


def test_a_change_is_still_told_to_whom_matplotlib_told_it(browser: Browser) -> None:
    """Pyplot redraws by the same callback."""
    told: list[bool] = []
    figure = Figure(figsize=(2, 1))
    canvas = Canvas(figure)
    FigureManager(canvas, 0)
    figure.stale_callback = lambda _figure, value: told.append(value)
    canvas.watch_mutations()
    canvas.watch_mutations()
    figure.suptitle("title")
    assert told
    assert all(told)
    canvas.close()


def test_nothing_of_a_closed_canvas_remains() -> None:
    from ipywidgets.widgets.widget import _instances

    before = set(_instances)
    canvas = new_canvas((2, 2))
    assert set(_instances) > before
    canvas.close()
    assert set(_instances) == before


def test_a_saved_file_has_matplotlibs_own_text_and_leaves_the_live_picture_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    canvas = new_canvas((2.0, 1.0))
    canvas.figure.text(0.1, 0.5, "loss 0.5")
    canvas.draw()
    live = np.asarray(canvas.get_renderer().buffer_rgba()).copy()
    drawn: list[str] = []
    monkeypatch.setattr(Renderer, "draw_text", lambda *arguments, **_: drawn.append(arguments[4]))
    for _ in range(2):
        canvas.figure.texts[0].set_color("red")
        saved = reference(canvas.figure)
        assert ((saved[..., 0] > 200) & (saved[..., 1] < 100)).any()
        assert (np.asarray(canvas.get_renderer().buffer_rgba()) == live).all()
    assert drawn == []
    canvas.draw()
    assert drawn == ["loss 0.5"]


# -- ipympl's front end ------------------------------------------------------------------------------------------------


class Ipympl(Browser):
    """ipympl's client: it takes a picture as it comes, shows it once that is decoded, and answers when told to."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self.loading: Picture | None = None
        self.waiting = False
        self.answers: list[str] = []

    def receive(self, content: dict[str, str], buffers: list[bytes] | None = None) -> None:
        data = json.loads(content["data"])
        self.sent.append(data)
        if data["type"] == "binary":
            assert buffers is not None
            self.loading = decoded(buffers[0])  # in the place of one that was not decoded yet
            self.waiting = False
            self.frames.append((data["frame"], self.canvas._image_mode))
        elif data["type"] == "draw" and not self.waiting:
            self.waiting = True
            self.answers.append("draw")
        elif data["type"] == "resize":
            self.answers.append("refresh")

    def decode(self) -> None:
        if self.loading is not None:
            full = self.canvas._image_mode == "full"
            self.picture = self.loading if full else np.where(self.loading[..., 3:] > 0, self.loading, self.picture)
            self.loading = None

    def answer(self) -> None:
        answers, self.answers = self.answers, []
        for kind in answers:
            self.send(kind)
        kernel.mailbox.drain()

    def load_page(self, *, ratio: float | None = None) -> None:
        if ratio is not None:
            self.send("set_dpi_ratio", dpi_ratio=ratio)
            self.send("set_device_pixel_ratio", device_pixel_ratio=ratio)
        for kind in ("refresh", "send_image_mode", "initialized"):
            self.send(kind)
        self.waiting = False
        self.loading = None
        self.answers = ["refresh"]  # to the size
        kernel.mailbox.drain()


@pytest.fixture
def ipympl(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ipympl]:
    """A figure that ipympl's front end shows; it has a line that moves."""
    monkeypatch.setenv("TFWIDGET_FRONT_END", "ipympl")
    monkeypatch.setattr(Canvas, "current_dpi_ratio", 1.0)
    browser = next(opened := open_browser())
    ax = browser.canvas.figure.axes[0]
    ax.set(xlim=(-0.5, 2.5), ylim=(-0.5, 1.5))
    yield Ipympl(browser.canvas)
    next(opened, None)


def test_ipympl_is_asked_for_its_own_widget_or_our_extension_for_ours(ipympl: Ipympl, browser: Browser) -> None:
    from ipympl.backend_nbagg import Canvas as Stock

    assert browser.canvas._by_ipympl, "it was made by the same rule"
    stock = Stock(Figure())
    names = [name for name in stock.keys if name.startswith(("_model_", "_view_")) and name != "_view_count"]
    assert len(names) == 6
    state = ipympl.canvas.get_state(names)
    assert state == stock.get_state(names)
    assert state["_model_module"] == "jupyter-matplotlib"
    stock.close()


def test_a_front_end_that_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFWIDGET_FRONT_END", "vscode")
    with pytest.raises(ValueError, match="TFWIDGET_FRONT_END must be 'ipympl', 'tfwidget' or empty, got 'vscode'"):
        new_canvas((2, 2))


def test_tfwidgets_own_front_end_is_the_default(browser: Browser) -> None:
    state = browser.canvas.get_state(["_model_module", "_model_name", "_view_module", "_view_name"])
    assert set(state.values()) == {"tfwidget", "LiveCanvasModel", "LiveCanvasView"}
    browser.canvas.draw()
    assert [data["type"] for data in browser.sent] == ["binary"], "it is asked nothing"


def test_ipympl_is_sent_a_picture_when_it_has_taken_the_one_before(ipympl: Ipympl) -> None:
    canvas = ipympl.canvas
    canvas.draw()
    for _ in range(3):
        change(ipympl)
        canvas.draw()
    assert len(ipympl.frames) == 1
    assert not canvas.ready
    ipympl.answer()
    assert len(ipympl.frames) == 2
    ipympl.decode()
    np.testing.assert_array_equal(ipympl.picture, reference(canvas.figure))
    ipympl.answer()
    assert len(ipympl.frames) == 2, "nothing was waiting any more"
    assert canvas.ready


def test_ipympls_answers_ask_for_no_draw(ipympl: Ipympl) -> None:
    """Two pages that show the same figure both answer: else each answer would call forth two."""
    ipympl.canvas.draw()
    ipympl.answer()
    for _ in range(3):
        ipympl.send("draw")
        kernel.mailbox.drain()
    assert (ipympl.draws, len(ipympl.frames)) == (1, 1)


def test_a_picture_that_ipympl_had_no_time_to_decode_leaves_nothing_behind(ipympl: Ipympl) -> None:
    for _ in range(3):
        change(ipympl)
        ipympl.canvas.draw()
        ipympl.answer()
    ipympl.decode()
    np.testing.assert_array_equal(ipympl.picture, reference(ipympl.canvas.figure))


def test_without_an_answer_the_next_picture_comes_after_a_while(ipympl: Ipympl) -> None:
    """As in a cell that blocks, where no message arrives."""
    for count in range(1, 4):
        change(ipympl)
        ipympl.canvas.draw()
        assert len(ipympl.frames) == count
        ipympl.decode()
        np.testing.assert_array_equal(ipympl.picture, reference(ipympl.canvas.figure))
        assert not ipympl.canvas.ready
        ipympl.now += 1.1 * ACKNOWLEDGEMENT_TIMEOUT
        assert ipympl.canvas.ready


def test_ipympl_is_streamed_nothing(ipympl: Ipympl) -> None:
    canvas = ipympl.canvas
    canvas.moving = [canvas.figure.axes[0].lines[0]]
    canvas.moving[0].set_animated(True)
    canvas.stream = lambda afresh: ({}, b"")
    canvas.live = True
    canvas.draw()
    ipympl.answer()
    draws = ipympl.draws
    change(ipympl)
    canvas.draw_moving()
    ipympl.decode()
    assert ipympl.draws == draws, "the axes were not drawn again"
    canvas.moving[0].set_animated(False)
    np.testing.assert_array_equal(ipympl.picture, reference(canvas.figure))


@pytest.mark.parametrize("seed", range(6))
def test_whatever_comes_when_ipympl_ends_with_matplotlibs_picture(ipympl: Ipympl, seed: int) -> None:
    random = np.random.default_rng(seed)
    figure = ipympl.canvas.figure
    actions: list[Callable[[], object]] = [
        lambda: change(ipympl),
        ipympl.canvas.draw,
        ipympl.canvas.draw_idle,
        ipympl.canvas.draw_moving,
        kernel.mailbox.drain,
        ipympl.answer,
        ipympl.decode,
        lambda: ipympl.load_page(ratio=random.choice([None, 2])),
        lambda: ipympl.send("resize", width=int(random.integers(120, 200)), height=130),
        lambda: reference(figure),
        lambda: setattr(ipympl, "now", ipympl.now + random.uniform(0, ACKNOWLEDGEMENT_TIMEOUT)),
    ]
    for _ in range(40):
        actions[random.integers(len(actions))]()
    ipympl.canvas.draw_idle()
    for _ in range(4):
        kernel.mailbox.drain()
        ipympl.answer()
    ipympl.decode()
    np.testing.assert_array_equal(ipympl.picture, reference(figure))


def test_a_page_that_was_loaded_again_by_ipympl_gets_a_picture_at_once(ipympl: Ipympl) -> None:
    ipympl.canvas.draw()  # into a page that is gone
    ipympl.load_page()
    ipympl.answer()
    ipympl.decode()
    np.testing.assert_array_equal(ipympl.picture, reference(ipympl.canvas.figure))


def test_ipympl_tells_a_resolution_and_the_next_figure_begins_with_it(ipympl: Ipympl) -> None:
    ipympl.load_page(ratio=2)
    assert ipympl.canvas.device_pixel_ratio == 2
    second = Ipympl(new_canvas((2.0, 1.5)))
    second.canvas.draw()
    second.decode()
    assert second.picture.shape[:2] == (300, 400)
    assert second.canvas._size == (200, 150), "in CSS pixels"
    second.load_page()  # by a screen with one device pixel per CSS pixel, which it does not say
    assert second.canvas.device_pixel_ratio == 1
    second.canvas.close()
    ipympl.load_page()
    assert ipympl.canvas.device_pixel_ratio == 1


def test_that_a_browser_was_heard_is_noted(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Canvas, "heard", False)
    browser.send("nonsense")
    assert not Canvas.heard
    browser.send("refresh")
    assert Canvas.heard


# -- the stream --------------------------------------------------------------------------------------------------------


class Painter(Browser):
    """A browser that paints lists: here, what is painted is their text over the base's pixels."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self.delay = PROMPT  # before it acknowledges: not promptly, for two frames in flight are easier to follow
        self.painted: list[tuple[str, bool]] = []  # the list, and whether a base came with it
        self.lists: list[dict[str, Any]] = []  # their headers
        self.base: int | None = None

    def send(self, kind: object, **fields: object) -> None:
        if kind == "frame_ack":
            self.now += self.delay
        super().send(kind, **fields)

    def receive(self, content: dict[str, str], buffers: list[bytes] | None = None) -> None:
        data = json.loads(content["data"])
        if data["type"] != "stream":
            if data["type"] == "binary":
                self.base = None
            super().receive(content, buffers)
            return
        assert buffers is not None
        assert all(isinstance(buffer, bytes) for buffer in buffers)
        if len(buffers) > 1:
            super().receive({"data": json.dumps({**data, "type": "binary"})}, buffers[1:])
            self.base = data["base"]
        else:
            self.frames.append((data["frame"], "list"))
        assert data["base"] == self.base, "what was made for other axes is never painted over these"
        self.painted.append((buffers[0].decode(), len(buffers) > 1))
        self.lists.append(data)


@pytest.fixture
def painter(moving: Browser) -> Painter:
    """The figure of `moving`, whose line is streamed as its colour."""
    canvas = moving.canvas
    painter = Painter(canvas)
    line = canvas.moving[0]
    line.set_color("C0")  # type: ignore[attr-defined]
    canvas.stream = lambda afresh: ({"afresh": afresh}, line.get_color().encode())  # type: ignore[attr-defined]
    canvas.live = True
    painter.send("ready", device_pixel_ratio=1, theme="light", stream=1)
    kernel.mailbox.drain()
    painter.acknowledge()
    return painter


def base_alone(figure: Figure) -> Picture:
    lines = figure.axes[0].lines
    visible = [line.get_visible() for line in lines]
    for line in lines:
        line.set_visible(False)
    picture = reference(figure)
    for line, was in zip(lines, visible, strict=True):
        line.set_visible(was)
    return picture


def recolour(painter: Browser, color: str) -> None:
    painter.canvas.moving[0].set_color(color)  # type: ignore[attr-defined]
    painter.canvas.draw_moving()


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
        windows.append(len(painter.canvas._in_flight))
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
    while painter.canvas._window < MAX_WINDOW:
        sent_until_it_waits(painter)
        painter.acknowledge()
    sent_until_it_waits(painter)
    if what == "late":
        painter.delay = PROMPT
        asked = [message["frame"] for message in painter.lists if message.get("ack", True)]
        assert set(asked[-2:]) <= set(painter.canvas._in_flight)
        painter.send("frame_ack", frame=asked[-2])
        assert painter.canvas._window == MAX_WINDOW // 2, "though a later one is waited for, too"
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
    assert painter.canvas._window == MIN_WINDOW


def test_at_a_slow_pace_every_frame_is_to_be_acknowledged(painter: Painter) -> None:
    painter.delay = 0.0
    while painter.canvas._window < MAX_WINDOW:
        sent_until_it_waits(painter)
        painter.acknowledge()
    for color in ("red", "green", "blue"):
        painter.now += ASK_INTERVAL
        recolour(painter, color)
        assert painter.lists[-1].get("ack", True), "that a browser has gone is noticed soon"
        painter.acknowledge()


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
        lambda: recolour(painter, str(random.choice(["red", "green", "blue"]))),
        lambda: figure.axes[0].set_xlim(-1, random.integers(2, 9)),
        canvas.draw,
        canvas.draw_idle,
        lambda: canvas.blit(),
        kernel.mailbox.drain,
        painter.acknowledge,
        lambda: painter.acknowledge(error="x"),
        lambda: setattr(canvas, "live", bool(random.integers(2))),
        lambda: painter.send("ready", device_pixel_ratio=1, theme="dark", stream=int(random.integers(2))),
        lambda: painter.send("visible", visible=bool(random.integers(2))),
        lambda: painter.send("resize", width=int(random.integers(120, 200)), height=130),
        lambda: reference(figure),
        lambda: setattr(painter, "now", painter.now + random.uniform(0, ACKNOWLEDGEMENT_TIMEOUT)),
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
    assert painter.canvas._visible
    painter.send("ready", device_pixel_ratio=1, theme="light", visible=False, time=800)
    assert painter.canvas._visible
    painter.send("visible", visible=False, time=1100)
    assert not painter.canvas._visible


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


# -- several pages -----------------------------------------------------------------------------------------------------


class Page:
    """One of several browser pages that show the same canvas: it speaks for itself, and `painter` sees what is sent."""

    def __init__(self, painter: Painter, name: str, **fields: object) -> None:
        self.painter = painter
        self.name = name
        self.send("ready", **{"device_pixel_ratio": 1, "theme": "light", "stream": 1, **fields})
        kernel.mailbox.drain()

    def send(self, kind: str, **fields: object) -> None:
        self.painter.send(kind, client=self.name, **fields)

    def acknowledge(self, **error: str) -> None:
        self.send("frame_ack", frame=self.painter.frames[-1][0], **error)


@pytest.fixture
def pages(painter: Painter) -> tuple[Page, Page]:
    """Two pages that have painted all there is."""
    painter.canvas._clients.clear()
    both = Page(painter, "one"), Page(painter, "other")
    for page in both:
        page.acknowledge()
    assert painter.canvas.ready
    return both


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
    assert painter.canvas._in_flight, "what is on its way will be painted"
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
    assert [client.visible for client in painter.canvas._clients.values()] == [False, True]


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
    assert len(painter.canvas._clients) == MAX_CLIENTS
    assert "one" in painter.canvas._clients


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
