"""A host that does not load tfwidget's extension: ipympl's own front end shows the figure, and Agg draws all of it."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.lab.harness import Figure, Lab, Server

SETUP = """
%load_ext tfwidget
%tfwidget budget 90%
import io, time
import numpy as np
import tfwidget
from PIL import Image

def saved(figure):
    with io.BytesIO() as png:
        figure.savefig(png, format="png", dpi=figure.dpi)
        return np.asarray(Image.open(png).convert("RGBA")).tolist()
"""
LOOP = """
plot = tfwidget.LivePlot(figsize=(6.0, 3.0)); plot.show()
for step in tfwidget.live(range(100_000), plot=plot):
    time.sleep(0.002)
    tfwidget.log(loss=np.exp(-step / 500) + 0.1 * np.random.random(), sample=np.random.random((20, 30)))
"""
MISSING = "tfwidget.LivePlot().show()"
DRAWN = "np.asarray(plot.canvas.get_renderer().buffer_rgba()).tolist()"
LIMITS = "list(plot.figure.axes[0].get_xlim())"


@pytest.fixture(params=[1, 2])
def plain_lab(lab: Lab, kernelspecs: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A JupyterLab without tfwidget's extension, on a screen with as many device pixels per CSS pixel."""
    browser = lab.page.context.browser
    assert browser
    server = Server(tmp_path / "plain", kernelspecs, disabled=["tfwidget"])
    page = browser.new_page(viewport={"width": 1280, "height": 1000}, device_scale_factor=request.param)
    try:
        plain = Lab(server, page)
        assert not plain.js("() => jupyterapp.hasPlugin('tfwidget:plugin')")
        yield plain
        errors = [error for notebook in plain.notebooks for error in notebook.comm_errors]
        assert not errors
        plain.reset()
    finally:
        page.close()
        server.close()


def test_a_live_run(plain_lab: Lab, tmp_path: Path) -> None:
    notebook = plain_lab.open([SETUP, MISSING, LOOP, "%tfwidget doctor", "%env TFWIDGET_FRONT_END=ipympl"])
    notebook.run(0)
    notebook.run(1)
    notebook.locator("button:has-text('Pause')").wait_for()
    assert notebook.figure_count == 0
    assert "a figure has answered             not yet. If one does not appear: install" in notebook.run(3)
    plain_lab.screenshot(tmp_path / "missing.png")
    notebook.run(4)
    notebook.start(2)
    figure = notebook.figure()
    figure.wait_until_shown()
    figure.wait_for_paints(10)

    before = notebook.evaluate(LIMITS, live=True)
    figure.tool("Left button pans")
    figure.drag((0.3, 0.3), (0.4, 0.3))
    while notebook.evaluate(LIMITS, live=True) == before:
        pass
    plain_lab.screenshot(tmp_path / "running.png")

    notebook.locator("button:has-text('Pause'):not([disabled])").click()
    notebook.locator("button:has-text('Resume')").wait_for()
    assert_shows(figure, np.array(notebook.evaluate(DRAWN, live=True), np.uint8))

    notebook.locator("button:has-text('Stop'):not([disabled])").click()
    notebook.finish(2)
    drawn = np.array(notebook.evaluate(DRAWN), np.uint8)
    assert_shows(figure, drawn)
    plain_lab.screenshot(tmp_path / "ended.png")
    ratio = plain_lab.js("() => window.devicePixelRatio")
    saved = np.array(notebook.evaluate("saved(plot.figure)"), np.uint8)
    assert saved.shape[:2] == (300 * ratio, 600 * ratio)
    # The screen's texts are put together of pieces, which rounds otherwise.
    assert np.abs(drawn.astype(int) - saved).max() <= 1
    assert "a figure has answered             yes" in notebook.run(3)


def assert_shows(figure: Figure, picture: NDArray[np.uint8]) -> None:
    """Wait until the figure's canvas, which may have been made anew, shows this picture to the pixel."""
    deadline = time.monotonic() + 10
    while not np.array_equal(shown := figure.pixels(), picture) and time.monotonic() < deadline:
        pass
    np.testing.assert_array_equal(shown, picture)
