"""Takes the browser's messages to our widgets where the kernel receives them, before a shell is chosen for them.

Invariant: a message of ours is handed over once, in the order of arrival, whichever shell it was sent to and whatever
runs there; every other message goes on as if nobody had looked at it.

ipykernel 7 receives on a thread of its own, the shell channel's, and passes each message on to the main shell, where it
waits for the cell's end, or to a subshell. What is ours is taken there, and handled by the owner between two steps. So
it needs no subshell. Ours are the messages to `confined` widgets, and those of the comm by which a page that was
reloaded asks for the state of all widgets. ipykernel 6 has no such thread: messages come when the main thread is idle.
"""

import contextvars
from collections.abc import Callable
from functools import partial
from typing import Any

from tfwidget.jupyter import private
from tfwidget.jupyter.mailbox import Inbox, Mailbox
from tfwidget.jupyter.owner import mailbox
from tfwidget.jupyter.private import Message

__all__ = ["Receiver", "messages_arrive_during_cells", "receiver"]

_CONTROL_TARGET = "jupyter.widget.control"
_CONTROL_LIMIT = 100


class Receiver:
    """Receives what a kernel is sent, and hands over what is ours.

    Parameters
    ----------
    mailbox : Mailbox
        Where the owner finds what is not for a single widget.
    """

    def __init__(self, mailbox: Mailbox) -> None:
        self._inbox = Inbox(mailbox, _CONTROL_LIMIT)
        self._handlers: dict[str, Callable[[Message], object]] = {}
        self._kernel: Any = None
        self._channel: private.ShellChannel | None = None
        self._installed = False

    def install(self, kernel: Any) -> None:
        """Receive for `kernel` from now on. Once installed, or where there is no shell channel, it changes nothing.

        Raises
        ------
        UnsupportedError
            The kernel has a shell channel, but not as it is known.
        """
        if self._installed or (channel := private.shell_channel(kernel)) is None:
            return
        private.keep_listening(kernel)
        self._kernel, self._channel, self._installed = kernel, channel, True
        # The thread comes to this before it reads what is sent from now on, so no answer to a new widget passes by.
        channel.call(channel.stream.on_recv, self._receive, copy=False)

    def uninstall(self) -> None:
        """Let the kernel receive by itself again, as before `install`."""
        if self._installed and self._channel is not None:
            self._installed = False
            self._channel.call(self._channel.stream.on_recv, self._channel.main, copy=False)

    def take(self, comm_id: str, handler: Callable[[Message], object]) -> None:
        """Take the messages of a comm: `handler` is called with each, on the shell channel's thread.

        It runs in a context in which what the kernel sends answers the message.
        """
        self._handlers[comm_id] = handler

    def leave(self, comm_id: str) -> None:
        """Undo `take`; of a comm that was not taken, nothing."""
        self._handlers.pop(comm_id, None)

    def _receive(self, raw: list[Any]) -> Any:
        """Hand over a message, or let ipykernel have it, as zmq's frames; on the shell channel's thread."""
        assert self._channel is not None
        try:
            handler, message = self._find(raw)
        except Exception:  # ipykernel says what is wrong with it
            handler, message = None, {}
        if handler is None:
            return self._channel.main(raw)
        try:
            self._channel.answering(message).run(handler, message)
        except Exception:
            self._kernel.log.exception("tfwidget could not hand over a message to a widget")
        # Until it hears this, a browser holds back what the user does next with a slider, and keeps each message.
        topic = f"kernel.{self._kernel.ident}.status".encode()
        status = {"execution_state": "idle"}
        self._kernel.session.send(self._kernel.iopub_socket, "status", status, parent=message, ident=topic)
        return None

    def _find(self, raw: list[Any]) -> tuple[Callable[[Message], object] | None, Message]:
        """Who handles a message, and the message; nobody if it is not ours."""
        session = self._kernel.session
        _, parts = session.feed_identities(raw, copy=False)
        # A glance, which leaves the signature alone: it is noted when it is checked, and is refused the second time.
        kind = session.unpack(parts[1].bytes)["msg_type"]
        if kind not in ("comm_open", "comm_msg", "comm_close"):
            return None, {}
        content = session.unpack(parts[4].bytes)
        comm_id = content["comm_id"]
        opens_control = kind == "comm_open" and content["target_name"] == _CONTROL_TARGET
        if not opens_control and comm_id not in self._handlers:
            return None, {}
        message = session.deserialize(parts, copy=False)
        if kind == "comm_msg":
            return self._handlers.get(comm_id), message
        if opens_control:
            self.take(comm_id, partial(self._post, self._handle_control))
        else:
            self.leave(comm_id)
        return partial(self._post, partial(getattr(self._kernel.comm_manager, kind), None, None)), message

    def _post(self, handle: Callable[[Message], object], message: Message) -> None:
        context = contextvars.copy_context()
        self._inbox.post(lambda: context.run(handle, message))

    def _handle_control(self, message: Message) -> None:
        comm = self._kernel.comm_manager.comms.get(message["content"]["comm_id"])
        if comm is not None and (handler := private.comm_handler(comm)) is not None:
            handler(message)


receiver = Receiver(mailbox)
"""The one of this kernel."""


def messages_arrive_during_cells() -> bool:
    """Whether this kernel receives the browser's messages while a cell is running (ipykernel 7)."""
    return private.shell_channel(private.kernel()) is not None
