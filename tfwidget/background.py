"""`start`: a training in the background, between the turns of the kernel's event loop.

Invariant: a background run has exactly one outcome, and when it has it, nothing of it is left: no task, no greenlet, no
handler of signals, no hook.
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

    The training stays on the kernel's main thread. It makes its steps in slices of about 20 ms, between which messages,
    other cells and other runs have their turn; they never begin inside a step. What it prints, its figure and its
    errors appear in this cell. `tfwidget.live`, `tfwidget.LiveCallback` and ``plt.pause`` in it are where it can be
    paused, stopped and looked at; a function without any of them runs to its end in one go.

    Parameters
    ----------
    function : callable
        The training, such as a function with a loop over ``tfwidget.live(...)``, or `model.fit`.
    *args, **kwargs
        Its arguments.

    Returns
    -------
    Run
        To steer it: ``run.pause()``, ``run.advance(10)``, ``run.resume()``, ``run.stop()``; to look at it from any
        cell, between two steps: ``run.state``, ``run.step``, ``run.history``; to wait for it: ``await run`` gives what
        `function` returns, or raises what ended it. Stopped before its first slice, `function` is not called.

    Raises
    ------
    TypeError
        If `function` cannot be called, or is a coroutine function.
    RunError
        Inside of another run, on another thread than the main thread, or without an event loop.

    Notes
    -----
    When the cell is run again, the run that it had started before is stopped, and the new one begins after its end.
    The interrupt button stops the background runs at their next step boundary; pressed a second time, it raises
    KeyboardInterrupt inside of the step.

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
        if run.stopping:  # before it began: the function may do much before its first step
            run.finish("stopped")
            return
        try:
            result = function(*args, **kwargs)
        except (GreenletExit, KeyboardInterrupt) as error:
            run.finish("stopped", error if isinstance(error, KeyboardInterrupt) else None)
        except BaseException as error:
            error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)  # from the user's function on
            run.finish("failed", error)
            cells.show_traceback(error)
        else:
            run.finish("stopped" if run.stopping else "finished", result=result)

    driver = Background(training, before_slice=session.interrupts.listen)
    driver.waits_for = "the cell to end"
    run = Run(plot, owner.mailbox, fetch=scalars_fetch(), driver=driver, pace=session.PACE)
    session.begin(run)
    run.at_end(lambda: _publish(run), awaited=True)  # nbclient keeps nothing that comes from a cell that has ended
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
    """Stop what an earlier execution of this cell has started; return the tasks to wait for."""
    tasks = []
    for run, job in session.jobs.items():
        if job.cell[0] and job.cell[0] == cell[0] and job.cell[1] != cell[1]:
            tasks.append(job.task)
            run.stop("its cell was run again")
            print(f"Stopping what this cell had started: {run!r}")  # noqa: T201  its own plot is gone with the output
    return tasks


def _publish(run: Run) -> None:
    """Put the last picture into the notebook."""
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
    except KeyboardInterrupt as error:  # it came when the function had just returned; raised here, it ends the kernel
        run.finish("stopped", error)
    finally:
        if cancelled or (cells.is_ending() and run.state == "stopped"):
            _report_unfinished(run)
        _let_go(run)


def _give_up(run: Run) -> None:
    """Report a run whose task was cancelled before it began: then `_drive` cannot."""
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
        loop.call_soon(session.interrupts.listen)  # when a cell awaits: a paused run makes no slice that would do so
    for run, job in session.jobs.items():
        if run.state == "running":  # a paused one makes no slice after the cell, either
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
