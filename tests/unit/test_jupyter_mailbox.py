import threading
from functools import partial

import pytest

from tfwidget.jupyter.mailbox import Inbox, Mailbox


class Recorder:
    def __init__(self) -> None:
        self.wakes = 0
        self.errors: list[Exception] = []
        self.mailbox = Mailbox(self.wake, self.errors.append)

    def wake(self) -> None:
        self.wakes += 1


def test_runs_in_order_and_once() -> None:
    mailbox, seen = Recorder().mailbox, list[int]()
    for number in range(5):
        mailbox.post(partial(seen.append, number))
    assert mailbox
    assert mailbox.drain() == 5
    assert mailbox.drain() == 0
    assert seen == [0, 1, 2, 3, 4]
    assert not mailbox


def test_wakes_once_until_drained() -> None:
    recorder = Recorder()
    for _ in range(3):
        recorder.mailbox.post(lambda: None)
    assert recorder.wakes == 1
    recorder.mailbox.drain()
    recorder.mailbox.post(lambda: None)
    assert recorder.wakes == 2


def test_a_failing_call_keeps_nothing_from_running() -> None:
    recorder, seen = Recorder(), list[object]()
    recorder.mailbox.post(lambda: 1 / 0)
    recorder.mailbox.post(lambda: seen.append("next"))
    recorder.mailbox.drain()
    assert seen == ["next"]
    assert [type(error) for error in recorder.errors] == [ZeroDivisionError]


def test_what_is_posted_meanwhile_waits_for_the_next_drain_and_wakes() -> None:
    recorder, seen = Recorder(), list[object]()

    def flood() -> None:
        seen.append(len(seen))
        recorder.mailbox.post(flood)

    recorder.mailbox.post(flood)
    assert recorder.mailbox.drain() == 1
    assert seen == [0]
    assert recorder.mailbox.wait(0)
    assert recorder.wakes == 2


def test_an_interrupt_loses_nothing_behind_it() -> None:
    recorder, seen = Recorder(), list[object]()

    def interrupt() -> None:
        raise KeyboardInterrupt

    recorder.mailbox.post(interrupt)
    recorder.mailbox.post(lambda: seen.append("kept"))
    with pytest.raises(KeyboardInterrupt):
        recorder.mailbox.drain()
    assert recorder.mailbox.wait(0)
    assert recorder.mailbox.drain() == 1
    assert seen == ["kept"]


def test_a_nested_drain_keeps_the_order() -> None:
    mailbox, seen = Recorder().mailbox, list[int]()

    def tick() -> None:
        seen.append(1)
        mailbox.drain()

    mailbox.post(tick)
    mailbox.post(lambda: seen.append(2))
    mailbox.post(lambda: seen.append(3))
    mailbox.drain()
    assert seen == [1, 2, 3]


def test_wait_returns_when_another_thread_posts() -> None:
    mailbox = Recorder().mailbox
    assert not mailbox.wait(0)
    thread = threading.Thread(target=mailbox.post, args=(lambda: None,))
    thread.start()
    assert mailbox.wait(10)
    thread.join()


def test_threads_post_while_the_owner_drains() -> None:
    mailbox, seen = Recorder().mailbox, list[tuple[int, int]]()

    def post(worker: int) -> None:
        for number in range(1000):
            mailbox.post(partial(seen.append, (worker, number)))

    threads = [threading.Thread(target=post, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) or mailbox:
        mailbox.drain()
    assert len(seen) == 4000
    for worker in range(4):
        assert [number for who, number in seen if who == worker] == list(range(1000))


def test_of_one_senders_calls_the_newest_wait() -> None:
    mailbox, seen = Recorder().mailbox, list[int]()
    inbox = Inbox(mailbox, limit=3)
    for number in range(10):
        inbox.post(partial(seen.append, number))
    assert mailbox.drain() == 3
    assert seen == [7, 8, 9]
    inbox.post(lambda: seen.append(10))
    mailbox.drain()
    assert seen == [7, 8, 9, 10]
    assert not mailbox


def test_calls_of_several_senders_keep_their_order() -> None:
    mailbox, seen = Recorder().mailbox, list[int]()
    inboxes = [Inbox(mailbox, limit=10) for _ in range(3)]
    for number in range(30):
        inboxes[number % 3].post(partial(seen.append, number))
    mailbox.drain()
    assert seen == list(range(30))


def test_a_flood_of_one_sender_takes_nothing_from_another() -> None:
    mailbox, seen = Recorder().mailbox, list[object]()
    loud, quiet = Inbox(mailbox, limit=2), Inbox(mailbox, limit=2)
    quiet.post(lambda: seen.append("quiet"))
    for number in range(100):
        loud.post(partial(seen.append, number))
    mailbox.drain()
    assert seen == ["quiet", 98, 99]


def test_a_sender_posts_while_the_owner_drains() -> None:
    mailbox, seen = Recorder().mailbox, list[int]()
    inbox = Inbox(mailbox, limit=5)

    def post() -> None:
        for number in range(5000):
            inbox.post(partial(seen.append, number))

    thread = threading.Thread(target=post)
    thread.start()
    while thread.is_alive() or mailbox:
        mailbox.drain()
    assert seen[-1] == 4999
    assert seen == sorted(set(seen))
