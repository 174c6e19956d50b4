"""The kernel's side of the browser's messages: who owns the widgets, and how a message reaches the owner.

Invariant: a message to a `Confined` widget is handled on the owner thread, the kernel's main thread, and in the order
in which the messages arrived, whichever thread they arrived on.

JupyterLab >= 4.4 sends widget messages over a subshell, and ipykernel >= 7 runs each subshell on a thread of its own.
That is welcome, for such messages get through while a cell is running; but Matplotlib and the widgets are not
thread-safe. So what arrives elsewhere is put into the `mailbox`, which the owner drains: between the steps of a run, or
in its event loop, whichever comes first.

This is the only module that touches private names of ipykernel and ipywidgets:

- ``Widget._handle_msg``, where ipywidgets receives a message of the front end (8.1);
- ``SubshellManager._shell_socket``, through which ipykernel 7.0 to 7.3 send replies, see `_keep_listening`;
- ``BaseComm._reply_subshell_for``, by which ipykernel 7.4 moves a message to the shell that last published on its comm.
"""

import asyncio
import atexit
import contextlib
import contextvars
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display, update_display

from tfwidget.errors import TfwidgetWarning, UnsupportedError
from tfwidget.jupyter.mailbox import Mailbox

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
    "show_traceback",
    "watch_cells",
]


def on_owner_thread() -> bool:
    """Whether this is the thread that owns Matplotlib, the widgets and the steps of a run."""
    return threading.current_thread() is threading.main_thread()


