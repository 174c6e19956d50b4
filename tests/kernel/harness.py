"""A real kernel and a fake front end, for tests that ask which thread does what, and when, without a browser.

`Kernel` starts a kernel process and mirrors what it publishes: executed cells with their outputs, and every widget's
state by comm. It sends what JupyterLab >= 4.4 would send: comm messages over a subshell, while a cell blocks.
Invariant: one thread (the pump) owns the sockets and is the only writer of what is mirrored; tests wait for a
condition, with a timeout, and never for a time.
"""

import ast
import contextlib
import io
import json
import os
import queue
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
import zmq
from jupyter_client.connect import write_connection_file
from jupyter_client.session import Session
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from tests.kernels import spec_name

Json: TypeAlias = dict[str, Any]
Reaction: TypeAlias = Callable[["Widget", "Message"], None]
T = TypeVar("T")

TIMEOUT = 30.0
AUTO = "auto"
"""Stands for the front end's own subshell, where the kernel has subshells."""


class Message(NamedTuple):
    """One custom message that the kernel sent to a widget: `time` is when it came (``time.perf_counter``)."""

    content: Json
    buffers: list[bytes]
    time: float

    @property
    def data(self) -> Json:
        """What ipympl's protocol carries: the JSON in ``content["data"]``; {} when there is none."""
        data: Json = json.loads(self.content["data"]) if isinstance(self.content.get("data"), str) else {}
        return data


class CellError(AssertionError):
    """A cell that was to succeed raised; the message is its traceback."""


@dataclass(eq=False)
class Cell:
    """One executed cell, filled in as its messages come."""

    kernel: "Kernel"
    code: str
    msg_id: str
    subshell: str | None = None
    outputs: list[Json] = field(default_factory=list)
    reply: Json | None = None
    idle: bool = False
    started: float | None = None
    ended: float | None = None

    @property
    def done(self) -> bool:
        """The reply came, and after it everything that the cell published."""
        return self.reply is not None and self.idle

    @property
    def stdout(self) -> str:
        return "".join(out["text"] for out in self.outputs if out.get("name") == "stdout")

    @property
    def stderr(self) -> str:
        return "".join(out["text"] for out in self.outputs if out.get("name") == "stderr")

    @property
    def error(self) -> str | None:
        """``"Name: message"`` of the exception that ended the cell, or None."""
        if self.reply is None or self.reply["status"] == "ok":
            return None
        return f"{self.reply.get('ename', self.reply['status'])}: {self.reply.get('evalue', '')}"

    @property
    def displayed(self) -> list[Json]:
        """The mime bundles of display_data and execute_result."""
        return [out["data"] for out in self.outputs if "data" in out]

    def wait(self, timeout: float = TIMEOUT) -> "Cell":
        """Wait until the cell has ended, well or badly."""
        self.kernel.wait_for(lambda: self.done, timeout, f"the end of the cell {self.code[:60]!r}")
        return self

    def ok(self, timeout: float = TIMEOUT) -> "Cell":
        """Wait until the cell has ended, and raise CellError unless it ended well."""
        if self.wait(timeout).error:
            trace = "\n".join(line for out in self.outputs for line in out.get("traceback", ()))
            raise CellError(f"{self.error}\n{trace}\n{self.stderr}")
        return self

    def wait_for_text(self, text: str, timeout: float = TIMEOUT) -> "Cell":
        """Wait until `text` was printed: how a test knows where a running cell is."""
        what = f"{text!r} printed by the cell {self.code[:60]!r}"
        self.kernel.wait_for(lambda: text in self.stdout or self.done, timeout, what)
        assert text in self.stdout, f"the cell ended without printing {text!r}: {self.error or self.stdout!r}"
        return self


