"""What a browser is sent in place of a picture: read back and compared with Matplotlib's own numbers."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backend_bases import _Mode
from matplotlib.patches import StepPatch
from matplotlib.ticker import MultipleLocator

from tests.unit.plot_frames import frame, new_board, new_figure
from tfwidget.canvas.canvas import Canvas
from tfwidget.plot.board import Board
from tfwidget.plot.stream import DisplayList, Growth, UnstreamableError

Item = dict[str, Any]


def new_axes(**limits: object) -> Axes:
    ax = new_figure().add_axes((0.1, 0.2, 0.5, 0.6))
    ax.set(**limits)
    return ax


def listed(artist: Any, known: dict[int, np.ndarray] | None = None) -> tuple[list[Item], DisplayList]:
    display = DisplayList(artist.axes.figure, known or {})
    display.open_panel(artist.axes)
    display.add(artist)
    return display.header["panels"][0]["items"], display


def points(item: Item, display: DisplayList) -> np.ndarray:
    return np.frombuffer(display.data, np.float32, 2 * item["points"], item["at"]).reshape(-1, 2)


def places(artist: Any, data: object) -> np.ndarray:
    """Where Matplotlib puts data, from the upper left corner."""
    pixels = artist.get_transform().transform(np.asarray(data, float))
    return np.column_stack((pixels[:, 0], artist.axes.figure.bbox.height - pixels[:, 1]))


@pytest.mark.parametrize("scale", ["linear", "log", "symlog"])
def test_points_are_where_matplotlib_puts_them(scale: str) -> None:
    ax = new_axes(xlim=(10**9, 10**9 + 50), ylim=(0.01, 20.0), yscale=scale)
    steps = 10**9 + np.arange(50)
    values = np.exp(np.linspace(-4, 3, 50))
    values[7] = np.nan
    (line,) = ax.plot(steps, values)
    (item,), display = listed(line)
    found = points(item, display)
    assert np.isnan(found[7, 1])
    np.testing.assert_allclose(found, places(line, np.column_stack((steps, values))), atol=1e-3)
    assert found[-1, 0] - found[0, 0] > 300


def test_a_value_far_out_of_sight_is_still_a_number() -> None:
    ax = new_axes(xlim=(0, 1), ylim=(0, 1))
    (line,) = ax.plot([0, 0.5, 1], [0.5, 1e300, -1e300])
    (item,), display = listed(line)
    assert np.isfinite(points(item, display)).all()


def test_the_style_is_the_artists_own() -> None:
    ax = new_axes()
    (line,) = ax.plot([0, 1, 2], [1, 2, 0], "--", color="#102030", alpha=0.5, linewidth=1.8, marker="x", markersize=7.2)
    line.set(markeredgewidth=0.72, markeredgecolor="red", markevery=[1], clip_on=False)
    (path, marks), display = listed(line)
    pixel = ax.figure.dpi / 72
    assert path["stroke"] == "#10203080"
    assert path["width"] == pytest.approx(1.8 * pixel)
    assert path["dash"] == pytest.approx([0, *(1.8 * pixel * length for length in (3.7, 1.6))])
    assert (path["cap"], path["join"], path["clip"], path["closed"]) == ("butt", "round", False, False)
    assert marks["stroke"] == "#ff000080"
    assert marks["width"] == pytest.approx(1.0)
    assert "fill" not in marks
    assert marks["shape"] == [[-4.5, 5.5, 5.5, -4.5], [-4.5, -4.5, 5.5, 5.5]]
    np.testing.assert_allclose(points(marks, display), places(line, [(1, 2)]), atol=1e-3)


def test_circles_are_filled_and_only_at_numbers() -> None:
    ax = new_axes()
    (line,) = ax.plot([0, 1, 2], [1, np.nan, 0], "o", markersize=3.6, markeredgewidth=0, color="C1")
    (marks,), _ = listed(line)
    assert marks["shape"] == pytest.approx(1.8 * ax.figure.dpi / 72)
    assert (marks["fill"], marks["points"]) == ("#ff7f0eff", 2)
    assert "stroke" not in marks


def test_bars_are_outlines() -> None:
    ax = new_axes(xlim=(0, 4), ylim=(0, 5))
    bars = ax.add_patch(StepPatch([2, 3], [1, 2, 3], fill=True, facecolor="#aabbcc", edgecolor="black", linewidth=0.72))
    (item,), display = listed(bars)
    assert (item["fill"], item["stroke"], item["closed"]) == ("#aabbccff", "#000000ff", False)
    assert item["width"] == pytest.approx(1.0)
    outline = [(1, 0), (1, 2), (2, 2), (2, 3), (3, 3), (3, 0)]
    np.testing.assert_allclose(points(item, display), places(bars, outline), atol=1e-3)


def test_pixels_are_sent_once() -> None:
    ax = new_axes(xlim=(-0.5, 2.5), ylim=(1.5, -0.5))
    colors = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    image = ax.imshow(colors, interpolation="nearest", aspect="auto")
    (item,), display = listed(image)
    assert display.data[item["at"] :] == colors.tobytes()
    assert item["size"] == [3, 2]
    left, top, width, height = item["box"]
    assert (left, top) == pytest.approx((64.0, 0.2 * 360))
    assert (width, height) == pytest.approx((320.0, 216.0))
    (again,), later = listed(image, display.textures)
    assert "at" not in again
    assert later.data == b""
    assert later.textures.keys() == display.textures.keys() == {item["texture"]}
    image.set_data(colors[::-1].copy())
    (changed,), latest = listed(image, later.textures)
    assert changed["texture"] != item["texture"]
    assert latest.data == colors[::-1].tobytes()


def test_numbers_get_their_colours_from_the_map() -> None:
    ax = new_axes()
    image = ax.imshow(np.eye(3), cmap="viridis", interpolation="nearest")
    (item,), display = listed(image)
    assert display.data[item["at"] :] == image.to_rgba(np.eye(3), bytes=True).tobytes()


def test_a_text_is_the_very_pixels_that_agg_would_blend() -> None:
    ax = new_axes()
    ax.set_axis_off()
    text = ax.text(0.5, 0.5, "0.1234 · ×", color="#ff0000", transform=ax.transAxes, ha="right", animated=True)
    (item,), display = listed(text)
    left, top, width, height = item["box"]
    sent = np.frombuffer(display.data, np.uint8).reshape(height, width, 4).astype(float)
    canvas = ax.figure.canvas
    canvas.draw()
    ax.draw_artist(text)
    drawn = np.asarray(canvas.buffer_rgba())[..., :3].astype(float)
    expected = np.full_like(drawn, 255.0)
    alpha = sent[..., 3:] / 255
    expected[top : top + height, left : left + width] = sent[..., :3] * alpha + 255 * (1 - alpha)
    assert (drawn < 200).any()
    np.testing.assert_allclose(drawn, expected, atol=2)


def test_what_is_not_visible_or_has_no_points_is_left_out() -> None:
    ax = new_axes()
    (hidden,) = ax.plot([0, 1], [0, 1], visible=False)
    (empty,) = ax.plot([], [])
    text = ax.text(0.5, 0.5, "")
    assert [listed(artist)[0] for artist in (hidden, empty, text)] == [[], [], []]


@pytest.mark.parametrize(
    "make",
    [
        lambda ax: ax.text(0, 0, "of the user", rotation=30),
        lambda ax: ax.text(0, 0, "$x^2$"),
        lambda ax: ax.text(0, 0, "two\nlines"),
        lambda ax: ax.scatter([0, 1], [0, 1]),
        lambda ax: ax.plot([0, 1], [0, 1], drawstyle="steps")[0],
        lambda ax: ax.plot([0, 1], [0, 1], marker="$m$")[0],
        lambda ax: ax.plot([0, 1], [0, 1], marker="o", markevery=2)[0],
        lambda ax: ax.plot([0, 1], [0, 1], sketch_params=3)[0],
        lambda ax: ax.imshow(np.eye(3), interpolation="bilinear"),
        lambda ax: ax.stairs([1, 2], fill=True, hatch="/"),
    ],
)
def test_what_looks_otherwise_is_left_to_agg(make: Any) -> None:
    artist = make(new_axes())
    with pytest.raises(UnstreamableError):
        listed(artist)


def test_a_board_is_sent_panel_by_panel_as_it_is_drawn() -> None:
    board = new_board()
    rng = np.random.default_rng(0)
    tensors = {"weights": rng.normal(size=(64, 64)), "digit": rng.uniform(size=(9, 9)), "empty": np.zeros(0)}
    board.update(frame({"loss": [1.0, np.nan, 0.5, 0.2], "val_loss": [1.1, 0.9]}, tensors))
    streamed = board.stream(True)
    assert streamed is not None
    header, data = streamed
    assert header["size"] == [900, 600]
    kinds = [[item["kind"] for item in panel["items"]] for panel in header["panels"]]
    line = ["path", "marks"]
    assert kinds[0] == [*line, *line, "marks", "image", "image"]
    assert sorted(kinds[1:]) == [["image"] * 4, ["path", "image"], ["path", "image", "image"]]
    for panel, slot in zip(header["panels"], board.panels, strict=True):
        left, top, width, height = panel["box"]
        assert (left, 600 - top - height) == pytest.approx(slot.ax.bbox.p0, abs=1)
        assert (width, height) == pytest.approx(slot.ax.bbox.size, abs=1)
    assert len(data) < 40_000
    again = board.stream(False)
    assert again is not None
    assert len(again[1]) < 0.5 * len(data), "pictures and texts that have not changed are not sent again"
    assert board.stream(True)[1] == data  # type: ignore[index]


def test_one_artist_that_only_agg_can_draw_leaves_the_whole_board_to_it() -> None:
    board = new_board()
    board.update(frame({"loss": [1.0, 0.5]}))
    curve = board.moving[0]
    curve.set(drawstyle="steps")
    assert board.stream(False) is None
    curve.set(drawstyle="default")
    assert board.stream(False) is not None


def test_a_panel_that_failed_is_not_sent() -> None:
    board = new_board()
    board.update(frame({"loss": [1.0, 0.5]}, {"digit": np.zeros((9, 9))}))
    board.update(frame({"loss": [1.0, 0.5]}, errors={"digit": "no"}))
    assert len(board.stream(False)[0]["panels"]) == 1  # type: ignore[index]


# -- scales ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_labels_are_where_matplotlib_draws_them(scale: str) -> None:
    board = new_board(640, 360)
    board.log_scale = scale == "log"
    board.update(frame({"loss": np.geomspace(1e-3, 7.0, 900)}))
    panel = board.panels[0]
    figure = board.figure
    figure.canvas = Canvas(figure)
    figure.canvas.draw()
    in_view = {
        axis: [
            label
            for label, place in zip(axis.get_ticklabels(), axis.get_ticklocs(), strict=True)
            if min(axis.get_view_interval()) <= place <= max(axis.get_view_interval())
        ]
        for axis in (panel.ax.xaxis, panel.ax.yaxis)
    }
    labels = [label for ones in in_view.values() for label in ones]
    drawn = np.asarray(figure.canvas.buffer_rgba()).copy()
    assert board.set_live(True)
    figure.canvas.draw()
    composed = np.asarray(figure.canvas.buffer_rgba()).astype(float)
    display = DisplayList(figure, {})
    display.open_panel(panel.ax)
    for axis in panel.scales:
        display.add(axis)
    items = display.header["panels"][0]["items"]
    texts = [item for item in items if item["kind"] == "image"]
    assert len(texts) == sum(bool(label.get_text()) for label in labels) + 1  # and the name of the axis of steps
    assert not any(text["clip"] for text in texts)
    for item in texts:
        left, top, columns, rows = item["box"]
        rgba = np.frombuffer(display.data, np.uint8, 4 * rows * columns, item["at"]).reshape(rows, columns, 4)
        alpha = rgba[..., 3:] / 255.0
        under = composed[top : top + rows, left : left + columns, :3]
        under[...] = alpha * rgba[..., :3] + (1 - alpha) * under
    for label in labels:
        box = label.get_window_extent().padded(1)
        rows = slice(round(360 - box.y1), round(360 - box.y0))
        columns = slice(max(round(box.x0), 0), round(box.x1))
        off = np.abs(composed[rows, columns, :3] - drawn[rows, columns, :3])
        assert off.max() <= 255 / 16 + 2, "an eighth of a pixel is as near as it is placed"
    grid = [item for item in items if item["kind"] == "path"]
    assert [item["points"] for item in grid] == [3 * len(ones) for ones in in_view.values()]


def test_limits_that_change_call_for_no_full_draw_while_scales_move() -> None:
    board = new_board(640, 360)
    board.update(frame({"loss": np.linspace(1, 2, 90)}))
    assert board.update(frame({"loss": np.linspace(1, 9, 900)})), "the scales are drawn by Agg"
    assert board.set_live(True)
    assert not board.set_live(True)
    assert not board.update(frame({"loss": np.linspace(1, 99, 9000)}))
    assert board.panels[0].ax.get_ylim()[1] > 99
    assert board.update(frame({"loss": np.linspace(1, 99, 9000), "new": [1.0]}))
    assert all(panel.scales for panel in board.panels)
    header, data = board.stream(True) or ({}, b"")
    again, fewer = board.stream(False) or ({}, b"")
    assert [len(panel["items"]) for panel in header["panels"]] == [len(panel["items"]) for panel in again["panels"]]
    assert len(fewer) < len(data), "labels are sent once"
    assert board.set_live(False)
    assert not any(panel.scales for panel in board.panels)


@pytest.mark.parametrize(
    "style",
    [
        lambda ax: ax.tick_params(length=4, left=True),
        lambda ax: ax.tick_params(labelright=True),
        lambda ax: ax.tick_params(axis="x", rotation=45),
        lambda ax: ax.xaxis.set_minor_locator(MultipleLocator(3)),
        lambda ax: ax.yaxis.set_major_formatter("$x$ {x}"),
    ],
)
def test_scales_with_more_than_a_grid_and_labels_are_left_to_agg(style: Callable[[Axes], None]) -> None:
    board = new_board(640, 360)
    board.update(frame({"loss": np.linspace(1, 2, 90)}))
    board.set_live(True)
    for label in board.panels[0].ax.get_yticklabels():
        label.set_parse_math(True)
    style(board.panels[0].ax)
    assert board.stream(True) is None
    assert board.set_live(True), "Agg draws the scales, too, and not with every frame"
    assert not board.live
    board.set_live(True)
    assert not board.live, "it would come and go with every frame"
    board.reset_view()
    assert board.set_live(True), "in another view it is tried again"


def test_a_whole_axis_of_a_picture_is_nothing() -> None:
    board = new_board(640, 360)
    board.update(frame({}, {"digit": np.eye(9)}))
    board.set_live(True)
    header, _ = board.stream(True) or ({}, b"")
    assert all(item["kind"] == "image" or item["points"] > 3 for item in header["panels"][0]["items"])


# -- growth ------------------------------------------------------------------------------------------------------------


def test_a_line_grows_by_points_where_matplotlib_puts_them() -> None:
    ax = new_axes(xlim=(0, 9), ylim=(0.1, 20), yscale="log")
    (line,) = ax.plot([0, 1, 2], [1, 2, 3])
    (other,) = ax.plot([0, 1, 2], [1, 2, 3], "o-")
    display = DisplayList(ax.figure, {})
    display.open_panel(ax)
    for one in (line, other):
        display.add(one)
    growth = Growth(ax.figure, display.places)
    assert growth.add(line, [3, 4], [5.0, 6.0])
    assert not growth.add(other, [3], [5.0]), "it has markers"
    assert growth.header == {"growth": [(0, 0, 2)]}
    found = np.frombuffer(growth.data, np.float32).reshape(-1, 2)
    np.testing.assert_allclose(found, places(line, [(3, 5), (4, 6)]), atol=1e-3)
    assert not Growth(ax.figure, {}).add(line, [3], [5.0]), "it was not on the list"


# -- what a drag takes along -------------------------------------------------------------------------------------------


@pytest.fixture
def panning() -> Board:
    """Panels of all kinds, and the pan tool in the hand."""
    board = new_board()
    board.figure.canvas.toolbar = SimpleNamespace(mode=_Mode.PAN)  # type: ignore[assignment]
    rng = np.random.default_rng(0)
    tensors = {"weights": rng.normal(size=(64, 64)), "digit": rng.uniform(size=(9, 9))}
    board.update(replace(frame({"loss": [1.0, np.nan, 0.5, 0.2]}, tensors), marks=(2,)))
    return board


def test_an_item_says_across_which_axes_it_follows_the_data(panning: Board) -> None:
    header, _ = panning.stream(True)  # type: ignore[misc]
    found = [
        ({"path": "lines", "marks": "marks", "image": "pixels"}[item["kind"]], item["clip"], item["follows"])
        for panel in header["panels"]
        for item in panel["items"]
    ]
    turns, curve, point, marks, value = found[:5]
    assert turns == ("lines", True, "x"), "where a knob was turned is a line from the bottom to the top"
    assert curve == ("lines", True, "xy")
    assert point == ("marks", True, "xy")
    assert marks == ("marks", False, "x"), "what is not finite is marked at the edge"
    assert value == ("pixels", False, "")
    picture, bars = ("pixels", True, "xy"), ("lines", True, "xy")
    assert sorted(found[5:]) == sorted([picture, *[value] * 3, bars, value])


def test_an_axes_says_by_which_buttons_it_can_be_dragged(panning: Board) -> None:
    def buttons() -> dict[str, list[int] | None]:
        header, _ = panning.stream(True)  # type: ignore[misc]
        drags = [panel.get("drag") for panel in header["panels"]]
        assert all(("follows" in item) == bool(drag) for drag, panel in zip(drags, header["panels"], strict=True)
                   for item in panel["items"])  # fmt: skip
        return {panel.name: drag for panel, drag in zip(panning.panels, drags, strict=True)}

    # Pictures keep their pixels square, so that a zoom ends elsewhere than the mouse says.
    assert buttons() == {"loss": [0, 2], "weights": [0, 2], "digit": [0]}
    panning.panels[0].ax.set_navigate(False)
    assert buttons()["loss"] is None
    for mode in (_Mode.ZOOM, _Mode.NONE):
        panning.figure.canvas.toolbar.mode = mode  # type: ignore[union-attr]
        assert set(buttons().values()) == {None}


@pytest.mark.parametrize("scale", ["linear", "log", "symlog"])
@pytest.mark.parametrize("key", [None, "x"])
def test_matplotlib_pans_by_a_shift_of_pixels_and_zooms_about_the_press(scale: str, key: str | None) -> None:
    """What the browser relies on when it moves data before they have been computed anew."""
    ax = new_axes(xlim=(1, 50), ylim=(0.01, 20.0), yscale=scale)
    data = [(10, 0.5), (40, 3.0)]
    (line,) = ax.plot(*zip(*data, strict=True))
    before = places(line, data)
    press, (dx, dy) = np.array([200.0, 150.0]), (24.0, -18.0)
    height = ax.figure.bbox.height

    def drag(button: int) -> np.ndarray:
        ax.start_pan(press[0], height - press[1], button)
        ax.drag_pan(button, key, press[0] + dx, height - press[1] - dy)
        moved = places(line, data)
        ax.drag_pan(button, key, press[0], height - press[1] + 1e-9)
        ax.end_pan()
        return moved

    dy *= key is None
    np.testing.assert_allclose(drag(1), before + np.array([dx, dy]), atol=1e-6)
    scales = 10 ** np.array([dx / ax.bbox.width, -dy / ax.bbox.height])
    np.testing.assert_allclose(drag(3), press + (before - press) * scales, atol=1e-6)
