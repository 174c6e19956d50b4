"""How a run ends: its outcome, those who are told, and those who await it.

Invariant: an outcome is decided once, and nobody who waits for it is left waiting.
"""

import asyncio
from collections.abc import Callable, Generator
from typing import Any

from tfwidget.errors import RunError
from tfwidget.run.status import Outcome

__all__ = ["Ending"]


class Ending:
    """The end of one run."""

    def __init__(self) -> None:
        self.is_over = False
        """Whether no more steps are made. The outcome may become known later."""
        self.outcome: Outcome | None = None
        self.error: BaseException | str | None = None
        self._result: object = None
        self._calls: list[Callable[[], object]] = []
        self._calls_of_awaiter: list[Callable[[], object]] = []
        self._waiters: list[asyncio.Future[None]] = []

    def decide(self, outcome: Outcome, error: BaseException | str | None, result: object) -> None:
        """Say how the run ended."""
        self.outcome, self.error, self._result = outcome, error, result

    def at_end(self, call: Callable[[], object], *, awaited: bool) -> None:
        """Call `call` when the run ends; if `awaited`, once more in the first cell that awaits it."""
        self._calls.append(call)
        if awaited:
            self._calls_of_awaiter.append(call)

    def tell(self) -> None:
        """Tell everybody that the run has ended."""
        try:
            while self._calls:
                self._calls.pop(0)()
        finally:
            self._calls.clear()
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self._waiters.clear()

    def cancel_waiters(self) -> None:
        """End the cells that await the run."""
        for waiter in self._waiters:
            waiter.cancel()

    def wait(self, run: object, cancelled: Callable[[], object]) -> Generator[Any, None, object]:
        """Wait for the end; return the result, or raise what ended the run.

        Parameters
        ----------
        run : object
            What an error message names.
        cancelled : callable
            Called without arguments when whoever awaits is cancelled.
        """
        if self.outcome is None:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                yield from waiter
            except asyncio.CancelledError:
                cancelled()
                raise
        while self._calls_of_awaiter:
            self._calls_of_awaiter.pop(0)()
        if isinstance(self.error, KeyboardInterrupt):
            # An awaiting cell must not be interrupted in its turn.
            raise RunError(f"{run!r} was interrupted inside of a step") from self.error
        if isinstance(self.error, BaseException):
            raise self.error
        return self._result
