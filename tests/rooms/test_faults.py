"""Storage that fails at any call ends a session or a board at most, and the next try succeeds."""

import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import trio
from rooms.conftest import BOARD, Stage, open_stage
from rooms.faulty import HookedStorage
from structlog.testing import capture_logs

from whiteboard import timeouts
from whiteboard.errors import RoomClosed, StorageCorrupt, StorageError, StorageUnavailable
from whiteboard.ids import BoardId
from whiteboard.rooms import feed, tail, upkeep
from whiteboard.rooms.broadcast import Broadcast
from whiteboard.rooms.commit import Committer
from whiteboard.rooms.snapshots import Snapshots
from whiteboard.rooms.upkeep import Upkeep
from whiteboard.storage.memory import open_memory

OTHER = BoardId("other")
CALLS = (
    ("op_log", "head"),
    ("op_log", "read"),
    ("op_log", "client"),
    ("op_log", "find"),
    ("op_log", "seen_by"),
    ("op_log", "ranks_about"),
    ("op_log", "append"),
    ("op_log", "compact"),
    ("snapshots", "load"),
    ("snapshots", "has_tombstones"),
    ("snapshots", "tombstones"),
    ("snapshots", "save"),
)


def stroke(number: int, **more: object) -> dict[str, object]:
    """A small stroke op."""
    return {"type": "stroke", "id": f"s{number}", "points": [[number, 0]], **more}


