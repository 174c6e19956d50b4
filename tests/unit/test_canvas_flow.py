"""Flow control: how many messages a kernel sends, and what is known of pages."""

import pytest

from tests.unit.clock import Clock
from tfwidget.canvas.flow import BURST, MAX_PAGES, MAX_TIMEOUT, MIN_TIMEOUT, RATE, Limit, Page, Pages


def sent_within(limit: Limit, clock: Clock, seconds: float) -> int:
    """So many messages are sent by somebody who always has one."""
    count, end = 0, clock.now + seconds
    while clock.now < end:
        while not limit.wait:
            limit.take()
            count += 1
        clock.now += 0.001
    return count


def test_a_kernel_sends_at_most_its_rate_after_a_burst() -> None:
    clock = Clock()
    limit = Limit(clock=clock)
    assert sent_within(limit, clock, 10.0) == pytest.approx(10 * RATE + BURST, abs=2)
    clock.now += 100.0
    assert sent_within(limit, clock, 0.001) == BURST, "what is saved up is bounded"


def test_the_limit_says_how_long_to_wait_and_asking_takes_nothing() -> None:
    clock = Clock()
    limit = Limit(rate=10, burst=2, clock=clock)
    assert [limit.wait for _ in range(5)] == [0.0] * 5
    limit.take()
    limit.take()
    assert limit.wait == pytest.approx(0.1)
    clock.now += 0.06
    assert limit.wait == pytest.approx(0.04)
    clock.now += 0.05
    assert limit.wait == 0.0


def test_what_is_sent_without_asking_is_paid_for_later() -> None:
    clock = Clock()
    limit = Limit(rate=10, burst=1, clock=clock)
    for _ in range(4):
        limit.take()
    assert limit.wait == pytest.approx(0.4)


def test_a_page_is_waited_for_as_long_as_its_acknowledgements_take() -> None:
    page = Page()
    assert MIN_TIMEOUT <= page.timeout <= 0.5, "nothing is known yet"
    for _ in range(50):
        page.measure(0.02)
    assert page.timeout == MIN_TIMEOUT
    for _ in range(50):
        page.measure(0.6)
    assert 0.6 < page.timeout < 1.0
    page.measure(1000.0)
    assert page.timeout == MAX_TIMEOUT


def test_each_loss_in_a_row_doubles_the_wait() -> None:
    page = Page()
    for _ in range(50):
        page.measure(0.02)
    waits = []
    for losses in range(5):
        page.losses = losses
        waits.append(page.timeout)
    assert waits == [0.3, 0.6, 1.2, 2.0, 2.0]


def test_before_any_page_has_spoken_somebody_may_be_there() -> None:
    pages = Pages()
    assert len(pages.watching) == 1
    assert pages.get("anybody") is pages.watching[0]
    named = pages.add("one", 7)
    assert pages.watching == [named]
    assert pages.get("anybody") is None, "a page without a view has no say"
    named.visible = False
    assert pages.watching == []


def test_pages_are_not_remembered_for_ever() -> None:
    pages = Pages()
    first = pages.add("first", 0)
    for number in range(3 * MAX_PAGES):
        pages.add(f"reload {number}", 0)
        assert pages.get("first") is first, "it spoke last"
    assert len(pages) == MAX_PAGES
