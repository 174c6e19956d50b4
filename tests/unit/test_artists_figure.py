"""Figures as scenes: what a page paints of one is what Agg draws; and what of it is sent when."""

import io
import json
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, PathPatch, Polygon, StepPatch
from matplotlib.path import Path
from matplotlib.ticker import MultipleLocator, NullFormatter
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from tests.unit.scene_curve import Curve
from tests.unit.scene_page import Page
from tests.unit.scene_painter import Painter
from tfwidget.artists import figure as module
from tfwidget.artists.figure import FigureScene
from tfwidget.errors import TfwidgetWarning

STEPS = np.arange(1, 200)
DECAY = np.exp(-STEPS / 25.0) + 0.002


def new_figure(dpi: float = 100.0) -> Figure:
    figure = Figure(figsize=(4.8, 2.7), dpi=dpi)
    FigureCanvasAgg(figure)
    return figure


class Watched:
    """A figure, and a page that is sent all patches."""

    def __init__(self, figure: Figure) -> None:
        self.figure = figure
        self.scene = FigureScene(figure)
        self.page = Page()
        self.version = 0
        self.send(afresh=True)

    def send(self, *, afresh: bool = False) -> dict[str, Any] | None:
        """Send what is new, and return it with nodes by id; None if nothing is."""
        patch = self.scene.patch(afresh=afresh)
        if patch is None:
            return None
        body, buffer = patch
        json.dumps(body, allow_nan=False)
        base = None if afresh else self.version
        self.version += 1
        assert self.page.apply(body, buffer, version=self.version, base=base)
        return {"nodes": dict(body["nodes"]), "grown": dict(body["grown"]), "dropped": body["dropped"]}

    def nodes(self, kind: str) -> list[dict[str, Any]]:
        return [node for node in self.page.nodes.values() if node["kind"] == kind]

    def painted(self) -> NDArray[np.int_]:
        width, height = self.figure.canvas.get_width_height(physical=True)
        return Painter(self.page.nodes, width, height).pixels[..., :3].astype(int)

    def differing(self) -> float:
        """Which part of the pixels differs clearly from Agg's."""
        painted = self.painted()
        self.figure.canvas.draw()
        drawn = np.asarray(self.figure.canvas.buffer_rgba())[..., :3].astype(int)  # type: ignore[attr-defined]
        assert (drawn != drawn[0, 0]).any(axis=2).mean() > 0.002, "there is something to see"
        return float((np.abs(painted - drawn).max(axis=2) > 32).mean())


# -- what it looks like ------------------------------------------------------------------------------------------------


def lines(ax: Axes) -> None:
    values = DECAY.copy()
    values[[40, 41, 80]] = np.nan, np.inf, -np.inf
    ax.plot(STEPS, values, linewidth=1.4)
    ax.plot(STEPS, DECAY[::-1], "--", color="tab:red", alpha=0.5, solid_capstyle="round")
    ax.plot(STEPS[::9], 0.5 * DECAY[::9] + 0.02, "o:", markersize=4, markevery=[1, 3, 4, 7], markeredgewidth=0)
    ax.plot(STEPS[::20], 0.1 + DECAY[::20], "x", markersize=6, color="black", markevery=2)
    ax.plot(STEPS[::20], 0.3 + DECAY[::20], "s-", drawstyle="steps-mid", fillstyle="none")
    ax.axhline(0.4, color="0.5")
    ax.axvline(60, ymin=0.2, ymax=0.8)


def styled(ax: Axes) -> None:
    ax.plot(STEPS, DECAY)
    ax.set(title="A title, g", xlabel="steps", ylabel="loss")
    ax.grid(True, color="0.8", linestyle="--")
    ax.tick_params(direction="inout", length=6, top=True, labelright=True, labelcolor="tab:blue")
    ax.spines[["top"]].set_visible(False)
    ax.spines["left"].set_position(("outward", 4))
    ax.set_facecolor("#eeeeff")


def minor(ax: Axes) -> None:
    ax.plot(STEPS, 10 * DECAY)
    ax.minorticks_on()
    ax.grid(True, which="both", linewidth=0.5)
    ax.xaxis.set_minor_locator(MultipleLocator(13))
    ax.xaxis.set_minor_formatter("{x:.0f}")
    ax.xaxis.set_tick_params(which="minor", pad=14)
    ax.set_axisbelow(False)


