"""The interrupt button between cells: background runs are told of it.

Invariant: when the last listener is removed, the former handler of SIGINT is back.
"""

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from tfwidget.jupyter import private

__all__ = ["BackgroundInterrupts"]


class BackgroundInterrupts:
    """Tells background runs when the interrupt button is pressed, which ipykernel ignores between cells.

    A blocking cell gets a KeyboardInterrupt as always, because ipykernel installs its own handler for each cell. A cell
    that awaits is interrupted, and the background runs are told as well.
    """

    def __init__(self) -> None:
        self._listeners: list[Callable[[], object]] = []

    def add(self, listener: Callable[[], object]) -> None:
        """Call `listener` without arguments at each interrupt."""
        self._listeners.append(listener)

    def remove(self, listener: Callable[[], object]) -> None:
        """Undo `add`."""
        self._listeners.remove(listener)
        if self._listeners:
            return
        handler = signal.getsignal(signal.SIGINT)
        if isinstance(handler, _Interrupt):
            signal.signal(signal.SIGINT, handler.former)
        # If a cell that awaits is running, ipykernel will put back at its end the handler that it found: maybe ours.
        private.replace_kept_handler(_Interrupt, lambda kept: kept.former)

    def listen(self) -> None:
        """Install our handler around the present one. Call it before each slice: each cell puts the former back."""
        handler = signal.getsignal(signal.SIGINT)
        if self._listeners and not isinstance(handler, _Interrupt):
            signal.signal(signal.SIGINT, _Interrupt(self._listeners, handler))


class _Interrupt:
    def __init__(self, listeners: list[Callable[[], object]], former: Any) -> None:
        self._listeners = listeners
        self.former = former

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if callable(self.former) and self.former is not signal.default_int_handler:
            self.former(number, frame)
        for listener in list(self._listeners):
            listener()
