"""That the benchmarks still run: each part once, as small as can be. What they measure so means nothing."""

import dataclasses
from pathlib import Path

import pytest
from PIL import Image

from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks import browser, peers
from tests.benchmarks.alone import interval, of_frames
from tests.benchmarks.client import benchmarked
from tests.benchmarks.options import Options
from tests.bootstrap import find_browser
from tests.kernels import AS_INSTALLED, NEWEST, write_specs
from tests.lab.harness import opened

QUICK = Options(
    rounds=1, seconds=0.3, settle=0.2, lengths=(0.8,), points=100, turns=3, recorded=1_000_000, minute=2.0, drops=1
)
WAYS = ("with_tfwidget", "with_ipympl", "fit_live")


def rows(text: str) -> list[str]:
    """The first column of every table."""
    return [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]


def test_every_part_without_a_browser_prints_its_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("TOOLS", "FIT"):
        few = (dataclasses.replace(tool, rates=tool.rates[:2]) for tool in getattr(peers, name) if tool.way in WAYS)
        monkeypatch.setattr(peers, name, tuple(few))
    options = dataclasses.replace(QUICK, picture=tmp_path / "throughput.png")
    with benchmarked(NEWEST) as client:
        for part in benchmarks.HEADLESS.values():
            part(client, options)
        # A frame may be acknowledged when its figure has just been closed.
        assert not [error for error in client.kernel.errors_of_handlers() if "No such comm" not in error]
    told = rows(capsys.readouterr().out)
    for row in ("tfwidget", "ipympl", "`LiveCallback`, `verbose=0`", "5 ms", "0.8 ms", "0", "100", "1,000,000"):
        assert row in told
    with Image.open(tmp_path / "throughput.png") as picture:
        assert picture.width > 300


def test_every_part_in_the_browser_prints_its_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    executable = find_browser()
    if executable is None:
        pytest.skip("no Chromium or Chrome")
    title, cells = list(browser.cases().items())[-1]
    monkeypatch.setattr(browser, "cases", lambda: {title: cells})
    with opened(tmp_path, write_specs(tmp_path / "specs", (NEWEST,), AS_INSTALLED), executable) as lab:
        for part in benchmarks.BROWSER.values():
            part(lab, QUICK)
    told = rows(capsys.readouterr().out)
    assert told.count(title) == 2
    assert told.count("tfwidget") == 3
    assert "1 of 1" in told, "the picture was right again after messages had been lost"


@pytest.mark.parametrize("frames", [0, 1, 3])
def test_what_is_spent_on_recording_is_added_to_the_frame_that_shows_it(frames: int) -> None:
    between = [0.01, 0.02, 1.0, 0.01, 2.0, 0.03, 3.0]
    costs = of_frames(between, frames)
    assert costs == pytest.approx([1.03, 2.01, 3.03][:frames] if frames == 3 else [sum(between)][:frames])


def test_an_interval_of_the_median_holds_it() -> None:
    low, high = map(float, interval([number / 100 for number in range(101)]).split(" to "))
    assert 0.3 < low < 0.5 < high < 0.7
