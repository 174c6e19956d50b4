"""`live`, `log` and `tick`: what a training loop in a plain cell calls.

Invariant: however a loop is left, its run ends once, with the outcome that fits.

The outcome is known at once if the iterable is exhausted or raises an error, or if the run was stopped. It is not known
if the loop is left by ``break``, ``return`` or an exception in its body: Python then only closes the generator. So the
outcome is decided when the cell ends, which tells the exception, or when another run begins in the cell.
"""

import contextlib
import inspect
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import FrameType
from typing import TypeVar

from tfwidget import session
from tfwidget.errors import RunError, TfwidgetWarning
from tfwidget.jupyter import cells, hosts, owner
from tfwidget.record import tf
from tfwidget.record import values as record
from tfwidget.run.run import Run
from tfwidget.session import Begun
from tfwidget.widget.liveplot import LivePlot

__all__ = ["join", "live", "log", "open_run", "scalars_fetch", "tick"]

T = TypeVar("T")


def live(iterable: Iterable[T], *, total: int | None = None, plot: LivePlot | None = None) -> Iterator[T]:
    """Loop over `iterable` and show the training live: a figure, its controls and its progress appear in this cell.

    Each turn of the loop is a step. Between two steps the plot is drawn if a frame is due, and what the user did in the
    browser takes effect: pause, step, stop, knobs. Stopping ends the loop as if `iterable` were exhausted.

    A loop over epochs may contain ``live``: a further ``live`` at the same line of the same cell continues the run.

    Parameters
    ----------
    iterable : iterable
        A `tf.data.Dataset`, a list, a generator, ``range(1000)``. It may be infinite.
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


def _steps(iterator: Iterator[T], total: int | None, plot: LivePlot | None, place: int) -> Iterator[T]:
    """Make the steps of a run that begins and ends with this loop; or those of the background run that calls this."""
    own = session.own_run()
    if own is not None and own.in_background:
        yield from _steps_of(own, iterator, total, plot)
        return
    frame = _looping_frame(sys._getframe(1))
    first_line = frame.f_lineno
    before = session.begun
    after = None
    if before is not None and before.frame is frame and before.place == place:
        after = before.run
        if before.lines is not None:
            after.finish("stopped")  # the loop was left without an exception: the cell goes on
        if after.stopped_by_user:
            return  # whoever stops one epoch wants to stop all of them
    run = open_run(total=total, plot=plot, after=after, frame=frame, place=place)
    try:
        for item in iterator:
            yield item
            if not run.step_done():
                break
    except GeneratorExit:
        _leave(run, first_line)
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
    """Make steps of a background run. It ends with its function, not with this loop."""
    _refuse_overlap()
    join(run, plot)
    with run.loop(total):
        if not run.before_first_step():
            return
        for item in iterator:
            yield item
            if not run.step_done():
                return


def join(run: Run, plot: LivePlot | None) -> None:
    """Let a background run go on in another plot.

    Parameters
    ----------
    run : Run
        The background run.
    plot : LivePlot, optional
        The plot to use; None changes nothing.
    """
    former = run.front_end
    if plot is None or plot is former:
        return
    run.draw_on(plot)
    plot.attach(run)
    if isinstance(former, LivePlot):
        former.close()


def log(**values: object) -> None:
    """Record values of the step under way, and show them.

    Scalars (numbers, tensors of one element) become curves, tensors of an image's shape become pictures, and all others
    histograms. `tfwidget.Line`, `tfwidget.Image` and `tfwidget.Histogram` choose explicitly.

    It may be called from any thread, as often as wanted. Scalars stay on their device until a frame is due, and larger
    tensors are copied only then. So logging does not slow the training down.

    Parameters
    ----------
    **values : scalar, array, tensor, or callable
        What to record, by name. ``loss`` and ``val_loss`` share axes, and so do ``a/train`` and ``a/val``, which are
        written as ``**{"a/val": ...}``. A callable is called without arguments when a frame is due, and returns the
        value. A tensor that changes in place, such as a `tf.Variable`, is read at the end of the step.

    Notes
    -----
    Values that are logged after the loop, such as those of a validation, belong to its last step. The newest of each
    name is recorded when a further ``live`` continues the run, or when the cell ends.

    Warns
    -----
    TfwidgetWarning
        If it is called outside a run, or if values cannot be recorded. The training goes on.

    Examples
    --------
    >>> tfwidget.log(loss=loss, kernel=model.layers[0].kernel, sample=images[0])
    >>> tfwidget.log(attention=tfwidget.Image(weights, cmap="magma", vmin=0, vmax=1))
    """
    run = session.only or session.current_run()
    if run is not None:
        run.log(values)
    elif (begun := session.begun) is not None and cells.running():
        begun.run.log_late(values)
    else:
        names = ", ".join(f"{name}=..." for name in list(values)[:3])
        warnings.warn(
            f"tfwidget.log({names}) was called outside a run, so nothing was recorded. Call it inside "
            "'for ... in tfwidget.live(...)', or in model.fit(..., callbacks=[tfwidget.LiveCallback()])",
            TfwidgetWarning,
            stacklevel=2,
        )


def tick() -> bool:
    """Draw the plot if a frame is due, and handle the browser's messages, in the middle of a long step.

    Returns
    -------
    bool
        False if the run is to stop. Outside a run it is True.
    """
    on_owner_thread = owner.on_owner_thread()
    run = session.own_run() if on_owner_thread else session.current_run()
    if run is not None:
        return run.tick()
    if on_owner_thread:
        owner.mailbox.drain()
    return True


# -- the beginning of a run --------------------------------------------------------------------------------------------


def open_run(
    *,
    total: int | None = None,
    plot: LivePlot | None = None,
    after: Run | None = None,
    frame: FrameType,
    place: int | None = None,
) -> Run:
    """Begin a run in a plot that is shown, and end it with the cell at the latest.

    Parameters
    ----------
    total : int, optional
        The number of steps to be made, where it is known.
    plot : LivePlot, optional
        The plot to use; by default that of `after`, or a new one, displayed in the current cell.
    after : Run, optional
        The run before, which this one continues: its step count, its record.
    frame : frame
        The frame that makes the steps.
    place : int, optional
        The line of the call of ``live``. A further call at this line continues the run.

    Returns
    -------
    Run
        The run. The caller ends it by `Run.finish`.

    Raises
    ------
    RunError
        If another run is under way, or the calling thread is not the main thread.
    """
    _refuse_overlap()
    _warn_if_deaf()
    _conclude_former(after)
    if plot is None and after is not None and isinstance(after.front_end, LivePlot):
        plot = after.front_end
    if plot is None:
        plot = session.new_plot()
    run = Run(plot, owner.mailbox, total=total, fetch=scalars_fetch(), after=after, pace=session.PACE)
    begun = session.begun = Begun(run, frame, place)
    session.begin(run)
    plot.attach(run)
    session.place_knobs(plot)

    def forget() -> None:
        if session.begun is begun:
            session.begun = None

    def cell_ended(error: BaseException | None) -> None:
        unwatch()
        forget()
        _decide(begun, error)
        run.draw_last()
        if plot.run is run:
            plot.publish_picture()

    if place is None:
        run.at_end(forget)  # no further call continues this run, and the frame keeps the model in memory
    unwatch = cells.on_cell_end(cell_ended)
    return run


def scalars_fetch() -> Callable[[Sequence[object]], list[float]]:
    """Return the function that copies scalars to the host: TensorFlow's scalars together, if TensorFlow is in use."""
    return tf.fetch if "tensorflow" in sys.modules else record.fetch


