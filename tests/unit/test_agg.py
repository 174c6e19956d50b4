"""The renderer beside Matplotlib's own: pixel by pixel, when a text is drawn first and when it is drawn again.

And texts as coverage: what a page blends from it is what Matplotlib draws.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import rc_context
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from tfwidget import agg as module
from tfwidget.agg import Coverage, Renderer, coverage_of, coverage_of_any, crop, font_of

TEXTS = (
    "loss", "0.0123", "−1.234e−5", "12.5k", "step 12 · −0.5 … 3.25 · n 5,000", "ﬁ fi AV To", "T.1,T", "10⁻⁶",
    "Ωμέγα ж 中", "é e\u0301 1", "شبكة 12", " 7 ", "×",
)  # fmt: skip
UPRIGHT, ROTATED = 8, 16
"""Levels of 255. Upright: glyphs that overlap are blended beforehand. Rotated: they are placed to 1/64 pixel twice."""


def drawn(kind: type[RendererAgg], text: str, *, dpi: float = 100.0, times: int = 1, **options: Any) -> np.ndarray:
    """A text on a coloured ground."""
    renderer = kind(420, 300, dpi)
    graphics = renderer.new_gc()
    graphics.set_foreground(options.get("color", (0.1, 0.2, 0.3, 1.0)), isRGBA=True)
    graphics.set_alpha(options.get("alpha"))
    graphics.set_antialiased(options.get("antialiased", True))
    graphics.set_clip_rectangle(options.get("clip"))
    font = options.get("font", FontProperties(size=9))
    for _ in range(times):
        np.asarray(renderer.buffer_rgba())[...] = (200, 220, 240, 255)
        renderer.draw_text(graphics, *options.get("at", (130.3, 150.7)), text, font, options.get("angle", 0.0))
    return np.asarray(renderer.buffer_rgba()).astype(int)


def difference(text: str, **options: Any) -> int:
    theirs = drawn(RendererAgg, text, **options)
    return max(int(np.abs(drawn(Renderer, text, times=times, **options) - theirs).max()) for times in (1, 2))


@pytest.mark.filterwarnings("ignore:Glyph .* missing")
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("dpi", [72.0, 100.0, 157.3, 200.0])
def test_a_text_looks_as_matplotlib_draws_it(text: str, dpi: float) -> None:
    assert (drawn(RendererAgg, text, dpi=dpi) != drawn(RendererAgg, "", dpi=dpi)).any()
    assert difference(text, dpi=dpi) <= UPRIGHT
    assert difference(text, dpi=dpi, angle=90.0) <= UPRIGHT


@pytest.mark.parametrize(
    "options",
    [
        {"color": (1.0, 0.0, 0.0, 0.5)},
        {"alpha": 0.3},
        {"antialiased": False},
        {"clip": Bbox.from_bounds(150, 140, 20, 12)},
        {"at": (-3.2, 4.9)},
        {"at": (415.0, 296.0)},
        {"font": FontProperties(size=14, weight="bold", style="italic")},
        {"font": FontProperties(size=11, family="serif")},
        {"font": FontProperties(size=60)},
    ],
    ids=["colour", "alpha", "aliased", "clipped", "low edge", "high edge", "bold italic", "serif", "huge"],
)
def test_a_text_looks_as_matplotlib_draws_it_in_other_ways(options: dict[str, Any]) -> None:
    assert difference("loss −0.25", **options) <= UPRIGHT


@settings(deadline=None, max_examples=60)
@given(
    st.text("0123456789.,−+… ·aTfiVA_/", min_size=1, max_size=12),
    st.sampled_from(["default", "force_autohint", "no_hinting"]),
    st.floats(-360.0, 360.0),
    st.tuples(st.floats(100.0, 300.0), st.floats(100.0, 200.0)),
)
def test_any_number_is_put_together_as_matplotlib_does(
    text: str, hinting: str, angle: float, at: tuple[float, float]
) -> None:
    with rc_context({"text.hinting": hinting}):
        assert difference(text, at=at) <= UPRIGHT
        assert difference(text, at=at, angle=angle) <= ROTATED
        ours, theirs = (
            kind(10, 10, 100.0).get_text_width_height_descent(text, FontProperties(size=9), False)
            for kind in (Renderer, RendererAgg)
        )
    assert ours == pytest.approx(theirs)


def test_a_change_of_the_fonts_or_of_a_font_is_seen() -> None:
    font = FontProperties(size=9)
    before = drawn(Renderer, "loss", font=font)
    with rc_context({"font.sans-serif": ["DejaVu Serif"]}):
        assert (drawn(Renderer, "loss", font=font) == drawn(RendererAgg, "loss", font=font)).all()
        assert (drawn(Renderer, "loss", font=font) != before).any()
    font.set_size(12)
    assert (drawn(Renderer, "loss", font=font) == drawn(RendererAgg, "loss", font=font)).all()


def test_mathtext_and_features_of_fonts_are_matplotlibs() -> None:
    pictures = []
    for kind in (Renderer, RendererAgg):
        figure = Figure(figsize=(3, 2), dpi=100)
        figure.text(0.1, 0.3, r"$\alpha^2$ 12")
        figure.text(0.1, 0.7, "fi 12", fontfeatures=["-liga", "-kern"])
        renderer = kind(300, 200, 100)
        figure.draw(renderer)
        pictures.append(np.asarray(renderer.buffer_rgba()).copy())
    assert (pictures[0] == pictures[1]).all()


def test_what_was_drawn_is_not_rendered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    font = FontProperties(size=9)
    first = drawn(Renderer, "loss 0.12345", font=font)
    drawn(Renderer, "76898", font=font)

    def fail(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(RendererAgg, "draw_text", fail)
    assert (drawn(Renderer, "loss 0.12345", font=font) == first).all()
    drawn(Renderer, "97534", font=font)  # a new number, of known digits


def test_memory_is_bounded() -> None:
    for cache in (module.pieces_of, module.coverage_of, module._known_font, module._size, module._picture):
        assert cache.cache_parameters()["maxsize"] is not None
    before = module._picture.cache_info().currsize
    drawn(Renderer, "a picture that is too large to keep", font=FontProperties(size=60))
    assert module._picture.cache_info().currsize == before


# -- coverage ----------------------------------------------------------------------------------------------------------


def blended(coverage: Coverage | None, column: int, row: int) -> np.ndarray:
    """Black on white, its own pixel being this one."""
    picture = np.full((300, 420), 255.0)
    if coverage is not None:
        top, left = row + coverage.top, column + coverage.left
        rows, columns = coverage.alpha.shape
        picture[top : top + rows, left : left + columns] = 255.0 - coverage.alpha
    return picture


def by_matplotlib(text: Text) -> np.ndarray:
    renderer = RendererAgg(420, 300, 100.0)
    text.draw(renderer)
    return 255.0 - np.asarray(renderer.buffer_rgba())[..., 3]


@pytest.mark.parametrize("text", ["g", "0", "step", "−", "é"])
@pytest.mark.parametrize(("right", "down"), [(0, 0), (1, 0), (3, 2), (0, 3)])
def test_a_piece_covers_the_pixels_that_matplotlib_draws(text: str, right: int, down: int) -> None:
    font = FontProperties(size=9)
    coverage = coverage_of(text, font_of(font, 100.0), right, down)
    ours = blended(coverage, 130, 150)
    theirs = by_matplotlib(new_text(text, 130 + right / 4, 300 - 150 - down / 4))
    assert (theirs < 128).any()
    assert np.abs(ours - theirs).max() <= UPRIGHT
    assert coverage_of(text, font_of(font, 100.0), right, down) is coverage


def new_text(words: str, x: float, y: float, **style: Any) -> Text:
    text = Text(x, y, words, fontsize=9, **style)
    text.set_figure(Figure(dpi=100))
    return text


@pytest.mark.parametrize(
    ("words", "style"),
    [
        ("turned", {"rotation": 30, "va": "center", "ha": "right"}),
        ("two\nlines, one longer", {"ha": "center", "linespacing": 1.5}),
        ("$\\alpha^2$ formula", {"va": "top"}),
        ("pale", {"alpha": 0.3, "color": "red", "rotation": 90}),
    ],
)
def test_any_text_covers_the_pixels_that_matplotlib_draws(words: str, style: dict[str, Any]) -> None:
    text = new_text("other words", 0.0, 0.0, **style)
    ours = blended(coverage_of_any(text, words, 0.25, 0.75), 130, 150)
    opaque = style | {"alpha": 1.0, "color": "black"}
    theirs = by_matplotlib(new_text(words, 130.25, 300 - 150.75, **opaque))
    assert (theirs < 128).any()
    assert np.abs(ours - theirs).max() <= ROTATED
    assert (text.get_text(), text.get_position(), text.get_color()) == (
        "other words", (0.0, 0.0), style.get("color", "black")
    )  # fmt: skip


def test_a_space_covers_nothing() -> None:
    assert coverage_of("  ", font_of(FontProperties(size=9), 100.0), 0, 0) is None
    assert coverage_of_any(new_text("", 0, 0), " ", 0.0, 0.0) is None
    assert crop(np.zeros((3, 4), np.uint8)) is None
    assert crop(np.eye(4, dtype=np.uint8)[:, 1:]) == (slice(1, 4), slice(0, 3))
