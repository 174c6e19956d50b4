"""Widgets that are confined to the owner thread.

Invariant: a message to a `Confined` widget is handled on the owner thread, in the order in which the messages arrived,
whichever thread they arrived on; of those that wait, the number is bounded.
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
"""How many messages to one widget may wait for the owner. Of more, the oldest are let go."""


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
        """Open the comm, and take its messages where the kernel receives them."""
        super().open()  # type: ignore[misc]
        receiver.take(self.comm.comm_id, self._handle_msg)  # type: ignore[attr-defined]

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
    """A confined widget of which the browser may set one trait only, to a value that was checked.

    Of values that arrive during one step only the last is taken: whoever drags a slider passes through many. It is
    echoed in the context in which it arrived, for a browser takes no notice of an echo that does not answer its own
    message, and so is not disturbed while it drags on.
    """

    guarded = "value"
    _newest: tuple[Any, contextvars.Context] = (object(), contextvars.Context())  # no state is that object

    def check(self, value: object) -> object:
        """Return the value for the trait; ValueError if the browser's makes no sense."""
        raise NotImplementedError

    def heard(self, value: object) -> None:
        """Take notice of a value that was checked, and that the trait has now."""

    def set_state(self, sync_data: Any) -> None:
        """Take what the browser says, if it may say it."""
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
