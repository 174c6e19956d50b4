"""Other threads that draw or change a figure: they are reported, and the owner thread draws the result.

Invariant: each thread is reported once for each figure, and at most one call of a figure waits in the mailbox.
"""

import sys
import threading
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol

from tfwidget.errors import TfwidgetWarning
from tfwidget.jupyter import owner

__all__ = ["Strangers"]


class _Canvas(Protocol):
    figure: Any

    def show(self) -> None: ...


class Strangers:
    """Watches one figure for threads other than the owner.

    Parameters
    ----------
    canvas : Canvas
        The canvas of the figure.
    label : str
        The name of the figure in warnings.
    """

    def __init__(self, canvas: _Canvas, label: str) -> None:
        self._canvas = canvas
        self._label = label
        self._reported: set[str] = set()
        self._posted = False
        self._always = False
        self._told_before: Callable[[Any, bool], object] | None = None

    def ask(self, *, always: bool) -> None:
        """Have the owner draw the figure: if `always`, in any case, else if it is stale then."""
        self._always |= always
        if not self._posted:
            self._posted = True
            owner.mailbox.post(self._answer)

    def _answer(self) -> None:
        self._posted = False
        always, self._always = self._always, False
        if always or self._canvas.figure.stale:
            self._canvas.show()

    def report(self, what: str) -> None:
        """Warn that this thread has ``drawn`` or ``changed`` the figure."""
        name = threading.current_thread().name
        if name not in self._reported:
            self._reported.add(name)
            code, line = _users_line()
            owner.cell_context().run(  # in a cell's output: by default it would go to the last message
                warnings.warn_explicit,
                f"figure {self._label!r} was {what} by thread {name!r}. Matplotlib is not thread-safe, so that "
                "can corrupt the picture. Send values with tfwidget.log(...), which any thread may call, and let the "
                "main thread plot them",
                TfwidgetWarning,
                code,
                line,
            )

    def watch(self) -> None:
        """Watch the changes of the figure from now on. The callback that was there before is called, too."""
        before = self._canvas.figure.stale_callback
        if getattr(before, "__self__", None) is self:
            return
        self._told_before = before
        self._canvas.figure.stale_callback = self._on_stale

    def _on_stale(self, figure: Any, value: bool) -> None:
        if value and not owner.on_owner_thread():
            self.report("changed")
            self.ask(always=True)
        elif self._told_before is not None:
            self._told_before(figure, value)


def _users_line() -> tuple[str, int]:
    """Return file and line of the innermost caller outside of Matplotlib and tfwidget."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in ("matplotlib", "tfwidget"):
        frame = frame.f_back
    return ("", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)
