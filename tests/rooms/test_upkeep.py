"""Checkpoints by growth, compaction behind them, and opening that costs the live size only."""

import pytest
import trio
from rooms.conftest import BOARD, Stage, open_stage
from rooms.faulty import TappedStorage

from whiteboard.core.board import Board
from whiteboard.ids import ElementId
from whiteboard.rooms import upkeep
from whiteboard.rooms.replica import Replica
from whiteboard.storage.memory import open_memory
from whiteboard.storage.ports import StoredOp


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


async def test_history_reads_from_1_after_compaction(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compaction moves old ops aside; they read as before, and there is nothing left to move. [LOG-5]"""
    monkeypatch.setattr(upkeep, "CHECKPOINT_MIN_OPS", 10)
    ada, _ = await stage.join()
    ada.say([stroke(number) for number in range(30)])
    await ada.expect("ack", seq=30)
    before = await stage.storage.op_log.read(BOARD, 0, 100)
    await trio.sleep(5)
    assert await stage.storage.op_log.compact(BOARD, 30, 100) == 0
    assert await stage.storage.op_log.read(BOARD, 0, 100) == before


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

        async def counting(*args: object) -> list[StoredOp]:
            found = await read(*args)  # type: ignore[arg-type]  # handed on as they came
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
