import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import tfwidget.record.series
from tfwidget.errors import RunError, TensorError
from tfwidget.record.series import Series

SPECIALS = [math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, -5e-324, 1.7e308, -1.7e308]


@st.composite
def records(draw, longest=3000):
    """Steps and values, mostly noise on a trend, with special values and stretches of them at drawn places."""
    count = draw(st.integers(1, longest))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    values = draw(
        st.sampled_from(
            [
                lambda: rng.normal(size=count),
                lambda: np.linspace(0, 1, count),
                lambda: np.zeros(count),
                lambda: rng.choice(SPECIALS, size=count),
            ]
        )
    )()
    for place, length, value in draw(
        st.lists(
            st.tuples(st.integers(0, count - 1), st.integers(1, 70), st.sampled_from(SPECIALS) | st.floats()),
            max_size=5,
        )
    ):
        values[place : place + length] = value
    steps = draw(st.integers(-5, 10**12)) + np.cumsum(rng.integers(0, draw(st.integers(1, 1000)), size=count))
    return steps, values


def filled(steps, values, capacity=64, batch=40):
    series = Series("loss", capacity)
    for begin in range(0, len(steps), batch):
        series.extend(steps[begin : begin + batch].tolist(), values[begin : begin + batch].tolist())
    return series


unhurried = settings(deadline=None)  # the machine may be busy
batches = st.sampled_from([1, 7, 40, 64, 65, 1000, 3000])
capacities = st.sampled_from([64, 80, 200, 1024])


def assert_taken_in_order(part, whole):
    """Assert that the points of `part` are some of those of `whole`, in the same order."""
    rest = iter(zip(*whole, strict=True))
    for step, value in zip(*part, strict=True):
        assert any(s == step and (v == value or (math.isnan(v) and math.isnan(value))) for s, v in rest), (step, value)


def gaps(values):
    return np.where(np.isfinite(values), values, np.nan)


def kinds(values):
    return {str(value) for value in values[~np.isfinite(values)]}


@given(records(), capacities, batches)
@unhurried
def test_no_extreme_and_no_kind_of_nonfinite_value_is_lost(record, capacity, batch):
    steps, values = record
    series = filled(steps, values, capacity, batch)
    finite = values[np.isfinite(values)]
    extremes = (finite.min(), finite.max()) if len(finite) else None
    assert series.extent() == extremes
    for _, kept in [(series.steps, series.values), series.view(points=2), series.view(points=50)]:
        shown = kept[np.isfinite(kept)]
        assert ((shown.min(), shown.max()) if len(shown) else None) == extremes
        assert np.isnan(gaps(kept)).any() == (len(finite) < len(values))
    assert kinds(series.values) == kinds(values) == kinds(series.nonfinite(points=3)[1])


@given(records(), capacities, batches)
@unhurried
def test_what_is_kept_is_in_the_order_it_came(record, capacity, batch):
    steps, values = record
    series = filled(steps, values, capacity, batch)
    assert_taken_in_order((series.steps, series.values), record)
    assert_taken_in_order(series.nonfinite(points=9), record)
    for points in (2, 30, 5000):
        assert_taken_in_order(series.view(points=points), (steps, gaps(values)))


@given(records(), capacities, batches)
@unhurried
def test_the_line_reaches_from_the_first_point_to_the_newest(record, capacity, batch):
    steps, values = record
    series = filled(steps, values, capacity, batch)
    assert len(series) == len(steps)
    assert series.last[0] == steps[-1]
    np.testing.assert_equal(series.last[1], values[-1])
    for kept_steps, kept in [series.view(points=2), series.view(), (series.steps, series.values)]:
        assert (kept_steps[0], kept_steps[-1]) == (steps[0], steps[-1])
        np.testing.assert_equal(gaps(kept)[[0, -1]], gaps(values)[[0, -1]])


@given(records(longest=200), st.integers(200, 300), batches)
@unhurried
def test_up_to_the_capacity_it_is_exact(record, capacity, batch):
    steps, values = record
    series = filled(steps, values, capacity, batch)
    np.testing.assert_array_equal(series.steps, steps)
    np.testing.assert_array_equal(series.values, values)
    np.testing.assert_array_equal(series.view(points=200)[0], steps)
    np.testing.assert_array_equal(series.view(points=200)[1], gaps(values))
    nonfinite = ~np.isfinite(values)
    np.testing.assert_array_equal(series.nonfinite()[0], steps[nonfinite])
    np.testing.assert_array_equal(series.nonfinite()[1], values[nonfinite])


@pytest.mark.parametrize("batch", [1, 16, 64])
def test_exact_means_up_to_and_including_the_capacity(batch):
    series = filled(np.arange(64), np.arange(64.0), 64, batch)
    assert series.steps.tolist() == list(range(64))
    series.extend([64], [64.0])
    assert 3 <= len(series.steps) <= 64


