"""Prints how live a plot is in a real JupyterLab and Chromium: ``python -m tests.benchmarks.browser``.

For each ipykernel, in fresh kernels, default settings, the figure made in the running cell: when the first picture
came, how long it took from moving the mouse until the pan was painted, which threads drew, and whether the case of
ipympl #610 (six figures with mathtext and ``tight_layout``) raised or left a canvas that differs from what ``savefig``
gives.

And, on the newest, what plotting costs a training there, beside stock ipympl: throughput, frames painted, and the time
from a step until its values are painted.
"""

import argparse
import base64
import io
import statistics
import tempfile
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
from PIL import Image

from tests.benchmarks.client import WORKLOAD, machine, spread, table
from tests.bootstrap import find_browser
from tests.kernels import AS_INSTALLED, NEWEST, WITH_SUBSHELLS, write_specs
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


TRAIN = (
    WORKLOAD,
    "ipympl_figure() if way == 'with_ipympl' else None",
    "began = time.time(); result = timed(way, count); ended = time.time()",
    "tidy()",
)

NOTE_ACKNOWLEDGEMENTS = """path => {
  tests.acknowledged = [];
  tests.book(path).panel.sessionContext.session.kernel.anyMessage.connect((_, { msg, direction }) => {
    const content = msg.content.data?.content;
    if (direction === 'send' && content?.type === 'frame_ack' && content.error === undefined)
      tests.acknowledged.push([content.frame, tests.paints.at(-1)]);
  });
}"""
"""A frame is acknowledged when it has just been painted: its number, and when that was."""

ENDED = """async ([path, cell]) => {
  while (!tests.book(path).runs[cell].done) await new Promise(resolve => setTimeout(resolve, 250));
}"""
"""Waits for a cell without looking at it in every animation frame, which the page would have to make for that."""

WATCHED = {
    "bare": "no plot",
    "with_stamps": "tfwidget",
    "with_stamps_at_30": "tfwidget, 30 frames/s asked, budget lifted",
    "with_ipympl": "ipympl, `draw()` at 10 frames/s",
}


def training(lab: Lab, version: str, rounds: int, seconds: float) -> None:
    """Watch the loop of `tests.benchmarks`, in turns with stock ipympl; print the table."""
    notebook = lab.open(TRAIN, version)
    notebook.run(0, timeout=120)
    lab.js(NOTE_ACKNOWLEDGEMENTS, notebook.path)
    for way in WATCHED:
        train(notebook, way, 200)
    count = round(seconds * 500 / train(notebook, "bare", 500).taken)
    rounds_ = [{way: train(notebook, way, count) for way in WATCHED} for _ in range(rounds)]
    rows = []
    for way, title in WATCHED.items():
        runs = [each[way] for each in rounds_]
        waits = sorted(wait for run in runs for wait in run.waits)
        rows.append(
            (
                title,
                spread([each["bare"].taken / each[way].taken for each in rounds_]),
                spread([each["with_ipympl"].taken / each[way].taken for each in rounds_]),
                spread([len(run.paints) / run.taken for run in runs], ".1f"),
                f"{1000 * statistics.median(waits):.0f}, {1000 * waits[int(0.95 * len(waits))]:.0f}" if waits else "",
            )
        )
    table(
        f"A loop of {count:,} steps in JupyterLab and Chromium, with the plot's making and end; {rounds} rounds; "
        "targets: 4 times the throughput of ipympl with as many frames, and a median of 100 ms",
        (
            "plotting",
            "throughput over the bare loop's: median (lowest to highest)",
            "over ipympl's",
            "frames painted per second",
            "ms from a step until it is painted, once the plot stands: median, 95th percentile",
        ),
        *rows,
    )
    print(f"\n{machine(notebook)}, JupyterLab {metadata.version('jupyterlab')}")
    lab.reset()


@dataclass(frozen=True)
class Training:
    """One training in the browser."""

    taken: float
    """Its seconds."""
    paints: list[float]
    """When the figure was painted, in seconds since the epoch."""
    waits: list[float]
    """Seconds from a step until the frame with its values was painted, once the plot stands."""


def train(notebook: Notebook, way: str, count: int) -> Training:
    """Run the cells of one training."""
    lab = notebook.lab
    notebook.evaluate(f"globals().update(way={way!r}, count={count})")
    notebook.run(1)
    if way == "with_ipympl":
        notebook.figure().wait_until_shown()
    lab.js("() => { tests.paints.length = tests.acknowledged.length = 0 }")
    notebook.start(2)
    lab.js(ENDED, [notebook.path, 2])
    notebook.finish(2)
    taken, began, ended, stands = notebook.evaluate("[result['taken'], began, ended, began + SETTLED]")
    paints = [when for when in lab.js("() => tests.paints") if began <= when <= ended]
    waits = []
    if way.startswith("with_stamps"):
        held = {int(frame): when for frame, when in notebook.evaluate("held").items()}
        painted: dict[float, float] = {}  # by when the step was made: when a frame with it was first
        for frame, when in lab.js("() => tests.acknowledged"):
            if held.get(frame, 0.0) > stands:
                painted.setdefault(held[frame], when)
        waits = [when - made for made, when in painted.items()]
        assert all(wait > 0 for wait in waits), "a frame was acknowledged that had not been painted"
    notebook.run(3)
    return Training(taken, paints, waits)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.browser", description=__doc__)
    parser.add_argument("parts", nargs="*", help="what to measure, of live, figures, training (default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each training is run (default: 3)")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long the bare one runs in each (default: 4)")
    parser.add_argument("--runs", type=int, default=10, help="how often each case is run (default: 10)")
    parser.add_argument("--kernel", action="append", help="which ipykernel (default: each with subshells)")
    arguments = parser.parse_args()
    parts = arguments.parts or ["live", "figures", "training"]
    browser = find_browser()
    if browser is None:
        parser.error("no Chromium or Chrome: install one, or name one in TFWIDGET_BROWSER")
    with (
        tempfile.TemporaryDirectory() as folder,
        opened(Path(folder), write_specs(Path(folder, "specs"), variables=AS_INSTALLED), browser) as lab,
    ):
        for version in arguments.kernel or WITH_SUBSHELLS:
            if "live" in parts:
                print(live(lab, version, arguments.runs), flush=True)
            if "figures" in parts:
                print(six_figures(lab, version, arguments.runs), flush=True)
        if "training" in parts:
            training(lab, (arguments.kernel or [NEWEST])[-1], arguments.rounds, arguments.seconds)


if __name__ == "__main__":
    main()
