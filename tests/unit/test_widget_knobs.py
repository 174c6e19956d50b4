"""Knobs without a kernel and without TensorFlow: what they take, what they refuse, and what reaches the variable."""

import gc
import json
import math
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from ipywidgets.widgets.widget import _instances
from numpy.typing import NDArray

from tests.unit.canvas_browsers import in_thread, listen, new_canvas
from tests.unit.clock import Clock
from tfwidget.errors import RunError, TfwidgetWarning
from tfwidget.jupyter import owner
from tfwidget.run.run import Run
from tfwidget.widget import liveplot
from tfwidget.widget.controls import Control
from tfwidget.widget.knobs import SETTLED, Knob
from tfwidget.widget.liveplot import KNOBS_INTERVAL, LivePlot


class Variable:
    """Looks like those of TensorFlow and Keras, and counts what is done to it."""

    def __init__(self, value: object, dtype: str = "float32") -> None:
        self.array = np.asarray(value, dtype)
        self.dtype, self.shape = self.array.dtype, self.array.shape
        self.assigned: list[object] = []
        self.reads = 0
        self.fault: Exception | None = None

    def numpy(self) -> NDArray[Any]:
        self.reads += 1
        return self.array.copy()

    def assign(self, value: object) -> None:
        if self.fault is not None:
            raise self.fault
        self.assigned.append(value)
        self.array = np.asarray(value, self.dtype)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def plot(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Iterator[LivePlot]:
    monkeypatch.setattr(liveplot, "new_canvas", lambda figsize: new_canvas(figsize, clock))
    plot = LivePlot((3, 2))
    yield plot
    plot.close()
    owner.mailbox.drain()


@pytest.fixture
def run(plot: LivePlot) -> Iterator[Run]:
    run = Run(plot, owner.mailbox)
    plot.attach(run)
    yield run
    run.finish("stopped")


def knob(plot: LivePlot, name: str, target: Any, *arguments: Any, **options: Any) -> Knob:
    """Make a knob, and place it in the plot."""
    new = Knob(name, target, *arguments, **options)
    new.clock = plot.canvas.sender.clock
    new.place(plot)
    return new


def told(knob: Knob) -> list[dict[str, object]]:
    """The state that the browser is sent of a knob from now on."""
    states: list[dict[str, object]] = []
    listen(control(knob), lambda data, _buffers: states.append(data["state"]))
    return states


def message(raw: object, trait: str = "value") -> dict[str, Any]:
    """As the browser's comes: through JSON."""
    state = json.loads(json.dumps({trait: raw}))
    return {"content": {"data": {"method": "update", "state": state, "buffer_paths": []}}, "buffers": []}


def control(knob: Knob) -> Any:
    """The slider or drop-down: as ipywidgets has no types, anything."""
    assert isinstance(knob.control, Control)
    return knob.control


def remark(knob: Knob) -> str:
    assert knob.remark is not None
    return str(knob.remark.value)


def turn(knob: Knob, raw: object) -> None:
    """As the browser does, on this thread."""
    widget = control(knob)
    widget.comm.handle_msg(message(raw, widget.guarded))


# -- what it takes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "arguments", "widget", "held"),
    [
        (Variable(1e-3), {"lo": 1e-5, "hi": 1e-1, "log": True}, "FloatLogSlider", 1e-3),
        (Variable(0.1), {"lo": 0.0, "hi": 0.1}, "FloatSlider", 0.1),  # in float32 a little above 0.1
        (Variable(1e-3, "float16"), {"lo": 1e-3, "hi": 1}, "FloatSlider", 1e-3),
        (Variable(3, "int64"), {"lo": 1, "hi": 9}, "IntSlider", 3),
        (Variable(0.5), {"values": [0.1, 0.5, 1]}, "Dropdown", 0.5),
        (Variable(1e-3), {"lo": np.float32(1e-5), "hi": np.float64(1)}, "FloatSlider", 1e-3),
        (print, {"lo": 1, "hi": 9}, "IntSlider", 1),
        (print, {"lo": 1, "hi": 9, "log": True, "value": 3}, "FloatLogSlider", 3.0),
        (print, {"lo": 0.0, "hi": 1}, "FloatSlider", 0.0),
        (print, {"lo": 0.0, "hi": 1, "value": 0.25}, "FloatSlider", 0.25),
        (print, {"values": ["none", 1, 0.5]}, "Dropdown", "none"),
        (print, {"values": ("none", 1, 0.5), "value": 0.5}, "Dropdown", 0.5),
    ],
)
def test_each_kind_has_its_widget(
    plot: LivePlot, run: Run, target: Any, arguments: Any, widget: str, held: object
) -> None:
    made = knob(plot, "strength", target, **arguments)
    assert type(control(made)).__name__ == {"FloatLogSlider": "LogSlider"}.get(widget, widget)
    assert made.value == pytest.approx(held, rel=1e-3) if isinstance(held, float) else made.value == held
    assert control(made).description == "strength"
    assert "strength" in control(made).tooltip
    shown = control(made)
    shown = shown.value if widget != "Dropdown" else arguments["values"][shown.index]
    assert shown == pytest.approx(held, rel=1e-3) if isinstance(held, float) else shown == held


