"""Colours and sizes of the plots, light and dark.

Invariant: faces are opaque, text stands out by at least 4.5 : 1 from the face and data by at least 3 : 1 (contrast as
WCAG counts it), and the series colours follow Okabe and Ito, so that they can be told apart with any colour vision.
"""

from dataclasses import dataclass

__all__ = ["DARK", "LIGHT", "RC", "TEXT_SIZE", "TITLE_SIZE", "Theme"]

TITLE_SIZE = 9.0  # points
TEXT_SIZE = 7.5

# What a person's rcParams could change in a way that breaks a panel: used while its artists are made, never globally.
RC: dict[str, object] = {
    "text.usetex": False,
    "text.parse_math": False,
    "axes.unicode_minus": True,
    "path.sketch": None,
    "path.effects": [],
}


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of one theme.

    Attributes
    ----------
    face : str
        The figure's background. It is opaque: ipympl sends only the changed pixels of a picture without transparency,
        and the whole picture of one with.
    text, muted, warning : str
        Names and newest values; ticks and notes; errors and non-finite values.
    grid, spine : str
        Lines that must not compete with the data.
    series : tuple of str
        One colour per curve of a panel: the first is training, the second validation, the third test.
    """

    face: str
    text: str
    muted: str
    warning: str
    grid: str
    spine: str
    series: tuple[str, ...]


LIGHT = Theme(
    face="#ffffff",
    text="#212121",
    muted="#666666",
    warning="#b3261e",
    grid="#ececec",
    spine="#c4c4c4",
    series=("#0072b2", "#d55e00", "#009e73", "#b0538a", "#946200", "#5f6b73"),
)
DARK = Theme(
    face="#111111",
    text="#e8e8e8",
    muted="#a0a0a0",
    warning="#ff8a80",
    grid="#262626",
    spine="#4a4a4a",
    series=("#56b4e9", "#f0a020", "#2fc79a", "#e08dbb", "#f0e442", "#b0bec5"),
)
