"""All rooms of this floor under one name."""

from tfwidget.jupyter import owner
from tfwidget.jupyter.cells import (
    at_exit,
    cell,
    in_kernel,
    is_ending,
    log_to_terminal,
    on_cell_begin,
    on_cell_end,
    publish,
    republish,
    running,
    show_traceback,
    watch_cells,
)
from tfwidget.jupyter.confined import Confined, Guarded
from tfwidget.jupyter.interrupts import BackgroundInterrupts, interrupts
from tfwidget.jupyter.mailbox import Mailbox
from tfwidget.jupyter.owner import cell_context, event_loop, mailbox, on_owner_thread
from tfwidget.jupyter.receiver import messages_arrive_during_cells

__all__ = [
    "BackgroundInterrupts",
    "Confined",
    "Guarded",
    "at_exit",
    "cell",
    "cell_context",
    "event_loop",
    "in_kernel",
    "interrupts",
    "is_ending",
    "log_to_terminal",
    "mailbox",
    "messages_arrive_during_cells",
    "on_cell_begin",
    "on_cell_end",
    "on_owner_thread",
    "publish",
    "republish",
    "running",
    "show_traceback",
    "watch_cells",
]

Mailbox.handling = 0.0  # type: ignore[attr-defined]  # read by the former run


def __getattr__(name: str) -> object:
    if name == "rest":  # a variable, not to be copied
        return owner.rest
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
