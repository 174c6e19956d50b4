"""What the owner thread is asked to do after some time."""

import threading

from tfwidget.jupyter import owner


def test_a_call_for_later_ends_the_wait_of_a_cell_that_blocks() -> None:
    ran_on: list[threading.Thread] = []
    owner.later(0.01, lambda: ran_on.append(threading.current_thread()))
    assert owner.mailbox.wait(10)
    owner.mailbox.drain()
    assert ran_on == [threading.current_thread()]


def test_what_was_cancelled_is_not_posted_and_no_thread_waits_for_it() -> None:
    before = threading.active_count()
    cancel = owner.later(60, lambda: None)
    assert threading.active_count() == before + 1
    cancel()
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(10)
    assert threading.active_count() == before
    assert not owner.mailbox
