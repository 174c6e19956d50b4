"""Figures on a canvas, and who shows them."""

from collections.abc import Iterator

import pytest

from tests.unit.canvas_browsers import Browser, Ipympl, Page, Painter, open_browser
from tfwidget.canvas.canvas import Canvas
from tfwidget.jupyter import kernel

browser = pytest.fixture(open_browser)
same_browser = pytest.fixture(scope="module")(open_browser)
"""One for many tests that change nothing."""


@pytest.fixture
def moving(browser: Browser) -> Browser:
    """A figure whose line moves, inside the axes' frame: at the frame, what is drawn last would lie on top."""
    ax = browser.canvas.figure.axes[0]
    ax.set(xlim=(-0.5, 2.5), ylim=(-0.5, 1.5))
    ax.lines[0].set_animated(True)
    browser.canvas.moving = [ax.lines[0]]
    return browser


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


@pytest.fixture
def pages(painter: Painter) -> tuple[Page, Page]:
    """Two pages that have painted all there is."""
    painter.canvas.flow.clients.clear()
    both = Page(painter, "one"), Page(painter, "other")
    for page in both:
        page.acknowledge()
    assert painter.canvas.ready
    return both
