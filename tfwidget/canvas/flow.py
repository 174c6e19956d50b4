"""Flow control: the pages that show a figure, and the limit of messages that a kernel sends.

Invariant: a `Page` is the only place with what is known of a page. A kernel sends at most `RATE` messages a second for
all its figures, after a burst of at most `BURST`.
"""

import time
from collections.abc import Callable

__all__ = ["BURST", "MAX_PAGES", "MAX_TIMEOUT", "MIN_TIMEOUT", "RATE", "Limit", "Page", "Pages"]

RATE = 300.0
"""Messages a second. jupyter_server drops messages beyond 1,000 a second, and other widgets send some, too."""

BURST = 60.0
"""The number of messages that may be sent at once."""

MIN_TIMEOUT = 0.3
"""The least number of seconds after which an acknowledgement is overdue."""

MAX_TIMEOUT = 2.0
"""The largest number of seconds after which an acknowledgement is overdue."""

MAX_PAGES = 16
"""The number of pages that are remembered: those that spoke last. Each reload of a page makes a new one."""


class Limit:
    """A token bucket: each message takes a token, and tokens come back at a constant rate.

    Parameters
    ----------
    rate : float, optional
        Tokens a second.
    burst : float, optional
        The largest number of tokens.
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
        """Seconds until a message may be sent; 0 if one may be sent now."""
        lacking = 1.0 - self._now()
        return lacking / self._rate if lacking > 1e-6 else 0.0  # less is a rounding error

    def take(self) -> None:
        """Count a message that is sent now, even if it exceeds the limit."""
        self._tokens = self._now() - 1.0
        self._counted_at = self.clock()

    def _now(self) -> float:
        return min(self._tokens + (self.clock() - self._counted_at) * self._rate, self._burst)


class Page:
    """What is known of one page with a view of the figure.

    Parameters
    ----------
    acknowledged : int, optional
        The newest frame for which no acknowledgement is awaited.

    Attributes
    ----------
    acknowledged : int
        The newest frame that the page has acknowledged, or for which no acknowledgement is awaited.
    waits_since : float or None
        When the oldest frame was sent that the page has yet to acknowledge, by the sender's clock; None if there is
        none.
    visible : bool
        Whether a person can see the figure there.
    paints : bool
        Whether the page can paint scenes.
    needs_keyframe, needs_picture : bool
        Whether the page lacks the version that the next patch leads on from, or the picture before the next one.
    losses : int
        The number of frames in a row that the page has lost.
    handled, told : int
        Of the page's numbered messages: the newest that was handled, and the newest that the page knows to be handled.
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
        self._round_trip = 0.1  # seconds from a frame to its acknowledgement, a moving mean
        self._deviation = 0.075  # the mean difference from that

    @property
    def timeout(self) -> float:
        """Seconds after which an acknowledgement is overdue, computed as in TCP (RFC 6298)."""
        usual = max(self._round_trip + 4 * self._deviation, MIN_TIMEOUT)
        return min(usual * 2.0 ** min(self.losses, 10), MAX_TIMEOUT)

    def measure(self, seconds: float) -> None:
        """Note the seconds that an acknowledgement took."""
        seconds = min(seconds, MAX_TIMEOUT)  # a longer time only shows that the kernel was busy
        self._deviation += (abs(seconds - self._round_trip) - self._deviation) / 4
        self._round_trip += (seconds - self._round_trip) / 8

    def is_overdue(self, now: float) -> bool:
        """Whether an acknowledgement is overdue."""
        return self.waits_since is not None and now >= self.waits_since + self.timeout

    def excuse(self, frame: int) -> None:
        """Await no acknowledgement of frames up to this one."""
        self.acknowledged = frame
        self.waits_since = None

    def forget(self, frame: int) -> None:
        """Await no acknowledgement of frames up to this one: the page has lost some, and needs all of the figure."""
        self.excuse(frame)
        self.needs_keyframe = self.needs_picture = True


class Pages:
    """The pages that show a figure, by name."""

    def __init__(self) -> None:
        self._named: dict[str, Page] = {}  # the page that spoke last is the last one
        self._unnamed = Page()  # stands for any page, until one has introduced itself
        self._unnamed.needs_picture = False  # it has nothing to show yet

    def __contains__(self, name: str) -> bool:
        return name in self._named

    def __len__(self) -> int:
        return len(self._named)

    def get(self, name: str) -> Page | None:
        """Return the page of this name; None if it has no view.

        Before any page has introduced itself, each name means the same unnamed page.
        """
        page = self._named.get(name)
        if page is None:
            return None if self._named else self._unnamed
        self._named[name] = self._named.pop(name)
        return page

    def add(self, name: str, frame: int) -> Page:
        """Add a new page, whose acknowledgements are awaited from the frame after `frame` on."""
        page = self._named[name] = Page(frame)
        while len(self._named) > MAX_PAGES:
            del self._named[next(iter(self._named))]
        return page

    def items(self) -> list[tuple[str, Page]]:
        """Return the names and pages."""
        return list(self._named.items())

    def values(self) -> list[Page]:
        """Return the pages."""
        return list(self._named.values())

    @property
    def watching(self) -> list[Page]:
        """The pages where a person can see the figure. Before any page has spoken, the unnamed page counts as one."""
        if not self._named:
            return [self._unnamed]
        return [page for page in self._named.values() if page.visible]
