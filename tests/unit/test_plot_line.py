import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.plot_frames import frame, kinds_of, moves, new_board, new_panel, pixels
from tfwidget.errors import TensorError
from tfwidget.plot.curve import Curve
from tfwidget.plot.line import Line, group_of
from tfwidget.record.history import History
from tfwidget.record.values import Frame, Logged


@pytest.mark.parametrize(
    ("name", "group", "role"),
    [
        ("loss", "loss", None),
        ("val_loss", "loss", 1),
        ("train_loss", "loss", 0),
        ("loss_test", "loss", 2),
        ("a/train", "a", 0),
        ("a/val", "a", 1),
        ("a/Validation", "a", 1),
        ("train/loss", "loss", 0),
        ("model/val_loss", "model/loss", 1),
        ("a/b/test", "a/b", 2),
        ("val", "val", None),
        ("val_", "val_", None),
        ("_train", "_train", None),
        ("value_loss", "value_loss", None),
        ("latest", "latest", None),
    ],
)
def test_group_of(name: str, group: str, role: int | None) -> None:
    assert group_of(name) == (group, role)


def test_line_takes_scalars_only() -> None:
    logged = Line(1.5)
    assert isinstance(logged, Logged)
    assert logged.kind is Line
    assert logged.series
    Line(np.ones((1, 1)))
    Line(lambda: 1.0)
    with pytest.raises(TensorError, match=r"scalar, got shape \(3,\).*Histogram"):
        Line(np.ones(3))


def curve_of(panel: Line, index: int = 0) -> Curve:
    return panel.entries[index].curve


def drawn(panel: Line) -> tuple[np.ndarray, np.ndarray]:
    return curve_of(panel).points()


def dots_of(panel: Line) -> list[float]:
    return np.asarray(panel.entries[0].dots.get_xdata()).tolist()  # type: ignore[no-any-return]


def test_points_are_drawn_as_recorded() -> None:
    panel = new_panel(Line, "loss")
    assert moves(panel, frame({"loss": [3.0, 2.0, 1.0]}))
    assert np.column_stack(drawn(panel)).tolist() == [[0, 3], [1, 2], [2, 1]]
    assert not moves(panel, frame({"loss": [3.0, 2.0, 1.5, 1.0]})), "the limits hold it"
    assert len(drawn(panel)[0]) == 4


def test_agg_draws_what_is_recorded() -> None:
    panel = new_panel(Line, "loss")
    panel.update(frame({"loss": [3.0, 2.0, 1.0]}))
    figure = panel.ax.get_figure(root=True)
    assert figure is not None
    picture = pixels(figure)
    x, y = panel.ax.transData.transform((1.0, 2.0))
    assert picture[int(360 - y), int(x), :3].tolist() == [0, 0x72, 0xB2]
    assert curve_of(panel).get_xydata().tolist() == [[0, 3], [1, 2], [2, 1]]


def test_nothing_is_shown_again_while_nothing_is_new() -> None:
    panel = new_panel(Line, "loss")
    shown = frame({"loss": [3.0, 2.0]})
    assert panel.update(shown)
    assert not panel.update(shown)
    shown.series["loss"].extend([2], [1.0])
    assert panel.update(shown)
    assert panel.update(replace(shown, marks=(1,)))


def test_limits_hold_all_data_with_a_margin() -> None:
    panel = new_panel(Line, "loss")
    values = np.random.default_rng(0).normal(size=1000)
    panel.update(frame({"loss": values}))
    low, high = panel.ax.get_ylim()
    assert low < values.min()
    assert values.max() < high
    assert values.max() - values.min() > 0.8 * (high - low)
    left, right = panel.ax.get_xlim()
    assert left < 0.0
    assert 999 < right < 1300


@pytest.mark.parametrize("kind", ["decay", "walk", "accuracy", "growth"])
def test_the_limits_move_a_logarithmic_number_of_times(kind: str) -> None:
    steps = np.arange(100_000)
    rng = np.random.default_rng(1)
    noise = rng.normal(size=len(steps))
    values = {
        "decay": 5.0 / (1.0 + steps / 100.0) * np.exp(0.1 * noise),
        "walk": np.cumsum(noise),
        "accuracy": 1.0 - 1.0 / (1.0 + steps / 1000.0) + 0.01 * noise,
        "growth": np.exp(steps / 2000.0),
    }[kind]
    panel = new_panel(Line, "x")
    history = History()
    redraws = []
    for start in range(0, len(steps), 100):
        history.extend("x", steps[start : start + 100], values[start : start + 100])
        if moves(panel, Frame(start, history, {}, {})):
            redraws.append(start)
    # Three decades of ten sizes each for the steps, and about as many for the values: e^50 is 1.25^224.
    assert len(redraws) <= (260 if kind == "growth" else 60)
    assert kind == "growth" or sum(start >= 10_000 for start in redraws) <= 20


