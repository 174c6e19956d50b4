import dataclasses
import logging

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backend_bases import MouseEvent

from tests.unit.plot_frames import CELL, frame, moves, new_board, new_panel, panel_at, pixels
from tfwidget.errors import TensorError
from tfwidget.plot.image import Image
from tfwidget.record.values import Logged

RNG = np.random.default_rng(0)


def shown(panel: Image) -> np.ndarray:
    """The colours of the pixels."""
    array = panel.picture.get_array()
    assert array is not None
    return np.asarray(panel.picture.to_rgba(array, bytes=True))


def header(panel: Image) -> str:
    return " ".join([panel.texts[1], panel.low.get_text(), panel.high.get_text()]).strip()


@pytest.mark.parametrize(
    ("array", "fits"),
    [
        (RNG.random((8, 8)), True),
        (RNG.random((28, 28, 1)), True),
        (np.zeros((32, 32, 3), np.uint8), True),
        (RNG.normal(size=(32, 32, 3)), True),
        (RNG.random((64, 8, 8, 1)), True),
        (RNG.random((10, 10)) > 0.5, True),
        (RNG.normal(size=(64, 32)), False),  # weights
        (RNG.random((64, 784)), False),  # a batch of flat pictures
        (RNG.normal(size=(3, 3, 16, 32)), False),  # convolution
        (RNG.normal(size=(3, 3, 1, 4)), False),
        (RNG.normal(size=(7, 7, 3, 64)), False),
        (RNG.random((128, 10, 3)), False),
        (RNG.random((4, 4)), False),
        (RNG.random(64), False),
        (np.zeros((0, 8, 8, 1)), False),
        (np.full((9, 9), np.nan), False),
        (np.zeros((2, 2, 8, 8, 3)), False),
    ],
)
def test_which_tensors_are_pictures(array: np.ndarray, fits: bool) -> None:
    assert Image.fits(array) is fits


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cmap": "no such"}, "no colormap"),
        ({"cmap": 3}, "name is needed, got int"),
        ({"vmin": float("nan")}, "finite number"),
        ({"vmax": "1"}, "finite number"),
        ({"vmin": 2.0, "vmax": 1.0}, "smaller than vmax"),
    ],
)
def test_options_are_checked_where_they_are_given(options: dict[str, object], message: str) -> None:
    with pytest.raises(TensorError, match=message):
        Image(np.zeros((8, 8)), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(5,), (), (2, 2, 2, 2, 2), (4, 8, 8, 2), (0, 8), (8, 0, 3)])
def test_shapes_that_are_no_picture_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(TensorError, match=r"image|pixel"):
        Image(np.zeros(shape))
    panel = new_panel(Image)
    with pytest.raises(TensorError, match=r"image|pixel"):
        panel.update(frame({}, {"x": np.zeros(shape)}))


def test_a_callable_is_checked_when_it_is_called() -> None:
    logged = Image(lambda: np.zeros(3), vmin=0)
    assert isinstance(logged, Logged)
    assert (logged.kind, logged.options, logged.series) == (Image, {"vmin": 0}, False)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([[0, 255]], np.uint8), [[0, 0, 0], [255, 255, 255]]),
        (np.array([[False, True]]), [[0, 0, 0], [255, 255, 255]]),
        (np.array([[0.0, 1.0]]), [[0, 0, 0], [255, 255, 255]]),
        (np.array([[[10, 20, 30]]], np.uint8), [[10, 20, 30]]),
        (np.array([[[0.0, 0.2, 1.0]]]), [[0, 51, 255]]),
        (np.array([[[10.0, 20.0, 255.0]]]), [[10, 20, 255]]),
        (np.array([[[-1.0, 0.0, 1.0]]]), [[0, 128, 255]]),
    ],
)
def test_colours_of_photographs(array: np.ndarray, expected: list[list[int]]) -> None:
    panel = new_panel(Image)
    panel.update(frame({}, {"x": array}))
    assert shown(panel)[..., :3].reshape(-1, 3).tolist() == expected


@pytest.mark.parametrize("scale", [1.0, 1e-300, 1e300])
def test_other_values_are_scaled_and_the_range_is_stated(scale: float) -> None:
    panel = new_panel(Image)
    panel.update(frame({}, {"x": np.array([[-1.5, 3.0]]) * scale}, step=7))
    viridis = mpl.colormaps["viridis"](np.array([0.0, 1.0]), bytes=True)
    assert shown(panel)[0].tolist() == viridis.tolist()
    assert header(panel).startswith("step 7 −1.5")
    assert panel.swatch.get_visible()


def test_a_panel_that_has_left_the_greys_stays_so() -> None:
    panel = new_panel(Image)
    panel.update(frame({}, {"x": np.array([[0.0, 2.0]])}, step=1))
    panel.update(frame({}, {"x": np.array([[0.0, 1.0]])}, step=2))
    assert shown(panel)[0, 1].tolist() == list(mpl.colormaps["viridis"](1.0, bytes=True))


