"""State of widgets that is sent in the scene messages of a figure, not in messages of its own.

Invariant: each change is sent exactly once, in a scene message or by itself. A keyframe has all traits that were ever
sent in scene messages.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from tfwidget.jupyter.confined import Confined

__all__ = ["Gathered", "Updates"]


class Updates:
    """Traits of `Gathered` widgets that have changed, and the names of those sent in scene messages before."""

    def __init__(self) -> None:
        self._waiting: dict[Gathered, dict[str, object]] = {}
        self._ridden: dict[Gathered, set[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Return a context whose changes are collected."""
        before = _collecting.set(self)
        try:
            yield
        finally:
            _collecting.reset(before)

    def add(self, widget: "Gathered", state: Mapping[str, object]) -> None:
        """Keep traits of a widget until a scene message takes them."""
        self._waiting.setdefault(widget, {}).update(state)

    def take(self, *, afresh: bool) -> dict[str, dict[str, object]]:
        """Return the updates of a scene message: for each model id, traits and their values.

        Parameters
        ----------
        afresh : bool
            Whether to return all traits that were ever sent so, with their present values, because a page has lost
            messages.
        """
        waiting, self._waiting = self._waiting, {}
        taken = {widget: state for widget, state in waiting.items() if widget.comm is not None}
        for widget, state in taken.items():
            self._ridden.setdefault(widget, set()).update(state)
        if afresh:
            self._ridden = {widget: names for widget, names in self._ridden.items() if widget.comm is not None}
            taken = {widget: widget.get_state(names) for widget, names in self._ridden.items()}
        return {widget.model_id: state for widget, state in taken.items()}

    def send(self) -> None:
        """Send the traits that no scene message has taken."""
        waiting, self._waiting = self._waiting, {}
        for widget, state in waiting.items():
            if widget.comm is not None:
                widget._send({"method": "update", "state": state, "buffer_paths": []})


_collecting: ContextVar[Updates | None] = ContextVar("_collecting", default=None)


class Gathered(Confined):
    """Mix-in for confined widgets whose state is plain JSON, so that it can be sent in a scene message."""

    comm: Any
    model_id: str
    get_state: Callable[..., dict[str, object]]

    def _send(self, message: dict[str, Any], buffers: Any = None) -> None:
        updates = _collecting.get()
        if updates is None or buffers or message.get("method") != "update":
            super()._send(message, buffers)  # type: ignore[misc]
        else:
            updates.add(self, message["state"])
