import itertools
import math
import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import style as styles
from matplotlib.backend_bases import ResizeEvent
from matplotlib.transforms import Bbox

from tests.unit.plot_frames import frame, live_pixels, new_board, new_figure, pixels
from tfwidget.plot import Board
from tfwidget.plot.board import arrange
from tfwidget.plot.line import LinePanel
from tfwidget.record.history import Frame, Value

RNG = np.random.default_rng(0)
SCALARS = {
    "loss": [3.0, 2.0, 1.0],
    "val_loss": [2.5],
    "accuracy": [0.1, 0.2],
    "encoder/layer_3/attention/entropy_of_all_heads": [1e-5, 2e-5],
    "lr": [-1000.0, 1000.0],
}
TENSORS = {
    "kernel": RNG.normal(size=(64, 32)),
    "sample": RNG.random((8, 8)),
    "batch": RNG.random((64, 8, 8, 1)),
    "labels": RNG.integers(0, 10, 100),
    "map": RNG.normal(size=(30, 30, 1)),
    "photo": np.zeros((30, 40, 3), np.uint8),
    "bias": np.zeros(10),
    "empty": np.zeros((0, 3)),
}


@pytest.mark.parametrize("count", range(1, 13))
@pytest.mark.parametrize("size", [(460, 260), (650, 430), (400, 800), (1300, 400)])
def test_arrange_fills_rows_evenly(count: int, size: tuple[int, int]) -> None:
    rows = arrange(count, *size)
    assert sum(rows) == count
    assert max(rows) - min(rows) <= 1
    assert rows == sorted(rows), "wide panels first"


def test_arrange_of_usual_figures() -> None:
    assert arrange(4, 648, 432) == [2, 2]
    assert arrange(12, 648, 432) == [4, 4, 4]
    assert arrange(3, 648, 360) == [1, 2]
    assert arrange(2, 648, 300) == [2]
    assert arrange(4, 300, 700) == [1, 1, 1, 1]


def first(count: int) -> Frame:
    groups = 4  # loss and val_loss share one
    tensors = dict(itertools.islice(TENSORS.items(), max(count - groups, 0)))
    scalars = dict(itertools.islice(SCALARS.items(), min(count, groups) + 1))
    return frame(scalars, tensors, step=123_456)


@pytest.mark.parametrize("size", [(640, 360), (900, 600)])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 10, 12])
def test_nothing_overlaps_or_leaves_the_figure(count: int, size: tuple[int, int]) -> None:
    board = new_board(*size)
    board.update(first(count))
    assert len(board.panels) == count
    board.figure.canvas.draw()
    renderer = board.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    boxes = []
    for panel in board.panels:
        # Grid lines and tick labels outside of the limits are not drawn, and not counted.
        texts = [text for text in panel.ax.texts if text.get_text() and text.get_visible()]
        labels = [
            label
            for axis in (panel.ax.xaxis, panel.ax.yaxis)
            for tick in axis._update_ticks()  # type: ignore[attr-defined]
            for label in [tick.label1]
            if label.get_text()
        ]
        assert not isinstance(panel, LinePanel) or len(labels) >= 4, panel.name
        parts = [part.get_window_extent(renderer) for part in (*texts, *labels, panel.ax.xaxis.label, panel.ax.patch)]
        boxes.append(Bbox.union([part for part in parts if part.width > 0]))
        for one, other in itertools.combinations(labels, 2):
            assert not overlap(one.get_window_extent(renderer), other.get_window_extent(renderer)), panel.name
    width, height = board.figure.bbox.size
    for box in boxes:
        assert box.x0 >= -0.5
        assert box.y0 >= 6.0
        assert box.x1 <= width + 0.5
        assert box.y1 <= height + 0.5
    for (index, one), (other_index, other) in itertools.combinations(enumerate(boxes), 2):
        assert not overlap(one, other), (board.panels[index].name, board.panels[other_index].name)


def overlap(one: Bbox, other: Bbox) -> bool:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return bool(width > 1.0 and height > 1.0)


