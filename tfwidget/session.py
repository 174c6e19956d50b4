"""The runs, plots and knobs of this kernel: what all that users call has in common.

Invariant: no other module of this package keeps state that changes and belongs to no object, and what is kept here is
changed on the owner thread only.
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
"""How much plotting may take, in all runs; ``%tfwidget fps`` and ``%tfwidget budget`` change it."""


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
        The line where the frame has called `tfwidget.live`. A further call there goes on with the run.
    lines : range, optional
        The lines that the frame was in when it began the loop and when it left it, and those between. None while the
        loop goes on, and if it was exhausted.
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
        What makes its steps.
    cell : (str or None, str or None)
        The cell that has started it, and which execution of it; see `tfwidget.jupyter.cells.cell`.
    task : asyncio.Task
        The task that drives it.
    """

    driver: Background
    cell: tuple[str | None, str | None]
    task: "asyncio.Task[None]"


# -- runs --------------------------------------------------------------------------------------------------------------

_active: list[Run] = []

only: Run | None = None
"""The run under way, if it is the only one. `tfwidget.log` asks at every step, and looks further if this is None."""

begun: Begun | None = None
"""The run that began last in the cell that runs now."""


def begin(run: Run) -> None:
    """Count a run among those under way, until it ends."""
    _active.append(run)
    _note_only()
    run.at_end(lambda: end(run))


def end(run: Run) -> None:
    """Count a run no longer among those under way."""
    if run in _active:
        _active.remove(run)
        _note_only()


def _note_only() -> None:
    global only
    only = _active[0] if len(_active) == 1 else None


def active_runs() -> list[Run]:
    """Return the runs under way, in the order in which they began."""
    return list(_active)


def own_run() -> Run | None:
    """Return the run whose training the calling code is part of, or None."""
    return next((run for run in reversed(active_runs()) if run.is_own), None)


def current_run() -> Run | None:
    """Return the run whose training the calling code is part of; else the run under way that began last, or None."""
    return only or own_run() or next(reversed(active_runs()), None)


def _rest(seconds: float) -> bool:
    """Let a training that plots by itself tick for so many seconds; False where the calling code is part of none."""
    run = own_run()
    if run is None:
        return False
    run.rest(seconds)
    return True


owner.rest = _rest


# -- runs in the background --------------------------------------------------------------------------------------------

jobs: dict[Run, Job] = {}
"""The runs in the background that have left something to be cleared away."""

interrupts = BackgroundInterrupts()
"""Tells them of the interrupt button."""

hooks: list[Callable[[], object]] = []
"""Undo what was hooked into the kernel for them."""


# -- plots -------------------------------------------------------------------------------------------------------------

plots_by_cell: dict[str, tuple[str | None, list[LivePlot]]] = {}
"""The execution of each cell that has made its plots, and these plots."""


def new_plot(*, show: bool = True) -> LivePlot:
    """Make a plot for this cell. Plots of an earlier execution of the cell are closed: they vanished with its output.

    Parameters
    ----------
    show : bool, optional
        Display it now.
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
"""Knobs that were made outside of a run, by name; they wait for the plot of the next run."""


def place_knobs(plot: LivePlot) -> None:
    """Show the knobs that wait in this plot."""
    while waiting_knobs:
        knob = waiting_knobs.pop(next(iter(waiting_knobs)))
        if not knob.closed:
            knob.place(plot)


# -- warnings ----------------------------------------------------------------------------------------------------------

warned: set[str] = set()
"""What users were warned of; they are warned once."""
