"""Takes the browser's messages to our widgets where the kernel receives them, before a shell is chosen for them.

Invariant: a message of ours is handed over once, in the order of arrival, whichever shell it was sent to and whatever
runs there. Every other message reaches ipykernel unchanged.

ipykernel 7 receives on a thread of its own, the shell channel's. It passes each message on to the main shell, where the
message waits for the cell's end, or to a subshell. Our messages are taken before that, and the owner handles them
between two steps. So they need no subshell. Ours are the messages to `confined` widgets, and those of the comm by which
a reloaded page asks for the state of all widgets. ipykernel 6 has no such thread: there messages arrive only when the
main thread is idle.
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
    """Receives the messages that a kernel is sent, and hands over those that are ours.

    Parameters
    ----------
    mailbox : Mailbox
        Where messages go that are not for a single widget.
    """

    def __init__(self, mailbox: Mailbox) -> None:
        self._inbox = Inbox(mailbox, _CONTROL_LIMIT)
        self._handlers: dict[str, Callable[[Message], object]] = {}
        self._kernel: Any = None
        self._channel: private.ShellChannel | None = None
        self._installed = False

    def install(self, kernel: Any) -> None:
        """Receive for `kernel` from now on. A second call does nothing, nor does one where there is no shell channel.

        Raises
        ------
        UnsupportedError
            If the kernel has a shell channel, but not with the names that are known.
        """
        if self._installed or (channel := private.shell_channel(kernel)) is None:
            return
        private.keep_listening(kernel)
        self._kernel, self._channel, self._installed = kernel, channel, True
        # The thread runs this before it reads what is sent from now on, so no message to a new widget is missed.
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
        """Undo `take`. A comm that was not taken is ignored."""
        self._handlers.pop(comm_id, None)

    def _receive(self, raw: list[Any]) -> Any:
        """Hand over a message, given as frames of zmq, or pass it to ipykernel; on the shell channel's thread."""
        assert self._channel is not None
        try:
            handler, message = self._find(raw)
        except Exception:  # ipykernel will report what is wrong with the message
            handler, message = None, {}
        if handler is None:
            return self._channel.main(raw)
        try:
            self._channel.answering(message).run(handler, message)
        except Exception:
            self._kernel.log.exception("tfwidget could not hand over a message to a widget")
        # Until this status arrives, a browser holds back the next value of a slider, and keeps the message in memory.
        topic = f"kernel.{self._kernel.ident}.status".encode()
        status = {"execution_state": "idle"}
        self._kernel.session.send(self._kernel.iopub_socket, "status", status, parent=message, ident=topic)
        return None

    def _find(self, raw: list[Any]) -> tuple[Callable[[Message], object] | None, Message]:
        """Return the handler of a message and the message; None as the handler if it is not ours."""
        session = self._kernel.session
        _, parts = session.feed_identities(raw, copy=False)
        # Unpacked without a check of the signature: the session refuses a signature that it has checked before, and
        # ipykernel is to check that of a message that is not ours.
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
"""The receiver of this kernel."""


def messages_arrive_during_cells() -> bool:
    """Whether this kernel receives the browser's messages while a cell is running (ipykernel 7)."""
    return private.shell_channel(private.kernel()) is not None
