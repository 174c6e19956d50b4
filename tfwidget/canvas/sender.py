"""The sender: the one place that decides what is sent now of a figure.

Invariant: `Sender.next` is the only answer to "what may be sent now?", and asking changes nothing.

- A page that can paint scenes is sent a *keyframe* first, then *patches*. Where there is no scene, or a page that is
  watching cannot paint it, all pages are sent Agg's *pictures*. A *still* figure shows a picture, too.
- At most a *window* of frames is in flight: two at first. An acknowledgement that comes promptly doubles the window, up
  to `MAX_WINDOW`; a late or a missed one halves it. Nothing follows a picture until it was acknowledged.
- Handling an acknowledgement costs the kernel more than a patch does. So one is asked for once in half a window, or
  after `ASK_INTERVAL`. If the last frame of a figure did not ask, a *sync* asks after `QUIET` seconds.
- A page whose acknowledgement is overdue has lost a frame, and is sent a keyframe. Other pages do not wait for it.
  After `MAX_LOSSES` in a row, the page is sent nothing until it speaks again.
- A page that finds a gap asks for a keyframe, and gets one. At most `KEYFRAME_RATE` are sent a second.
- Nothing is sent of a figure that nobody can see.

It is plain logic: it draws nothing and sends nothing. The canvas asks it what to send, and tells it what was sent.
"""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tfwidget.canvas.flow import MAX_TIMEOUT, Limit, Page, Pages

__all__ = [
    "ASK_INTERVAL",
    "KEYFRAME_RATE",
    "MAX_LOSSES",
    "MAX_WINDOW",
    "MIN_WINDOW",
    "PROMPT",
    "QUIET",
    "Kind",
    "Sender",
    "Sent",
]

Kind = Literal["keyframe", "patch", "picture", "sync"]

MIN_WINDOW = 2
"""The number of frames that may always be in flight: one is painted while the next is on its way."""

MAX_WINDOW = 16
"""The number of frames that may be in flight to pages that acknowledge promptly."""

PROMPT = 0.15
"""Seconds within which an acknowledgement is prompt."""

ASK_INTERVAL = 0.25
"""Seconds after which the next frame asks for an acknowledgement in any case."""

QUIET = 0.25
"""Seconds from the last frame, if it did not ask for an acknowledgement, to a sync, which does."""

KEYFRAME_RATE = 8.0
"""The largest number of keyframes a second, after two that may be sent at once."""

MAX_LOSSES = 4
"""The number of frames in a row that a page may lose before it is given up."""

DRAG_TIMEOUT = 1.0
"""Seconds after the last move of a drag after which a still figure is sent its picture, even if the drag goes on."""


@dataclass(frozen=True)
class Sent:
    """A frame that was sent.

    Attributes
    ----------
    number : int
        The number that the acknowledgement repeats.
    ask : bool
        Whether it asks for an acknowledgement.
    at : float
        When it was sent, by the clock.
    version : int
        The version of the scene that pages have with it.
    base : int or None
        The version that a patch leads on from; None for other kinds.
    """

    number: int
    ask: bool
    at: float
    version: int
    base: int | None