def test_options() -> None:
    panel = new_panel(Image, cmap="coolwarm", vmin=0, vmax=5)
    panel.update(frame({}, {"x": np.array([[0.0, 5.0, 10.0]])}))
    table = mpl.colormaps["coolwarm"]
    assert shown(panel)[0].tolist() == [list(table(part, bytes=True)) for part in (0.0, 1.0, 1.0)]
    assert header(panel).endswith("0 5")


def test_nonfinite_pixels_have_a_colour_of_their_own_and_are_counted() -> None:
    panel = new_panel(Image)
    array = RNG.random((8, 8))
    array[0, 0], array[1, 1] = np.nan, np.inf
    panel.update(frame({}, {"x": array}))
    warning = [round(255 * part) for part in mpl.colors.to_rgb(panel.theme.warning)]
    assert shown(panel)[0, 0, :3].tolist() == shown(panel)[1, 1, :3].tolist() == warning
    assert "2 NaN or Inf" in header(panel)
    panel.update(frame({}, {"x": np.full((4, 4), np.nan)}, step=1))
    assert shown(panel)[..., :3].reshape(-1, 3).tolist() == [warning] * 16


def test_what_is_said_fits_into_a_narrow_panel() -> None:
    array = RNG.normal(size=(8, 8))
    array[0, 0] = np.nan
    for width in (300.0, 147.0, 110.0, 60.0):
        panel = new_panel(Image, cell=dataclasses.replace(CELL, width=width))
        panel.update(frame({}, {"x": array}, step=930))
        assert panel.swatch.get_visible() is (width == 300.0)
        assert ("1 NaN or Inf" in header(panel)) is (width > 110.0)
        assert f"{array[array < 0].min():.3g}".replace("-", "−") in header(panel), "the range comes before the step"


def test_constant_pictures() -> None:
    for value in (0.0, 3.0, -1e30):
        panel = new_panel(Image)
        panel.update(frame({}, {"x": np.full((8, 8), value)}))
        assert len(np.unique(shown(panel).reshape(-1, 4), axis=0)) == 1


def test_a_batch_is_a_mosaic_of_its_first_sixteen() -> None:
    panel = new_panel(Image)
    batch = np.arange(64, dtype=np.uint8)[:, np.newaxis, np.newaxis] * np.ones((8, 8), np.uint8)
    panel.update(frame({}, {"x": batch}))
    mosaic = shown(panel)
    assert set(mosaic[mosaic[..., 3] > 0][:, 0].tolist()) == set(range(16))
    assert "16 of 64" in header(panel)
    assert (mosaic[..., 3] == 0).any(), "a gap"
    assert panel.value_at(0, 0) == [0]
    assert panel.value_at(9, 0) == [1]
    assert panel.value_at(8, 0) is None


def test_pixels_are_square_and_the_picture_is_all_in_sight() -> None:
    panel = new_panel(Image)
    panel.update(frame({}, {"x": RNG.random((20, 70))}))
    (left, right), (bottom, top) = panel.ax.get_xlim(), panel.ax.get_ylim()
    assert left == top == -0.5
    assert right >= 69.5
    assert bottom >= 19.5
    assert (right - left) / panel.ax.bbox.width == pytest.approx((bottom - top) / panel.ax.bbox.height)


def test_the_size_may_change_from_frame_to_frame() -> None:
    panel = new_panel(Image)
    assert moves(panel, frame({}, {"x": RNG.random((8, 8))}, step=1))
    assert not moves(panel, frame({}, {"x": RNG.random((8, 8))}, step=2))
    assert moves(panel, frame({}, {"x": RNG.random((30, 8))}, step=3))
    assert panel.ax.get_ylim()[0] >= 29.5


def test_the_same_tensor_is_not_painted_again() -> None:
    panel = new_panel(Image)
    same = frame({}, {"x": RNG.random((8, 8))})
    panel.update(same)
    before = panel.picture.get_array()
    panel.update(same)
    assert panel.picture.get_array() is before


def test_a_large_picture_is_decimated_and_zooming_in_shows_its_pixels() -> None:
    panel = new_panel(Image)
    large = np.zeros((4000, 4000), np.uint8)
    large[2000, 2001] = 255
    panel.update(frame({}, {"x": large}))
    assert max(shown(panel).shape) <= 2 * max(panel.pixels)
    panel.ax.set_xlim(1990, 2010)
    panel.ax.set_ylim(2010, 1990)
    left, _, _, top = panel.picture.get_extent()
    assert shown(panel).shape[0] < 100
    assert shown(panel)[int(2000 - top), int(2001 - left), 0] == 255
    assert not moves(panel, frame({}, {"x": large}, step=1)), "the zoom stays"
    assert panel.ax.get_xlim() == (1990, 2010)
    panel.reset_view()
    panel.update(frame({}, {"x": large}, step=2))
    assert panel.ax.get_xlim()[1] >= 3999.5


