"""Widgets that are confined to the owner thread.

Invariant: a message to a `Confined` widget is handled on the owner thread, in the order of arrival, whichever thread it
arrived on. The number of messages that wait is bounded.
"""

import contextvars
from typing import Any

from tfwidget.jupyter import private
from tfwidget.jupyter.mailbox import Inbox
from tfwidget.jupyter.owner import cell_context, mailbox, note_loop, on_owner_thread
from tfwidget.jupyter.private import Message
from tfwidget.jupyter.receiver import receiver

__all__ = ["LIMIT", "Confined", "Guarded"]

LIMIT = 1_000
"""How many messages to one widget may wait for the owner. When there are more, the oldest are dropped."""


class Confined:
    """Mix-in that confines an ipywidgets widget to the owner thread; put it before the widget class.

    Messages of the front end that arrive on another thread are posted to the `mailbox`, and handled by the owner.
    Handlers run in the context in which the widget was made, so what they print lands in that cell.
    """

    _confined_context: contextvars.Context
    _inbox: Inbox

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        note_loop()
        receiver.install(private.kernel())
        self._confined_context = cell_context()
        self._inbox = Inbox(mailbox, LIMIT)
        super().__init__(*args, **kwargs)

    def open(self) -> None:
        """Open the comm, and take its messages where the kernel receives them.

        They are taken before the page hears of the comm: what it sends at once must not wait behind the cell.
        """
        if self.comm is None:  # type: ignore[attr-defined]
            receiver.take(private.comm_id_of(self), self._handle_msg)
        super().open()  # type: ignore[misc]

    def close(self) -> None:
        """Close the comm, and those of the layout and the style, which ipywidgets would keep for ever."""
        comm = self.comm  # type: ignore[attr-defined]
        if comm is not None:
            receiver.leave(comm.comm_id)
            for part in ("layout", "style"):
                if hasattr(self, part):
                    getattr(self, part).close()
        super().close()  # type: ignore[misc]

    def _handle_msg(self, message: Message) -> None:
        handle = private.widget_handler(super())
        context = self._confined_context.copy()
        if on_owner_thread():
            # Nothing may overtake what is already waiting.
            mailbox.drain()
            context.run(handle, message)
        else:
            self._inbox.post(lambda: context.run(handle, message))


class Guarded(Confined):
    """A confined widget that lets the browser set one trait only, and only to a checked value.

    Of the values that arrive during one step only the last is taken: a slider that is dragged passes through many. The
    echo of a value answers the message that brought the value. A browser waits for this answer to its newest message,
    and ignores all other values until then. So a slider does not jump while it is being dragged.
    """

    guarded = "value"
    _newest: tuple[Any, contextvars.Context] = (object(), contextvars.Context())  # an object that equals no state

    def check(self, value: object) -> object:
        """Return the value for the trait. Raise ValueError if the browser's value is not allowed."""
        raise NotImplementedError

    def heard(self, value: object) -> None:
        """React to a checked value, after the trait has been set to it."""

    def set_state(self, sync_data: Any) -> None:
        """Apply the newest state from the browser, after a check; ignore everything else that it sends."""
        newest, context = self._newest
        if sync_data is not newest:
            return
        value = sync_data[self.guarded]
        try:
            checked = self.check(value)
        except ValueError:
            self.send_state(self.guarded)  # type: ignore[attr-defined]
            return
        context.run(super().set_state, {self.guarded: checked})  # type: ignore[misc]
        self.heard(value)

    def _handle_msg(self, message: Message) -> None:
        state = message["content"]["data"].get("state")
        if isinstance(state, dict) and self.guarded in state:
            self._newest = (state, contextvars.copy_context())
        super()._handle_msg(message)
