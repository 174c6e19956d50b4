"""The trainings that are measured, and how each tool plots them; runs inside a kernel.

Invariant: every way of plotting sees the same steps and the same values of each step, and differs from the bare
training only in what its documentation tells a user to write.
"""

import contextlib
import functools
import gc
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from IPython import get_ipython
from sklearn.datasets import load_digits

SETTLED = 2.0
"""Seconds after which a plot stands: the first frames are drawn, and what they cost has been saved."""

EPOCH = 500
"""Batches of an epoch of `model.fit`."""

epochs: list[float] = []
"""When the epochs of the `model.fit` under way began."""

NAMES = ("loss", "accuracy", "norm", "largest")
BATCH = 64

images, labels = load_digits(return_X_y=True)
images = (images / 16).astype("float32")
model = tf.keras.Sequential([tf.keras.Input((64,)), tf.keras.layers.Dense(1024, "relu"), tf.keras.layers.Dense(10)])
optimizer = tf.keras.optimizers.SGD(0.01)
batches = [(tf.constant(images[i : i + BATCH]), tf.constant(labels[i : i + BATCH])) for i in range(0, 1728, BATCH)]


@tf.function
def step(x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """One step of gradient descent; returns one scalar per name."""
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    accuracy = tf.reduce_mean(tf.cast(tf.argmax(logits, 1) == y, tf.float32))
    return loss, accuracy, tf.linalg.global_norm(gradients), tf.reduce_max(logits)


def steps(count: int) -> Iterator[tuple[tf.Tensor, ...]]:
    """Make the steps."""
    for number in range(count):
        yield step(*batches[number % len(batches)])


def timed(way: str, count: int) -> dict[str, float | None]:
    """Train for `count` steps or epochs, plotted in this way.

    Returns
    -------
    dict
        Seconds in all (`taken`) and of the kernel's processor (`processor`); those of each epoch that began when the
        plot stood (`epoch`), but for the last, or None where there were none.
    """
    epochs.clear()
    began = clocks()
    globals()[way](count)
    taken, processor = (after - before for before, after in zip(began, clocks(), strict=True))
    late = [when for when in epochs if when >= began[0] + SETTLED]
    epoch = (late[-1] - late[0]) / (len(late) - 1) if len(late) > 1 else None
    return {"taken": taken, "processor": processor, "epoch": epoch}


def clocks() -> tuple[float, float]:
    """Seconds by the wall's clock, and by the processor's."""
    return time.perf_counter(), time.process_time()


def tidy() -> None:
    """Close what was shown, that it does not weigh on what is measured next."""
    if widgets := sys.modules.get("ipywidgets"):
        widgets.Widget.close_all()
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
    gc.collect()


# -- a loop of one's own -----------------------------------------------------------------------------------------------


def bare(count: int) -> None:
    """No plot."""
    for _ in steps(count):
        pass


def with_tfwidget(count: int) -> None:
    """Plot with tfwidget."""
    import tfwidget

    for values in tfwidget.live(steps(count), total=count):
        tfwidget.log(**dict(zip(NAMES, values, strict=True)))


with_agg = with_tfwidget

held: dict[int, float] = {}
"""When the step was made whose values a frame holds, by the frame's number, in seconds since the epoch."""


def with_stamps(count: int) -> None:
    """Plot with tfwidget, and fill `held`."""
    import tfwidget
    from tfwidget.run.run import current_run

    held.clear()
    made = [0.0]
    for number, values in enumerate(tfwidget.live(steps(count), total=count)):
        tfwidget.log(**dict(zip(NAMES, values, strict=True)))
        made[0] = time.time()
        if number == 0:
            _note_sent(current_run().front_end, made)


def _note_sent(plot: Any, made: list[float]) -> None:
    """Fill `held`; the newest step was `made` then."""
    draw, append, send = plot.draw, plot.append, plot.canvas.send
    shown = 0.0

    def noted_draw(frame: Any) -> None:
        nonlocal shown
        shown = made[0]
        draw(frame)

    def noted_append() -> bool:
        nonlocal shown
        shown = made[0]
        grown: bool = append()
        return grown

    def noted_send(content: dict[str, Any], buffers: Any = None) -> None:
        number = json.loads(content.get("data", "{}")).get("frame")
        if number is not None:
            held[number] = shown
        send(content, buffers)

    plot.draw, plot.append, plot.canvas.send = noted_draw, noted_append, noted_send


def with_stamps_at_30(count: int) -> None:
    """Plot with tfwidget at 30 frames/s, whatever it costs."""
    with pace(30, 1.0):
        with_stamps(count)


@contextlib.contextmanager
def pace(fps: float, budget: float) -> Iterator[None]:
    """What ``%tfwidget fps`` and ``%tfwidget budget`` set, for a while."""
    from tfwidget.run.budget import PACE

    before = PACE.fps, PACE.budget
    PACE.fps, PACE.budget = fps, budget
    try:
        yield
    finally:
        PACE.fps, PACE.budget = before


class Paced:
    """Draws at a rate, counted from the beginning of one frame to that of the next, as tfwidget counts.

    Where that cannot be kept, a tenth of the time is left to the training; else it would come to a standstill.
    """

    def __init__(self, rate: float, draw: Callable[[], object]) -> None:
        self._rate, self._draw, self._due = rate, draw, 0.0

    def step_done(self) -> None:
        """Draw if a frame is due."""
        began = time.perf_counter()
        if began >= self._due:
            self._draw()
            ended = time.perf_counter()
            self._due = max(began + 1 / self._rate, ended + (ended - began) / 9)


def _recorded(count: int, rate: float, draw: Callable[[list[list[float]]], object]) -> None:
    history: list[list[float]] = [[] for _ in NAMES]
    paced = Paced(rate, lambda: draw(history))
    for values in steps(count):
        for series, value in zip(history, values, strict=True):
            series.append(float(value))
        paced.step_done()


def ipympl_figure() -> None:
    """What a user runs in a cell before: a figure of ipympl that is made in the training's own stays blank."""
    use("ipympl")
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(2, 2)
    for ax in axes.flat:
        ax.plot([], [])


def use(backend: str) -> None:
    """``%matplotlib``."""
    get_ipython().run_line_magic("matplotlib", backend)


def with_ipympl(count: int) -> None:
    """ipympl, draw() at 10 frames/s, in the figure of the cell before."""
    import matplotlib.pyplot as plt

    figure = plt.gcf()

    def draw(history: list[list[float]]) -> None:
        for ax, series in zip(figure.axes, history, strict=True):
            ax.lines[0].set_data(np.arange(len(series)), series)
            ax.relim()
            ax.autoscale_view()
        figure.canvas.draw()

    _recorded(count, 10, draw)


def with_inline(count: int) -> None:
    """Inline backend, a new figure at 2 frames/s."""
    import matplotlib.pyplot as plt
    from IPython.display import clear_output, display

    def draw(history: list[list[float]]) -> None:
        clear_output(wait=True)
        figure, axes = plt.subplots(2, 2)
        for ax, series in zip(axes.flat, history, strict=True):
            ax.plot(series)
        display(figure)
        plt.close(figure)

    _recorded(count, 2, draw)


def with_livelossplot(count: int) -> None:
    """livelossplot, send() at 1 frame/s."""
    from livelossplot import PlotLosses

    plot = PlotLosses()
    paced = Paced(1, plot.send)
    for values in steps(count):
        plot.update({name: float(value) for name, value in zip(NAMES, values, strict=True)})
        paced.step_done()


def with_plotly(count: int) -> None:
    """Plotly FigureWidget at 10 frames/s."""
    import plotly.graph_objects as go
    from IPython.display import display
    from plotly.subplots import make_subplots

    figure = go.FigureWidget(make_subplots(2, 2))
    for number in range(len(NAMES)):
        figure.add_trace(go.Scatter(y=[]), row=number // 2 + 1, col=number % 2 + 1)
    display(figure)

    def draw(history: list[list[float]]) -> None:
        with figure.batch_update():
            for trace, series in zip(figure.data, history, strict=True):
                trace.y = series

    _recorded(count, 10, draw)


# -- model.fit ---------------------------------------------------------------------------------------------------------


@functools.cache
def network_and_rows() -> tuple[Any, np.ndarray, np.ndarray]:
    """A compiled model, and an epoch of what it learns."""
    dense = tf.keras.layers.Dense
    network = tf.keras.Sequential([tf.keras.Input((64,)), dense(256, "relu"), dense(10)])
    reset = network.reset_metrics

    def epoch_begins() -> None:  # no callback: the more there are, the less of Keras' own work can be spared
        epochs.append(time.perf_counter())
        reset()

    network.reset_metrics = epoch_begins
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile("sgd", loss, metrics=["accuracy"])
    rows = np.resize(np.arange(len(images)), EPOCH * BATCH)
    return network, images[rows], labels[rows]


def _fit(epochs: int, verbose: int, *callbacks: Any) -> None:
    network, rows, targets = network_and_rows()
    network.fit(rows, targets, BATCH, epochs, verbose=verbose, callbacks=list(callbacks), shuffle=False)


def fit_bare(epochs: int) -> None:
    """No plot, verbose=0."""
    _fit(epochs, 0)


def fit_progress(epochs: int) -> None:
    """Keras' own progress bar."""
    _fit(epochs, 1)


def fit_live(epochs: int) -> None:
    """LiveCallback, verbose=0."""
    import tfwidget

    _fit(epochs, 0, tfwidget.LiveCallback())


def fit_live_progress(epochs: int) -> None:
    """LiveCallback, and the progress bar."""
    import tfwidget

    _fit(epochs, 1, tfwidget.LiveCallback())


def fit_livelossplot(epochs: int) -> None:
    """The callback of livelossplot: a frame at each epoch's end."""
    from livelossplot import PlotLossesKeras

    _fit(epochs, 0, PlotLossesKeras())


# -- long histories ----------------------------------------------------------------------------------------------------


def remember(points: int) -> Any:
    """Go on as if the run under way had made so many steps already; returns the run."""
    from tfwidget.run.run import current_run

    run = current_run()
    assert run is not None
    numbers = np.arange(1, points + 1)
    # Above what comes, that the axes stay.
    values = 30 * np.exp(-5 * numbers / points) + np.random.default_rng(0).random(points)
    for name in NAMES:
        run.history.extend(name, numbers, values)
    run.step = points
    return run


class Clock:
    """Seconds, but for those in which it is halted."""

    def __init__(self) -> None:
        self._halted = 0.0

    def __call__(self) -> float:
        return time.perf_counter() - self._halted

    @contextlib.contextmanager
    def halt(self) -> Iterator[None]:
        """Stand still."""
        began = time.perf_counter()
        yield
        self._halted += time.perf_counter() - began


def turns(count: int, seconds: float, points: int, fps: float | None = None) -> list[dict[str, tuple[float, ...]]]:
    """Plot steps that follow on so many, in turns with bare ones, once the plot stands.

    The run's clock is halted during a bare turn: it is no pause in which a budget is saved.

    Parameters
    ----------
    count : int
        Turns.
    seconds : float
        How long each is.
    points : int
        Of history, of each curve.
    fps : float, optional
        The frame rate, whatever it costs; by default tfwidget's own settings.

    Returns
    -------
    list of dict
        For each turn, `bare` and `plotted`: seconds and processor seconds of a step, and frames per second.
    """
    import tfwidget

    source, clock, drawn, done = steps(sys.maxsize), Clock(), list[Any](), list[dict[str, tuple[float, ...]]]()

    def of_step(began: tuple[float, float], made: int, frames: int) -> tuple[float, ...]:
        taken, processor = (after - before for before, after in zip(began, clocks(), strict=True))
        return taken / made, processor / made, frames / taken

    with pace(fps, 1.0) if fps else contextlib.nullcontext():
        for number, values in enumerate(tfwidget.live(source)):
            if number == 0:
                run = remember(points)
                run._clock = run._budget._clock = run.front_end.canvas.flow.clock = clock
                drawn = note_frames(run)
                ends = time.perf_counter() + SETTLED
                began, first, frames = clocks(), 0, 0
            tfwidget.log(**dict(zip(NAMES, values, strict=True)))
            if time.perf_counter() < ends:
                continue
            plotted = of_step(began, number - first, len(drawn) - frames)
            with clock.halt():
                ends, bare = time.perf_counter() + seconds, 0
                began = clocks()
                for _ in source:
                    bare += 1
                    if time.perf_counter() >= ends:
                        break
                done.append({"plotted": plotted, "bare": of_step(began, bare, 0)})
            if len(done) > count:
                break
            ends = time.perf_counter() + seconds
            began, first, frames = clocks(), number, len(drawn)
    return done


def note_frames(run: Any) -> list[Any]:
    """The frames that the run draws from now on, whole or grown."""
    frames: list[Any] = []
    draw, append = run.front_end.draw, run.front_end.append

    def noted_draw(frame: Any) -> None:
        frames.append("whole")
        draw(frame)

    def noted_append() -> bool:
        grown: bool = append()
        if grown:
            frames.append("grown")
        return grown

    run.front_end.draw, run.front_end.append = noted_draw, noted_append
    return frames


def frame_costs(points: int, count: int) -> list[float]:
    """Processor seconds of the main thread for each of `count` frames, with so many points in each of the series.

    A frame's are those of the tick that draws it: what has arrived, what was recorded, the picture, its dispatch.
    """
    import tfwidget

    with pace(60, 1.0):
        for number, values in enumerate(tfwidget.live(steps(sys.maxsize))):
            if number == 0:
                costs = _clock_ticks(remember(points))
                settled = time.perf_counter() + SETTLED
            elif settled and time.perf_counter() >= settled:
                settled = 0.0
                costs.clear()
            elif not settled and len(costs) >= count:
                break
            tfwidget.log(**dict(zip(NAMES, values, strict=True)))
    return costs


def _clock_ticks(run: Any) -> list[float]:
    """Processor seconds of each tick from now on that draws a frame."""
    costs: list[float] = []
    frames = note_frames(run)
    tick = run.tick

    def clocked_tick() -> bool:
        before, began = len(frames), time.thread_time()
        go_on: bool = tick()
        if len(frames) > before:
            costs.append(time.thread_time() - began)
        return go_on

    run.tick = clocked_tick
    return costs
