"""A figure in the browser: ipympl's canvas, confined to the owner thread. Its `Sender` decides what is sent.

Invariant: everything is drawn and sent on the owner thread, and a frame is sent only when `Sender.next` names it.

The figure of a live plot has a scene (`Canvas.scene`). Pages are sent the scene, and paint it. Agg draws such a figure
only where a picture is needed: for a still figure, for a page that cannot paint scenes, and for a file. A figure of
pyplot has no scene, and Agg always draws it.

The way out: `Canvas.show` and `Canvas.draw_idle` say that the figure has changed. The sender decides what is sent and
when. The frame is made at that moment, so it shows the newest state. The way in: each message is checked first, see
`tfwidget.canvas.messages`. Then the sender, Matplotlib or the owner of the figure (`on_view`) handles it.

Where tfwidget's front end is not loaded (see `tfwidget.jupyter.hosts`), ipympl's own shows the figure. It does not
acknowledge frames. But it answers the message ``draw`` when it has taken a picture, so each picture is followed by that
message. It loses a picture that is not decoded yet when the next one comes. So it is sent full pictures only.
"""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from importlib.metadata import version
from typing import Any

from ipympl.backend_nbagg import Canvas as IpymplCanvas
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from traitlets import Unicode

from tfwidget.agg import Renderer
from tfwidget.canvas.flow import Limit
from tfwidget.canvas.frames import Frames, SceneSource
from tfwidget.canvas.messages import MAX_PIXELS, is_valid, page_name
from tfwidget.canvas.sender import Sender
from tfwidget.canvas.strangers import Strangers
from tfwidget.jupyter import hosts, owner
from tfwidget.jupyter.confined import Confined
from tfwidget.scene.protocol import VERSION

__all__ = ["Canvas", "View"]

View = tuple[float, float]
"""Limits of an axis, at its left or lower edge and at its right or upper one."""

_FRONT_END_VERSION = f"^{version('tfwidget')}"
_FRONT_END_TRAITS = [f"_{part}_{what}" for part in ("model", "view") for what in ("module", "module_version", "name")]


