"""The bounded buffer of events."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from whiteboard.client.events import Cursors, Event, OpEvent, Resync, Skipped
from whiteboard.client.feed import EVENT_OVERHEAD_BYTES, Feed


def op(seq: int) -> OpEvent:
    """An op event."""
    return OpEvent(seq=seq, op={})


async def test_events_come_in_order() -> None:
    """What goes in comes out, first to last, and then the end."""
    feed = Feed(10_000)
    events: list[Event] = [op(1), Resync(), op(2)]
    for event in events:
        feed.push(event, 10)
    feed.close()
    assert [await feed.receive() for _ in events] == events
    with pytest.raises(trio.EndOfChannel):
        await feed.receive()


async def test_reader_is_woken() -> None:
    """A waiting reader gets what is pushed later; closing wakes it too."""
    feed = Feed(10_000)
    got: list[Event] = []

    async def read() -> None:
        while True:
            try:
                got.append(await feed.receive())
            except trio.EndOfChannel:
                return

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await wait_all_tasks_blocked()
        feed.push(op(1))
        await wait_all_tasks_blocked()
        assert got == [op(1)]
        feed.close()


async def test_overflow_drops_the_oldest_and_says_so() -> None:
    """Past its bytes the feed drops from the front; one `Skipped` tells how many and from where."""
    feed = Feed(3 * EVENT_OVERHEAD_BYTES)
    feed.push(Resync())
    for seq in range(5, 10):
        feed.push(op(seq))
    assert await feed.receive() == Skipped(count=3, since=4)
    assert [await feed.receive() for _ in range(3)] == [op(7), op(8), op(9)]


async def test_overflow_without_ops_names_no_seq() -> None:
    """When no op was dropped there is nothing to sync."""
    feed = Feed(EVENT_OVERHEAD_BYTES)
    feed.push(Resync())
    feed.push(Resync())
    assert await feed.receive() == Skipped(count=1, since=None)


async def test_one_large_event_is_kept() -> None:
    """An event larger than the whole feed is still delivered."""
    feed = Feed(1_000)
    feed.push(op(1), 5_000_000)
    assert await feed.receive() == op(1)
    feed.push(op(2), 10)
    assert await feed.receive() == op(2)


async def test_cursors_coalesce_to_the_newest() -> None:
    """Cursors that nobody took yet merge, newest per session; ops between keep them apart."""
    feed = Feed(10_000)
    feed.push(Cursors(cursors=[{"session": "a", "x": 1}, {"session": "b", "x": 1}]))
    feed.push(Cursors(cursors=[{"session": "a", "x": 2}]))
    feed.push(op(1))
    feed.push(Cursors(cursors=[{"session": "a", "x": 3}]))
    assert await feed.receive() == Cursors(cursors=[{"session": "a", "x": 2}, {"session": "b", "x": 1}])
    assert await feed.receive() == op(1)
    assert await feed.receive() == Cursors(cursors=[{"session": "a", "x": 3}])


async def test_cancelled_reader_loses_nothing() -> None:
    """An event that came while the reader was cancelled is there for the next one."""
    feed = Feed(10_000)
    feed.push(op(1))
    with trio.CancelScope() as scope:
        scope.cancel()
        await feed.receive()
    assert await feed.receive() == op(1)
