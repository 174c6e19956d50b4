"""Texts as glyphs: pieces of text whose coverage of pixels is sent to pages once.

Invariant: each glyph that a node refers to is in the scene.
"""

from collections.abc import Set
from typing import Any, NamedTuple

from matplotlib.text import Text

from tfwidget.agg import Coverage, Font, coverage_of, coverage_of_any, font_of, pieces_of, size_of_text
from tfwidget.scene.scene import Scene

__all__ = ["MOST", "Atlas"]

MOST = 2000
"""When there are more glyphs than this, those that nothing shows are dropped."""

_ALIGNMENT = {"left": 0.0, "center": 0.5, "right": 1.0}


class _Glyph(NamedTuple):
    id: int
    left: int
    top: int


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
        horizontal, vertical = text.get_horizontalalignment(), text.get_verticalalignment()
        if horizontal != "left" or vertical != "baseline":
            width, above, below = size_of_text(words, font)
            x -= width * _ALIGNMENT[horizontal]
            y -= {
                "top": -above,
                "center": (below - above) / 2,
                "center_baseline": -above / 2,
                "bottom": below,
                "baseline": 0.0,
            }[vertical]
        row, down = divmod(round(4 * y), 4)
        glyphs: list[int] = []
        for piece, along in pieces_of(words, font):
            column, right = divmod(round(4 * (x + along)), 4)
            key = piece, font, right, down
            glyph = self._glyphs[key] if key in self._glyphs else self._add(key, coverage_of(*key))
            if glyph is not None:
                glyphs += (glyph.id, column + glyph.left, row + glyph.top)
        return glyphs

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
