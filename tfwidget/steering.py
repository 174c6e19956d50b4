"""`knob`: what a user says to steer a number by hand while the training goes on.

Invariant: a name has one knob in a plot, and a knob that was made outside of a run waits for the plot of the next one.
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

    What the user chooses takes effect between two steps, is recorded in the run's history with its step
    (``run.history.events``), and is marked on the curves. A variable is assigned to, so nothing is traced anew.

    During a run the knob appears in its plot, otherwise in the plot of the next run. It stays with that plot, in its
    further runs too. The same name again takes the former knob's place.

    Parameters
    ----------
    name : str
        What it is called in the plot and in the history.
    target : variable or callable
        A scalar `tf.Variable` or Keras variable of a float or integer dtype, such as ``optimizer.learning_rate``; or a
        function that is called with each new value.
    lo, hi : float, optional
        The range of a slider, ends included. For an integer variable, and for a function where both are integers, the
        slider goes by integers.
    log : bool, optional
        A logarithmic slider; `lo` must be positive.
    values : sequence of numbers or str, optional
        The values of a drop-down, instead of `lo` and `hi`. Text is for functions only.
    value : number or str, optional
        What a function's knob shows at first, by default `lo` or the first of `values`; the function is not called with
        it. A variable's knob shows what the variable holds.

    Returns
    -------
    Knob
        Its `Knob.value` may be read and set, and `Knob.close` takes it away.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or value, or the variable holds a value out of range.
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
        plot = None  # closed: the run goes on unseen
    former = (session.waiting_knobs if plot is None else plot.knobs).get(name)
    if former is not None and former.adopt(new):
        return former  # as in a loop's body: nothing to show anew
    if plot is None:
        session.waiting_knobs[name] = new
    else:
        new.place(plot)
    return new
