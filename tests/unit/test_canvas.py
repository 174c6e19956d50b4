"""The canvas without a kernel: when it draws and sends, and what other threads may do."""

import io
import threading
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from ipywidgets.widgets.widget import _instances
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from tests.unit.canvas_browsers import MOUSE, Browser, change, in_thread, reference, tell
from tfwidget.agg import Renderer
from tfwidget.canvas.backend import FigureCanvas, FigureManager, new_canvas
from tfwidget.canvas.flow import MAX_TIMEOUT
from tfwidget.canvas.sender import MAX_LOSSES
from tfwidget.errors import TfwidgetWarning
from tfwidget.jupyter import owner

# -- drawing and sending -----------------------------------------------------------------------------------------------


def test_draw_shows_the_figure_at_once(browser: Browser) -> None:
    browser.canvas.draw()
    assert browser.modes == ["full"]
    np.testing.assert_array_equal(browser.picture, reference(browser.canvas.figure))


def test_many_draw_idle_make_one_draw(browser: Browser) -> None:
    for _ in range(5):
        change(browser)
        browser.canvas.draw_idle()
    assert browser.draws == 0
    assert owner.mailbox.drain() == 1, "what is posted is bounded"
    assert browser.draws == 1
    assert len(browser.frames) == 1
    owner.mailbox.drain()
    assert browser.draws == 1


def test_a_draw_does_what_draw_idle_was_to_do(browser: Browser) -> None:
    browser.canvas.draw_idle()
    browser.canvas.draw()
    owner.mailbox.drain()
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
        owner.mailbox.drain()
    assert browser.draws == 1, "no picture is drawn that could not be sent"
    browser.acknowledge()
    assert (browser.draws, len(browser.frames)) == (2, 2)
    np.testing.assert_array_equal(browser.picture, reference(browser.canvas.figure))


def test_a_frame_without_acknowledgement_counts_as_lost_and_a_full_one_follows(browser: Browser) -> None:
    browser.canvas.draw()
    browser.acknowledge()
    change(browser)
    browser.canvas.draw()
    assert browser.modes == ["full", "diff"]
    lost = browser.frames[1][0]
    browser.picture = np.zeros_like(browser.picture)
    browser.alarms.pass_time(MAX_TIMEOUT)
    assert browser.modes[:3] == ["full", "diff", "full"], "though nobody has drawn or said anything"
    np.testing.assert_array_equal(browser.picture, reference(browser.canvas.figure))
    browser.send("frame_ack", frame=lost)
    assert not browser.canvas.ready, "the acknowledgement of a lost frame says nothing about the next one"
    browser.acknowledge()
    assert browser.canvas.ready


def test_a_browser_that_never_answers_is_not_sent_pictures_for_ever(browser: Browser) -> None:
    browser.canvas.draw()
    browser.alarms.pass_time(100.0)
    assert 1 <= len(browser.frames) <= 2 + MAX_LOSSES
    assert browser.alarms.waiting == [], "nothing is left behind"
    change(browser)
    browser.canvas.draw_idle()
    owner.mailbox.drain()
    np.testing.assert_array_equal(browser.picture, reference(browser.canvas.figure))


def test_a_new_view_gets_a_full_frame_though_one_is_in_flight_and_one_is_due(browser: Browser) -> None:
    browser.canvas.draw()
    browser.acknowledge()
    browser.canvas.draw()
    change(browser)
    browser.canvas.draw_idle()
    owner.mailbox.drain()
    assert browser.modes == ["full", "diff"]
    browser.name = "page"
    browser.send("ready", device_pixel_ratio=1, theme="light")
    owner.mailbox.drain()
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
    assert len(browser.frames) == 1 + MAX_LOSSES
    change(browser)
    browser.canvas.draw()
    assert len(browser.frames) == 2 + MAX_LOSSES, "but a new picture is worth another try"
    browser.acknowledge()
    assert browser.canvas.ready
    browser.canvas.draw()
    browser.acknowledge(error="once")
    assert len(browser.frames) == 4 + MAX_LOSSES


