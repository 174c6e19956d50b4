"""Figures on a canvas, and who shows them."""

from collections.abc import Iterator

import pytest

from tests.unit.canvas_browsers import Browser, FakeScene, Ipympl, Painter, open_browser
from tfwidget.canvas.canvas import Canvas
from tfwidget.canvas.sender import PROMPT

browser = pytest.fixture(open_browser)
same_browser = pytest.fixture(scope="module")(open_browser)
"""One for many tests that change nothing."""


@pytest.fixture
def ipympl(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ipympl]:
    """A figure that ipympl's front end shows."""
    monkeypatch.setenv("TFWIDGET_FRONT_END", "ipympl")
    monkeypatch.setattr(Canvas, "current_dpi_ratio", 1.0)
    browser = next(opened := open_browser())
    yield Ipympl(browser.canvas)
    next(opened, None)


@pytest.fixture
def painter(browser: Browser) -> Painter:
    """A figure with a scene, whose page has painted it."""
    painter = Painter(browser.canvas, FakeScene())
    painter.hello()
    painter.clock.now += PROMPT  # so that two frames at most are in flight
    painter.acknowledge()
    return painter
