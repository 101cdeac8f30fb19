"""The promises of `whiteboard.storage.ports`, one test each, for every adapter.

An adapter's test module subclasses `StorageContract` and gives it the fixture `open_storage`; one that keeps what it has
acknowledged subclasses `DurabilityContract` (`whiteboard.testing.durability_contract`) besides. Knows the ports only: nothing
here may need to know which adapter it runs on.
"""

from collections.abc import Callable

import pytest
import trio
import trio.testing

from whiteboard import limits
from whiteboard.errors import StorageConflict, StorageUnavailable
from whiteboard.ids import BoardId, ElementId, OpId
from whiteboard.storage.ports import BoardInfo, Checkpoint, Head, Receipt, Storage
from whiteboard.testing.op_log_contract import OpLogContract
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
    cancel_after,
    hold_open,
    op,
    ops,
    read_all,
    seqs,
)


class SegmentsContract:
    """How much one call of `compact` moves, where nobody else calls it."""

    async def test_compaction_goes_in_slices(self, storage: Storage) -> None:
        """Each call moves the oldest ops that are left, at most `limit`, up to `up_to`; then 0."""
        await append(storage.op_log, BOARD, ops(ADA, range(1, 11)))
        moved = [await storage.op_log.compact(BOARD, 8, 3) for _ in range(5)]
        assert moved == [3, 3, 2, 0, 0]
        assert await storage.op_log.compact(BOARD, 99, 99) == 2
        assert await storage.op_log.compact(BOARD, 99, 99) == 0

    async def test_compaction_below_what_is_compacted(self, storage: Storage) -> None:
        """Compacting up to a seq that is compacted already moves nothing."""
        await append(storage.op_log, BOARD, ops(ADA, range(1, 11)))
        assert await storage.op_log.compact(BOARD, 8, 99) == 8
        assert await storage.op_log.compact(BOARD, 5, 99) == 0
        assert await storage.op_log.compact(BOARD, 0, 99) == 0

    async def test_repeats_of_compacted_ops_are_known(self, storage: Storage) -> None:
        """Compaction keeps every op id, seq and `at`: repeats, `find` and `seen_by` are as before."""
        log = storage.op_log
        await append(log, BOARD, [op(ADA, n, at=AT + n) for n in (5, 2, 9)])
        assert await log.compact(BOARD, 3, 99) == 3
        receipts = await append(log, BOARD, [op(ADA, 2, at=AT + 99), op(ADA, 10, at=AT + 99)])
        assert receipts == [Receipt(2, AT + 2, is_new=False), Receipt(4, AT + 99, is_new=True)]
        assert await log.find(BOARD, [OpId(ADA, 9)]) == {OpId(ADA, 9): Receipt(3, AT + 9, is_new=False)}
        assert await log.seen_by(BOARD, {ADA: 4}) == 2

    async def test_too_little_to_compact_is_left(self, storage: Storage) -> None:
        """Fewer ops than `least` stay as they are, unless they fill a segment."""
        await append(storage.op_log, BOARD, ops(ADA, range(1, 11)))
        assert await storage.op_log.compact(BOARD, 10, 4, least=4) == 4
        assert await storage.op_log.compact(BOARD, 7, 4, least=4) == 0
        assert await storage.op_log.compact(BOARD, 10, 4, least=4) == 4
        assert await storage.op_log.compact(BOARD, 10, 4, least=4) == 0
        large = [op(BOB, n, body=b"b" * (limits.SEGMENT_BYTES // 2)) for n in (1, 2, 3)]
        await append(storage.op_log, BOARD, large)
        assert await storage.op_log.compact(BOARD, 13, 99, least=99) == 3
        assert len(await read_all(storage.op_log, BOARD)) == 13

    async def test_a_segment_is_bounded_in_bytes(self, storage: Storage) -> None:
        """Large ops make smaller segments, of one op at least."""
        half = limits.SEGMENT_BYTES // 2
        sizes = [half, half, half, 3 * limits.SEGMENT_BYTES, 10]
        new = [op(ADA, n, body=bytes([n]) * size) for n, size in enumerate(sizes, 1)]
        await append(storage.op_log, BOARD, new)
        assert [await storage.op_log.compact(BOARD, 99, 99) for _ in range(5)] == [2, 1, 1, 1, 0]
        assert await read_all(storage.op_log, BOARD) == as_stored(new)

    async def test_two_compactions_at_once(self, storage: Storage) -> None:
        """Several tasks that compact one board move each op once between them."""
        await append(storage.op_log, BOARD, ops(ADA, range(1, 101)))
        moved = []

        async def compact() -> None:
            while count := await storage.op_log.compact(BOARD, 100, 9):
                moved.append(count)

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(compact)
        assert sum(moved) == 100
        assert await read_all(storage.op_log, BOARD) == as_stored(ops(ADA, range(1, 101)))


class CompactionContract:
    """`compact`, and that nobody notices it."""

    async def test_compacted_ops_read_like_fresh_ones(self, storage: Storage) -> None:
        """Every page of a log with several segments and a fresh end reads as before compaction."""
        new = [op(ADA, n, body=b"%d" % n * n) for n in range(1, 21)]
        await append(storage.op_log, BOARD, new)
        for limit in (4, 1, 6):
            await storage.op_log.compact(BOARD, 13, limit)
        whole = as_stored(new)
        for after in range(21):
            for limit in (1, 2, 5, 30):
                assert await storage.op_log.read(BOARD, after, limit) == whole[after : after + limit]

    async def test_a_read_of_compacted_ops_is_bounded_in_bytes(self, storage: Storage) -> None:
        """Compacted ops count with the size that they read back with."""
        new = [op(ADA, n, body=b"x" * limits.MIB) for n in range(1, 13)]
        await append(storage.op_log, BOARD, new)
        while await storage.op_log.compact(BOARD, 10, 99):
            pass
        assert len(await storage.op_log.read(BOARD, 0, 99)) == 7
        assert await read_all(storage.op_log, BOARD) == as_stored(new)

    async def test_compaction_beside_appends_and_reads(self, storage: Storage) -> None:
        """While compaction runs, appends get their seqs and a reader sees the whole log."""
        log = storage.op_log
        done = trio.Event()

        async def write() -> None:
            for counter in range(1, 300, 10):
                await append(log, BOARD, ops(ADA, range(counter, counter + 10)))
            done.set()

        async def compact() -> None:
            at_end = False
            while not at_end:
                at_end = done.is_set()
                while await log.compact(BOARD, 10_000, 7):
                    pass

        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
            nursery.start_soon(compact)
            while not done.is_set():
                found = await read_all(log, BOARD, page=33)
                assert found == as_stored(ops(ADA, range(1, len(found) + 1)))
        assert await log.compact(BOARD, 10_000, 1) == 0
        assert await read_all(log, BOARD) == as_stored(ops(ADA, range(1, 301)))

    @pytest.mark.parametrize("checkpoints", range(0, 12, 2))
    async def test_a_cancelled_compaction_can_go_on(self, storage: Storage, checkpoints: int) -> None:
        """Wherever compaction is cancelled, the log reads the same and the next call goes on."""
        await append(storage.op_log, BOARD, ops(ADA, range(1, 11)))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(cancel_after, checkpoints, nursery.cancel_scope)
            await storage.op_log.compact(BOARD, 10, 6)
        while await storage.op_log.compact(BOARD, 10, 6):
            pass
        assert await read_all(storage.op_log, BOARD) == as_stored(ops(ADA, range(1, 11)))


class SnapshotsContract:
    """Checkpoints and tombstones."""

    async def test_the_newest_checkpoint_is_loaded(self, storage: Storage) -> None:
        """`load` gives what was saved last at the highest seq, bytes as they were."""
        await append(storage.op_log, BOARD, ops(ADA, range(1, 10)))
        for seq, body in ((3, b"three"), (5, b""), (9, b"\x00\xff" * 2_000_000)):
            await storage.snapshots.save(BOARD, Checkpoint(seq, body), {}, epoch=EPOCH)
            assert await storage.snapshots.load(BOARD) == Checkpoint(seq, body)

    async def test_a_checkpoint_not_above_the_newest_changes_nothing(self, storage: Storage) -> None:
        """Saving at the same or a lower seq keeps the newest checkpoint and stores no tombstone."""
        await append(storage.op_log, BOARD, ops(ADA, range(1, 10)))
        await storage.snapshots.save(BOARD, Checkpoint(5, b"five"), {}, epoch=EPOCH)
        for seq in (5, 4):
            late = {ElementId("e"): b"late"}
            await storage.snapshots.save(BOARD, Checkpoint(seq, b"late"), late, epoch=EPOCH)
        assert await storage.snapshots.load(BOARD) == Checkpoint(5, b"five")
        assert not await storage.snapshots.has_tombstones(BOARD)

    async def test_a_checkpoint_of_another_history_is_refused(self, storage: Storage) -> None:
        """No such board, another epoch, or a log that ends earlier: StorageConflict, nothing saved."""
        with pytest.raises(StorageConflict):
            await storage.snapshots.save(BOARD, Checkpoint(0, b""), {}, epoch=EPOCH)
        await append(storage.op_log, BOARD, ops(ADA, [1, 2]))
        kept = {ElementId("e"): b"gone"}
        for seq, epoch in ((2, "epoch-2"), (3, EPOCH)):
            with pytest.raises(StorageConflict):
                await storage.snapshots.save(BOARD, Checkpoint(seq, b""), kept, epoch=epoch)
        assert await storage.snapshots.load(BOARD) is None
        assert not await storage.snapshots.has_tombstones(BOARD)

    async def test_tombstones_are_kept_one_by_one(self, storage: Storage) -> None:
        """Each saved tombstone is found by its element, in its last state, from whichever save it came."""
        await append(storage.op_log, BOARD, ops(ADA, range(1, 10)))
        one, two, three = ElementId("one"), ElementId("zwei ❤"), ElementId("three")
        save = storage.snapshots.save
        await save(BOARD, Checkpoint(1, b"a"), {one: b"1", two: b"2"}, epoch=EPOCH)
        await save(BOARD, Checkpoint(2, b"b"), {}, epoch=EPOCH)
        await save(BOARD, Checkpoint(3, b"c"), {two: b"2, later"}, epoch=EPOCH)
        assert await storage.snapshots.has_tombstones(BOARD)
        found = await storage.snapshots.tombstones(BOARD, [two, three, one])
        assert found == {one: b"1", two: b"2, later"}
        assert await storage.snapshots.tombstones(OTHER, [one]) == {}

    async def test_many_tombstones(self, storage: Storage) -> None:
        """One save and one question may carry thousands of tombstones."""
        await append(storage.op_log, BOARD, ops(ADA, [1]))
        kept = {ElementId(f"e{n}"): b"%d" % n for n in range(3_000)}
        await storage.snapshots.save(BOARD, Checkpoint(1, b""), kept, epoch=EPOCH)
        wanted = [*kept, ElementId("none")]
        assert await storage.snapshots.tombstones(BOARD, wanted) == kept


class BoardsContract:
    """The list of boards, and what is common to the whole storage."""

    async def test_create(self, storage: Storage) -> None:
        """A board may be noted before its first op; a second time it is there already."""
        assert await storage.boards.create(BOARD, AT, EPOCH)
        assert not await storage.boards.create(BOARD, AT + 1, "epoch-2")
        assert await storage.op_log.head(BOARD) == Head(0, EPOCH, AT)
        assert await storage.boards.page(9, None) == [BoardInfo(BOARD, 0, AT, AT)]
        assert await seqs(storage.op_log, BOARD, ops(ADA, [1])) == [1]

    async def test_a_created_board_keeps_its_epoch(self, storage: Storage) -> None:
        """An append with another epoch than the creation's is a conflict."""
        await storage.boards.create(BOARD, AT, EPOCH)
        with pytest.raises(StorageConflict):
            await append(storage.op_log, BOARD, ops(ADA, [1]), epoch="epoch-2")

    async def test_page(self, storage: Storage) -> None:
        """The list is in ascending order of ids, in pages that follow each other."""
        ids = [BoardId(name) for name in ("B", "_x", "a", "a-b", "a.b", "ab", "b")]
        for board in reversed(ids):
            await storage.boards.create(board, AT, EPOCH)
        listed: list[BoardId] = []
        while page := await storage.boards.page(3, listed[-1] if listed else None):
            assert len(page) <= 3
            listed += [line.board for line in page]
        assert listed == sorted(ids)

    async def test_page_tells_seq_and_times(self, storage: Storage) -> None:
        """A line of the list has the board's seq, its creation and its last op."""
        await append(storage.op_log, BOARD, [op(ADA, 1, at=AT), op(ADA, 2, at=AT + 10)])
        await append(storage.op_log, BOARD, [op(BOB, 1, at=AT + 20)])
        assert await storage.boards.page(9, None) == [BoardInfo(BOARD, 3, AT, AT + 20)]

    async def test_delete_forgets_everything(self, storage: Storage) -> None:
        """A deleted board is unknown; others are untouched."""
        for board in (BOARD, OTHER):
            await append(storage.op_log, board, ops(ADA, range(1, 10)))
            await storage.op_log.compact(board, 5, 5)
            gone = {ElementId("e"): b"gone"}
            await storage.snapshots.save(board, Checkpoint(7, b"seven"), gone, epoch=EPOCH)
        assert await storage.boards.delete(BOARD)
        await assert_unknown(storage, BOARD)
        assert [line.board for line in await storage.boards.page(10, None)] == [OTHER]
        assert await read_all(storage.op_log, OTHER) == as_stored(ops(ADA, range(1, 10)))
        assert await storage.snapshots.load(OTHER) == Checkpoint(7, b"seven")

    async def test_a_board_begun_again_is_a_new_one(self, storage: Storage) -> None:
        """After delete and rebirth nothing of the old history shows, and the old epoch is refused."""
        await append(storage.op_log, BOARD, ops(ADA, range(1, 10)))
        await storage.op_log.compact(BOARD, 5, 5)
        await storage.snapshots.save(BOARD, Checkpoint(9, b"old"), {ElementId("e"): b"x"}, epoch=EPOCH)
        await storage.boards.delete(BOARD)
        claims = {ADA: b"another key"}
        reborn = await storage.op_log.append(BOARD, ops(ADA, [3]), epoch="epoch-2", claims=claims)
        assert reborn == [Receipt(1, AT, is_new=True)]
        assert await storage.op_log.head(BOARD) == Head(1, "epoch-2", AT)
        assert await storage.snapshots.load(BOARD) is None
        assert not await storage.snapshots.has_tombstones(BOARD)
        assert await storage.op_log.seen_by(BOARD, {ADA: 99}) == 1
        assert await read_all(storage.op_log, BOARD) == as_stored(ops(ADA, [3]))
        with pytest.raises(StorageConflict):
            await append(storage.op_log, BOARD, ops(BOB, [1]))
        with pytest.raises(StorageConflict):
            await storage.snapshots.save(BOARD, Checkpoint(1, b"old"), {}, epoch=EPOCH)

    async def test_wait_beyond_over_a_rebirth(self, storage: Storage) -> None:
        """Who waits on a deleted board is woken when the reborn one gets that far."""
        await append(storage.op_log, BOARD, ops(ADA, [1]))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(storage.op_log.wait_beyond, BOARD, 1)
            await trio.testing.wait_all_tasks_blocked()
            await storage.boards.delete(BOARD)
            await append(storage.op_log, BOARD, ops(ADA, [1, 2]), epoch="epoch-2")

    async def test_probe(self, storage: Storage) -> None:
        """A sound storage passes its probe, many at once too."""
        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(storage.probe)

    async def test_a_closed_storage_refuses(self, open_storage: OpenStorage) -> None:
        """After its block, every call of a storage raises StorageUnavailable."""
        async with open_storage() as storage:
            await append(storage.op_log, BOARD, ops(ADA, [1]))
        with pytest.raises(StorageUnavailable):
            await append(storage.op_log, BOARD, ops(ADA, [2]))
        with pytest.raises(StorageUnavailable):
            await storage.op_log.read(BOARD, 0, 1)
        with pytest.raises(StorageUnavailable):
            await storage.op_log.wait_beyond(BOARD, 0)
        with pytest.raises(StorageUnavailable):
            await storage.boards.create(OTHER, AT, EPOCH)
        with pytest.raises(StorageUnavailable):
            await storage.probe()

    async def test_closing_wakes_those_who_wait(self, open_storage: OpenStorage) -> None:
        """A `wait_beyond` that outlives the storage ends with StorageUnavailable; it does not hang."""
        refused = []

        async def wait(storage: Storage) -> None:
            try:
                await storage.op_log.wait_beyond(BOARD, 0)
            except StorageUnavailable:
                refused.append("refused")

        async def open_and_close(nursery: trio.Nursery) -> None:
            async with open_storage() as storage:
                nursery.start_soon(wait, storage)
                await trio.testing.wait_all_tasks_blocked()

        async with trio.open_nursery() as nursery:
            await open_and_close(nursery)
        assert refused == ["refused"]

    async def test_every_call_is_a_checkpoint(self, storage: Storage) -> None:
        """Also the calls that have nothing to do let other tasks run and can be cancelled."""
        calls: list[Callable[[], object]] = [
            lambda: storage.op_log.head(BOARD),
            lambda: append(storage.op_log, BOARD, ops(ADA, [1])),
            lambda: storage.op_log.read(BOARD, 0, 1),
            lambda: storage.op_log.find(BOARD, []),
            lambda: storage.op_log.seen_by(BOARD, {}),
            lambda: storage.op_log.client(BOARD, ADA),
            lambda: storage.op_log.compact(BOARD, 1, 1),
            lambda: storage.snapshots.load(BOARD),
            lambda: storage.snapshots.tombstones(BOARD, []),
            lambda: storage.boards.page(1, None),
            storage.probe,
        ]
        for call in calls:
            with trio.testing.assert_checkpoints():
                await call()  # type: ignore[misc]  # coroutines of several results


class CompactedElsewhereContract(OpLogContract, CompactionContract, SnapshotsContract, BoardsContract):
    """All promises but those of `SegmentsContract`: for a storage that somebody compacts beside the tests."""

    @pytest.fixture
    async def storage(self, open_storage: OpenStorage, nursery: trio.Nursery) -> Storage:
        """An open, empty storage. It is closed by cancellation, as at a shutdown."""
        opened: Storage = await nursery.start(hold_open, open_storage)
        return opened


class StorageContract(CompactedElsewhereContract, SegmentsContract):
    """All promises. Subclass it as `Test…` with a fixture `open_storage` that gives an `OpenStorage`."""
