"""The trainings that are measured: real steps of TensorFlow, and clocks around them; runs inside a kernel.

Invariant: what is plotted and what is not makes the same steps; nothing but the loop around them differs.
"""

import functools
import gc
import itertools
import sys
import time
from collections.abc import Iterator
from typing import Any, TypeAlias

import tensorflow as tf
from sklearn.datasets import load_digits

Values: TypeAlias = tuple[tf.Tensor, ...]

NAMES = ("loss", "val_loss", "accuracy", "val_accuracy")
"""Of a step's scalars, so that each tool draws two axes with two curves each."""

BATCH = 64
EPOCH = 500
"""Batches of an epoch of `model.fit`."""

images, labels = load_digits(return_X_y=True)
images = (images / 16).astype("float32")
model = tf.keras.Sequential([tf.keras.Input((64,)), tf.keras.layers.Dense(1024, "relu"), tf.keras.layers.Dense(10)])
optimizer = tf.keras.optimizers.SGD(0.01)
batches = [(tf.constant(images[i : i + BATCH]), tf.constant(labels[i : i + BATCH])) for i in range(0, 1728, BATCH)]


def descend(x: tf.Tensor, y: tf.Tensor) -> Values:
    """Go down the gradient once; returns a scalar for each of `NAMES`."""
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    accuracy = tf.reduce_mean(tf.cast(tf.argmax(logits, 1) == y, tf.float32))
    return loss, tf.linalg.global_norm(gradients), accuracy, tf.nn.sigmoid(tf.reduce_mean(logits))


@tf.function
def step(x: tf.Tensor, y: tf.Tensor, repeats: int) -> Values:
    """One step of so many descents; returns scalars."""
    if repeats > 1:
        for _ in tf.range(repeats - 1):
            descend(x, y)
    return descend(x, y)


@tf.function
def step_with_tensors(x: tf.Tensor, y: tf.Tensor) -> tuple[Values, Values]:
    """One descent; returns the scalars, and two pictures and a vector."""
    scalars = descend(x, y)
    weights = tf.reshape(tf.transpose(model.layers[-1].kernel)[:, :64], (10, 8, 8))
    return scalars, (tf.reshape(x[0], (8, 8)), weights, model.layers[0].kernel[0])


@functools.cache
def repeats(milliseconds: float) -> int:
    """How many descents take so long."""
    taken = []
    for count in (1, 21):
        step(*batches[0], count)
        began = time.perf_counter()
        for x, y in batches:
            step(x, y, count)
        taken.append((time.perf_counter() - began) / len(batches))
    return max(round(1 + 20 * (milliseconds / 1000 - taken[0]) / (taken[1] - taken[0])), 1)


class Watch:
    """Ends a training by the clock, and notes where its steady state began and ended.

    Parameters
    ----------
    settle : float
        Seconds from the first step until the plot stands.
    seconds : float
        How long the steady state is.
    """

    def __init__(self, settle: float, seconds: float) -> None:
        self.settle, self.seconds = settle, seconds
        self.steps = 0
        self.marks: list[tuple[float, float, int]] = []
        """Where the steady state began and ended: time, processor seconds of this process, steps made."""
        self._next: float | None = None

    def go_on(self) -> bool:
        """Whether to make another step; asked before each."""
        now = time.perf_counter()
        if self._next is None:
            self._next = now + self.settle
        if now >= self._next:
            self.marks.append((now, time.process_time(), self.steps))
            if len(self.marks) == 2:
                return False
            self._next = now + self.seconds
        self.steps += 1
        return True


class Steps:
    """Iterates over the steps of a training, as long as the watch says."""

    def __init__(self, watch: Watch, repeats: int) -> None:
        self._watch, self._repeats = watch, repeats
        self._batches = itertools.cycle(batches)

    def __iter__(self) -> Iterator[Values]:
        return self

    def __next__(self) -> Values:
        if not self._watch.go_on():
            raise StopIteration
        return step(*next(self._batches), self._repeats)


