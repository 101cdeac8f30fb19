"""A place where one task waits."""

import pytest
import trio
import trio.testing

from whiteboard.rooms.sleeper import Sleeper


async def test_one_task_sleeps_until_it_is_woken() -> None:
    """Waking nobody is nothing, and is not remembered."""
    sleeper = Sleeper()
    sleeper.wake()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sleeper.sleep)
        await trio.testing.wait_all_tasks_blocked()
        assert sleeper.is_asleep
        with pytest.raises(trio.BusyResourceError):
            await sleeper.sleep()
        sleeper.wake()
        assert not sleeper.is_asleep


async def test_a_cancelled_sleeper_is_gone() -> None:
    """The next one may lie down."""
    sleeper = Sleeper()
    with trio.move_on_after(0):
        await sleeper.sleep()
    assert not sleeper.is_asleep
    sleeper.wake()
