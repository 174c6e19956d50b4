"""The training that is measured, and how each tool plots it; runs inside a kernel.

Invariant: every way of plotting sees the same steps and the same four values of each step, and differs from the bare
loop only in what its documentation tells a user to write.
"""

import time
from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

NAMES = ("loss", "accuracy", "norm", "largest")

images, labels = load_digits(return_X_y=True)
images = (images / 16).astype("float32")
model = tf.keras.Sequential([tf.keras.Input((64,)), tf.keras.layers.Dense(512, "relu"), tf.keras.layers.Dense(10)])
optimizer = tf.keras.optimizers.SGD(0.01)
batches = [(tf.constant(images[i : i + 64]), tf.constant(labels[i : i + 64])) for i in range(0, 1728, 64)]


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


def bare(count: int) -> None:
    """No plot."""
    for _ in steps(count):
        pass


def with_tfwidget(count: int) -> None:
    """tfwidget, default settings."""
    import tfwidget

    for values in tfwidget.live(steps(count), total=count):
        tfwidget.log(**dict(zip(NAMES, values, strict=True)))


with_agg = with_tfwidget


def _paced(count: int, rate: float, draw: Callable[[list[list[float]]], object]) -> None:
    history: list[list[float]] = [[] for _ in NAMES]
    due = 0.0
    for values in steps(count):
        for series, value in zip(history, values, strict=True):
            series.append(float(value))
        if time.perf_counter() >= due:
            draw(history)
            due = time.perf_counter() + 1 / rate


def with_ipympl(count: int) -> None:
    """ipympl, draw() at 10 frames/s."""
    import matplotlib as mpl

    mpl.use("module://ipympl.backend_nbagg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2)
    lines = [ax.plot([], [])[0] for ax in axes.flat]
    figure.canvas.manager.show()

    def draw(history: list[list[float]]) -> None:
        for line, series in zip(lines, history, strict=True):
            line.set_data(np.arange(len(series)), series)
            line.axes.relim()
            line.axes.autoscale_view()
        figure.canvas.draw()

    _paced(count, 10, draw)
    plt.close(figure)


def with_inline(count: int) -> None:
    """Inline backend, a new figure at 2 frames/s."""
    import matplotlib as mpl

    mpl.use("module://matplotlib_inline.backend_inline")
    import matplotlib.pyplot as plt
    from IPython.display import clear_output, display

    def draw(history: list[list[float]]) -> None:
        clear_output(wait=True)
        figure, axes = plt.subplots(2, 2)
        for ax, series in zip(axes.flat, history, strict=True):
            ax.plot(series)
        display(figure)
        plt.close(figure)

    _paced(count, 2, draw)


def with_livelossplot(count: int) -> None:
    """livelossplot, send() at 1 frame/s."""
    import matplotlib as mpl

    mpl.use("module://matplotlib_inline.backend_inline")
    from livelossplot import PlotLosses

    plot = PlotLosses()
    due = 0.0
    for values in steps(count):
        plot.update({name: float(value) for name, value in zip(NAMES, values, strict=True)})
        if time.perf_counter() >= due:
            plot.send()
            due = time.perf_counter() + 1


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

    _paced(count, 10, draw)
    figure.close()


def timed(way: str, count: int) -> float:
    """Return how many seconds `count` steps took, plotted in this way."""
    began = time.perf_counter()
    globals()[way](count)
    return time.perf_counter() - began
