"""The width of text, and texts cut to a width.

Invariant: widths are in points and do not depend on the resolution, so a layout fits at every resolution.
"""

from collections.abc import Sequence
from functools import lru_cache

from matplotlib import rcParams
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties

from tfwidget.plot.theme import TEXT_SIZE

__all__ = ["fitting", "shorten", "text_width", "wrapped"]

_LARGE = 100.0  # pixels: the size at which characters are measured, where rounding to pixels hardly matters


def text_width(text: str, size: float = TEXT_SIZE, bold: bool = False) -> float:
    """Return the width of one line of text, in points. On a screen it may be slightly less."""
    return sum(map(_advances(tuple(rcParams["font.family"]), bold).__getitem__, text)) * size / _LARGE


def shorten(text: str, width: float, size: float = TEXT_SIZE, bold: bool = False, *, begin: bool = False) -> str:
    """Cut a text to `width` points. The end is kept, since it is most specific in a path; or if `begin`, the begin."""
    if text_width(text, size, bold) <= width:
        return text
    low, high = 0, len(text)  # bounds of the number of characters that fit
    while low < high:
        middle = (low + high + 1) // 2
        if text_width("…" + (text[:middle] if begin else text[len(text) - middle :]), size, bold) <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low] + "…" if begin else "…" + text[len(text) - low :]


def fitting(parts: Sequence[str], width: float) -> str:
    """Return as many of the first `parts` as fit into `width` points. If only one fits, it is the second."""
    for count in range(len(parts), 1, -1):
        text = " · ".join(parts[:count])
        if text_width(text) <= width:
            return text
    return next((part for part in reversed(parts[:2]) if text_width(part) <= width), parts[0] if parts else "")


def wrapped(text: str, width: float, most: int) -> list[str]:
    """Break a text into lines of `width` points. If there are more than `most`, the last one ends with an ellipsis."""
    lines = [""]
    for word in text.split():
        for piece in _pieces(word, width):
            longer = f"{lines[-1]} {piece}".strip()
            if text_width(longer) <= width:
                lines[-1] = longer
            else:
                lines.append(piece)
    return lines if len(lines) <= most else [*lines[: most - 1], lines[most - 1][:-1] + "…"]


def _pieces(word: str, width: float) -> list[str]:
    """Cut a word into pieces of at most `width` points."""
    if text_width(word) <= width:
        return [word]
    length = max(int(len(word) * width / text_width(word)) - 1, 1)
    return [word[start : start + length] for start in range(0, len(word), length)]


class _Advances(dict[str, float]):
    """The width of each character, in pixels, at the size `_LARGE`. It is measured when it is first needed."""

    def __init__(self, family: tuple[str, ...], bold: bool) -> None:
        self._font = FontProperties(family=list(family), size=_LARGE, weight="bold" if bold else "normal")

    def __missing__(self, character: str) -> float:
        renderer = RendererAgg(1, 1, 72.0)  # one point is one pixel
        width: float = renderer.get_text_width_height_descent(character, self._font, False)[0]
        self[character] = width
        return width


_advances = lru_cache(maxsize=16)(_Advances)
