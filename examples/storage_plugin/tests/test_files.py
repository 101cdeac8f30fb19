"""What no contract suite can know of files: torn ends, damage, a disk that refuses, the lock, and files that are made smaller."""

import errno
import os
from pathlib import Path

import pytest
import whiteboard_files
from whiteboard_files import board_file
from whiteboard_files.adapter import open_files
from whiteboard_files.records import encode

from whiteboard.errors import ConfigError, StartupError, StorageCorrupt, StorageUnavailable
from whiteboard.ids import ElementId
from whiteboard.storage.ports import Checkpoint
from whiteboard.testing.storage_samples import (
    ADA,
    BOARD,
    EPOCH,
    OTHER,
    append,
    as_stored,
    op,
    ops,
    read_all,
    seqs,
)


def file_of(folder: Path, board: str = BOARD) -> Path:
    """A board's file."""
    return folder / f"{board}.board"


async def test_a_torn_end_is_cut_off(tmp_path: Path) -> None:
    """Wherever a crash cuts the last record, what was acked before is there and the next op goes on behind it."""
    async with open_files(tmp_path) as storage:
        await append(storage.op_log, BOARD, ops(ADA, [1, 2]))
        whole = file_of(tmp_path).stat().st_size
        await append(storage.op_log, BOARD, ops(ADA, [3]))
    data = file_of(tmp_path).read_bytes()
    for size in range(whole, len(data)):
        file_of(tmp_path).write_bytes(data[:size])
        async with open_files(tmp_path) as storage:
            assert await read_all(storage.op_log, BOARD) == as_stored(ops(ADA, [1, 2]))
            assert await seqs(storage.op_log, BOARD, ops(ADA, [4])) == [3]
        async with open_files(tmp_path) as storage:
            assert await read_all(storage.op_log, BOARD) == as_stored(ops(ADA, [1, 2, 4]))


@pytest.mark.parametrize("garbage", [b"\0" * 100_000, b"A", encode("A", b"{}", b"x" * 50)[:-1] + b"y"])
async def test_what_a_crash_leaves_behind_the_end_is_cut_off(tmp_path: Path, garbage: bytes) -> None:
    """Room that was not written yet, the beginning of a record, or a last record that is not whole."""
    async with open_files(tmp_path) as storage:
        await append(storage.op_log, BOARD, ops(ADA, [1]))
    with file_of(tmp_path).open("ab") as file:
        file.write(garbage)
    async with open_files(tmp_path) as storage:
        assert await seqs(storage.op_log, BOARD, ops(ADA, [2])) == [2]
    async with open_files(tmp_path) as storage:
        assert await read_all(storage.op_log, BOARD) == as_stored(ops(ADA, [1, 2]))


@pytest.mark.parametrize("size", range(0, 40, 8))
async def test_a_creation_that_was_never_finished_is_no_board(tmp_path: Path, size: int) -> None:
    """Its file goes, and the id is free."""
    async with open_files(tmp_path) as storage:
        await storage.boards.create(BOARD, 1, EPOCH)
    data = file_of(tmp_path).read_bytes()
    file_of(tmp_path).write_bytes(data[:size])
    async with open_files(tmp_path) as storage:
        assert not file_of(tmp_path).exists()
        assert await storage.boards.page(9, None) == []
        assert await storage.boards.create(BOARD, 1, EPOCH)


