"""How live a plot is in a real JupyterLab and Chromium, and what it costs a training there.

Invariant: what is told of a frame is what the page received and painted; the kernel is asked when it made which step.
"""

import functools
import re
import statistics
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks import cores
from tests.benchmarks.client import WORKLOAD, machine, spread, table
from tests.benchmarks.options import Options
from tests.lab.harness import Figure, Lab, Notebook
from tests.lab.screenshot import NOTEBOOKS, code_cells

WATCH = (Path(__file__).parent / "watch.js").read_text()
STOP = ".tfw-controls button:has-text('Stop')"


def open_watched(lab: Lab, cells: Sequence[str], options: Options) -> Notebook:
    """A notebook whose messages are watched, its first cell run."""
    notebook = lab.open(cells, options.kernel)
    lab.js(f"path => {{ {WATCH}; watch.attach(path); }}", notebook.path)
    notebook.run(0, timeout=120)
    return notebook


@dataclass(frozen=True)
class Painted:
    """What was painted of a figure that moves: when, and the step that was shown then (0: not known)."""

    times: list[float]
    steps: list[int]

    @classmethod
    def read(cls, lab: Lab) -> "Painted":
        """All since the watch was reset: a frame that came is painted by the next paint."""
        paints, frames = lab.js("() => [tests.paints, watch.frames]")
        shown: dict[float, int] = {}
        for came, step in frames:
            if (number := bisect_left(paints, came)) < len(paints):
                shown[paints[number]] = max(shown.get(paints[number], 0), round(step))
        return cls(list(shown), list(shown.values()))

    def within(self, began: float, ended: float) -> "Painted":
        """Those between two times."""
        kept = [(when, step) for when, step in zip(self.times, self.steps, strict=True) if began <= when < ended]
        return Painted([when for when, _ in kept], [step for _, step in kept])

    def standstill(self, began: float, ended: float) -> float:
        """The longest time without one, in seconds."""
        return float(np.diff([began, *self.times, ended]).max())

    def lags(self, began: Sequence[float]) -> list[float]:
        """Seconds from when the shown step began (the first is step 1) until it was painted, where it is known."""
        known = [(when, step) for when, step in zip(self.times, self.steps, strict=True) if 0 < step <= len(began)]
        return [when - began[step - 1] for when, step in known]


# -- what it costs -----------------------------------------------------------------------------------------------------

TRAIN = (
    WORKLOAD.format(pinned=True),
    "tools.ipympl_figure() if way == 'with_ipympl' else None",
    "result = timed(way, settle, seconds, 0.9, fps)",
    "tidy()",
)

SETTINGS = (
    ("tfwidget", "with_tfwidget", None, "0.95 at 8"),
    ("tfwidget", "with_tfwidget", 30, "0.93"),
    ("tfwidget", "with_tfwidget", 10, "an eighth of ipympl's loss"),
    ("ipympl", "with_ipympl", 10, ""),
)


def core(lab: Lab, options: Options) -> None:
    """A training beside the bare one, the kernel on one core and all else on the others."""
    notebook = open_watched(lab, TRAIN, options)
    bare = functools.partial(train, notebook, "bare", None, options.settle / 4, options.seconds)
    for _, way, fps, _ in SETTINGS:
        train(notebook, way, fps, 0.5, 0.5)  # imports and compiles
    runs: dict[int, list[dict[str, Any]]] = {number: [] for number in range(len(SETTINGS))}
    for _ in range(options.rounds):
        before = bare()
        for number, (_, way, fps, _) in enumerate(SETTINGS):
            run = train(notebook, way, fps, options.settle if fps else options.minute, options.seconds)
            after = bare()
            step = (before["step"] + after["step"]) / 2
            lost = 1000 * run["seconds"] * (1 - step / run["step"]) / max(run["frames"], 1)
            runs[number].append({**run, "ratio": step / run["step"], "lost": lost})
            before = after
    table(
        f"JupyterLab and Chromium, the kernel on one core and all else on the others: steps of 0.9 ms, 4 curves in 2 "
        f"axes; {options.rounds} rounds of {options.seconds:g} s once the plot stands",
        (
            "plotting",
            "frames/s asked for",
            "throughput over the bare loop's: median (lowest to highest)",
            "target",
            "frames painted per second",
            "ms of training lost per frame",
            "processor of the kernel",
            "of Chromium",
            "of the server",
        ),
        *(
            (
                title,
                str(fps or "default"),
                spread([run["ratio"] for run in runs[number]], ".3f"),
                target,
                spread([run["frames"] / run["seconds"] for run in runs[number]], ".1f"),
                spread([run["lost"] for run in runs[number]], ".1f"),
                *(spread([run[who] for run in runs[number]], ".0%") for who in ("kernel", "chromium", "server")),
            )
            for number, (title, _, fps, target) in enumerate(SETTINGS)
        ),
    )
    print(f"\n{machine(notebook)}")
    lab.reset()


