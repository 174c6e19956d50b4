"""Frames: each is made and sent when the sender asks for it.

Invariant: a frame shows the newest state of the figure, in one message.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from tfwidget.canvas.flow import Limit
from tfwidget.canvas.gather import Updates
from tfwidget.canvas.sender import Kind, Sender
from tfwidget.jupyter import owner

__all__ = ["Body", "Frames", "SceneSource", "Stage"]

Body = Mapping[str, Any]
"""The keys ``nodes``, ``grown`` and ``dropped`` of a scene message."""

_NOTHING: tuple[Body, bytes] = ({"nodes": [], "grown": [], "dropped": []}, b"")


class SceneSource(Protocol):
    """The part of a scene that is needed here. It notices by itself when Agg draws the figure."""

    def patch(self, *, afresh: bool) -> tuple[Body, bytes] | None:
        """Return what has changed and its buffer, or None if nothing has; if `afresh`, a keyframe."""
        ...


class Stage(Protocol):
    """The part of a canvas that is needed here."""

    comm: Any

    def send(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        """Send a message to the pages."""
        ...

    def picture(self, *, full: bool) -> bytes:
        """Return Agg's picture as PNG: if `full`, all of it, else perhaps only its difference to the one before."""
        ...

    def get_width_height(self, *, physical: bool) -> tuple[int, int]:
        """Return the size, in device pixels if `physical`, else in CSS pixels."""
        ...


class Frames:
    """Sends the frames of a canvas.

    Parameters
    ----------
    stage : Stage
        The canvas.
    limit : Limit
        The limit of messages of the kernel.
    asks_draw : bool
        Whether each picture is a full one, and is followed by the message ``draw``, as ipympl's front end needs it.
    clock : callable
        Returns the time in seconds.

    Attributes
    ----------
    sender : Sender
        Decides what is sent.
    sent_size : tuple of int
        Width and height of the newest frame, in device pixels.
    later : callable
        Takes seconds and a callable, which the owner calls after that time. It returns a function that cancels this.
    """

    def __init__(self, stage: Stage, limit: Limit, *, asks_draw: bool, clock: Callable[[], float]) -> None:
        self.sender = Sender(limit, clock=clock)
        self.sent_size = (0, 0)
        self.later: Callable[[float, Callable[[], object]], Callable[[], object]] = owner.later
        self._stage = stage
        self._asks_draw = asks_draw
        self._scene: SceneSource | None = None
        self._updates = Updates()
        self._gathering = False
        self._alarm: tuple[float, Callable[[], object]] = (math.inf, lambda: None)  # its time, how to cancel it

    @property
    def scene(self) -> SceneSource | None:
        """The scene of the figure; None if only Agg draws it."""
        return self._scene

    @scene.setter
    def scene(self, scene: SceneSource) -> None:
        self._scene = scene
        self.sender.has_scene = True

    def go_on(self) -> None:
        """Send what the sender wants to be sent."""
        if self._gathering:
            return
        while self._stage.comm is not None and (kind := self.sender.next()) is not None:
            try:
                self._send(kind)
            except Exception:
                self.sender.give_up()
                raise
        self._set_alarm()

    def expire_and_go_on(self) -> None:
        """Count frames with an overdue acknowledgement as lost, and send what the sender wants to be sent."""
        self.sender.expire()
        self.go_on()

    @contextmanager
    def gather(self) -> Iterator[None]:
        """Return a context whose changes are sent in one message; see `Canvas.gather`."""
        self._gathering = True
        try:
            with self._updates.collect():
                yield
            self._gathering = False
            self.sender.has_updates = bool(self._updates)
            self.expire_and_go_on()
        finally:
            self._gathering = self.sender.has_updates = False
            self._updates.send()

    def close(self) -> None:
        """Cancel the alarm."""
        _, cancel = self._alarm
        cancel()

    def _send(self, kind: Kind) -> None:
        if kind == "picture":
            picture = self._stage.picture(full=self._asks_draw or self.sender.wants_full_picture)
            number = self.sender.send(kind).number
            self.sent_size = self._stage.get_width_height(physical=True)
            self._send_json({"type": "binary", "frame": number}, picture)
            if self._asks_draw:
                self._send_json({"type": "draw"})
        elif kind == "sync":
            sent = self.sender.send(kind)
            self._send_json({"type": "sync", "version": sent.version, "frame": sent.number, "ack": True})
        else:
            self._send_scene(kind)

    def _send_scene(self, kind: Kind) -> None:
        assert self._scene is not None
        afresh = kind == "keyframe"
        patch = self._scene.patch(afresh=afresh)
        if patch is None and not afresh and not self.sender.owes_scene:
            self.sender.has_nothing_new()
            return
        body, buffer = patch or _NOTHING
        updates = self._updates.take(afresh=afresh)
        sent = self.sender.send(kind)
        self.sent_size = self._stage.get_width_height(physical=True)
        message = {
            "type": "scene",
            "frame": sent.number,
            "ack": sent.ask,
            "version": sent.version,
            "base": sent.base,
            "size": list(self.sent_size),
            "show": not self.sender.still,
            "handled": {name: page.handled for name, page in self.sender.pages.items() if page.handled},
            **body,
            "updates": updates,
        }
        self._stage.send(message, [buffer])

    def _send_json(self, content: dict[str, Any], *buffers: bytes) -> None:
        self._stage.send({"data": json.dumps(content)}, list(buffers))

    def _set_alarm(self) -> None:
        """Set an alarm for the time when the sender has something to do, even if no message arrives until then."""
        due = self.sender.due() if self._stage.comm is not None else None
        at, cancel = self._alarm
        if due is not None and due < at:
            cancel()
            self._alarm = (due, self.later(max(due - self.sender.clock(), 0.0), self._on_alarm))

    def _on_alarm(self) -> None:
        self._alarm = (math.inf, lambda: None)
        self.expire_and_go_on()
