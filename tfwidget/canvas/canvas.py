"""A figure in the browser: ipympl's canvas, confined to the owner thread, with acknowledged frames.

Invariant: everything is drawn on the owner thread, and sent only when `flow` says that it would be painted soon.

- ``draw()`` draws at once, ``draw_idle()`` wants a draw and posts one to the mailbox, however often it is called;
- a drawn picture is sent if no frame is in flight; else when the acknowledgement arrives, with what is newest by then;
- a frame that was lost is followed by a full one;
- while no view is visible nothing is sent, and the newest as soon as one is;
- what one of several pages cannot paint, Agg draws for all.

`Canvas.moving` names the artists that change with every frame. They are animated, so a full draw leaves them out;
`Canvas.draw_moving` restores that picture and draws them over it, without all else. Or it does not draw at all: where
the browser has said that it can, and `Canvas.live` is set, the moving artists are sent as `Canvas.stream` describes
them, and painted there over the picture without them, the *base*. A base that has changed is sent in one message with
what is to be painted over it, and every frame names the base that it was made for: data are never shown over the axes
of others. `Canvas.append` sends only what the list that was sent last has grown by. While a person pans or zooms by
dragging, the browser moves the list at once, and the base follows when it comes; for that, every list names the newest
message about the mouse that its limits were made with. Agg's pictures stay as they are until the next one: paused or
ended, a figure moves when the kernel has answered.

Where tfwidget's front end is not loaded (see `hosts`), ipympl's own shows the figure, by its protocol. It acknowledges
nothing, but it answers ``draw`` with ``draw`` if it has taken a picture since the last answer: so each picture is
followed by that question. The picture is decoded after the answer, and lost if the next comes first: so each is a full
one, which needs none before.
"""

import asyncio
import contextlib
import json
import math
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from types import FrameType
from typing import Any

from ipympl.backend_nbagg import Canvas as IpymplCanvas
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from traitlets import Unicode

from tfwidget.agg import Renderer
from tfwidget.canvas.flow import ACKNOWLEDGEMENT_TIMEOUT, Client, Flow
from tfwidget.canvas.messages import MAX_PIXELS, client_name, is_valid
from tfwidget.errors import TfwidgetWarning
from tfwidget.jupyter import hosts, kernel
from tfwidget.jupyter.kernel import Confined
from tfwidget.run import run as bridge

__all__ = ["Canvas"]

STREAM = 1
"""The version of `Canvas.stream`'s format, which the browser must know to be sent it."""

MAX_FAILURES = 2
"""So often in a row the figure is drawn again when the browser could not show it."""

_FRONT_END_VERSION = f"^{version('tfwidget')}"
_FRONT_END_TRAITS = [f"_{part}_{what}" for part in ("model", "view") for what in ("module", "module_version", "name")]


