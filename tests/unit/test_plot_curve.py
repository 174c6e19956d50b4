"""What a curve tells a browser, which must end up with what the series holds."""

import math

import numpy as np
import pytest
from matplotlib.axes import Axes
from numpy.typing import NDArray

from tests.unit.plot_frames import new_figure
from tfwidget.plot.curve import Curve
from tfwidget.record.series import Series


class Page:
    """What a browser holds of a curve."""

    def __init__(self, values: list[float], limits: tuple[float, float] = (0.0, 1000.0)) -> None:
        self.series = Series("x")
        self.ax: Axes = new_figure().add_axes((0.0, 0.0, 0.5, 1.0))
        self.ax.set_xlim(limits)
        self.curve = Curve()
        self.ax.add_line(self.curve)
        self.points: NDArray[np.float64] = np.empty((0, 2))
        self.times = {True: 0, False: 0}
        self.sent = 0
        self.log(values)
        self.tell(afresh=True)

    def log(self, values: list[float]) -> None:
        first = self.series.last[0] + 1 if self.series.last else 0
        self.series.extend(list(range(first, first + len(values))), values)
        self.curve.follow(self.series)

    def tell(self, *, afresh: bool = False) -> bool:
        points, continued = self.curve.scene_points(afresh)
        self.points = np.concatenate((self.points, points)) if continued else points
        self.times[continued] += 1
        self.sent = len(points)
        return continued


def test_all_of_a_short_series_is_told_and_then_what_comes() -> None:
    page = Page([3.0, 1.0])
    assert page.points.tolist() == [[0, 3], [1, 1]]
    assert page.points.dtype == np.float64
    page.log([2.0])
    assert page.tell()
    assert page.points.tolist() == [[0, 3], [1, 1], [2, 2]]
    assert page.tell()
    assert page.sent == 0, "nothing is new"


def test_what_a_page_holds_is_bounded_and_has_the_extremes() -> None:
    page = Page([0.0])
    rng = np.random.default_rng(0)
    low = high = 0.0
    for _ in range(500):
        values = rng.normal(size=40).tolist()
        low, high = min(low, *values), max(high, *values)
        page.log(values)
        page.ax.set_xlim(0, len(page.series))
        page.tell()
        assert len(page.points) <= 4 * 320
        assert (page.points[:, 1].min(), page.points[:, 1].max()) == (low, high)
        assert page.points[-1].tolist() == [*page.series.last]  # type: ignore[misc]
    assert page.times[False] < 50, "mostly, what is new is enough"


def test_a_gap_is_told() -> None:
    page = Page([1.0, 2.0])
    page.log([math.nan, 3.0])
    page.tell()
    assert np.isnan(page.points[:, 1]).tolist() == [False, False, True, False]
    page.log([4.0])
    assert page.tell()
    assert page.points[-1].tolist() == [4, 4]


def test_on_a_log_scale_there_is_a_gap_where_there_is_no_logarithm() -> None:
    page = Page([1.0, 0.0, 2.0])
    page.ax.set_ylim(0.1, 10.0)
    page.ax.set_yscale("log")
    assert not page.tell()
    assert np.isnan(page.points[:, 1]).tolist() == [False, True, False]
    page.log([-1.0, 3.0])
    assert page.tell()
    assert np.isnan(page.points[:, 1]).tolist() == [False, True, False, True, False]
    page.ax.set_yscale("linear")
    assert not page.tell()
    assert not np.isnan(page.points).any()


def zoomed() -> Page:
    page = Page(np.sin(np.arange(60_000)).tolist(), (0, 60_000))
    page.ax.set_xlim(30_000, 30_100)
    assert not page.tell()
    return page


def test_a_view_is_told_in_detail_with_half_of_it_on_either_side() -> None:
    page = zoomed()
    steps = page.points[:, 0]
    assert (steps[0], steps[-1]) == (29_949, 30_151)
    assert np.diff(steps).max() == 1


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ((30_000, 30_100), False),
        ((30_040, 30_140), False),  # what is told already
        ((29_960, 30_060), False),
        ((30_000, 30_090), False),
        ((30_060, 30_160), True),  # beyond it
        ((29_940, 30_040), True),
        ((30_000, 30_050), True),  # more detail
        ((29_960, 30_140), True),  # less
        ((-100, 61_000), True),  # all
        ((30_140, 30_040), False),  # an axis that is turned round
    ],
)
def test_another_view_is_told_where_it_shows_something_else(limits: tuple[float, float], told: bool) -> None:
    page = zoomed()
    page.ax.set_xlim(limits)
    assert page.tell() is not told
    steps = page.points[:, 0]
    assert steps[0] <= max(min(limits), 0)
    assert steps[-1] >= min(max(limits), 59_999)


def test_what_is_out_of_sight_is_not_told() -> None:
    page = zoomed()
    page.log([1.0] * 10)
    assert page.tell()
    assert page.sent == 0
    page.ax.set_xlim(59_950, 60_050)
    page.tell()
    assert page.points[-1].tolist() == [60_009, 1.0]
    page.log([2.0] * 10)
    assert page.tell()
    assert page.points[-1].tolist() == [60_019, 2.0], "but what comes into sight is"


def test_another_width_or_another_series_is_told() -> None:
    page = Page([1.0] * 5000, (0, 5000))
    few = len(page.points)
    page.ax.set_position((0.0, 0.0, 1.0, 1.0))
    assert not page.tell()
    assert len(page.points) >= few
    page.series = Series("x")
    page.log([7.0])
    assert not page.tell()
    assert page.points.tolist() == [[0, 7]]


def test_a_keyframe_is_all_of_it() -> None:
    page = Page([1.0])
    page.log([2.0])
    assert not page.tell(afresh=True)
    assert page.points.tolist() == [[0, 1], [1, 2]]


def test_a_curve_without_a_series() -> None:
    ax = new_figure().add_subplot()
    curve = Curve()
    ax.add_line(curve)
    points, continued = curve.scene_points(True)
    assert (points.shape, continued) == ((0, 2), False)
    ax.figure.canvas.draw()
    curve.follow(Series("x"))
    points, continued = curve.scene_points(False)
    assert (points.shape, continued) == ((0, 2), False)
