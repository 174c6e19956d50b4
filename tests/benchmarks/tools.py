"""The tools that are compared, each used as its own documentation says; runs inside a kernel.

Invariant: every tool is shown the same values of the same steps, in two axes of two curves each.
"""

import functools
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import tensorflow as tf
from IPython import get_ipython

from tests.benchmarks.workload import BATCH, EPOCH, NAMES, Values, Watch, images, labels

drawn: list[float] = []
"""When the loops below have drawn a frame (``time.perf_counter``)."""


def use(backend: str) -> None:
    """``%matplotlib``."""
    get_ipython().run_line_magic("matplotlib", backend)


def pace(fps: float | None) -> None:
    """``%tfwidget fps`` with the budget lifted; None: as it is by default."""
    from tfwidget.run.budget import Pace

    default = Pace()
    magic = functools.partial(get_ipython().run_line_magic, "tfwidget")
    magic(f"fps {fps or default.fps:g}")
    magic(f"budget {100 if fps else 100 * default.budget:g}%")


def paced(steps: Iterable[Values], fps: float | None, draw: Callable[[list[list[float]]], object]) -> None:
    """Keep all values, and draw them so often, from the beginning of one frame to that of the next.

    Where that is too often, a tenth of the time is left to the training; else it would come to a standstill.
    """
    assert fps, "it has no frame rate of its own"
    history: list[list[float]] = [[] for _ in NAMES]
    due = 0.0
    for values in steps:
        for series, value in zip(history, values, strict=True):
            series.append(float(value))
        began = time.perf_counter()
        if began >= due:
            draw(history)
            ended = time.perf_counter()
            drawn.append(ended)
            due = max(began + 1 / fps, ended + (ended - began) / 9)


# -- a loop of one's own -----------------------------------------------------------------------------------------------


def bare(steps: Iterable[Values], fps: None) -> None:
    """No plot."""
    for _ in steps:
        pass


def with_tfwidget(steps: Iterable[Values], fps: float | None) -> None:
    """README's first recipe."""
    import tfwidget

    pace(fps)
    for values in tfwidget.live(steps):
        tfwidget.log(**dict(zip(NAMES, values, strict=True)))


def ipympl_figure() -> None:
    """Goes into a cell before: a figure that is made in the training's own stays blank.

    https://github.com/matplotlib/ipympl/issues/425, its maintainers' answer.
    """
    use("ipympl")
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(1, 2)
    for ax in axes:
        ax.plot([], [], [], [])


def with_ipympl(steps: Iterable[Values], fps: float | None) -> None:
    """Ipympl, in the figure of the cell before.

    https://matplotlib.org/stable/users/explain/figure/interactive_guide.html, "Explicitly spinning the event loop",
    with `draw` for `draw_idle`: ipympl paints nothing of the latter while a cell runs
    (https://github.com/matplotlib/ipympl/issues/18).
    """
    import matplotlib.pyplot as plt

    figure = plt.gcf()
    lines = [line for ax in figure.axes for line in ax.lines]

    def draw(history: list[list[float]]) -> None:
        numbers = np.arange(len(history[0]))
        for line, series in zip(lines, history, strict=True):
            line.set_data(numbers, series)
        for ax in figure.axes:
            ax.relim()
            ax.autoscale_view()
        figure.canvas.draw()
        figure.canvas.flush_events()

    paced(steps, fps, draw)


def with_inline(steps: Iterable[Values], fps: float | None) -> None:
    """https://ipython.readthedocs.io/en/stable/api/generated/IPython.display.html: `clear_output`, and a new figure."""
    use("inline")
    import matplotlib.pyplot as plt
    from IPython.display import clear_output, display

    def draw(history: list[list[float]]) -> None:
        clear_output(wait=True)
        figure, axes = plt.subplots(1, 2)
        for number, series in enumerate(history):
            axes[number // 2].plot(series)
        display(figure)
        plt.close(figure)

    paced(steps, fps, draw)


def with_livelossplot(steps: Iterable[Values], fps: float | None) -> None:
    """https://github.com/stared/livelossplot: `update` and `send`, which it advises for each epoch."""
    use("inline")
    from livelossplot import PlotLosses

    plot, last = PlotLosses(), 0

    def draw(history: list[list[float]]) -> None:
        nonlocal last
        for values in zip(*(series[last:] for series in history), strict=True):
            plot.update(dict(zip(NAMES, values, strict=True)))
        last = len(history[0])
        plot.send()

    paced(steps, fps, draw)


def with_plotly(steps: Iterable[Values], fps: float | None) -> None:
    """https://plotly.com/python/figurewidget/: assign to the traces; all in one message by `batch_update`."""
    import plotly.graph_objects as go
    from IPython.display import display
    from plotly.subplots import make_subplots

    figure = go.FigureWidget(make_subplots(1, 2))
    for number, name in enumerate(NAMES):
        figure.add_trace(go.Scatter(y=[], name=name), row=1, col=number // 2 + 1)
    display(figure)

    def draw(history: list[list[float]]) -> None:
        with figure.batch_update():
            for trace, series in zip(figure.data, history, strict=True):
                trace.y = np.array(series)

    paced(steps, fps, draw)


# -- model.fit ---------------------------------------------------------------------------------------------------------


@functools.cache
def network_and_rows() -> tuple[Any, np.ndarray, np.ndarray]:
    """A compiled model, and an epoch of what it learns."""
    dense = tf.keras.layers.Dense
    network = tf.keras.Sequential([tf.keras.Input((64,)), dense(256, "relu"), dense(10)])
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile("sgd", loss, metrics=["accuracy"])
    network.make_train_function()
    rows = np.resize(np.arange(len(images)), EPOCH * BATCH)
    return network, images[rows], labels[rows]


def before_each_batch(network: Any, call: Callable[[], object]) -> None:
    """Call it, without a callback: the more there are, the less of Keras' own work can be spared."""
    train = getattr(network.train_function, "train", network.train_function)

    def train_function(iterator: Any) -> Any:
        call()
        return train(iterator)

    train_function.train = train  # type: ignore[attr-defined]
    network.train_function = train_function


def _fit(watch: Watch, verbose: int, *callbacks: Any) -> None:
    network, rows, targets = network_and_rows()

    def go_on() -> None:
        if len(watch.marks) < 2 and not watch.go_on():
            network.stop_training = True

    before_each_batch(network, go_on)
    network.fit(rows, targets, BATCH, 10**6, verbose=verbose, callbacks=list(callbacks), shuffle=False)


def fit_bare(watch: Watch) -> None:
    """No plot, verbose=0."""
    _fit(watch, 0)


def fit_progress(watch: Watch) -> None:
    """Keras' own progress bar."""
    _fit(watch, 1)


def fit_live(watch: Watch) -> None:
    """LiveCallback, verbose=0."""
    import tfwidget

    pace(None)
    _fit(watch, 0, tfwidget.LiveCallback())


def fit_live_progress(watch: Watch) -> None:
    """LiveCallback, and the progress bar."""
    import tfwidget

    pace(None)
    _fit(watch, 1, tfwidget.LiveCallback())


def fit_livelossplot(watch: Watch) -> None:
    """https://github.com/stared/livelossplot: its callback, a frame at each epoch's end."""
    use("inline")
    from livelossplot import PlotLossesKeras

    _fit(watch, 0, PlotLossesKeras())
