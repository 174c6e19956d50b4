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

from tests.unit.plot_frames import (
    frame,
    kinds_of,
    new_board,
    new_figure,
    notice_at,
    panel_at,
    pixels,
    view_of,
)  # fmt: skip
from tfwidget.plot import Board, Image, Line, Panel
from tfwidget.record.history import History
from tfwidget.record.values import Frame, Value

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
    headers = [text for text in board.figure.texts if text.get_text()]
    for panel in board.panels:
        assert isinstance(panel, Panel)
        # Grid lines and tick labels outside of the limits are not drawn, and not counted.
        texts = [text for text in panel.ax.texts if text.get_text() and text.get_visible()]
        labels = [
            label
            for axis in (panel.ax.xaxis, panel.ax.yaxis)
            for tick in axis._update_ticks()  # type: ignore[attr-defined]
            for label in [tick.label1]
            if label.get_text()
        ]
        assert not isinstance(panel, Line) or len(labels) >= 4, panel.name
        own = [text for text in headers if text.get_transform() is panel.corner]
        assert len(own) >= 1
        artists = (*texts, *own, *labels, panel.ax.xaxis.label, panel.ax.patch)
        parts = [part.get_window_extent(renderer) for part in artists]
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
        assert not overlap(one, other), (panel_at(board, index).name, panel_at(board, other_index).name)


def overlap(one: Bbox, other: Bbox) -> bool:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return bool(width > 1.0 and height > 1.0)


def test_panels_keep_their_order_when_names_appear() -> None:
    board = new_board()
    board.update(frame({"loss": [1.0]}, {"kernel": np.zeros(3)}))
    panels = board.panels
    board.update(frame({"loss": [1.0], "lr": [1.0], "val_loss": [2.0]}, {"kernel": np.zeros(3)}, step=1))
    assert board.panels[:2] == panels
    assert board.names == ["loss", "val_loss", "kernel", "lr"]
    assert [panel_at(board, index).names for index in range(3)] == [("loss", "val_loss"), ("kernel",), ("lr",)]


def test_kinds_are_chosen_by_shape_and_the_one_asked_for_wins() -> None:
    board = new_board()
    weights = RNG.normal(size=(32, 32))
    board.update(frame({"s": [1.0]}, {"w": weights, "i": np.abs(weights), "v": np.zeros(3)}))
    assert kinds_of(board) == ["Line", "Histogram", "Image", "Histogram"]
    board.update(frame({"s": [1.0]}, {"w": weights}, step=1, kind=Image))
    assert kinds_of(board)[1] == "Image", "asked for later: another panel in the same place"
    assert board.names == ["s", "w", "i", "v"]


def test_a_kind_stays_though_the_values_change_their_sign() -> None:
    board = new_board()
    board.update(frame({}, {"x": np.ones((9, 9))}))
    board.update(frame({}, {"x": -np.ones((9, 9))}, step=1))
    assert kinds_of(board) == ["Image"]
    board.update(frame({}, {"x": np.ones(9)}, step=2))
    assert kinds_of(board) == ["Histogram"], "it cannot be a picture any more"


def test_a_name_that_was_a_scalar_and_becomes_a_tensor_is_shown_as_the_newer_one() -> None:
    board = new_board()
    history = History()
    history.extend("x", [0, 1], [1.0, 2.0])
    board.update(Frame(1, history, {}, {}))
    assert kinds_of(board) == ["Line"]
    values = {"x": Value(2, np.zeros(5), None, {})}
    board.update(Frame(2, history, values, {}))
    assert kinds_of(board) == ["Histogram"]
    history.extend("x", [3], [1.0])
    board.update(Frame(3, history, values, {}))
    assert kinds_of(board) == ["Line"]
    assert len(board.figure.axes) == 1


