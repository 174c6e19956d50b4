"""What the owner thread is asked to do after some time."""

import asyncio
import threading

import pytest

from tfwidget.jupyter import owner


@pytest.mark.asyncio
async def test_a_call_for_later_is_posted_and_no_thread_waits_for_it() -> None:
    threads, called = threading.active_count(), asyncio.Event()
    owner.later(0.01, called.set)
    assert threading.active_count() == threads
    await asyncio.wait_for(called.wait(), 10)


@pytest.mark.asyncio
async def test_what_was_cancelled_is_not_called() -> None:
    called: list[str] = []
    last = asyncio.Event()
    cancel = owner.later(0.0, lambda: called.append("cancelled"))
    owner.later(0.01, last.set)
    cancel()
    await asyncio.wait_for(last.wait(), 10)
    assert called == []


def test_in_a_script_nobody_keeps_the_time() -> None:
    owner.later(0.0, lambda: None)()
    assert not owner.mailbox