def patches(ax: Axes) -> None:
    ax.bar([1, 2, 3], [3, 1, 2], color=["C0", "C1", "#00ff0080"], edgecolor="black", linewidth=2)
    ax.stairs([1, 3, 2], [4, 5, 6, 7], fill=True, facecolor="#aabbcc", edgecolor="black")
    ax.axvspan(2, 3, color="red", alpha=0.2)
    ax.add_patch(Polygon([(5, 2), (6.3, 3), (6.6, 0.5)], facecolor="tab:purple", linestyle=":", edgecolor="k"))
    ax.hist(np.sin(STEPS) + 9, bins=7, histtype="step")


def numbers(ax: Axes) -> None:
    values = np.sin(np.arange(48.0).reshape(6, 8))
    values[2, 3] = np.nan
    ax.imshow(values, cmap="viridis", vmin=-0.8, vmax=0.9, aspect="auto", interpolation="nearest")


def upwards(ax: Axes) -> None:
    ax.imshow(np.arange(12, dtype=np.uint8).reshape(3, 4), cmap="gray", origin="lower", alpha=0.7)
    ax.invert_xaxis()


def colours(ax: Axes) -> None:
    picture = np.random.default_rng(0).uniform(size=(5, 9, 4))
    ax.imshow(picture, extent=(0.5, 3.0, 7.0, -1.0), aspect="auto", interpolation="none")
    ax.set(xlim=(1.1, 2.7), ylim=(5.3, 0.2))


def texts(ax: Axes) -> None:
    for i, (horizontal, vertical) in enumerate(
        [
            ("left", "top"),
            ("center", "center"),
            ("right", "bottom"),
            ("center", "center_baseline"),
            ("left", "baseline"),
        ]
    ):
        ax.text(0.1 + 0.2 * i, 0.3, "Eg 1.25", ha=horizontal, va=vertical, color=f"C{i}", fontsize=8 + i)
        ax.text(
            0.1 + 0.2 * i, 0.7, "a\nturned $x^2$", ha=horizontal, rotation=30 * i, transform=ax.transAxes, alpha=0.6
        )
    ax.text(0.9, 0.9, "clipped at the edge", clip_on=True, weight="bold", family="serif")


def large(ax: Axes) -> None:
    ax.plot(10**9 + STEPS, 1e6 + 1e-3 * DECAY)
    ax.set_xlim(10**9 + 10, 10**9 + 60)


def far(ax: Axes) -> None:
    ax.plot([0, 0.5, 1, 1.5], [0.5, 1e300, -1e300, 0.7])
    ax.set(xlim=(0, 2), ylim=(0, 1))


def bare(ax: Axes) -> None:
    ax.plot(STEPS, DECAY)
    ax.set_axis_off()


def crossed(ax: Axes) -> None:
    ax.plot(STEPS - 100, DECAY - 0.3)
    ax.spines["left"].set_position("zero")
    ax.spines["bottom"].set_position(("data", 0.1))
    ax.spines["right"].set_bounds(0, 0.4)


def square(ax: Axes) -> None:
    ax.plot([0, 1, 1, 0], [0, 0, 2, 2])
    ax.set_aspect("equal")


def two(ax: Axes) -> None:
    ax.plot(STEPS, DECAY)
    ax.twinx().plot(STEPS, STEPS, "C1")
    ax.figure.text(0.02, 0.97, "of the figure", va="top")
    ax.figure.suptitle("and a title")


def masked(ax: Axes) -> None:
    ax.plot(STEPS, np.where(STEPS % 20 < 3, -1.0, DECAY))
    ax.plot(STEPS, np.where(STEPS % 30 < 3, 0.0, 2 * DECAY), "o", markersize=3)
    ax.stairs(DECAY[:20], np.linspace(10, 150, 21))
    ax.set_yscale("log", nonpositive="mask")


def clipped(ax: Axes) -> None:
    ax.plot(STEPS, np.where(STEPS % 20 < 3, -1.0, DECAY))
    ax.set(yscale="log", xscale="log")


def symlog(ax: Axes) -> None:
    ax.plot(STEPS - 100, 100 * (DECAY - 0.4))
    ax.set_yscale("symlog", linthresh=2.0, base=2.0)
    ax.set_xscale("symlog", linthresh=5.0, linscale=0.5)
    ax.xaxis.set_minor_formatter(NullFormatter())