class Canvas(Confined, IpymplCanvas):
    """A figure in the browser: ipympl's canvas, drawn on the owner thread only.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure to show.
    """

    _model_module = Unicode("tfwidget").tag(sync=True)
    _model_module_version = Unicode(_FRONT_END_VERSION).tag(sync=True)
    _model_name = Unicode("LiveCanvasModel").tag(sync=True)
    _view_module = Unicode("tfwidget").tag(sync=True)
    _view_module_version = Unicode(_FRONT_END_VERSION).tag(sync=True)
    _view_name = Unicode("LiveCanvasView").tag(sync=True)

    supports_blit = True

    heard = False
    """Whether a browser has ever sent a message to any figure."""

    def __init__(self, figure: Figure, *args: Any, **kwargs: Any) -> None:
        self.moving: Sequence[Artist] = ()
        self.stream: Callable[[bool], tuple[dict[str, Any], bytes] | None] = lambda afresh: None
        self.live = False  # else Agg draws everything
        self.on_home: Callable[[], object] = lambda: None
        self.on_theme: Callable[[bool], object] = lambda dark: None
        self.on_room: Callable[[float], object] = lambda width: None
        self.flow = Flow(self._want_full)
        self._unsent = False
        self._timer: asyncio.TimerHandle | None = None
        self._base = 0  # how often one was drawn
        self._base_is_shown = False  # and nothing of Agg's over it
        self._failures = 0  # in a row
        self._draw_wanted = False
        self._draw_posted = False
        self._drawing = False
        self._background: Any = None
        self._drawn_size: tuple[int, int] | None = None  # in device pixels, by the last full draw
        self._renderers: dict[type[RendererAgg], RendererAgg] = {}
        self._reported_threads: set[str] = set()
        self._inner_stale_callback: Callable[[Any, bool], object] | None = None
        self._by_ipympl = hosts.ipympl_shows()  # by its front end
        self._told_ratio = 1.0  # by that, which does not tell this one
        if self._by_ipympl:
            for name in _FRONT_END_TRAITS:
                setattr(self, name, getattr(IpymplCanvas, name).default_value)
        super().__init__(figure, *args, **kwargs)
        # ipympl would send raw pixels instead of pictures until the browser's first message has been handled, which
        # in a blocking cell is its end: the figure would stay blank.
        self.syncing_data_url = False
        width, height = figure.bbox.size
        self._size = (round(width), round(height))
        if self._by_ipympl:
            # Its front end does not stretch a picture of another resolution, and may not be heard before the cell ends.
            self._set_device_pixel_ratio(Canvas.current_dpi_ratio)

    def __repr__(self) -> str:
        return f"<tfwidget canvas of {self._figure_label!r}>"

    # -- drawing ---------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Draw the whole figure, and show it. Called on another thread, it asks the owner thread to do so."""
        if not kernel.on_owner_thread():
            self._report_thread("drawn")
            self._want_draw()
            return
        self._draw_wanted = False
        self._drawing = True
        try:
            FigureCanvasAgg.draw(self)
        finally:
            self._drawing = False
        self._base_is_shown = False
        self._background = None
        self._drawn_size = self.get_width_height(physical=True)
        if self.moving:
            self._base += 1
            self._background = self.copy_from_bbox(self.figure.bbox)
            self._show_moving()
            return
        self._png_is_old = True
        self._send_frame()

    def get_renderer(self) -> RendererAgg:
        """What draws the figure: Matplotlib's own renderer for a file, one that remembers its texts for the screen."""
        kind = RendererAgg if self.is_saving() else Renderer
        size = (*self.get_width_height(physical=True), self.figure.dpi)
        renderer = self._renderers.get(kind)
        if renderer is None or (renderer.width, renderer.height, renderer.dpi) != size:
            renderer = self._renderers[kind] = kind(*size)  # type: ignore[no-untyped-call]
        self.renderer = renderer
        return renderer

    def draw_moving(self) -> None:
        """Draw the moving artists over the last full picture, and show the result."""
        if (
            self._background is None
            or self._drawn_size != self.get_width_height(physical=True)
            or self._draw_wanted
            or self.figure.stale
        ):
            self.draw()
            return
        self._show_moving()

    @property
    def streaming(self) -> bool:
        """Whether the moving artists are painted by the browser."""
        return self.flow.streams and self.live

    def _show_moving(self) -> None:
        if self.streaming:
            if not self.ready:
                self._wait()  # the list is made when it can be sent: the newest wins
                return
            if self._send_stream():
                return
        self.restore_region(self._background)
        renderer = self.get_renderer()
        for artist in self.moving:
            artist.draw(renderer)
        self._png_is_old = True
        self._send_frame()

    def draw_idle(self) -> None:
        """Draw the figure soon, on the owner thread; many calls make one draw.

        Called on another thread, it draws if the figure is stale by the time the owner thread comes to it. pyplot asks
        all stale figures to draw whenever a message was handled, also on a subshell's thread, and one that is just
        being drawn counts as stale: the acknowledgement of each frame would ask for the next.
        """
        if not kernel.on_owner_thread():
            kernel.mailbox.post(self._draw_if_stale)
            return
        if self._drawing:
            return  # a layout engine moves axes in every draw: that must not call for the next one
        self._want_draw()

    def _draw_if_stale(self) -> None:
        if self.figure.stale:
            self._want_draw()

    def _want_draw(self) -> None:
        self._draw_wanted = True
        if not self._draw_posted:
            self._draw_posted = True
            kernel.mailbox.post(self._draw_if_wanted)

    def _draw_if_wanted(self) -> None:
        self._draw_posted = False
        # While a frame is in flight the draw waits for its acknowledgement.
        if not self._draw_wanted or self.comm is None:
            return
        if self.ready:
            self._draw_what_changed()
        else:
            self._watch_time()

    def _draw_what_changed(self) -> None:
        """Draw what was wanted: all, or where the rest is as it was, what moves."""
        if self.moving and self.streaming and not self._failures:
            self._draw_wanted = False
            self.draw_moving()
        else:
            self.draw()

    def flush_events(self) -> None:
        """Handle what the browser sent, and draw what is due; a place where a long computation stays responsive."""
        if kernel.on_owner_thread() and not bridge.rest(0):
            kernel.mailbox.drain()

    def start_event_loop(self, timeout: float = 0) -> None:
        """Handle the browser's messages for `timeout` seconds (0: until `stop_event_loop`), as ``plt.pause`` does."""
        self._looping = True
        end = math.inf if timeout <= 0 else time.monotonic() + timeout
        while self._looping and (left := end - time.monotonic()) > 0:
            if not kernel.on_owner_thread():
                time.sleep(min(left, 0.1))
            elif not bridge.rest(left if timeout > 0 else 0.1):
                kernel.mailbox.wait(min(left, 0.1))
                kernel.mailbox.drain()
        self._looping = False

    # -- frames ----------------------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether a frame sent now would be painted soon: a view is visible, and none in flight is waited for."""
        return self.flow.ready(alone=not self._base_is_shown)  # a picture is too large to follow one

    @property
    def introduced(self) -> bool:
        """Whether a browser has said that it shows this figure."""
        return bool(self.flow.clients) or self._by_ipympl

    def _want_full(self) -> None:
        self._force_full = True

    def _wait(self) -> None:
        """Send what there is when a frame could be painted."""
        self._unsent = True
        self._watch_time()

    def _watch_time(self) -> None:
        """Go on after a while though the acknowledgement that is waited for may never come."""
        if self._timer is None and self.flow.waiting:
            with contextlib.suppress(RuntimeError):  # no loop, in a plain script: the next tick goes on
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(1.1 * ACKNOWLEDGEMENT_TIMEOUT, kernel.mailbox.post, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        if self.comm is not None:
            self._go_on()
            if self._unsent or self._draw_wanted:
                self._watch_time()

    def _send_frame(self) -> None:
        """Send the picture that Agg has drawn."""
        if self.comm is None:
            return
        if not self.ready:
            self._wait()
            return
        self._unsent = False
        self._force_full |= self._by_ipympl
        picture = self.get_diff_image()
        if picture is not None:
            self._base_is_shown = False
            self._send_numbered({"type": "binary"}, [picture])

    def _send_stream(self) -> bool:
        """Send what moves as a list to be painted, with the base where that is not shown; False where Agg must draw."""
        if self.comm is None:
            return True
        with_base = self._force_full or not self._base_is_shown
        display = self.stream(with_base)
        if display is None:
            return False
        header, data = display
        pointers = {name: client.pointer for name, client in self.flow.clients.items() if client.pointer}
        content = {"type": "stream", "base": self._base, "pointers": pointers, **header}
        buffers = [data]
        if with_base:
            self.restore_region(self._background)
            self._png_is_old = True
            buffers.append(self.get_diff_image())
            self._base_is_shown = True
        self._unsent = False
        self._send_numbered(content, buffers)
        return True

    def _send_numbered(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        is_picture = len(buffers) > 1 or not self._base_is_shown
        number, asked = self.flow.send(ask=is_picture)
        content |= {"frame": number} if asked else {"frame": number, "ack": False}
        self.send({"data": json.dumps(content)}, buffers=buffers)
        if self._by_ipympl:
            self.send({"data": json.dumps({"type": "draw"})})

    @property
    def can_append(self) -> bool:
        """Whether the browser shows the moving artists as they were sent last, and nothing else is due."""
        return (
            self.streaming
            and self._base_is_shown
            and not (self._force_full or self._unsent or self._draw_wanted or self.figure.stale)
        )

    def append(self, header: dict[str, Any], data: bytes) -> None:
        """Send what the moving artists have grown by since they were sent."""
        self._send_numbered({"type": "stream", "base": self._base, **header}, [data])

    def blit(self, bbox: object = None) -> None:
        """Show what was drawn over a restored background."""
        if not kernel.on_owner_thread():
            self._report_thread("drawn")
            return
        self._png_is_old = True
        self._send_frame()

    def _on_acknowledgement(self, content: Mapping[str, Any]) -> None:
        failed = content.get("error") is not None
        if not self.flow.acknowledge(client_name(content), content["frame"], failed=failed):
            return
        if failed:
            self._failures += 1
            self._draw_wanted |= self._failures <= MAX_FAILURES
        else:
            self._failures = 0
        self._go_on()

    def _go_on(self) -> None:
        """Draw or send what has waited until a frame could be painted."""
        if not self.ready:
            return
        if self._draw_wanted:
            self._draw_what_changed()
        elif self._unsent and self.streaming and self.moving:
            self.draw_moving()
        elif self._unsent:
            self._send_frame()

    def send_json(self, content: dict[str, Any]) -> None:
        """Send an event; sizes are whole device pixels, else the browser would scale every frame by a hair."""
        if content["type"] == "resize":
            ratio = self.device_pixel_ratio
            content = {**content, "size": [round(side * ratio) / ratio for side in content["size"]]}
        super().send_json(content)

    # -- messages of the browser -----------------------------------------------------------------------------------

    def _handle_message(self, _widget: object, content: object, _buffers: object) -> None:
        """Handle a message of the browser; one that is not as it should be is ignored."""
        if not isinstance(content, dict) or not is_valid(content):
            self.log.debug("ignored a message of the browser: %r", content)
            return
        Canvas.heard = True
        kind = content["type"]
        client = self.flow.clients.get(client_name(content))
        if client is not None and client.gone and kind != "frame_ack":
            self._send_all_to(client)  # it has come back
        if client is not None and content.get("number") is not None:
            client.pointer = content["number"]
        if self._by_ipympl and kind == "draw":
            self._on_acknowledgement({"frame": self.flow.frame})
        elif kind == "frame_ack":
            self._on_acknowledgement(content)
        elif kind == "ready":
            self._on_ready(content)
        elif kind == "visible":
            self._on_visible(content)
            self._go_on()
        elif kind == "draw":
            self.draw_idle()
        elif kind in ("refresh", "initialized") and client_name(content):
            # Of our own front end. What it needs it gets when it is ready; but another size may not be drawn yet.
            if client is not None and self._drawn_size != self.get_width_height(physical=True):
                self.draw_idle()
        elif kind == "initialized":
            if self._by_ipympl:
                self._on_initialized()
            self.manager.resize(*self.figure.bbox.size)
        elif kind == "closing":
            self._closed = True
        elif kind in ("set_dpi_ratio", "set_device_pixel_ratio"):
            ratio: Any = content.get("device_pixel_ratio", content.get("dpi_ratio"))
            self._told_ratio = ratio
            self._handle_set_device_pixel_ratio(ratio)
        elif kind == "resize":
            limit = MAX_PIXELS / self.device_pixel_ratio
            size = {side: min(content[side], limit) for side in ("width", "height")}
            self.manager.handle_json({**content, **size})
        else:
            self.manager.handle_json(content)

    def _on_ready(self, content: Mapping[str, Any]) -> None:
        """A view has rendered, or must be drawn for otherwise."""
        # The views of a page share what was sent to it since the first of them was ready.
        name = client_name(content)
        is_new = not name or name not in self.flow.clients
        client = self.flow.introduce(name)
        at = content.get("time") or client.ready_at
        if at < client.ready_at:
            return  # sent before there was a subshell, it has waited for the cell to end
        client.ready_at = at
        client.streams = content.get("stream") == STREAM
        client.note_visible(content.get("visible") is not False, content.get("time"))
        self._handle_set_device_pixel_ratio(content["device_pixel_ratio"])
        self.on_theme(content["theme"] == "dark")
        if content.get("room") is not None:
            self.on_room(content["room"])
        if is_new:
            self._send_all_to(client)

    def _on_initialized(self) -> None:
        """A page has loaded ipympl's front end anew: what was in flight is lost on it."""
        self.flow.forget()
        self._handle_set_device_pixel_ratio(self._told_ratio)
        Canvas.current_dpi_ratio, self._told_ratio = self._told_ratio, 1.0

    def _on_visible(self, content: Mapping[str, Any]) -> None:
        name = client_name(content)
        is_new = name not in self.flow.clients  # what it needs it gets when it says that it is ready
        client = self.flow.introduce(name)
        client.note_visible(content["visible"], content.get("time"))
        if client.visible and not is_new and not client.streams:
            self._send_all_to(client)

    def _send_all_to(self, client: Client) -> None:
        """Send a full frame soon, for the client may have nothing of what was sent."""
        client.gone = False
        self.flow.lose()
        self.draw_idle()

    # -- other threads ---------------------------------------------------------------------------------------------

    def _report_thread(self, what: str) -> None:
        name = threading.current_thread().name
        if name not in self._reported_threads:
            self._reported_threads.add(name)
            code, line = _users_line()
            kernel.cell_context().run(  # in a cell's output, not in that of whichever message came last
                warnings.warn_explicit,
                f"figure {self._figure_label!r} was {what} by thread {name!r}. Matplotlib is not thread-safe, so that "
                "can corrupt the picture. Send values with tfwidget.log(...), which any thread may call, and let the "
                "main thread plot them",
                TfwidgetWarning,
                code,
                line,
            )

    def watch_mutations(self) -> None:
        """Report when another thread changes the figure; called when it is shown, for pyplot sets a callback before."""
        inner = self.figure.stale_callback
        if getattr(inner, "__self__", None) is self:
            return
        self._inner_stale_callback = inner
        self.figure.stale_callback = self._on_stale

    def _on_stale(self, figure: Any, value: bool) -> None:
        if value and not kernel.on_owner_thread():
            self._report_thread("changed")
            self._want_draw()
        elif self._inner_stale_callback is not None:
            self._inner_stale_callback(figure, value)

    def close(self) -> None:
        """Close the comm, and the toolbar's with it."""
        if self._timer is not None:
            self._timer.cancel()
        if self.toolbar is not None:
            self.toolbar.close()
        super().close()


def _users_line() -> tuple[str, int]:
    """File and line of the innermost caller that is neither of Matplotlib nor of tfwidget."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in ("matplotlib", "tfwidget"):
        frame = frame.f_back
    return ("", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)