def test_limits_shrink_when_the_data_fill_little_of_them() -> None:
    panel = new_panel(Line, "x")
    panel.update(frame({"x": [5.0]}))  # a single value: limits of a size that is only guessed
    panel.update(frame({"x": [5.0, 5.001]}))
    low, high = panel.ax.get_ylim()
    assert high - low < 0.01


def test_a_loss_is_shown_not_to_fall_below_zero() -> None:
    panel = new_panel(Line, "x")
    panel.update(frame({"x": np.linspace(10.0, 0.001, 50)}))
    assert -0.4 < panel.ax.get_ylim()[0] < 0.0


ODD = {
    "one": [0.5],
    "zero": [0.0, 0.0],
    "constant": [0.3] * 9,
    "huge": [1e30, -1e30],
    "largest": [1.7e308, -1.7e308],
    "tiny": [1e-30, 2e-30],
    "subnormal": [5e-324, 1e-323],
    "close": [1.0, 1.0 + 2e-16],
    "nan": [math.nan] * 3,
    "inf": [math.inf, -math.inf],
    "mixed": [math.nan, 1.0, math.inf, 2.0, -math.inf],
    "negative": [-1.0, -2.0],
    "both": [-1.0, 1.0],
}


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("name", ODD)
def test_odd_values_neither_warn_nor_raise(name: str, log: bool, tmp_path: Path) -> None:
    board = new_board()
    board.log_scale = log
    board.update(frame({name: ODD[name]}))
    pixels(board.figure)
    board.figure.savefig(tmp_path / "figure.png")
    assert kinds_of(board) == ["Line"]
    if name not in ("largest", "subnormal"):  # no browser can show these, which is said
        assert board.patch(afresh=True) is not None


def test_nothing_recorded_yet() -> None:
    board = new_board()
    board.update(frame({"x": []}))
    pixels(board.figure)


def test_nonfinite_values_are_gaps_with_a_mark_at_the_edge() -> None:
    panel = new_panel(Line, "x")
    panel.update(frame({"x": [1.0, math.nan, 2.0, math.inf, -math.inf, 3.0]}))
    assert np.isnan(drawn(panel)[1]).tolist() == [False, True, False, True, True, False]
    assert sorted(map(tuple, panel.bad.get_xydata().tolist())) == [(1, 0), (3, 1), (4, 0)]
    assert panel.texts[2] == "× NaN or Inf"


def test_a_point_between_gaps_can_be_seen() -> None:
    values = np.ones(200)
    values[[99, 101]] = math.nan
    panel = new_panel(Line, "x")
    panel.update(frame({"x": values}))
    assert dots_of(panel) == [100]
    panel.update(frame({"x": np.ones(200)}))
    assert dots_of(panel) == []


def test_few_points_have_dots_and_many_have_none() -> None:
    panel = new_panel(Line, "x")
    panel.update(frame({"x": np.ones(10)}))
    assert dots_of(panel) == list(range(10))
    panel.update(frame({"x": np.ones(500)}))
    assert dots_of(panel) == []
    panel.ax.set_xlim(100, 105)
    assert dots_of(panel) == list(range(97, 109)), "and few are seen of many"


def test_the_cost_of_a_curve_is_bounded_by_its_width() -> None:
    panel = new_panel(Line, "x")
    values = np.random.default_rng(0).normal(size=100_000)
    panel.update(frame({"x": values}))
    points = drawn(panel)[1]
    assert len(points) <= 3 * panel.pixels[0] + 2
    assert points.min() == values.min()
    assert points.max() == values.max()