def inverted(ax: Axes) -> None:
    ax.plot(STEPS, DECAY)
    ax.set(yscale="log", ylim=(1.0, 1e-3), xlim=(150, -20))


GALLERY = (
    lines, styled, minor, patches, numbers, upwards, colours, texts, large, far, bare, crossed, square, two, masked,
    clipped, symlog, inverted,
)  # fmt: skip


@pytest.mark.parametrize("dpi", [100.0, 200.0])
@pytest.mark.parametrize("draw", GALLERY)
def test_a_page_paints_what_agg_draws(draw: Callable[[Axes], None], dpi: float) -> None:
    figure = new_figure(dpi)
    draw(figure.add_axes((0.15, 0.22, 0.7, 0.6)))
    watched = Watched(figure)
    assert not any(node["kind"] == "image" and node["coords"][0] == "pixels" for node in watched.page.nodes.values())
    differing = watched.differing()
    assert differing <= 0.003


@pytest.mark.parametrize("cmap", ["viridis", "tab10"], ids=["many levels", "few levels"])
def test_colours_of_values_are_matplotlibs_and_the_values_are_what_is_sent(cmap: str) -> None:
    values = np.linspace(-0.3, 1.3, 23 * 17).reshape(23, 17)  # of no edge in the middle of a pixel
    values[3, 4], values[5, 6:9] = np.nan, (0.0, 1.0, 0.5)
    figure = new_figure()
    ax = figure.add_axes((0.15, 0.2, 0.7, 0.6))
    colors = colormaps[cmap].with_extremes(under="red", over="lime", bad="black")
    image = ax.imshow(values, cmap=colors, vmin=0.0, vmax=1.0, interpolation="nearest", aspect="auto")
    ax.set_axis_off()
    watched = Watched(figure)
    (node,) = watched.nodes("image")
    assert node["pixels"].dtype == np.float32
    assert watched.differing() == 0.0
    image.set_data(values[::-1])
    assert watched.send()["nodes"].popitem()[1].keys() == {"pixels"}, "the table is not sent again"  # type: ignore[index]
    assert watched.differing() == 0.0


@pytest.mark.parametrize("scale", ["linear", "log", "symlog"])
def test_points_are_exact_at_any_step(scale: str) -> None:
    figure = new_figure()
    ax = figure.add_axes((0.15, 0.2, 0.7, 0.6))
    ax.set(xlim=(10**9, 10**9 + 50), ylim=(0.01, 20.0), yscale=scale)
    (line,) = ax.plot(10**9 + np.arange(50), np.exp(np.linspace(-4, 3, 50)))
    watched = Watched(figure)
    node = next(node for node in watched.nodes("path") if len(node["points"]) == 50)
    assert node["ascending"]
    found = node["points"].astype(float) + node["offset"]
    expected = line.get_xydata()
    np.testing.assert_allclose(ax.transData.transform(found), ax.transData.transform(expected), atol=1e-2)
    assert node["offset"][1] == 0.0


def test_an_offset_is_taken_off_values_far_from_zero_but_not_on_a_log_scale() -> None:
    figure = new_figure()
    ax = figure.add_axes((0.15, 0.2, 0.7, 0.6))
    (line,) = ax.plot([0, 1, 2], [1e6, 1e6 + 1e-3, 1e6])
    watched = Watched(figure)
    offsets = {tuple(node["offset"]) for node in watched.nodes("path")}
    assert (0.0, 1e6) in offsets
    ax.set_yscale("log")
    watched.send()
    assert {tuple(node["offset"]) for node in watched.nodes("path")} == {(0.0, 0.0)}
    line.set_data([5e8, 5e8 + 1], [1, 2])
    watched.send()
    assert (5e8, 0.0) in {tuple(node["offset"]) for node in watched.nodes("path")}


# -- what is sent when -------------------------------------------------------------------------------------------------


@pytest.fixture
def watched() -> Watched:
    """Two curves, a picture and a text in two axes."""
    figure = new_figure()
    left, right = figure.add_axes((0.12, 0.2, 0.35, 0.6)), figure.add_axes((0.6, 0.2, 0.35, 0.6))
    left.set(xlim=(0, 100), ylim=(0, 2))
    curve = Curve(left)
    curve.add((1.0, 0.5), (2.0, 1.0))
    left.plot(STEPS, DECAY)
    left.text(0.0, 1.05, "step 1", transform=left.transAxes)
    right.imshow(np.eye(5), interpolation="nearest")
    return Watched(figure)


