"""The owner thread: the kernel's main thread. It alone touches Matplotlib, the widgets and the steps of a run.

Invariant: what is posted to the `mailbox` runs on the owner thread, either between two steps of a run or in the event
loop, whichever comes first.
"""

import asyncio
import contextlib
import contextvars
import threading
import warnings
from collections.abc import Callable

from tfwidget.errors import TfwidgetWarning
from tfwidget.jupyter import private
from tfwidget.jupyter.mailbox import Mailbox

__all__ = ["cell_context", "event_loop", "later", "mailbox", "note_cell", "note_loop", "on_owner_thread", "rest"]


def on_owner_thread() -> bool:
    """Whether this is the thread that owns Matplotlib, the widgets and the steps of a run."""
    return threading.current_thread() is threading.main_thread()


class _Owner:
    """What is known of the owner thread: its event loop, in which cells run, and the context of the newest cell."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._context = contextvars.Context()
        self._newest_cell = contextvars.Context()

    def note_loop(self) -> None:
        if on_owner_thread():
            with contextlib.suppress(RuntimeError):  # a plain script has no loop: posted calls wait for the next tick
                self._loop = asyncio.get_running_loop()
                self._context = contextvars.copy_context()

    def note_cell(self) -> None:
        if on_owner_thread():
            self._newest_cell = contextvars.copy_context()

    def cell_context(self) -> contextvars.Context:
        return contextvars.copy_context() if on_owner_thread() else self._newest_cell.copy()

    def wake(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            # In the context of a cell: otherwise errors would be shown as an answer to the last message.
            self._loop.call_soon_threadsafe(mailbox.drain, context=self._context.copy())


def _report(error: Exception) -> None:
    warnings.warn(
        f"a message to a widget failed: {type(error).__name__}: {error}",
        TfwidgetWarning,
        stacklevel=2,
    )


_owner = _Owner()
mailbox = Mailbox(_owner.wake, _report)

rest: Callable[[float], bool] = lambda seconds: False  # noqa: E731  a variable, which the session sets
"""Let the run whose code calls it rest for a time in seconds, and tick meanwhile. False if the caller is no run."""


def later(seconds: float, call: Callable[[], object]) -> Callable[[], None]:
    """Post a call to the mailbox after so many seconds; return how to cancel that.

    A timer of the owner's own event loop would wait for the end of a cell that blocks, even if a run is paused in it.
    So the thread that receives messages keeps the time. Where there is no such thread, the owner's loop does. In a
    plain script nobody does, and the next tick goes on.
    """
    waiting = [call]

    def post() -> None:
        if waiting:
            mailbox.post(waiting.pop())

    channel = private.shell_channel(private.kernel())
    if channel is not None:
        channel.call_later(max(seconds, 0.0), post)
    elif (loop := event_loop()) is not None:
        loop.call_later(max(seconds, 0.0), post)
    return waiting.clear


def note_loop() -> None:
    """Remember the event loop that runs now; it is woken when a call is posted."""
    _owner.note_loop()


def note_cell() -> None:
    """Remember the cell that runs now, for `cell_context`."""
    _owner.note_cell()


def cell_context() -> contextvars.Context:
    """Return the context in which output goes to the present cell.

    On the owner thread it is a copy of the current context, on others that of the newest cell, see `cells.watch_cells`.
    Outside of it, ipykernel would send what a user's thread displays as an answer to the last message. That may be one
    of a widget, and then no cell shows the output.
    """
    return _owner.cell_context()


def event_loop() -> asyncio.AbstractEventLoop | None:
    """Return the owner's event loop, in which cells run; None where there is none, as in a script."""
    note_loop()
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
