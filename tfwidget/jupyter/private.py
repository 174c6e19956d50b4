"""The private names of ipykernel, comm and ipywidgets that tfwidget builds on.

Invariant: each name is looked up when it is first needed. A missing one raises `UnsupportedError`, which says what to
install instead.

- ``Kernel.shell_channel_thread``, ``shell_channel_thread_main`` and ``shell_stream``: where ipykernel 7 receives.
- ``Kernel._shell_parent``: which message the kernel's own messages answer (ipykernel 7).
- ``SubshellManager._shell_socket``: through which ipykernel 7.0 to 7.3 send replies.
- ``Kernel.saved_sigint_handler``: the handler that ipykernel puts back at a cell's end.
- ``BaseComm._msg_callback``: the function that handles a comm's messages (comm 0.2).
- ``Widget._handle_msg``: where ipywidgets 8.1 handles a message.
- ``Widget._model_id``: the id of the comm that a widget is about to open.
"""

import contextvars
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from IPython.core.getipython import get_ipython

from tfwidget.errors import UnsupportedError

__all__ = [
    "Message",
    "ShellChannel",
    "comm_handler",
    "comm_id_of",
    "keep_listening",
    "kernel",
    "replace_kept_handler",
    "shell_channel",
    "widget_handler",
]

Message = dict[str, Any]
"""A message of the Jupyter protocol: header, parent_header, metadata, content, buffers."""


def kernel() -> Any:
    """Return the ipykernel that this code runs in; None outside of a kernel."""
    return getattr(get_ipython(), "kernel", None)


def _required(thing: Any, name: str, package: str, install: str) -> Any:
    try:
        return getattr(thing, name)
    except AttributeError:
        raise UnsupportedError(
            f"this version of {package} has no {type(thing).__name__}.{name}, on which tfwidget builds; "
            f"install {install}, or a newer tfwidget"
        ) from None


@dataclass(frozen=True)
class ShellChannel:
    """Where a kernel receives what is sent to any of its shells.

    Parameters
    ----------
    main : callable
        ipykernel's own handler of a message: it chooses the shell, and passes the message on.
    stream : object
        The stream that calls `main`.
    call : callable
        Calls a function with arguments on the thread of the stream; safe from any thread.
    call_later : callable
        Calls a function there after so many seconds; safe from any thread.
    parent : contextvars.ContextVar
        Which message the kernel's own messages answer.
    """

    main: Callable[[Any], Any]
    stream: Any
    call: Callable[..., None]
    call_later: Callable[[float, Callable[[], object]], None]
    parent: contextvars.ContextVar[Message]

    def answering(self, message: Message) -> contextvars.Context:
        """Return a copy of this context in which everything that the kernel sends answers `message`.

        ``Kernel.set_parent`` would do more than that: it would also redirect what other threads print.
        """
        context = contextvars.copy_context()
        context.run(self.parent.set, message)
        return context


def shell_channel(kernel: Any) -> ShellChannel | None:
    """Return where `kernel` receives messages; None if that is the main thread, as in ipykernel 6.

    Raises
    ------
    UnsupportedError
        If the kernel has a shell channel, but not with the names that are known.
    """
    thread = getattr(kernel, "shell_channel_thread", None)
    if thread is None:
        return None

    def required(thing: Any, name: str) -> Any:
        return _required(thing, name, "ipykernel", "'ipykernel>=7.1,<7.5'")

    loop = required(thread, "io_loop")
    return ShellChannel(
        main=required(kernel, "shell_channel_thread_main"),
        stream=required(kernel, "shell_stream"),
        call=loop.add_callback,
        call_later=lambda seconds, call: loop.add_callback(loop.call_later, seconds, call),
        parent=required(kernel, "_shell_parent"),
    )


def keep_listening(kernel: Any) -> None:
    """Keep ipykernel 7.0 to 7.3 from no longer receiving anything.

    These versions send replies directly on the shell socket, while a stream reads from it. The stream may then miss a
    request that arrives at that moment, and with it all later ones. ipykernel 7.4 sends replies through the stream.
    Here the older versions are made to do the same.
    """
    manager: Any = getattr(getattr(kernel, "shell_channel_thread", None), "manager", None)
    if hasattr(manager, "_shell_socket"):
        manager._shell_socket = kernel.shell_stream


def replace_kept_handler(kind: type, replacement: Callable[[Any], Any]) -> None:
    """Replace the handler of SIGINT that ipykernel will put back at the cell's end, if it is of the type `kind`."""
    owner = kernel()
    kept = getattr(owner, "saved_sigint_handler", None)
    if isinstance(kept, kind):
        owner.saved_sigint_handler = replacement(kept)


def comm_handler(comm: Any) -> Callable[[Message], object] | None:
    """Return the function that handles the messages of a comm.

    ``comm.handle_msg`` would also run IPython's hooks, as if a cell had ended. While a cell runs, the inline backend of
    Matplotlib would then show and close figures that are not finished yet.
    """
    handler: Callable[[Message], object] | None = _required(comm, "_msg_callback", "comm", "'comm<0.3'")
    return handler


def widget_handler(widget: Any) -> Callable[[Message], object]:
    """Return the function with which ipywidgets handles a message to `widget`, which may be a ``super()`` object."""
    handler: Callable[[Message], object] = _required(widget, "_handle_msg", "ipywidgets", "ipywidgets 8.1")
    return handler


def comm_id_of(widget: Any) -> str:
    """The id of the comm that `widget` is about to open; chosen here if nobody has chosen one."""
    comm_id: str = _required(widget, "_model_id", "ipywidgets", "ipywidgets 8.1") or uuid.uuid4().hex
    widget._model_id = comm_id
    return comm_id
