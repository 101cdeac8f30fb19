"""Scenarios of what the server does by itself again and again: turns, checkpoints, compaction, looks at its memory."""

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import trio
import trio.testing
from plugins.hooks import Hook
from rooms.conftest import BOARD, open_stage
from rooms.faulty import HookedStorage
from timeouts.scenarios.book import SURELY, SURELY_NOT, before_and_after, is_about, is_about_ten, scenario

from whiteboard import limits, timeouts
from whiteboard.diagnostics.memory import pace
from whiteboard.diagnostics.memory.allocator import Allocator
from whiteboard.diagnostics.memory.cycles import open_cycle_search
from whiteboard.diagnostics.memory.giving_back import GivingBack
from whiteboard.diagnostics.memory.governor import Levers, open_governor
from whiteboard.diagnostics.memory.soft_limit import SoftLimit
from whiteboard.plugins.guard import Guard
from whiteboard.rooms import upkeep
from whiteboard.rooms.tick import Tick
from whiteboard.storage.memory import open_memory
from whiteboard.timeouts import Timeout


def strokes(count: int) -> list[dict[str, object]]:
    """Ops that draw so many elements."""
    return [{"type": "stroke", "id": f"s{number}", "points": [[number, 0]]} for number in range(count)]


class Costly:
    """A room whose every flush takes its time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.flushed_at: list[float] = []

    def commit_now(self) -> bool:
        raise AssertionError("it has no ops")

    def flush(self) -> None:
        self.flushed_at.append(trio.current_time())
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, trio.testing.MockClock)
        clock.jump(self.seconds)

    def flush_presence(self) -> None:
        raise AssertionError("nobody has come")


@scenario("many rooms want to send")
async def many_rooms_want_to_send(entry: Timeout) -> str:
    """About as many do in one turn as fit into it, and then sockets are read again."""
    tick, rooms = Tick(), [Costly(entry.default / 10) for _ in range(50)]
    await trio.sleep(1)
    for room in rooms:
        tick.flush_soon(room)
    tick.beat()
    return is_about_ten(sum(len(room.flushed_at) for room in rooms))


@scenario("an op behind an op")
async def an_op_behind_an_op(entry: Timeout) -> str:
    """On a quiet server the second one goes at once where the first has not cost more than is saved up."""
    waited = []
    for share in (SURELY_NOT, SURELY):
        tick, room = Tick(), Costly(share * entry.default)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(tick.run)
            await trio.sleep(1)
            tick.flush_soon(room)
            await trio.testing.wait_all_tasks_blocked()
            asked_at = trio.current_time()
            tick.flush_soon(room)
            await trio.sleep(1)
            waited.append(room.flushed_at[1] > asked_at)
            nursery.cancel_scope.cancel()
    return f"waited: {waited}"


@scenario("a board has grown")
async def a_board_has_grown(entry: Timeout) -> str:
    """With the next look it gets a checkpoint."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upkeep, "CHECKPOINT_MIN_OPS", 10)
        async with open_stage() as stage:
            ada, _ = await stage.join()
            await trio.sleep(0.1)
            ada.say(strokes(10))
            await trio.sleep(SURELY * entry.default)
            found = await stage.storage.snapshots.load(BOARD)
    return "has one" if found is not None else "has none"