def train(notebook: Notebook, way: str, fps: float | None, settle: float, seconds: float) -> dict[str, Any]:
    """One training."""
    lab = notebook.lab
    sizes = {"settle": settle, "seconds": seconds}
    notebook.evaluate(f"globals().update({ {'way': way, 'fps': fps, **sizes} })")
    notebook.run(1)
    if way == "with_ipympl":
        notebook.figure().wait_until_shown()
    lab.js("() => watch.reset()")
    watched = {"chromium": cores.below("chrom"), "server": cores.below("jupyterlab")}
    samples: list[tuple[float, ...]] = []
    notebook.start(2)
    while not notebook.done(2):
        samples.append((time.time(), *map(cores.used, watched.values())))
        time.sleep(0.5)
    notebook.finish(2)
    result: dict[str, Any] = notebook.evaluate("result")
    began, ended = (when + result["epoch"] for when in result["window"])
    frames = Painted.read(lab).within(began, ended)
    notebook.run(3)
    times, *columns = np.transpose(samples)
    shares = {
        who: float(np.diff(np.interp((began, ended), times, column))[0]) / (ended - began)
        for who, column in zip(watched, columns, strict=True)
    }
    kernel = result["processor"] / result["step"]
    return {**result, **shares, "kernel": kernel, "seconds": ended - began, "frames": len(frames.times)}


# -- how live it is ----------------------------------------------------------------------------------------------------

STAMPS = """
import itertools
import time

began = []

class Stamped:
    def __init__(self, batches):
        self.batches = batches

    def __len__(self):
        return len(self.batches)  # of an endless one, TypeError, as it should be

    def __iter__(self):
        for batch in self.batches:
            began.append(time.time())
            yield batch
"""
"""`began`: when each step began."""

STAMP_BATCHES = "model.make_train_function()\ntools.before_each_batch(model, lambda: began.append(time.time()))\n"

FIT = f"""
model, x, y = tools.network_and_rows()
{STAMP_BATCHES}
live = tfwidget.LiveCallback(weights=[model.layers[0].name + "/kernel"])
model.fit(x, y, BATCH, 10**6, verbose=0, callbacks=[live])
"""

PICTURE = """
count = repeats(20.0)
for x, y in tfwidget.live(Stamped(itertools.repeat(batches[0]))):
    tfwidget.log(loss=step(x, y, count)[0], picture=model.layers[1].kernel[:8, :8])
"""


def cases() -> dict[str, tuple[str, ...]]:
    """The trainings to be looked at: cells, of which the last one trains."""
    code = code_cells(NOTEBOOKS / "01_quickstart.ipynb")
    loop = next(number for number, cell in enumerate(code) if "tfwidget.live(batches)" in cell)
    cells = [*code[: loop - 1], changed(code[loop - 1], r"repeat\(\d+\)", "repeat(10**6)")]
    fit = changed(code[loop + 1], r"epochs=\d+", "epochs=10**6")
    fit = changed(fit, r"^(?=history = )", STAMP_BATCHES)
    first = WORKLOAD.format(pinned=False) + "\nimport tfwidget\n" + STAMPS
    return {
        "quickstart, its loop": (first, *cells, "batches = Stamped(batches)", code[loop]),
        "quickstart, its `fit`": (first, *cells, fit),
        "`fit` of 1 ms batches, curves and a histogram": (first, FIT),
        "steps of 20 ms, a curve and an 8 × 8 picture": (first, PICTURE),
    }


def changed(cell: str, pattern: str, new: str) -> str:
    """A cell with the one place changed."""
    result, count = re.subn(pattern, new, cell, flags=re.MULTILINE)
    assert count == 1, f"the quickstart has {count} of {pattern}"
    return result


TARGETS = {"first 10 s": "10 (15)", "after a minute": "8 (15)"}


def liveness(lab: Lab, options: Options) -> None:
    """Default settings: how often a plot moves, how long it stands still, how far behind the training it is."""
    rows = []
    for title, cells in cases().items():
        notebook = open_watched(lab, cells, options)
        for cell in range(1, len(cells) - 1):
            notebook.run(cell, timeout=120)
        lab.js("() => watch.reset()")
        notebook.start(len(cells) - 1)
        figure = notebook.figure(timeout=60)
        figure.canvas.scroll_into_view_if_needed()  # what nobody sees is sent nothing
        shown = figure.wait_until_shown()
        windows = {"first 10 s": shown, "after a minute": shown + options.minute}
        long = min(10.0, options.minute)
        time.sleep(max(shown + options.minute + long + 0.5 - time.time(), 0))
        notebook.locator(STOP).click()
        notebook.finish(len(cells) - 1)
        painted, steps = Painted.read(lab), notebook.evaluate("began")
        for when, began in windows.items():
            part = painted.within(began, began + long)
            lags = part.lags(steps)
            rows.append(
                (
                    title,
                    when,
                    f"{len(part.times) / long:.1f}",
                    TARGETS[when],
                    f"{1000 * part.standstill(began, began + long):.0f}",
                    f"{1000 * statistics.median(lags):.0f}, {1000 * max(lags):.0f}" if lags else "",
                )
            )
        lab.reset()
    table(
        "How live a plot is in JupyterLab and Chromium, default settings, from the first picture on",
        (
            "training",
            "when",
            "moving frames/s",
            "target (of the last)",
            "ms of the longest standstill (target: 300)",
            "ms from a step's begin until it is painted: median, longest (target: 300)",
        ),
        *rows,
    )


