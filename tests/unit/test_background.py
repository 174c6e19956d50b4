"""`start` in an event loop without a kernel; what needs one is tested in the kernel ring."""

import asyncio
import signal
import threading

import pytest

import tfwidget
from tfwidget import session
from tfwidget.run.run import Run


def train(steps: int) -> int:
    step = -1
    for step in tfwidget.live(range(steps)):
        tfwidget.log(loss=1 / (step + 1))
    return step


def test_the_result_comes_by_await_as_often_as_wanted() -> None:
    async def main() -> list[object]:
        run = tfwidget.start(train, steps=5)
        assert (run.state, run.step) == ("running", 0)
        return [await run, await run, run.state, run.step, len(run.history["loss"]), session.active_runs()]

    assert asyncio.run(main()) == [4, 4, "finished", 5, 5, []]


def test_an_exception_is_raised_where_it_is_awaited(capsys: pytest.CaptureFixture[str]) -> None:
    def bad() -> None:
        train(3)
        raise LookupError("nothing there")

    async def main() -> None:
        run = tfwidget.start(bad)
        with pytest.raises(LookupError, match="nothing there"):
            await run
        assert (run.state, run.step) == ("failed", 3)

    asyncio.run(main())
    assert "LookupError: nothing there" in capsys.readouterr().err


def test_stopped_before_its_first_slice_the_function_is_not_called() -> None:
    called: list[str] = []

    async def main() -> None:
        handler = signal.getsignal(signal.SIGINT)
        run = tfwidget.start(called.append, "called")
        run.stop("no longer wanted")
        assert await run is None
        assert (run.state, run.error, run.step, called) == ("stopped", "no longer wanted", 0, [])
        assert [event for _, event in run.history.events] == ["stopped"]
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1
        assert (session.active_runs(), session.jobs, signal.getsignal(signal.SIGINT)) == ([], {}, handler)

    asyncio.run(main())


def test_the_end_of_the_loop_ends_the_run(capfd: pytest.CaptureFixture[str]) -> None:
    left = []

    def endless() -> None:
        try:
            train(10**9)
        finally:
            left.append(True)

    async def main() -> Run:
        run = tfwidget.start(endless)
        while run.step < 2:  # noqa: ASYNC110  turns of the loop are what it needs
            await asyncio.sleep(0)
        return run

    run = asyncio.run(main())
    assert run.state == "stopped"
    assert left == [True]
    assert session.active_runs() == []
    assert "the kernel ended before the training did, at step" in capfd.readouterr().err


def test_without_an_event_loop_or_on_another_thread_it_is_refused() -> None:
    with pytest.raises(tfwidget.RunError, match="running event loop"):
        tfwidget.start(train, 1)
    errors: list[BaseException] = []

    def elsewhere() -> None:
        try:
            tfwidget.start(train, 1)
        except tfwidget.RunError as error:
            errors.append(error)

    thread = threading.Thread(target=elsewhere, name="elsewhere")
    thread.start()
    thread.join()
    assert "thread 'elsewhere'" in str(errors[0])


def test_waiting_for_a_run_that_is_cancelled_stops_it() -> None:
    async def main() -> tuple[str, object]:
        run = tfwidget.start(train, 10**9)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(run, 0.05)
        await run
        return run.state, run.error

    assert asyncio.run(main()) == ("stopped", "the cell that awaited it ended")
