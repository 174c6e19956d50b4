"""The drivers of a run: a blocking cell, or the event loop for a run in the background.

Invariant: on the owner thread one thing happens at a time. A background run makes its steps in slices. Messages, cells,
timers and other runs have their turns between two slices, and none of them ever begins inside a step.

A background run is a greenlet on the owner thread. A tick whose slice is used up switches to the asyncio task that
drives the run. The task lets the event loop turn, and switches back. So the training is ordinary code, and needs no
thread of its own.
"""

import asyncio
import contextlib
import contextvars
import math
import time
from collections.abc import Callable
from typing import Any, Protocol

from greenlet import GreenletExit, getcurrent, greenlet

from tfwidget.jupyter.mailbox import Mailbox

__all__ = ["SLICE", "TURNS", "Background", "Blocking", "Driver"]

SLICE = 0.02
"""Seconds of steps after which a background run lets others have their turn."""

SLOW = 0.25
"""A slice of more seconds than this makes the notebook feel slow."""

TURNS = 8
"""Turns of the event loop between two slices. A message passes several callbacks before its cell begins."""


class Driver(Protocol):
    """What a run needs of its driver."""

    @property
    def active(self) -> bool:
        """Whether the code that runs now is the run's own."""
        ...

    @property
    def slice_end(self) -> float:
        """When others are to have their turn, by the clock."""
        ...

    def between_steps(self) -> None:
        """Let others have their turn, if it is time."""
        ...

    def wait(self, timeout: float | None) -> None:
        """Wait until `wake` is called or a message arrives, at most `timeout` seconds; None: without a limit."""
        ...

    def wake(self) -> None:
        """End the wait."""
        ...

    @property
    def waits_for(self) -> str | None:
        """What the run waits for before it makes its next step, as words for the user; None if it does not wait."""
        ...

    @property
    def slow_step(self) -> float | None:
        """Seconds of a step, if it is so long that others have to wait for it; else None."""
        ...

    def throw(self, error: BaseException) -> None:
        """Raise `error` inside the training."""
        ...


class Blocking:
    """Drives a run in the cell that makes its steps.

    Parameters
    ----------
    mailbox : Mailbox
        Where messages of the browser arrive.
    """

    waits_for = None
    slow_step = None
    slice_end = math.inf

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._greenlet = getcurrent()

    @property
    def active(self) -> bool:
        """Whether the code that runs now is that of the cell, not of a background run."""
        return getcurrent() is self._greenlet

    def between_steps(self) -> None:
        """Do nothing: nobody else has a turn while a cell blocks the event loop."""

    def wait(self, timeout: float | None) -> None:
        """Wait for messages, and handle them."""
        self._mailbox.wait(timeout)
        self._mailbox.drain()

    def wake(self) -> None:
        """Do nothing: commands arrive in the mailbox, and that ends the wait."""

    def throw(self, error: BaseException) -> None:
        """Raise `error` here: the code that runs now is the training."""
        raise error


class Background:
    """Drives a run between the event loop's turns.

    Parameters
    ----------
    call : callable
        The training. It must not raise.
    before_slice : callable, optional
        Called before each slice.
    clock : callable, optional
        Returns the time in seconds.
    """

    def __init__(
        self,
        call: Callable[[], object],
        *,
        before_slice: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._greenlet: Any = greenlet(call)
        # What the training prints goes to the cell that started it.
        self._greenlet.gr_context = contextvars.copy_context()
        self._before_slice = before_slice
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self.slice_end = -math.inf
        self._thrown: BaseException | None = None
        self._slow_slices: list[float] = []  # the last ones, at most two, with no quick one between or after them
        self.waits_for: str | None = None  # is None again when the next slice begins

    @property
    def active(self) -> bool:
        """Whether the code that runs now is the training."""
        return getcurrent() is self._greenlet

    @property
    def ended(self) -> bool:
        """Whether the training has ended."""
        return bool(self._greenlet.dead)

    @property
    def slow_step(self) -> float | None:
        """Seconds of a step, if two in a row were so long that others wait. One alone may have compiled a function."""
        return min(self._slow_slices) if len(self._slow_slices) > 1 else None

    async def drive(self) -> None:
        """Make slices until the training has ended."""
        self._loop = asyncio.get_running_loop()
        try:
            timeout = self._slice()
            while not self.ended:
                if timeout is None:
                    for _ in range(TURNS):
                        await asyncio.sleep(0)
                else:
                    await self._sleep(timeout)
                timeout = self._slice()
        finally:
            # The event loop ends before the training has: end the training, so that its `finally` clauses run.
            while not self.ended:
                self._thrown = GreenletExit()
                self._slice()

    def _slice(self) -> float | None:
        self._before_slice()
        self.waits_for = None
        began = self._clock()
        self.slice_end = began + SLICE
        self._greenlet.parent = getcurrent()
        thrown, self._thrown = self._thrown, None
        request: float | None = self._greenlet.switch() if thrown is None else self._greenlet.throw(thrown)
        took = self._clock() - began
        self._slow_slices = [*self._slow_slices[-1:], took] if took > SLOW else []
        return request

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if math.isinf(seconds) else seconds):
                await self._woken.wait()
        self._woken.clear()

    def between_steps(self) -> None:
        """Let the loop turn when the slice is used up."""
        if self._clock() >= self.slice_end:
            self._greenlet.parent.switch(None)

    def wait(self, timeout: float | None) -> None:
        """Let others use the event loop until `wake` is called, at most `timeout` seconds; None: without a limit."""
        self._greenlet.parent.switch(math.inf if timeout is None else timeout)

    def wake(self) -> None:
        """End the wait."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)  # signal handlers may call this

    def throw(self, error: BaseException) -> None:
        """Raise `error` inside the training: at once if it runs now, else when its next slice begins.

        A training that has not begun, or has ended, ignores it: the error would end the event loop.
        """
        if self.active:
            raise error
        if self._greenlet:
            self._thrown = error
            self.wake()