def test_panels_keep_their_order_when_names_appear() -> None:
    board = new_board()
    board.update(frame({"loss": [1.0]}, {"kernel": np.zeros(3)}))
    panels = board.panels
    assert board.update(frame({"loss": [1.0], "lr": [1.0], "val_loss": [2.0]}, {"kernel": np.zeros(3)}, step=1))
    assert board.panels[:2] == panels
    assert board.names == ["loss", "val_loss", "kernel", "lr"]
    assert [panel.names for panel in board.panels] == [("loss", "val_loss"), ("kernel",), ("lr",)]


def test_kinds_are_chosen_by_shape_and_the_one_asked_for_wins() -> None:
    board = new_board()
    weights = RNG.normal(size=(32, 32))
    board.update(frame({"s": [1.0]}, {"w": weights, "i": np.abs(weights), "v": np.zeros(3)}))
    assert [panel.kind for panel in board.panels] == ["line", "histogram", "image", "histogram"]
    assert board.update(frame({"s": [1.0]}, {"w": weights}, step=1, kind="image"))
    assert board.panels[1].kind == "image", "asked for later: another panel in the same place"
    assert board.names == ["s", "w", "i", "v"]


def test_a_kind_stays_though_the_values_change_their_sign() -> None:
    board = new_board()
    board.update(frame({}, {"x": np.ones((9, 9))}))
    board.update(frame({}, {"x": -np.ones((9, 9))}, step=1))
    assert board.panels[0].kind == "image"
    board.update(frame({}, {"x": np.ones(9)}, step=2))
    assert board.panels[0].kind == "histogram", "it cannot be a picture any more"


@pytest.mark.parametrize(
    ("array", "kind", "message"),
    [
        (np.zeros((2, 2, 2, 2, 2)), "image", r"got \(2, 2, 2, 2, 2\)"),
        (np.zeros(3), "image", r"got \(3,\)"),
        (np.zeros(3), "line", "scalar"),
        (np.zeros(3), "pie", "no kind of panel named 'pie'"),
    ],
)
def test_an_impossible_panel_says_why_in_its_place(array: np.ndarray, kind: str, message: str) -> None:
    board = new_board()
    bad = {"good": Value(0, np.zeros(5), None, {}), "bad": Value(0, array, kind, {})}
    assert board.update(Frame(0, {}, bad, {}))
    assert [panel.kind for panel in board.panels] == ["histogram", "notice"]
    assert board.panels[1].name == "bad"
    text = " ".join(board.panels[1].ax.texts[1].get_text().split())
    assert re.search(message, text), text
    assert not board.update(Frame(0, {}, bad, {})), "nothing new to say"
    good = {"good": bad["good"], "bad": Value(1, np.zeros((8, 8)), "image", {})}
    assert board.update(Frame(1, {}, good, {}))
    assert [panel.kind for panel in board.panels] == ["histogram", "image"]
    assert not board.update(Frame(1, {}, good, {}))


def test_a_panel_that_raises_does_not_stop_the_others_and_recovers(monkeypatch: pytest.MonkeyPatch) -> None:
    board = new_board()
    board.update(frame({"a": [1.0], "b": [1.0]}))
    broken = board.panels[0]

    def fail(frame: Frame) -> bool:
        raise RuntimeError("first line\nsecond line")

    with monkeypatch.context() as patch:
        patch.setattr(broken, "_show", fail)
        assert board.update(frame({"a": [1.0, 2.0], "b": [1.0, 2.0]}))
        assert board.panels[0].ax.texts[1].get_text() == "RuntimeError: first line"
        assert not broken.ax.get_visible()
        assert len(board.panels[1].artists[1].get_xdata()) == 2  # type: ignore[attr-defined]
        assert not set(broken.artists) & set(board.moving)
        before = live_pixels(board)
    assert board.update(frame({"a": [1.0, 2.0], "b": [1.0, 2.0]}))
    assert board.panels[0] is broken
    assert set(broken.artists) <= set(board.moving)
    assert (live_pixels(board) != before).any()


