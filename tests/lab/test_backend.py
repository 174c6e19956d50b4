"""``%matplotlib tfwidget``: what corrupts stock ipympl's figures, where widget messages run on another thread."""

import base64
import io
import json

import numpy as np
from PIL import Image

from tests.lab.harness import Lab

SIX_FIGURES = r"""
%matplotlib tfwidget
import matplotlib.pyplot as plt
import numpy as np
figures = []
for k in range(6):
    fig, axes = plt.subplots(2, 2, figsize=(5, 3.5))
    for i, ax in enumerate(axes.flat):
        x = np.linspace(0, 10, 200)
        ax.plot(x, np.sin(x * (i + 1)), label=rf"$\sin({i + 1}x)\,\frac{{\alpha_{i}}}{{\beta}}$")
        ax.set_title(rf"$\int_0^{{{k}}} e^{{-x^2}}\,dx,\ \sqrt{{{i}}}$")
        ax.set_xlabel(r"$\omega_{%d}$" % i)
        ax.legend()
    fig.tight_layout()
    fig.canvas.draw_idle()
    figures.append(fig)
    plt.show()
"""

REFERENCE = """
import base64, io, json
pictures = []
for fig in figures:
    with io.BytesIO() as png:
        fig.savefig(png, format="png", dpi=fig.dpi)
        pictures.append(base64.b64encode(png.getvalue()).decode())
"""


def test_six_figures_with_mathtext_and_tight_layout(lab: Lab, version: str) -> None:
    """The case of ipympl #610."""
    notebook = lab.open([SIX_FIGURES, REFERENCE], version)
    notebook.run(0)
    shown = [notebook.figure(i) for i in range(6)]
    for figure in shown:
        figure.wait_until_shown()
    for figure in shown:
        figure.wait_until_settled()
    notebook.run(1)
    pictures = notebook.evaluate("pictures")
    assert len(pictures) == 6
    for figure, picture in zip(shown, pictures, strict=True):
        reference = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGBA"))
        np.testing.assert_array_equal(figure.pixels()[..., :3], reference[..., :3])


def test_a_figure_lives_in_the_cell_that_makes_it(lab: Lab, version: str) -> None:
    cell = """
%matplotlib tfwidget
import time, matplotlib.pyplot as plt
fig, ax = plt.subplots(figsize=(4, 3))
line, = ax.plot([0, 1, 2])
going = True
while going:
    line.set_ydata([0, 1, 2 + time.time() % 1])
    plt.pause(0.02)
"""
    notebook = lab.open([cell], version)
    notebook.start(0)
    figure = notebook.figure()
    figure.wait_until_shown()
    figure.wait_for_paints(5)
    limits = "json.loads(json.dumps([float(v) for v in ax.get_xlim()]))".replace("json", "__import__('json')")
    before = notebook.evaluate(limits, live=True)
    figure.tool("Left button pans")
    paints = len(figure.paints)
    figure.drag((0.5, 0.5), (0.7, 0.5))
    figure.wait_for_paints(2, since=paints)
    assert not notebook.done(0)
    notebook.evaluate("globals().update(going=False)", live=True)
    notebook.finish(0)
    assert notebook.evaluate(limits) != before
    assert json.dumps(notebook.errors) == "[]"