@scenario("a full board makes room")
async def a_full_board_makes_room(entry: Timeout) -> str:
    """While things are deleted from it, with a checkpoint now and then."""
    saves: list[float] = []

    async def note(*_: object) -> None:
        saves.append(trio.current_time())

    async with open_memory() as memory:
        storage: Any = HookedStorage(memory)
        storage.snapshots.after["save"] = note
        async with open_stage(storage) as stage:
            ada, _ = await stage.join()
            ada.say(strokes(300))
            await ada.expect("ack", seq=300)
            async with stage.hub.visit(BOARD) as room:
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(upkeep, "MAX_BOARD_BYTES", room.replica.board.size_bytes // 4)
                    for number in range(150):
                        ada.say({"type": "delete", "id": f"s{number}"})
                        await trio.sleep(entry.default / 15)
    return is_about_ten(len(saves))


@scenario("a long log is compacted")
async def a_long_log_is_compacted(entry: Timeout) -> str:
    """Slice by slice, with a pause behind each."""
    turns: list[float] = []

    async def note(*_: object) -> None:
        turns.append(trio.current_time())

    async with open_memory() as memory:
        storage: Any = HookedStorage(memory)
        storage.op_log.before["compact"] = note
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(upkeep, "COMPACT_SLICE_OPS", 8)
            async with open_stage(storage) as stage:
                ada, _ = await stage.join()
                ada.say(strokes(80))
                await trio.sleep(5)
    return f"about {entry.default:g} s a slice: {is_about((turns[10] - turns[0]) / 10, entry)}"


@scenario("a session whose permission is asked for again")
async def a_session_whose_permission_is_asked_for_again(entry: Timeout) -> str:
    """As long as it lasts."""
    hook = Hook()
    async with open_stage(guard=Guard([("it", hook)])) as stage:
        await stage.join()
        await trio.sleep(10 * entry.default)
        return is_about_ten(len(hook.visits))


@contextmanager
def a_process_that(works: bool) -> Iterator[None]:
    """Uses all of its core, or nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pace, "process_time", trio.current_time if works else lambda: 0.0)
        yield


class Knot:
    """An object that refers to itself."""

    def __init__(self) -> None:
        self.own = self


def _dead_cycle() -> "weakref.ref[Knot]":
    """One that died when it was frozen already, so that only a walk through everything finds it."""
    knot = Knot()
    gc.freeze()
    return weakref.ref(knot)


async def _when_freed(*waits: float) -> str:
    """Whether a dead cycle is gone, after each of some waits."""
    freed = []
    async with open_cycle_search():
        knot = _dead_cycle()
        for wait in waits:
            await trio.sleep(wait)
            freed.append(knot() is None)
    return f"freed: {freed}"


@scenario("a dead cycle")
async def a_dead_cycle(entry: Timeout) -> str:
    """On a quiet server it is found by the next walk through all objects and a look."""
    with a_process_that(works=False):
        before, after = before_and_after(entry)
        return await _when_freed(before, after + SURELY * timeouts.CYCLES_LOOK.default)


@scenario("a dead cycle on a busy server")
async def a_dead_cycle_on_a_busy_server(entry: Timeout) -> str:
    """It is found at last."""
    with a_process_that(works=True):
        before, after = before_and_after(entry)
        return await _when_freed(before, after + timeouts.CYCLES_LOOK.default)


@scenario("a quiet moment for a walk")
async def a_quiet_moment_for_a_walk(entry: Timeout) -> str:
    """A walk that is due is made with the next look."""
    timeouts.CYCLES_ALL.seconds = entry.default / 2
    with a_process_that(works=False):
        return await _when_freed(*before_and_after(entry))


class Heap(Allocator):
    """One that has a lot to give."""

    def __init__(self) -> None:
        self.free = 0
        self.times_given = 0

    @property
    def free_bytes(self) -> int:
        return self.free

    def give_back(self) -> None:
        self.times_given += 1


async def _when_given(*waits: float) -> str:
    """How often free memory was given back, after each of some waits."""
    heap, given = Heap(), []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(GivingBack(heap).run)
        await trio.testing.wait_all_tasks_blocked()
        heap.free = limits.SPARE_BYTES
        for wait in waits:
            await trio.sleep(wait)
            given.append(heap.times_given)
        nursery.cancel_scope.cancel()
    return f"given back: {given}"


@scenario("memory becomes free")
async def memory_becomes_free(entry: Timeout) -> str:
    """A process that does nothing gives it back with its next look."""
    with a_process_that(works=False):
        return await _when_given(*before_and_after(entry))


@scenario("memory becomes short")
async def memory_becomes_short(entry: Timeout) -> str:
    """Nobody is let in with the next look."""
    taken, refused = 0, list[bool]()
    limit = SoftLimit(100, lambda: taken)
    levers = Levers(refuse=refused.append)
    async with open_cycle_search() as cycles, open_governor(limit, levers, cycles):
        await trio.testing.wait_all_tasks_blocked()
        taken = 100
        told = []
        for wait in before_and_after(entry):
            await trio.sleep(wait)
            told.append(list(refused))
    return f"refused: {told}"


class Pool:
    """Notes how often it was dropped."""

    def __init__(self) -> None:
        self.times_dropped = 0

    def drop(self) -> int:
        self.times_dropped += 1
        return 0


@scenario("memory stays short")
async def memory_stays_short(entry: Timeout) -> str:
    """Pools are emptied at once, and again a while later."""
    pool, dropped = Pool(), list[int]()
    limit, levers = SoftLimit(100, lambda: 91), Levers({"pool": pool})
    async with open_cycle_search() as cycles, open_governor(limit, levers, cycles):
        await trio.sleep(SURELY * timeouts.MEMORY_POLL.default)
        before, after = before_and_after(entry)
        for wait in (before, after + timeouts.MEMORY_POLL.default):
            await trio.sleep(wait)
            dropped.append(pool.times_dropped)
    return f"dropped: {dropped}"


@scenario("memory becomes free on a busy server")
async def memory_becomes_free_on_a_busy_server(entry: Timeout) -> str:
    """It is given back at last."""
    with a_process_that(works=True):
        before, after = before_and_after(entry)
        return await _when_given(before, after + timeouts.MEMORY_LOOK.default)