# -- messages that are lost --------------------------------------------------------------------------------------------

BURSTS = """
import itertools, time
import numpy as np
import tfwidget

rng = np.random.default_rng(0)
for number in tfwidget.live(itertools.count()):
    if number % 200 == 199:  # the values stand still, and the figure answers
        print(f"burst {number // 200}.")
        until = time.time() + 2
        while time.time() < until:
            tfwidget.tick()
            time.sleep(0.01)
    time.sleep(0.002)
    tfwidget.log(loss=np.exp(-number / 500) + 0.1 * rng.random(), weights=rng.random((8, 8)))
"""

RIGHT_WITHIN = 0.5
"""Seconds after the last step."""

SAME = 0.01
"""Of the pixels may differ: a keyframe may leave out other points of a curve that has many in one column."""

KEYFRAME_PAINTED = """asked => {
  const came = watch.keyframes.find(when => when > asked);
  return came && tests.paints.at(-1) > came;
}"""


def drops(lab: Lab, options: Options) -> None:
    """Lose every tenth message to widgets: whether the picture is what a keyframe makes of it, half a second later."""
    notebook = open_watched(lab, ("%load_ext tfwidget", BURSTS), options)
    notebook.start(1)
    figure = notebook.figure()
    figure.wait_until_shown()
    lab.js("() => watch.reset()")
    right = 0
    for number in range(options.drops):
        lab.js("() => watch.lose(10)")
        notebook.wait_for_text(1, f"burst {number + 1}.", timeout=60)
        time.sleep(RIGHT_WITHIN)
        seen = figure.pixels()
        asked = lab.js("path => { watch.lose(0); watch.keyframe(path); return tests.now(); }", notebook.path)
        lab.wait_for(KEYFRAME_PAINTED, asked, what="a keyframe")
        differ = (seen != figure.pixels()).any(axis=2).mean()
        right += differ < SAME
    healed = [1000 * (ended - began) for began, ended in lab.js("() => watch.healed")]
    notebook.locator(STOP).click()
    notebook.finish(1)
    table(
        "JupyterLab and Chromium, every tenth message from the kernel to widgets lost",
        ("pictures right half a second after the last step", "frames lost", "ms from a lost frame to a keyframe"),
        (f"{right} of {options.drops}", f"{len(healed)}", spread(healed, ".0f")),
    )
    lab.reset()


# -- first picture and pans --------------------------------------------------------------------------------------------

LOOP = """
import time
import numpy as np
import tfwidget

rng = np.random.default_rng(0)
plot = tfwidget.LivePlot()
plot.show()
for step in tfwidget.live(range(100_000), plot=plot):
    if step == 0:
        first_step = time.time()
    time.sleep(0.002)
    tfwidget.log(loss=np.exp(-step / 500) + 0.1 * rng.random(), weights=rng.normal(size=(32, 32)))
"""

LIMITS = "[list(map(float, ax.get_xlim())) for ax in plot.figure.axes]"
ANSWER = 5.0
"""Seconds after which a pan counts as not answered."""


def pans(lab: Lab, options: Options) -> None:
    """When the first picture comes, and how long a pan takes until it is painted, while the cell runs."""
    first, answers = [], list[float | None]()
    for _ in range(options.rounds):
        notebook = open_watched(lab, ("%load_ext tfwidget", LOOP), options)
        notebook.start(1)
        figure = notebook.figure()
        shown = figure.wait_until_shown()
        first.append(shown - notebook.evaluate("first_step", live=True))
        figure.tool("Left button pans")
        answers += [pan(notebook, figure, 0.05 * (-1) ** number) for number in range(4)]
        notebook.locator(STOP).click()
        notebook.finish(1)
        lab.reset()
    answered = [1000 * answer for answer in answers if answer is not None]
    table(
        f"While the cell runs, ipykernel {options.kernel}",
        ("s from the first step to the first picture", "pans answered", "ms until a pan is painted (target: 50)"),
        (spread(first), f"{len(answered)} of {len(answers)}", spread(answered, ".0f")),
    )


def pan(notebook: Notebook, figure: Figure, direction: float) -> float | None:
    """Drag the first panel; return the seconds until it was painted, or None where it did not move."""
    limits = notebook.evaluate(LIMITS, live=True)
    figure.drag((0.2, 0.3), (0.2, 0.3), moves=1, release=False)
    paints, began = len(figure.paints), time.time()
    page = notebook.lab.page
    box = figure.canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + (0.2 + direction) * box["width"], box["y"] + 0.3 * box["height"])
    painted = figure.wait_for_paints(since=paints, timeout=ANSWER) - began
    page.mouse.up()
    while time.time() < began + ANSWER:
        if notebook.evaluate(LIMITS, live=True) != limits:
            return painted
    return None
