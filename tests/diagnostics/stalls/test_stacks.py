"""What a thread runs, in words."""

import gc
import sys
from collections.abc import Mapping

import pytest
import trio
import trio.testing
from integration.polling import until

from whiteboard.diagnostics.stalls.stacks import Look, Threads, look_at

seen: list[Look] = []


def look() -> None:
    """From where it is called."""
    root = trio.lowlevel.current_root_task() if trio.lowlevel.in_trio_run() else None
    seen.append(look_at(sys._getframe(1), root))


def allocates() -> None:
    """Brings the collector along."""
    gc.collect()


def collected(phase: str, _: Mapping[str, int]) -> None:
    """Called by the collector, in the middle of whatever runs."""
    if phase == "stop":
        look()


def test_what_the_collector_calls_is_not_to_blame() -> None:
    """It is in everybody's way."""
    seen.clear()
    gc.callbacks.append(collected)
    try:
        allocates()
    finally:
        gc.callbacks.remove(collected)
    assert seen[0].function == f"{__name__}.allocates"
    assert seen[0].stack[0].startswith(f"{__name__}.allocates (")
    assert seen[0].task is None


async def test_a_task_among_a_thousand_alike_is_named() -> None:
    """By its coroutine, not by what that is called."""

    async def stay(number: int) -> None:
        if number == 700:
            look()
        await trio.sleep_forever()

    seen.clear()
    async with trio.open_nursery() as nursery:
        for number in range(1_000):
            nursery.start_soon(stay, number, name=f"session {number}")
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert [one.task for one in seen] == ["session 700"]
    assert not any("trio" in line for line in seen[0].stack)


@pytest.mark.alone  # whoever runs tests on several cores has a thread that never waits
async def test_nobody_is_at_work_elsewhere_when_all_wait() -> None:
    """Threads that wait for work are not to blame."""
    await trio.to_thread.run_sync(int)
    threads = Threads()
    await until(lambda: threads.other() is None)  # a thread needs a moment until it waits again
    assert await trio.to_thread.run_sync(threads.loop) is not None