@dataclass(eq=False)
class Widget:
    """The front end's mirror of one widget: its state, and the custom messages it was sent."""

    kernel: "Kernel"
    comm_id: str
    target: str
    state: Json
    messages: list[Message] = field(default_factory=list)
    updates: list[Json] = field(default_factory=list)
    closed: bool = False

    @property
    def model(self) -> str:
        return str(self.state.get("_model_name", ""))

    def send(self, content: Json, buffers: Sequence[bytes] = (), subshell: str | None = AUTO) -> None:
        """Send a custom message to the kernel's widget: over the subshell, as JupyterLab does, or over `subshell`."""
        self._send({"method": "custom", "content": content}, buffers, subshell)

    def send_data(self, type_: str, /, *, subshell: str | None = AUTO, **data: object) -> None:
        """Send ``{"type": type_, **data}`` as ipympl's protocol wraps it."""
        self.send({"type": type_, **data}, subshell=subshell)

    def update(self, subshell: str | None = AUTO, **state: object) -> None:
        """Set traits from the front end."""
        self.state.update(state)
        self._send({"method": "update", "state": state, "buffer_paths": []}, (), subshell)

    def click(self, subshell: str | None = AUTO) -> None:
        """Click: what ipywidgets.Button sends."""
        self.send({"event": "click"}, subshell=subshell)

    def _send(self, data: Json, buffers: Sequence[bytes], subshell: str | None) -> None:
        content = {"comm_id": self.comm_id, "data": data}
        self.kernel.send("comm_msg", content, buffers=buffers, subshell=self.kernel.resolve(subshell))


