"""Checkpoints by growth, compaction behind them, and opening that costs the live size only."""

from typing import Any

import pytest
import trio
from rooms.conftest import BOARD, Stage, open_stage
from rooms.faulty import HookedStorage, TappedStorage

from whiteboard import timeouts
from whiteboard.core import board as core_board
from whiteboard.core.board import Board
from whiteboard.ids import ElementId
from whiteboard.limits import AWAKE_SHARE, REST_LOOKS, REST_SLICE, SLICE
from whiteboard.rooms import upkeep
from whiteboard.rooms.replica import Replica
from whiteboard.storage.memory import open_memory
from whiteboard.storage.ports import Checkpoint, StoredOp


def stroke(number: int) -> dict[str, object]:
    """A small stroke op."""
    return {"type": "stroke", "id": f"s{number}", "points": [[number, 0]]}


async def test_checkpoint_follows_growth(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When as many ops have come as the board has elements, a checkpoint is stored."""
    monkeypatch.setattr(upkeep, "CHECKPOINT_MIN_OPS", 10)
    ada, _ = await stage.join()
    ada.say([stroke(number) for number in range(9)])
    await trio.sleep(5)
    assert await stage.storage.snapshots.load(BOARD) is None
    ada.say(stroke(9))
    await trio.sleep(5)
    checkpoint = await stage.storage.snapshots.load(BOARD)
    assert checkpoint is not None
    assert checkpoint.seq == 10


@pytest.mark.usefixtures("without_threads")
async def test_history_reads_from_1_after_compaction(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compaction moves old ops aside; they read as before, and there is nothing left to move. [LOG-5]"""
    monkeypatch.setattr(upkeep, "CHECKPOINT_MIN_OPS", 10)
    monkeypatch.setattr(upkeep, "COMPACT_SLICE_OPS", 8)
    ada, _ = await stage.join()
    ada.say([stroke(number) for number in range(30)])
    await ada.expect("ack", seq=30)
    before = await stage.storage.op_log.read(BOARD, 0, 100)
    await trio.sleep(5)
    assert await stage.storage.op_log.compact(BOARD, 30, 100) == 6, "all but what fills no slice was moved"
    assert await stage.storage.op_log.read(BOARD, 0, 100) == before


@pytest.mark.usefixtures("without_threads")
async def test_board_that_is_edited_in_short_visits_is_compacted_too(
    autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slices that visits leave together are moved once they are whole, whoever drew them."""
    monkeypatch.setattr(upkeep, "COMPACT_SLICE_OPS", 8)
    async with open_memory() as memory:
        for visit in range(3):
            async with open_stage(memory) as stage:
                ada, _ = await stage.join()
                ada.say([stroke(10 * visit + number) for number in range(10)])
                await ada.expect("ack", seq=10 * visit + 10)
                await trio.sleep(5)
                await stage.hub.drain()
        assert await memory.op_log.compact(BOARD, 30, 100) == 6, "three slices were moved"


@pytest.mark.usefixtures("without_threads")
async def test_checkpoint_that_is_due_goes_before_compaction(
    autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A board that grows faster than its old ops are moved still gets its checkpoints."""
    monkeypatch.setattr(upkeep, "CHECKPOINT_MIN_OPS", 10)
    monkeypatch.setattr(upkeep, "COMPACT_SLICE_OPS", 1)
    async with open_memory() as memory:
        storage: Any = HookedStorage(memory)
        async with open_stage(storage) as stage:

            async def take_long(*_: object) -> None:
                await trio.sleep(1)

            storage.op_log.before["compact"] = take_long
            ada, _ = await stage.join()
            for start in range(0, 200, 20):
                ada.say([{**stroke(0), "x": start + number} for number in range(20)])
                await trio.sleep(4)
                checkpoint = await memory.snapshots.load(BOARD)
                assert checkpoint is not None
                assert checkpoint.seq == start + 20


async def test_full_board_is_not_checkpointed_for_each_deletion(
    autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deletions on a full board make room, but a checkpoint is written once in a while only."""
    async with open_memory() as memory:
        storage: Any = HookedStorage(memory)
        async with open_stage(storage) as stage:
            saves = []

            async def count(*_: object) -> None:
                saves.append(trio.current_time())

            storage.snapshots.after["save"] = count
            ada, _ = await stage.join()
            ada.say([stroke(number) for number in range(300)])
            await ada.expect("ack", seq=300)
            async with stage.hub.visit(BOARD) as room:
                monkeypatch.setattr(upkeep, "MAX_BOARD_BYTES", room.replica.board.size_bytes // 2)
                for number in range(60):
                    ada.say({"type": "delete", "id": f"s{number}"})
                    await trio.sleep(1)
                assert len(room.replica.board) < 300
            assert 4 <= len(saves) <= 5


async def test_checkpoint_that_does_not_read_is_passed_over(autojump_clock: object) -> None:
    """A checkpoint that is whole and means nothing costs time, not the board: the log has everything."""
    async with open_memory() as memory:
        async with open_stage(memory) as stage:
            ada, welcome = await stage.join()
            ada.say(stroke(1), stroke(2), {"type": "delete", "id": "s1"})
            await ada.expect("ack", seq=3)
            epoch = welcome["epoch"]
            await memory.snapshots.save(BOARD, Checkpoint(3, b"{}"), {}, epoch=epoch)
            stage.hub._nursery.cancel_scope.cancel()
        async with open_stage(memory) as stage:
            bob, _ = await stage.join()
            snapshot = await bob.expect("snapshot")
            assert [element["id"] for element in snapshot["elements"]] == ["s2"]


async def test_opening_reads_no_op_from_before_the_checkpoint(
    autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A board that saw a thousand deletions opens from its live element and no old op."""
    async with open_memory() as memory:
        async with open_stage(memory) as stage:
            ada, _ = await stage.join()
            for number in range(500):
                ada.say([stroke(number), {"type": "delete", "id": f"s{number}"}])
            ada.say(stroke(999))
            await ada.expect("ack", seq=1001)
            await stage.hub.drain()
        replayed: list[StoredOp] = []
        read = memory.op_log.read

        async def counting(*args: Any, **named: Any) -> list[StoredOp]:
            found = await read(*args, **named)
            replayed.extend(found)
            return found

        monkeypatch.setattr(memory.op_log, "read", counting)
        replica = Replica(memory, BOARD, "unused")
        await replica.load()
        assert [element.id for element in replica.board] == ["s999"]
        assert replayed == []


async def test_checkpoint_that_fails_is_tried_again(
    autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A storage that refuses a checkpoint costs nothing: the room goes on and tries again."""
    monkeypatch.setattr(upkeep, "CHECKPOINT_MIN_OPS", 5)
    async with open_memory() as memory:
        storage = TappedStorage(memory)
        async with open_stage(storage) as stage:
            ada, _ = await stage.join()
            with monkeypatch.context() as patch:
                patch.setattr(storage, "snapshots", storage.refusing_snapshots())
                ada.say([stroke(number) for number in range(6)])
                await trio.sleep(5)
                assert await memory.snapshots.load(BOARD) is None
            await trio.sleep(5)
            assert await memory.snapshots.load(BOARD) is not None
            assert ada.closed is None


async def test_what_changes_during_a_checkpoint_is_not_lost(stage: Stage, autojump_clock: object) -> None:
    """Ops that come while a checkpoint is written are in it or after it, and evict nothing live."""
    ada, _ = await stage.join()
    ada.say([stroke(number) for number in range(600)], {"type": "delete", "id": "s1"})
    await ada.expect("ack", seq=601)
    async with stage.hub.visit(BOARD) as room:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(room.replica.checkpoint)
            await trio.lowlevel.checkpoint()
            ada.say({"type": "restore", "id": "s1"}, {"type": "delete", "id": "s599"})
            await ada.expect("ack", seq=603)
        assert _visible(room.replica.board) == {f"s{n}" for n in range(599)}
        fresh = Replica(stage.storage, BOARD, "unused")
        await fresh.load()
        assert _visible(fresh.board) == {f"s{n}" for n in range(599)}


def _visible(board: Board) -> set[ElementId]:
    return {element.id for element in board if element.is_visible}


async def test_ops_from_before_a_crash_count_towards_the_next_checkpoint(
    autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often a server is killed, opening never replays more than a checkpoint's worth of ops."""
    monkeypatch.setattr(upkeep, "CHECKPOINT_MIN_OPS", 10)
    async with open_memory() as memory:
        for life in range(2):
            async with open_stage(memory) as stage:
                ada, _ = await stage.join()
                for number in range(6):
                    ada.say(stroke(10 * life + number))
                await ada.expect("ack", seq=6 * life + 6)
                if life:
                    await trio.sleep(5)
                stage.hub._nursery.cancel_scope.cancel()
        checkpoint = await memory.snapshots.load(BOARD)
        assert checkpoint is not None
        assert checkpoint.seq == 12


async def test_elements_that_nobody_touches_come_to_rest(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After REST_LOOKS in bounded shares, deflated; an op wakes one, and it rests again."""
    monkeypatch.setattr(upkeep, "REST_SHARE", 8)
    ada, _ = await stage.join()
    ada.say([stroke(number) for number in range(30)])
    await ada.expect("ack", seq=30)
    async with stage.hub.visit(BOARD) as room:
        board = room.replica.board
        await trio.sleep(REST_LOOKS / 2)
        assert board.awake_count == 30
        await trio.sleep(2 * REST_LOOKS)
        assert board.awake_count == 0
        assert all(part.is_packed for part in board.parts())
        ada.say({"type": "set", "id": "s7", "props": {"x": 1}})
        await ada.expect("ack", seq=31)
        assert [one.id for one in board.awake()] == ["s7"]
        await trio.sleep(3 * REST_LOOKS)
        assert board.awake_count == 0
    bob, _ = await stage.join()
    told = await bob.expect("snapshot")
    assert {state["id"]: state.get("x") for state in told["elements"]} == {
        f"s{number}": 1 if number == 7 else None for number in range(30)
    }


async def test_where_much_is_drawn_elements_rest_sooner(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All but those that the hot ops met, at the next look."""
    monkeypatch.setattr(core_board, "HOT_OPS", 10)
    ada, _ = await stage.join()
    ada.say([stroke(number) for number in range(30)])
    await ada.expect("ack", seq=30)
    await trio.sleep(2 * timeouts.UPKEEP.seconds)
    async with stage.hub.visit(BOARD) as room:
        assert {one.id for one in room.replica.board.awake()} == {f"s{number}" for number in range(20, 30)}


async def test_a_board_drawn_in_a_burst_is_at_rest_when_the_last_ack_comes(
    stage: Stage, autojump_clock: object
) -> None:
    """Without a look of the upkeep: what is not hot lies packed, and who joins sees all of it."""
    ada, _ = await stage.join()
    for begin in range(0, 2_000, 50):
        ada.say([stroke(number) for number in range(begin, begin + 50)])
        await ada.expect("ack", seq=begin + 50)
    async with stage.hub.visit(BOARD) as room:
        board = room.replica.board
        assert board.awake_count <= AWAKE_SHARE * board.hot_ops + REST_SLICE + 50 < 400
        *full, newest = board.parts()
        assert len(full) > 3
        assert all(part.is_packed for part in full)
        assert not newest.is_packed
        assert _visible(board) == {f"s{number}" for number in range(2_000)}
    bob, _ = await stage.join()
    parts = [await bob.expect("snapshot", part=1)]
    while len(parts) < parts[0]["parts"]:
        parts.append(await bob.expect("snapshot", part=len(parts) + 1))
    told = {state["id"] for part in parts for state in part["elements"]}
    assert told == {f"s{number}" for number in range(2_000)}


async def test_a_log_that_is_replayed_is_laid_to_rest_meanwhile(stage: Stage, autojump_clock: object) -> None:
    """A board that opens without a checkpoint takes no more memory for it."""
    ada, _ = await stage.join()
    ada.say([stroke(number) for number in range(900)])
    await ada.expect("ack", seq=900)
    replica = Replica(stage.storage, BOARD, "unused")
    await replica.load()
    assert len(replica.board) == 900
    assert replica.board.awake_count <= AWAKE_SHARE * replica.board.hot_ops + SLICE / 2
