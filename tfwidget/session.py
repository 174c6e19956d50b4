"""The runs, plots and knobs of this kernel, which the functions that users call have in common.

Invariant: this state is changed on the owner thread only. No other module keeps runs, plots or knobs in variables of
its own.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

from tfwidget.jupyter import cells, owner
from tfwidget.jupyter.interrupts import BackgroundInterrupts
from tfwidget.run.budget import Pace
from tfwidget.run.driver import Background
from tfwidget.run.run import Run
from tfwidget.widget.knobs import Knob
from tfwidget.widget.liveplot import LivePlot

__all__ = [
    "PACE",
    "Begun",
    "Job",
    "active_runs",
    "begin",
    "current_run",
    "end",
    "new_plot",
    "own_run",
    "place_knobs",
]

PACE = Pace()
"""How much plotting may take, in all runs. ``%tfwidget fps`` and ``%tfwidget budget`` change it."""


@dataclass(eq=False)
class Begun:
    """A run that a cell makes, and the code that makes its steps.

    Parameters
    ----------
    run : Run
        The run.
    frame : frame
        The frame that makes the steps.
    place : int, optional
        The line where the frame has called `tfwidget.live`. A further call at this line continues the run.
    lines : range, optional
        The lines of a loop that was left: from the line at which the frame began it to the line at which it left it.
        None while the loop goes on, and if it was exhausted.
    """

    run: Run
    frame: FrameType
    place: int | None
    lines: range | None = None


@dataclass(eq=False)
class Job:
    """A run in the background.

    Parameters
    ----------
    driver : Background
        Makes its steps.
    cell : (str or None, str or None)
        The cell that has started it, and the execution of this cell; see `tfwidget.jupyter.cells.cell`.
    task : asyncio.Task
        The task that drives it.
    """

    driver: Background
    cell: tuple[str | None, str | None]
    task: "asyncio.Task[None]"


# -- runs --------------------------------------------------------------------------------------------------------------

_active: list[Run] = []

only: Run | None = None
"""The active run, if there is exactly one. So `tfwidget.log`, which asks at every step, rarely needs `current_run`."""

begun: Begun | None = None
"""The run that began last in the cell that runs now."""


def begin(run: Run) -> None:
    """Count a run among the active ones until it ends."""
    _active.append(run)
    _note_only()
    run.at_end(lambda: end(run))


def end(run: Run) -> None:
    """Count a run no longer among the active ones."""
    if run in _active:
        _active.remove(run)
        _note_only()


def _note_only() -> None:
    global only
    only = _active[0] if len(_active) == 1 else None


def active_runs() -> list[Run]:
    """Return the runs that have begun and not ended, in the order in which they began."""
    return list(_active)


def own_run() -> Run | None:
    """Return the run to whose training the calling code belongs, or None."""
    return next((run for run in reversed(active_runs()) if run.is_own), None)


def current_run() -> Run | None:
    """Return the run to whose training the calling code belongs; else the active run that began last, or None."""
    return only or own_run() or next(reversed(active_runs()), None)


def _rest(seconds: float) -> bool:
    """Let the run of the calling code tick for a time in seconds; return False if the code belongs to no run."""
    run = own_run()
    if run is None:
        return False
    run.rest(seconds)
    return True


owner.rest = _rest


# -- runs in the background --------------------------------------------------------------------------------------------

jobs: dict[Run, Job] = {}
"""The background runs whose task has not ended."""

interrupts = BackgroundInterrupts()
"""Tells background runs of the interrupt button."""

hooks: list[Callable[[], object]] = []
"""Functions that unhook from the kernel what was hooked into it for background runs."""


# -- plots -------------------------------------------------------------------------------------------------------------

plots_by_cell: dict[str, tuple[str | None, list[LivePlot]]] = {}
"""By cell: the newest execution that has made plots, and these plots."""


def new_plot(*, show: bool = True) -> LivePlot:
    """Make a plot for this cell. Plots of an earlier execution of the cell are closed, since its output is gone.

    Parameters
    ----------
    show : bool, optional
        Whether to display it now.
    """
    plot = LivePlot()
    cell, execution = cells.cell()
    if cell is not None:
        made_by, plots = plots_by_cell.get(cell, (None, []))
        if made_by != execution:
            for old in plots:
                old.close()
            plots = []
        plots_by_cell[cell] = (execution, [*plots, plot])
    if show:
        plot.show()
    return plot


# -- knobs -------------------------------------------------------------------------------------------------------------

waiting_knobs: dict[str, Knob] = {}
"""Knobs that were made outside of a run, by name. They wait for the plot of the next run."""


def place_knobs(plot: LivePlot) -> None:
    """Show in this plot the knobs that wait for one."""
    while waiting_knobs:
        knob = waiting_knobs.pop(next(iter(waiting_knobs)))
        if not knob.closed:
            knob.place(plot)


# -- warnings ----------------------------------------------------------------------------------------------------------

warned: set[str] = set()
"""The subjects of the warnings that are given only once."""