class Kernel:
    """A kernel process under test, and the fake front end that talks to it.

    Parameters
    ----------
    version
        Which ipykernel, a key of `tests.kernels.OVERLAYS`.
    specs
        Folder written by `tests.kernels.write_specs`.
    cwd
        Working folder of the kernel; its stdout and stderr go to ``kernel.log`` there.

    Attributes
    ----------
    widgets
        Every widget opened so far, by comm id, oldest first.
    comm_errors
        Tracebacks and stderr text from handlers of comm messages, which no cell shows. The `kernel` fixture fails a
        test that leaves some: a test that expects them clears the list.
    reactions
        Called on the pump thread with each custom message: a fake view that answers. See `View`.
    published
        Bytes that the kernel has published so far.
    """

    def __init__(self, version: str, specs: Path, cwd: Path) -> None:
        self.version = version
        self.cells: dict[str, Cell] = {}
        self.widgets: dict[str, Widget] = {}
        self.comm_errors: list[str] = []
        self.stray: list[Json] = []
        self.reactions: list[Reaction] = []
        self.published = 0
        self.replies: dict[str, Json] = {}
        self._changed = threading.Condition(threading.RLock())
        self._outgoing: queue.SimpleQueue[tuple[str, Json, list[bytes]]] = queue.SimpleQueue()
        self._wake, self._woken = socket.socketpair()
        self._requests: dict[str, str] = {}
        self._iopub_alive = False
        self._failure: str | None = None
        self._log = cwd / "kernel.log"
        file, connection = write_connection_file(str(cwd / "connection.json"), key=secrets.token_hex(16).encode())
        self._session = Session(
            key=connection["key"].encode(), signature_scheme=connection["signature_scheme"], digest_history_size=0
        )
        self._process = self._start(specs, cwd, file)
        self._context = zmq.Context()
        self._sockets = {
            "shell": self._connect(zmq.DEALER, connection["shell_port"]),
            "control": self._connect(zmq.DEALER, connection["control_port"]),
            "iopub": self._connect(zmq.SUB, connection["iopub_port"]),
        }
        self._pump = threading.Thread(target=self._run, name=f"pump-{version}", daemon=True)
        self._pump.start()
        self.subshell: str | None = None
        try:
            self.info = self._handshake()
            if "kernel subshells" in self.info.get("supported_features", ()):
                self.subshell = self.create_subshell()
        except BaseException:
            self.close()
            raise

    # -- what a test asks for

    def execute(
        self, code: str, subshell: str | None = None, *, cell_id: str | None = None, **expressions: str
    ) -> Cell:
        """Start a cell and return at once; `subshell` runs it beside the cell of the main shell."""
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False, "stop_on_error": True}
        header = self._header("execute_request", subshell)
        cell = Cell(self, code, header["msg_id"], subshell)
        with self._changed:
            self.cells[cell.msg_id] = cell
        metadata = {} if cell_id is None else {"cellId": cell_id}
        self._post("shell", header, {**content, "user_expressions": expressions}, metadata=metadata)
        return cell

    def run(self, code: str, timeout: float = TIMEOUT, *, cell_id: str | None = None) -> Cell:
        """Run a cell to its end, which must be a good one."""
        return self.execute(code, cell_id=cell_id).ok(timeout)

    def evaluate(self, expression: str, *, live: bool = False, timeout: float = TIMEOUT) -> Any:
        """The value of a Python expression made of literals; `live` asks beside a running cell, on a new subshell."""
        subshell = self.create_subshell() if live else None
        reply = self.execute("", subshell, value=f"repr({expression})").ok(timeout).reply
        if subshell:
            self.control("delete_subshell_request", {"subshell_id": subshell})
        assert reply is not None
        value = reply["user_expressions"]["value"]
        if value["status"] != "ok":
            raise CellError(f"{expression}: {value['ename']}: {value['evalue']}")
        return ast.literal_eval(ast.literal_eval(value["data"]["text/plain"]))

    def picture(self, figure: str) -> NDArray[np.uint8]:
        """What Matplotlib's own savefig makes of a figure: height x width x RGBA, at the screen's resolution."""
        save = f"(lambda f, png: (f.savefig(png, dpi=f.dpi), png.getvalue())[1])({figure}, __import__('io').BytesIO())"
        return np.asarray(Image.open(io.BytesIO(self.evaluate(save))).convert("RGBA"))

    def threads(self, *, live: bool = False) -> list[str]:
        """Names of the kernel's threads."""
        names: list[str] = self.evaluate("[t.name for t in __import__('threading').enumerate()]", live=live)
        return names

    def interrupt(self) -> None:
        """What the stop button of the notebook does: SIGINT."""
        os.killpg(self._process.pid, signal.SIGINT)

    def create_subshell(self) -> str:
        return str(self.control("create_subshell_request", {})["subshell_id"])

    def control(self, msg_type: str, content: Json, timeout: float = TIMEOUT) -> Json:
        """Send a request on the control channel, and return its reply's content."""
        header = self._header(msg_type, None)
        self._post("control", header, content)
        reply = self._await_reply(header, timeout)
        assert reply["status"] == "ok", reply
        return reply

    def send(
        self,
        msg_type: str,
        content: Json,
        *,
        buffers: Sequence[bytes] = (),
        subshell: str | None = None,
        metadata: Json | None = None,
    ) -> str:
        """Send any message on the shell channel; returns its msg_id."""
        header = self._header(msg_type, subshell)
        self._post("shell", header, content, buffers, metadata)
        return str(header["msg_id"])

    def resolve(self, subshell: str | None) -> str | None:
        """AUTO is the subshell where the kernel has one."""
        return self.subshell if subshell == AUTO else subshell

    def wait_for(self, condition: Callable[[], T], timeout: float = TIMEOUT, what: str = "a condition") -> T:
        """Wait until `condition` is true, asked again after each message that comes, and return its value."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not (value := condition()):
                if self._failure:
                    raise AssertionError(f"{self._failure}\n{self.log[-3000:]}")
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"no sign of {what} within {timeout} s on ipykernel {self.version}\n{self}")
                self._changed.wait(min(left, 1.0))
            return value

    def widget(self, model: str, timeout: float = TIMEOUT, **state: object) -> Widget:
        """The newest open widget with that ``_model_name`` (and that state), awaited."""

        def find() -> Widget | None:
            return next((w for w in reversed(self.find(model, **state))), None)

        found = self.wait_for(find, timeout, f"a widget {model} {state or ''}")
        assert found is not None
        return found

    def find(self, model: str, **state: object) -> list[Widget]:
        """Open widgets with that ``_model_name`` and that state, oldest first."""
        with self._changed:
            return [w for w in self.widgets.values() if not w.closed and w.model == model and _has(w, state)]

    def errors_of_handlers(self) -> list[str]:
        """What went wrong in handlers of comm messages, also where a cell was running that itself ended well."""
        with self._changed:
            good = [cell for cell in self.cells.values() if cell.done and cell.error is None]
            shown = ["\n".join(out["traceback"]) for cell in good for out in cell.outputs if "traceback" in out]
            return [*self.comm_errors, *(error for error in shown if error not in self.comm_errors)]

    def settle(self) -> None:
        """Return when the kernel has handled all that was sent before: both of its shells answered."""
        for subshell in {None, self.subshell}:
            header = self._header("kernel_info_request", subshell)
            self._post("shell", header, {})
            self._await_reply(header, TIMEOUT)

    def reset(self) -> None:
        """Make the kernel fit for the next test: no running cell, no widget, an empty namespace."""
        self.reactions.clear()
        with self._changed:
            busy = [cell for cell in self.cells.values() if not cell.done]
        for cell in busy:
            self.interrupt()
            cell.wait(10)
        self.run("import sys\nif 'ipywidgets' in sys.modules: sys.modules['ipywidgets'].Widget.close_all()")
        self.run("if 'matplotlib.pyplot' in sys.modules: sys.modules['matplotlib.pyplot'].close('all')")
        self.run("%reset -f")
        self.forget()

    def forget(self) -> None:
        """Let go of all that was mirrored so far."""
        with self._changed:
            for record in (self.cells, self.widgets, self.comm_errors, self.stray, self.replies, self._requests):
                record.clear()

    def abandon(self) -> None:
        """Give up on a kernel that does not answer: it is replaced for the next test."""
        self._failure = f"kernel {self.version} did not recover from an earlier test"

    @property
    def alive(self) -> bool:
        return self._failure is None

    @property
    def log(self) -> str:
        """What the kernel process wrote to its own stdout and stderr."""
        return self._log.read_text(errors="replace")

    def __str__(self) -> str:
        with self._changed:
            running = [f"  running since {c.started}: {c.code[:200]!r}" for c in self.cells.values() if not c.done]
            parts = [*running, *(f"  comm error: {e[-1500:]}" for e in self.comm_errors), f"  log: {self.log[-1500:]}"]
        return "\n".join([f"kernel {self.version}:", *parts])

    def close(self) -> None:
        """Shut the kernel down, and its threads and sockets with it."""
        with contextlib.suppress(AssertionError):  # of a kernel that is gone or stuck already
            self.control("shutdown_request", {"restart": False}, 10)
        try:
            self._process.wait(10 if self.alive else 0)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._post("stop", {}, {})
        self._pump.join(10)
        self._context.destroy(linger=0)
        self._wake.close()
        self._woken.close()

    def _start(self, specs: Path, cwd: Path, connection_file: str) -> "subprocess.Popen[bytes]":
        spec = json.loads((specs / "kernels" / spec_name(self.version) / "kernel.json").read_text())
        command = [word.replace("{connection_file}", connection_file) for word in spec["argv"]]
        with self._log.open("wb") as log:
            return subprocess.Popen(
                command,
                cwd=cwd,
                env={**os.environ, **spec["env"], "JPY_PARENT_PID": str(os.getpid())},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _connect(self, kind: int, port: int) -> "zmq.Socket[bytes]":
        sock = self._context.socket(kind)
        if kind == zmq.SUB:
            sock.subscribe(b"")
        else:
            sock.setsockopt(zmq.IDENTITY, self._session.bsession)
        sock.connect(f"tcp://127.0.0.1:{port}")
        return sock

    # -- the pump: everything below runs on its thread, but for _post and _header

    def _header(self, msg_type: str, subshell: str | None) -> Json:
        header: Json = self._session.msg_header(msg_type)
        if subshell is not None:
            header["subshell_id"] = subshell
        return header

    def _post(
        self,
        channel: str,
        header: Json,
        content: Json,
        buffers: Sequence[bytes] = (),
        metadata: Json | None = None,
    ) -> None:
        message = {"header": header, "content": content, "parent_header": {}, "metadata": metadata or {}}
        if channel == "shell":
            self._requests[header["msg_id"]] = header["msg_type"]
        self._outgoing.put((channel, message, list(buffers)))
        self._wake.send(b"x")

    def _await_reply(self, header: Json, timeout: float) -> Json:
        what = f"the reply to {header['msg_type']}"
        return self.wait_for(lambda: self.replies.get(header["msg_id"]), timeout, what) or {}

    def _handshake(self) -> Json:
        """Ask who the kernel is until it answers and iopub is heard: before that, published messages get lost."""
        deadline = time.monotonic() + 2 * TIMEOUT
        while True:
            header = self._header("kernel_info_request", None)
            self._post("shell", header, {})
            try:
                info = self._await_reply(header, 2)
                self.wait_for(lambda: self._iopub_alive, 2, "anything on iopub")
            except AssertionError:
                if self._failure or time.monotonic() > deadline:
                    raise
            else:
                return info

    def _run(self) -> None:
        sockets = self._sockets
        poller = zmq.Poller()
        for sock in (*sockets.values(), self._woken):
            poller.register(sock, zmq.POLLIN)
        try:
            while True:
                ready = dict(poller.poll(500))
                if self._woken.fileno() in ready:
                    self._woken.recv(4096)
                while not self._outgoing.empty():
                    channel, message, buffers = self._outgoing.get()
                    if channel == "stop":
                        return
                    self._session.send(sockets[channel], message, buffers=[*buffers])
                for name, sock in sockets.items():
                    while sock in ready and sock.poll(0):
                        parts = sock.recv_multipart(zmq.NOBLOCK)
                        if name == "iopub":
                            self.published += sum(map(len, parts))
                        _, signed = self._session.feed_identities(parts)
                        self._receive(name, self._session.deserialize(signed))
                if not ready and self._process.poll() is not None:
                    raise RuntimeError("the kernel process ended")
        except Exception as error:
            with self._changed:
                self._failure = f"kernel {self.version} failed: {error!r}"
                self._changed.notify_all()

    def _receive(self, channel: str, message: Json) -> None:
        with self._changed:
            parent = message["parent_header"].get("msg_id", "")
            if channel == "iopub":
                self._iopub_alive = True
                self._published(message, parent)
            elif cell := self.cells.get(parent):
                cell.reply, cell.ended = message["content"], time.perf_counter()
            else:
                self.replies[parent] = message["content"]
            self._changed.notify_all()

    def _published(self, message: Json, parent: str) -> None:
        kind, content = message["msg_type"], message["content"]
        cell = self.cells.get(parent)
        if kind.startswith("comm_"):
            self._comm(kind, content, [bytes(buffer) for buffer in message["buffers"]])
        elif kind == "status":
            if cell and content["execution_state"] == "busy":
                cell.started = time.perf_counter()
            elif cell:
                cell.idle = True
        elif kind in {"stream", "display_data", "execute_result", "error", "update_display_data", "clear_output"}:
            if cell:
                cell.outputs.append({"output_type": kind, **content})
            else:
                self.stray.append({"output_type": kind, "request": self._requests.get(parent, ""), **content})
            # A handler may speak in the cell that made its widget, long after that has ended.
            late = self._requests.get(parent, "").startswith("comm_") if cell is None else cell.idle
            if kind == "error" and (cell is None or late):
                self.comm_errors.append("\n".join(content["traceback"]))
            elif kind == "stream" and content["name"] == "stderr" and late:
                self.comm_errors.append(content["text"])

    def _comm(self, kind: str, content: Json, buffers: list[bytes]) -> None:
        comm_id, data = content["comm_id"], content.get("data", {})
        if kind == "comm_open":
            self.widgets[comm_id] = Widget(self, comm_id, content["target_name"], {})
        widget = self.widgets.get(comm_id)
        if widget is None:  # closed by an earlier test, or not ours
            return
        if kind == "comm_close":
            widget.closed = True
        elif kind == "comm_open" or data.get("method") in {"update", "echo_update"}:
            for path, buffer in zip(data.get("buffer_paths", ()), buffers, strict=True):
                _put(data["state"], path, buffer)
            widget.state.update(data.get("state", {}))
            widget.updates.append(dict(data.get("state", {})))
        elif data.get("method") == "update_states":
            widget.state.update(data["states"])
        elif data.get("method") == "custom":
            widget.messages.append(message := Message(data["content"], buffers, time.perf_counter()))
            for reaction in tuple(self.reactions):
                reaction(widget, message)


def _put(state: Json, path: Sequence[Any], value: bytes) -> None:
    target: Any = state
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value


def _has(widget: Widget, state: Json) -> bool:
    return all(key in widget.state and widget.state[key] == value for key, value in state.items())


class View:
    """A fake view of one canvas: keeps the picture as the browser would, and answers as our view or as ipympl's does.

    Parameters
    ----------
    canvas
        The canvas's widget.
    ready
        Say at once that the view has rendered (our protocol) or ask for an image (ipympl's).
    acknowledge
        Acknowledge each frame. Without it the view is a browser tab that hangs, until `acknowledge` is set again.
    streams
        Say that it can paint what moves. Then `picture` is the base alone, for nothing is painted here.
    decodes
        Keep `picture`. Without it the view costs next to nothing, for what is to be timed beside it.

    Attributes
    ----------
    frames
        When each frame came (``time.perf_counter``).
    undecodable
        How many frames were no picture.
    picture
        What the browser would show: height x width x RGBA, or None before the first frame.
    """

    def __init__(
        self,
        canvas: Widget,
        *,
        ready: bool = True,
        acknowledge: bool = True,
        theme: str = "light",
        streams: bool = False,
        decodes: bool = True,
    ) -> None:
        self.canvas = canvas
        self.decodes = decodes
        self.acknowledge = acknowledge
        self.frames: list[float] = []
        self.undecodable = 0
        self.picture: NDArray[np.uint8] | None = None
        self._mode = "full"
        self._asked = False
        self.ours = canvas.model == "LiveCanvasModel"
        self._kernel = canvas.kernel
        with self._kernel._changed:
            past = list(canvas.messages)
            self._kernel.reactions.append(self._react)
        for message in past:
            self._react(canvas, message)
        if ready and self.ours:
            canvas.send_data("ready", device_pixel_ratio=1, theme=theme, stream=int(streams))
        elif ready:
            for kind in ("refresh", "send_image_mode", "initialized"):
                canvas.send_data(kind)

    def wait_for_frames(self, count: int, timeout: float = TIMEOUT) -> None:
        """Wait until at least `count` frames came."""
        self._kernel.wait_for(lambda: len(self.frames) >= count, timeout, f"{count} frames (got {len(self.frames)})")

    def drag(self, start: tuple[float, float], end: tuple[float, float], moves: int = 4, button: int = 0) -> None:
        """Press, move and release the mouse, in canvas pixels."""
        self._mouse("button_press", start, button, 1)
        for i in range(1, moves + 1):
            share = i / moves
            x, y = (a + (b - a) * share for a, b in zip(start, end, strict=True))
            self._mouse("motion_notify", (x, y), button, 1)
        self._mouse("button_release", end, button, 0)

    def _mouse(self, kind: str, at: tuple[float, float], button: int, buttons: int) -> None:
        event: Json = {"x": at[0], "y": at[1], "button": button, "buttons": buttons, "step": 0, "modifiers": []}
        self.canvas.send_data(kind, **event, guiEvent={})

    def _react(self, widget: Widget, message: Message) -> None:
        if widget is not self.canvas:
            return
        kind = message.data.get("type")
        if kind == "image_mode":
            self._mode = message.data["mode"]
        elif kind == "draw" and not self.ours and not self._asked:
            self._asked = True
            widget.send_data("draw")
        elif kind in ("binary", "stream"):
            self._asked = False
            report: Json = {}
            try:
                for picture in message.buffers[kind == "stream" :] if self.decodes else ():
                    self.picture = self._paint(picture)
            except UnidentifiedImageError as error:  # stock ipympl sends raw RGBA before it knows of a front end
                self.undecodable += 1
                report = {"error": str(error)}
            else:
                self.frames.append(message.time)
            if self.ours and self.acknowledge and (message.data.get("ack", True) or report):
                widget.send_data("frame_ack", frame=message.data["frame"], **report)

    def _paint(self, png: bytes) -> NDArray[np.uint8]:
        mode = self.canvas.state.get("_image_mode", self._mode)
        new = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
        if mode == "full" or self.picture is None or self.picture.shape != new.shape:
            return new
        return np.where(new[..., 3:] > 0, new, self.picture)


@contextlib.contextmanager
def started(version: str, specs: Path, cwd: Path) -> Iterator[Kernel]:
    """A kernel, shut down at the end."""
    kernel = Kernel(version, specs, cwd)
    try:
        yield kernel
    finally:
        kernel.close()


__all__ = ["AUTO", "TIMEOUT", "Cell", "CellError", "Kernel", "Message", "View", "Widget", "started"]
