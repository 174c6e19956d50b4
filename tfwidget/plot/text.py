"""Text that changes with every frame.

Invariant: what is saved to a file is Matplotlib's own text; only what is painted live comes from the cache of glyphs.

Matplotlib renders each character anew at each draw, 0.1 ms apiece, so that four headers cost more than four curves.
Here a character is rendered by Matplotlib once for each size, and lines are put together from these pictures, 50 times
as fast.
"""

from functools import lru_cache

import numpy as np
from matplotlib import rcParams
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text

from tfwidget.plot.theme import TEXT_SIZE

__all__ = ["MovingText", "shorten", "text_width"]

_MARGIN = 2  # pixels around a glyph, for what reaches beyond its advance
_LARGE = 100.0  # pixels; at this size, whole pixels hardly change a glyph's proportions


def text_width(text: str, size: float = TEXT_SIZE, bold: bool = False) -> float:
    """Width of one line of text in points, whatever the resolution; in small pixels it is rather less than more."""
    family = tuple(rcParams["font.family"])
    return sum(_advance(character, _LARGE, family, bold) for character in text) * size / _LARGE


def shorten(text: str, width: float, size: float = TEXT_SIZE, bold: bool = False, *, begin: bool = False) -> str:
    """`text`, or as much of its end (or beginning) as fits into `width` points: a path is most specific at its end."""
    if text_width(text, size, bold) <= width:
        return text
    low, high = 0, len(text)  # how many characters fit
    while low < high:
        middle = (low + high + 1) // 2
        if text_width("…" + (text[:middle] if begin else text[len(text) - middle :]), size, bold) <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low] + "…" if begin else "…" + text[len(text) - low :]


class MovingText(Text):
    """One line of text, not rotated, on its baseline, that is cheap to draw with Agg though it changes each time."""

    _line: tuple[object, np.ndarray, float] | None = None

    def draw(self, renderer: RendererBase) -> None:
        """Draw from the cache of glyphs, or as Matplotlib does where that is not for the screen."""
        figure = self.get_figure(root=True)
        if not isinstance(renderer, RendererAgg) or figure is None or figure.canvas.is_saving():
            super().draw(renderer)
            return
        line = self.picture(renderer.dpi)
        if line is not None:
            pixels, left, bottom = line
            graphics = renderer.new_gc()
            renderer.draw_image(graphics, left, bottom, pixels)
            graphics.restore()

    def picture(self, dpi: float) -> tuple[np.ndarray, int, int] | None:
        """The line as pixels, and the place of their lower left corner in the figure; None where there is no text.

        Returns
        -------
        pixels : array of uint8, shape (rows, columns, 4)
            RGBA, the lowest row first. The same array until the text or its look changes.
        left, bottom : int
            In pixels.
        """
        text = self.get_text()
        if not text or not self.get_visible():
            return None
        x, y = self.get_transform().transform(self.get_position())
        size = float(self.get_fontsize()) * dpi / 72.0
        family = tuple(self.get_fontfamily())
        key = (text, size, family, self.get_color())
        if self._line is None or self._line[0] != key:
            self._line = (key, *_compose(text, size, family, to_rgba(self.get_color())))
        _, pixels, advance = self._line
        x -= advance * {"left": 0.0, "center": 0.5, "right": 1.0}[self.get_horizontalalignment()]
        return pixels, round(x) - _MARGIN, round(y) - _rows(size)[1]


def _compose(
    text: str, size: float, family: tuple[str, ...], color: tuple[float, float, float, float]
) -> tuple[np.ndarray, float]:
    """A line of text as RGBA, and its advance in pixels."""
    x = 0.0
    placed = []
    for character in text:
        placed.append((round(x), _glyph(character, size, family)))
        x += _advance(character, size, family, False)
    width = max(column + glyph.shape[1] for column, glyph in placed)
    alpha = np.zeros((sum(_rows(size)), width), np.uint8)
    for column, glyph in placed:
        part = alpha[:, column : column + glyph.shape[1]]
        np.maximum(part, glyph, out=part)
    line = np.empty((*alpha.shape, 4), np.uint8)
    line[...] = [round(255 * part) for part in color]
    line[..., 3] = alpha
    return line[::-1], x  # Agg draws images from the bottom


def _rows(size: float) -> tuple[int, int]:
    return int(np.ceil(1.2 * size)) + _MARGIN, int(np.ceil(0.4 * size)) + _MARGIN


@lru_cache(maxsize=4096)
def _advance(character: str, size: float, family: tuple[str, ...], bold: bool) -> float:
    """How far the next character is from this one, in pixels; whole ones at small sizes, for so fonts are hinted."""
    font = FontProperties(family=list(family), size=size, weight="bold" if bold else "normal")
    measure = _scratch(1, 1).get_text_width_height_descent
    # Between two others: a space has no width of its own.
    wide, narrow = (measure(text, font, False)[0] for text in (f"0{character}0", "00"))  # type: ignore[no-untyped-call]
    return float(wide - narrow)


@lru_cache(maxsize=4096)
def _glyph(character: str, size: float, family: tuple[str, ...]) -> np.ndarray:
    """How much of each pixel a character covers, 0 to 255; the top row first."""
    above, below = _rows(size)
    width = int(np.ceil(_advance(character, size, family, False))) + 2 * _MARGIN
    renderer = _scratch(width, above + below)
    graphics = renderer.new_gc()
    renderer.draw_text(graphics, _MARGIN, above, character, FontProperties(family=list(family), size=size), 0.0)
    graphics.restore()
    covered = np.asarray(renderer.buffer_rgba())[..., 3].copy()
    covered.setflags(write=False)
    return covered


def _scratch(width: int, height: int) -> RendererAgg:
    return RendererAgg(width, height, 72.0)  # one point is one pixel
