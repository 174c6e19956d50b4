import pytest
from matplotlib.colors import to_rgb

from tfwidget.plot.theme import DARK, LIGHT, Theme


def luminance(color: str) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_text_and_data_stand_out_from_the_face(theme: Theme) -> None:
    assert len(theme.face) == 7, "opaque"
    for text in (theme.text, theme.muted, theme.warning):
        assert contrast(text, theme.face) >= 4.5, text
    for color in theme.series:
        assert contrast(color, theme.face) >= 3.0, color
    assert contrast(theme.grid, theme.face) < 1.5, "the grid must not compete with the data"
