"""What a person's own kind of panel can do, and what happens when it fails."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from tests.unit.plot_frames import frame, kinds_of, new_board, notice_at, panel_at, pixels, view_of
from tfwidget.errors import TensorError, TfwidgetWarning
from tfwidget.plot import Board, Panel
from tfwidget.plot.kind import Kind
from tfwidget.plot.theme import DARK, LIGHT
from tfwidget.record.history import History
from tfwidget.record.series import Series
from tfwidget.record.values import Frame, Logged, Value

COUNTS = np.arange(12).reshape(3, 4)


@pytest.fixture(autouse=True)
def _forget_kinds() -> Iterator[None]:
    before = Kind.kinds
    yield
    Kind.kinds = before


def confusion() -> Any:
    """A kind as a person writes it in a cell of a notebook."""

    class Confusion(Panel):
        def build(self, ax, names=None):  # type: ignore[no-untyped-def]
            self.cells = ax.imshow([[0]], cmap="Blues")

        def show(self, value):  # type: ignore[no-untyped-def]
            self.cells.set_data(value.array)
            self.limits(x=(-0.5, value.array.shape[1] - 0.5))

    return Confusion


def logged(kind: Any, array: object, step: int = 0, **options: object) -> Frame:
    return frame({}, {"x": array}, step=step, kind=kind, **options)


# -- a kind in ten lines -----------------------------------------------------------------------------------------------


def test_a_kind_of_ten_lines() -> None:
    kind = confusion()
    wrapped = kind(COUNTS, names=["a", "b"])
    assert isinstance(wrapped, Logged)
    assert (wrapped.value, wrapped.kind, wrapped.options, wrapped.series) == (
        COUNTS,
        kind,
        {"names": ["a", "b"]},
        False,
    )  # type: ignore[comparison-overlap]
    board = new_board()
    board.update(logged(kind, COUNTS, 1234, **wrapped.options))
    panel = panel_at(board, 0)
    assert isinstance(panel, kind)
    assert panel.texts[:2] == ["x", "step 1,234 · 0 … 11 · n 12"]
    assert view_of(panel) == ((-0.5, 3.5), (2.5, -0.5)), "all cells are in sight"
    picture = pixels(board.figure)

    def color_at(column: int, row: int) -> int:
        x, y = panel.ax.transData.transform((column, row))
        return int(picture[int(600 - y), int(x), 0])

    assert color_at(0, 0) > color_at(2, 1) > color_at(3, 2), "with all of the colours"
    assert board.patch(afresh=True) is not None
    board.update(logged(kind, COUNTS.T, 1235, **wrapped.options))
    assert view_of(panel) == ((-0.5, 2.5), (3.5, -0.5))
    patch = board.patch(afresh=False)
    assert patch is not None
    assert [node["pixels"]["shape"] for _, node in patch[0]["nodes"] if "pixels" in node] == [[4, 3]]  # type: ignore[index]


def test_what_is_known_of_a_kind() -> None:
    kind = confusion()
    assert str(inspect.signature(kind)) == "(value, *, names=None)"
    assert kind in Kind.kinds
    with pytest.raises(TypeError, match=r"Confusion\(\.\.\., label=3\): there is no such option. Use names"):
        kind(COUNTS, label=3)
    with pytest.raises(TypeError, match="what kinds of panel are made of"):
        Panel(COUNTS)


def test_an_option_without_a_default_must_be_given() -> None:
    class Grid(Panel):
        def build(self, ax: Axes, columns: int, **others: object) -> None:  # type: ignore[override]
            pass

    with pytest.raises(TypeError, match=r"option 'columns' is missing. Write Grid\(value, columns=...\)"):
        Grid(COUNTS)
    assert Grid(COUNTS, columns=2, more=3).options == {"columns": 2, "more": 3}


def test_a_kind_may_check_what_it_is_given() -> None:
    class Square(Panel):
        @classmethod
        def check(cls, value: Any, *_: Any, **options: Any) -> None:
            if value.shape[0] != value.shape[1]:
                raise TensorError("not square")

    with pytest.raises(TensorError, match="not square"):
        Square(COUNTS)


def test_artists_are_made_in_build() -> None:
    with pytest.raises(TypeError, match=r"make its artists in build\(self, ax\), not in __init__"):

        class Wrong(Panel):
            def __init__(self) -> None:
                pass


def test_a_kind_may_be_chosen_for_a_shape() -> None:
    class Lower(Panel):
        priority: ClassVar[float] = -3.0

        @classmethod
        def fits(cls, array: np.ndarray) -> bool:
            return True

        def show(self, value: Value) -> None:
            pass

    class Pairs(Lower):
        priority: ClassVar[float] = 1.0

        @classmethod
        def fits(cls, array: np.ndarray) -> bool:
            return array.ndim == 2 and array.shape[1] == 2

        def show(self, value: Value) -> None:
            pass

    board = new_board()
    board.update(frame({"s": [1.0]}, {"pairs": np.zeros((9, 2)), "others": np.zeros(9)}))
    assert kinds_of(board) == ["Line", "Pairs", "Histogram"]


def test_a_kind_defined_while_a_plot_is_open_is_chosen_from_then_on() -> None:
    board = new_board()
    board.update(frame({}, {"x": np.zeros((9, 2))}))
    assert kinds_of(board) == ["Histogram"]

    class Pairs(Panel):
        @classmethod
        def fits(cls, array: np.ndarray) -> bool:
            return array.shape[-1] == 2

        def show(self, value: Value) -> None:
            pass

    board.update(frame({}, {"x": np.zeros((9, 2))}, step=1))
    assert kinds_of(board) == ["Pairs"]


def test_a_fits_that_raises_is_passed_over_with_a_warning() -> None:
    class Broken(Panel):
        @classmethod
        def fits(cls, array: np.ndarray) -> bool:
            raise RuntimeError("no")

        def show(self, value: Value) -> None:
            pass

    board = new_board()
    with pytest.warns(TfwidgetWarning, match=r"Broken.fits raised RuntimeError: no"):
        board.update(frame({}, {"x": np.zeros(5)}))
    assert kinds_of(board) == ["Histogram"]


def test_a_kind_defined_again_takes_the_former_one_s_place() -> None:
    board = new_board()
    kind = confusion()
    board.update(logged(kind, COUNTS))
    panel = panel_at(board, 0)
    other = confusion()
    assert kind not in Kind.kinds
    assert other in Kind.kinds
    board.update(logged(other, COUNTS, 1))
    assert isinstance(panel_at(board, 0), other)
    assert panel_at(board, 0) is not panel
    assert len(board.figure.axes) == 1
    board.update(logged(kind, COUNTS, 2))
    assert isinstance(panel_at(board, 0), kind), "who still has the former one may use it"


def test_other_options_build_the_panel_again() -> None:
    built: list[object] = []

    class Named(Panel):
        def build(self, ax: Axes, names: object = None) -> None:
            built.append(names)

        def show(self, value: Value) -> None:
            pass

    board = new_board()
    names = np.array(["a", "b"])
    nested = [np.array([1, 2]), np.array([3, 4])]
    for step, given in enumerate([names, names, names.copy(), ["a"], ["a"], np.array(["c", "d", "e"]), nested, nested]):
        board.update(logged(Named, COUNTS, step, names=given))
    assert [np.asarray(given).tolist() for given in built] == [["a", "b"], ["a"], ["c", "d", "e"], [[1, 2], [3, 4]]]
    board.update(logged(Named, COUNTS, 9, names=[given.copy() for given in nested]))
    assert kinds_of(board) == ["Named"], "what cannot be compared is taken for new"
    assert len(board.figure.axes) == 1


# -- what the base does ------------------------------------------------------------------------------------------------


class Counting(Panel):
    shown: ClassVar[list[int]] = []

    def build(self, ax: Axes) -> None:
        (self.line,) = ax.plot([0.0, 1.0], [0.0, 1.0])
        ax.set_xlabel("index")
        ax.text(0.0, 0.0, "red", color="#ff0000")

    def show(self, value: Value) -> None:
        Counting.shown.append(value.step)
        self.line.set_data(np.arange(len(value.array)), value.array)
        self.limits((0.0, len(value.array) - 1.0), (value.array.min(), value.array.max()))


@pytest.fixture
def counting() -> Board:
    Counting.shown.clear()
    board = new_board()
    board.update(logged(Counting, np.arange(5.0), 1))
    return board


def test_show_is_called_when_something_has_changed_and_never_otherwise(counting: Board) -> None:
    panel = panel_at(counting, 0)
    assert Counting.shown == [1]
    same = Frame(9, {}, {"x": panel.value}, {})
    counting.update(same)
    counting.update(same)
    assert Counting.shown == [1], "the same value"
    counting.update(logged(Counting, np.arange(5.0), 2))
    assert Counting.shown == [1, 2]
    counting.set_view(panel.ax, (1.0, 2.0), (0.0, 1.0))
    assert Counting.shown == [1, 2, 2], "a person's view"
    counting.figure.set_size_inches(5, 5)
    counting.update(Frame(9, {}, {"x": panel.value}, {}))
    assert Counting.shown == [1, 2, 2, 2], "another size"
    counting.set_theme(True)
    assert Counting.shown == [1, 2, 2, 2, 2], "other colours"


def test_limits_grow_with_room_and_shrink_after_a_while(counting: Board) -> None:
    panel = panel_at(counting, 0)
    assert view_of(panel) == ((0.0, 4.0), (0.0, 4.0)), "at first no more than is needed"
    counting.update(logged(Counting, np.arange(7.0), 2))
    assert view_of(panel) == ((0.0, 7.5), (0.0, 7.5))
    seen = []
    for step in range(3, 9):
        counting.update(logged(Counting, np.arange(3.0), step))
        seen.append(panel.ax.get_xlim()[1])
    assert seen == [7.5, 7.5, 7.5, 2.0, 2.0, 2.0]


def test_limits_of_a_person_are_left_alone(counting: Board) -> None:
    panel = panel_at(counting, 0)
    panel.ax.set_xlim(1.0, 2.0)
    changes: list[Axes] = []
    panel.ax.callbacks.connect("xlim_changed", changes.append)
    counting.update(logged(Counting, np.arange(50.0), 2))
    assert view_of(panel) == ((1.0, 2.0), (0.0, 4.0))
    assert changes == [], "at no time"
    counting.reset_view()
    assert view_of(panel) == ((0.0, 49.0), (0.0, 49.0))


def test_a_view_is_reset_as_often_as_a_person_likes_though_limits_were_asked_for_once() -> None:
    board = new_board()
    board.update(logged(confusion(), COUNTS))
    panel = panel_at(board, 0)
    first = view_of(panel)
    for step in range(1, 4):
        board.set_view(panel.ax, (1.0, 2.0), (1.0, 2.0))
        board.update(logged(type(panel), COUNTS, step))
        assert view_of(panel) == ((1.0, 2.0), (1.0, 2.0))
        board.reset_view()
        assert view_of(panel) == first
        board.update(logged(type(panel), COUNTS, step))
        assert view_of(panel) == first


def test_limits_with_a_margin_and_exact_ones() -> None:
    class Margin(Panel):
        def build(self, ax: Axes) -> None:
            ax.set_title("a name of its own")

        def show(self, value: Value) -> None:
            self.limits(x=(-1.0, 1.0), margin=0.1)
            self.limits(y=(float(value.array[0]), float(value.array[1])), exact=True)

    board = new_board()
    for step, given in enumerate([(0.0, 1.0), (0.2, 0.9), (2.0, -2.0), (0.1, 0.2)]):
        board.update(logged(Margin, np.array(given), step))
        assert view_of(panel_at(board, 0)) == ((-1.2, 1.2), given)
    assert panel_at(board, 0).texts[0] == "a name of its own"
    assert panel_at(board, 0).ax.get_title() == "", "it is said in its place"


def test_limits_that_are_not_finite_are_ignored(counting: Board) -> None:
    counting.update(logged(Counting, np.array([np.nan, np.inf]), 2))
    assert panel_at(counting, 0).ax.get_ylim() == (0.0, 4.0)
    assert panel_at(counting, 0).texts[1] == "step 2 · 2 NaN or Inf · n 2"


def test_a_kind_that_sets_limits_by_itself_gets_a_person_s_back() -> None:
    class Own(Panel):
        def build(self, ax: Axes) -> None:
            ax.set_xlim(0.0, 10.0)

        def show(self, value: Value) -> None:
            self.ax.set_ylim(0.0, float(value.array.max()))

    board = new_board()
    board.update(logged(Own, np.arange(5.0)))
    panel = panel_at(board, 0)
    board.set_view(panel.ax, (1.0, 2.0), (1.0, 2.0))
    board.update(logged(Own, np.arange(9.0), 1))
    assert view_of(panel) == ((1.0, 2.0), (1.0, 2.0))
    board.reset_view()
    assert view_of(panel) == ((0.0, 10.0), (0.0, 8.0))


def test_what_was_built_in_the_theme_s_colours_changes_with_it(counting: Board) -> None:
    panel = panel_at(counting, 0)
    assert isinstance(panel, Counting)
    assert to_hex(panel.line.get_color()) == LIGHT.series[0]
    counting.set_theme(True)
    assert to_hex(panel.line.get_color()) == DARK.series[0]
    assert panel.ax.get_facecolor()[:3] == pytest.approx((17 / 255,) * 3)
    assert panel.ax.texts[0].get_color() == "#ff0000", "other colours are the person's own"


def test_the_name_of_the_axis_has_room(counting: Board) -> None:
    panel = panel_at(counting, 0)
    counting.figure.canvas.draw()
    assert panel.ax.get_xlabel() == "index"
    assert panel.ax.xaxis.label.get_window_extent().y0 > 0.0


def test_all_labels_of_a_scale_of_matplotlib_s_are_set_as_formulas() -> None:
    class Decades(Panel):
        def build(self, ax: Axes) -> None:
            ax.set_yscale("log")

        def show(self, value: Value) -> None:
            self.limits(y=(1.0, float(value.array.max())))

    board = new_board()
    for step, highest in enumerate((1e2, 1e9)):  # the second has ticks that the first had not
        board.update(logged(Decades, [highest], step))
        pixels(board.figure)
    labels = panel_at(board, 0).ax.get_yticklabels()
    assert len(labels) > 4
    assert {label.get_parse_math() for label in labels} == {True}


def test_a_header_of_one_s_own() -> None:
    class Said(Panel):
        def show(self, value: Value) -> None:
            self.header(["best 3", "worst 5"], warning=True)

    board = new_board()
    board.update(logged(Said, COUNTS))
    assert panel_at(board, 0).texts[1] == "best 3 · worst 5"


def test_a_kind_that_clears_its_axes_keeps_its_header() -> None:
    class Again(Panel):
        def show(self, value: Value) -> None:
            self.ax.clear()
            self.ax.bar(range(len(value.array)), value.array)

    board = new_board()
    for step in (1, 2):
        board.update(logged(Again, np.arange(1.0, 4.0), step))
        pixels(board.figure)
    assert panel_at(board, 0).texts[:2] == ["x", "step 2 · 1 … 3 · n 3"]
    assert board.patch(afresh=True) is not None


def test_a_large_array_is_sampled_evenly() -> None:
    columns = np.tile(np.arange(4096, dtype=np.float32), (1024, 1))
    values, stride = Panel.sample(columns)
    assert stride == 5
    assert len(np.unique(values)) == 4096
    values, stride = Panel.sample(COUNTS)
    assert (stride, values.tolist()) == (1, list(range(12)))
    assert np.shares_memory(values, COUNTS)


# -- kinds of series ---------------------------------------------------------------------------------------------------


class Latest(Panel):
    series: ClassVar[bool] = True

    @classmethod
    def group(cls, name: str) -> str:
        return name.split("/")[0]

    def build(self, ax: Axes) -> None:
        self.seen: dict[str, float] = {}

    def show(self, value: Mapping[str, Series]) -> None:
        self.seen = {name: series.last[1] for name, series in value.items() if series.last}


def test_a_kind_may_show_several_series() -> None:
    assert Latest(1.0).series
    board = new_board()
    kinds: dict[str, tuple[object, Mapping[str, object]]] = {name: (Latest, {}) for name in ("a/x", "a/y", "b")}
    shown = frame({"a/x": [1.0, 2.0], "b": [3.0], "loss": [1.0], "a/y": [4.0]}, kinds=kinds)
    board.update(shown)
    assert kinds_of(board) == ["Latest", "Latest", "Line"]
    panel = panel_at(board, 0)
    assert isinstance(panel, Latest)
    assert panel.seen == {"a/x": 2.0, "a/y": 4.0}
    assert panel.texts[:2] == ["a", "step 1"]
    shown.series["a/y"].extend([7], [5.0])
    board.update(shown)
    assert panel.seen == {"a/x": 2.0, "a/y": 5.0}
    assert panel.texts[1] == "step 7"


def test_a_group_that_raises_or_is_no_name_groups_nothing() -> None:
    class Nonsense(Latest):
        @classmethod
        def group(cls, name: str) -> str:
            if name == "a":
                raise RuntimeError("no")
            return 3  # type: ignore[return-value]

        def show(self, value: Mapping[str, Series]) -> None:
            pass

    board = new_board()
    board.update(frame({"a": [1.0], "b": [1.0]}, kinds={"a": (Nonsense, {}), "b": (Nonsense, {})}))
    assert [panel_at(board, index).names for index in (0, 1)] == [("a",), ("b",)]


def test_a_kind_of_tensors_cannot_show_a_series() -> None:
    board = new_board()
    board.update(frame({"a": [1.0]}, kinds={"a": (Counting, {})}))
    assert "one number for each step" in notice_at(board, 0).message


# -- kinds that fail ---------------------------------------------------------------------------------------------------


def beside_a_curve(kind: Any, array: object, steps: list[float], step: int) -> Frame:
    history = History()
    history.extend("loss", list(range(len(steps))), steps)
    return Frame(step, history, {"x": Value(step, np.asarray(array), kind, {})}, {})


def raising(self: Panel, *arguments: object) -> None:
    raise RuntimeError("first line\nsecond line")


def nonsense(self: Panel, *arguments: object) -> object:
    return 42


def fine(self: Panel, *arguments: object) -> None:
    pass


@pytest.mark.parametrize(
    ("build", "show", "message"),
    [
        (raising, fine, "RuntimeError: first line"),
        (fine, raising, "RuntimeError: first line"),
        (nonsense, fine, "TypeError: Bad.build returned int: it is to return nothing"),
        (fine, nonsense, "TypeError: Bad.show returned int: it is to return nothing"),
        (lambda self: None, fine, "TypeError: "),
        (fine, lambda self, value: self.ax.set_xlim(np.nan, 1.0) and None, "ValueError: Axis limits cannot be NaN"),
        (fine, None, "NotImplementedError: Bad must define show(self, value)."),
    ],
)
def test_a_kind_that_fails_says_so_in_its_place_and_the_others_go_on(
    build: Callable[..., object], show: Callable[..., object] | None, message: str
) -> None:
    kind: Any = type("Bad", (Panel,), {"build": build} | ({"show": show} if show is not None else {}))
    board = new_board()
    board.update(beside_a_curve(kind, COUNTS, [1.0], 1))
    board.update(beside_a_curve(kind, COUNTS, [1.0, 2.0], 2))
    assert kinds_of(board) == ["Line", "Notice"]
    assert notice_at(board, 1).name == "x"
    assert notice_at(board, 1).message.startswith(message)
    assert panel_at(board, 0).value["loss"].last == (1, 2.0)
    assert [ax.get_visible() for ax in board.figure.axes if ax is not panel_at(board, 0).ax] in ([], [False])
    pixels(board.figure)
    board.set_theme(True)
    board.log_scale = True
    board.figure.set_size_inches(4, 3)
    board.reset_view()
    board.update(beside_a_curve(Counting, np.arange(3.0), [1.0, 2.0, 3.0], 3))
    assert kinds_of(board) == ["Line", "Counting"], "another kind takes its place"
    assert len(board.figure.axes) == 2


def test_a_panel_comes_back_with_the_next_good_value() -> None:
    class Picky(Panel):
        def build(self, ax: Axes) -> None:
            self.text = ax.text(0.5, 0.5, "")

        def show(self, value: Value) -> None:
            if value.step % 2:
                raise RuntimeError("odd")
            self.text.set_text(str(value.step))

    board = new_board()
    board.update(logged(Picky, COUNTS, 0))
    panel = panel_at(board, 0)
    bad = logged(Picky, COUNTS, 1)
    board.update(bad)
    board.update(bad)
    assert notice_at(board, 0).message == "RuntimeError: odd", "and stays until then"
    assert not panel.ax.get_visible()
    board.update(logged(Picky, COUNTS, 2))
    assert panel_at(board, 0) is panel
    assert panel.ax.get_visible()
    assert panel.ax.texts[0].get_text() == "2"


def test_a_build_that_failed_is_not_tried_at_each_frame() -> None:
    tried: list[object] = []

    class Costly(Panel):
        def build(self, ax: Axes, size: int = 1) -> None:
            tried.append(size)
            if size == 1:
                raise MemoryError

        def show(self, value: Value) -> None:
            pass

    board = new_board()
    for step in range(5):
        board.update(logged(Costly, COUNTS, step))
    assert tried == [1]
    assert notice_at(board, 0).message == "MemoryError: MemoryError"
    assert board.figure.axes == []
    board.update(logged(Costly, COUNTS, 5, size=2))
    assert tried == [1, 2]
    assert kinds_of(board) == ["Costly"]


def test_a_person_who_zooms_a_panel_that_fails_sees_why() -> None:
    class Fixed(Panel):
        def show(self, value: Value) -> None:
            if not self.view.following:
                raise RuntimeError("cannot be zoomed")

    board = new_board()
    board.update(logged(Fixed, COUNTS))
    board.set_view(panel_at(board, 0).ax, (0.2, 0.4), (0.2, 0.4))
    assert notice_at(board, 0).message == "RuntimeError: cannot be zoomed", "at once"


def test_artists_that_cannot_be_drawn_do_not_stop_the_figure() -> None:
    class Uneven(Panel):
        def build(self, ax: Axes) -> None:
            (self.line,) = ax.plot([], [])

        def show(self, value: Value) -> None:
            self.line.set_data(np.arange(3 + value.step % 2), value.array)

    board = new_board()
    board.update(beside_a_curve(Uneven, np.zeros(3), [1.0, 2.0], 1))
    pixels(board.figure)
    board.refresh()
    assert kinds_of(board) == ["Line", "Notice"]
    assert notice_at(board, 1).message.startswith("ValueError: ")
    board.update(beside_a_curve(Uneven, np.zeros(3), [1.0, 2.0], 2))
    assert kinds_of(board) == ["Line", "Uneven"]
    pixels(board.figure)
    board.refresh()
    assert kinds_of(board) == ["Line", "Uneven"]


def test_artists_that_cannot_be_streamed_cost_their_own_panel_alone() -> None:
    class Hatched(Panel):
        def build(self, ax: Axes) -> None:
            self.bars = ax.bar(range(3), [0.0] * 3, hatch="//")

        def show(self, value: Value) -> None:
            for bar, height in zip(self.bars, value.array, strict=True):
                bar.set_height(float(height))
            self.limits(y=(0.0, float(value.array.max())))

    board = new_board()
    board.update(beside_a_curve(Hatched, np.arange(3), [1.0, 2.0], 1))
    with pytest.warns(TfwidgetWarning, match="Rectangle: it is hatched") as told:
        patch = board.patch(afresh=True)
    assert len(told) == 1
    assert patch is not None
    kinds = [node["kind"] for _, node in patch[0]["nodes"]]
    assert (kinds.count("panel"), kinds.count("image")) == (2, 1)
    board.update(beside_a_curve(Hatched, np.arange(3) + 1, [1.0, 2.0], 2))
    patch = board.patch(afresh=False)
    assert patch is not None
    assert any("pixels" in node for _, node in patch[0]["nodes"]), "and it is not told again"


def test_a_panel_that_is_made_while_its_value_cannot_be_recorded_is_not_seen() -> None:
    board = new_board()
    shown = logged(Counting, np.arange(3.0))
    board.update(Frame(0, {}, shown.values, {"x": "a string"}))
    assert notice_at(board, 0).message == "a string"
    assert not board.figure.axes[0].get_visible()
    board.update(logged(confusion(), COUNTS, 1))
    other = logged(Counting, np.arange(3.0), 2)
    board.update(Frame(2, {}, other.values, {"x": "a string"}))
    assert [ax.get_visible() for ax in board.figure.axes] == [False]
    board.update(other)
    assert kinds_of(board) == ["Counting"]
    assert board.figure.axes[0].get_visible()
