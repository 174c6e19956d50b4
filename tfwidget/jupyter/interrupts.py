"""The interrupt button: who is told of it between cells.

Invariant: when nobody listens any more, the handler of SIGINT is what it was.
"""

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from tfwidget.jupyter import private

__all__ = ["BackgroundInterrupts"]


class BackgroundInterrupts:
    """Tells background runs of the interrupt button, which ipykernel ignores between cells.

    In a blocking cell it is KeyboardInterrupt as always: ipykernel puts its own handler in our place for each cell. In
    a cell that awaits, both are told.
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
        # A cell that awaits is under way: ipykernel keeps for its end what was there when it began.
        private.replace_kept_handler(_Interrupt, lambda kept: kept.former)

    def listen(self) -> None:
        """Take over from whoever handles interrupts now; called before each slice, for cells put handlers back."""
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