def test_a_name_that_cannot_be_recorded_has_a_place_and_recovers() -> None:
    board = new_board()
    assert board.update(frame(errors={"x": "a string", "y": "ragged"}))
    assert [panel.name for panel in board.panels] == ["x", "y"]
    assert [panel.kind for panel in board.panels] == ["notice", "notice"]
    assert board.update(frame({"x": [1.0]}, {"y": np.zeros(3)}))
    assert [panel.kind for panel in board.panels] == ["line", "histogram"]
    assert board.update(frame({"x": [1.0]}, {"y": np.zeros(3)}, errors={"x": "a string"}))
    assert [panel.kind for panel in board.panels] == ["notice", "histogram"]
    assert board.update(frame({"x": [1.0]}, {"y": np.zeros(3)}))
    pixels(board.figure)
    assert len(board.panels) == 2


def test_a_failed_name_that_turns_out_to_belong_to_a_group_joins_it() -> None:
    board = new_board()
    board.update(frame({"loss": [1.0]}, errors={"val_loss": "a string"}))
    assert len(board.panels) == 2
    board.update(frame({"loss": [1.0], "val_loss": [1.0]}))
    assert [panel.names for panel in board.panels] == [("loss", "val_loss")]
    assert len(board.figure.axes) == 1


def test_more_names_than_panels() -> None:
    board = new_board(max_panels=3)
    shown = frame({f"metric {index}": [1.0] for index in range(200)} | {"val_metric 0": [1.0]})
    board.update(shown)
    assert len(board.panels) == 3
    assert board.hidden == [f"metric {index}" for index in range(3, 200)]
    assert board.names[1] == "val_metric 0", "there is room beside its partner"
    assert "+197 more recorded" in [text.get_text() for text in board.figure.texts]
    assert not board.update(shown)


@pytest.mark.parametrize("count", [0, -1, True, 2.5])
def test_max_panels_is_checked(count: object) -> None:
    with pytest.raises(ValueError, match="max_panels"):
        Board(new_figure(), max_panels=count)  # type: ignore[arg-type]


def test_a_full_draw_leaves_out_what_moves_and_a_saved_file_has_it(tmp_path: Path) -> None:
    board = new_board()
    shown = frame({"loss": [1.0, 2.0]}, {"sample": RNG.random((8, 8)), "kernel": RNG.normal(size=99)})
    board.update(shown)
    assert all(artist.get_animated() for artist in board.moving)
    still = pixels(board.figure)
    live = live_pixels(board)
    for panel in board.panels:
        for artist in panel.artists:
            artist.set_visible(False)
    assert (pixels(board.figure) == still).all(), "nothing in the base layer depends on what moves"
    for artist in board.moving:
        artist.set_visible(True)
    board.figure.savefig(tmp_path / "figure.png", dpi="figure")
    saved = mpl.image.imread(tmp_path / "figure.png")[..., :3] * 255.0
    # All but the glyphs' position within a pixel is the same.
    assert np.abs(saved - still[..., :3]).mean() > 1.0
    assert np.abs(saved - live[..., :3]).mean() < 0.3


def test_frames_without_a_base_change_are_the_same_as_full_redraws() -> None:
    board = new_board()
    rng = np.random.default_rng(0)
    values = np.exp(-np.arange(500) / 100.0) + 0.05 * rng.random(500)
    tensor = rng.normal(size=(100, 100))
    board.update(frame({"loss": values[:300]}, {"kernel": tensor, "sample": rng.random((8, 8))}))
    background = pixels(board.figure)
    base = board.update(frame({"loss": values[:310]}, {"kernel": 0.9 * tensor, "sample": rng.random((8, 8))}, step=9))
    assert not base
    assert (pixels(board.figure) == background).all()


def test_theme() -> None:
    board = new_board()
    board.update(first(8))
    for dark, face in ((True, (17, 17, 17)), (False, (255, 255, 255))):
        board.set_theme(dark)
        picture = live_pixels(board)
        assert (picture[..., 3] == 255).all(), "transparent pixels would force full frames"
        assert tuple(picture[0, 0, :3]) == face
        assert (picture[..., :3] == face).all(axis=2).mean() > 0.4
    light = live_pixels(board)
    board.set_theme(True)
    board.set_theme(False)
    assert (live_pixels(board) == light).all()