class ExponentialDecay:
    """Like Keras' schedules: can be called, but not as a setter."""

    def __call__(self, step: int) -> float:
        return 0.1


class LearningRateSchedule(ExponentialDecay):
    pass


class Cosine(LearningRateSchedule):
    pass


class Optimizer:
    learning_rate = 0.1

    def assign(self, variable: object, value: object) -> None:
        pass


class Model:
    trainable_variables = ()

    def __call__(self, x: object) -> object:
        return x


@pytest.mark.parametrize(
    ("target", "error", "text"),
    [
        (Cosine(), TypeError, r"got the schedule Cosine, which decides.*Adam\(learning_rate=1e-3\)"),
        (Optimizer(), TypeError, r"the optimizer Optimizer. Pass its optimizer.learning_rate"),
        (0.1, TypeError, r"got 0.1 of type float, which cannot be assigned to. Make it a tf.Variable"),
        (np.float32(0.1), TypeError, r"got a tensor \(float32\), which cannot change.*schedule.*Adam"),
        (None, TypeError, r"got None of type NoneType"),
        (Model(), TypeError, r"must be a scalar variable or a function"),
        (Variable([0.1]), ValueError, r"of shape \(\), got shape \(1,\).*function"),
        (Variable(True, "bool"), TypeError, r"float or integer dtype, got bool"),
        (Variable(1j, "complex64"), TypeError, r"float or integer dtype, got complex64"),
        (Variable(0.5), ValueError, r"the variable holds 0.5, which is not within 1e-05 to 0.1\. Widen"),
        (Variable(math.nan), ValueError, r"the variable holds nan, which is not within"),
    ],
)
def test_what_cannot_be_turned(plot: LivePlot, target: object, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=rf"knob 'rate': .*{text}"):
        knob(plot, "rate", target, 1e-5, 1e-1)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({}, ValueError, r"lo and hi are needed.*got lo=None, hi=None"),
        ({"lo": 1}, ValueError, r"lo and hi are needed.*got lo=1, hi=None"),
        ({"lo": "a", "hi": 1}, TypeError, r"lo must be a finite number, got 'a'"),
        ({"lo": 0, "hi": True}, TypeError, r"hi must be a finite number, got True"),
        ({"lo": 0, "hi": math.inf}, TypeError, r"hi must be a finite number, got inf"),
        ({"lo": 0, "hi": 10**400}, TypeError, r"hi must be a finite number, got 10000"),
        ({"lo": 1, "hi": 1}, ValueError, r"lo must be below hi, got lo=1, hi=1"),
        ({"lo": 0, "hi": 1, "log": True}, ValueError, r"lo must be above 0 for a logarithmic slider, got 0"),
        ({"lo": 0, "hi": 1, "log": 1}, TypeError, r"log must be True or False, got 1"),
        ({"lo": 0, "hi": 1, "value": 2}, ValueError, r"value must be an integer from 0 to 1, got 2"),
        ({"lo": 0, "hi": 1, "value": 0.5}, ValueError, r"value must be an integer from 0 to 1, got 0.5"),
        ({"lo": 0.0, "hi": 1, "value": True}, ValueError, r"value must be a number from 0 to 1, got True"),
        ({"values": [1], "lo": 0}, ValueError, r"values is for a drop-down; leave out lo, hi and log"),
        ({"values": []}, ValueError, r"values must be 1 to 100, got 0"),
        ({"values": range(101)}, ValueError, r"values must be 1 to 100, got 101"),
        ({"values": "abc"}, TypeError, r"values must be a list of numbers or strings, got 'abc'"),
        ({"values": 5}, TypeError, r"values must be a list of numbers or strings, got 5"),
        ({"values": [1, None]}, TypeError, r"values must be finite numbers or strings, got None"),
        ({"values": [1, False]}, TypeError, r"values must be finite numbers or strings, got False"),
        ({"values": [math.nan]}, TypeError, r"values must be finite numbers or strings, got nan"),
        ({"values": [1, "1"]}, ValueError, r"values must differ from each other, got 1 twice"),
        ({"values": [1, 2], "value": 3}, ValueError, r"value must be one of 1, 2; got 3"),
    ],
)
def test_what_it_refuses_of_a_function(plot: LivePlot, arguments: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=f"knob 'rate': {text}"):
        Knob("rate", print, **arguments)


