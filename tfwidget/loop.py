"""`live` and `log`: what a training loop in a plain cell says.

Invariant: however the loop is left - exhausted, ``break``, an exception, the interrupt button - its run ends once, with
the outcome that fits.
"""

import contextlib
import dis
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import TypeVar

from tfwidget.errors import RunError, TfwidgetWarning
from tfwidget.jupyter import hosts, kernel
from tfwidget.record import tf
from tfwidget.record import values as snapshot
from tfwidget.run.run import Run, current_run, own_run
from tfwidget.widget.knobs import place_waiting
from tfwidget.widget.liveplot import LivePlot

__all__ = ["join", "live", "log", "new_plot", "open_run", "scalars_fetch", "tick"]

T = TypeVar("T")


def live(iterable: Iterable[T], *, total: int | None = None, plot: LivePlot | None = None) -> Iterator[T]:
    """Loop over `iterable` and show the training live: a figure, its controls and its progress appear in this cell.

    Each turn of the loop is a step. Between two steps the plot is drawn when a frame is due, and what the user did in
    the browser takes effect: pan and zoom, pause, step, stop. Stopping ends the loop as if `iterable` were exhausted.

    A ``live`` at the same place of the same cell, such as in a loop over epochs, goes on in the plot of the one before.

    Parameters
    ----------
    iterable : iterable
        What to loop over: a `tf.data.Dataset`, a list, a generator, ``range(1000)``; it may be infinite.
    total : int, optional
        The number of steps, for the progress bar; by default ``len(iterable)`` where that is known.
    plot : LivePlot, optional
        The plot to use, displayed or not; by default a new one.

    Yields
    ------
    object
        The elements of `iterable`.

    Raises
    ------
    TypeError
        If `iterable` cannot be iterated over, or another argument is of the wrong type.
    RunError
        If another run is under way, or the calling thread is not the main thread.

    Examples
    --------
    >>> for images, labels in tfwidget.live(dataset):
    ...     loss = train_step(images, labels)
    ...     tfwidget.log(loss=loss, kernel=model.layers[0].kernel, sample=images[0])
    """
    try:
        iterator = iter(iterable)
    except TypeError:
        raise TypeError(
            f"live: iterable must be something to loop over, such as a tf.data.Dataset or range(1000); "
            f"got {iterable!r} of type {type(iterable).__name__}"
        ) from None
    if total is None:
        with contextlib.suppress(TypeError):  # unknown or infinite
            total = len(iterable)  # type: ignore[arg-type]
    elif not isinstance(total, int) or isinstance(total, bool) or total < 0:
        raise TypeError(f"live: total must be a number of steps, got {total!r}")
    if plot is not None and not isinstance(plot, LivePlot):
        raise TypeError(f"live: plot must be a tfwidget.LivePlot, got {plot!r}")
    _refuse_overlap()
    return _steps(iterator, total, plot, sys._getframe(1).f_lineno)


def _steps(iterator: Iterator[T], total: int | None, plot: LivePlot | None, line: int) -> Iterator[T]:
    frame = sys._getframe(1)
    asked_at = frame.f_lasti
    interrupted = False

    def note_interrupt() -> None:
        nonlocal interrupted
        interrupted = True

    own = own_run()
    if own is not None and own.in_background:
        yield from _steps_of(own, iterator, total, plot)
        return
    after = None
    if _last is not None and _last.frame is frame and _last.line == line:
        after = _last.run
        if after.stopped_by_user:
            return  # of a loop over epochs, all are meant
    run = open_run(total=total, plot=plot, after=after, frame=frame, line=line)
    with kernel.interrupts(note_interrupt):
        try:
            for item in iterator:
                yield item
                if not run.step_done():
                    break
        except GeneratorExit:
            # The loop was left: by a `break`, which ends the run in order, or by an exception in its body, which
            # becomes known when the cell ends.
            here = sys._getframe(1)
            # One instruction may be the whole loop, as in list(zip(live(...), other)): whether it raised, the cell's
            # end tells.
            whole = here is frame and here.f_lasti == asked_at
            if interrupted or whole or _left_on_purpose(here):
                run.finish("stopped", "interrupted" if interrupted else None)
                if whole and _last is not None and _last.run is run:
                    _last.looped_at = asked_at
            else:
                run.finish("failed", "an exception in the loop's body")
            raise
        except KeyboardInterrupt:
            run.finish("stopped", "interrupted")
            raise
        except BaseException as error:
            run.finish("failed", error)
            raise
        else:
            run.finish("stopped" if run.stopping else "finished")