@given(records(longest=200), st.data())
@unhurried
def test_a_window_holds_what_is_inside_and_one_neighbour_on_each_side(record, data):
    steps, values = record
    series = filled(steps, values, 200)
    step = st.integers(int(steps[0]) - 3, int(steps[-1]) + 3) | st.floats(float(steps[0]) - 3, float(steps[-1]) + 3)
    lo, hi = sorted([data.draw(step), data.draw(step)])
    begin, end = np.flatnonzero(steps >= lo), np.flatnonzero(steps <= hi)
    first = max((begin[0] if len(begin) else len(steps)) - 1, 0)
    stop = min((end[-1] + 1 if len(end) else 0) + 1, len(steps))
    np.testing.assert_array_equal(series.view(lo, hi)[0], steps[first:stop])
    np.testing.assert_array_equal(series.view(lo, hi)[1], gaps(values[first:stop]))
    np.testing.assert_array_equal(series.view(hi, lo)[0], steps[first:stop], "an inverted axis shows the same")
    inside = (steps >= lo) & (steps <= hi) & ~np.isfinite(values)
    np.testing.assert_array_equal(series.nonfinite(lo, hi)[0], steps[inside])


@given(records(), capacities, batches, st.integers(2, 60), st.data())
@unhurried
def test_a_thinned_window_is_in_its_bounds_and_reaches_them(record, capacity, batch, points, data):
    steps, values = record
    series = filled(steps, values, capacity, batch)
    lo, hi = sorted(data.draw(st.tuples(*[st.integers(int(steps[0]) - 3, int(steps[-1]) + 3)] * 2)))
    shown, _ = series.view(lo, hi, points)
    assert np.all(np.diff(shown) >= 0)
    assert np.all((shown[1:-1] >= lo) & (shown[1:-1] <= hi))
    assert len(shown) <= 1.5 * points + 5
    assert shown[0] <= lo or steps[0] >= lo
    assert shown[-1] >= hi or steps[-1] <= hi
    marks, _ = series.nonfinite(lo, hi)
    assert np.all((marks >= lo) & (marks <= hi))


@given(records(longest=20_000), capacities, batches)
@settings(unhurried, max_examples=50)
@example((np.arange(20_000), np.tile([math.nan, math.inf, -math.inf, 1, 2, 1.5, 1.5, 1.5], 2500)), 64, 1000)
def test_memory_is_bounded(record, capacity, batch):
    series = filled(*record, capacity, batch)
    levels = 12  # more than there can be
    assert len(series.steps) <= capacity * 1.1 + 8 * levels
    assert series.steps.nbytes <= series.nbytes <= 4 * 16 * capacity + 16 * 100 * levels


