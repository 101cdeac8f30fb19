import random
import sqlite3
from functools import partial
from pathlib import Path

import pytest
import trio
from storage.sqlite.faults import Gate, connecting

from whiteboard import limits
from whiteboard.ids import ElementId
from whiteboard.storage.ports import Checkpoint, Storage
from whiteboard.storage.sqlite import open_sqlite
from whiteboard.storage.sqlite.directory import DATABASE_NAME
from whiteboard.testing.storage_samples import ADA, BOARD, EPOCH, append, ops


async def save(storage: Storage, seq: int) -> None:
    """Save a checkpoint that tells its seq."""
    await storage.snapshots.save(BOARD, Checkpoint(seq, b"at %d" % seq), {}, epoch=EPOCH)


def flip_a_byte(directory: Path, seq: int) -> None:
    """Damage the checkpoint at a seq as a bad disk does."""
    connection = sqlite3.connect(directory / DATABASE_NAME, isolation_level=None)
    key = connection.execute("SELECT checksum FROM checkpoints WHERE seq = ?", (seq,)).fetchone()
    select = "SELECT body FROM checkpoint_parts WHERE checksum = ? ORDER BY part DESC LIMIT 1"
    (body,) = connection.execute(select, key).fetchone()
    bad = body[:-1] + bytes([body[-1] ^ 1])
    connection.execute(
        "UPDATE checkpoint_parts SET body = ? WHERE checksum = ? AND body = ?", (bad, *key, body)
    )
    connection.close()


def kept(directory: Path) -> list[int]:
    """Seqs of the checkpoints on the disk."""
    connection = sqlite3.connect(directory / DATABASE_NAME)
    found = [seq for (seq,) in connection.execute("SELECT seq FROM checkpoints ORDER BY seq")]
    connection.close()
    return found


async def test_two_checkpoints_are_kept(tmp_path: Path) -> None:
    """The newest and the one before it; older ones go."""
    async with open_sqlite(tmp_path) as storage:
        await append(storage.op_log, BOARD, ops(ADA, range(1, 10)))
        for seq in (1, 2, 3, 4):
            await save(storage, seq)
    assert await trio.to_thread.run_sync(kept, tmp_path) == [3, 4]


async def test_a_corrupt_checkpoint_falls_back(tmp_path: Path) -> None:
    """When the newest one's checksum fails, the one before it is loaded; when both fail, none."""
    async with open_sqlite(tmp_path) as storage:
        await append(storage.op_log, BOARD, ops(ADA, range(1, 10)))
        for seq in (3, 5):
            await save(storage, seq)
    for bad, good in ((5, Checkpoint(3, b"at 3")), (3, None)):
        await trio.to_thread.run_sync(flip_a_byte, tmp_path, bad)
        async with open_sqlite(tmp_path) as storage:
            assert await storage.snapshots.load(BOARD) == good


@pytest.mark.parametrize("seq", [4, 5, 6])
async def test_a_corrupt_checkpoint_is_no_fallback(tmp_path: Path, seq: int) -> None:
    """The next save replaces a corrupt newest one, even at or below its seq, and keeps the last good one."""
    async with open_sqlite(tmp_path) as storage:
        await append(storage.op_log, BOARD, ops(ADA, range(1, 10)))
        for good in (3, 5):
            await save(storage, good)
    await trio.to_thread.run_sync(flip_a_byte, tmp_path, 5)
    async with open_sqlite(tmp_path) as storage:
        await save(storage, seq)
        assert await storage.snapshots.load(BOARD) == Checkpoint(seq, b"at %d" % seq)
    assert await trio.to_thread.run_sync(kept, tmp_path) == [3, seq]


@pytest.mark.long_steps(reason="it makes megabytes of noise")
async def test_a_large_checkpoint_is_written_between_other_commits(tmp_path: Path) -> None:
    """Its parts and tombstones are commits of their own, so that others get in between; it is there whole."""
    body = random.Random(1).randbytes(3 * limits.MAX_COMMIT_BYTES)
    gone = {ElementId(f"e{n}"): bytes([n % 256]) * limits.KIB for n in range(4_000)}
    gate = Gate()
    async with open_sqlite(tmp_path, connect=connecting(gate)) as storage:
        await append(storage.op_log, BOARD, ops(ADA, [1, 2]))
        await save(storage, 1)
        before = gate.commits
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(_save_large, storage, body, gone))
            while gate.commits < before + 3:
                await storage.probe()
        assert gate.commits > before + len(body) // limits.CHECKPOINT_PART_BYTES
        assert await storage.snapshots.load(BOARD) == Checkpoint(2, body)
        assert await storage.snapshots.tombstones(BOARD, list(gone)) == gone


async def _save_large(storage: Storage, body: bytes, gone: dict[ElementId, bytes]) -> None:
    await storage.snapshots.save(BOARD, Checkpoint(2, body), gone, epoch=EPOCH)


async def test_saves_of_one_board_go_in_turns(tmp_path: Path) -> None:
    """One that ends while a large one is being written would take the parts of that for leftovers."""
    body = random.Random(1).randbytes(3 * limits.MAX_COMMIT_BYTES)
    gate = Gate()
    async with open_sqlite(tmp_path, connect=connecting(gate)) as storage:
        await append(storage.op_log, BOARD, ops(ADA, [1, 2, 3]))
        async with trio.open_nursery() as nursery:
            before = gate.commits
            nursery.start_soon(partial(_save_large, storage, body, {}))
            while gate.commits < before + 3:
                await storage.probe()
            await save(storage, 3)
        assert await storage.snapshots.load(BOARD) == Checkpoint(3, b"at 3")
    await trio.to_thread.run_sync(flip_a_byte, tmp_path, 3)
    async with open_sqlite(tmp_path) as storage:
        assert await storage.snapshots.load(BOARD) == Checkpoint(2, body)


async def test_parts_of_a_checkpoint_that_was_never_finished_go(tmp_path: Path) -> None:
    """What a server that was killed in the middle left behind is not loaded, and leaves with the next save."""

    def leave_a_part() -> None:
        connection = sqlite3.connect(tmp_path / DATABASE_NAME, isolation_level=None)
        connection.execute("INSERT INTO checkpoint_parts VALUES (1, x'00', 0, x'00')")
        connection.close()

    async with open_sqlite(tmp_path) as storage:
        await append(storage.op_log, BOARD, ops(ADA, [1, 2, 3]))
        await save(storage, 1)
    await trio.to_thread.run_sync(leave_a_part)
    async with open_sqlite(tmp_path) as storage:
        assert await storage.snapshots.load(BOARD) == Checkpoint(1, b"at 1")
        await save(storage, 2)
    assert await trio.to_thread.run_sync(count_parts, tmp_path) == 2


def count_parts(directory: Path) -> int:
    """Parts of checkpoints on the disk."""
    connection = sqlite3.connect(directory / DATABASE_NAME)
    (count,) = connection.execute("SELECT count(*) FROM checkpoint_parts").fetchone()
    connection.close()
    return int(count)
