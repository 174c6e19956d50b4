"""A host that does not load tfwidget's extension: ipympl's own front end shows the figure, and Agg draws all of it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.lab.harness import Lab, Server

SETUP = """
%load_ext tfwidget
%env TFWIDGET_FRONT_END=ipympl
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
plot = tfwidget.LivePlot(figsize=(8.0, 4.0)); plot.show()
for step in tfwidget.live(range(100_000), plot=plot):
    plot.run._budget = 0.9
    time.sleep(0.002)
    tfwidget.log(loss=np.exp(-step / 500) + 0.1 * np.random.random(), sample=np.random.random((20, 30)))
"""
LIMITS = "list(plot.figure.axes[0].get_xlim())"


@pytest.fixture(params=[1, 2])
def plain_lab(lab: Lab, kernelspecs: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A JupyterLab without tfwidget's extension, on a screen with as many device pixels per CSS pixel."""
    browser = lab.page.context.browser
    assert browser
    server = Server(tmp_path / "plain", kernelspecs, disabled=["tfwidget"])
    try:
        page = browser.new_page(viewport={"width": 1280, "height": 1000}, device_scale_factor=request.param)
        plain = Lab(server, page)
        assert not plain.js("() => jupyterapp.hasPlugin('tfwidget:plugin')")
        yield plain
        plain.screenshot(tmp_path / "screenshot.png")
        errors = [error for notebook in plain.notebooks for error in notebook.comm_errors]
        plain.reset()
        page.close()
        assert not errors
    finally:
        server.close()


def test_a_live_run(plain_lab: Lab, tmp_path: Path) -> None:
    notebook = plain_lab.open([SETUP, LOOP])
    notebook.run(0)
    notebook.start(1)
    figure = notebook.figure()
    figure.wait_until_shown()
    figure.wait_for_paints(10)
    plain_lab.screenshot(tmp_path / "running.png")

    before = notebook.evaluate(LIMITS, live=True)
    figure.tool("Left button pans")
    figure.drag((0.3, 0.3), (0.4, 0.3))
    while notebook.evaluate(LIMITS, live=True) == before:
        pass
    plain_lab.screenshot(tmp_path / "panned.png")

    notebook.locator("button:has-text('Pause')").click()
    notebook.locator("button:has-text('Resume')").wait_for()
    figure.wait_until_settled()
    plain_lab.screenshot(tmp_path / "paused.png")
    drawn = notebook.evaluate("np.asarray(plot.canvas.buffer_rgba()).tolist()", live=True)
    np.testing.assert_array_equal(figure.pixels(), np.array(drawn, np.uint8))

    notebook.locator("button:has-text('Stop')").click()
    notebook.finish(1)
    figure.wait_until_settled()
    np.testing.assert_array_equal(figure.pixels(), np.array(notebook.evaluate("saved(plot.figure)"), np.uint8))
