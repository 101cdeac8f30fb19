"""Who takes nothing of what they are sent, found by looks at those who were sent something."""

import gc
import weakref

import pytest
import trio
from rooms.line import Line

from whiteboard import timeouts
from whiteboard.errors import TooSlow
from whiteboard.rooms.lookout import Lookout


@pytest.fixture
async def lookout(nursery: trio.Nursery) -> Lookout:
    """One that looks; tests that use it take `autojump_clock` too, or they wait in earnest."""
    lookout = Lookout()
    nursery.start_soon(lookout.run)
    return lookout


async def test_who_stands_still_is_given_up_by_the_next_look(
    lookout: Lookout, autojump_clock: object
) -> None:
    """In what they wait for, whether we have more for them or the kernel has all of it."""
    queued, kept = Line(window=0), Line()
    began = trio.current_time()
    for line in (queued, kept):
        line.report_to(lookout.note)
    queued.push(b"{}")
    kept.leave_unread(since=began)
    with pytest.raises(TooSlow):
        await queued.drain()
    with pytest.raises(TooSlow):
        await kept.wait_backlog()
    assert 0 <= trio.current_time() - began - timeouts.SLOW_CLIENT.seconds <= timeouts.LOOKOUT.seconds


async def test_who_goes_on_in_time_is_not(lookout: Lookout, autojump_clock: object) -> None:
    """Every byte earns SLOW_CLIENT more seconds."""
    line = Line(window=0)
    line.report_to(lookout.note)
    for _ in range(5):
        line.push(b"{}")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(line.drain)
        for _ in range(5):
            await trio.sleep(timeouts.SLOW_CLIENT.seconds - 0.1)
            line.open_window(2)
    assert line.backlog_bytes == 0


async def test_nobody_is_kept_who_has_everything(lookout: Lookout, autojump_clock: object) -> None:
    """Who is not looked at any more is not held on to; they report again."""
    line = Line()
    line.report_to(lookout.note)
    line.push(b"{}")
    kept = weakref.ref(line)
    await trio.sleep(2 * timeouts.LOOKOUT.seconds)
    del line
    gc.collect()
    assert kept() is None