def parts(watched: Watched) -> tuple[Axes, Axes, Curve]:
    left, right = watched.figure.axes
    curve = left.lines[0]
    assert isinstance(curve, Curve)
    return left, right, curve


def test_a_figure_that_has_not_changed_is_told_nothing(watched: Watched) -> None:
    assert watched.send() is None
    watched.figure.canvas.draw()
    assert watched.send() is None
    for artist in watched.figure.findobj():
        artist.stale = True
    assert watched.send() is None, "stale, but as it was"


def test_new_limits_cost_limits_and_ticks_but_no_points(watched: Watched) -> None:
    left, _, _ = parts(watched)
    left.set_xlim(0, 150)
    sent = watched.send()
    assert sent is not None
    changed = {number: node for number, node in sent["nodes"].items() if node.get("kind") != "glyph"}
    assert changed.keys() - {watched.scene.id_of(left)} <= {
        number for number, node in watched.page.nodes.items() if node["kind"] == "marks"
    }, "besides the panel only the marks of ticks"
    assert changed[watched.scene.id_of(left)].keys() == {"x"}
    assert watched.differing() <= 0.003


def test_a_curve_is_sent_what_it_has_grown_by(watched: Watched) -> None:
    left, _, curve = parts(watched)
    assert curve.asked == [True]
    curve.add((3.0, 0.2), (4.0, 0.1))
    sent = watched.send()
    assert sent is not None
    assert sent["nodes"] == {}
    assert [data["shape"] for data in sent["grown"].values()] == [[2, 2]]
    left.set_xlim(0, 150)
    watched.send()
    assert curve.asked == [True, False, False], "it is asked at new limits, too: there may be more details"
    curve.replace((50.0, 0.1), (40.0, 0.2))
    sent = watched.send()
    assert sent is not None
    assert not sent["grown"]
    ((_, node),) = sent["nodes"].items()
    assert node["ascending"] is False
    curve.add((45.0, 1.0))
    assert watched.send()["grown"]  # type: ignore[index]
    assert watched.differing() <= 0.003
    watched.send(afresh=True)
    assert curve.asked[-1] is True
    assert watched.differing() <= 0.003


def test_a_curve_that_was_hidden_or_got_another_scale_says_all_its_points_again(watched: Watched) -> None:
    left, _, curve = parts(watched)
    curve.add((2.5, 1.5))
    watched.send()
    for shown in (False, True):
        curve.add((3.0 + len(curve.points), 0.3))
        curve.set_visible(shown)
        watched.send()
    assert watched.differing() <= 0.003
    left.set_ylim(0.01, 2.0)
    left.set_yscale("log", nonpositive="mask")
    curve.add((50.0, -1.0), (60.0, 0.5))
    watched.send()
    assert curve.asked[-1] is True
    assert watched.differing() <= 0.003


def test_growth_that_goes_back_is_not_ascending(watched: Watched) -> None:
    _, _, curve = parts(watched)
    curve.add((50.0, 1.0), (60.0, 1.5))
    watched.send()
    curve.add((55.0, 1.0))
    sent = watched.send()
    assert sent is not None
    assert [*sent["nodes"].values()] == [{"ascending": False}]


def test_what_changed_before_agg_drew_is_told_after_it(watched: Watched) -> None:
    left, right, curve = parts(watched)
    left.texts[0].set_text("step 2")
    curve.add((30.0, 1.5))
    right.images[0].set_data(np.eye(5)[::-1])
    watched.figure.set_facecolor("0.9")
    left.xaxis.label.set_text("steps")
    watched.figure.canvas.draw()
    curve.set_color("red")
    watched.figure.savefig(io.BytesIO(), format="png", dpi=40)
    watched.figure.savefig(io.BytesIO(), format="svg")
    watched.send()
    assert watched.differing() <= 0.003


def test_a_new_number_costs_no_new_glyphs_once_its_digits_are_known(watched: Watched) -> None:
    text = watched.figure.axes[0].texts[0]
    for digits in ("0123456789", "1234567890", "2345678901", "3456789012", "4567890123"):
        text.set_text(f"step {digits}")
        watched.send()
    known = len(watched.nodes("glyph"))
    for number in range(100, 110):
        text.set_text(f"step {number}")
        sent = watched.send() or {}
    assert [node.keys() for node in sent["nodes"].values() if "kind" not in node] == [{"glyphs"}]
    assert len(watched.nodes("glyph")) <= known + 10
    assert watched.differing() <= 0.003


