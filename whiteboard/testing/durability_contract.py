"""What a storage that outlives its process gives back when it is opened again, one test each.

An adapter's test module subclasses `DurabilityContract` and gives it the fixture `open_place`, which opens the same place each time.
Knows the ports only. That an ack survives `kill -9` and power loss is for the adapter's own tests: no suite can pull the plug.
"""

import pytest

from whiteboard.errors import StorageConflict
from whiteboard.ids import ElementId, OpId
from whiteboard.storage.ports import BoardInfo, Checkpoint, ClientRecord, Durability, Head, Receipt
from whiteboard.testing.storage_samples import (
    ADA,
    AT,
    BOARD,
    BOB,
    EPOCH,
    OTHER,
    OpenStorage,
    append,
    as_stored,
    assert_unknown,
    key,
    op,
    ops,
    read_all,
    seqs,
)


class DurabilityContract:
    """All of it. Subclass it as `Test…` with a fixture `open_place` that gives an `OpenStorage`."""

    async def test_it_says_so(self, open_place: OpenStorage) -> None:
        """Receipts are worth more than the process that gave them."""
        async with open_place() as storage:
            assert storage.op_log.durability is not Durability.MEMORY

    async def test_the_log_is_there_again(self, open_place: OpenStorage) -> None:
        """Heads, ops and clients' records are as they were, bytes and order included."""
        new = [op(ADA, 3, lamport=9), op(BOB, 1, body=b"\x00\xff\n"), op(ADA, 1, body=b"[" * 100_000)]
        async with open_place() as storage:
            await append(storage.op_log, BOARD, new)
        async with open_place() as storage:
            assert await storage.op_log.head(BOARD) == Head(3, EPOCH, AT)
            assert await read_all(storage.op_log, BOARD) == as_stored(new)
            assert await storage.op_log.client(BOARD, ADA) == ClientRecord(key(ADA), 3, 9)
            assert await storage.op_log.ranks_about(BOARD, [OpId(ADA, 2)]) in (
                {ADA: [(1, 1), (3, 9)]},
                {ADA: [(3, 9), (1, 1)]},
            )

    async def test_repeats_are_known_again(self, open_place: OpenStorage) -> None:
        """An op that is sent again after a restart has its first seq, and new ones go on behind the last."""
        async with open_place() as storage:
            await append(storage.op_log, BOARD, ops(ADA, [1, 2]))
        async with open_place() as storage:
            again = await append(storage.op_log, BOARD, [op(ADA, 2, at=AT + 5), op(ADA, 3)])
            assert again == [Receipt(2, AT, is_new=False), Receipt(3, AT, is_new=True)]

    async def test_keys_and_epochs_hold(self, open_place: OpenStorage) -> None:
        """Nobody takes over a client id or a history because the server was started again."""
        async with open_place() as storage:
            await append(storage.op_log, BOARD, ops(ADA, [1]))
        async with open_place() as storage:
            with pytest.raises(StorageConflict):
                await storage.op_log.append(BOARD, ops(ADA, [2]), epoch=EPOCH, claims={ADA: key(BOB)})
            with pytest.raises(StorageConflict):
                await append(storage.op_log, BOARD, ops(ADA, [2]), epoch="epoch-2")

    async def test_compacted_ops_are_there_again(self, open_place: OpenStorage) -> None:
        """A log with segments and a fresh end reads whole, and compaction goes on where it was."""
        new = ops(ADA, range(1, 21))
        async with open_place() as storage:
            await append(storage.op_log, BOARD, new)
            assert [await storage.op_log.compact(BOARD, 12, 7) for _ in range(2)] == [7, 5]
        async with open_place() as storage:
            assert await read_all(storage.op_log, BOARD, page=3) == as_stored(new)
            assert await storage.op_log.find(BOARD, [OpId(ADA, 4)]) == {
                OpId(ADA, 4): Receipt(4, AT, is_new=False)
            }
            assert await storage.op_log.compact(BOARD, 12, 99) == 0
            assert await storage.op_log.compact(BOARD, 20, 99) == 8
        async with open_place() as storage:
            assert await read_all(storage.op_log, BOARD) == as_stored(new)

    async def test_checkpoints_and_tombstones_are_there_again(self, open_place: OpenStorage) -> None:
        """The newest checkpoint and every tombstone, in its last state."""
        one, two = ElementId("one"), ElementId("zwei ❤/..")
        async with open_place() as storage:
            await append(storage.op_log, BOARD, ops(ADA, range(1, 10)))
            save = storage.snapshots.save
            await save(BOARD, Checkpoint(3, b"old"), {one: b"1", two: b"2"}, epoch=EPOCH)
            await save(BOARD, Checkpoint(7, b"\x00new"), {two: b"2, later"}, epoch=EPOCH)
        async with open_place() as storage:
            assert await storage.snapshots.load(BOARD) == Checkpoint(7, b"\x00new")
            assert await storage.snapshots.has_tombstones(BOARD)
            found = await storage.snapshots.tombstones(BOARD, [one, two, ElementId("none")])
            assert found == {one: b"1", two: b"2, later"}

    async def test_the_list_is_there_again(self, open_place: OpenStorage) -> None:
        """Boards without ops too; what was deleted stays away, also when it was begun again before."""
        async with open_place() as storage:
            await storage.boards.create(OTHER, AT, EPOCH)
            await append(storage.op_log, BOARD, ops(ADA, [1, 2]))
            await storage.boards.delete(BOARD)
            assert await seqs(storage.op_log, BOARD, ops(BOB, [1])) == [1]
        async with open_place() as storage:
            assert await storage.boards.page(9, None) == [
                BoardInfo(BOARD, 1, AT, AT),
                BoardInfo(OTHER, 0, AT, AT),
            ]
            assert await read_all(storage.op_log, BOARD) == as_stored(ops(BOB, [1]))
            await storage.boards.delete(BOARD)
        async with open_place() as storage:
            await assert_unknown(storage, BOARD)
            assert [line.board for line in await storage.boards.page(9, None)] == [OTHER]