def _refuse_overlap() -> None:
    if not owner.on_owner_thread():
        raise RunError(
            f"a run was begun on thread {threading.current_thread().name!r}, but only the main thread can show one. "
            "Loop on the main thread; other threads may call tfwidget.log"
        )
    run, begun = session.own_run(), session.begun
    if run is not None and begun is not None and begun.run is run and not _is_running(begun.frame):
        # The frame is gone although its run has not ended: the cell has caught the exception that ended it.
        run.finish("stopped", "an exception or an interrupt ended the training")
    elif run is not None and (run.looping or not run.in_background):
        raise RunError(
            f"a run was begun inside another one ({run!r}). Use tfwidget.live for the innermost loop only: in a loop "
            "over epochs it goes on in the same plot"
        )


def _looping_frame(frame: FrameType) -> FrameType:
    """Return the frame with the loop. Generators between it and ``live``, such as tqdm's, are skipped."""
    while frame.f_code.co_flags & inspect.CO_GENERATOR and frame.f_back is not None:
        frame = frame.f_back
    return frame


def _is_running(wanted: FrameType) -> bool:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame is not wanted:
        frame = frame.f_back
    return frame is not None


def _warn_if_deaf() -> None:
    if "deaf" in session.warned or not cells.in_kernel() or hosts.messages_arrive_during_cells():
        return
    session.warned.add("deaf")
    host = hosts.known_host()
    advice = (
        "Use ipykernel 7.1 or newer"
        if host is None
        else "Run the cell in the background with %%tfwidget, or use JupyterLab with ipykernel 7.1 or newer"
    )
    warnings.warn(
        f"{host or 'this kernel'} cannot receive messages while a cell is running, so the plot is updated, but "
        f"buttons, pan and zoom wait for the cell's end. {advice}",
        TfwidgetWarning,
        stacklevel=4,
    )


# -- the end of a run --------------------------------------------------------------------------------------------------


def _leave(run: Run, first_line: int) -> None:
    """End the steps of a loop that was left. The outcome is decided later, see `_decide`."""
    begun, left_by = session.begun, sys._getframe(1).f_back
    if begun is None or begun.run is not run or left_by is None or not cells.running():
        run.command(lambda: run.finish("stopped"))  # no cell's end follows that could decide
        return
    frame = _looping_frame(left_by)
    lines = sorted((first_line if frame is begun.frame else frame.f_lineno, frame.f_lineno))
    begun.frame, begun.lines = frame, range(lines[0], lines[1] + 1)

    def leave() -> None:
        session.end(run)
        run.leave()

    run.command(leave)  # the garbage collector may close the generator on any thread


def _conclude_former(after: Run | None) -> None:
    """Decide the outcome of the run before in this cell. The cell goes on, so no exception has ended that run."""
    if session.begun is None:
        return
    former = session.begun.run
    former.finish("stopped")
    if former is not after:
        former.draw_last()


def _decide(begun: Begun, error: BaseException | None) -> None:
    """Decide the outcome of the cell's run at the cell's end, unless it is decided already."""
    if begun.lines is None:
        left_by, reason = error, "the cell ended before the training did"
    else:
        left_by, reason = error if _went_through(begun, error) else None, None
    if left_by is None:
        begun.run.finish("stopped", reason)
    elif isinstance(left_by, KeyboardInterrupt):
        begun.run.finish("stopped", "interrupted")
    else:
        begun.run.finish("failed", left_by)


def _went_through(begun: Begun, error: BaseException | None) -> bool:
    """Whether this error has left the loop: then its traceback has a line of the loop.

    It need not be the line at which the loop was left, for an ``except`` or ``finally`` in the body may come between.
    """
    entry = None if error is None else error.__traceback__
    while entry is not None:
        if entry.tb_frame is begun.frame and begun.lines is not None and entry.tb_lineno in begun.lines:
            return True
        entry = entry.tb_next
    return False