def test_glyphs_that_nothing_shows_are_dropped_when_there_are_many(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 60)
    text = watched.figure.axes[0].texts[0]
    dropped = 0
    for number in range(80):
        text.set(text=f"{chr(97 + number % 26)} {number}", x=number / 400)
        sent = watched.send()
        assert sent is not None
        dropped += len(sent["dropped"])
        assert len(watched.nodes("glyph")) <= 60 + 12
    assert dropped > 60
    assert watched.differing() <= 0.003


def test_the_id_of_a_panel_stays_as_long_as_its_axes(watched: Watched) -> None:
    left, right, _ = parts(watched)
    number = watched.scene.id_of(left)
    assert watched.scene.panel_of(number) is left
    watched.send(afresh=True)
    assert watched.page.nodes[number]["kind"] == "panel"
    left.remove()
    watched.send()
    assert watched.scene.panel_of(number) is None
    assert number not in watched.page.nodes
    assert {node["panel"] for node in watched.page.nodes.values() if "panel" in node} == {0, watched.scene.id_of(right)}


def test_an_artist_that_was_removed_is_dropped(watched: Watched) -> None:
    left, _, _ = parts(watched)
    before = watched.page.nodes.keys() - {0}
    for artist in (left.plot([1, 9], [1, 1], "o")[0], watched.figure.text(0.5, 0.95, "above")):
        watched.send()
        assert len(watched.page.nodes) > len(before)
        artist.remove()
        sent = watched.send() or {}
        assert sent["dropped"]
        assert watched.differing() <= 0.003
    assert {number for number, node in watched.page.nodes.items() if node["kind"] != "glyph"} <= before


def test_what_is_in_pixels_moves_with_its_axes(watched: Watched) -> None:
    left, _, _ = parts(watched)
    left.set_position((0.2, 0.3, 0.3, 0.5))
    watched.send()
    assert watched.differing() <= 0.003
    left.set_frame_on(False)
    watched.send()
    assert watched.differing() <= 0.003


def test_axes_that_a_draw_has_moved_are_told_where_they_are() -> None:
    figure = new_figure()
    figure.set_layout_engine("tight")
    left, right = figure.subplots(1, 2)
    left.plot(STEPS, DECAY)
    right.plot(STEPS, DECAY)
    watched = Watched(figure)
    left.set_ylabel("two\nlines")
    figure.canvas.draw()
    watched.send()
    assert watched.differing() <= 0.003


def test_limits_that_a_draw_has_set_are_told(watched: Watched) -> None:
    left, _, _ = parts(watched)
    left.autoscale(axis="y")  # takes effect when the limits are asked for
    watched.figure.canvas.draw()
    assert left.get_ylim() != (0.0, 2.0)
    watched.send()
    assert watched.differing() <= 0.003


def test_another_size_or_resolution_is_told_without_a_keyframe(watched: Watched) -> None:
    watched.figure.set_size_inches(5.3, 4.6)  # 459.99999999999994 pixels, by Matplotlib's transforms
    watched.send()
    assert watched.differing() <= 0.003
    watched.figure.dpi = 150
    watched.send()
    assert watched.differing() <= 0.003


def test_a_watched_figure_can_still_be_pickled(watched: Watched) -> None:
    copy = pickle.loads(pickle.dumps(watched.figure))
    copy.savefig(io.BytesIO(), format="png")