class _Loop:
    """The owner's event loop, noted as soon as it is seen: in a kernel, cells run inside it."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._context = contextvars.Context()
        self._newest_cell = contextvars.Context()

    def note(self) -> None:
        if on_owner_thread():
            with contextlib.suppress(RuntimeError):  # a plain script: what is posted waits for the next tick
                self._loop = asyncio.get_running_loop()
                self._context = contextvars.copy_context()

    def note_cell(self) -> None:
        if on_owner_thread():
            self._newest_cell = contextvars.copy_context()

    def context(self) -> contextvars.Context:
        return contextvars.copy_context() if on_owner_thread() else self._newest_cell.copy()

    def wake(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            # In the context of a cell: else what goes wrong would be told to whichever message came last.
            self._loop.call_soon_threadsafe(mailbox.drain, context=self._context.copy())


def _report(error: Exception) -> None:
    warnings.warn(
        f"a message to a widget failed: {type(error).__name__}: {error}",
        TfwidgetWarning,
        stacklevel=2,
    )


_loop = _Loop()
mailbox = Mailbox(_loop.wake, _report)


def cell_context() -> contextvars.Context:
    """The context whose output belongs to the present cell: on the owner thread its own, else of the newest cell known.

    A thread of the user's has no context of its own, so ipykernel would send what it displays to whichever message came
    last, such as one of a widget; there no cell shows it. See `watch_cells`.
    """
    return _loop.context()


_watching = False


def watch_cells() -> None:
    """Note each cell that begins from now on, for `cell_context`, and the event loop, for what other threads post."""
    global _watching
    _loop.note()
    _loop.note_cell()
    if not _watching:
        _watching = True
        on_cell_begin(_loop.note_cell)


class Confined:
    """Mix-in that confines an ipywidgets widget to the owner thread; put it before the widget class.

    Messages of the front end that arrive on another thread are posted to the `mailbox` and handled by the owner.
    Handlers run in the context in which the widget was made, so what they print lands in that cell.
    """

    _confined_context: contextvars.Context

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _loop.note()
        _keep_listening()
        self._confined_context = cell_context()
        super().__init__(*args, **kwargs)

    def open(self) -> None:
        """Open the comm, and keep its messages on the subshell they are sent to."""
        super().open()  # type: ignore[misc]
        _keep_on_subshell(self.comm)  # type: ignore[attr-defined]

    def close(self) -> None:
        """Close the comm, and those of the layout and the style, which ipywidgets would keep for ever."""
        for part in ("layout", "style"):
            if self.comm is not None and hasattr(self, part):  # type: ignore[attr-defined]
                getattr(self, part).close()
        super().close()  # type: ignore[misc]

    def _handle_msg(self, message: dict[str, Any]) -> None:
        try:
            handle = super()._handle_msg  # type: ignore[misc]
        except AttributeError:
            raise UnsupportedError(
                "this version of ipywidgets has no Widget._handle_msg, where tfwidget confines messages to one thread; "
                "install ipywidgets 8.1"
            ) from None
        context = self._confined_context.copy()
        if on_owner_thread():
            # Nothing may overtake what is already waiting.
            mailbox.drain()
            context.run(handle, message)
        else:
            _count_handling()
            mailbox.post(lambda: context.run(handle, message))


_thread = threading.local()


def _count_handling() -> None:
    """Count what this thread has spent since it counted last: on this message, and on the end of the one before."""
    now = time.thread_time()
    mailbox.handling += now - getattr(_thread, "counted", now)
    _thread.counted = now


class Guarded(Confined):
    """A confined widget of which the browser may set one trait only, to a value that was checked.

    Of values that arrive during one step only the last is taken: whoever drags a slider passes through many. It is
    echoed in the context in which it arrived, for a browser takes no notice of an echo that does not answer its own
    message, and so is not disturbed while it drags on.
    """

    guarded = "value"
    _newest: tuple[Any, contextvars.Context] = (None, contextvars.Context())

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

    def _handle_msg(self, message: dict[str, Any]) -> None:
        state = message["content"]["data"].get("state")
        if isinstance(state, dict) and self.guarded in state:
            self._newest = (state, contextvars.copy_context())
        super()._handle_msg(message)


def _keep_listening() -> None:
    """Keep ipykernel 7.0 to 7.3 from going deaf.

    They send a subshell's replies on the shell socket behind the back of the stream that reads it. A request that comes
    at that moment is never read, nor is any after it. ipykernel 7.4 sends through the stream, as this lets them do.
    """
    if not (7, 0) <= (_ipykernel_version() or (0, 0)) < (7, 4):
        return
    kernel = _kernel()
    manager: Any = getattr(getattr(kernel, "shell_channel_thread", None), "manager", None)
    if hasattr(manager, "_shell_socket"):
        manager._shell_socket = kernel.shell_stream


def _keep_on_subshell(comm: Any) -> None:
    """Let ipykernel 7.4 deliver each message to the shell that the front end sent it to.

    By default it delivers to the shell that last published on the comm. For a widget that a running cell updates, that
    is the cell's own shell, where the message would wait until the cell ends.
    """
    version = _ipykernel_version()
    if version is None or version < (7, 4):
        return
    if not callable(getattr(comm, "_reply_subshell_for", None)):
        raise UnsupportedError(
            f"ipykernel {'.'.join(map(str, version))} has no Comm._reply_subshell_for, by which tfwidget keeps widgets "
            "alive while a cell is running; install 'ipykernel<7.5', or a newer tfwidget"
        )
    comm._reply_subshell_for = lambda _data, default: default


def _ipykernel_version() -> tuple[int, int] | None:
    if _kernel() is None:
        return None
    from ipykernel._version import __version__

    major, minor = __version__.split(".")[:2]
    return int(major), int(minor)


def _kernel() -> Any:
    return getattr(get_ipython(), "kernel", None)


def in_kernel() -> bool:
    """Whether this runs in a Jupyter kernel."""
    return _kernel() is not None


def messages_arrive_during_cells() -> bool:
    """Whether this kernel can receive the browser's messages while a cell is running (subshells, ipykernel >= 7)."""
    kernel = _kernel()
    return kernel is not None and "kernel subshells" in kernel.kernel_info.get("supported_features", ())


def cell() -> tuple[str | None, str | None]:
    """The cell that runs now, and its execution: the same cell has another execution when it is run again.

    Either is None where the front end or the kernel does not tell.
    """
    kernel = _kernel()
    parent = kernel.get_parent() if kernel is not None else {}
    return parent.get("metadata", {}).get("cellId"), parent.get("header", {}).get("msg_id")


def on_cell_end(call: Callable[[BaseException | None], object]) -> Callable[[], None]:
    """Call `call` with the cell's exception (or None) whenever a cell has ended; return a function that undoes this.

    Cells that run on a subshell do not count: they end beside those of the owner thread.
    """
    shell = get_ipython()
    if shell is None:
        return lambda: None

    def hook(result: Any) -> None:
        if on_owner_thread():
            call(result.error_before_exec or result.error_in_exec)

    shell.events.register("post_run_cell", hook)
    return lambda: shell.events.unregister("post_run_cell", hook)