class Sender:
    """Decides what is sent of one figure, and when.

    Parameters
    ----------
    limit : Limit
        The limit of messages of the kernel; all figures share one.
    has_scene : bool, optional
        Whether there is a scene. Otherwise there are only Agg's pictures.
    clock : callable, optional
        Returns the time in seconds.

    Attributes
    ----------
    pages : Pages
        The pages that show the figure.
    still : bool
        Whether pages are to show Agg's picture, also where they could paint a scene.
    has_updates : bool
        Whether state of widgets waits for a scene message.
    """

    def __init__(self, limit: Limit, *, has_scene: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self.pages = Pages()
        self.has_scene = has_scene
        self.still = False
        self.has_updates = False
        self.clock = clock
        self.window = MIN_WINDOW
        self.frame = 0
        """The number of the newest frame."""
        self._version = 0
        self._limit = limit
        self._sent: deque[Sent] = deque(maxlen=4 * MAX_WINDOW)  # those that may still be acknowledged
        self._picture = 0  # the number of the newest picture
        self._asked = 0  # the number of the newest frame that asked, and below, when it was sent
        self._asked_at = -math.inf
        self._keyframes = Limit(KEYFRAME_RATE, 2.0, clock=clock)
        self._sync_at = math.inf
        self._picture_at = -math.inf  # no picture before this time
        self._scene_changed = False
        self._picture_changed = False
        self._shown: Literal["scene", "picture"] | None = None
        self._gave_up = False

    # -- what the canvas asks --------------------------------------------------------------------------------------

    @property
    def streams(self) -> bool:
        """Whether frames are scenes: all pages that are watching can paint them."""
        watching = self.pages.watching
        return self.has_scene and bool(watching) and all(page.paints for page in watching)

    def ready(self) -> bool:
        """Whether a frame that is due now would be sent now, and painted soon."""
        return bool(self.pages.watching) and not self._limit.wait and self._has_room()

    def next(self) -> Kind | None:
        """Return what to send now; None if there is nothing to send, or it has to wait."""
        now = self.clock()
        kind = self._wanted()
        if kind is None or now < self._not_before(kind, now) or self._limit.wait:
            return None
        return kind if self._may_follow(kind) else None

    def due(self) -> float | None:
        """Return the time to call `expire` and `next` again even if no page has spoken, by the clock; None: never."""
        watching = self.pages.watching
        times = [page.waits_since + page.timeout for page in watching if page.waits_since is not None]
        kind, now = self._wanted(), self.clock()
        if kind is not None and self._may_follow(kind):  # otherwise an acknowledgement comes first, or is overdue
            times.append(max(self._not_before(kind, now), now + self._limit.wait))
        return min(times, default=None)

    @property
    def owes_scene(self) -> bool:
        """Whether pages need a scene message even if the scene has not changed."""
        told = all(page.told >= page.handled for page in self.pages.values())
        return self.has_updates or not told or (self._shown != "scene" and not self.still)

    @property
    def wants_full_picture(self) -> bool:
        """Whether the next picture must be a full one, because a page lacks the one before."""
        return any(page.needs_picture for page in self.pages.watching)

    def _wanted(self) -> Kind | None:
        """Return what to send as soon as possible."""
        watching = self.pages.watching
        if self._gave_up or not watching:
            return None
        streams = self.streams
        changed = self._scene_changed if streams else self._picture_changed
        lacking = self._trusted or (watching if changed else [])
        if not streams:
            lacks = any(page.needs_picture for page in lacking)
            return "picture" if self._picture_changed or self._shown == "scene" or lacks else None
        if any(page.needs_keyframe for page in lacking):
            others = any(not page.needs_keyframe for page in watching)
            if not (self._keyframes.wait and self._scene_changed and others):
                return "keyframe"
        if self._scene_changed or self.owes_scene:
            return "patch"
        if self.still:
            lacks = any(page.needs_picture for page in lacking)
            if self._picture_changed or self._shown == "scene" or lacks:
                return "picture"
        return "sync" if self._sync_at < math.inf else None

    def _not_before(self, kind: Kind, now: float) -> float:
        if kind == "keyframe":
            return now + self._keyframes.wait
        if kind == "picture":
            return self._picture_at
        return self._sync_at if kind == "sync" else -math.inf

    # -- frames in flight ------------------------------------------------------------------------------------------

    def _may_follow(self, kind: Kind) -> bool:
        """Whether this may be sent although frames are in flight. Keyframes and syncs have limits of their own."""
        return kind in ("keyframe", "sync") or self._has_room()

    def _has_room(self) -> bool:
        """Whether one more frame may be in flight."""
        done = self._done()
        pending = [sent.ask for sent in self._sent if sent.number > done]
        if not any(pending):
            return True  # no acknowledgement was asked for
        return self._picture <= done and len(pending) < self.window

    def _done(self) -> int:
        """Return the newest frame for which no acknowledgement is awaited any more.

        Only the pages with the fewest losses count. A page that needs a keyframe ignores patches, and does not count.
        """
        now, streams = self.clock(), self.streams
        losses = [(page.losses + page.is_overdue(now), page) for page in self.pages.watching]
        least = min((count for count, _ in losses), default=0)
        waited = [page for count, page in losses if count == least and not page.is_overdue(now)]
        return min((page.acknowledged for page in waited if not (streams and page.needs_keyframe)), default=self.frame)

    @property
    def _trusted(self) -> list[Page]:
        """The pages that are not given up: what they have lost is sent again."""
        return [page for page in self.pages.watching if page.losses <= MAX_LOSSES]

    # -- what the canvas tells -------------------------------------------------------------------------------------

    def changed(self) -> None:
        """Note that the figure has changed."""
        self._scene_changed = self._picture_changed = True
        self._gave_up = False

    def give_up(self) -> None:
        """Note that the frame that `next` named cannot be made. Nothing is sent until the next change."""
        self._scene_changed = self._picture_changed = False
        self._gave_up = True

    def has_nothing_new(self) -> None:
        """Note that the scene has not changed, so there is no patch to send."""
        self._scene_changed = False

    def send(self, kind: Kind) -> Sent:
        """Count a frame that is sent now; return its number, its version, and whether it asks.

        Parameters
        ----------
        kind : {"keyframe", "patch", "picture", "sync"}

        Returns
        -------
        Sent
        """
        now = self.clock()
        self._limit.take()
        self.frame += 1
        due = self.frame - self._asked >= max(self.window // 2, 2) or now - self._asked_at >= ASK_INTERVAL
        ask = kind != "patch" or due
        base = self._version if kind == "patch" else None
        if kind == "picture":
            self._note_picture()
        elif kind != "sync":
            self._note_scene(is_keyframe=kind == "keyframe")
        sent = Sent(self.frame, ask, now, self._version, base)
        self._sent.append(sent)
        if ask:
            self._asked, self._asked_at, self._sync_at = self.frame, now, math.inf
            for page in self.pages.watching:
                ignores = kind in ("patch", "sync") and page.needs_keyframe
                page.waits_since = now if page.waits_since is None and not ignores else page.waits_since
        else:
            self._sync_at = now + QUIET
        return sent

    def _note_picture(self) -> None:
        self._picture = self.frame
        self._picture_changed = False
        self._shown = "picture"
        for page in self.pages.watching:
            page.needs_picture = False

    def _note_scene(self, *, is_keyframe: bool) -> None:
        self._version += 1
        self._scene_changed = self.has_updates = False
        if not self.still:
            self._shown = "scene"
        for page in self.pages.values():
            page.told = page.handled
            if is_keyframe and page.needs_keyframe:
                page.needs_keyframe = False
                page.excuse(self.frame - 1)  # it has ignored the patches since it needed one
        if is_keyframe:
            self._keyframes.take()

    def expire(self) -> bool:
        """Count frames with an overdue acknowledgement as lost; return whether there were any."""
        now = self.clock()
        late = [page for page in self.pages.watching if page.is_overdue(now)]
        for page in late:
            self._lose(page)
        return bool(late)

    def _lose(self, page: Page) -> None:
        page.losses += 1
        page.forget(self.frame)
        self._narrow()

    # -- what pages say --------------------------------------------------------------------------------------------

    def acknowledged(self, name: str, frame: int, *, failed: bool = False) -> None:
        """Note that a page has painted a frame, or if `failed`, could not."""
        page = self.pages.get(name)
        if page is None or frame > self.frame:
            return
        if failed:
            if frame > page.acknowledged:
                self._lose(page)
            return
        sent = next((sent for sent in self._sent if sent.number == frame), None)
        seconds = MAX_TIMEOUT if sent is None else self.clock() - sent.at
        page.measure(seconds)
        page.losses = 0
        if frame <= page.acknowledged:
            return
        before = self._done()
        page.acknowledged = frame
        page.waits_since = next((sent.at for sent in self._sent if sent.ask and sent.number > frame), None)
        if self._done() > before:  # this page was the last to acknowledge the frame
            if seconds < PROMPT:
                self.window = min(2 * self.window, MAX_WINDOW)
            else:
                self._narrow()

    def _narrow(self) -> None:
        self.window = max(self.window // 2, MIN_WINDOW)

    def wants_keyframe(self, name: str) -> None:
        """Note that a page has found a gap: it lacks the version that a patch leads on from."""
        page = self.pages.get(name)
        if page is not None:
            page.forget(self.frame)

    def introduce(self, name: str, *, paints: bool, visible: bool) -> None:
        """Note that a page has a view, the first one or a further one."""
        if name not in self.pages:
            self.pages.add(name, self.frame)
        page = self.pages.get(name)
        if page is not None:
            page.paints = paints
            self.note_visible(name, visible)

    def note_visible(self, name: str, visible: bool) -> None:
        """Note whether a person can see the figure on a page."""
        page = self.pages.get(name)
        if page is None or name not in self.pages:
            return
        if visible and not page.visible:
            page.excuse(self.frame)
            self._sync_at = self.clock()  # the page answers if it has missed something
        page.visible = visible

    def hear(self, name: str, number: int | None = None) -> None:
        """Note that a page has spoken. A page that was given up is sent the whole figure again.

        Parameters
        ----------
        name : str
        number : int, optional
            The number of the message, if the page has numbered it.
        """
        page = self.pages.get(name)
        if page is None:
            return
        if page.losses > MAX_LOSSES:
            page.losses = 0
            page.forget(self.frame)
        if number is not None:
            page.handled = max(page.handled, number)

    def hold_picture(self, hold: bool) -> None:
        """Hold back a still figure's picture during a drag, which the page paints itself; or send it (False)."""
        self._picture_at = self.clock() + DRAG_TIMEOUT if hold else -math.inf

    def restart(self) -> None:
        """Note that the page was reloaded: frames in flight are lost, and the whole figure must be sent again."""
        for page in self.pages.watching:
            page.forget(self.frame)
