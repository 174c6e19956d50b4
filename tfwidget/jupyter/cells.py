"""Cells: which one runs, when one begins and ends, and what is shown in it.

Invariant: only cells that run on the owner thread are reported. Those of a subshell run beside them and are ignored.
Outside of IPython there are no cells, and nothing here fails.
"""

import atexit
import sys
import traceback
from collections.abc import Callable
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display, update_display

from tfwidget.jupyter import private
from tfwidget.jupyter.owner import note_cell, note_loop, on_owner_thread

__all__ = [
    "at_exit",
    "cell",
    "in_kernel",
    "is_ending",
    "log_to_terminal",
    "on_cell_begin",
    "on_cell_end",
    "publish",
    "republish",
    "running",
    "show_traceback",
    "watch_cells",
]


def in_kernel() -> bool:
    """Whether this runs in a Jupyter kernel."""
    return private.kernel() is not None


def cell() -> tuple[str | None, str | None]:
    """Return the ids of the cell that runs now and of its execution. A cell that is run again has a new execution.

    Either is None where the front end or the kernel does not tell it.
    """
    kernel = private.kernel()
    parent = kernel.get_parent() if kernel is not None else {}
    return parent.get("metadata", {}).get("cellId"), parent.get("header", {}).get("msg_id")


class _Watch:
    """Knows, from the moment it is made, whether a cell of the owner thread is running."""

    def __init__(self, shell: Any) -> None:
        self._info: object = None  # IPython's, of the outermost running cell: a cell may run other cells
        # IPython replaces the display hook only while a cell runs.
        self.running: bool = on_owner_thread() and shell.display_trap.is_active
        shell.events.register("pre_run_cell", self._begin)
        shell.events.register("post_run_cell", self._end)

    def _begin(self, info: object) -> None:
        if on_owner_thread():
            note_cell()
            if not self.running:
                self._info, self.running = info, True

    def _end(self, result: Any) -> None:
        if on_owner_thread() and (self._info is None or result is None or result.info is self._info):
            self._info, self.running = None, False


_watch: _Watch | None = None


def watch_cells() -> None:
    """Note each cell that begins from now on, and the event loop.

    `cell_context` needs the cell. The mailbox wakes the loop when another thread posts something.
    """
    global _watch
    note_loop()
    note_cell()
    shell = get_ipython()
    if _watch is None and shell is not None:
        _watch = _Watch(shell)


def running() -> bool:
    """Whether a cell of the owner thread has begun and not ended. A cell that awaits counts, too."""
    if _watch is None:
        watch_cells()
    return _watch is not None and _watch.running


def on_cell_begin(call: Callable[[], object]) -> Callable[[], None]:
    """Call `call` whenever a cell begins; return a function that undoes this."""

    def hook(_info: Any) -> None:
        if on_owner_thread():
            call()

    return _register("pre_run_cell", hook)


def on_cell_end(call: Callable[[BaseException | None], object]) -> Callable[[], None]:
    """Call `call` with the cell's exception (or None) whenever a cell has ended; return a function that undoes this."""

    def hook(result: Any) -> None:
        if on_owner_thread():
            call(result.error_before_exec or result.error_in_exec)

    return _register("post_run_cell", hook)


def _register(event: str, hook: Callable[[Any], None]) -> Callable[[], None]:
    shell = get_ipython()
    if shell is None:
        return lambda: None
    shell.events.register(event, hook)
    return lambda: shell.events.unregister(event, hook)


def publish(value: object) -> Any:
    """Display `value` in the current cell; return a handle for `republish`, or None outside IPython."""
    return display(value, display_id=True) if get_ipython() is not None else None


def republish(value: object, handle: Any) -> None:
    """Replace what `publish` displayed, for those who read the saved notebook later."""
    if handle is not None:
        update_display(value, display_id=handle.display_id)


def show_traceback(error: BaseException) -> None:
    """Show an error as a cell shows it, in the output of the cell in whose context this is called."""
    shell = get_ipython()
    if shell is None:
        traceback.print_exception(error)
    else:
        shell.showtraceback((type(error), error, error.__traceback__))


def at_exit(call: Callable[[], object]) -> Callable[[], None]:
    """Call `call` when the kernel's process ends; return a function that undoes this."""
    atexit.register(call)
    return lambda: atexit.unregister(call)


def is_ending() -> bool:
    """Whether the kernel has been told to shut down; it then interrupts whatever runs in it."""
    return bool(getattr(get_ipython(), "exit_now", False))


def log_to_terminal(text: str) -> None:
    """Write to the terminal in which the kernel was started: a kernel that ends can no longer write to the notebook."""
    kernel = private.kernel()
    if kernel is not None:
        kernel.log.warning(text)
    elif sys.__stderr__ is not None:
        sys.__stderr__.write(f"{text}\n")