@pytest.mark.parametrize("value", ["noise", "nonfinite"])
def test_memory_and_work_at_full_capacity(value, monkeypatch):
    count = 2_000_000
    steps = np.arange(count)
    values = np.random.default_rng(0).normal(size=count)
    if value == "nonfinite":
        values = np.tile([math.nan, math.inf, -math.inf, 1, 2, 1.5, 1.5, 1.5], count // 8)
    series = Series("loss")
    most = 0
    for begin in range(0, count, 50_000):
        series.extend(steps[begin : begin + 50_000], values[begin : begin + 50_000])
        most = max(most, series.nbytes)
    assert most <= 4 * 2**20

    lengths = []
    extremes = tfwidget.record.series.extremes
    monkeypatch.setattr(
        tfwidget.record.series,
        "extremes",
        lambda values, group: lengths.append(len(values)) or extremes(values, group),
    )
    for lo, hi in [(None, None), (count * 0.1, count * 0.9), (0, 200_000)]:
        shown, _ = series.view(lo, hi)
        assert 500 <= len(shown) <= 3010
    assert max(lengths) <= 8000, "the work for a view does not grow with the number of points"


def test_detail_is_spread_evenly():
    count = 300_000
    series = Series("loss", 16_384)
    values = np.random.default_rng(0).normal(size=count)
    for begin in range(0, count, 1000):
        series.extend(np.arange(begin, begin + 1000), values[begin : begin + 1000])
    shown, _ = series.view(points=1000)
    assert np.diff(shown).max() <= 10 * count / 1000
    close, _ = series.view(count * 0.5, count * 0.6, points=1000)
    assert len(close) > 200, "zooming in shows more detail"


def test_order_within_a_thinned_bucket_is_that_of_the_values():
    down = filled(np.arange(10_000), np.tile([9.0, 5.0, 5.0, 1.0], 2500)).view(points=20)[1]
    up = filled(np.arange(10_000), np.tile([1.0, 5.0, 5.0, 9.0], 2500)).view(points=20)[1]
    assert down[:2].tolist() == [9, 1]
    assert up[:2].tolist() == [1, 9]


def test_a_gap_stands_between_its_neighbours():
    series = Series("loss")
    series.extend([1, 2, 2, 3, 4], [1.0, math.nan, 2.0, math.inf, 3.0])
    steps, values = series.view()
    assert steps.tolist() == [1, 2, 2, 3, 4]
    np.testing.assert_array_equal(values, [1, math.nan, 2, math.nan, 3])
    marks, what = series.nonfinite()
    assert marks.tolist() == [2, 3]
    np.testing.assert_array_equal(what, [math.nan, math.inf])


def test_many_marks_are_thinned_and_keep_every_kind():
    values = np.full(50_000, math.nan)
    values[30_000], values[40_000] = math.inf, -math.inf
    series = filled(np.arange(50_000), values, 1024, 1000)
    marks, what = series.nonfinite(points=30)
    assert len(marks) <= 35
    assert 30_000 in marks[what == math.inf]
    assert 40_000 in marks[what == -math.inf]
    assert series.extent() is None
    assert np.isnan(series.view()[1]).all()


@pytest.mark.parametrize("bound", [math.inf, -math.inf, math.nan, 1e300, -1e300])
def test_bounds_that_are_no_step(bound):
    series = filled(np.arange(100), np.arange(100.0), 200)
    assert len(series.view(None, bound)[0]) in {1, 100}
    assert len(series.view(bound, None)[0]) in {1, 100}


def test_views_are_copies():
    series = filled(np.arange(10), np.arange(10.0))
    for made in (series.view(), (series.steps, series.values)):
        for part in made:
            part[...] = -1
    assert series.steps.tolist() == list(range(10))
    assert series.values.tolist() == list(range(10))


def test_what_came_since():
    series = Series("loss")
    series.extend(np.arange(100), np.arange(100.0))
    assert series.since(100, 10) is None, "there is nothing new"
    assert series.since(99, 10) is None, "it came as an array"
    for step in range(100, 110):
        series.extend([step], [float(step)])
    assert series.since(107, 10) == ([107, 108, 109], [107.0, 108.0, 109.0])
    assert series.since(100, 10) == (list(range(100, 110)), [float(step) for step in range(100, 110)])
    assert series.since(99, 10) is None
    assert series.since(111, 10) is None
    series.extend([110, 110], [-5.0, 7.0])
    assert series.since(110, 10) == ([110, 110], [-5.0, 7.0])
    steps, values = series.since(100, 4)
    assert len(steps) == len(values) <= 5
    assert {-5.0, 109.0, 7.0} <= set(values)
    assert values[-1] == 7.0
    series.extend([111], [math.nan])
    assert series.since(111, 10) is None, "there is a gap"
    assert series.steps.tolist() == [*range(110), 110, 110, 111]


@pytest.mark.parametrize("lot", [1, 100, 3000])
def test_what_came_with_the_newest_small_lot_is_always_told(lot):
    series = Series("loss")
    for begin in range(0, 30_000, lot):
        series.extend(list(range(begin, begin + lot)), [float(step) for step in range(begin, begin + lot)])
        steps, values = series.since(begin, lot)
        assert steps == values == list(range(begin, begin + lot))
    assert series.steps.tolist() == list(range(len(series)))


def test_the_source_may_be_changed_afterwards():
    steps, values = np.arange(5), np.arange(5.0)
    series = Series("loss")
    series.extend(steps, values)
    steps[...], values[...] = 0, 0
    assert series.steps.tolist() == series.values.tolist() == [0, 1, 2, 3, 4]


def test_an_empty_series():
    series = Series("loss")
    series.extend([], [])
    assert len(series) == 0
    assert series.last is series.extent() is None
    assert [part.dtype for part in series.view()] == [np.int64, np.float64]
    assert [len(part) for part in (*series.view(1, 2), *series.nonfinite(), series.steps, series.values)] == [0] * 6


@pytest.mark.parametrize(
    ("steps", "values", "error", "words"),
    [
        ([5, 4], [0.0, 0.0], RunError, "step 4 came after step 5"),
        ([2, 3], [0.0, 0.0], RunError, "step 2 came after step 3.*leave out step="),
        ([5], [0.0, 1.0], TensorError, r"equal length, got shapes \(1,\) and \(2,\)"),
        ([], [0.0], TensorError, r"equal length"),
        ([[5]], [[0.0]], TensorError, "flat"),
        ([5.5], [0.0], TensorError, "integers, got float64"),
        ([5], ["1"], TensorError, "real numbers, got <U1"),
        ([5], [1j], TensorError, "real numbers, got complex128"),
        ([2**70], [1.0], TensorError, "integers, got object"),
    ],
)
def test_refused_points_leave_the_series_as_it_was(steps, values, error, words):
    series = Series("loss")
    series.extend([3], [7.0])
    with pytest.raises(error, match=f"'loss'.*{words}"):
        series.extend(steps, values)
    assert (len(series), series.last, series.extent(), series.steps.tolist()) == (1, (3, 7.0), (7.0, 7.0), [3])


@pytest.mark.parametrize(
    "call", [lambda: Series("x", 63), lambda: Series("x").view(points=1), lambda: Series("x").nonfinite(points=2)]
)
def test_sizes_that_are_too_small(call):
    with pytest.raises(ValueError, match=r"'x'.*at least"):
        call()