# -- what cannot be described ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda ax: ax.scatter([0, 1], [0, 1]), "PathCollection"),
        (lambda ax: ax.add_patch(Circle((0.5, 0.5), 0.2)), "has curves"),
        (lambda ax: ax.stairs([1, 2], fill=True, hatch="/"), "hatched"),
        (lambda ax: ax.plot([0, 1], [0, 1], marker="$m$"), "curves"),
        (lambda ax: ax.plot([0, 1], [0, 1], "o", markevery=0.1), "markers"),
        (lambda ax: ax.plot([0, 1], [0, 1], "--", gapcolor="red"), "gaps"),
        (lambda ax: ax.plot([0, 1], [0, 1], sketch_params=3, label="mine"), "Line2D 'mine'"),
        (lambda ax: ax.imshow(np.eye(3), interpolation="bilinear"), "'nearest'"),
        (lambda ax: ax.imshow(np.eye(200)), "'auto'"),
        (lambda ax: ax.plot([0.5], [0.5], label="a")[0].axes.legend(), "Legend"),
        (lambda ax: ax.annotate("here", (0.5, 0.5)), "annotation"),
        (lambda ax: ax.text(0.5, 0.5, "boxed", bbox={}), "box"),
        (lambda ax: (ax.plot([0.2, 0.7], [0.2, 0.7]), ax.set_yscale("logit")), "'logit'"),
        (lambda ax: (ax.plot([0, 1], [0, 1e200]), ax.set_ylim(0, 1e200)), "limits"),
    ],
)
def test_an_axes_that_cannot_be_described_is_agg_s_picture_and_the_others_are_not(
    make: Callable[[Axes], object], name: str
) -> None:
    figure = new_figure()
    left, right = figure.add_axes((0.12, 0.2, 0.35, 0.6)), figure.add_axes((0.6, 0.2, 0.35, 0.6))
    right.plot(STEPS, DECAY)
    make(left)
    with pytest.warns(TfwidgetWarning, match=name) as warned:
        watched = Watched(figure)
    assert len(warned) == 1
    (picture,) = (node for node in watched.nodes("image") if node["coords"][0] == "pixels")
    assert picture["panel"] == watched.scene.id_of(left)
    assert len(watched.nodes("panel")) == 2
    assert watched.differing() <= 0.003
    right.lines[0].set_color("red")
    sent = watched.send()
    assert sent is not None
    assert all("pixels" not in node for node in sent["nodes"].values()), "it is drawn only when it is stale"
    left.set_xlabel("changed")
    assert any("pixels" in node for node in watched.send()["nodes"].values())  # type: ignore[index]
    assert watched.differing() <= 0.003


def test_a_panel_that_fell_back_can_be_panned_and_comes_back(watched: Watched) -> None:
    left, _, _ = parts(watched)
    dots = left.scatter([10, 20], [1, 1])
    with pytest.warns(TfwidgetWarning):
        watched.send()
    panel = watched.page.nodes[watched.scene.id_of(left)]
    assert (panel["navigate"], panel["x"]["limits"]) == (True, [0.0, 100.0])
    left.set_xlim(5, 50)
    watched.send()
    assert watched.differing() <= 0.003
    dots.remove()
    watched.send()
    assert watched.differing() <= 0.003
    assert not any(node["coords"][0] == "pixels" for node in watched.nodes("image"))
    left.scatter([10, 20], [1, 1])
    watched.send()  # it has been said


def test_a_scale_that_no_page_knows_cannot_be_panned_there() -> None:
    figure = new_figure()
    figure.add_subplot(projection="polar").plot([0, 1], [1, 2])
    with pytest.warns(TfwidgetWarning, match="polar"):
        watched = Watched(figure)
    assert [panel["navigate"] for panel in watched.nodes("panel")] == [False]
    assert watched.differing() <= 0.003


def test_an_artist_beside_the_axes_that_cannot_be_described_is_a_picture(watched: Watched) -> None:
    watched.figure.legend(handles=watched.figure.axes[0].lines, labels=["one", "two"])
    with pytest.warns(TfwidgetWarning, match="Legend"):
        watched.send()
    (picture,) = (node for node in watched.nodes("image") if node["panel"] == 0)
    assert picture["coords"] == ["pixels", "pixels"]
    assert watched.differing() <= 0.003


class Broken(Artist):
    """An artist of a user that raises."""

    def draw(self, renderer: object) -> None:
        msg = "no ink"
        raise RuntimeError(msg)


class Wrong(Curve):
    """A curve of a user that says nonsense."""

    def scene_points(self, afresh: bool) -> Any:
        return "nonsense"


def test_artists_that_raise_cost_their_own_panel_only(watched: Watched) -> None:
    left, right, _ = parts(watched)
    Wrong(left).add((1.0, 1.0))
    with pytest.warns(TfwidgetWarning):
        watched.send()
    assert watched.differing() <= 0.003
    right.add_artist(Broken())
    with pytest.warns(TfwidgetWarning) as warned:
        watched.send()
    assert [text for text in ("Broken", "no ink") for one in warned if text in str(one.message)] == ["Broken", "no ink"]
    assert watched.send() is None
    right.artists[0].stale = True
    watched.send()  # it has been said
    right.artists[0].remove()
    assert watched.send()
    assert watched.differing() <= 0.003