@pytest.mark.parametrize(
    ("array", "kind", "message"),
    [
        (np.zeros((2, 2, 2, 2, 2)), Image, r"got \(2, 2, 2, 2, 2\)"),
        (np.zeros(3), Image, r"got \(3,\)"),
        (np.zeros(3), Line, "scalar"),
        (np.zeros(3), "pie", "'pie' is no kind of panel"),
        (np.zeros(3), Board, "is no kind of panel"),
    ],
)
def test_an_impossible_panel_says_why_in_its_place(array: np.ndarray, kind: object, message: str) -> None:
    board = new_board()
    bad = {"good": Value(0, np.zeros(5), None, {}), "bad": Value(0, array, kind, {})}
    board.update(Frame(0, {}, bad, {}))
    assert kinds_of(board) == ["Histogram", "Notice"]
    assert notice_at(board, 1).name == "bad"
    assert re.search(message, notice_at(board, 1).message)
    assert re.search(message, " ".join(" ".join(notice_at(board, 1).texts).split())), "and it can be read"
    good = {"good": bad["good"], "bad": Value(1, np.zeros((8, 8)), Image, {})}
    board.update(Frame(1, {}, good, {}))
    assert kinds_of(board) == ["Histogram", "Image"]


def test_a_name_that_cannot_be_recorded_has_a_place_and_recovers() -> None:
    board = new_board()
    board.update(frame(errors={"x": "a string", "y": "ragged"}))
    assert [(notice_at(board, index).name, notice_at(board, index).message) for index in (0, 1)] == [
        ("x", "a string"), ("y", "ragged"),
    ]  # fmt: skip
    shown = frame({"x": [1.0]}, {"y": np.zeros(3)})
    board.update(shown)
    assert kinds_of(board) == ["Line", "Histogram"]
    before = pixels(board.figure)
    board.update(Frame(0, shown.series, shown.values, {"x": "a string"}))
    assert kinds_of(board) == ["Notice", "Histogram"]
    assert not panel_at(board, 1).ax.figure.axes[0].get_visible()
    board.update(shown)
    assert kinds_of(board) == ["Line", "Histogram"], "though nothing new was logged"
    assert (pixels(board.figure) == before).all()


def test_a_failed_name_that_turns_out_to_belong_to_a_group_joins_it() -> None:
    board = new_board()
    board.update(frame({"loss": [1.0]}, errors={"val_loss": "a string"}))
    assert len(board.panels) == 2
    board.update(frame({"loss": [1.0], "val_loss": [1.0]}))
    assert len(board.panels) == 1
    assert panel_at(board, 0).names == ("loss", "val_loss")
    assert len(board.figure.axes) == 1


def test_more_names_than_panels() -> None:
    board = new_board(max_panels=3)
    shown = frame({f"metric {index}": [1.0] for index in range(200)} | {"val_metric 0": [1.0]})
    board.update(shown)
    assert len(board.panels) == 3
    assert board.hidden == [f"metric {index}" for index in range(3, 200)]
    assert board.names[1] == "val_metric 0", "there is room beside its partner"
    assert "+197 more recorded" in [text.get_text() for text in board.figure.texts]


@pytest.mark.parametrize("count", [0, -1, True, 2.5])
def test_max_panels_is_checked(count: object) -> None:
    with pytest.raises(ValueError, match="max_panels"):
        Board(new_figure(), max_panels=count)  # type: ignore[arg-type]


def test_a_saved_file_shows_what_the_canvas_shows(tmp_path: Path) -> None:
    board = new_board()
    board.update(frame({"loss": [1.0, 2.0]}, {"sample": RNG.random((8, 8)), "kernel": RNG.normal(size=99)}))
    assert not any(artist.get_animated() for artist in board.figure.findobj())
    shown = pixels(board.figure)
    board.figure.savefig(tmp_path / "figure.png", dpi="figure")
    saved = mpl.image.imread(tmp_path / "figure.png")[..., :3] * 255.0
    assert np.abs(saved - shown[..., :3]).mean() < 0.3


