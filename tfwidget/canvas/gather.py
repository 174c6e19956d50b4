"""State of widgets that rides in the messages of a figure, instead of in messages of its own.

Invariant: what was gathered is sent exactly once, with a scene or by itself; a keyframe brings all that ever rode.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from tfwidget.jupyter.confined import Confined

__all__ = ["Gathered", "Updates"]


class Updates:
    """Traits of `Gathered` widgets that have changed, and those that have ridden before."""

    def __init__(self) -> None:
        self._waiting: dict[Gathered, dict[str, object]] = {}
        self._ridden: dict[Gathered, set[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Collect what changes within this block."""
        before = _collecting.set(self)
        try:
            yield
        finally:
            _collecting.reset(before)

    def add(self, widget: "Gathered", state: Mapping[str, object]) -> None:
        """Keep traits of a widget until a message takes them along."""
        self._waiting.setdefault(widget, {}).update(state)

    def take(self, *, afresh: bool) -> dict[str, dict[str, object]]:
        """What is to ride in a scene message: by model id, traits and values.

        Parameters
        ----------
        afresh : bool
            For a page that has lost messages: all that has ever ridden, as it is now.
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
        """Send what no message took along."""
        waiting, self._waiting = self._waiting, {}
        for widget, state in waiting.items():
            if widget.comm is not None:
                widget._send({"method": "update", "state": state, "buffer_paths": []})


_collecting: ContextVar[Updates | None] = ContextVar("_collecting", default=None)


class Gathered(Confined):
    """Mix-in of confined widgets whose state is plain JSON, so that it can ride in a scene message."""

    comm: Any
    model_id: str
    get_state: Callable[..., dict[str, object]]

    def _send(self, message: dict[str, Any], buffers: Any = None) -> None:
        updates = _collecting.get()
        if updates is None or buffers or message.get("method") != "update":
            super()._send(message, buffers)  # type: ignore[misc]
        else:
            updates.add(self, message["state"])