async def test_a_damaged_board_is_told_of_and_harms_no_other(tmp_path: Path) -> None:
    """A byte that changed in the middle: StorageCorrupt for this board, and the others are served."""
    async with open_files(tmp_path) as storage:
        for board in (BOARD, OTHER):
            await append(storage.op_log, board, ops(ADA, [1, 2]))
            await append(storage.op_log, board, ops(ADA, [3]))
    data = bytearray(file_of(tmp_path).read_bytes())
    data[len(data) // 2] ^= 1
    file_of(tmp_path).write_bytes(data)
    async with open_files(tmp_path) as storage:
        with pytest.raises(StorageCorrupt, match=r"board\.board"):
            await storage.op_log.head(BOARD)
        assert [line.board for line in await storage.boards.page(9, None)] == [OTHER]
        assert await read_all(storage.op_log, OTHER) == as_stored(ops(ADA, [1, 2, 3]))


async def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path) -> None:
    """One that rots while the storage is open: the one before it serves."""
    async with open_files(tmp_path) as storage:
        await append(storage.op_log, BOARD, ops(ADA, [1, 2]))
        for seq, body in ((1, b"one"), (2, b"two-two-two")):
            await storage.snapshots.save(BOARD, Checkpoint(seq, body), {}, epoch=EPOCH)
        data = file_of(tmp_path).read_bytes()
        file_of(tmp_path).write_bytes(data.replace(b"two-two-two", b"two-twX-two"))
        assert await storage.snapshots.load(BOARD) == Checkpoint(1, b"one")


async def test_a_disk_that_refuses_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """StorageUnavailable; the same append goes through later, and the file has no trace of the first try."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async with open_files(tmp_path) as storage:
        await append(storage.op_log, BOARD, ops(ADA, [1]))
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(StorageUnavailable, match="No space left"):
                await append(storage.op_log, BOARD, [op(ADA, 2, body=b"x" * 1000)])
            with pytest.raises(StorageUnavailable):
                await storage.probe()
        assert await read_all(storage.op_log, BOARD) == as_stored(ops(ADA, [1]))
        assert await seqs(storage.op_log, BOARD, ops(ADA, [2, 3])) == [2, 3]
    async with open_files(tmp_path) as storage:
        assert await read_all(storage.op_log, BOARD) == as_stored(ops(ADA, [1, 2, 3]))


async def test_a_file_of_outdated_records_is_made_smaller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the storage is opened; the board is the same, and a second opening leaves the file as it is."""
    monkeypatch.setattr(board_file, "_WORTH_BYTES", 1_000)
    new = [op(ADA, n, body=b"%d" % n * 500) for n in range(1, 31)]
    async with open_files(tmp_path) as storage:
        await append(storage.op_log, BOARD, new)
        assert [await storage.op_log.compact(BOARD, 25, 15) for _ in range(2)] == [15, 10]
        for seq in (5, 12, 30):
            kept = {ElementId(f"e{seq}"): b"gone at %d" % seq, ElementId("e"): b"last at %d" % seq}
            await storage.snapshots.save(BOARD, Checkpoint(seq, b"c" * 3_000), kept, epoch=EPOCH)
        before = await storage.boards.page(9, None)
    size = file_of(tmp_path).stat().st_size
    for _ in range(2):
        async with open_files(tmp_path) as storage:
            assert await storage.boards.page(9, None) == before
            assert await read_all(storage.op_log, BOARD) == as_stored(new)
            assert await storage.snapshots.load(BOARD) == Checkpoint(30, b"c" * 3_000)
            found = await storage.snapshots.tombstones(BOARD, [ElementId("e"), ElementId("e5")])
            assert found == {ElementId("e"): b"last at 30", ElementId("e5"): b"gone at 5"}
            assert await storage.op_log.compact(BOARD, 25, 99) == 0
    small = file_of(tmp_path).stat().st_size
    assert small < size / 2
    async with open_files(tmp_path) as storage:
        assert await seqs(storage.op_log, BOARD, [new[3], op(ADA, 31)]) == [4, 31]
    assert file_of(tmp_path).stat().st_size > small


async def test_a_folder_is_held_by_one_server(tmp_path: Path) -> None:
    """A second one is told so; behind the first one the folder is free."""
    async with open_files(tmp_path):
        with pytest.raises(StartupError, match="in use by another server"):
            async with open_files(tmp_path):
                pass
    async with open_files(tmp_path) as storage:
        await storage.probe()


async def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    """One sentence that names it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StartupError, match="cannot use the folder"):
        async with open_files(tmp_path / "file" / "boards"):
            pass


def test_options() -> None:
    """`path` has to be there, and nothing else."""
    with pytest.raises(ConfigError) as wrong:
        whiteboard_files.configure({"pth": "/x"})
    assert wrong.value.problems == ["path: missing", "pth: no such option; did you mean path?"]
