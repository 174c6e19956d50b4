"""Texts as glyphs: pieces of text whose coverage of pixels is sent to pages once.

Invariant: each glyph that a node refers to is in the scene.
"""

from collections.abc import Set
from typing import Any, NamedTuple

from matplotlib.text import Text

from tfwidget.agg import Coverage, Font, coverage_of, coverage_of_any, font_of, pieces_of, size_of_text
from tfwidget.scene.scene import Scene

__all__ = ["MOST", "Atlas", "Run"]

MOST = 2000
"""When there are more glyphs than this, those that nothing shows are dropped."""

_ALIGNMENT = {"left": 0.0, "center": 0.5, "right": 1.0}
_AWAY = 2**24  # quarters of a pixel: added before rounding down, so that it is not towards zero


class _Glyph(NamedTuple):
    id: int
    left: int
    top: int


class Run:
    """One line of plain text after another at one place, by the baseline.

    Parameters
    ----------
    atlas : Atlas
    font : Font
    alignment : float
        The part of a line that is left of its place.
    x, y : float
        The place, in pixels from the figure's upper left corner.
    parse_math : bool
        Whether what is between dollar signs is a formula.
    matrix : bytes
        The transform that the place was found with.
    """

    __slots__ = ("_alignment", "_atlas", "_font", "_formula", "_x", "_y", "matrix")

    def __init__(
        self, atlas: "Atlas", font: Font, alignment: float, x: float, y: float, parse_math: bool, matrix: bytes
    ) -> None:
        self._atlas, self._font, self._alignment, self._x, self._y = atlas, font, alignment, x, y
        self._formula = "$" if parse_math else "\n"
        self.matrix = matrix

    def write(self, words: str) -> list[int] | None:
        """Glyphs of `words`; None where they are no line of plain text, or nothing."""
        if "\n" in words or self._formula in words or not words.strip():
            return None
        return self._atlas.line(words, self._font, self._alignment, self._x, self._y)


class Atlas:
    """The glyphs of a figure, found by the text that they show.

    Parameters
    ----------
    scene : Scene
        Takes their nodes.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._glyphs: dict[object, _Glyph | None] = {}
        self._fonts: dict[tuple[int, float], Font] = {}

    def __len__(self) -> int:
        return len(self._glyphs)

    def write(self, text: Text, words: str, x: float, y: float) -> list[int]:
        """Return the glyphs of `words` in the style of a text, in the form of `tfwidget.scene.protocol.Text.glyphs`.

        Parameters
        ----------
        text : Text
            Has the font, the alignment and the rotation. Its own words and place are ignored.
        words : str
            What is to be written.
        x, y : float
            The place that the words are aligned to, in pixels from the figure's upper left corner.
        """
        font = self._font(text)
        if not _is_plain(text, words):
            return self._write_any(text, words, font, x, y)
        vertical = text.get_verticalalignment()
        if vertical != "baseline":
            _, above, below = size_of_text(words, font)
            y -= {"top": -above, "center": (below - above) / 2, "center_baseline": -above / 2, "bottom": below}[
                vertical
            ]
        return self.line(words, font, _ALIGNMENT[text.get_horizontalalignment()], x, y)

    def line(self, words: str, font: Font, alignment: float, x: float, y: float) -> list[int]:
        """Glyphs of a line of plain text, by its baseline, see `Run`."""
        pieces = pieces_of(words, font)
        if alignment:
            x -= alignment * size_of_text(words, font)[0]
        known = self._glyphs
        quarters = int(4.0 * y + 0.5 + _AWAY) - _AWAY
        row, down = quarters >> 2, quarters & 3
        glyphs: list[int] = []
        for piece, along in pieces:
            quarters = int(4.0 * (x + along) + 0.5 + _AWAY) - _AWAY
            key = piece, font, quarters & 3, down
            try:
                glyph = known[key]
            except KeyError:
                glyph = self._add(key, coverage_of(*key))
            if glyph is not None:
                number, left, top = glyph
                glyphs += (number, (quarters >> 2) + left, row + top)
        return glyphs

    def run(self, text: Text, x: float, y: float) -> Run | None:
        """What writes other words as a text does, at its place; None where that is no plain line by its baseline."""
        transform = text.get_transform()
        if not (text.get_verticalalignment() == "baseline" and _is_plain(text, "") and transform.is_affine):
            return None
        alignment, matrix = _ALIGNMENT[text.get_horizontalalignment()], transform.get_matrix().tobytes()
        return Run(self, self._font(text), alignment, x, y, text.get_parse_math(), matrix)

    def _write_any(self, text: Text, words: str, font: Font, x: float, y: float) -> list[int]:
        column, right = divmod(round(4 * x), 4)
        row, down = divmod(round(4 * y), 4)
        private: Any = text
        key = (
            words, font, right, down, text.get_rotation(), text.get_rotation_mode(), text.get_horizontalalignment(),
            text.get_verticalalignment(), private._linespacing, private._multialignment, text.get_usetex(),
            text.get_fontfeatures(), text.get_language(),
        )  # fmt: skip
        if key in self._glyphs:
            glyph = self._glyphs[key]
        else:
            glyph = self._add(key, coverage_of_any(text, words, right / 4, down / 4))
        return [] if glyph is None else [glyph.id, column + glyph.left, row + glyph.top]

    def _add(self, key: object, coverage: Coverage | None) -> _Glyph | None:
        glyph = None
        if coverage is not None:
            glyph = _Glyph(self._scene.new_id(), coverage.left, coverage.top)
            self._scene.put(glyph.id, {"kind": "glyph", "alpha": coverage.alpha})
        self._glyphs[key] = glyph
        return glyph

    def _font(self, text: Text) -> Font:
        properties = text.get_fontproperties()
        figure = text.get_figure(root=True)
        assert figure is not None
        key = hash(properties), figure.dpi
        if key not in self._fonts:
            self._fonts[key] = font_of(properties, figure.dpi)
        return self._fonts[key]

    def keep(self, used: Set[int]) -> None:
        """Drop all glyphs but those with these ids."""
        for key, glyph in list(self._glyphs.items()):
            if glyph is None or glyph.id not in used:
                del self._glyphs[key]
                if glyph is not None:
                    self._scene.drop(glyph.id)

    def restart(self) -> None:
        """Forget all glyphs; called when the scene is restarted."""
        self._glyphs.clear()
        self._fonts.clear()


def _is_plain(text: Text, words: str) -> bool:
    """Whether it is one upright line of letters, which can be laid out without Matplotlib."""
    return not (
        text.get_rotation()
        or "\n" in words
        or ("$" in words and text.get_parse_math())
        or text.get_usetex()
        or text.get_fontfeatures()
        or text.get_language()
    )