def test_log_scale() -> None:
    board = new_board()
    board.update(first(6))
    board.toggle_log()
    assert board.log_scale
    assert {panel.ax.get_yscale() for panel in board.panels if panel.kind == "line"} == {"log"}
    assert {panel.ax.get_yscale() for panel in board.panels if panel.kind != "line"} == {"linear"}
    low, high = board.panels[0].ax.get_ylim()
    assert 0.3 < low < 1.0
    assert 3.0 < high < 5.0, "the limits fit at once, no frame may come any more"
    board.update(frame({"new": [1.0, 10.0]}))
    assert board.panels[-1].ax.get_yscale() == "log"
    board.log_scale = False
    assert {panel.ax.get_yscale() for panel in board.panels} == {"linear"}


def test_reset_view_takes_effect_at_once() -> None:
    board = new_board()
    board.update(first(3))
    limits = [(panel.ax.get_xlim(), panel.ax.get_ylim()) for panel in board.panels]
    for panel in board.panels:
        panel.ax.set_xlim(1.0, 1.5)
    board.update(first(3))
    assert board.panels[0].ax.get_xlim() == (1.0, 1.5)
    board.reset_view()
    assert [(panel.ax.get_xlim(), panel.ax.get_ylim()) for panel in board.panels] == limits


def test_a_resize_keeps_margins_and_follows_without_a_frame() -> None:
    board = new_board()
    board.update(first(6))
    left = board.panels[0].ax.bbox.x0
    board.figure.set_size_inches(16, 9)
    ResizeEvent("resize_event", board.figure.canvas)._process()  # type: ignore[attr-defined]
    assert board.panels[0].ax.bbox.x0 == pytest.approx(left)
    assert board.panels[-1].ax.bbox.x1 > 1500
    assert not board.update(first(6))
    board.figure.set_size_inches(4, 3)
    assert board.update(first(6)), "without the event, the next frame sees to it"


def test_a_board_that_shows_nothing_yet() -> None:
    board = new_board()
    board.update(Frame(0, {}, {}, {}))
    board.set_theme(True)
    board.toggle_log()
    board.reset_view()
    assert not board.refresh()
    pixels(board.figure)
    assert board.panels == board.names == board.hidden == board.moving == []


@pytest.mark.parametrize("style", ["dark_background", "ggplot", "grayscale"])
def test_a_person_s_style_changes_neither_picture_nor_settings(style: str) -> None:
    def picture() -> np.ndarray:
        board = new_board()
        board.update(first(12))
        return live_pixels(board)

    plain = picture()
    with styles.context(style), mpl.rc_context({"font.size": 30, "axes.grid": False, "axes.xmargin": 1.0}):
        before = dict(mpl.rcParams)
        styled = picture()
        assert dict(mpl.rcParams) == before
    difference = np.abs(plain.astype(int) - styled.astype(int))[..., :3]
    assert (difference > 8).mean() < 0.001


def test_names_are_text_not_formulas(tmp_path: Path) -> None:
    board = new_board()
    scalars = {"$\\frac{$": [1.0], "a/train_$\\frac{$": [1.0], "a/val_$\\frac{$": [1.0]}
    board.update(frame(scalars, errors={"x": "$\\frac{$"}))
    live_pixels(board)
    board.figure.savefig(tmp_path / "figure.png")
    assert board.panels[0]._title.get_text() == "$\\frac{$"
    assert board.panels[1].names == ("a/train_$\\frac{$", "a/val_$\\frac{$")


def test_a_long_word_in_an_error_stays_in_its_panel() -> None:
    board = new_board(400, 300)
    board.update(frame(errors={"x": "y" * 5000}))
    board.figure.canvas.draw()
    box = board.panels[0].ax.texts[1].get_window_extent()
    assert box.x1 <= 400
    assert box.y0 >= 0
    assert board.panels[0].ax.texts[1].get_text().endswith("…")


def test_the_cost_of_a_frame_does_not_grow_with_the_number_of_steps() -> None:
    board = new_board()
    board.update(frame({"x": np.sin(np.arange(500_000))}))
    assert sum(len(artist.get_xdata()) for artist in board.moving if hasattr(artist, "get_xdata")) < 2000
    assert math.isfinite(board.panels[0].ax.get_xlim()[1])
