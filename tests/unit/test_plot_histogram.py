import numpy as np
import pytest

from tests.unit.plot_frames import frame, kinds_of, moves, new_board, new_panel, panel_at, pixels
from tfwidget.errors import TensorError
from tfwidget.plot.histogram import Histogram

RNG = np.random.default_rng(0)


def bars(panel: Histogram) -> tuple[np.ndarray, np.ndarray]:
    return panel.heights, panel.edges


def header(panel: Histogram) -> str:
    return panel.texts[1]


def show(panel: Histogram, array: object, step: int = 0) -> bool:
    """Whether the limits change."""
    return moves(panel, frame({}, {"x": array}, step=step))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bins": 0}, "bins=0"),
        ({"bins": 2.5}, r"bins=2\.5"),
        ({"bins": True}, "bins=True"),
        ({"range": (1, 1)}, "smaller one first"),
        ({"range": (0, float("inf"))}, "finite"),
        ({"range": 3}, "range=3"),
        ({"range": (1, 2, 3)}, "two finite"),
    ],
)
def test_options_are_checked_where_they_are_given(options: dict[str, object], message: str) -> None:
    with pytest.raises(TensorError, match=message):
        Histogram(np.zeros(3), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_bars_count_every_value(dtype: type) -> None:
    panel = new_panel(Histogram)
    array = RNG.normal(size=(40, 50)).astype(dtype)
    assert show(panel, array, step=3)
    heights, edges = bars(panel)
    assert len(heights) == 50
    assert heights.tolist() == np.histogram(array.astype(float), edges)[0].tolist()
    assert heights.sum() == 2000
    assert header(panel).startswith("step 3 · ")
    assert "n 2,000" in header(panel)
    assert panel.ax.get_xlim() == (edges[0], edges[-1])
    assert heights.max() < panel.ax.get_ylim()[1] < 1.3 * heights.max()


def test_bins_stay_while_the_data_stay_in_them() -> None:
    panel = new_panel(Histogram)
    show(panel, RNG.uniform(-1, 1, 5000))
    edges = bars(panel)[1]
    redraws = sum(show(panel, RNG.uniform(-1, 1, 5000), step=step) for step in range(1, 40))
    assert redraws <= 2
    assert bars(panel)[1].tolist() == edges.tolist()
    assert show(panel, RNG.uniform(-3, 1, 5000), step=50), "the range grows at once"
    low, high = bars(panel)[1][[0, -1]]
    assert low < -3.5
    assert 1.0 < high < 1.5


def test_the_range_shrinks_after_a_while() -> None:
    panel = new_panel(Histogram)
    show(panel, np.linspace(-100, 100, 500))
    edges = bars(panel)[1].tolist()
    redraws = [show(panel, np.linspace(-1, 1, 500), step=step) for step in range(1, 4)]
    assert bars(panel)[1].tolist() == edges
    assert not any(redraws[1:]), "the first one is for the higher bars"
    redraws += [show(panel, np.linspace(-1, 1, 500), step=step) for step in range(4, 40)]
    assert bars(panel)[1][-1] < 2.0
    assert sum(redraws) <= 4


def test_slow_growth_redraws_a_logarithmic_number_of_times() -> None:
    panel = new_panel(Histogram)
    normal = RNG.normal(size=2000)
    redraws = sum(show(panel, normal * (1.0 + step / 50.0), step=step) for step in range(2000))
    assert redraws < 40


@pytest.mark.parametrize(
    ("array", "edges"),
    [
        (np.array([3, 4, 4, 9]), np.arange(2.5, 10.0)),
        (np.array([True, False, True]), np.array([-0.5, 0.5, 1.5])),
        (np.array([7], np.uint8), np.array([6.5, 7.5])),
    ],
)
def test_whole_numbers_have_a_bar_each(array: np.ndarray, edges: np.ndarray) -> None:
    panel = new_panel(Histogram)
    show(panel, array)
    heights, got = bars(panel)
    assert got.tolist() == edges.tolist()
    assert heights.sum() == array.size


def test_many_whole_numbers_share_bars_evenly() -> None:
    panel = new_panel(Histogram)
    show(panel, np.arange(1000))
    heights, edges = bars(panel)
    assert len(heights) <= 50
    width = edges[1] - edges[0]
    assert width == int(width)
    assert set(heights[4:-6]) == {width}


@pytest.mark.parametrize(
    "array",
    [
        np.full(10, 0.0),
        np.full(10, -3.5),
        np.full(10, 1e30),
        np.full(10, 1.0) + np.linspace(0, 1e-15, 10),
        np.array([1.7e308, -1.7e308]),
        np.array([5e-324, 0.0]),
        np.array([2**63], np.uint64),
        np.array([-(2**63), 2**63 - 1]),
        np.array(3.0),
        np.zeros((0, 4)),
        np.full(3, np.nan),
        np.array([np.inf, 1.0]),
        np.array([65504.0, -65504.0], np.float16),
    ],
    ids=repr,
)
def test_odd_tensors_neither_warn_nor_raise(array: np.ndarray) -> None:
    board = new_board()
    board.update(frame({}, {"x": array}, kind=Histogram))
    pixels(board.figure)
    assert kinds_of(board) == ["Histogram"]
    assert not moves(panel_at(board, 0), frame({}, {"x": array}, step=1, kind=Histogram))


def test_empty_and_nonfinite_are_stated() -> None:
    panel = new_panel(Histogram)
    show(panel, np.zeros((0, 3)))
    assert panel.empty.get_text() == "empty"
    assert header(panel) == "step 0 · n 0"
    show(panel, np.array([np.nan, np.nan, np.inf, -np.inf, 1.0]), step=1)
    assert panel.empty.get_text() == ""
    assert "2 NaN · 1 Inf · 1 −Inf" in header(panel)
    assert bars(panel)[0].sum() == 1
    show(panel, np.full(4, np.nan), step=2)
    assert panel.empty.get_text() == "nothing finite"
    assert bars(panel)[0].sum() == 0


def test_a_given_range_is_kept_and_what_is_outside_is_counted() -> None:
    panel = new_panel(Histogram, bins=4, range=(0, 1))
    show(panel, np.array([-5.0, 0.0, 0.5, 1.0, 9.0]))
    heights, edges = bars(panel)
    assert edges.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert heights.tolist() == [1, 0, 1, 1], "the last edge belongs to the last bar"
    assert "2 outside" in header(panel)


def test_other_options_make_other_bins() -> None:
    board = new_board()
    board.update(frame({}, {"x": np.linspace(0, 1, 100)}, kind=Histogram))
    panel = panel_at(board, 0)
    assert isinstance(panel, Histogram)
    assert len(bars(panel)[0]) == 50
    board.update(frame({}, {"x": np.linspace(0, 1, 100)}, kind=Histogram, step=1, bins=10))
    assert panel_at(board, 0) is panel
    assert len(bars(panel)[0]) == 10


def test_large_tensors_are_sampled_and_that_is_stated() -> None:
    panel = new_panel(Histogram)
    array = np.tile(np.arange(4096, dtype=np.float32), (1024, 1))  # each column is one value
    show(panel, array)
    heights, _ = bars(panel)
    assert heights.sum() <= 2**20
    counted = heights[heights > 0]
    assert counted.max() < 1.3 * np.median(counted), "every column is looked at, though the stride is near its length"
    assert "1 of 5 counted" in header(panel)
    assert "n 4,194,304" in header(panel)


def test_a_person_s_limits_are_left_alone_until_reset() -> None:
    panel = new_panel(Histogram)
    show(panel, RNG.normal(size=1000))
    panel.ax.set_xlim(0.0, 0.5)
    assert not show(panel, 50 * RNG.normal(size=1000), step=1)
    assert panel.ax.get_xlim() == (0.0, 0.5)
    panel.reset_view()
    assert show(panel, 50 * RNG.normal(size=1000), step=2)
    assert panel.ax.get_xlim()[1] > 50


def test_the_outline_is_that_of_the_bars() -> None:
    panel = new_panel(Histogram, bins=2, range=(0, 2))
    show(panel, np.array([0.5, 1.2, 1.3, 1.4]))
    outline = panel.bars.get_path().vertices
    assert np.asarray(outline).tolist() == [[0, 0], [0, 1], [1, 1], [1, 3], [2, 3], [2, 0]]
    picture = pixels(panel.ax.get_figure(root=True))
    x, y = panel.ax.transData.transform((1.5, 1.0))
    fill = picture[int(360 - y), int(x), :3]
    assert fill.tolist() != [255, 255, 255]
    x, y = panel.ax.transData.transform((0.5, 2.5))
    assert picture[int(360 - y), int(x), :3].tolist() == [255, 255, 255], "nothing above a lower bar"
