"""`start`: a training in the background, between the turns of the kernel's event loop.

Invariant: a background run has exactly one outcome. Once it is decided, nothing of the run is left behind: no task, no
greenlet, no handler of signals, no hook.
"""

import asyncio
import threading
import warnings
from collections.abc import Callable
from typing import ParamSpec

from greenlet import GreenletExit

from tfwidget import session
from tfwidget.errors import RunError, TfwidgetWarning
from tfwidget.jupyter import cells, owner
from tfwidget.loop import scalars_fetch
from tfwidget.run.driver import Background
from tfwidget.run.run import Run
from tfwidget.session import Job
from tfwidget.widget.liveplot import LivePlot

__all__ = ["start", "stop_all"]

Parameters = ParamSpec("Parameters")


def start(function: Callable[Parameters, object], /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Run:
    """Run a training in the background: the cell ends at once, and other cells can be run meanwhile.

    The training stays on the kernel's main thread. It makes its steps in slices of about 20 ms. Messages, other cells
    and other runs have their turns between two slices, never inside a step. What the training prints, its figure and
    its errors appear in this cell.

    The function must use `tfwidget.live`, `tfwidget.LiveCallback` or ``plt.pause``. There the training can be paused
    and stopped, and others have their turns. A function without any of them runs to its end in one go.

    Parameters
    ----------
    function : callable
        The training, such as a function with a loop over ``tfwidget.live(...)``, or `model.fit`.
    *args, **kwargs
        Its arguments.

    Returns
    -------
    Run
        To steer it: ``run.pause()``, ``run.advance(10)``, ``run.resume()``, ``run.stop()``. To look at it from any
        cell: ``run.state``, ``run.step``, ``run.history``. To wait for it: ``await run`` returns what `function`
        returns, or raises the error that ended it. If the run is stopped before its first slice, `function` is not
        called.

    Raises
    ------
    TypeError
        If `function` cannot be called, or is a coroutine function.
    RunError
        If it is called inside another run, on another thread than the main thread, or without an event loop.

    Notes
    -----
    When the cell is run again, the run that it had started before is stopped, and the new one begins after its end.
    The interrupt button stops the background runs at their next step boundary. If it is pressed a second time, it
    raises KeyboardInterrupt inside the step.

    Examples
    --------
    >>> def train():
    ...     for batch in tfwidget.live(dataset):
    ...         tfwidget.log(loss=step(batch))
    ...     return model
    >>> run = tfwidget.start(train)
    >>> run = tfwidget.start(model.fit, x, y, epochs=20, callbacks=[tfwidget.LiveCallback()])
    >>> model = await run
    """
    if not callable(function):
        raise TypeError(f"start: function must be something to call, such as a function or model.fit; got {function!r}")
    if asyncio.iscoroutinefunction(function):
        raise TypeError(
            f"start: {function!r} is a coroutine function; give an ordinary function, its steps are run between the "
            "event loop's turns anyway"
        )
    if not owner.on_owner_thread():
        raise RunError(
            f"start was called on thread {threading.current_thread().name!r}, but runs belong to the main thread"
        )
    inside = session.own_run()
    if inside is not None:
        raise RunError(f"start was called inside of another run ({inside!r}); call the function itself there")
    loop = owner.event_loop()
    if loop is None:
        raise RunError(
            "start needs a running event loop, as in a Jupyter kernel; in a script, call the function itself"
        )

    cell = cells.cell()
    earlier = _stop_earlier(cell)
    plot = session.new_plot(show=False)
    plot.hide_figure()

    def training() -> None:
        if run.stopping:  # stopped before it began: the function may take long before its first step
            run.finish("stopped")
            return
        try:
            result = function(*args, **kwargs)
        except (GreenletExit, KeyboardInterrupt) as error:
            run.finish("stopped", error if isinstance(error, KeyboardInterrupt) else None)
        except BaseException as error:
            error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)  # without this frame
            run.finish("failed", error)
            cells.show_traceback(error)
        else:
            run.finish("stopped" if run.stopping else "finished", result=result)

    driver = Background(training, before_slice=session.interrupts.listen)
    driver.waits_for = "the cell to end"
    run = Run(plot, owner.mailbox, fetch=scalars_fetch(), driver=driver, pace=session.PACE)
    session.begin(run)
    run.at_end(lambda: _publish(run), awaited=True)  # nbclient drops output of a cell that has ended
    plot.attach(run)
    session.place_knobs(plot)
    plot.show()
    session.interrupts.add(run.interrupt)
    if not session.hooks:
        session.hooks += [cells.on_cell_begin(_cell_begins), cells.at_exit(_report_all_unfinished)]
    task = loop.create_task(_drive(run, driver, earlier))
    session.jobs[run] = Job(driver, cell, task)
    task.add_done_callback(lambda _: _give_up(run))
    return run


def _stop_earlier(cell: tuple[str | None, str | None]) -> "list[asyncio.Task[None]]":
    """Stop the runs that an earlier execution of this cell has started; return the tasks to wait for."""
    tasks = []
    for run, job in session.jobs.items():
        if job.cell[0] and job.cell[0] == cell[0] and job.cell[1] != cell[1]:
            tasks.append(job.task)
            run.stop("its cell was run again")
            print(f"Stopping what this cell had started: {run!r}")  # noqa: T201  the output with that run's plot is gone
    return tasks


def _publish(run: Run) -> None:
    """Put the picture of the last frame into the notebook."""
    if not isinstance(run.front_end, LivePlot):
        return
    try:
        run.front_end.publish_picture()
    except Exception as error:
        warnings.warn(
            f"the last picture cannot be kept in the notebook: {type(error).__name__}: {error}",
            TfwidgetWarning,
            stacklevel=2,
        )


async def _drive(run: Run, driver: Background, earlier: "list[asyncio.Task[None]]") -> None:
    cancelled = False
    try:
        if earlier:
            driver.waits_for = "the earlier run of this cell to end"
            run.show_status()
            await asyncio.wait(earlier)
        await driver.drive()
    except asyncio.CancelledError:
        cancelled = True
        raise
    except KeyboardInterrupt as error:  # it came when the function had just returned, and would end the kernel
        run.finish("stopped", error)
    finally:
        if cancelled or (cells.is_ending() and run.state == "stopped"):
            _report_unfinished(run)
        _let_go(run)


def _give_up(run: Run) -> None:
    """Report a run whose task was cancelled before it began, so that `_drive` was never entered."""
    if run in session.jobs:
        _report_unfinished(run)
        _let_go(run)


def _let_go(run: Run) -> None:
    run.finish("stopped", "the event loop ended before the training did")
    session.interrupts.remove(run.interrupt)
    session.jobs.pop(run, None)
    if not session.jobs:
        while session.hooks:
            session.hooks.pop()()


def _cell_begins() -> None:
    if (loop := owner.event_loop()) is not None:
        loop.call_soon(session.interrupts.listen)  # for a cell that awaits: paused runs have no slices, which do this
    for run, job in session.jobs.items():
        if run.state == "running":  # no slice of a paused one would take these words back
            job.driver.waits_for = "a cell to end"
            run.show_status()


def stop_all(reason: str) -> None:
    """Stop all background runs at their next step boundary."""
    for run in list(session.jobs):
        run.stop(reason)


def _report_all_unfinished() -> None:
    for run in list(session.jobs):
        _report_unfinished(run)


def _report_unfinished(run: Run) -> None:
    total = "" if run.total is None else f" of {run.total:,}"
    cells.log_to_terminal(f"tfwidget: the kernel ended before the training did, at step {run.step:,}{total}")
