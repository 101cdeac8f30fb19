"""The rhythm of all rooms, with rooms that only count, on a virtual clock that a flush may move."""

import pytest
import trio
import trio.testing

from whiteboard import timeouts
from whiteboard.rooms.tick import Tick

LATEST = timeouts.BROADCAST_TICK.seconds


class Counting:
    """A room that notes what the tick has it do, and when."""

    def __init__(self, tick: Tick, clock: trio.testing.MockClock, flush_seconds: float = 0.0) -> None:
        self._tick = tick
        self._clock = clock
        self._flush_seconds = flush_seconds
        self.ops = 0
        self.flushed_at: list[float] = []
        self.presence_at: list[float] = []

    def commit_now(self) -> bool:
        """Commit one op, which takes a millisecond and is then to be sent."""
        self.ops -= 1
        self._clock.jump(0.001)
        self._tick.flush_soon(self)
        return self.ops > 0

    def flush(self) -> None:
        """Send, which takes its time."""
        self.flushed_at.append(trio.current_time())
        self._clock.jump(self._flush_seconds)

    def flush_presence(self) -> None:
        """Send presence."""
        self.presence_at.append(trio.current_time())


@pytest.fixture
async def tick(nursery: trio.Nursery) -> Tick:
    """A tick with its task."""
    made = Tick()
    nursery.start_soon(made.run)
    await trio.testing.wait_all_tasks_blocked()
    return made


async def test_after_a_pause_a_flush_is_at_once(tick: Tick, autojump_clock: trio.testing.MockClock) -> None:
    """[R11] On a quiet server nothing waits."""
    room = Counting(tick, autojump_clock, flush_seconds=0.002)
    for _ in range(3):
        asked = trio.current_time()
        tick.flush_soon(room)
        await trio.sleep(1)
        assert room.flushed_at[-1] == asked


async def test_flushing_keeps_to_its_share_and_to_the_latest_time(
    tick: Tick, autojump_clock: trio.testing.MockClock
) -> None:
    """[R11] A flush that took long is followed by a pause, of BROADCAST_TICK at most. [BRC-3]"""
    slow = Counting(tick, autojump_clock, flush_seconds=0.004)
    for _ in range(100):
        tick.flush_soon(slow)
        await trio.sleep(0.001)
    gaps = [later - earlier for earlier, later in zip(slow.flushed_at, slow.flushed_at[1:], strict=False)]
    assert min(gaps[1:]) == pytest.approx(2 * 0.004), "the first has credit"
    slower = Counting(tick, autojump_clock, flush_seconds=10)
    tick.flush_soon(slower)
    await trio.sleep(20)
    tick.flush_soon(slower)
    tick.flush_soon(slower)
    asked = trio.current_time()
    await trio.sleep(1)
    assert slower.flushed_at[-1] - asked <= LATEST


async def test_what_was_not_used_lately_is_credit(tick: Tick, autojump_clock: trio.testing.MockClock) -> None:
    """[R11] Ops close behind each other both go at once on a quiet server; who goes on so waits."""
    room = Counting(tick, autojump_clock, flush_seconds=timeouts.FLUSH_CREDIT.seconds / 8)
    waits: list[float] = []
    for number in range(20):
        asked = trio.current_time()
        tick.flush_soon(room)
        with trio.move_on_after(LATEST):
            await trio.testing.wait_all_tasks_blocked()
            await trio.sleep(0 if len(room.flushed_at) > number else LATEST)
        waits.append(room.flushed_at[number] - asked)
    assert waits[:2] == [0, 0]
    assert 0 < waits[-1] < LATEST


async def test_a_beat_says_how_long_nothing_can_be_sent(
    tick: Tick, autojump_clock: trio.testing.MockClock
) -> None:
    """Whoever reads sockets may leave them alone for so long."""
    assert tick.beat() <= 0
    room = Counting(tick, autojump_clock, flush_seconds=0.01)
    tick.flush_soon(room)
    assert tick.beat() == pytest.approx(0.01 - timeouts.FLUSH_CREDIT.seconds)
    await trio.sleep(LATEST)
    assert tick.beat() <= 0


async def test_a_busy_room_lets_the_others_commit(tick: Tick, autojump_clock: trio.testing.MockClock) -> None:
    """Rooms commit in turns: whoever has one op waits for one part of a busy room's."""
    busy, quiet = Counting(tick, autojump_clock), Counting(tick, autojump_clock)
    busy.ops, quiet.ops = 1_000, 1
    tick.commit_soon(busy)
    tick.commit_soon(quiet)
    tick.beat()
    assert quiet.ops == 0
    assert busy.ops > 900, "sockets have their turn before a thousand commits are done"
    await trio.sleep(60)
    assert busy.ops == 0
    assert busy.flushed_at


async def test_who_beats_itself_needs_no_waking(tick: Tick, autojump_clock: trio.testing.MockClock) -> None:
    """What the reader of sockets brings is committed and sent in its own turn; no other task runs for it."""
    room = Counting(tick, autojump_clock)
    tick.beat()
    await trio.testing.wait_all_tasks_blocked()
    room.ops = 1
    tick.commit_soon(room)
    with trio.testing.assert_no_checkpoints():
        tick.beat()
    assert (room.ops, len(room.flushed_at)) == (0, 1)
    assert trio.lowlevel.current_statistics().tasks_runnable == 0


async def test_what_a_beat_leaves_is_done_when_it_is_due(
    tick: Tick, autojump_clock: trio.testing.MockClock
) -> None:
    """When the sockets fall silent after a beat, the tick's own task sends what still waits."""
    room = Counting(tick, autojump_clock, flush_seconds=0.004)
    tick.beat()
    tick.flush_soon(room)
    tick.beat()
    tick.flush_soon(room)
    tick.beat()
    assert len(room.flushed_at) == 1, "the first one has to be paid for"
    await trio.sleep(LATEST)
    assert len(room.flushed_at) == 2


async def test_presence_comes_when_it_is_due(tick: Tick, autojump_clock: trio.testing.MockClock) -> None:
    """Each room's presence has its own time."""
    soon, late = Counting(tick, autojump_clock), Counting(tick, autojump_clock)
    began = trio.current_time()
    tick.flush_presence_at(late, began + LATEST)
    tick.flush_presence_at(soon, began)
    await trio.sleep(1)
    assert soon.presence_at == [began]
    assert late.presence_at == [began + LATEST]


async def test_a_room_that_has_ended_is_left_alone(
    tick: Tick, autojump_clock: trio.testing.MockClock
) -> None:
    """Nothing is asked of a room that has told so."""
    room = Counting(tick, autojump_clock)
    tick.commit_soon(room)
    tick.flush_soon(room)
    tick.flush_presence_at(room, trio.current_time())
    tick.forget(room)
    await trio.sleep(1)
    assert (room.ops, room.flushed_at, room.presence_at) == (0, [], [])