class Canvas(Confined, IpymplCanvas):
    """A figure in the browser: ipympl's canvas, drawn on the owner thread only.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure to show.
    limit : Limit
        The limit of messages of the kernel; all figures share one.
    clock : callable, optional
        Returns the time in seconds.

    Attributes
    ----------
    frames : Frames
        Sends the figure.
    on_home : callable
        Called without arguments when a person presses Home.
    on_theme : callable
        Called with True if the page is dark, else False.
    on_room : callable
        Called with the width that the page has for the figure, in CSS pixels.
    on_view : callable
        Called with a panel's id, its new limits in x and in y, and whether the drag has ended.
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

    def __init__(self, figure: Figure, *, limit: Limit, clock: Callable[[], float] = time.monotonic) -> None:
        self.on_home: Callable[[], object] = lambda: None
        self.on_theme: Callable[[bool], object] = lambda dark: None
        self.on_room: Callable[[float], object] = lambda width: None
        self.on_view: Callable[[int, View, View, bool], object] = lambda panel, x, y, done: None
        self._posted = False
        self._is_drawn = False  # whether Agg's picture shows the present figure
        self._renderers: dict[type[RendererAgg], RendererAgg] = {}
        self._by_ipympl = hosts.ipympl_shows()  # whether ipympl's front end shows the figure
        self.frames = Frames(self, limit, asks_draw=self._by_ipympl, clock=clock)
        self._told_ratio = 1.0  # device pixels per CSS pixel, as a page of ipympl's front end has said
        if self._by_ipympl:
            for name in _FRONT_END_TRAITS:
                setattr(self, name, getattr(IpymplCanvas, name).default_value)
        super().__init__(figure)
        self._strangers = Strangers(self, self._figure_label)
        # Otherwise ipympl sends raw pixels instead of pictures until the browser's first message is handled. In a
        # blocking cell that may be at the cell's end, and the figure would stay blank.
        self.syncing_data_url = False
        width, height = figure.bbox.size
        self._size = (round(width), round(height))
        if self._by_ipympl:
            # ipympl's front end does not scale pictures, and its resolution may not be known before the cell ends.
            self._set_device_pixel_ratio(Canvas.current_dpi_ratio)

    def __repr__(self) -> str:
        return f"<tfwidget canvas of {self._figure_label!r}>"

    # -- for the owner of the figure -------------------------------------------------------------------------------

    @property
    def sender(self) -> Sender:
        """Decides what is sent."""
        return self.frames.sender

    @property
    def scene(self) -> SceneSource | None:
        """The scene of the figure; None if only Agg draws it."""
        return self.frames.scene

    @scene.setter
    def scene(self, scene: SceneSource) -> None:
        self.frames.scene = scene

    @property
    def still(self) -> bool:
        """Whether pages are to show Agg's picture, also where they could paint a scene."""
        return self.sender.still

    @still.setter
    def still(self, still: bool) -> None:
        self.sender.still = still

    @property
    def ready(self) -> bool:
        """Whether a frame that is due now would be sent now, and painted soon."""
        return self.comm is not None and self.sender.ready()

    @property
    def introduced(self) -> bool:
        """Whether a page has said that it shows this figure. ipympl's front end, which never does, counts as well."""
        return len(self.sender.pages) > 0 or self._by_ipympl

    def show(self) -> None:
        """Show the present figure as soon as the pages are ready for it."""
        self._change()
        self.frames.expire_and_go_on()

    def gather(self) -> AbstractContextManager[None]:
        """Return a context whose changes are sent in one message: the figure, and the state of `Gathered` widgets.

        If no scene is sent at the end of the context, the widgets send messages of their own.
        """
        return self.frames.gather()

    # -- drawing ---------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Draw the whole figure, and show it. If another thread calls this, the owner thread does so later."""
        if not owner.on_owner_thread():
            self._strangers.report("drawn")
            self._strangers.ask(always=True)
            return
        self._draw_by_agg()
        self.show_drawn()

    def blit(self, bbox: object = None) -> None:
        """Show what Agg has drawn over a restored background."""
        if owner.on_owner_thread():
            self.show_drawn()
        else:
            self._strangers.report("drawn")

    def draw_idle(self) -> None:
        """Show the figure soon, in its state of that moment. Many calls make one frame.

        If another thread calls this, the figure is shown only if it is stale when the owner thread comes to it. The
        reason: pyplot calls this for all stale figures after each message, also on a subshell's thread, and a figure
        that is being drawn is stale. So otherwise the acknowledgement of each frame would cause the next one.
        """
        if not owner.on_owner_thread():
            self._strangers.ask(always=False)
            return
        self._change()
        if not self._posted:
            self._posted = True
            owner.mailbox.post(self._on_post)

    def show_drawn(self) -> None:
        """Show what Agg has drawn."""
        self._change()
        self._is_drawn = True
        self.frames.expire_and_go_on()

    def get_renderer(self) -> RendererAgg:
        """Return the renderer: for a file Matplotlib's own, for the screen the one that remembers texts."""
        kind = RendererAgg if self.is_saving() else Renderer
        size = (*self.get_width_height(physical=True), self.figure.dpi)
        renderer = self._renderers.get(kind)
        if renderer is None or (renderer.width, renderer.height, renderer.dpi) != size:
            renderer = self._renderers[kind] = kind(*size)  # type: ignore[no-untyped-call]
        self.renderer = renderer
        return renderer

    def _draw_by_agg(self) -> None:
        FigureCanvasAgg.draw(self)
        self._is_drawn = True  # even if a layout engine has moved artists meanwhile, or each draw would cause another

    def _change(self) -> None:
        self._is_drawn = False
        self.sender.changed()

    def _on_post(self) -> None:
        self._posted = False
        self.frames.expire_and_go_on()

    def flush_events(self) -> None:
        """Handle the browser's messages, and draw what is due. A long computation may call this to stay responsive."""
        if owner.on_owner_thread() and not owner.rest(0):
            owner.mailbox.drain()

    def start_event_loop(self, timeout: float = 0) -> None:
        """Handle the browser's messages for `timeout` seconds; 0: until `stop_event_loop`. ``plt.pause`` calls this."""
        self._looping = True
        end = math.inf if timeout <= 0 else time.monotonic() + timeout
        while self._looping and (left := end - time.monotonic()) > 0:
            if not owner.on_owner_thread():
                time.sleep(min(left, 0.1))
            elif not owner.rest(left if timeout > 0 else 0.1):
                owner.mailbox.wait(min(left, 0.1))
                owner.mailbox.drain()
        self._looping = False

    def picture(self, *, full: bool) -> bytes:
        """Return Agg's picture as PNG: if `full`, all of it, else perhaps only its difference to the one before."""
        if not self._is_drawn:
            self._draw_by_agg()
        self._force_full |= full
        self._png_is_old = True
        picture: bytes = self.get_diff_image()
        return picture

    def send_json(self, content: dict[str, Any]) -> None:
        """Send an event. Sizes are rounded to device pixels, so that the browser need not scale frames slightly."""
        if content["type"] == "resize":
            ratio = self.device_pixel_ratio
            content = {**content, "size": [round(side * ratio) / ratio for side in content["size"]]}
        super().send_json(content)

    # -- messages of the browser -----------------------------------------------------------------------------------

    def _handle_message(self, _widget: object, content: object, _buffers: object) -> None:
        """Handle a message of the browser. An invalid one is ignored."""
        if not isinstance(content, dict) or not is_valid(content):
            self.log.debug("ignored a message of the browser: %r", content)
            return
        Canvas.heard = True
        kind, name = content["type"], page_name(content)
        if kind != "frame_ack":
            self.sender.hear(name, content.get("number"))
        handle = getattr(self, f"_on_{kind}", None)
        if handle is not None:
            handle(name, content)
        else:
            self.manager.handle_json(content)

    def _on_ready(self, name: str, content: Mapping[str, Any]) -> None:
        """Handle ``ready``: a page has a view, or its resolution, theme or width has changed."""
        visible = content.get("visible") is not False
        self.sender.introduce(name, paints=content.get("scene") == VERSION, visible=visible)
        self._handle_set_device_pixel_ratio(content["device_pixel_ratio"])
        self.on_theme(content["theme"] == "dark")
        if content.get("room") is not None:
            self.on_room(content["room"])
        self.frames.go_on()

    def _on_visible(self, name: str, content: Mapping[str, Any]) -> None:
        self.sender.note_visible(name, content["visible"])
        self.frames.go_on()

    def _on_frame_ack(self, name: str, content: Mapping[str, Any]) -> None:
        self.sender.acknowledged(name, content["frame"], failed=content.get("error") is not None)
        self.frames.go_on()

    def _on_keyframe(self, name: str, _content: Mapping[str, Any]) -> None:
        self.sender.wants_keyframe(name)
        self.frames.go_on()

    def _on_view(self, _name: str, content: Mapping[str, Any]) -> None:
        """Handle ``view``: a person pans or zooms a panel. The page paints that itself."""
        self.sender.hold_picture(not content["done"])
        self.on_view(content["panel"], tuple(content["x"]), tuple(content["y"]), content["done"])
        self.draw_idle()

    def _on_draw(self, name: str, _content: Mapping[str, Any]) -> None:
        if self._by_ipympl:
            self.sender.acknowledged(name, self.sender.frame)
            self.frames.go_on()
        else:
            self.draw_idle()

    def _on_refresh(self, name: str, content: Mapping[str, Any]) -> None:
        """Handle ``refresh``: a page has taken over the figure's size, for which no frame may have been drawn yet."""
        if not name:
            self.manager.handle_json(content)
        elif name in self.sender.pages and self.frames.sent_size != self.get_width_height(physical=True):
            self.draw_idle()

    def _on_initialized(self, name: str, content: Mapping[str, Any]) -> None:
        """Handle ``initialized``: a page has loaded ipympl's part of the front end. Ours sends ``ready`` later."""
        if name:
            self._on_refresh(name, content)
            return
        if self._by_ipympl:
            self.sender.restart()
            self._handle_set_device_pixel_ratio(self._told_ratio)
            Canvas.current_dpi_ratio, self._told_ratio = self._told_ratio, 1.0
        self.manager.resize(*self.figure.bbox.size)

    def _on_closing(self, _name: str, _content: Mapping[str, Any]) -> None:
        self._closed = True

    def _on_set_device_pixel_ratio(self, _name: str, content: Mapping[str, Any]) -> None:
        self._told_ratio = content.get("device_pixel_ratio", content.get("dpi_ratio"))
        self._handle_set_device_pixel_ratio(self._told_ratio)

    _on_set_dpi_ratio = _on_set_device_pixel_ratio

    def _on_resize(self, _name: str, content: Mapping[str, Any]) -> None:
        limit = MAX_PIXELS / self.device_pixel_ratio
        size = {side: min(content[side], limit) for side in ("width", "height")}
        self.manager.handle_json({**content, **size})

    # -- lifetime --------------------------------------------------------------------------------------------------

    def watch_mutations(self) -> None:
        """Report from now on when another thread changes the figure. Call it after pyplot has set its own callback."""
        self._strangers.watch()

    def close(self) -> None:
        """Close the canvas and its toolbar."""
        if self.comm is not None:  # ipywidgets also closes a canvas whose constructor has failed
            self.frames.close()
            if self.toolbar is not None:
                self.toolbar.close()
        super().close()
