"""Slices, turns and waits of the drivers: a real event loop, an injected clock."""

import asyncio
import contextvars
import functools
import gc
import itertools
import selectors
import signal
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from greenlet import GreenletExit

from tests.unit.clock import Clock
from tfwidget.jupyter.mailbox import Mailbox
from tfwidget.run.driver import SLICE, SLOW, TURNS, Background, Blocking


class Bench:
    """A driver, its clock, and what happened in which order."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.slices = 0
        self.told: list[object] = []
        self.driver: Background = Background(lambda: None)

    def drives(self, call: Callable[[], object]) -> Coroutine[Any, Any, None]:
        def count() -> None:
            self.slices += 1

        self.driver = Background(call, before_slice=count, clock=self.clock)
        return self.driver.drive()

    def step(self, seconds: float = 1.5 * SLICE) -> None:
        """A step that takes so long, and the tick after it."""
        self.clock.now += seconds
        self.driver.between_steps()


@pytest.fixture
def bench() -> Bench:
    return Bench()


asleep = threading.Event()
"""Set whenever the loop goes to sleep."""


class Selector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None or timeout > 1:
            asleep.set()
        return super().select(timeout)


def run(main: Coroutine[Any, Any, object]) -> None:
    """Run it, with a limit; no task may be left."""

    async def limited() -> None:
        await asyncio.wait_for(main, 20)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(Selector())) as runner:
        runner.run(limited())


def when_asleep(call: Callable[[], object]) -> None:
    """Call it on another thread, when the loop has gone to sleep."""
    asleep.clear()
    threading.Thread(target=lambda: asleep.wait(20) and call()).start()


async def turns(count: int = 3 * TURNS) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What dies here dies by its reference count."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


# -- slices and turns --------------------------------------------------------------------------------------------------


def test_a_slice_ends_with_the_step_that_uses_it_up(bench: Bench) -> None:
    def training() -> None:
        for _ in range(12):
            bench.told.append(bench.slices)
            bench.step(0.3 * SLICE)

    run(bench.drives(training))
    assert bench.told == [1] * 4 + [2] * 4 + [3] * 4
    assert bench.slices == 4, "the last step used its slice up, and the training ended in the next"


def test_steps_longer_than_a_slice_make_one_each(bench: Bench) -> None:
    def training() -> None:
        for _ in range(4):
            bench.told.append(bench.slices)
            bench.step(50 * SLICE)

    run(bench.drives(training))
    assert bench.told == [1, 2, 3, 4]


def test_the_clock_of_a_slice_stands_still_while_others_have_their_turn(bench: Bench) -> None:
    def training() -> None:
        for _ in range(6):
            bench.told.append(bench.slices)
            bench.step(0.6 * SLICE)

    async def main() -> None:
        task = asyncio.create_task(bench.drives(training))
        while not task.done():
            await asyncio.sleep(0)
            bench.clock.now += 10 * SLICE  # a cell

    run(main())
    assert bench.told == [1, 1, 2, 2, 3, 3]


def test_the_loop_turns_so_many_times_between_two_slices(bench: Bench) -> None:
    seen: list[int] = []
    turned = 0

    def turn() -> None:
        nonlocal turned
        turned += 1
        asyncio.get_running_loop().call_soon(turn)

    def training() -> None:
        for _ in range(5):
            seen.append(turned)
            bench.step()

    async def main() -> None:
        asyncio.get_running_loop().call_soon(turn)
        await bench.drives(training)

    run(main())
    assert [later - before for before, later in itertools.pairwise(seen)] == [TURNS] * 4


def test_a_message_that_passes_several_callbacks_gets_through_between_two_slices(bench: Bench) -> None:
    handled: list[int] = []

    def training() -> None:
        def link(number: int) -> None:
            if number == TURNS:
                handled.append(bench.slices)
            else:
                asyncio.get_running_loop().call_soon(link, number + 1)

        asyncio.get_running_loop().call_soon(link, 1)
        bench.step()
        assert handled == [1]

    run(bench.drives(training))
    assert TURNS >= 6, "ipykernel takes four to six turns from a message to its cell"


def test_nobody_is_let_in_before_the_slice_is_used_up(bench: Bench) -> None:
    others: list[int] = []

    def training() -> None:
        asyncio.get_running_loop().call_soon(others.append, 1)
        for _ in range(9):
            bench.step(0.1 * SLICE)
        bench.told.append(list(others))

    run(bench.drives(training))
    assert bench.told == [[]]


def test_two_runs_take_turns(bench: Bench) -> None:
    told: list[str] = []
    clock = Clock()
    drivers: dict[str, Background] = {}

    def training(name: str) -> None:
        for _ in range(4):
            told.append(name)
            clock.now += 1.5 * SLICE
            drivers[name].between_steps()

    for name in "ab":
        drivers[name] = Background(functools.partial(training, name), clock=clock)

    async def main() -> None:
        await asyncio.gather(*(driver.drive() for driver in drivers.values()))

    run(main())
    assert "".join(told) == "abababab"


# -- waiting -----------------------------------------------------------------------------------------------------------


async def _waits(bench: Bench, wake: Callable[[], None], seconds: float | None = None) -> None:
    waiting = threading.Event()

    def training() -> None:
        waiting.set()
        bench.driver.wait(seconds)
        bench.told.append(bench.slices)

    task = asyncio.create_task(bench.drives(training))
    await turns()
    assert (bench.slices, task.done()) == (1, False), "nothing was to wake it yet"
    assert waiting.is_set()
    wake()
    await task
    assert bench.told == [2]


def test_a_waiting_run_makes_no_slice_until_it_is_woken(bench: Bench) -> None:
    run(_waits(bench, lambda: bench.driver.wake()))


def test_another_thread_wakes_a_loop_that_sleeps(bench: Bench) -> None:
    run(_waits(bench, lambda: when_asleep(bench.driver.wake)))


def test_a_signal_handler_wakes_a_loop_that_sleeps(bench: Bench) -> None:
    arrived = threading.Event()

    def handle(*_: object) -> None:
        arrived.set()
        bench.driver.wake()

    def send() -> None:
        # Again, if it came a moment before the loop slept: Python then handles it when the sleep has ended.
        while not arrived.wait(0.1):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    former = signal.signal(signal.SIGUSR1, handle)
    try:
        run(_waits(bench, lambda: when_asleep(send)))
    finally:
        signal.signal(signal.SIGUSR1, former)


def test_a_long_wait_with_a_limit_is_ended_by_a_wake(bench: Bench) -> None:
    run(_waits(bench, lambda: bench.driver.wake(), 3600))


def test_a_wait_ends_by_itself(bench: Bench) -> None:
    run(bench.drives(lambda: bench.driver.wait(0.01)))
    assert bench.slices == 2


def test_many_wakes_end_one_wait(bench: Bench) -> None:
    def training() -> None:
        bench.driver.wait(None)
        bench.told.append("woken")
        bench.driver.wait(None)
        bench.told.append("woken again")

    async def main() -> None:
        task = asyncio.create_task(bench.drives(training))
        await turns()
        for _ in range(5):
            bench.driver.wake()
        await turns()
        assert bench.told == ["woken"]
        bench.driver.wake()
        await task

    run(main())
    assert bench.told == ["woken", "woken again"]


def test_a_wake_before_the_beginning_and_after_the_end_does_nothing(bench: Bench) -> None:
    drive = bench.drives(lambda: None)
    bench.driver.wake()
    run(drive)
    assert bench.driver.ended
    bench.driver.wake()  # the loop is closed


# -- errors, and the end -----------------------------------------------------------------------------------------------


def test_an_error_thrown_inside_is_raised_at_once(bench: Bench) -> None:
    def training() -> None:
        try:
            bench.driver.throw(KeyError("inside"))
        except KeyError:
            bench.told.append(bench.slices)
        bench.step()
        bench.told.append("went on")

    run(bench.drives(training))
    assert bench.told == [1, "went on"]


@pytest.mark.parametrize("waiting", [True, False])
def test_an_error_thrown_outside_is_raised_when_the_next_slice_begins(bench: Bench, waiting: bool) -> None:
    def training() -> None:
        try:
            while True:
                bench.driver.wait(None) if waiting else bench.step()
        except KeyError:
            bench.told.append("thrown")
        bench.step()
        bench.told.append("once")

    async def main() -> None:
        task = asyncio.create_task(bench.drives(training))
        await turns()
        assert not bench.driver.active
        bench.driver.throw(KeyError("outside"))
        assert bench.told == []
        await task

    run(main())
    assert bench.told == ["thrown", "once"]


def test_a_run_that_has_yet_to_begin_is_not_begun_by_an_error(bench: Bench) -> None:
    drive = bench.drives(lambda: bench.told.append("began"))
    bench.driver.throw(KeyError())  # a KeyboardInterrupt would end the loop: the training is not there to take it
    run(drive)
    assert bench.told == ["began"]


def test_an_exception_of_the_call_comes_out_of_drive(bench: Bench) -> None:
    def training() -> None:
        bench.step()
        raise KeyError("of the training")

    with pytest.raises(KeyError, match="of the training"):
        run(bench.drives(training))
    assert bench.driver.ended


def test_when_its_task_is_cancelled_the_finally_clauses_run(bench: Bench) -> None:
    def training() -> None:
        try:
            try:
                while True:
                    bench.step()
            finally:
                bench.told.append("inner")
                bench.step()  # a tick in a clause is no way out
                bench.told.append("never")
        finally:
            bench.told.append("outer")

    async def main() -> None:
        task = asyncio.create_task(bench.drives(training))
        await turns()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())
    assert bench.told == ["inner", "outer"]
    assert bench.driver.ended


def test_a_waiting_run_is_cancelled_too(bench: Bench) -> None:
    def training() -> None:
        try:
            bench.driver.wait(None)
        except GreenletExit:
            bench.told.append("exit")
            raise

    async def main() -> None:
        task = asyncio.create_task(bench.drives(training))
        await turns()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())
    assert bench.told == ["exit"]
    assert bench.driver.ended


def test_a_training_that_is_cancelled_before_its_first_slice_never_begins(bench: Bench) -> None:
    async def main() -> None:
        task = asyncio.create_task(bench.drives(lambda: bench.told.append("began")))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await turns()

    run(main())
    assert (bench.told, bench.slices) == ([], 0)


def test_the_task_ends_with_the_training_before_anybody_has_a_turn(bench: Bench) -> None:
    async def main() -> None:
        def training() -> None:
            bench.step()
            asyncio.get_running_loop().call_soon(lambda: bench.told.append(task.done()))

        task = asyncio.create_task(bench.drives(training))
        await task
        await turns()

    run(main())
    assert bench.told == [True]


class Big:
    """Stands for a model."""


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("end", ["returns", "is cancelled", "never begins"])
def test_nothing_of_the_training_is_left_when_it_has_ended(bench: Bench, end: str) -> None:
    bigs: list[weakref.ref[Big]] = []

    def training() -> None:
        local = Big()
        bigs.append(weakref.ref(local))
        for _ in range(3):
            bench.step()
        if end == "is cancelled":
            bench.driver.wait(None)

    async def main() -> None:
        task = asyncio.create_task(bench.drives(training))
        if end == "never begins":
            task.cancel()
        else:
            await turns(8 * TURNS)
            assert bench.driver.ended or bigs[0]() is not None
            task.cancel()
        await asyncio.wait([task])

    run(main())
    assert len(bigs) == (end != "never begins")
    assert all(big() is None for big in bigs)
    driver = weakref.ref(bench.driver)
    bench.driver = Background(lambda: None)
    assert driver() is None, "a cycle keeps it"


# -- what the training sees --------------------------------------------------------------------------------------------


def test_the_training_sees_a_copy_of_the_context_it_was_started_in(bench: Bench) -> None:
    cell: contextvars.ContextVar[str] = contextvars.ContextVar("cell")

    def training() -> None:
        for _ in range(3):
            bench.told.append(cell.get())
            bench.step()
        cell.set("the training's own")
        bench.step()
        bench.told.append(cell.get())

    async def main() -> None:
        cell.set("that started it")
        drive = bench.drives(training)
        cell.set("another")
        task = asyncio.create_task(drive)
        while not task.done():
            await asyncio.sleep(0)
            assert cell.get() == "another"

    run(main())
    assert bench.told == ["that started it"] * 3 + ["the training's own"]


def test_it_is_active_only_inside_a_slice(bench: Bench) -> None:
    def training() -> None:
        for _ in range(3):
            bench.told.append(bench.driver.active)
            bench.step()

    async def main() -> None:
        task = asyncio.create_task(bench.drives(training))
        while not task.done():
            assert not bench.driver.active
            await asyncio.sleep(0)

    run(main())
    assert bench.told == [True] * 3
    assert bench.driver.ended
    assert not bench.driver.active


def test_a_slice_takes_back_why_there_was_none(bench: Bench) -> None:
    drive = bench.drives(lambda: bench.told.append(bench.driver.waits_for))
    bench.driver.waits_for = "a cell to end"
    run(drive)
    assert bench.told == [None]


def test_long_steps_are_told_from_the_second_in_a_row_on(bench: Bench) -> None:
    def training() -> None:
        for seconds in (4.0, 3.0, 2.0, 0.9 * SLOW, 3.0, 3.0):
            bench.step(seconds)
            bench.told.append(bench.driver.slow_step)

    run(bench.drives(training))
    assert bench.told == [None, 3.0, 2.0, None, None, 3.0]


# -- the blocking driver -----------------------------------------------------------------------------------------------


def test_a_blocking_run_waits_for_messages_and_handles_them() -> None:
    told: list[str] = []
    mailbox = Mailbox(lambda: None, lambda error: pytest.fail(repr(error)))
    driver = Blocking(mailbox)
    threading.Thread(target=mailbox.post, args=(lambda: told.append(threading.current_thread().name),)).start()
    driver.wait(20)
    assert told == [threading.main_thread().name]
    driver.between_steps()
    driver.wake()
    assert (driver.waits_for, driver.slow_step) == (None, None)
    with pytest.raises(KeyError):
        driver.throw(KeyError())


def test_a_blocking_run_is_not_active_in_another_greenlet(bench: Bench) -> None:
    driver = Blocking(Mailbox(lambda: None, lambda error: None))
    run(bench.drives(lambda: bench.told.append(driver.active)))
    assert driver.active
    assert bench.told == [False]
