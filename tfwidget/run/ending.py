"""The end of a run: its outcome, the calls that follow it, and the cells that await it.

Invariant: an outcome is decided once, and then every cell that awaits it goes on.
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
        """Whether no more steps are made. The outcome may be decided later."""
        self.outcome: Outcome | None = None
        self.error: BaseException | str | None = None
        self._result: object = None
        self._calls: list[Callable[[], object]] = []
        self._calls_of_awaiter: list[Callable[[], object]] = []
        self._waiters: list[asyncio.Future[None]] = []

    def decide(self, outcome: Outcome, error: BaseException | str | None, result: object) -> None:
        """Set how the run ended; the caller calls this once."""
        self.outcome, self.error, self._result = outcome, error, result

    def at_end(self, call: Callable[[], object], *, awaited: bool) -> None:
        """Call `call` when the run ends; if `awaited`, once more in the first cell that awaits it."""
        self._calls.append(call)
        if awaited:
            self._calls_of_awaiter.append(call)

    def tell(self) -> None:
        """Make the calls that were registered, and let the cells that await the run go on."""
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
        """Cancel the cells that await the run."""
        for waiter in self._waiters:
            waiter.cancel()

    def wait(self, run: object, cancelled: Callable[[], object]) -> Generator[Any, None, object]:
        """Wait for the end; return the result, or raise what ended the run.

        Parameters
        ----------
        run : object
            The run, for an error message.
        cancelled : callable
            Called without arguments when the cell that awaits is cancelled.

        Raises
        ------
        RunError
            If the run was interrupted inside a step.
        Exception
            The error that ended the run, if there was one.
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
            # Raised as it is, a KeyboardInterrupt would interrupt the cell that awaits, too.
            raise RunError(f"{run!r} was interrupted inside a step") from self.error
        if isinstance(self.error, BaseException):
            raise self.error
        return self._result