def timed(way: str, settle: float, seconds: float, milliseconds: float, fps: float | None = None) -> dict[str, Any]:
    """Train, plotted in this way (a function of `tests.benchmarks.tools`).

    Parameters
    ----------
    way : str
        Its name.
    settle, seconds : float
        As of `Watch`.
    milliseconds : float
        How long a step is.
    fps : float, optional
        Frames a second to be asked for; by default what the tool takes.

    Returns
    -------
    dict
        `window`: when the steady state began and ended (``time.perf_counter``); `step` and `processor`: seconds of a
        step then; `outside`: seconds before and after it; `steps_outside`; `drawn`: when frames were drawn, where the
        loop itself draws them; `epoch`: ``time.time()`` less ``time.perf_counter()``.
    """
    from tests.benchmarks import tools

    tools.drawn.clear()
    watch, count = Watch(settle, seconds), repeats(milliseconds)
    began = time.perf_counter()
    if way.startswith("fit_"):
        getattr(tools, way)(watch)
    else:
        getattr(tools, way)(Steps(watch, count), fps)
    ended = time.perf_counter()
    (start, processor, first), (stop, processor_then, last) = watch.marks
    return {
        "window": (start, stop),
        "step": (stop - start) / (last - first),
        "processor": (processor_then - processor) / (last - first),
        "outside": start - began + ended - stop,
        "steps_outside": first + watch.steps - last,
        "drawn": list(tools.drawn),
        "epoch": time.time() - time.perf_counter(),
    }


def tidy() -> None:
    """Close what was shown, that it does not weigh on what is measured next."""
    if widgets := sys.modules.get("ipywidgets"):
        widgets.Widget.close_all()
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
    gc.collect()


# -- tfwidget alone ----------------------------------------------------------------------------------------------------


def bursts(
    count: int, settle: float, seconds: float, points: int, milliseconds: float, fps: float | None
) -> list[dict[str, tuple[float, ...]]]:
    """Plot steps that follow on `points` recorded ones, with bursts of bare steps between, once the plot stands.

    A burst is a long step for the plot, an eighth of what is plotted: short, for it is a time that costs no budget.

    Returns
    -------
    list of dict
        For each turn, `plotted`: when it began and ended, and seconds of a step; `bare`: seconds of a step in the burst
        that follows.
    """
    import tfwidget
    from tests.benchmarks import tools

    tools.pace(fps)
    source, turns = Steps(Watch(1e9, 0.0), repeats(milliseconds)), list[dict[str, tuple[float, ...]]]()
    began, made = 0.0, 0
    for number, _ in enumerate(tfwidget.live(itertools.count())):
        if number < points:  # as quickly as it can be
            value = number % 977 / 977
            tfwidget.log(**dict.fromkeys(NAMES, value))
            continue
        now = time.perf_counter()
        if not began:
            began = now + settle
        elif now >= began + seconds:
            turns.append({"plotted": (began, now, (now - began) / made), "bare": (burst(source, seconds / 8),)})
            if len(turns) == count:
                break
            began, made = time.perf_counter(), 0
        if now >= began:
            made += 1
        tfwidget.log(**dict(zip(NAMES, next(source), strict=True)))
    return turns


def burst(source: Iterator[Values], seconds: float) -> float:
    """Seconds of a bare step."""
    began, made = time.perf_counter(), 0
    while (taken := time.perf_counter() - began) < seconds:
        next(source)
        made += 1
    return taken / made


def in_place(settle: float, seconds: float, points: int, fps: float) -> dict[str, Any]:
    """What recording and frames take of the main thread between the steps, at this frame rate whatever it costs.

    Returns
    -------
    dict
        `window`: as of `timed`; `processor` and `wall`: seconds from the end of each step to the begin of the next.
    """
    import tfwidget
    from tests.benchmarks import tools

    tools.pace(fps)
    watch, source = Watch(settle, seconds), itertools.cycle(batches)
    costs: tuple[list[float], list[float]] = [], []
    mark: tuple[float, float] | None = None
    for number, _ in enumerate(tfwidget.live(itertools.count())):
        now = time.thread_time(), time.perf_counter()
        if mark and len(watch.marks) == 1:
            for cost, before, after in zip(costs, mark, now, strict=True):
                cost.append(after - before)
        if number < points:
            tfwidget.log(**dict.fromkeys(NAMES, number % 977 / 977))
            continue
        if not watch.go_on():
            break
        scalars, (sample, weights, vector) = step_with_tensors(*next(source))
        mark = time.thread_time(), time.perf_counter()
        tfwidget.log(**dict(zip(NAMES, scalars, strict=True)), sample=sample, weights=weights, vector=vector)
    return {"window": tuple(when for when, _, _ in watch.marks), "processor": costs[0], "wall": costs[1]}
