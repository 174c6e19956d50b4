"""Browsers for the tests of the canvas: the other ends of its comm, which paint as the front ends do."""

import io
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from tfwidget.canvas.backend import new_canvas
from tfwidget.canvas.canvas import Canvas
from tfwidget.canvas.flow import ACKNOWLEDGEMENT_TIMEOUT, PROMPT
from tfwidget.jupyter import kernel

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


class Browser:
    """The other end of a canvas's comm: paints the frames as the front end does, and acknowledges when told to."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.now = 100.0
        self.frames: list[tuple[int, str]] = []
        self.sent: list[dict[str, Any]] = []
        self.picture: Picture = np.zeros((0, 0, 4), np.uint8)
        self.draws = 0
        canvas.flow.clock = lambda: self.now
        canvas.send = self.receive
        canvas.mpl_connect("draw_event", self._count)

    def _count(self, _event: object) -> None:
        self.draws += not self.canvas.is_saving()

    def receive(self, content: dict[str, str], buffers: list[bytes] | None = None) -> None:
        data = json.loads(content["data"])
        self.sent.append(data)
        if data["type"] == "binary":
            assert buffers is not None
            assert isinstance(buffers[0], bytes), "what goes to the wire is owned and immutable"
            mode = self.canvas._image_mode
            new = decoded(buffers[0])
            self.picture = new if mode == "full" else np.where(new[..., 3:] > 0, new, self.picture)
            self.frames.append((data["frame"], mode))

    def send(self, kind: object, **fields: object) -> None:
        self.canvas._handle_message(self.canvas, {"type": kind, **fields}, [])

    def acknowledge(self, **error: str) -> None:
        self.send("frame_ack", frame=self.frames[-1][0] if self.frames else 0, **error)

    def chances(self, random: np.random.Generator) -> list[Callable[[], object]]:
        """What may happen to any figure at any time."""
        return [
            self.canvas.draw,
            self.canvas.draw_idle,
            kernel.mailbox.drain,
            lambda: self.send("resize", width=int(random.integers(120, 200)), height=130),
            lambda: reference(self.canvas.figure),
            lambda: setattr(self, "now", self.now + random.uniform(0, ACKNOWLEDGEMENT_TIMEOUT)),
        ]

    @property
    def modes(self) -> list[str]:
        return [mode for _, mode in self.frames]


def open_browser() -> Iterator[Browser]:
    canvas = new_canvas((2.0, 1.5))
    ax = canvas.figure.add_subplot()
    ax.plot([0, 1, 2], [0, 1, 0])
    kernel.mailbox.drain()
    yield Browser(canvas)
    canvas.close()
    kernel.mailbox.drain()


def change(browser: Browser) -> None:
    """Make the figure look different."""
    line = browser.canvas.figure.axes[0].lines[0]
    line.set_ydata(np.asarray(line.get_ydata()) * 0.7 + 0.1)


def shown_after(browser: Browser, draw: Callable[[], None]) -> Picture:
    while not browser.canvas.ready:
        browser.acknowledge()
    draw()
    return browser.picture


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

    def receive(self, content: dict[str, str], buffers: list[bytes] | None = None) -> None:
        data = json.loads(content["data"])
        self.sent.append(data)
        if data["type"] == "binary":
            assert buffers is not None
            self.loading = decoded(buffers[0])  # in the place of one that was not decoded yet
            self.waiting = False
            self.frames.append((data["frame"], self.canvas._image_mode))
        elif data["type"] == "draw" and not self.waiting:
            self.waiting = True
            self.answers.append("draw")
        elif data["type"] == "resize":
            self.answers.append("refresh")

    def decode(self) -> None:
        if self.loading is not None:
            full = self.canvas._image_mode == "full"
            self.picture = self.loading if full else np.where(self.loading[..., 3:] > 0, self.loading, self.picture)
            self.loading = None

    def answer(self) -> None:
        answers, self.answers = self.answers, []
        for kind in answers:
            self.send(kind)
        kernel.mailbox.drain()

    def load_page(self, *, ratio: float | None = None) -> None:
        if ratio is not None:
            self.send("set_dpi_ratio", dpi_ratio=ratio)
            self.send("set_device_pixel_ratio", device_pixel_ratio=ratio)
        for kind in ("refresh", "send_image_mode", "initialized"):
            self.send(kind)
        self.waiting = False
        self.loading = None
        self.answers = ["refresh"]  # to the size
        kernel.mailbox.drain()


class Painter(Browser):
    """A browser that paints lists: here, what is painted is their text over the base's pixels."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self.delay = PROMPT  # before it acknowledges: not promptly, for two frames in flight are easier to follow
        self.painted: list[tuple[str, bool]] = []  # the list, and whether a base came with it
        self.lists: list[dict[str, Any]] = []  # their headers
        self.base: int | None = None

    def send(self, kind: object, **fields: object) -> None:
        if kind == "frame_ack":
            self.now += self.delay
        super().send(kind, **fields)

    def receive(self, content: dict[str, str], buffers: list[bytes] | None = None) -> None:
        data = json.loads(content["data"])
        if data["type"] != "stream":
            if data["type"] == "binary":
                self.base = None
            super().receive(content, buffers)
            return
        assert buffers is not None
        assert all(isinstance(buffer, bytes) for buffer in buffers)
        if len(buffers) > 1:
            super().receive({"data": json.dumps({**data, "type": "binary"})}, buffers[1:])
            self.base = data["base"]
        else:
            self.frames.append((data["frame"], "list"))
        assert data["base"] == self.base, "what was made for other axes is never painted over these"
        self.painted.append((buffers[0].decode(), len(buffers) > 1))
        self.lists.append(data)


def recolour(painter: Browser, color: str) -> None:
    painter.canvas.moving[0].set_color(color)  # type: ignore[attr-defined]
    painter.canvas.draw_moving()


class Page:
    """One of several browser pages that show the same canvas: it speaks for itself, and `painter` sees what is sent."""

    def __init__(self, painter: Painter, name: str, **fields: object) -> None:
        self.painter = painter
        self.name = name
        self.send("ready", **{"device_pixel_ratio": 1, "theme": "light", "stream": 1, **fields})
        kernel.mailbox.drain()

    def send(self, kind: str, **fields: object) -> None:
        self.painter.send(kind, client=self.name, **fields)

    def acknowledge(self, **error: str) -> None:
        self.send("frame_ack", frame=self.painter.frames[-1][0], **error)
