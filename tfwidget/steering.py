"""`knob`: a number that is changed by hand while the training goes on.

Invariant: a plot has one knob of each name. A knob that was made outside of a run waits for the plot of the next one.
"""

from collections.abc import Sequence
from typing import Any

from tfwidget import session
from tfwidget.errors import RunError
from tfwidget.jupyter import owner
from tfwidget.widget.knobs import Knob, Value
from tfwidget.widget.liveplot import LivePlot

__all__ = ["knob"]


def knob(
    name: str,
    target: Any,
    lo: float | None = None,
    hi: float | None = None,
    *,
    log: bool = False,
    values: Sequence[Value] | None = None,
    value: Value | None = None,
) -> Knob:
    """Show a slider, or a drop-down, that changes a number while the training goes on.

    A new value takes effect between two steps. It is recorded with its step in the run's history
    (``run.history.events``), and marked on the curves. A variable is assigned to, so no function is traced anew.

    During a run the knob appears in the run's plot, otherwise in the plot of the next run. It stays in that plot, also
    in later runs. A new knob of the same name replaces the former one.

    Parameters
    ----------
    name : str
        What it is called in the plot and in the history.
    target : variable or callable
        A scalar `tf.Variable` or Keras variable of a float or integer dtype, such as ``optimizer.learning_rate``; or a
        function that is called with each new value.
    lo, hi : float, optional
        The range of a slider, ends included. The slider moves by integers if the target is an integer variable, or a
        function and both ends are integers.
    log : bool, optional
        Make the slider logarithmic; `lo` must then be positive.
    values : sequence of numbers or str, optional
        The values of a drop-down, instead of `lo` and `hi`. Strings are for functions only.
    value : number or str, optional
        For a function only: what the knob shows at first, by default `lo` or the first of `values`. The function is not
        called with it. The knob of a variable shows what the variable holds.

    Returns
    -------
    Knob
        Its `Knob.value` may be read and set. `Knob.close` removes it.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or value, or the variable holds a value outside of the range.
    RunError
        If the calling thread is not the main thread.

    Examples
    --------
    >>> tfwidget.knob("learning rate", optimizer.learning_rate, 1e-5, 1e-1, log=True)
    >>> tfwidget.knob("augmentation", augment.set_strength, values=["none", "light", "heavy"])
    """
    if not owner.on_owner_thread():
        raise RunError("knob: only the main thread can show one. Call it in a cell, outside of threads of your own")
    new = Knob(name, target, lo, hi, log=log, values=values, value=value)
    run = session.current_run()
    plot = run.front_end if run is not None and isinstance(run.front_end, LivePlot) else None
    if plot is not None and plot.comm is None:
        plot = None  # the plot was closed, and the run goes on without one
    former = (session.waiting_knobs if plot is None else plot.knobs).get(name)
    if former is not None and former.adopt(new):
        return former  # the same call again, as in a loop's body: the knob is there already
    if plot is None:
        session.waiting_knobs[name] = new
    else:
        new.place(plot)
    return new
