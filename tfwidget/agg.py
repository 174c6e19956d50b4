"""Matplotlib's Agg renderer, with a memory for text.

Invariant: the picture is the one that Matplotlib would draw. Where that is not certain, Matplotlib draws it.

Matplotlib lays out and renders each text anew at each draw, which is half of a draw's cost. Here the pictures of texts
are kept, one for each place of the text within a pixel. Numbers change with each frame. So a text is kept in pieces,
and each digit is a piece: a new number is composed of digits that are known.
"""

import math
import re
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from matplotlib import rcParams
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.transforms import IdentityTransform
from numpy.typing import NDArray

__all__ = [
    "Coverage",
    "Font",
    "Renderer",
    "coverage_of",
    "coverage_of_any",
    "crop",
    "font_of",
    "pieces_of",
    "size_of_text",
]

_BLACK = (0.0, 0.0, 0.0, 1.0)
_UNIT = 64  # FreeType places glyphs in 64ths of a pixel
_LARGEST = 2**15  # pixels of the largest picture that is kept: larger ones are rare, and would fill the memory
_PIECE = re.compile(r"[0-9.,+−…]|[^0-9.,+−…]+")
_SIMPLE = re.compile(r"[ -~°·×–…−]*")  # characters whose shape does not depend on their neighbours


@dataclass(frozen=True, eq=False)
class Font:
    """A font at a resolution. Equal fonts are the same object."""

    properties: FontProperties
    dpi: float

    @property
    def pixels(self) -> float:
        """The size of the font in pixels."""
        return float(self.properties.get_size_in_points()) * self.dpi / 72.0


class _Size(NamedTuple):
    width: float
    height: float
    descent: float


class _Picture(NamedTuple):
    left: int  # pixels from the text's origin
    bottom: int
    rgba: np.ndarray  # the bottom row first


class Renderer(RendererAgg):
    """`RendererAgg` that draws a text ten times as fast when it has drawn it before."""

    def draw_text(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: Any = False,
        mtext: Text | None = None,
    ) -> None:
        """Draw one line of text, `y` pixels below the top."""
        font = font_of(prop, self.dpi)
        shaped = mtext is not None and (mtext.get_fontfeatures() or mtext.get_language())
        if ismath or shaped or not gc.get_antialiased() or len(s) * font.pixels**2 > _LARGEST:
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)  # type: ignore[no-untyped-call]
            return
        cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        graphics = self.new_gc()  # without the text's alpha, which the picture has already
        graphics.set_clip_rectangle(gc.get_clip_rectangle())
        for piece, along in pieces_of(s, font):
            column, right = divmod(round(_UNIT * (x + along * cos)), _UNIT)
            row, up = divmod(round(_UNIT * (self.height - y + along * sin)), _UNIT)
            picture = _picture(piece, font, angle, gc.get_rgb(), right, up)
            if picture is not None:
                self.draw_image(graphics, column + picture.left, row + picture.bottom, picture.rgba)
        graphics.restore()

    def get_text_width_height_descent(self, s: str, prop: FontProperties, ismath: Any) -> tuple[float, float, float]:
        """Measure one line of text, in pixels."""
        if ismath:
            size: tuple[float, float, float] = super().get_text_width_height_descent(s, prop, ismath)  # type: ignore[no-untyped-call]
            return size
        font = font_of(prop, self.dpi)
        sizes = [_size(piece, font) for piece, _ in pieces_of(s, font)]
        top = max(one.height - one.descent for one in sizes)
        descent = max(one.descent for one in sizes)
        return sum(one.width for one in sizes), top + descent, descent


class Coverage(NamedTuple):
    """How much of each pixel a text covers, from 0 to 255. Its colour does not matter."""

    alpha: NDArray[np.uint8]
    """Shape (rows, columns), the top row first. Equal texts have the same array object."""
    left: int
    """Pixels from the pixel in which the text begins to the left edge of `alpha`; may be negative."""
    top: int
    """Pixels from the pixel in which the text begins down to the upper edge of `alpha`; mostly negative."""


def font_of(properties: FontProperties, dpi: float) -> Font:
    """Return the font that texts with these properties have under the present rcParams."""
    families = tuple(
        tuple(names)
        for names in (
            rcParams["font.sans-serif"], rcParams["font.serif"], rcParams["font.monospace"],
            rcParams["font.cursive"], rcParams["font.fantasy"],
        )
    )  # fmt: skip
    # A copy, because the caller may change the properties.
    return _known_font(properties.copy(), dpi, rcParams["text.hinting"], families)


@lru_cache(maxsize=4096)
def coverage_of(piece: str, font: Font, right: int, down: int) -> Coverage | None:
    """Return the coverage of a piece of upright text; None if there is nothing to see, as in a space.

    Parameters
    ----------
    piece : str
        One of `pieces_of`.
    font : Font
        The font.
    right, down : int
        Where the text begins within its pixel: quarters of a pixel, from 0 to 3, from the pixel's upper left corner.
        People do not see finer differences, and finer places would need more pictures of each letter.
    """
    quarter = _UNIT // 4
    picture = _picture(piece, font, 0.0, _BLACK, quarter * right, -quarter * down)
    if picture is None:
        return None
    alpha = np.ascontiguousarray(picture.rgba[::-1, :, 3])
    return Coverage(alpha, picture.left, -picture.bottom - len(alpha))


