"""Waiting for the end of a run."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from tests.unit.run_bench import Bench, Idle
from tfwidget.errors import RunError
from tfwidget.run.run import Run


def new_run() -> Run:
    return Bench().run(driver=Idle())


async def result_of(run: Run) -> object:
    return await run


def play(main: Coroutine[Any, Any, object]) -> None:
    asyncio.run(asyncio.wait_for(main, 20))


def test_all_who_wait_get_the_result_and_so_does_who_comes_later() -> None:
    async def main() -> None:
        run = new_run()
        waiters = [asyncio.create_task(result_of(run)) for _ in range(3)]
        await asyncio.sleep(0)
        assert not any(waiter.done() for waiter in waiters)
        run.finish("finished", result=[7])
        results = await asyncio.gather(*waiters)
        assert all(result is results[0] for result in results)
        assert results[0] == await run == [7]

    play(main())


def test_what_ended_the_run_is_raised_where_it_is_awaited() -> None:
    async def main() -> None:
        run = new_run()
        run.finish("failed", LookupError("nothing there"))
        with pytest.raises(LookupError, match="nothing there"):
            await run

    play(main())


def test_a_reason_is_no_exception() -> None:
    async def main() -> None:
        run = new_run()
        run.stop("no longer wanted")
        run.finish("stopped")
        assert await run is None
        assert run.error == "no longer wanted"

    play(main())


def test_an_interrupt_inside_of_a_step_does_not_interrupt_who_awaits() -> None:
    async def main() -> None:
        run = new_run()
        run.finish("stopped", KeyboardInterrupt())
        with pytest.raises(RunError, match="interrupted inside a step") as raised:
            await run
        assert isinstance(raised.value.__cause__, KeyboardInterrupt)

    play(main())


def test_a_run_does_not_wait_for_itself() -> None:
    async def main() -> None:
        run = Bench().run()
        with pytest.raises(RunError, match="cannot wait for its own end"):
            await run
        run.finish("finished", result=1)
        assert await run == 1

    play(main())


def test_an_awaiter_that_is_cancelled_stops_the_run_and_the_next_interrupt_is_thrown() -> None:
    async def main() -> None:
        driver = Idle()
        run = Bench().run(driver=driver)
        waiter = asyncio.create_task(result_of(run))
        await asyncio.sleep(0)
        waiter.cancel()
        await asyncio.wait([waiter], timeout=0)
        assert waiter.cancelled()
        assert run.stopping
        assert driver.thrown == []
        run.interrupt()
        assert [type(error) for error in driver.thrown] == [KeyboardInterrupt]
        run.finish("stopped")
        assert run.error == "the cell that awaited it ended"

    play(main())


def test_an_interrupt_ends_the_cells_that_await_and_stops_the_run() -> None:
    async def main() -> None:
        driver = Idle()
        run = Bench().run(driver=driver)
        waiter = asyncio.create_task(result_of(run))
        await asyncio.sleep(0)
        run.interrupt()
        await asyncio.wait([waiter], timeout=0)
        assert waiter.cancelled()
        assert (run.stopping, driver.thrown) == (True, [])
        run.finish("stopped")
        assert run.error == "interrupted"

    play(main())


def test_calls_at_the_end_come_once_and_some_once_more_for_the_first_who_awaits() -> None:
    async def main() -> None:
        run, told = new_run(), list[str]()
        run.at_end(lambda: told.append("end"))
        run.at_end(lambda: told.append("published"), awaited=True)
        run.leave()
        assert told == []
        run.finish("finished")
        run.finish("failed")
        assert told == ["end", "published"]
        await run
        await run
        assert told == ["end", "published", "published"]

    play(main())


def test_a_call_that_fails_leaves_nobody_waiting() -> None:
    async def main() -> None:
        run = new_run()

        def fail() -> None:
            raise OSError("disk full")

        run.at_end(fail)
        waiter = asyncio.create_task(result_of(run))
        await asyncio.sleep(0)
        with pytest.raises(OSError, match="disk full"):
            run.finish("finished", result=5)
        assert await waiter == 5

    play(main())
