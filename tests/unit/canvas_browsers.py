"""Browsers for the tests of the canvas: the other ends of its comm, which paint as the front ends do."""

import io
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from tests.unit.clock import Clock
from tfwidget.canvas.backend import FigureManager
from tfwidget.canvas.canvas import Canvas
from tfwidget.canvas.flow import MAX_TIMEOUT, Limit
from tfwidget.canvas.frames import Body
from tfwidget.jupyter import owner
from tfwidget.scene.protocol import VERSION

Picture = NDArray[np.uint8]
MOUSE = {"x": 100, "y": 60.5, "button": 0, "buttons": 1, "step": 0, "modifiers": [], "guiEvent": {"k": 1}}
"""Of a message about the mouse."""


def decoded(png: bytes) -> Picture:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def reference(figure: Figure) -> Picture:
    """What Matplotlib itself makes of the figure."""
    with io.BytesIO() as png:
        figure.savefig(png, format="png", dpi=figure.dpi)
        return decoded(png.getvalue())


def tell(widget: Any, content: object) -> None:
    """Let a custom message to a widget arrive on this thread."""
    data = {"method": "custom", "content": content}
    widget.comm.handle_msg({"content": {"data": data}, "buffers": []})


def listen(widget: Any, receive: Callable[[dict[str, Any], Sequence[bytes]], object]) -> None:
    """Have `receive` called with each message of a widget, instead of sending it."""

    def send(data: dict[str, Any], buffers: Sequence[bytes] | None = None, **_: object) -> None:
        receive(data, buffers or ())

    widget.comm.send = send


class Alarms:
    """Time-outs that go off when a test says so."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.waiting: list[tuple[float, Callable[[], object]]] = []

    def __call__(self, seconds: float, call: Callable[[], object]) -> Callable[[], object]:
        alarm = (self.clock.now + seconds, call)
        self.waiting.append(alarm)
        return lambda: self.waiting.remove(alarm) if alarm in self.waiting else None

    def pass_time(self, seconds: float) -> None:
        end = self.clock.now + seconds
        while self.waiting and min(self.waiting, key=lambda alarm: alarm[0])[0] <= end:
            alarm = min(self.waiting, key=lambda alarm: alarm[0])
            self.waiting.remove(alarm)
            self.clock.now = max(alarm[0], self.clock.now)
            owner.mailbox.post(alarm[1])
            owner.mailbox.drain()
        self.clock.now = end


class Browser:
    """The other end of a canvas's comm: paints the pictures as the front end does, and acknowledges when told to."""

    name = ""

    def __init__(self, canvas: Canvas) -> None:
        clock = canvas.sender.clock
        assert isinstance(clock, Clock)
        self.canvas = canvas
        self.clock = clock
        self.alarms = Alarms(clock)
        self.frames: list[tuple[int, str]] = []
        self.sent: list[dict[str, Any]] = []
        self.mode = "full"
        self.picture: Picture = np.zeros((0, 0, 4), np.uint8)
        self.draws = 0
        canvas.frames.later = self.alarms
        listen(canvas, self.hear)
        canvas.mpl_connect("draw_event", self._count)

    def _count(self, _event: object) -> None:
        self.draws += not self.canvas.is_saving()

    def hear(self, data: dict[str, Any], buffers: Sequence[bytes]) -> None:
        assert all(isinstance(buffer, bytes) for buffer in buffers), "what goes to the wire is owned and immutable"
        if data["method"] == "update":
            self.mode = data["state"].get("_image_mode", self.mode)
        else:
            content = data["content"]
            content = json.loads(content["data"]) if "data" in content else content
            self.sent.append(content)
            self.receive(content, buffers)

    def receive(self, content: dict[str, Any], buffers: Sequence[bytes]) -> None:
        if content["type"] == "binary":
            self.take(decoded(buffers[0]))
            self.frames.append((content["frame"], self.mode))

    def take(self, new: Picture) -> None:
        self.picture = new if self.mode == "full" else np.where(new[..., 3:] > 0, new, self.picture)

    def send(self, kind: object, **fields: object) -> None:
        content = {"type": kind, **fields}
        if self.name:
            content = {"client": self.name, **content}
        tell(self.canvas, content)

    def acknowledge(self, **error: str) -> None:
        self.send("frame_ack", frame=self.frames[-1][0] if self.frames else 0, **error)

    def chances(self, random: np.random.Generator) -> list[Callable[[], object]]:
        """What may happen to any figure at any time."""
        return [
            self.canvas.draw,
            self.canvas.draw_idle,
            self.canvas.show,
            owner.mailbox.drain,
            lambda: self.send("resize", width=int(random.integers(120, 200)), height=130),
            lambda: reference(self.canvas.figure),
            lambda: self.alarms.pass_time(random.uniform(0, MAX_TIMEOUT)),
        ]

    @property
    def modes(self) -> list[str]:
        return [mode for _, mode in self.frames]