def coverage_of_any(text: Text, words: str, right: float, down: float) -> Coverage | None:
    """Return the coverage of any text: turned, of several lines, or with formulas; None if there is nothing to see.

    Parameters
    ----------
    text : Text
        Has the font, the alignment, the rotation and the resolution.
    words : str
        What is to be written.
    right, down : float
        The place that the words are aligned to, within its pixel: parts of a pixel from the upper left corner.
    """
    one = copy(text)
    one.stale_callback = None
    one.axes = None
    one.set(text=words, position=(0.0, 0.0), transform=IdentityTransform(), color="black", alpha=1.0, clip_on=False)
    one.set_visible(True)
    figure = text.get_figure(root=True)
    assert figure is not None
    box = one.get_window_extent(Renderer(1, 1, figure.dpi))  # type: ignore[no-untyped-call]
    margin = 2 + round(font_of(text.get_fontproperties(), figure.dpi).pixels)  # for strokes beyond the text's box
    left, above = margin - math.floor(box.x0), margin + math.ceil(box.y1)
    width, height = left + math.ceil(box.x1) + margin, above - math.floor(box.y0) + margin
    renderer = Renderer(width, height, figure.dpi)  # type: ignore[no-untyped-call]
    one.set_position((left + right, height - above - down))
    one.draw(renderer)
    alpha: NDArray[np.uint8] = np.asarray(renderer.buffer_rgba())[..., 3]  # type: ignore[no-untyped-call]
    cropped = crop(alpha)
    if cropped is None:
        return None
    rows, columns = cropped
    return Coverage(alpha[rows, columns].copy(), columns.start - left, rows.start - above)


def crop(alpha: NDArray[np.uint8]) -> tuple[slice, slice] | None:
    """Return the rows and columns around all pixels of a picture that are not empty; None if all are."""
    rows, columns = (np.flatnonzero(alpha.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def size_of_text(text: str, font: Font) -> tuple[float, float, float]:
    """Return a line's width, and the height above and below its baseline in Matplotlib's layout, in pixels."""
    above, below = _room(font)
    sizes = [_size(piece, font) for piece, _ in pieces_of(text, font)]
    above = max(above, *(one.height - one.descent for one in sizes))
    return sum(one.width for one in sizes), above, max(below, *(one.descent for one in sizes))


@lru_cache(maxsize=64)
def _room(font: Font) -> tuple[float, float]:
    """Return the height above and below the baseline that Matplotlib's layout gives to each text of a font."""
    text = Text(0.0, 0.0, "0", fontproperties=font.properties, verticalalignment="baseline", parse_math=False)
    text.set_figure(Figure(dpi=font.dpi))
    box = text.get_window_extent(RendererAgg(1, 1, font.dpi))
    return float(box.y1), float(-box.y0)


@lru_cache(maxsize=64)
def _known_font(properties: FontProperties, dpi: float, hinting: object, families: tuple[tuple[str, ...], ...]) -> Font:
    return Font(properties, dpi)


@lru_cache(maxsize=1024)
def pieces_of(text: str, font: Font) -> tuple[tuple[str, float], ...]:
    """Return the pieces of a line of text, and where each begins along the baseline, in pixels. Digits are pieces."""
    whole = ((text, 0.0),)
    if not _SIMPLE.fullmatch(text):
        return whole
    pieces: list[tuple[str, float]] = []
    along, before = 0.0, ""
    for piece in _PIECE.findall(text):
        if before and not _apart(before, piece[0], font):
            return whole
        pieces.append((piece, along))
        along += _size(piece, font).width
        before = piece[-1]
    return tuple(pieces) or whole


@lru_cache(maxsize=4096)
def _apart(one: str, other: str, font: Font) -> bool:
    """Whether two letters can be drawn one by one: the font does not move them closer together (no kerning)."""
    return _size(one + other, font).width == _size(one, font).width + _size(other, font).width


@lru_cache(maxsize=4096)
def _size(text: str, font: Font) -> _Size:
    return _Size(*RendererAgg(1, 1, font.dpi).get_text_width_height_descent(text, font.properties, False))


@lru_cache(maxsize=4096)
def _picture(text: str, font: Font, angle: float, color: Any, right: int, up: int) -> _Picture | None:
    """Return the picture of a text; None if there is nothing to see.

    Its origin is `right` units right of, and `up` units above, a pixel's corner; see `_UNIT`.
    """
    size = _size(text, font)
    margin = font.pixels + 2.0  # for strokes beyond the text's box
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    corners = [
        (along * cos - above * sin, along * sin + above * cos)
        for along in (-margin, size.width + margin)
        for above in (-size.descent - margin, size.height - size.descent + margin)
    ]
    left, bottom = (math.floor(min(place)) for place in zip(*corners, strict=True))
    width, height = (math.ceil(max(place) - min(place)) + 1 for place in zip(*corners, strict=True))
    scratch = RendererAgg(width, height, font.dpi)
    graphics = scratch.new_gc()
    graphics.set_foreground(color, isRGBA=True)
    scratch.draw_text(graphics, right / _UNIT - left, height - (up / _UNIT - bottom), text, font.properties, angle)
    rgba = np.asarray(scratch.buffer_rgba())
    cropped = crop(rgba[..., 3])
    if cropped is None:
        return None
    rows, columns = cropped
    return _Picture(left + columns.start, bottom + height - rows.stop, rgba[rows, columns][::-1].copy())
