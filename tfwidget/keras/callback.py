"""`LiveCallback`: Keras' `fit` as a run, batch by batch.

Invariant: after a fit the model, its optimizer and its train function are as they were before, whatever has happened.

Keras calls this on the thread that trains, between two batches. A batch is a step of the run, so commands of the user
take effect between two batches. Keras does not tell a callback when an exception ends a fit. Then the run ends with the
cell, or when the next run begins.
"""

import sys
import warnings
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import FrameType
from typing import Any

import keras

from tfwidget import session
from tfwidget.errors import TfwidgetWarning
from tfwidget.jupyter import cells, owner
from tfwidget.keras.gradients import GradientTap, choose
from tfwidget.loop import join, open_run
from tfwidget.plot import Histogram
from tfwidget.run.run import Run
from tfwidget.widget.liveplot import LivePlot

__all__ = ["LiveCallback"]


class LiveCallback(keras.callbacks.Callback):  # type: ignore[misc]  # untyped base class
    """Watch `model.fit` live: a figure, its controls and its progress appear in this cell.

    A step is a batch, counted over all epochs. With ``steps_per_execution=n`` the step count grows by n. The metrics
    are plotted at every step, as Keras reports them. They are running means since the beginning of the epoch, `loss`
    included, so the curves start afresh with each epoch. Values that are known only at the end of an epoch (`val_*`, or
    the `learning_rate` that another callback reports) are plotted at the epoch's last step. `val_loss` shares the axes
    of `loss`.

    Pause and single steps take effect after the batch under way. A pause also takes effect during validation; a single
    step then goes on to the next training batch. Stop sets `model.stop_training`: Keras ends after the batch under way
    and the validation of its epoch.

    A callback that is used for a further `fit` of the same model continues its step count and its curves: in the same
    plot within a cell, in a new one in another cell. For another model it starts anew. In `evaluate` and `predict` it
    does nothing.

    Parameters
    ----------
    weights : sequence of str, optional
        Weights to show as histograms, by their path: ``"dense/kernel"``, with or without the model's name in front. The
        name of a layer stands for all its weights.
    gradients : bool, optional
        Show histograms of the last batch's gradients of these weights as well, as they reach the optimizer: before
        clipping, without loss scaling. Without `weights`, they are the gradients of up to six trainable kernels
        (weights of rank 2 or more), spread from the first layer to the last. The train function is traced anew for
        this, so the first batch takes longer.
    every : int, optional
        Log weights and gradients at each `every`-th batch only. By default they are logged at each batch, and copied
        only when a frame is drawn.
    plot : LivePlot, optional
        The plot to use, displayed or not; by default a new one, shown in the current cell.

    Attributes
    ----------
    run : Run or None
        The run of the `fit` under way, or of the last one.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or value. When the training begins, if a name fits no weight of the model.
        A model without an input shape gets its weights in the first batch. Then a wrong name is a warning only.
    RunError
        When the training begins, if another run is under way, or the calling thread is not the main thread.
    UnsupportedError
        When the training begins, if gradients were asked for and cannot be had.

    Examples
    --------
    >>> model.fit(x, y, epochs=5, validation_split=0.2, callbacks=[tfwidget.LiveCallback()])
    >>> live = tfwidget.LiveCallback(weights=["dense/kernel"], gradients=True)
    >>> model.fit(x, y, epochs=5, callbacks=[live])
    """

    def __init__(
        self,
        *,
        weights: Sequence[str] = (),
        gradients: bool = False,
        every: int | None = None,
        plot: LivePlot | None = None,
    ) -> None:
        super().__init__()
        if isinstance(weights, str) or not isinstance(weights, Iterable):
            raise TypeError(f'LiveCallback: weights must be a list of names, such as ["dense/kernel"]; got {weights!r}')
        weights = tuple(weights)
        for name in weights:
            if not isinstance(name, str) or not name.strip("/"):
                raise TypeError(f'LiveCallback: weights must be names, such as "dense/kernel"; got {name!r}')
        if not isinstance(gradients, bool):
            raise TypeError(f"LiveCallback: gradients must be True or False, got {gradients!r}")
        if every is not None and (not isinstance(every, int) or isinstance(every, bool) or every < 1):
            raise ValueError(f"LiveCallback: every must be a number of batches, at least 1; got {every!r}")
        if plot is not None and not isinstance(plot, LivePlot):
            raise TypeError(f"LiveCallback: plot must be a tfwidget.LivePlot, got {plot!r}")
        self._weights = weights
        self._gradients = gradients
        self._every = every or 1
        self._plot = plot
        self._run: Run | None = None  # under way
        self.run: Run | None = None
        self._model_of_run: Callable[[], object] = lambda: None
        self._cell: tuple[str | None, str | None] = (None, None)  # the cell with the plot of the last run
        self._tap: GradientTap | None = None
        self._tensors: dict[str, object] | None = None  # None: the model has no weights yet
        self._metrics: set[str] = set()
        self._steps: int | None = None  # per epoch
        self._epoch_begin = 0
        self._made_before: int | None = None
        self._next_tensors = 0

    # -- the fit ---------------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Mapping[str, object] | None = None) -> None:
        """Begin a run, and show it."""
        frame = _training_frame()
        model = self.model
        tap = GradientTap(model, self._weights) if self._gradients else None
        # Without an input shape, a model gets its weights in the first batch.
        is_built = model.built and all(layer.built for layer in model.layers)
        tensors = self._find_tensors(model, tap) if is_built else None
        run = self._open_run(model, frame)
        try:
            if tap is not None:
                tap.install()
        except BaseException as error:
            if not run.in_background:
                run.finish("failed", error)
            raise
        self._tap = tap
        self._tensors = tensors
        self._metrics.clear()
        self._steps = (self.params or {}).get("steps")
        self._epoch_begin = run.step
        self._next_tensors = run.step + self._every
        self._run = run
        if not run.before_first_step():
            model.stop_training = True

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, object] | None = None) -> None:
        """Set the run's number of steps, where Keras knows it."""
        run = self._run
        if run is None:
            return
        self._epoch_begin = run.step
        self._made_before = self._made() if self._steps is None else None
        epochs = (self.params or {}).get("epochs")
        if self._steps and epochs:
            run.at(total=run.step + (epochs - epoch) * self._steps)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, object] | None = None) -> None:
        """Record the metrics, count the step, and tick."""
        run = self._run
        if run is None:
            return
        # `batch` is the last one of the execution, even if the data ended before it.
        done = batch + 1 if self._steps is None else min(batch + 1, self._steps)
        run.at(self._epoch_begin + done - 1)
        if logs:
            run.log(logs)
            if len(logs) != len(self._metrics):
                self._metrics.update(logs)
        if self._tensors is None:
            self._find_tensors_late()
        if self._tensors and run.step + 1 >= self._next_tensors:
            run.log(self._tensors)
            self._next_tensors = run.step + 1 + self._every
        if not run.step_done():
            self.model.stop_training = True

    def on_test_batch_end(self, batch: int, logs: Mapping[str, object] | None = None) -> None:
        """Tick during validation, so that the plot answers; no step is counted."""
        if self._run is not None:
            self._listen(self._run)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, object] | None = None) -> None:
        """Record what is known only at the end of an epoch, such as the validation's metrics."""
        run = self._run
        if run is None:
            return
        if self._steps is None:
            counted, made = run.step - self._epoch_begin, self._made()
            if made is not None and self._made_before is not None:
                made -= self._made_before
                if counted - self.model.steps_per_execution < made <= counted:
                    run.at(self._epoch_begin + made)
            self._steps = run.step - self._epoch_begin or None
        late = {name: value for name, value in (logs or {}).items() if name not in self._metrics}
        if late:
            run.log(late, step=run.step)
        self._listen(run)

    def on_train_end(self, logs: Mapping[str, object] | None = None) -> None:
        """End the run."""
        run = self._run
        if run is None:
            return
        if run.in_background:
            self._release()  # the run goes on until its function ends
        else:
            run.finish("stopped" if run.stopping else "finished")

    # -- its parts -------------------------------------------------------------------------------------------------

    def _open_run(self, model: Any, frame: FrameType) -> Run:
        after = self.run if self._model_of_run() is model else None
        plot = self._plot
        cell = cells.cell()
        run = session.own_run()
        if run is not None and run.in_background and not run.looping:
            join(run, plot)
        else:
            if plot is None and after is not None and self._cell != cell:
                plot = session.new_plot()
            run = open_run(plot=plot, after=after, frame=frame)
        run.at_end(self._release)
        self.run = run
        self._model_of_run = weakref.ref(model)
        self._cell = cell
        return run

    def _find_tensors(self, model: Any, tap: GradientTap | None) -> dict[str, object]:
        tensors: dict[str, object] = {
            name: Histogram(variable) for name, variable in choose(model, self._weights).items()
        }
        if tap is not None:
            tensors |= {f"{name} gradient": Histogram(partial(tap.read, name)) for name in tap.variables}
        return tensors

    def _find_tensors_late(self) -> None:
        try:
            self._tensors = self._find_tensors(self.model, self._tap)
        except ValueError as error:
            self._tensors = {}
            warnings.warn(f"{error}. The training goes on without them", TfwidgetWarning, stacklevel=3)

    def _made(self) -> int | None:
        """Return how many batches the optimizer has counted; waits for the device.

        None if it is not needed, because an execution is one batch, or if the optimizer does not count every batch.
        """
        optimizer: Any = getattr(self.model, "optimizer", None)
        if (
            getattr(self.model, "steps_per_execution", 1) == 1
            or not hasattr(optimizer, "iterations")
            or getattr(optimizer, "gradient_accumulation_steps", None)
            or hasattr(optimizer, "inner_optimizer")  # skips batches whose gradients overflow
        ):
            return None
        return int(optimizer.iterations.numpy())

    def _listen(self, run: Run) -> None:
        if run.state == "paused":
            # A single step was asked for, and its batch is yet to come: a tick here would use the step up.
            owner.mailbox.drain()
            going = not run.stopping
        else:
            going = run.tick()
        if not going:
            self.model.stop_training = True

    def _release(self) -> None:
        """Undo what was changed for the fit, and drop the references to the model's parts."""
        self._run = None
        self._tensors = None
        if self._tap is not None:
            self._tap.remove()
            self._tap = None


def _training_frame() -> FrameType:
    """Return the frame that trains: that of `model.fit`, or of a loop that calls a `keras.callbacks.CallbackList`."""
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("keras.src.callbacks."):
        frame = frame.f_back
    return frame