def test_frames_leave_what_a_first_frame_with_the_same_data_would() -> None:
    values = np.exp(-np.arange(500) / 100.0) + 0.05 * RNG.random(500)
    values[:2] = 1.5, 0.0  # so that the limits need not move
    tensor, picture = RNG.normal(size=(100, 100)), RNG.random((8, 8))
    last = frame({"loss": values[:310]}, {"kernel": tensor, "sample": picture}, step=9)
    board, other = new_board(), new_board()
    board.update(frame({"loss": values[:300]}, {"kernel": tensor, "sample": RNG.random((8, 8))}))
    board.update(last)
    other.update(last)
    assert (pixels(board.figure) == pixels(other.figure)).all()


def test_theme() -> None:
    board = new_board()
    board.update(first(8))
    for dark, face in ((True, (17, 17, 17)), (False, (255, 255, 255))):
        assert board.set_theme(dark)
        picture = pixels(board.figure)
        assert (picture[..., 3] == 255).all(), "transparent pixels would force full frames"
        assert tuple(picture[0, 0, :3]) == face
        assert (picture[..., :3] == face).all(axis=2).mean() > 0.4
    light = pixels(board.figure)
    assert not board.set_theme(False)
    board.set_theme(True)
    dark_picture = pixels(board.figure)
    board.set_theme(False)
    assert (pixels(board.figure) == light).all()
    other = new_board()
    other.set_theme(True)
    other.update(first(8))
    assert (pixels(other.figure) == dark_picture).all(), "as if it had been made so"


def test_log_scale() -> None:
    board = new_board()
    board.update(first(6))
    board.log_scale = True
    assert board.log_scale
    panels = [panel_at(board, index) for index in range(6)]
    assert [panel.ax.get_yscale() for panel in panels] == ["log" if panel.series else "linear" for panel in panels]
    low, high = panels[0].ax.get_ylim()
    assert 0.3 < low < 1.0
    assert 3.0 < high < 5.0, "the limits fit at once, no frame may come any more"
    board.update(frame({"new": [1.0, 10.0]}))
    assert panel_at(board, -1).ax.get_yscale() == "log"
    board.log_scale = False
    assert {panel.ax.get_yscale() for panel in panels} == {"linear"}


def test_reset_view_takes_effect_at_once() -> None:
    board = new_board()
    board.update(first(3))
    panels = [panel_at(board, index) for index in range(3)]
    limits = [view_of(panel) for panel in panels]
    for panel in panels:
        panel.ax.set_xlim(1.0, 1.5)
    board.update(first(3))
    assert panels[0].ax.get_xlim() == (1.0, 1.5)
    board.reset_view()
    assert [view_of(panel) for panel in panels] == limits


def test_a_person_s_view_stays_until_reset() -> None:
    board = new_board()
    board.update(first(3))
    panel, other = panel_at(board, 0), panel_at(board, 1)
    before, others = view_of(panel), view_of(other)
    board.set_view(panel.ax, (0.5, 1.5), (1.5, 2.5))
    assert view_of(panel) == ((0.5, 1.5), (1.5, 2.5))
    assert view_of(other) == others
    board.update(frame({"loss": np.arange(100.0), "val_loss": [2.5]}, step=5))
    assert view_of(panel) == ((0.5, 1.5), (1.5, 2.5))
    board.update(first(3))
    board.reset_view()
    assert view_of(panel) == before


NAN, INF = math.nan, math.inf
NONSENSE: list[tuple[object, object]] = [
    ((NAN, 1.0), (1.0, 2.0)),
    ((0.0, 1.0), (1.0, INF)),
    ((1.0, 1.0), (1.0, 2.0)),
    ((0.0, 1.0, 2.0), (1.0, 2.0)),
    (("0", "1"), (1.0, 2.0)),
    (None, (1.0, 2.0)),
    ((0.0, 1.0), (-1.0, 2.0)),
]


