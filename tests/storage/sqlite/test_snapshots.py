import sqlite3
from pathlib import Path

import pytest
import trio
from contract.storage_samples import ADA, BOARD, EPOCH, append, ops

from whiteboard.storage.ports import Checkpoint, Storage
from whiteboard.storage.sqlite import open_sqlite
from whiteboard.storage.sqlite.directory import DATABASE_NAME


async def save(storage: Storage, seq: int) -> None:
    """Save a checkpoint that tells its seq."""
    await storage.snapshots.save(BOARD, Checkpoint(seq, b"at %d" % seq), {}, epoch=EPOCH)


def flip_a_byte(directory: Path, seq: int) -> None:
    """Damage the checkpoint at a seq as a bad disk does."""
    connection = sqlite3.connect(directory / DATABASE_NAME, isolation_level=None)
    (body,) = connection.execute("SELECT body FROM checkpoints WHERE seq = ?", (seq,)).fetchone()
    bad = body[:-1] + bytes([body[-1] ^ 1])
    connection.execute("UPDATE checkpoints SET body = ? WHERE seq = ?", (bad, seq))
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
