"""The clock that wakes many tasks."""

import trio
import trio.testing

from whiteboard.rooms.alarm import Alarm


async def test_each_sleeper_wakes_at_its_time(autojump_clock: trio.testing.MockClock) -> None:
    """Whatever the order in which they lie down; those of one time wake in one go."""
    alarm, woken = Alarm(), list[tuple[str, float]]()

    async def sleep(name: str, seconds: float) -> None:
        await alarm.sleep_until(begun + seconds)
        woken.append((name, trio.current_time() - begun))

    async with trio.open_nursery() as nursery:
        begun = trio.current_time()
        nursery.start_soon(alarm.run)
        await trio.testing.wait_all_tasks_blocked()
        async with trio.open_nursery() as sleeping:
            for name, seconds in (("late", 9.0), ("one", 5.0), ("two", 5.0), ("early", 1.0), ("past", -1.0)):
                sleeping.start_soon(sleep, name, seconds)
        nursery.cancel_scope.cancel()
    assert sorted(woken) == [("early", 1.0), ("late", 9.0), ("one", 5.0), ("past", 0.0), ("two", 5.0)]


async def test_who_is_cancelled_sleeps_no_more(autojump_clock: trio.testing.MockClock) -> None:
    """The others of the same time do, and nobody is woken twice."""
    alarm = Alarm()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(alarm.run)
        when = trio.current_time() + 5
        with trio.move_on_after(1) as impatient:
            await alarm.sleep_until(when)
        assert impatient.cancelled_caught
        await alarm.sleep_until(when)
        assert trio.current_time() == when
        nursery.cancel_scope.cancel()