@pytest.mark.parametrize(("x", "y"), NONSENSE)
def test_a_view_that_the_axes_cannot_have_is_ignored(x: object, y: object) -> None:
    board = new_board()
    board.update(first(1))
    board.log_scale = True
    panel = panel_at(board, 0)
    before = view_of(panel)
    board.set_view(panel.ax, x, y)  # type: ignore[arg-type]
    assert view_of(panel) == before
    board.set_view(new_figure().add_subplot(), (0.0, 1.0), (1.0, 2.0))
    assert view_of(panel) == before, "and one of axes that are not here"


def test_a_resize_keeps_margins_and_follows_without_a_frame() -> None:
    board = new_board()
    board.update(first(6))
    left = panel_at(board, 0).ax.bbox.x0
    board.figure.set_size_inches(16, 9)
    ResizeEvent("resize_event", board.figure.canvas)._process()  # type: ignore[attr-defined]
    assert panel_at(board, 0).ax.bbox.x0 == pytest.approx(left)
    assert panel_at(board, -1).ax.bbox.x1 > 1500
    board.figure.set_size_inches(4, 3)
    board.update(first(6))
    assert panel_at(board, -1).ax.bbox.x1 < 400, "without the event, the next frame sees to it"


def test_a_board_that_shows_nothing_yet() -> None:
    board = new_board()
    board.update(Frame(0, {}, {}, {}))
    board.set_theme(True)
    board.log_scale = True
    board.reset_view()
    board.refresh()
    pixels(board.figure)
    assert board.panels == board.names == board.hidden == []
    assert board.patch(afresh=True) is not None


@pytest.mark.parametrize("style", ["dark_background", "ggplot", "grayscale"])
def test_a_person_s_style_changes_neither_picture_nor_settings(style: str) -> None:
    def picture() -> np.ndarray:
        board = new_board()
        board.update(first(12))
        return pixels(board.figure)

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
    pixels(board.figure)
    board.figure.savefig(tmp_path / "figure.png")
    assert panel_at(board, 0).texts[0] == "$\\frac{$"
    assert panel_at(board, 1).names == ("a/train_$\\frac{$", "a/val_$\\frac{$")


def test_a_long_word_in_an_error_stays_in_its_panel() -> None:
    board = new_board(400, 300)
    board.update(frame(errors={"x": "y" * 5000}))
    board.figure.canvas.draw()
    texts = [text for text in board.figure.texts if text.get_text()]
    assert len(texts) > 10
    for text in texts:
        box = text.get_window_extent()
        assert box.x1 <= 400
        assert box.y0 >= 0
    assert notice_at(board, 0).texts[-1].endswith("…")


def test_the_cost_of_a_frame_does_not_grow_with_the_number_of_steps() -> None:
    board = new_board()
    board.update(frame({"x": np.sin(np.arange(500_000))}))
    panel = panel_at(board, 0)
    assert isinstance(panel, Line)
    assert len(panel.entries[0].curve.points()[0]) < 2000
    patch = board.patch(afresh=True)
    assert patch is not None
    assert len(patch[1]) < 100_000
    assert math.isfinite(panel.ax.get_xlim()[1])


def test_a_frame_with_nothing_new_sends_nothing() -> None:
    board = new_board()
    shown = first(8)
    board.update(shown)
    assert board.patch(afresh=True) is not None
    board.update(shown)
    assert board.patch(afresh=False) is None
    shown.series["loss"].extend([9], [1.0])
    board.update(shown)
    assert board.patch(afresh=False) is not None


def test_one_plot_for_several_runs() -> None:
    board = new_board()
    board.update(frame({"loss": [1.0, 2.0]}))
    board.update(frame({"loss": [100.0, 300.0]}))
    low, high = panel_at(board, 0).ax.get_ylim()
    assert high >= 300.0, "as many points as before, but others"
    assert low < 100.0