@pytest.mark.parametrize(
    ("variable", "arguments", "error", "text"),
    [
        (Variable(1, "int32"), {"lo": 0.5, "hi": 9}, ValueError, r"is an integer, so lo and hi must be; got lo=0.5"),
        (
            Variable(1, "int32"),
            {"lo": 1, "hi": 9, "log": True},
            ValueError,
            r"log is for floats.*values=\[1, 2, 4, 8\]",
        ),
        (Variable(1, "int32"), {"values": [1, 2.5]}, TypeError, r"integers, as the variable is, got 2.5"),
        (Variable(1.0), {"values": [1, "a"]}, TypeError, r"values must be finite numbers, got 'a'"),
        (Variable(3.0), {"values": [1, 2]}, ValueError, r"the variable holds 3, which is not within 1, 2"),
        (Variable(3.0), {"lo": 1, "hi": 9, "value": 3}, ValueError, r"value is for functions, got 3"),
    ],
)
def test_what_it_refuses_of_a_variable(
    plot: LivePlot, variable: Variable, arguments: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=f"knob 'rate': .*{text}"):
        knob(plot, "rate", variable, **arguments)


@pytest.mark.parametrize("name", ["", " ", None, 3])
def test_a_bad_name(name: Any) -> None:
    with pytest.raises(TypeError, match="knob: name must be a non-empty string"):
        Knob(name, print, 0, 1)


@pytest.mark.parametrize("digits", range(10, 100))
def test_the_nearest_step_of_a_logarithmic_slider_has_the_digits_of_the_value(
    plot: LivePlot, run: Run, digits: int
) -> None:
    rate = control(knob(plot, "rate", print, 1e-5, 1e-1, log=True))
    exponent = rate.min + round((math.log10(digits * 1e-4) - rate.min) / rate.step) * rate.step
    assert f"{10**exponent:.1e}" == f"{digits * 1e-4:.1e}"


# -- what the browser says ---------------------------------------------------------------------------------------------


def test_a_turn_is_assigned_and_recorded(plot: LivePlot, run: Run) -> None:
    variable = Variable(1e-3)
    rate = knob(plot, "rate", variable, 1e-5, 1e-1, log=True)
    run.step_done()
    turn(rate, 0.01)
    assert variable.assigned == [0.01]
    assert rate.value == pytest.approx(0.01)
    assert list(run.history.events) == [(1, "rate = 0.01")]
    assert list(run.history.marks) == [1]


@pytest.mark.parametrize("raw", [math.nan, math.inf, "0.01", True, None, [0.01], {}, 1.0, 1e-6, -0.01])
def test_nonsense_of_the_browser_goes_nowhere(plot: LivePlot, run: Run, raw: object) -> None:
    variable = Variable(1e-3)
    rate = knob(plot, "rate", variable, 1e-5, 1e-1, log=True)
    sent = told(rate)
    turn(rate, raw)
    assert variable.assigned == []
    assert control(rate).value == pytest.approx(1e-3)
    assert sent[-1]["value"] == pytest.approx(1e-3), "the browser is told what holds"
    assert not run.history.events