def on_cell_begin(call: Callable[[], object]) -> Callable[[], None]:
    """Call `call` whenever a cell of the owner thread begins; return a function that undoes this."""
    shell = get_ipython()
    if shell is None:
        return lambda: None

    def hook(_info: Any) -> None:
        if on_owner_thread():
            call()

    shell.events.register("pre_run_cell", hook)
    return lambda: shell.events.unregister("pre_run_cell", hook)


def at_exit(call: Callable[[], object]) -> Callable[[], None]:
    """Call `call` when the kernel's process ends; return a function that undoes this."""
    atexit.register(call)
    return lambda: atexit.unregister(call)


def log_to_terminal(text: str) -> None:
    """Say something where the kernel was started: when it ends, it is too late for the notebook."""
    kernel = _kernel()
    if kernel is not None:
        kernel.log.warning(text)
    elif sys.__stderr__ is not None:
        sys.__stderr__.write(f"{text}\n")


def is_ending() -> bool:
    """Whether the kernel has been told to shut down; it then interrupts whatever runs in it."""
    return bool(getattr(get_ipython(), "exit_now", False))


def event_loop() -> asyncio.AbstractEventLoop | None:
    """The owner's event loop, in which cells run; None where there is none, as in a script."""
    _loop.note()
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def show_traceback(error: BaseException) -> None:
    """Show an error as a cell shows it, in the output of the cell in whose context this is called."""
    shell = get_ipython()
    if shell is None:
        traceback.print_exception(error)
    else:
        shell.showtraceback((type(error), error, error.__traceback__))


def publish(value: object) -> Any:
    """Display `value` in the current cell; return a handle for `republish`, or None outside IPython."""
    return display(value, display_id=True) if get_ipython() is not None else None


def republish(value: object, handle: Any) -> None:
    """Replace what `publish` displayed, for those who read the saved notebook later."""
    if handle is not None:
        update_display(value, display_id=handle.display_id)


@contextmanager
def interrupts(note: Callable[[], None]) -> Iterator[None]:
    """Call `note` when the interrupt button is pressed, before KeyboardInterrupt is raised as always."""
    if not on_owner_thread():
        yield
        return
    previous = signal.getsignal(signal.SIGINT)

    def handler(number: int, frame: FrameType | None) -> None:
        note()
        if callable(previous):
            previous(number, frame)

    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        if on_owner_thread() and signal.getsignal(signal.SIGINT) is handler:
            signal.signal(signal.SIGINT, previous)


class BackgroundInterrupts:
    """Tells background runs of the interrupt button, which ipykernel ignores between cells.

    In a blocking cell it is KeyboardInterrupt as always: ipykernel puts its own handler in our place for each cell. In
    a cell that awaits, both are told. When nobody listens any more, the handler is as it was.
    """

    def __init__(self) -> None:
        self._listeners: list[Callable[[], object]] = []

    def add(self, listener: Callable[[], object]) -> None:
        """Call `listener` without arguments at each interrupt."""
        self._listeners.append(listener)

    def remove(self, listener: Callable[[], object]) -> None:
        """Undo `add`."""
        self._listeners.remove(listener)
        if self._listeners:
            return
        handler = signal.getsignal(signal.SIGINT)
        if isinstance(handler, _Interrupt):
            signal.signal(signal.SIGINT, handler.former)
        # A cell that awaits is under way: ipykernel keeps for its end what was there when it began.
        kernel = _kernel()
        kept = getattr(kernel, "saved_sigint_handler", None)
        if isinstance(kept, _Interrupt):
            kernel.saved_sigint_handler = kept.former

    def listen(self) -> None:
        """Take over from whoever handles interrupts now; called before each slice, for cells put handlers back."""
        handler = signal.getsignal(signal.SIGINT)
        if self._listeners and not isinstance(handler, _Interrupt):
            signal.signal(signal.SIGINT, _Interrupt(self._listeners, handler))


class _Interrupt:
    def __init__(self, listeners: list[Callable[[], object]], former: Any) -> None:
        self._listeners = listeners
        self.former = former

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if callable(self.former) and self.former is not signal.default_int_handler:
            self.former(number, frame)
        for listener in list(self._listeners):
            listener()