def test_a_zoom_rectangle_of_another_aspect_keeps_pixels_square(caplog: pytest.LogCaptureFixture) -> None:
    board = new_board()
    board.update(frame({}, {"x": RNG.random((40, 40))}))
    ax = panel_at(board, 0).ax
    with caplog.at_level(logging.WARNING):
        ax.set_xlim(10, 12)
        ax.set_ylim(30, 10)
        pixels(board.figure)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert (bottom, top) == (30, 10)
    assert (right - left) / ax.bbox.width == pytest.approx((bottom - top) / ax.bbox.height)
    assert left < 10 < 12 < right
    assert not caplog.records


def test_the_mouse_reads_the_tensor_s_values() -> None:
    panel = new_panel(Image)
    array = np.array([[-1.5, 3.25], [np.nan, 2.0]])
    panel.update(frame({}, {"x": array}))
    panel.ax.get_figure(root=True).canvas.draw()  # type: ignore[union-attr]
    x, y = panel.ax.transData.transform((1.0, 0.0))
    event = MouseEvent("motion_notify_event", panel.ax.figure.canvas, x, y)
    data = panel.picture.get_cursor_data(event)
    assert panel.picture.format_cursor_data(data) == "[3.25]"
    assert panel.value_at(5.0, 0.0) is None
    assert panel.value_at(None, None) is None


def test_what_is_drawn_are_the_pixels() -> None:
    board = new_board(400, 300)
    array = np.zeros((8, 8, 3), np.uint8)
    array[0, 0] = (255, 0, 0)
    board.update(frame({}, {"x": array}))
    picture = pixels(board.figure)
    panel = panel_at(board, 0)
    x, y = panel.ax.transData.transform((0.0, 0.0))
    assert picture[int(300 - y), int(x), :3].tolist() == [255, 0, 0]
    x, y = panel.ax.transData.transform((1.0, 0.0))
    assert picture[int(300 - y), int(x), :3].tolist() == [0, 0, 0]


def test_values_are_what_a_browser_is_sent_where_it_can_tell_them_apart() -> None:
    panel = new_panel(Image)
    array = np.array([[0.5, -2.0], [np.nan, 3.0]])
    panel.update(frame({}, {"x": array}))
    values = panel.picture.get_array()
    assert values is not None
    assert values.dtype == np.float32
    assert np.ma.filled(values, -9.0).tolist() == [[0.5, -2.0], [-9.0, 3.0]]
    assert panel.picture.get_clim() == (-2.0, 3.0)
    panel.update(frame({}, {"x": np.array([[7, 200]], np.uint8)}, step=1))
    values = panel.picture.get_array()
    assert values is not None
    assert (values.dtype, values.tolist()) == (np.uint8, [[7, 200]])
    panel.update(frame({}, {"x": 1e9 + np.array([[0.0, 0.5, 1.0]])}, step=2))
    values = panel.picture.get_array()
    assert values is not None
    assert values.tolist() == [[0.0, 0.5, 1.0]], "scaled: float32 knows only one number here"
    assert "1e9" in header(panel)


def test_other_colours_need_no_other_panel() -> None:
    board = new_board()
    array = RNG.random((8, 8))
    board.update(frame({}, {"x": array}, kind=Image, cmap="viridis", vmin=0.0))
    panel = panel_at(board, 0)
    board.update(frame({}, {"x": array}, kind=Image, step=1, cmap="coolwarm", vmin=-1.0))
    assert panel_at(board, 0) is panel
    assert panel.texts[1] == "step 1"
    assert isinstance(panel, Image)
    assert panel.picture.get_clim() == (-1.0, 1.0)
    assert shown(panel)[0, 0].tolist() == list(mpl.colormaps["coolwarm"]((array[0, 0] + 1) / 2, bytes=True))
    board.update(frame({}, {"x": array}, kind=Image, step=2))
    assert panel.picture.get_clim() == (0.0, 1.0), "and none are asked for any more"


def test_a_person_s_view_is_made_square_at_once() -> None:
    board = new_board()
    board.update(frame({}, {"x": RNG.random((40, 40))}))
    ax = panel_at(board, 0).ax
    board.set_view(ax, (10.0, 12.0), (30.0, 10.0))
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert (bottom, top) == (30, 10)
    assert (right - left) / ax.bbox.width == pytest.approx((bottom - top) / ax.bbox.height)
    board.figure.set_size_inches(4, 8)
    board.update(frame({}, {"x": RNG.random((40, 40))}, step=1))
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert (right - left) / ax.bbox.width == pytest.approx((bottom - top) / ax.bbox.height), "in another cell, too"