# -- any sequence ------------------------------------------------------------------------------------------------------


class AnySequence(RuleBasedStateMachine):
    """Whatever is done to a figure, a page that has all patches has what one with a keyframe has."""

    def __init__(self) -> None:
        super().__init__()
        figure = new_figure(60.0)
        self.left, self.right = figure.add_axes((0.15, 0.2, 0.3, 0.6)), figure.add_axes((0.6, 0.2, 0.3, 0.6))
        self.left.set(xlim=(0, 10), ylim=(0.1, 10))
        self.curve = Curve(self.left)
        self.text = self.left.text(1, 1, "1")
        self.image = self.right.imshow(np.zeros((3, 3)), interpolation="nearest", vmin=0, vmax=5)
        self.bars = StepPatch([1, 2], [0, 1, 2], fill=True)
        self.right.add_patch(self.bars)
        self.watched = Watched(figure)

    @rule(value=st.integers(1, 9), more=st.integers(1, 3))
    def grow(self, value: int, more: int) -> None:
        first = len(self.curve.points)
        self.curve.add(*((first + i, value) for i in range(more)))

    @rule()
    def replace(self) -> None:
        self.curve.replace((3.0, 3.0))

    @rule(high=st.integers(5, 20))
    def limits(self, high: int) -> None:
        self.left.set_xlim(0, high)

    @rule(scale=st.sampled_from(["linear", "log", "symlog"]))
    def scale(self, scale: str) -> None:
        self.left.set_yscale(scale, **({"nonpositive": "mask"} if scale == "log" else {}))

    @rule(value=st.integers(0, 5))
    def data(self, value: int) -> None:
        self.image.set_data(np.full((3, 3), value))
        self.bars.set_data([value, 1])

    @rule(value=st.integers(0, 999))
    def say(self, value: int) -> None:
        self.text.set(text=str(value), color=f"C{value % 9}")

    @rule(shown=st.booleans(), which=st.sampled_from(["text", "curve", "bars", "left"]))
    def show(self, shown: bool, which: str) -> None:
        getattr(self, which).set_visible(shown)

    @rule(grid=st.booleans(), shown=st.booleans())
    def style(self, grid: bool, shown: bool) -> None:
        self.left.grid(grid)
        self.right.set_axis_on() if shown else self.right.set_axis_off()

    @precondition(lambda self: len(self.left.lines) < 4)
    @rule(value=st.integers(1, 5))
    def add(self, value: int) -> None:
        self.left.plot([0, value], [value, 1], "o-")

    @precondition(lambda self: len(self.left.lines) > 1)
    @rule()
    def remove(self) -> None:
        self.left.lines[-1].remove()

    @rule(there=st.booleans())
    def undescribable(self, there: bool) -> None:
        for dots in self.right.collections:
            dots.remove()
        if there:
            self.right.scatter([1], [1])

    @rule(width=st.sampled_from([4.8, 5.2]))
    def resize(self, width: float) -> None:
        self.watched.figure.set_size_inches(width, 2.7)

    @rule()
    def draw(self) -> None:
        self.watched.figure.canvas.draw()

    @rule()
    def send(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TfwidgetWarning)
            self.watched.send()

    def teardown(self) -> None:
        self.send()
        patched = self.watched.painted()
        self.watched.send(afresh=True)
        assert np.abs(patched - self.watched.painted()).max() <= 8
        assert self.watched.differing() <= 0.005


AnySequence.TestCase.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
TestAnySequence = AnySequence.TestCase


