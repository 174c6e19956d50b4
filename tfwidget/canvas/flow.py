"""Flow control: the pages that show a figure, and how many messages a kernel sends.

Invariant: what a page has said and acknowledged is kept in its `Page`, and nowhere else. A kernel sends at most `RATE`
messages a second for all its figures, after a burst of at most `BURST`.
"""

import time
from collections.abc import Callable

__all__ = ["BURST", "MAX_PAGES", "MAX_TIMEOUT", "MIN_TIMEOUT", "RATE", "Limit", "Page", "Pages"]

RATE = 300.0
"""Messages a second: jupyter_server drops what comes beyond 1,000, and other widgets send, too."""

BURST = 60.0
"""So many messages may follow each other at once."""

MIN_TIMEOUT = 0.3
"""Seconds after which an acknowledgement is missed at the earliest."""

MAX_TIMEOUT = 2.0
"""Seconds after which an acknowledgement is missed at the latest."""

MAX_PAGES = 16
"""So many pages are remembered, those that spoke last: each reload of one makes another."""


class Limit:
    """A token bucket: what is sent takes a token, and tokens come back at a constant rate.

    Parameters
    ----------
    rate : float, optional
        Tokens a second.
    burst : float, optional
        The most tokens that are saved up.
    clock : callable, optional
        Returns the time in seconds.
    """

    def __init__(
        self, rate: float = RATE, burst: float = BURST, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.clock = clock
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._counted_at = clock()

    @property
    def wait(self) -> float:
        """Seconds until a message may be sent; 0 if one may be now."""
        lacking = 1.0 - self._now()
        return lacking / self._rate if lacking > 1e-6 else 0.0  # less is rounding, and would not move the clock on

    def take(self) -> None:
        """Count a message that is sent now, whether or not one may be."""
        self._tokens = self._now() - 1.0
        self._counted_at = self.clock()

    def _now(self) -> float:
        return min(self._tokens + (self.clock() - self._counted_at) * self._rate, self._burst)


class Page:
    """What is known of one page with a view of the figure.

    Parameters
    ----------
    acknowledged : int, optional
        The newest frame that the page is not waited for.

    Attributes
    ----------
    waits_since : float or None
        When the oldest frame was sent that the page has still to acknowledge, by the sender's clock.
    visible : bool
        Whether a person can see the figure there.
    paints : bool
        Whether the page can paint scenes.
    needs_keyframe, needs_picture : bool
        Whether the page lacks what a patch, or a picture of differences, is applied to.
    losses : int
        How many frames in a row the page has not shown.
    handled, told : int
        The number of its newest message that was handled, and the newest that the page was told of.
    """

    def __init__(self, acknowledged: int = 0) -> None:
        self.acknowledged = acknowledged
        self.waits_since: float | None = None
        self.visible = True
        self.paints = False
        self.needs_keyframe = True
        self.needs_picture = True
        self.losses = 0
        self.handled = 0
        self.told = 0
        self._round_trip = 0.1  # a moving mean, and how far from it they are
        self._deviation = 0.075

    @property
    def timeout(self) -> float:
        """Seconds after which an acknowledgement is missed, as TCP has it (RFC 6298)."""
        usual = max(self._round_trip + 4 * self._deviation, MIN_TIMEOUT)
        return min(usual * 2.0 ** min(self.losses, 10), MAX_TIMEOUT)

    def measure(self, seconds: float) -> None:
        """Take note of how long an acknowledgement took."""
        seconds = min(seconds, MAX_TIMEOUT)  # what is longer says that the kernel was busy
        self._deviation += (abs(seconds - self._round_trip) - self._deviation) / 4
        self._round_trip += (seconds - self._round_trip) / 8

    def is_overdue(self, now: float) -> bool:
        """Whether an acknowledgement is missed."""
        return self.waits_since is not None and now >= self.waits_since + self.timeout

    def excuse(self, frame: int) -> None:
        """Wait no longer for frames up to this one."""
        self.acknowledged = frame
        self.waits_since = None

    def forget(self, frame: int) -> None:
        """Wait no longer for frames up to this one: the page lacks some of what was sent."""
        self.excuse(frame)
        self.needs_keyframe = self.needs_picture = True


class Pages:
    """The pages that show a figure, by name."""

    def __init__(self) -> None:
        self._named: dict[str, Page] = {}  # in the order in which they spoke last
        self._unnamed = Page()
        self._unnamed.needs_picture = False  # before there is anything to see

    def __contains__(self, name: str) -> bool:
        return name in self._named

    def __len__(self) -> int:
        return len(self._named)

    def get(self, name: str) -> Page | None:
        """The page of this name; None if it has no view. Before any page has said that it has, it may be anyone."""
        page = self._named.get(name)
        if page is None:
            return None if self._named else self._unnamed
        self._named[name] = self._named.pop(name)
        return page

    def add(self, name: str, frame: int) -> Page:
        """A new page, which is waited for from the frame after this one on."""
        page = self._named[name] = Page(frame)
        while len(self._named) > MAX_PAGES:
            del self._named[next(iter(self._named))]
        return page

    def items(self) -> list[tuple[str, Page]]:
        """The pages and their names."""
        return list(self._named.items())

    def values(self) -> list[Page]:
        """The pages."""
        return list(self._named.values())

    @property
    def watching(self) -> list[Page]:
        """The pages where a person can see the figure; before any page has spoken, somebody may be there."""
        if not self._named:
            return [self._unnamed]
        return [page for page in self._named.values() if page.visible]