@pytest.mark.parametrize("raw", [3, -1, True, "a", 1.0, None])
def test_nonsense_for_a_drop_down(plot: LivePlot, run: Run, raw: object) -> None:
    calls: list[object] = []
    size = knob(plot, "size", calls.append, values=["s", "m", "l"])
    turn(size, raw)
    assert calls == []
    assert control(size).index == 0


def test_the_browser_cannot_change_the_range(plot: LivePlot, run: Run) -> None:
    variable = Variable(0.5)
    rate = knob(plot, "rate", variable, 0.0, 1.0)
    for state in ({"max": 5.0}, {"max": 5.0, "value": 3.0}, {"disabled": True, "value": 0.25}):
        data = {"method": "update", "state": state, "buffer_paths": []}
        control(rate).comm.handle_msg({"content": {"data": data}, "buffers": []})
    assert (control(rate).max, control(rate).disabled) == (1.0, False)
    assert variable.assigned == [0.25]


@pytest.mark.parametrize(("raw", "value"), [(1e-5 * (1 - 1e-12), 1e-5), (0.1 * (1 + 1e-12), 0.1)])
def test_the_ends_are_within_whatever_the_browser_makes_of_them(
    plot: LivePlot, run: Run, raw: float, value: float
) -> None:
    variable = Variable(1e-3)
    turn(knob(plot, "rate", variable, 1e-5, 1e-1, log=True), raw)
    assert variable.assigned == [value]


def test_integers_stay_integers(plot: LivePlot, run: Run) -> None:
    calls: list[object] = []
    count = knob(plot, "count", calls.append, 1, 9)
    for raw in (4, 5.0, 5.5):
        turn(count, raw)
    assert [repr(call) for call in calls] == ["4", "5"]


def test_a_drop_down_gives_the_value(plot: LivePlot, run: Run) -> None:
    calls: list[object] = []
    size = knob(plot, "size", calls.append, values=["small", 2, 0.5])
    for raw in (1, 2, 0):
        turn(size, raw)
    assert calls == [2, 0.5, "small"]
    assert size.value == "small"
    assert list(run.history.events) == [(0, "size = small")], "only the last of a step counts"


def test_of_what_arrives_during_a_step_only_the_last_is_taken(plot: LivePlot, run: Run) -> None:
    variable = Variable(0.5)
    rate = knob(plot, "rate", variable, 0.0, 1.0)

    def drag() -> None:
        for value in range(10):
            turn(rate, value / 10)

    in_thread(drag)
    assert variable.assigned == [], "not before the step's end"
    run.step_done()
    assert variable.assigned == [0.9]
    assert list(run.history.events) == [(1, "rate = 0.9")]
    assert control(rate).value == 0.9


def test_events_of_a_step_keep_the_last_value_of_each_knob(plot: LivePlot, run: Run) -> None:
    one, other = knob(plot, "one", print, 0, 9), knob(plot, "other", lambda value: None, 0, 9)
    turn(other, 1)
    for value in (3, 4):
        one.value = value
        owner.mailbox.drain()
    turn(other, 2)
    run.step_done()
    turn(other, 2)
    assert list(run.history.events) == [(0, "one = 4"), (0, "other = 2"), (1, "other = 2")]
    assert list(run.history.marks) == [0, 1]


# -- what fails --------------------------------------------------------------------------------------------------------


def test_a_failing_variable_is_told_and_the_slider_goes_back(plot: LivePlot, run: Run) -> None:
    variable = Variable(0.5)
    rate = knob(plot, "rate", variable, 0.0, 1.0)
    variable.fault = ValueError("no <b>way</b>")
    sent = told(rate)
    with pytest.warns(TfwidgetWarning, match="knob 'rate': 0.25 could not be set, the training goes on.*no <b>way"):
        turn(rate, 0.25)
    assert control(rate).value == 0.5
    assert sent[-1] == {"value": 0.5}
    assert "no &lt;b&gt;way" in remark(rate)
    assert not run.history.events
    assert run.step_done()
    assert "tfw-error" in remark(rate), "it stays until a value is taken"
    variable.fault = None
    turn(rate, 0.75)
    assert remark(rate) == ""


