"""The canvas when ipympl's own front end shows it."""

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.unit.canvas_browsers import Browser, FakeScene, Ipympl, change, new_canvas, reference
from tfwidget.canvas.canvas import Canvas
from tfwidget.canvas.flow import MAX_TIMEOUT
from tfwidget.jupyter import owner


def test_ipympl_is_asked_for_its_own_widget_or_our_extension_for_ours(ipympl: Ipympl, browser: Browser) -> None:
    from ipympl.backend_nbagg import Canvas as Stock

    assert browser.canvas.introduced, "it was made by the same rule"
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
        owner.mailbox.drain()
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
        ipympl.clock.now += 1.1 * MAX_TIMEOUT
        assert ipympl.canvas.ready


def test_ipympl_is_sent_no_scene(ipympl: Ipympl) -> None:
    ipympl.canvas.scene = FakeScene()
    for _ in range(3):
        change(ipympl)
        ipympl.canvas.show()
        ipympl.answer()
        ipympl.decode()
        np.testing.assert_array_equal(ipympl.picture, reference(ipympl.canvas.figure))
    assert {content["type"] for content in ipympl.sent} <= {"binary", "draw", "history_buttons"}


@pytest.mark.parametrize("seed", range(6))
def test_whatever_comes_when_ipympl_ends_with_matplotlibs_picture(ipympl: Ipympl, seed: int) -> None:
    random = np.random.default_rng(seed)
    figure = ipympl.canvas.figure
    actions: list[Callable[[], object]] = [
        *ipympl.chances(random),
        lambda: change(ipympl),
        ipympl.answer,
        ipympl.decode,
        lambda: ipympl.load_page(ratio=2 if random.integers(2) else None),
    ]
    for _ in range(40):
        actions[random.integers(len(actions))]()
    ipympl.canvas.draw_idle()
    for _ in range(4):
        owner.mailbox.drain()
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
    assert second.canvas.get_state(["_size"]) == {"_size": (200, 150)}, "in CSS pixels"
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
