"""From frames to pages: what a page paints of a board's patches is what Agg draws of its figure."""

import math
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

from tests.unit.plot_frames import kinds_of, new_board, new_figure, notice_at, panel_at
from tests.unit.scene_page import Page
from tests.unit.scene_painter import Painter
from tfwidget.plot import Board, Image, Line, Panel
from tfwidget.record.history import History
from tfwidget.record.recorder import Recorder
from tfwidget.record.values import Frame, Value

RNG = np.random.default_rng(0)


class Confusion(Panel):
    def build(self, ax: Axes) -> None:
        self.cells = ax.imshow([[0]], cmap="Blues")

    def show(self, value: Value) -> None:
        self.cells.set_data(value.array)


class Watched:
    """A run that is watched by a page."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.history = History()
        self.values: dict[str, Value] = {}
        self.step = 0
        self.page = Page()
        self.version = 0
        self.bytes = 0
        self.nodes: dict[int, Any] = {}

    def log(self, points: int = 20, **tensors: np.ndarray) -> None:
        steps = list(range(self.step, self.step + points))
        self.step += points
        for name, size in (("loss", 1.0), ("val_loss", 1.2), ("lr", 1e-4)):
            noise = RNG.random(points)
            self.history.extend(name, steps, [size * (math.exp(-step / 300.0) + 0.1) * (0.9 + 0.2 * r)
                                              for step, r in zip(steps, noise.tolist(), strict=True)])  # fmt: skip
        for name, array in tensors.items():
            kind = {"map": Image, "confusion": Confusion}.get(name)
            self.values[name] = Value(self.step, array, kind, {})

    def show(self) -> None:
        self.board.update(Frame(self.step, self.history, self.values, {}, ()))
        self.send()

    def send(self) -> bool:
        patch = self.board.patch(afresh=self.version == 0)
        if patch is None:
            return False
        body, buffer = patch
        base = self.version or None
        self.version += 1
        self.bytes, self.nodes = len(buffer), dict(body["nodes"])
        assert self.page.apply(body, buffer, version=self.version, base=base)
        return True

    def differing(self) -> float:
        """Which part of the pixels differs clearly from Agg's."""
        figure = self.board.figure
        width, height = (int(side) for side in figure.bbox.size)
        painted = Painter(self.page.nodes, width, height).pixels[..., :3].astype(int)
        figure.canvas.draw()
        drawn = np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(int)  # type: ignore[attr-defined]
        assert (drawn != drawn[0, 0]).any(axis=2).mean() > 0.05, "there is something to see"
        return float((np.abs(painted - drawn).max(axis=2) > 32).mean())


def test_from_log_to_a_page() -> None:
    recorder = Recorder(warn=lambda key, text: pytest.fail(text))
    run = Watched(new_board())
    for step in range(1, 40):
        array = RNG.integers(0, 9, (5, 5))
        recorder.log(
            {"loss": 1.0 / step, "val_loss": Line(np.float32(2.0 / step)), "x": Confusion(array),
             "picture": Image(RNG.random((4, 4)), vmin=0.0, cmap="viridis"), "bad": "text"}, step,
        )  # fmt: skip
        if step % 4 == 1:
            run.board.update(recorder.frame(step))
            run.send()
    assert kinds_of(run.board) == ["Line", "Confusion", "Image", "Notice"]
    assert run.board.names == ["loss", "val_loss", "x", "picture", "bad"]
    assert panel_at(run.board, 0).value["val_loss"].last == (37, pytest.approx(2.0 / 37))
    assert panel_at(run.board, 1).texts[1].startswith("step 37 · ")
    assert "text cannot be drawn" in notice_at(run.board, 3).message
    assert run.differing() < 0.01


def tensors() -> dict[str, np.ndarray]:
    return {
        "sample": RNG.random((28, 28)),
        "batch": RNG.random((20, 8, 8, 1)) * (RNG.random((20, 8, 8, 1)) > 0.05),
        "map": RNG.normal(size=(30, 30)).astype(np.float32),
        "photo": (255 * RNG.random((20, 30, 3))).astype(np.uint8),
        "weights": RNG.normal(size=(64, 32)),
        "confusion": RNG.integers(0, 9, (5, 5)),
    }


@pytest.mark.parametrize("dpi", [100.0, 200.0])
def test_what_a_page_paints_is_what_agg_draws(dpi: float) -> None:
    run = Watched(Board(new_figure(900, 600, dpi)))
    for count in range(12):
        run.log(20 * (1 + count % 3), **tensors())
        run.show()
        if count % 4 == 0:
            assert run.differing() < 0.01
    run.board.log_scale = True
    run.send()
    assert run.differing() < 0.01
    run.board.set_theme(True)
    run.send()
    assert run.differing() < 0.01
    run.board.set_view(panel_at(run.board, 0).ax, (100.0, 200.0), (0.2, 2.0))
    run.board.set_view(panel_at(run.board, 2).ax, (5.0, 15.0), (15.0, 5.0))
    run.send()
    assert run.differing() < 0.01
    run.log(50, **tensors())
    run.show()
    assert run.differing() < 0.01
    run.board.figure.set_size_inches(6, 6)
    run.show()
    assert run.differing() < 0.01
    run.board.reset_view()
    run.send()
    assert run.differing() < 0.01


def test_a_keyframe_at_any_time_is_what_the_patches_led_to() -> None:
    run, late = Watched(new_board()), Page()
    for _ in range(5):
        run.log(20, **tensors())
        run.show()
    patch = run.board.patch(afresh=True)
    assert patch is not None
    assert late.apply(*patch, version=1, base=None)
    width, height = 900, 600
    painted = [Painter(page.nodes, width, height).pixels.astype(int) for page in (run.page, late)]
    # A page that came late has a curve of as many points as its pixels need, others have a few more.
    assert (np.abs(painted[0] - painted[1]).max(axis=2) > 32).mean() < 0.003


def test_a_frame_of_curves_costs_few_bytes() -> None:
    run = Watched(new_board())
    run.log(300)
    run.show()
    sizes = []
    for _ in range(10):
        run.log(4)
        run.show()
        sizes.append(run.bytes)
    assert sorted(sizes)[5] < 400, "three curves of four points, of two numbers of four bytes"
    assert not run.send(), "nothing is new"


def test_a_picture_is_sent_as_its_values() -> None:
    run = Watched(new_board())
    array = RNG.random((8, 8)).astype(np.float32)
    run.log(1, sample=array)
    run.show()
    run.log(0, sample=array[::-1].copy())
    run.show()
    pixels = [node["pixels"] for node in run.page.nodes.values() if node["kind"] == "image" and node["colors"]]
    assert len(pixels) == 1
    assert pixels[0].tolist() == array[::-1].tolist()
    changed = [node for node in run.nodes.values() if "pixels" in node]
    assert [list(node) for node in changed] == [["pixels"]], "the colours are known already"
    assert run.bytes == 8 * 8 * 4


def test_other_bars_of_a_histogram_are_sent_though_its_limits_stay() -> None:
    watched = Watched(new_board(500, 300))
    watched.log(w=np.linspace(-1.0, 1.0, 60))
    watched.show()
    watched.log(w=np.repeat((-1.0, 0.1, 1.0), 20))
    watched.show()
    assert any("points" in properties for properties in watched.nodes.values())
    assert watched.differing() <= 0.01