def new_canvas(figsize: tuple[float, float], clock: Clock | None = None) -> Canvas:
    """A figure in a time of its own, in which a kernel may send what it likes."""
    clock = clock or Clock()
    canvas = Canvas(Figure(figsize=figsize), limit=Limit(1e6, 1e6, clock=clock), clock=clock)
    canvas.frames.later = Alarms(clock)
    FigureManager(canvas, 0)
    canvas.watch_mutations()
    return canvas


def open_browser() -> Iterator[Browser]:
    canvas = new_canvas((2.0, 1.5))
    ax = canvas.figure.add_subplot()
    ax.plot([0, 1, 2], [0, 1, 0])
    owner.mailbox.drain()
    yield Browser(canvas)
    canvas.close()
    owner.mailbox.drain()


def change(browser: Browser) -> None:
    """Make the figure look different."""
    line = browser.canvas.figure.axes[0].lines[0]
    line.set_ydata(np.asarray(line.get_ydata()) * 0.7 + 0.1)


def in_thread(call: Callable[[], object], name: str = "worker") -> None:
    """Run it on another thread; a warning there comes out here."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name=name)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    if errors:
        raise errors[0]


class Ipympl(Browser):
    """ipympl's client: it takes a picture as it comes, shows it once that is decoded, and answers when told to."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self.loading: Picture | None = None
        self.waiting = False
        self.answers: list[str] = []

    def receive(self, content: dict[str, Any], buffers: Sequence[bytes]) -> None:
        if content["type"] == "binary":
            self.loading = decoded(buffers[0])  # in the place of one that was not decoded yet
            self.waiting = False
            self.frames.append((content["frame"], self.mode))
        elif content["type"] == "draw" and not self.waiting:
            self.waiting = True
            self.answers.append("draw")
        elif content["type"] == "resize":
            self.answers.append("refresh")

    def decode(self) -> None:
        if self.loading is not None:
            self.take(self.loading)
            self.loading = None

    def answer(self) -> None:
        answers, self.answers = self.answers, []
        for kind in answers:
            self.send(kind)
        owner.mailbox.drain()

    def load_page(self, *, ratio: float | None = None) -> None:
        if ratio is not None:
            self.send("set_dpi_ratio", dpi_ratio=ratio)
            self.send("set_device_pixel_ratio", device_pixel_ratio=ratio)
        for kind in ("refresh", "send_image_mode", "initialized"):
            self.send(kind)
        self.waiting = False
        self.loading = None
        self.answers = ["refresh"]  # to the size
        owner.mailbox.drain()


class FakeScene:
    """A scene that is nothing but a text."""

    def __init__(self) -> None:
        self.text = "C0"
        self.fault: Exception | None = None
        self._told: str | None = None

    def patch(self, *, afresh: bool) -> tuple[Body, bytes] | None:
        if self.fault is not None:
            raise self.fault
        if self._told == self.text and not afresh:
            return None
        self._told = self.text
        return {"nodes": [], "grown": [], "dropped": []}, self.text.encode()


class Painter(Browser):
    """A page that paints scenes: here, what is painted is their text."""

    name = "page"

    def __init__(self, canvas: Canvas, scene: FakeScene) -> None:
        super().__init__(canvas)
        self.scene = scene
        self.painted: list[str] = []
        self.scenes: list[dict[str, Any]] = []
        self.version: int | None = None
        self.shows_scene = False
        canvas.scene = scene

    def hello(self, **fields: object) -> None:
        self.send("ready", **{"device_pixel_ratio": 1, "theme": "light", "scene": VERSION, **fields})
        owner.mailbox.drain()

    def receive(self, content: dict[str, Any], buffers: Sequence[bytes]) -> None:
        super().receive(content, buffers)
        if content["type"] == "binary":
            self.shows_scene = False
        elif content["type"] == "scene":
            assert content["base"] in (None, self.version), "no page was lost a message"
            self.version = content["version"]
            self.frames.append((content["frame"], "scene"))
            self.scenes.append(content)
            self.painted.append(buffers[0].decode())
            self.shows_scene = content["show"]
        elif content["type"] == "sync":
            assert content["version"] == self.version
            self.frames.append((content["frame"], "sync"))

    def recolour(self, color: str) -> None:
        self.scene.text = color
        self.canvas.show()


class Page:
    """A further page that shows the same canvas: it speaks for itself, and `painter` sees what is sent."""

    def __init__(self, painter: Painter, name: str, **fields: object) -> None:
        self.painter = painter
        self.name = name
        self.send("ready", **{"device_pixel_ratio": 1, "theme": "light", "scene": VERSION, **fields})
        owner.mailbox.drain()

    def send(self, kind: str, **fields: object) -> None:
        tell(self.painter.canvas, {"type": kind, "client": self.name, **fields})

    def acknowledge(self, **error: str) -> None:
        self.send("frame_ack", frame=self.painter.frames[-1][0], **error)
