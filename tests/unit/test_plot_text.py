from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text

from tests.unit.plot_frames import new_figure, pixels
from tfwidget.plot.text import MovingText, shorten, text_width


def drawn(kind: type[Text], text: str, dpi: float, **options: object) -> np.ndarray:
    figure = new_figure(200, 40, dpi)
    figure.add_artist(kind(0.5, 0.5, text, fontsize=7.5, va="baseline", color="#666666", parse_math=False, **options))
    return pixels(figure)[..., :3].astype(float)


@pytest.mark.parametrize("dpi", [100.0, 200.0])
@pytest.mark.parametrize("align", ["left", "right"])
def test_it_looks_as_matplotlib_draws_it(dpi: float, align: str) -> None:
    text = "step 12 · −0.5 … 3"
    ours, theirs = drawn(MovingText, text, dpi, ha=align), drawn(Text, text, dpi, ha=align)
    ink, their_ink = 255.0 - ours, 255.0 - theirs
    assert ink.sum() == pytest.approx(their_ink.sum(), rel=0.1)
    for axis in (0, 1):
        profile, their_profile = ink.sum(axis=(axis, 2)), their_ink.sum(axis=(axis, 2))
        centre = np.average(np.arange(len(profile)), weights=profile)
        assert centre == pytest.approx(np.average(np.arange(len(profile)), weights=their_profile), abs=1.5)


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_saved_file_has_matplotlibs_own_text(suffix: str, tmp_path: Path) -> None:
    files = []
    for kind in (MovingText, Text):
        figure = new_figure(200, 40)
        figure.add_artist(kind(0.1013, 0.5, "loss 0.5", va="baseline", fontsize=7.5))
        files.append(tmp_path / f"{kind.__name__}.{suffix}")
        figure.savefig(files[-1], metadata={"Date": None} if suffix == "svg" else None)
    ours, theirs = (file.read_bytes() for file in files)
    if suffix == "png":
        assert ours == theirs
    else:
        assert b"loss 0.5" in ours


def test_names_are_never_mathtext() -> None:
    assert drawn(MovingText, "$\\frac{", 100.0).min() < 255


def test_what_is_invisible_is_not_drawn() -> None:
    assert drawn(MovingText, "loss", 100.0, visible=False).min() == 255
    assert drawn(MovingText, "", 100.0).min() == 255


def test_shorten_keeps_the_specific_end() -> None:
    name = "model/encoder/layer_3/attention/kernel"
    short = shorten(name, 100.0)
    assert short.startswith("…")
    assert name.endswith(short[1:])
    assert text_width(short) <= 100.0 < text_width("…" + name[-len(short) :])
    assert shorten("loss", 100.0) == "loss"
    assert shorten("val_accuracy", 40.0, begin=True).startswith("val")
    assert shorten("loss", 0.0) == "…"