def _steps_of(run: Run, iterator: Iterator[T], total: int | None, plot: LivePlot | None) -> Iterator[T]:
    """The steps of a background run, which ends with its function, not with this loop."""
    join(run, plot)
    run.total = None if total is None else run.step + total
    run.looping = True
    try:
        if not run.before_first_step():
            return
        for item in iterator:
            yield item
            if not run.step_done():
                return
    finally:
        run.looping = False


def join(run: Run, plot: LivePlot | None) -> None:
    """Make steps of a background run, in the plot that is wanted."""
    former = run.front_end
    if plot is None or plot is former:
        return
    run.front_end = plot
    plot.attach(run)
    if isinstance(former, LivePlot):
        former.close()


def _left_on_purpose(frame: FrameType | None) -> bool:
    """Whether the loop in this frame ended by ``break`` or ``return``, not by an exception.

    The generator is closed when the loop drops its iterator. ``break`` and ``return`` do so by an instruction of their
    own, ``zip(live(...), other)`` by the loop's own when the other one is exhausted; when an exception unwinds the
    frame, its last instruction is the one that raised, in the loop's body.
    """
    if frame is None:
        return True
    instruction = frame.f_code.co_code[frame.f_lasti]
    return dis.opname[instruction] in (
        "POP_TOP",
        "POP_ITER",
        "DELETE_NAME",
        "DELETE_FAST",
        "END_FOR",
        "FOR_ITER",
    )


def log(**values: object) -> None:
    """Record values of the step under way, and show them.

    Scalars (numbers, tensors of one element) become curves, image-like tensors pictures, and others histograms;
    `tfwidget.Line`, `tfwidget.Image` and `tfwidget.Histogram` say it explicitly. It may be called from any thread and
    as often as wanted: scalars stay on their device until a frame is due, and larger tensors are copied only then, so
    that logging does not slow the training down.

    Parameters
    ----------
    **values : scalar, array, tensor, or callable
        What to record, by name. ``loss`` and ``val_loss``, ``a/train`` and ``a/val`` (``**{"a/val": ...}``) share axes.
        A callable is called without arguments when a frame is due, and returns the value. A `tf.Variable` or an array
        that changes in place is read at the end of the step.

    Notes
    -----
    After a loop over ``live``, until its cell ends, values are of its last step, as those of a validation after each
    epoch. They are recorded when the loop goes on, or with the cell's end, the newest of each name.

    Warns
    -----
    TfwidgetWarning
        Outside a run, where nothing is recorded, and for what cannot be recorded. The training goes on.

    Examples
    --------
    >>> tfwidget.log(loss=loss, kernel=model.layers[0].kernel, sample=images[0])
    >>> tfwidget.log(attention=tfwidget.Image(weights, cmap="magma", vmin=0, vmax=1))
    """
    run = current_run()
    if run is None and (begun := _last) is not None and kernel.in_kernel():
        begun.late.update(values if kernel.on_owner_thread() else begun.run.copies(values))
        return
    if run is None:
        names = ", ".join(f"{name}=..." for name in list(values)[:3])
        warnings.warn(
            f"tfwidget.log({names}) was called outside a run, so nothing was recorded. Call it inside "
            "'for ... in tfwidget.live(...)', or in model.fit(..., callbacks=[tfwidget.LiveCallback()])",
            TfwidgetWarning,
            stacklevel=2,
        )
        return
    run.log(values)


def tick() -> bool:
    """Let the plot be drawn and the browser's messages be handled, in the middle of a long step.

    Returns
    -------
    bool
        False when the user wants the run to stop. Outside a run it is True.
    """
    on_owner_thread = kernel.on_owner_thread()
    run = own_run() if on_owner_thread else current_run()
    if run is not None:
        return run.tick()
    if on_owner_thread:
        kernel.mailbox.drain()
    return True


@dataclass
class _Begun:
    """The run that began last in this cell, and the code that makes its steps."""

    frame: FrameType
    line: int | None
    run: Run
    late: dict[str, object] = field(default_factory=dict)
    """Logged since its end: the newest value of each name."""
    looped_at: int | None = None
    """The instruction that ended the loop by itself, in order unless it raised."""

    def take_late(self) -> dict[str, object]:
        late, self.late = self.late, {}
        return late.copy()  # another thread may be about to add to it

    def record_late(self) -> None:
        if late := self.take_late():
            self.run.add(late)


_last: _Begun | None = None


