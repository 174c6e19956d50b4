"""Flow control: which frames are on their way to the pages that show a figure, and whether another may follow.

Invariant: at most one picture is in flight until the browsers that show it have painted it; of frames that are only
painted over it, a *window* of two, or more while the browsers are quick.

- Of the frames in flight only some are to be acknowledged, which tells of those before, too: to handle one costs the
  kernel more than a frame. Each that comes promptly doubles the window, up to `MAX_WINDOW`, each that does not halves
  it, so that a slow browser or network slows the frames, and none of them waits there for long.
- A frame that the browser could not show, or never acknowledged, is lost with all that are in flight.
- While no view is visible no frame may follow.

Several pages may show the same figure; each is a *client*, which tells its name with what it says. All get the same
frames, and one is painted when all have acknowledged it who see it and have not let an earlier one pass: those count as
gone until they speak again.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["ACKNOWLEDGEMENT_TIMEOUT", "Client", "Flow"]

ACKNOWLEDGEMENT_TIMEOUT = 2.0
"""Seconds after which a frame counts as lost: the page was closed or reloaded, or there is none."""

MIN_WINDOW = 2
"""So many frames may be in flight at first, and after a loss: one is painted while the next is on its way."""

MAX_WINDOW = 16
"""So many frames may be on their way to browsers that acknowledge them promptly."""

PROMPT = 0.15
"""Seconds within which an acknowledgement is prompt."""

ASK_INTERVAL = 1.0
"""Seconds after which a frame is to be acknowledged although others could follow it."""

MAX_CLIENTS = 16
"""So many pages are remembered, those that spoke last: each reload of one makes another."""


@dataclass
class Client:
    """What one page with a view of the figure has said."""

    acknowledged: int  # the newest frame that it has painted, or was not there to be sent
    visible: bool = True
    seen_at: float = 0.0  # when it said so, by its own clock
    ready_at: float = 0.0  # when it said last that it was ready
    streams: bool = False  # it can paint lists
    gone: bool = False  # it has let a frame pass, and not spoken since
    pointer: int = 0  # the number of the newest message about the mouse that was handled

    def note_visible(self, visible: bool, at: float | None) -> None:
        """Note whether anybody sees it, as the page found at that time of its own clock."""
        # What was sent before there was a subshell comes after all else, when the cell has ended: it no longer holds.
        if at is None or at >= self.seen_at:
            self.seen_at = at or self.seen_at
            self.visible = visible


class Flow:
    """The frames in flight, and who is to paint them.

    Parameters
    ----------
    on_loss : callable
        Called without arguments when all that is in flight counts as lost: the next frame must need none before it.
    """

    def __init__(self, on_loss: Callable[[], object]) -> None:
        self.clock: Callable[[], float] = time.monotonic
        self.clients: dict[str, Client] = {}
        """By name, in the order in which they spoke last."""
        self.frame = 0
        """The number of the newest frame."""
        self.window = MIN_WINDOW
        self._on_loss = on_loss
        self._in_flight: dict[int, float] = {}  # when each was sent; infinite where no acknowledgement was asked for
        self._asked = 0, -math.inf  # the newest frame of which one was, and when

    def ready(self, *, alone: bool) -> bool:
        """Whether a frame sent now would be painted soon: a view is visible, and none in flight is waited for.

        Parameters
        ----------
        alone : bool
            Whether the frame is too large to follow one that is to be acknowledged.
        """
        self._forget_until(min((client.acknowledged for client in self.watching), default=0))
        if self._in_flight and self.clock() - min(self._in_flight.values()) > ACKNOWLEDGEMENT_TIMEOUT:
            for client in self.watching:
                client.gone = client.acknowledged < min(self._in_flight)
            self.lose()
        if not self.visible:
            return False
        window = 0 if alone else self.window
        return len(self._in_flight) < window or all(map(math.isinf, self._in_flight.values()))

    @property
    def waiting(self) -> bool:
        """Whether frames are in flight."""
        return bool(self._in_flight)

    @property
    def watching(self) -> list[Client]:
        """The clients whose acknowledgements are waited for."""
        visible = [client for client in self.clients.values() if client.visible]
        return [client for client in visible if not client.gone] or visible  # with nobody else, it is tried again

    @property
    def visible(self) -> bool:
        """Whether anybody sees the figure; before anybody has spoken, somebody may be there."""
        return not self.clients or bool(self.watching)

    @property
    def streams(self) -> bool:
        """Whether all who get frames can paint lists."""
        clients = self.watching or [*self.clients.values()]
        return bool(clients) and all(client.streams for client in clients)

    def send(self, *, ask: bool) -> tuple[int, bool]:
        """Count a frame that is sent now.

        Parameters
        ----------
        ask : bool
            Whether it is to be acknowledged in any case.

        Returns
        -------
        number : int
        asked : bool
            Whether it is to be acknowledged.
        """
        self.frame += 1
        now, (frame, then) = self.clock(), self._asked
        ask = ask or self.frame - frame >= max(self.window // 2, 2) or now - then >= ASK_INTERVAL
        if ask:
            self._asked = self.frame, now
        self._in_flight[self.frame] = now if ask else math.inf
        return self.frame, ask

    def acknowledge(self, name: str, frame: int, *, failed: bool = False) -> bool:
        """Note that a page has painted a frame, or could not; return False where that no longer matters."""
        frame = min(frame, self.frame)
        if name in self.clients:
            client = self.introduce(name)
            client.acknowledged = frame
            client.gone = False
        elif self.clients:
            return False  # a page without a view of it
        if failed:
            self.lose()
        elif frame not in self._in_flight:
            return False  # it already counted as lost
        elif math.isfinite(sent := self._in_flight[frame]):
            prompt = self.clock() - sent < PROMPT
            self.window = min(2 * self.window, MAX_WINDOW) if prompt else max(self.window // 2, MIN_WINDOW)
        if not self.watching:
            self._forget_until(frame)
        return True

    def lose(self) -> None:
        """Take all that is in flight for lost."""
        self._in_flight.clear()
        self.window = MIN_WINDOW
        self._on_loss()

    def forget(self) -> None:
        """Wait no longer for what is in flight."""
        self._in_flight.clear()

    def introduce(self, name: str) -> Client:
        """Whoever says this, who is there, and waited for from the next frame on if new."""
        client = self.clients.pop(name, None) or Client(self.frame)
        self.clients[name] = client
        while len(self.clients) > MAX_CLIENTS:
            del self.clients[next(iter(self.clients))]
        return client

    def _forget_until(self, frame: int) -> None:
        for sent in [one for one in self._in_flight if one <= frame]:
            del self._in_flight[sent]
