"""The interrupt button, as the signal that it sends."""

import os
import signal
from collections.abc import Iterator
from types import FrameType

import pytest

from tfwidget.jupyter.interrupts import BackgroundInterrupts

told: list[str] = []


def note(_number: int, _frame: FrameType | None) -> None:
    told.append("handler")


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, note)
    told.clear()
    yield
    signal.signal(signal.SIGINT, before)


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_listeners_are_told_besides_the_handler_until_they_leave() -> None:
    background = BackgroundInterrupts()
    first, second = lambda: told.append("first"), lambda: told.append("second")
    background.listen()
    assert signal.getsignal(signal.SIGINT) is note, "nobody listens"
    background.add(first)
    background.add(second)
    background.listen()
    background.listen()
    press()
    assert told == ["handler", "first", "second"]
    background.remove(first)
    press()
    assert told[3:] == ["handler", "second"]
    background.remove(second)
    assert signal.getsignal(signal.SIGINT) is note


def test_they_are_told_where_python_would_raise() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    background = BackgroundInterrupts()
    listener = lambda: told.append("listener")  # noqa: E731
    background.add(listener)
    background.listen()
    press()
    background.remove(listener)
    assert told == ["listener"]