def test_a_failing_function_keeps_its_former_value(plot: LivePlot, run: Run) -> None:
    rate = knob(plot, "rate", lambda value: 1 / 0, 0.0, 1.0, value=0.5)
    with pytest.warns(TfwidgetWarning, match="ZeroDivisionError"):
        turn(rate, 0.25)
    assert (rate.value, control(rate).value) == (0.5, 0.5)


def test_a_variable_that_cannot_be_read_does_not_end_the_status(
    plot: LivePlot, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = Variable(0.5)
    rate = knob(plot, "rate", variable, 0.0, 1.0)
    monkeypatch.setattr(variable, "numpy", lambda: 1 / 0)
    rate.refresh()
    assert "ZeroDivisionError" in remark(rate)


# -- what Python says --------------------------------------------------------------------------------------------------


def test_a_value_set_in_a_step_takes_effect_at_its_end(plot: LivePlot, run: Run) -> None:
    variable = Variable(0.5)
    rate = knob(plot, "rate", variable, 0.0, 1.0)
    rate.value = 0.25
    assert variable.assigned == []
    run.step_done()
    assert variable.assigned == [0.25]
    assert list(run.history.events) == [(1, "rate = 0.25")]
    in_thread(lambda: setattr(rate, "value", 0.75))
    assert variable.assigned == [0.25]
    run.step_done()
    assert variable.assigned == [0.25, 0.75]
    for bad in (2.0, math.nan, "a", None, True):
        with pytest.raises(ValueError, match="knob 'rate': value must be a number from 0 to 1, got"):
            rate.value = bad  # type: ignore[assignment]


def test_without_a_run_a_value_takes_effect_at_once(plot: LivePlot, run: Run) -> None:
    variable = Variable(0.5)
    rate = knob(plot, "rate", variable, 0.0, 1.0)
    run.finish("finished")
    before = list(run.history.events)
    rate.value = 0.25
    turn(rate, 0.75)
    assert variable.assigned == [0.25, 0.75]
    assert list(run.history.events) == before


def test_the_slider_follows_python_but_not_against_the_hand(run: Run, plot: LivePlot, clock: Clock) -> None:
    variable = Variable(0.5)
    rate = knob(plot, "rate", variable, 0.0, 1.0)
    variable.array = np.asarray(0.25, "float32")
    clock.now += KNOBS_INTERVAL
    run.show_status()
    assert control(rate).value == 0.25
    turn(rate, 0.75)
    variable.array = np.asarray(0.5, "float32")
    clock.now += KNOBS_INTERVAL
    run.show_status()
    assert control(rate).value == 0.75, "someone drags it"
    clock.now += SETTLED
    run.show_status()
    assert control(rate).value == 0.5
    assert variable.assigned == [0.75], "what is shown is not sent back"


def test_what_the_variable_only_rounds_is_not_sent_to_the_slider(run: Run, plot: LivePlot, clock: Clock) -> None:
    rate = knob(plot, "rate", Variable(0.5), 0.0, 1.0)
    turn(rate, 0.1)
    sent = told(rate)
    clock.now += SETTLED
    rate.refresh()
    assert sent == []
    assert rate.value != control(rate).value == 0.1


def test_what_the_slider_cannot_show_is_said(run: Run, plot: LivePlot, clock: Clock) -> None:
    variable, other = Variable(1e-3), Variable(1, "int32")
    rate, size = knob(plot, "rate", variable, 1e-5, 1e-1, log=True), knob(plot, "size", other, values=[1, 2])
    variable.array, other.array = np.asarray(1e-7, "float32"), np.asarray(5, "int32")
    clock.now += KNOBS_INTERVAL
    run.show_status()
    assert control(rate).value == pytest.approx(1e-5)
    assert "now 1e-07" in remark(rate)
    assert control(size).index is None
    assert "now 5" in remark(size)


def test_a_variable_is_read_now_and_then_only(plot: LivePlot, run: Run, clock: Clock) -> None:
    variable = Variable(0.5)
    knob(plot, "rate", variable, 0.0, 1.0)
    before = variable.reads
    for _ in range(100):
        clock.now += KNOBS_INTERVAL / 20
        run.log({"loss": 1.0})
        run.step_done()
        run.show_status()
    assert 4 <= variable.reads - before <= 6


# -- where it is -------------------------------------------------------------------------------------------------------


def test_the_place_for_knobs_is_hidden_while_it_is_empty(run: Run, plot: LivePlot) -> None:
    place = plot.children[1]
    assert place.layout.display == "none"
    rate = knob(plot, "rate", print, 0, 1)
    assert place.layout.display is None
    assert place.children == (rate.view,)
    rate.close()
    assert place.layout.display == "none"
    assert plot.knobs == {}


def test_before_it_has_a_plot_a_value_takes_effect_at_once(plot: LivePlot) -> None:
    calls: list[object] = []
    rate = Knob("rate", calls.append, 0, 2)
    rate.value = 1
    assert calls == [1]
    rate.place(plot)
    assert control(rate).value == 1


def test_one_without_a_plot_can_be_closed() -> None:
    rate = Knob("rate", print, 0, 1)
    assert not rate.closed
    rate.close()
    assert rate.closed


def test_the_same_name_again_takes_the_former_place(run: Run, plot: LivePlot) -> None:
    before = set(_instances)
    former = knob(plot, "rate", print, 0, 1)
    again = knob(plot, "rate", print, 0, 2)
    assert plot.knobs == {"rate": again}
    with pytest.raises(RunError, match="knob 'rate' is closed"):
        _ = former.value
    again.close()
    assert set(_instances) == before


def test_an_equal_knob_is_adopted_and_nothing_is_made_anew(plot: LivePlot, run: Run) -> None:
    calls: list[object] = []
    first = knob(plot, "rate", lambda value: None, 0, 9, value=2)
    turn(first, 5)
    widgets = set(_instances)
    assert first.adopt(Knob("rate", calls.append, 0, 9, value=2))
    assert set(_instances) == widgets
    assert first.value == 5
    turn(first, 6)
    assert calls == [6], "it turns what it was given last"
    for other in (Knob("rate", calls.append, 0, 8, value=2), Knob("rate", Variable(2, "int32"), 0, 9)):
        assert not first.adopt(other)


def test_a_further_run_in_the_plot_keeps_them(plot: LivePlot, run: Run) -> None:
    variable = Variable(0.5)
    rate = knob(plot, "rate", variable, 0.0, 1.0)
    turn(rate, 0.25)
    run.finish("finished")
    again = Run(plot, owner.mailbox, after=run)
    plot.attach(again)
    again.step_done()
    turn(rate, 0.75)
    again.step_done()
    assert list(again.history.events) == [(0, "rate = 0.25"), (0, "finished"), (1, "rate = 0.75")]
    again.finish("finished")


def test_it_closes_with_its_plot_and_lets_go_of_what_it_turned(run: Run, plot: LivePlot) -> None:
    variable = Variable(0.5)
    rate = knob(plot, "rate", variable, 0.0, 1.0)
    turn(rate, 0.25)
    model = weakref.ref(variable)
    plot.close()
    del variable
    gc.collect()
    assert model() is None
    with pytest.raises(RunError, match="knob 'rate' is closed, as its plot may be"):
        rate.value = 0.5
    assert repr(rate) == "Knob('rate', closed)"
    rate.close()


def test_a_closed_plot_leaves_no_widget(plot: LivePlot) -> None:
    before = set(_instances)
    plot = LivePlot((3, 2))
    run = Run(plot, owner.mailbox)
    plot.attach(run)
    knob(plot, "rate", print, 0, 1)
    knob(plot, "size", print, values=[1, 2])
    run.finish("stopped")
    plot.close()
    assert set(_instances) == before


def test_its_mark_is_in_the_next_frame(run: Run, plot: LivePlot, clock: Clock) -> None:
    rate = knob(plot, "rate", print, 0.0, 1.0)
    run.log({"loss": 1.0})
    run.step_done()

    def upright() -> list[float]:
        """The steps of upright lines."""
        places = [np.asarray(line.get_xdata(orig=True)) for line in plot.figure.axes[0].lines]
        return [float(place[0]) for place in places if len(place) > 1 and place[0] == place[1]]

    assert upright() == []
    turn(rate, 0.5)
    run.log({"loss": 1.0})
    run.finish("finished")
    assert 1.0 in upright()