@pytest.mark.parametrize("resolution", [1, 2])
def test_saving_the_figure_does_not_spoil_what_waits_to_be_sent(browser: Browser, resolution: int) -> None:
    """Matplotlib saves with the same renderer: at the end of a cell the notebook's picture is saved like this."""
    figure = browser.canvas.figure
    browser.send("ready", device_pixel_ratio=resolution, theme="light")
    owner.mailbox.drain()
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
        *browser.chances(random),
        lambda: change(browser),
        browser.canvas.blit,
        browser.acknowledge,
        lambda: browser.acknowledge(error="x"),
        lambda: browser.send("ready", device_pixel_ratio=float(random.choice([1, 2])), theme="dark"),
    ]
    for _ in range(40):
        actions[random.integers(len(actions))]()
    browser.canvas.draw_idle()
    for _ in range(4):
        owner.mailbox.drain()
        browser.acknowledge()
    np.testing.assert_array_equal(browser.picture, reference(figure))


def test_a_figure_that_cannot_be_drawn_is_drawn_when_it_can_be_again(browser: Browser) -> None:
    title = browser.canvas.figure.axes[0].set_title("$\\nonsense$")
    browser.canvas.draw_idle()
    with pytest.warns(TfwidgetWarning, match="ParseFatalException|ValueError"):
        owner.mailbox.drain()
    title.set_text("better")
    browser.canvas.draw_idle()
    owner.mailbox.drain()
    assert len(browser.frames) == 1
    np.testing.assert_array_equal(browser.picture, reference(browser.canvas.figure))


def test_a_layout_that_moves_axes_while_drawing_is_drawn_once(browser: Browser) -> None:
    figure = browser.canvas.figure
    figure.set_layout_engine("constrained")
    # As pyplot does in interactive mode.
    figure.stale_callback = lambda figure, value: value and figure.canvas.draw_idle()
    browser.canvas.draw_idle()
    for _ in range(5):
        owner.mailbox.drain()
        if not browser.canvas.ready:
            browser.acknowledge()
    assert browser.draws == 1
    assert not owner.mailbox


def test_sends_nothing_after_it_was_closed(browser: Browser) -> None:
    browser.canvas.draw_idle()
    browser.canvas.close()
    owner.mailbox.drain()
    browser.canvas.draw()
    browser.canvas.show()
    browser.canvas.draw_idle()
    owner.mailbox.drain()
    assert browser.frames == []
    browser.canvas.close()


def test_flush_events_handles_what_was_posted(browser: Browser) -> None:
    browser.canvas.draw_idle()
    browser.canvas.flush_events()
    assert len(browser.frames) == 1


def test_an_event_loop_handles_messages_until_it_is_stopped(browser: Browser) -> None:
    seen: list[str] = []

    def post() -> None:
        owner.mailbox.post(lambda: seen.append("posted"))
        owner.mailbox.post(browser.canvas.stop_event_loop)

    thread = threading.Thread(target=post)
    owner.mailbox.post(thread.start)
    browser.canvas.start_event_loop(0)
    thread.join()
    assert seen == ["posted"]


def test_an_event_loop_ends_with_its_time(browser: Browser) -> None:
    browser.canvas.draw_idle()
    browser.canvas.start_event_loop(0.001)
    assert len(browser.frames) == 1


def test_an_event_loop_of_another_thread_handles_nothing(browser: Browser) -> None:
    seen: list[str] = []
    owner.mailbox.post(lambda: seen.append(threading.current_thread().name))
    in_thread(lambda: browser.canvas.start_event_loop(0.001))
    in_thread(browser.canvas.flush_events)
    assert seen == []
    owner.mailbox.drain()
    assert seen == ["MainThread"]


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


# -- other threads -----------------------------------------------------------------------------------------------------


def test_a_message_on_another_thread_is_posted_in_order_and_nothing_overtakes_it(browser: Browser) -> None:
    seen: list[tuple[str, float]] = []
    browser.canvas.mpl_connect(
        "motion_notify_event", lambda event: seen.append((threading.current_thread().name, event.x))
    )

    def arrive(x: int) -> None:
        tell(browser.canvas, {"type": "motion_notify", **MOUSE, "x": x})

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
    owner.mailbox.drain()
    assert browser.draws == (1 if method == "draw" else 0)


def test_draw_idle_is_welcome_on_any_thread(browser: Browser) -> None:
    browser.canvas.figure.stale = True
    in_thread(browser.canvas.draw_idle)
    assert browser.draws == 0
    owner.mailbox.drain()
    owner.mailbox.drain()
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
        owner.mailbox.drain()
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
    owner.mailbox.drain()
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
    canvas = FigureCanvas(figure)
    FigureManager(canvas, 0)
    figure.stale_callback = lambda _figure, value: told.append(value)
    canvas.watch_mutations()
    canvas.watch_mutations()
    figure.suptitle("title")
    assert told
    assert all(told)
    canvas.close()


def test_nothing_of_a_closed_canvas_remains() -> None:
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