def test_a_person_s_limits_are_left_alone_until_reset() -> None:
    panel = new_panel(Line, "x")
    history = History()
    history.extend("x", np.arange(60_000), np.sin(np.arange(60_000)))
    panel.update(Frame(0, history, {}, {}))
    panel.ax.set_xlim(50_000, 50_020)
    assert np.diff(drawn(panel)[0]).max() == 1, "zooming in shows every step at once, before the next frame"
    history.extend("x", np.arange(60_000, 160_000), np.full(100_000, 50.0))
    panel.update(Frame(1, history, {}, {}))
    assert panel.ax.get_xlim() == (50_000, 50_020)
    assert panel.ax.get_ylim()[1] < 2.0
    panel.ax.set_xlim(159_000, 159_900)
    assert set(drawn(panel)[1]) == {50.0}, "new data are drawn where the person looks"
    panel.reset_view()
    panel.update(Frame(2, history, {}, {}))
    assert panel.ax.get_xlim()[1] > 159_999
    assert panel.ax.get_ylim()[1] > 50.0


def test_who_drags_a_view_uncovers_half_of_it_without_the_kernel() -> None:
    panel = new_panel(Line, "x")
    history = History()
    values = np.random.default_rng(0).normal(size=60_000)
    values[[30_300, 30_700]] = np.nan
    history.extend("x", np.arange(60_000), values)
    panel.update(Frame(0, history, {}, {}))
    panel.ax.set_xlim(30_000, 30_600)
    steps = drawn(panel)[0]
    assert (min(steps), max(steps)) == (29_699, 30_901)
    assert np.diff(steps).max() <= 4, "in the same detail"
    assert panel.bad.get_xdata().tolist() == [30_300], "marks are not clipped"


def test_a_new_series_in_the_group_shares_the_axes() -> None:
    panel = new_panel(Line, "val_loss")
    assert panel.texts[0] == "val_loss"
    panel.add_names(["loss"])
    panel.update(frame({"loss": [1.0, 2.0], "val_loss": [3.0]}))
    assert panel.texts[0] == "loss"
    assert panel.names == ("val_loss", "loss")
    assert [entry.label.get_text() for entry in panel.entries] == ["val_loss", "loss"]
    assert [entry.value.get_text() for entry in panel.entries] == ["3", "2"]
    colors = [entry.curve.get_color() for entry in panel.entries]
    assert colors == [panel.theme.series[1], panel.theme.series[0]], "validation has its colour whatever comes first"


def test_more_series_than_colours() -> None:
    panel = new_panel(Line, "a")
    names = [f"a/{'train' if index % 2 else 'val'}{index}" for index in range(9)]
    panel.add_names(names)
    panel.update(frame({name: [1.0] for name in ("a", *names)}))
    assert len(panel.entries) == 10
    assert {entry.curve.get_color() for entry in panel.entries} == set(panel.theme.series)


def test_log_scale() -> None:
    panel = new_panel(Line, "x")
    shown = frame({"x": [-1.0, 0.0, 1e-3, 1.0, 1e3]})
    panel.update(shown)
    assert panel.texts[2] == ""
    panel.set_log(True)
    panel.update(shown)
    low, high = panel.ax.get_ylim()
    assert panel.ax.get_yscale() == "log"
    assert 1e-4 < low < 1e-3
    assert 1e3 < high < 1e4
    assert np.isnan(drawn(panel)[1]).tolist() == [True, True, False, False, False]
    assert panel.texts[2] == "≤ 0 not shown"
    panel.set_log(False)
    panel.update(shown)
    assert panel.texts[2] == ""
    assert panel.ax.get_yscale() == "linear"


def test_a_log_scale_of_all_numbers_there_are() -> None:
    panel = new_panel(Line, "x")
    panel.set_log(True)
    panel.update(frame({"x": [1e-320, 1.0, 1e308]}))
    low, high = panel.ax.get_ylim()
    assert low < 1e-299
    assert high > 1e299


def test_another_scale_keeps_a_person_s_limits() -> None:
    panel = new_panel(Line, "x")
    shown = frame({"x": [100.0, -1.0, 4.0, 3.0, 2.0, 1e-3, 7.0]})
    panel.update(shown)
    panel.ax.set_xlim(1.5, 4.5)
    panel.ax.set_ylim(1.0, 5.0)
    for log in (True, False):
        panel.set_log(log)
        panel.update(shown)
        assert (panel.ax.get_xlim(), panel.ax.get_ylim()) == ((1.5, 4.5), (1.0, 5.0))
    panel.ax.set_ylim(0.0, 5.0)
    panel.set_log(True)
    panel.update(shown)
    assert panel.ax.get_xlim() == (1.5, 4.5)
    low, high = panel.ax.get_ylim()
    assert 1.8 < low < 2.0, "zero has no place on it: what is in view decides"
    assert 4.0 < high < 4.3
    panel.reset_view()
    assert panel.update(shown)
    assert panel.ax.get_xlim()[1] > 6.0
    assert panel.ax.get_ylim()[1] > 100.0


