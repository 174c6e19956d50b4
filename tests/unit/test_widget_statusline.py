"""What a plot says of a run, as text."""

import math
from dataclasses import replace
from typing import get_args

import pytest

from tfwidget.run.status import State, Status
from tfwidget.widget.statusline import MAX_LATEST, counter, duration, progress, status_line

STATUS = Status(
    state="running",
    step=1200,
    total=4000,
    elapsed=61.4,
    steps_per_second=19.54321,
    remaining=143.0,
    plotting_share=0.0123,
    frames_per_second=12.3,
    latest={"loss": 0.123456},
    error=None,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (0.4, "0:00"),
        (59.6, "1:00"),
        (61.4, "1:01"),
        (3599.7, "1:00:00"),
        (90_000, "25:00:00"),
        (math.inf, "∞"),
        (math.nan, "∞"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_status_line_tells_it_all() -> None:
    line = status_line(STATUS)
    for text in ("running", "19.54 steps/s", "12 frames/s", "1:01", "2:23", "1.2%", "loss", "0.1235"):
        assert text in line
    assert "tfw-error" not in line


@pytest.mark.parametrize("state", get_args(State))
def test_each_state_has_a_badge_of_its_own(state: State) -> None:
    assert f'tfw-{state}">{state}<' in status_line(replace(STATUS, state=state))


def test_what_is_not_known_is_not_said() -> None:
    assert "left" not in status_line(replace(STATUS, remaining=None))


def test_a_long_list_of_values_is_cut() -> None:
    line = status_line(replace(STATUS, latest={f"metric {i}": i for i in range(200)}))
    assert f"metric {MAX_LATEST - 1}<" in line
    assert f"metric {MAX_LATEST}<" not in line
    assert f"+{200 - MAX_LATEST} more" in line


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_no_number(value: float) -> None:
    assert f"> {value}</span>" in status_line(replace(STATUS, latest={"loss": value}))


def test_names_and_errors_of_the_user_are_text_not_html() -> None:
    line = status_line(replace(STATUS, latest={"<b>loss": 1.0}, error="ValueError: <script>" + "x" * 1000))
    assert "&lt;b&gt;loss" in line
    assert "&lt;script&gt;" in line
    assert "<script>" not in line
    assert "x" * 301 not in line


@pytest.mark.parametrize(
    ("status", "value", "style"),
    [
        (STATUS, 0.3, ""),
        (replace(STATUS, step=5000), 1.0, ""),
        (replace(STATUS, state="paused"), 0.3, "warning"),
        (replace(STATUS, state="finished", step=4000), 1.0, "success"),
        (replace(STATUS, state="failed"), 0.3, "danger"),
        (replace(STATUS, state="stopped"), 0.3, ""),
        (replace(STATUS, total=None), 1.0, ""),
        (replace(STATUS, total=None, step=0), 0.0, ""),
        (replace(STATUS, total=0, step=0), 0.0, ""),
    ],
)
def test_the_progress_bar(status: Status, value: float, style: str) -> None:
    assert progress(status) == (value, style)


def test_the_counter() -> None:
    assert "1,200 / 4,000" in counter(STATUS)
    assert "/" not in counter(replace(STATUS, total=None)).replace("</span>", "")