COLORS = ["red", "#00800080", (0.2, 0.4, 0.6)]
ARTIST: dict[str, list[Any]] = {"visible": [False, True], "zorder": [1, 5], "alpha": [0.5, None]}
PROPERTIES: dict[str, dict[str, list[Any]]] = {
    "text": ARTIST | {
        "color": COLORS, "fontsize": [14, 6], "fontweight": ["bold", "normal"], "rotation": [30, 0],
        "horizontalalignment": ["right", "center", "left"], "verticalalignment": ["top", "center", "baseline"],
        "x": [5, 1], "text": ["3.14", "two\nlines", "$x^2$", "", " ", "a long 1.5"], "parse_math": [False, True],
        "clip_on": [True, False],
    },
    "curve": ARTIST | {
        "color": COLORS, "linewidth": [3.0, 0.5], "linestyle": ["--", "none", "-"], "marker": ["o", "s", ""],
        "clip_on": [False, True],
    },
    "image": ARTIST | {
        "cmap": ["gray", "viridis"], "extent": [(0, 2, 0, 2), (-0.5, 2.5, 2.5, -0.5)], "clim": [(1, 3), (0, 5)],
        "data": [np.full((3, 3), 2.0), np.full((3, 3), 4), np.arange(16).reshape(4, 4), np.eye(3)],
    },
    "patch": ARTIST | {
        "facecolor": COLORS, "linewidth": [2.0, 0.0], "fill": [False, True],
        "path": [Path([(0, 0), (value, 0), (value, 2)]) for value in (4, 2)],
    },
}  # fmt: skip
PROPERTIES["above"] = {name: values for name, values in PROPERTIES["text"].items() if name != "clip_on"}
CHANGES = [(which, name) for which, names in PROPERTIES.items() for name in names]


class AnyChange(RuleBasedStateMachine):
    """Whatever is changed of an artist, alone or beside its data, pages see it at once."""

    def __init__(self) -> None:
        super().__init__()
        figure = new_figure(60.0)
        self.left, self.right = figure.add_axes((0.15, 0.2, 0.3, 0.6)), figure.add_axes((0.6, 0.2, 0.3, 0.6))
        self.left.set(xlim=(0, 10), ylim=(0.0, 10))
        self.curve = Curve(self.left)
        self.curve.add((0.0, 1.0))
        self.image = self.right.imshow(np.eye(3), interpolation="nearest", vmin=0, vmax=5, aspect="auto")
        self.patch = self.left.add_patch(PathPatch(Path([(0, 0), (1, 0), (1, 2)])))
        self.corner = Affine2D().translate(20.0, 120.0)
        self.text = self.left.text(1, 1, "1", transform=Affine2D().scale(9.0) + self.corner)
        self.above = figure.text(1, 1, "1", transform=Affine2D().scale(4.0) + self.corner)
        self.watched = Watched(figure)

    @rule(data=st.data(), changes=st.lists(st.sampled_from(CHANGES), min_size=1, max_size=3))
    def change(self, data: st.DataObject, changes: list[tuple[str, str]]) -> None:
        for which, name in changes:
            artist = getattr(self, which)
            getattr(artist, f"set_{name}")(data.draw(st.sampled_from(PROPERTIES[which][name])))
            artist.stale = True  # a patch does not tell of another path

    @rule(value=st.integers(1, 9))
    def grow(self, value: int) -> None:
        self.curve.add((len(self.curve.points), value))

    @rule(right=st.integers(-3, 3), who=st.sampled_from(["text", "above"]))
    def move(self, right: int, who: str) -> None:
        self.corner.translate(right, 0.0)
        self.text.stale = self.above.stale = True  # a transform that has changed does not tell
        getattr(self, who).set_text(f"{right}")

    @rule(value=st.integers(1, 4))
    def norm(self, value: int) -> None:
        self.image.norm.vmax = value
        self.image.set_data(np.full((3, 3), value / 2))

    @rule(shape=st.integers(1, 5))
    def shape(self, shape: int) -> None:
        self.image.set_data(np.arange(shape * shape).reshape(shape, shape))

    @rule(number=st.integers(0, 9999))
    def say(self, number: int) -> None:
        self.text.set_text(f"{number / 10}")
        self.above.set_text(f"step {number:,}")

    @invariant()
    def send(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TfwidgetWarning)
            self.watched.send()

    @rule()
    def look(self) -> None:  # seldom, for it has Agg draw all artists, which they note
        patched = self.watched.painted()
        assert self.watched.differing() <= 0.005
        self.watched.send(afresh=True)
        assert np.abs(patched - self.watched.painted()).max() <= 8

    def teardown(self) -> None:
        self.look()


AnyChange.TestCase.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)
TestAnyChange = AnyChange.TestCase


@pytest.mark.parametrize(("which", "name"), CHANGES)
def test_a_property_that_changes_alone_is_seen(which: str, name: str) -> None:
    shown = AnyChange()
    for value in PROPERTIES[which][name]:
        shown.grow(3)
        shown.say(1234)
        shown.send()
        artist = getattr(shown, which)
        getattr(artist, f"set_{name}")(value)
        artist.stale = True  # a patch does not tell of another path
        shown.send()
        shown.look()
