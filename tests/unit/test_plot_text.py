from tfwidget.plot.text import shorten, text_width


def test_shorten_keeps_the_specific_end() -> None:
    name = "model/encoder/layer_3/attention/kernel"
    short = shorten(name, 100.0)
    assert short.startswith("…")
    assert name.endswith(short[1:])
    assert text_width(short) <= 100.0 < text_width("…" + name[-len(short) :])
    assert shorten("loss", 100.0) == "loss"
    assert shorten("val_accuracy", 40.0, begin=True).startswith("val")
    assert shorten("loss", 0.0) == "…"


def test_a_space_has_a_width() -> None:
    assert text_width("a b") > text_width("ab")
