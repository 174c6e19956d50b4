"""The hand-over between threads: anybody posts, the owner drains.

Invariant: what was posted runs at most once, in the order of posting, on the thread that drains; what one `Inbox` holds
is bounded.
"""

from collections import deque
from collections.abc import Callable
from threading import Event, Lock

__all__ = ["Inbox", "Mailbox"]


class Mailbox:
    """A queue of calls that wakes whoever drains it.

    Parameters
    ----------
    wake : callable
        Called without arguments, on the posting thread, when the mailbox was empty. It should arrange that
        `drain` is called soon, for instance by the event loop. A tick that drains earlier is welcome.
    on_error : callable
        Called with the exception of a call that failed. One failing call must not keep the others from running.
    """

    def __init__(self, wake: Callable[[], None], on_error: Callable[[Exception], None]) -> None:
        self._wake = wake
        self._on_error = on_error
        self._calls: deque[Callable[[], object]] = deque()
        self._arrived = Event()

    def __bool__(self) -> bool:
        return bool(self._calls)

    def post(self, call: Callable[[], object]) -> None:
        """Hand over a call; safe from any thread."""
        self._calls.append(call)
        # The order matters: `drain` clears the event before it counts the calls, so a call is either counted there
        # or finds the event cleared here and wakes again.
        if not self._arrived.is_set():
            self._arrived.set()
            self._wake()

    def drain(self) -> int:
        """Run what is waiting now, and return how many calls that were.

        Calls posted meanwhile wait for the next drain, so that a flood of messages cannot keep a step from starting.
        An interrupt ends the drain; the calls behind it stay in the mailbox.
        """
        self._arrived.clear()
        count = len(self._calls)
        done = 0
        try:
            # A nested drain, from a call that itself ticks, may have taken some of the counted calls.
            while done < count and self._calls:
                call = self._calls.popleft()
                done += 1
                try:
                    call()
                except Exception as error:
                    self._on_error(error)
        finally:
            if self._calls and not self._arrived.is_set():
                self._arrived.set()
                self._wake()
        return done

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until something was posted; `timeout` in seconds. Return whether something is waiting."""
        return self._arrived.wait(timeout)


class Inbox:
    """One sender's share of a mailbox: only so many of its calls wait there.

    Of a flood the newest calls win, for they say how things are now.

    Parameters
    ----------
    mailbox : Mailbox
        Where the calls wait, in the order of posting, among those of others.
    limit : int
        How many calls may wait. One more takes the place of the oldest, which never runs.
    """

    def __init__(self, mailbox: Mailbox, limit: int) -> None:
        self._mailbox = mailbox
        self._calls: deque[Callable[[], object]] = deque(maxlen=limit)
        self._lock = Lock()

    def post(self, call: Callable[[], object]) -> None:
        """Hand over a call; safe from any thread."""
        with self._lock:
            full = len(self._calls) == self._calls.maxlen
            self._calls.append(call)
        if not full:
            self._mailbox.post(self._run_next)

    def _run_next(self) -> None:
        with self._lock:
            call = self._calls.popleft()
        call()
