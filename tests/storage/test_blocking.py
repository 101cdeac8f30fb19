import threading

import pytest
import trio

from whiteboard.storage.blocking import run_blocking


async def test_gives_what_the_function_returns_or_raises() -> None:
    """Result and exception of the call come back from the worker thread."""
    limiter = trio.CapacityLimiter(1)
    assert await run_blocking(limiter, divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await run_blocking(limiter, divmod, 7, 0)


async def test_runs_outside_the_event_loop() -> None:
    """The call has a thread of its own."""
    assert await run_blocking(trio.CapacityLimiter(1), threading.get_ident) != threading.get_ident()


async def test_cancelled_before_the_thread_nothing_runs() -> None:
    """A call that is cancelled while it waits for the limiter never runs."""
    calls: list[int] = []
    limiter = trio.CapacityLimiter(1)
    await limiter.acquire_on_behalf_of("somebody")
    with trio.CancelScope() as scope:
        scope.cancel()
        await run_blocking(limiter, calls.append, 1)
    assert scope.cancelled_caught
    assert calls == []


async def test_cancelled_in_the_thread_it_is_waited_for() -> None:
    """A call that runs when its caller is cancelled goes on to its end, and the caller waits."""
    started, release = trio.Event(), threading.Event()
    finished: list[str] = []

    def block() -> None:
        trio.from_thread.run_sync(started.set)
        release.wait()
        finished.append("thread")

    async def call(scope: trio.CancelScope) -> None:
        with scope:
            await run_blocking(trio.CapacityLimiter(1), block)
            finished.append("caller")

    async with trio.open_nursery() as nursery:
        scope = trio.CancelScope()
        nursery.start_soon(call, scope)
        await started.wait()
        scope.cancel()
        release.set()
    assert finished == ["thread", "caller"]
