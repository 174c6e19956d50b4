import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.ticker import MaxNLocator

from tfwidget.plot.ticks import LogFormatter, LogLocator, StepFormatter, ValueFormatter, compact


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.5, "0.5"),
        (-1.25, "−1.25"),
        (1234.5, "1,230"),
        (1.23e-5, "1.23e−5"),
        (1e30, "1e30"),
        (math.nan, "NaN"),
        (math.inf, "Inf"),
        (-math.inf, "−Inf"),
    ],
)
def test_compact(value: float, text: str) -> None:
    assert compact(value) == text


@pytest.mark.parametrize(
    ("ticks", "labels"),
    [
        ([0, 500, 1000], ["0", "500", "1000"]),
        ([0, 5000, 10000], ["0", "5k", "10k"]),
        ([0, 500_000, 1_000_000, 1_500_000], ["0", "0.5M", "1M", "1.5M"]),
        ([100_001, 100_002], ["100,001", "100,002"]),
    ],
)
def test_steps(ticks: list[float], labels: list[str]) -> None:
    got = StepFormatter().format_ticks(ticks)
    assert [label.replace(".0", "") for label in got] == labels


@pytest.mark.parametrize(
    ("ticks", "labels"),
    [
        ([0, 0.25, 0.5], ["0", "0.25", "0.50"]),
        ([-1, 0, 1], ["−1", "0", "1"]),
        ([0, 2.5e-6, 5e-6], ["0", "2.5e−6", "5e−6"]),
        ([0, 0.00025, 0.0005], ["0", "2.5e−4", "5e−4"]),
        ([1e30, 1.5e30], ["1e30", "1.5e30"]),
        ([0, 0], ["0", "0"]),
        ([], []),
    ],
)
def test_values(ticks: list[float], labels: list[str]) -> None:
    assert ValueFormatter().format_ticks(ticks) == labels


def test_values_that_differ_in_their_last_digits_have_an_offset() -> None:
    formatter = ValueFormatter()
    assert formatter.format_ticks([1.0 - 2e-8, 1.0, 1.0 + 2e-8]) == ["−2e−8", "0", "2e−8"]
    assert formatter.get_offset() == "+1"
    formatter.format_ticks([0.0, 1.0])
    assert formatter.get_offset() == ""


@given(
    st.floats(-1e12, 1e12, allow_subnormal=False),
    st.floats(1e-9, 1e12),
)
def test_labels_of_one_axis_are_different_and_short(low: float, span: float) -> None:
    span = max(span, 1e-7 * abs(low))
    ticks = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, low + span)
    labels = ValueFormatter().format_ticks(ticks)
    assert len(set(labels)) == len(labels)
    assert max(map(len, labels)) <= 9


@given(st.floats(-12, 12), st.floats(0.02, 20), st.integers(2, 6))
def test_log_ticks_are_few_and_within_sight(first: float, decades: float, most: int) -> None:
    low, high = 10.0**first, 10.0 ** (first + decades)
    ticks = np.asarray(LogLocator(most).tick_values(high, low))
    assert len(ticks) >= 2
    assert np.count_nonzero((ticks >= 0.99 * low) & (ticks <= 1.01 * high)) <= most + 3
    labels = LogFormatter().format_ticks(ticks)
    assert len(set(labels)) == len(labels)


def test_log_ticks_of_limits_without_a_logarithm() -> None:
    assert list(LogLocator(5).tick_values(-1.0, 1.0)) == []
    assert LogFormatter().format_ticks([1e-6, 1.0, 1e6]) == ["10⁻⁶", "1", "10⁶"]
