import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfwidget.plot.limits import Limits


def test_limits_stay_while_the_data_are_in_them() -> None:
    limits = Limits()
    first = limits.hold(0.0, 10.0, margin=0.1)
    assert first == (-0.03 * 11.0, 11.0), "nothing is below zero"
    assert limits.hold(1.0, 11.0) == first
    assert limits.hold(-1.0, 9.0, margin=0.1) == (-3.5, 10.0), "room on the side on which they left"


def test_limits_shrink_after_a_while() -> None:
    limits = Limits()
    limits.hold(-10.0, 10.0)
    assert [limits.hold(-1.0, 1.0) for _ in range(4)] == [(-10.0, 10.0)] * 3 + [(-1.0, 1.0)]
    limits.hold(-10.0, 10.0)
    for low in (-1.0, -1.0, -1.0, -12.0, -1.0, -1.0, -1.0):
        assert limits.hold(low, 1.0)[1] > 10.0, "only if it is so all the time"


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0, 1e30, 5e-324, -1e-290])
def test_a_size_that_was_guessed_is_given_up_at_once(value: float) -> None:
    limits = Limits()
    low, high = limits.hold(value, value)
    assert low < value < high or (value == 0.0 and low < high)
    assert limits.hold(value, value) == (low, high)
    assert limits.hold(value, value + 1e31) == (value, value + 1e31)


def test_exponents_have_sizes_of_their_own() -> None:
    limits = Limits()
    low, high = limits.hold(2.0, 2.0, log=True)
    assert (low, high) == (1.85, 2.15)
    assert Limits().hold(0.0, 1.0, margin=0.1, log=True) == (-0.1, 1.1), "zero is a power like others"


@given(st.booleans(), st.data())
def test_limits_always_hold_the_data(log: bool, data: st.DataObject) -> None:
    numbers = st.floats(-300.0, 300.0) if log else st.floats(-1e300, 1e300)
    extents = data.draw(st.lists(st.tuples(numbers, numbers), min_size=1))
    limits = Limits()
    for one, other in extents:
        low, high = min(one, other), max(one, other)
        bottom, top = limits.hold(low, high, margin=0.05, log=log)
        assert bottom <= low <= high <= top
        assert bottom < top