def open_run(
    *,
    total: int | None = None,
    plot: LivePlot | None = None,
    after: Run | None = None,
    frame: FrameType,
    line: int | None = None,
) -> Run:
    """Begin a run in a plot that is shown, and end it with the cell at the latest.

    Parameters
    ----------
    total : int, optional
        The number of steps to be made, where it is known.
    plot : LivePlot, optional
        The plot to use; by default that of the run to go on from, or a new one, displayed in the current cell.
    after : Run, optional
        The run to go on from: its step count, its record.
    frame : frame
        The frame that makes the steps: an exception that leaves it explains why the run failed.
    line : int, optional
        The line of a loop that may begin again there, and go on with this run.

    Returns
    -------
    Run
        The run, to be ended by `Run.finish`.
    """
    global _last
    _refuse_overlap()
    _warn_without_subshells()
    if plot is None and after is not None and isinstance(after.front_end, LivePlot):
        plot = after.front_end
    if plot is None:
        plot = new_plot()

    def ended() -> None:
        global _last
        if line is None and _last is not None and _last.run is run:
            _last = None  # nothing goes on there: let go of the frame, which holds the model

    run = Run(plot, kernel.mailbox, total=total, fetch=scalars_fetch(), after=after)
    if _last is not None and _last.run is after:
        run.log(_last.take_late(), step=run.step)
    elif _last is not None:
        _last.record_late()
    run.at_end(ended)
    plot.attach(run)
    place_waiting(plot)
    _last = _Begun(frame, line, run)

    def end_with_cell(error: BaseException | None) -> None:
        global _last
        unwatch()
        begun = _last if _last is not None and _last.run is run else None
        if begun is not None:
            _last = None
        if isinstance(error, KeyboardInterrupt):
            run.finish("stopped", "interrupted")
        elif error is not None:
            run.finish("failed", error)
            raised_at = _raised_at(error, frame)
            if begun is not None and begun.looped_at in raised_at:
                run.fail_after_all()
            if raised_at:
                run.explain(error)
        else:
            run.finish("stopped", "the cell ended before the training did")
        if begun is not None:
            begun.record_late()
        if plot.run is run:
            plot.publish_picture()

    unwatch = kernel.on_cell_end(end_with_cell)
    return run


def scalars_fetch() -> Callable[[Sequence[object]], list[float]]:
    """How scalars come to the host: together, where TensorFlow is in use."""
    return tf.fetch if "tensorflow" in sys.modules else snapshot.fetch


_plots_by_cell: dict[str, tuple[str | None, list[LivePlot]]] = {}


def new_plot(*, show: bool = True) -> LivePlot:
    """Make a plot for this cell. Those that an earlier execution of it made have vanished with its output."""
    plot = LivePlot()
    cell, execution = kernel.cell()
    if cell is not None:
        shown_in, plots = _plots_by_cell.get(cell, (None, []))
        if shown_in != execution:
            for old in plots:
                old.close()
            plots = []
        _plots_by_cell[cell] = (execution, [*plots, plot])
    if show:
        plot.show()
    return plot


def _refuse_overlap() -> None:
    if not kernel.on_owner_thread():
        raise RunError(
            f"a run was begun on thread {threading.current_thread().name!r}, but only the main thread can show one. "
            "Loop on the main thread; other threads may call tfwidget.log"
        )
    run = own_run()
    if run is not None and _last is not None and _last.run is run and not _is_running(_last.frame):
        # It was left by an exception that the cell caught, which nobody told.
        run.finish("stopped", "an exception or an interrupt ended the training")
    elif run is not None and (run.looping or not run.in_background):
        raise RunError(
            f"a run was begun inside another one ({run!r}). Use tfwidget.live for the innermost loop only: in a loop "
            "over epochs it goes on in the same plot"
        )


def _raised_at(error: BaseException, frame: FrameType) -> list[int]:
    """The instructions of this frame that the error went through."""
    found, entry = [], error.__traceback__
    while entry is not None:
        if entry.tb_frame is frame:
            found.append(entry.tb_lasti)
        entry = entry.tb_next
    return found


def _is_running(wanted: FrameType) -> bool:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame is not wanted:
        frame = frame.f_back
    return frame is not None


_warned_without_subshells = False


def _warn_without_subshells() -> None:
    global _warned_without_subshells
    if kernel.in_kernel() and not hosts.messages_arrive_during_cells() and not _warned_without_subshells:
        _warned_without_subshells = True
        host = hosts.known_host()
        advice = (
            "Use ipykernel 7.1 or newer, with JupyterLab 4.4 or newer"
            if host is None
            else "Run the cell in the background with %%tfwidget, or use JupyterLab 4.4 with ipykernel 7.1, or newer"
        )
        warnings.warn(
            f"{host or 'this kernel'} cannot receive messages while a cell is running, so the plot is updated, but "
            f"buttons, pan and zoom wait for the cell's end. {advice}",
            TfwidgetWarning,
            stacklevel=4,
        )