def test_steps_that_nobody_has_zoomed_into_go_on_growing_on_another_scale() -> None:
    panel = new_panel(Line, "x")
    panel.update(frame({"x": [1.0, 2.0]}))
    panel.ax.set_ylim(-1.0, 5.0)
    panel.set_log(True)
    panel.update(frame({"x": np.full(100, 10.0)}))
    assert panel.ax.get_xlim()[1] > 99.0
    assert panel.ax.get_ylim()[1] > 10.0


def test_another_scale_where_nothing_in_view_can_be_shown() -> None:
    panel = new_panel(Line, "x")
    shown = frame({"x": [5.0, 5.0, -1.0, -2.0, 5.0]})
    panel.update(shown)
    panel.ax.set_xlim(1.5, 3.5)
    panel.set_log(True)
    panel.update(shown)
    assert panel.ax.get_xlim() == (1.5, 3.5)
    assert min(panel.ax.get_ylim()) > 0.0


def test_log_scale_without_anything_to_show_says_so() -> None:
    panel = new_panel(Line, "x")
    panel.set_log(True)
    panel.update(frame({"x": [-1.0, 0.0]}))
    assert panel.texts[2] == "no value > 0"


def test_steps_that_do_not_begin_at_zero() -> None:
    panel = new_panel(Line, "x")
    history = History()
    history.extend("x", [100_000, 100_010], [1.0, 2.0])
    panel.update(Frame(0, history, {}, {}))
    left, right = panel.ax.get_xlim()
    assert 99_990 < left < 100_000
    assert 100_010 < right < 100_030


@pytest.mark.parametrize("dpi", [100.0, 157.0, 200.0])
def test_the_axis_of_steps_is_named_right_below_its_numbers(dpi: float) -> None:
    panel = new_panel(Line, "loss")
    panel.ax.figure.set_dpi(dpi)
    panel.update(frame({"loss": np.linspace(0.0, 1.0, 100)}))
    pixels(panel.ax.figure)
    axis = panel.ax.xaxis
    below = min(label.get_window_extent().y0 for label in axis.get_ticklabels())
    assert axis.label.get_text() == "step"
    assert 0.0 <= below - axis.label.get_window_extent().y1 <= 3.0 * dpi / 72.0
    assert axis.label.get_window_extent().x1 == pytest.approx(panel.ax.bbox.x1, abs=1.0)


# -- marks of knobs ----------------------------------------------------------------------------------------------------


def turns_of(panel: Line) -> list[float]:
    return np.asarray(panel.turns.get_xdata())[::3].tolist()  # type: ignore[no-any-return]


def test_a_knob_that_was_turned_leaves_a_line() -> None:
    panel = new_panel(Line, "x")
    shown = frame({"x": np.ones(1000)})
    panel.update(shown)
    assert turns_of(panel) == []
    assert not moves(panel, replace(shown, marks=(300, 700)))
    assert turns_of(panel) == [300, 700]
    assert np.asarray(panel.turns.get_ydata())[:2].tolist() == [0.0, 1.0], "from the bottom to the top"


def test_marks_without_a_gap_become_two() -> None:
    panel = new_panel(Line, "x")
    shown = frame({"x": np.ones(1000)})
    panel.update(replace(shown, marks=(100, *range(300, 400), 800)))
    assert turns_of(panel) == [100, 300, 399, 800]
    panel.update(replace(shown, marks=(300, 301)))
    assert turns_of(panel) == [301], "or even one"
    panel.update(replace(shown, marks=(100, *range(300, 400), 800)))
    panel.ax.set_xlim(300, 310)
    assert turns_of(panel) == [100, *range(300, 400), 800], "each of them, where there is room"


def test_the_number_of_marks_is_bounded() -> None:
    panel = new_panel(Line, "x")
    panel.update(replace(frame({"x": np.ones(100_000)}), marks=tuple(range(0, 100_000, 100))))
    assert turns_of(panel) == [0, 99_900]


def test_marks_of_a_series_go_with_it() -> None:
    panel = new_panel(Line)
    panel.update(frame({"x": [1.0, np.nan, 2.0]}))
    assert len(panel.bad.get_xdata()) == 1
    panel.update(frame({"x": [1.0, 3.0, 2.0]}))
    assert len(panel.bad.get_xdata()) == 0
    assert panel.texts[2] == ""