async def use_everything(stage: Stage, first: int) -> None:
    """Two sessions that reach every call of the ports, as far as they are let."""
    for client in ("bob", "ada"):
        with suppress(RoomClosed):
            line = await stage.connect()
            line.say({"type": "hello", "client": client, "key": "secret", "since": 0})
            line.say({"type": "restore", "id": "s1"})
            line.say(*[stroke(number, opId=f"{client}:{number}") for number in range(first, first + 99)])
            line.say(stroke(1, opId=f"{client}:{first}"), stroke(1, clock={client: 9}))
            line.say(*[stroke(1, opId=f"{client}:{number + first}") for number in (20_000, 10_000)])
            line.say({"type": "delete", "id": "s1"})
            await trio.sleep(9)
            line.say({"type": "sync", "since": 0})
            await trio.sleep(9)
            line.hang_up()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The tracebacks of failed boards are not printed: that takes a second each."""
    with capture_logs():
        yield


@pytest.mark.usefixtures("without_threads")
@pytest.mark.parametrize("fault", [StorageUnavailable("busy"), StorageCorrupt("rotten")])
@pytest.mark.parametrize(("port", "call"), CALLS)
async def test_fault_of_storage_stays_on_its_board(
    autojump_clock: object, monkeypatch: pytest.MonkeyPatch, port: str, call: str, fault: StorageError
) -> None:
    """[R13] Whatever call fails, other boards go on, nothing is left held, and a retry finds it mended."""
    monkeypatch.setattr(upkeep, "CHECKPOINT_MIN_OPS", 5)
    monkeypatch.setattr(upkeep, "COMPACT_SLICE_OPS", 50)
    monkeypatch.setattr(tail, "MAX_TAIL_OPS", 4)
    monkeypatch.setattr(feed, "MAX_RESUME_OPS", 1_000)
    failures = []

    async def fail(board: BoardId, *_: object) -> None:
        await trio.lowlevel.checkpoint()
        if board != OTHER:
            failures.append(call)
            raise fault

    async with open_memory() as memory:
        storage: Any = HookedStorage(memory)
        async with open_stage(storage) as stage:
            other, _ = await stage.join(OTHER)
            await use_everything(stage, 1)  # so that there is something to load
            await trio.sleep(timeouts.ROOM_IDLE.seconds + 2 * timeouts.EVICT_SWEEP.seconds)
            getattr(storage, port).before[call] = fail
            await use_everything(stage, 100)
            await trio.sleep(timeouts.ROOM_IDLE.seconds + 2 * timeouts.EVICT_SWEEP.seconds)
            assert failures
            other.say(stroke(1))
            await other.expect("ack", seq=1)
            statistics = stage.hub.statistics()
            assert (statistics.boards, statistics.sessions, statistics.leases) == (1, 1, 1)
            getattr(storage, port).before.clear()
            back, _ = await stage.join()
            back.say(stroke(99))
            await back.expect("ack", id="s99")


async def test_session_that_storage_refuses_is_told_to_come_back_later(autojump_clock: object) -> None:
    """[R6] A client whose record cannot be read is closed with 4500, not as if the server went down."""
    async with open_memory() as memory:
        storage: Any = HookedStorage(memory)

        async def fail(*_: object) -> None:
            await trio.lowlevel.checkpoint()
            raise StorageUnavailable("busy")

        storage.op_log.before["client"] = fail
        async with open_stage(storage) as stage:
            line = await stage.connect()
            line.say({"type": "hello", "client": "ada"})
            assert (await line.wait_closed())[0] == 4500


async def test_storage_that_turns_out_corrupt_makes_the_server_not_ready(autojump_clock: object) -> None:
    """[HTTP-3] A commit that storage cannot take at all counts like a refused one, though its board is gone."""
    async with open_memory() as memory:
        storage: Any = HookedStorage(memory)

        async def rot(*_: object) -> None:
            await trio.lowlevel.checkpoint()
            raise StorageCorrupt("rotten")

        async with open_stage(storage) as stage:
            line, _ = await stage.join()
            storage.op_log.before["append"] = rot
            line.say(stroke(1))
            await line.wait_closed()
            assert stage.hub.is_refusing
            await trio.sleep(timeouts.REFUSAL_COUNTS.seconds + 1)
            assert not stage.hub.is_refusing


async def test_newcomer_while_a_failed_board_ends_gets_a_new_one(autojump_clock: object) -> None:
    """A board that has failed takes nobody in, also while its last write still holds it up."""
    async with open_memory() as memory:
        storage: Any = HookedStorage(memory)

        async def rot(*_: object) -> None:
            await trio.lowlevel.checkpoint()
            raise StorageCorrupt("rotten")

        async def hold(*_: object) -> None:
            with trio.CancelScope(shield=True):
                await trio.sleep(1)

        async with open_stage(storage) as stage:
            line, _ = await stage.join()
            storage.op_log.before.update(append=rot, compact=hold)
            async with stage.hub.visit(BoardId("b1")) as room:
                assert room.board_id == "b1"
            line.say(stroke(1))
            assert (await line.wait_closed())[0] == 4500
            storage.op_log.before.clear()
            back, _ = await stage.join()
            back.say(stroke(1))
            await back.expect("ack", seq=1)


@pytest.mark.usefixtures("without_cycle_search")
@pytest.mark.parametrize(
    ("piece", "call"),
    [
        (Committer, "commit_now"),
        (Broadcast, "flush"),
        (Broadcast, "flush_presence"),
        (Upkeep, "look"),
        (Snapshots, "drop"),
    ],
)
async def test_fault_in_what_all_rooms_share_stays_on_its_board(
    autojump_clock: object, monkeypatch: pytest.MonkeyPatch, piece: type, call: str
) -> None:
    """[R13] The tick, the look at all boards and the dropping of caches go on when one board's turn fails; its sessions end with 4500."""
    whole = getattr(piece, call)
    faults = [RuntimeError(f"a fault of {call}")]

    def fail_once(self: object, *args: object) -> object:
        if faults:
            raise faults.pop()
        return whole(self, *args)

    async with open_stage() as stage:
        line, _ = await stage.join()
        other, _ = await stage.join(OTHER)
        async with stage.hub.visit(BOARD) as room:
            failed = weakref.ref(room)
        del room
        await trio.sleep(0.5)
        monkeypatch.setattr(piece, call, fail_once)
        line.say(stroke(1), {"type": "cursor", "x": 0, "y": 0})
        if call == "drop":
            stage.hub.drop()
        assert (await line.wait_closed())[0] == 4500
        other.say(stroke(1))
        await other.expect("stroke", seq=1)
        back, _ = await stage.join()
        back.say(stroke(2))
        await back.expect("ack")
        assert other.closed is None
        assert failed() is None, "what it held is free at once"
