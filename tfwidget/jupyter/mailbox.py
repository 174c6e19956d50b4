"""The mailbox: any thread posts calls, the owner thread runs them.

Invariant: a posted call runs at most once, in the order of posting, on the thread that drains. An `Inbox` holds a
bounded number of calls.
"""

from collections import deque
from collections.abc import Callable
from threading import Event, Lock

__all__ = ["Inbox", "Mailbox"]


class Mailbox:
    """A queue of calls that wakes its owner.

    Parameters
    ----------
    wake : callable
        Called without arguments, on the posting thread, when the mailbox was empty. It should arrange that `drain` is
        called soon, for instance by the event loop. A tick may drain earlier.
    on_error : callable
        Called with the exception of a call that failed. The other calls still run.
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
        # The order matters. `drain` clears the event before it counts the calls. So a call is either counted there, or
        # finds the event cleared here and wakes the owner again.
        if not self._arrived.is_set():
            self._arrived.set()
            self._wake()

    def drain(self) -> int:
        """Run the calls that wait now, and return how many were run.

        Calls posted meanwhile wait for the next drain, so a flood of messages cannot keep a step from starting. An
        interrupt ends the drain, and the remaining calls stay in the mailbox.
        """
        self._arrived.clear()
        count = len(self._calls)
        done = 0
        try:
            # A call may tick, and so drain in its turn: then some of the counted calls are gone.
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
        """Wait for a posted call, at most `timeout` seconds (None: for ever); return whether one has arrived."""
        return self._arrived.wait(timeout)


class Inbox:
    """One sender's part of a mailbox: a bounded number of its calls may wait there.

    When there are too many, the newest are kept, because they describe the present state.

    Parameters
    ----------
    mailbox : Mailbox
        Where the calls wait, in the order of posting, among those of other senders.
    limit : int
        How many calls may wait. One more replaces the oldest, which then never runs.
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
