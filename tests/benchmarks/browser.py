"""Prints how live a plot is in a real JupyterLab and Chromium: ``python -m tests.benchmarks.browser``.

For each ipykernel, in fresh kernels, default settings, the figure made in the running cell: when the first picture
came, how long it took from moving the mouse until the pan was painted, which threads drew, and whether the case of
ipympl #610 (six figures with mathtext and ``tight_layout``) raised or left a canvas that differs from what ``savefig``
gives.
"""

import argparse
import base64
import io
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from tests.bootstrap import find_browser
from tests.kernels import WITH_SUBSHELLS, write_specs
from tests.lab.harness import Figure, Lab, Notebook, opened
from tests.lab.test_backend import REFERENCE, SIX_FIGURES
from tests.lab.test_live import LOOP, SETUP, Controls

DRAGS = 2  # in each run
ANSWER = 5.0  # seconds after which a drag counts as not answered

LIMITS = "[list(map(float, ax.get_xlim())) for ax in __import__('tfwidget').bridge.current_run().front_end.figure.axes]"


def pan(notebook: Notebook, figure: Figure, direction: float) -> float | None:
    """Drag the first panel; return the seconds until it was painted, or None where it did not move."""
    limits = notebook.evaluate(LIMITS, live=True)
    figure.drag((0.2, 0.3), (0.2, 0.3), moves=1, release=False)
    paints, began = len(figure.paints), time.time()
    page = notebook.lab.page
    box = figure.canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + (0.2 + direction) * box["width"], box["y"] + 0.3 * box["height"])
    painted = None
    while painted is None and time.time() - began < ANSWER:
        later = [when for when in figure.paints[paints:] if when > began]
        painted = later[0] - began if later else None
    page.mouse.up()
    deadline = time.time() + ANSWER
    while time.time() < deadline:
        if notebook.evaluate(LIMITS, live=True) != limits:
            return painted
    return None


def live(lab: Lab, version: str, runs: int) -> str:
    """Watch a plain loop, `runs` times."""
    first, answers, threads, errors, early = [], [], set(), [], 0
    for _ in range(runs):
        notebook = lab.open([SETUP, LOOP], version)
        notebook.run(0)
        notebook.start(1)
        figure = notebook.figure()
        shown = figure.wait_until_shown()
        early += not notebook.done(1)
        first.append(shown - notebook.evaluate("first_step", live=True))
        figure.tool("Left button pans")
        answers += [pan(notebook, figure, 0.05 * (-1) ** i) for i in range(DRAGS)]
        Controls(notebook).click("Stop")
        notebook.finish(1)
        threads |= set(notebook.evaluate("sorted(drawn_by)"))
        errors += notebook.comm_errors
        lab.reset()
    answered = [answer for answer in answers if answer is not None]
    lines = [
        f"ipykernel {version}: first picture before the cell's end in {early} of {runs}, "
        f"{statistics.median(first):.2f} s after the first step (at most {max(first):.2f}); "
        f"{len(answered)} of {len(answers)} pans answered, median {1000 * statistics.median(answered):.0f} ms "
        f"(at most {1000 * max(answered):.0f}); drawn by {', '.join(sorted(threads))}; {len(errors)} comm errors",
        *(f"  {error[-500:]!r}" for error in errors),
    ]
    return "\n".join(lines)


def six_figures(lab: Lab, version: str, runs: int) -> str:
    """The case of ipympl #610, `runs` times."""
    raised = different = 0
    for _ in range(runs):
        notebook = lab.open([SIX_FIGURES, REFERENCE], version)
        notebook.start(0)
        notebook.finish(0, ok=False)
        raised += bool(notebook.errors or notebook.comm_errors)
        figures = [notebook.figure(i) for i in range(6)]
        for figure in figures:
            figure.wait_until_shown()
        for figure in figures:
            figure.wait_until_settled()
        notebook.run(1)
        for figure, picture in zip(figures, notebook.evaluate("pictures"), strict=True):
            reference = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB"))
            different += not np.array_equal(figure.pixels()[..., :3], reference)
        lab.reset()
    return f"ipykernel {version}: raised in {raised} of {runs}, {different} of {6 * runs} canvases differ from savefig"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.browser", description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="how often each case is run (default: 10)")
    parser.add_argument("--kernel", action="append", help="which ipykernel (default: each with subshells)")
    arguments = parser.parse_args()
    browser = find_browser()
    if browser is None:
        parser.error("no Chromium or Chrome: install one, or name one in TFWIDGET_BROWSER")
    with (
        tempfile.TemporaryDirectory() as folder,
        opened(Path(folder), write_specs(Path(folder, "specs")), browser) as lab,
    ):
        for version in arguments.kernel or WITH_SUBSHELLS:
            print(live(lab, version, arguments.runs), flush=True)
            print(six_figures(lab, version, arguments.runs), flush=True)


if __name__ == "__main__":
    main()
