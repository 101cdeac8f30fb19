"""The promises of `OpLog`, one test each, but for compaction. Knows the ports only."""

import random
from collections.abc import Mapping, Sequence
from functools import partial

import pytest
import trio
import trio.testing

from whiteboard import limits
from whiteboard.errors import ClaimConflict, StorageConflict
from whiteboard.ids import MAX_COUNTER, BoardId, ClientId, OpId
from whiteboard.storage.ports import ClientRecord, Head, NewOp, Receipt, Storage
from whiteboard.testing.storage_samples import (
    ADA,
    AT,
    BOARD,
    BOB,
    EPOCH,
    OTHER,
    append,
    as_stored,
    assert_unknown,
    cancel_after,
    key,
    op,
    ops,
    read_all,
    seqs,
)


class OpLogContract:
    """`append`, `read`, `find`, `client`, `seen_by`, `wait_beyond`."""

    async def test_a_board_that_nobody_created_is_empty(self, storage: Storage) -> None:
        """Every question about an unknown board has an empty answer, and asking creates nothing."""
        await assert_unknown(storage, BOARD)
        assert await storage.boards.page(10, None) == []

    async def test_the_first_append_creates_the_board(self, storage: Storage) -> None:
        """An append to an unknown board gives it the caller's epoch and seq 1."""
        assert await append(storage.op_log, BOARD, [op(ADA, 1)]) == [Receipt(1, AT, is_new=True)]
        assert await storage.op_log.head(BOARD) == Head(1, EPOCH, AT)

    async def test_seqs_go_on_without_a_gap(self, storage: Storage) -> None:
        """Each append goes on where the last one ended, in the order of its ops."""
        assert await seqs(storage.op_log, BOARD, ops(ADA, [1, 2])) == [1, 2]
        assert await seqs(storage.op_log, BOARD, [*ops(BOB, [1]), *ops(ADA, [3])]) == [3, 4]
        assert await read_all(storage.op_log, BOARD) == as_stored(
            [*ops(ADA, [1, 2]), *ops(BOB, [1]), *ops(ADA, [3])]
        )

    async def test_boards_count_for_themselves(self, storage: Storage) -> None:
        """Two boards have their own seqs, op ids and clients."""
        assert await seqs(storage.op_log, BOARD, ops(ADA, [1, 2])) == [1, 2]
        assert await seqs(storage.op_log, OTHER, ops(ADA, [1])) == [1]
        assert await read_all(storage.op_log, OTHER) == as_stored(ops(ADA, [1]))

    async def test_bodies_come_back_as_they_were(self, storage: Storage) -> None:
        """A body is bytes to the store: not decoded, not normalised, of any size, even empty."""
        bodies = [b'{"x":0}', b"", b"\x00\xff\xfe", "画".encode(), b"x" * 300_000]
        new = [NewOp(OpId(ADA, n), AT, 1, body) for n, body in enumerate(bodies, 1)]
        await append(storage.op_log, BOARD, new)
        assert [it.body for it in await read_all(storage.op_log, BOARD)] == bodies

    async def test_a_repeat_gives_the_first_receipt(self, storage: Storage) -> None:
        """The same op id later is not stored again: first seq, first `at`, not new, first body kept."""
        await append(storage.op_log, BOARD, ops(ADA, [1, 2]))
        again = op(ADA, 1, at=AT + 5, lamport=99, body=b"other")
        assert await append(storage.op_log, BOARD, [again]) == [Receipt(1, AT, is_new=False)]
        assert await storage.op_log.head(BOARD) == Head(2, EPOCH, AT)
        assert await read_all(storage.op_log, BOARD) == as_stored(ops(ADA, [1, 2]))
        assert await storage.op_log.client(BOARD, ADA) == ClientRecord(key(ADA), 2, 1)

    async def test_a_repeat_within_one_append(self, storage: Storage) -> None:
        """The same op id twice in one call is stored once; both receipts name the same seq."""
        new = [op(ADA, 1), op(ADA, 2), op(ADA, 1, at=AT + 1), op(ADA, 3)]
        receipts = await append(storage.op_log, BOARD, new)
        assert receipts == [
            Receipt(1, AT, is_new=True),
            Receipt(2, AT, is_new=True),
            Receipt(1, AT, is_new=False),
            Receipt(3, AT, is_new=True),
        ]

    async def test_old_and_new_ops_mixed(self, storage: Storage) -> None:
        """A retry that carries stored and new ops stores the new ones, with the next seqs."""
        await append(storage.op_log, BOARD, ops(ADA, [1, 2]))
        receipts = await append(storage.op_log, BOARD, [*ops(ADA, [1, 2, 3]), *ops(BOB, [1])])
        assert [(it.seq, it.is_new) for it in receipts] == [(1, False), (2, False), (3, True), (4, True)]

    async def test_repeats_alone_change_nothing(self, storage: Storage) -> None:
        """An append of repeats only leaves the head and the board's last change as they were."""
        await append(storage.op_log, BOARD, [op(ADA, 1)])
        before = await storage.boards.page(1, None)
        await append(storage.op_log, BOARD, [op(ADA, 1, at=AT + 9)])
        assert await storage.boards.page(1, None) == before

    async def test_another_epoch_is_a_conflict(self, storage: Storage) -> None:
        """An append for another incarnation of the board is refused and stores nothing."""
        await append(storage.op_log, BOARD, ops(ADA, [1]))
        with pytest.raises(StorageConflict):
            await append(storage.op_log, BOARD, ops(BOB, [1]), epoch="epoch-2")
        assert await storage.op_log.head(BOARD) == Head(1, EPOCH, AT)
        assert await storage.op_log.client(BOARD, BOB) is None

    async def test_a_log_that_ends_too_early_is_a_conflict(self, storage: Storage) -> None:
        """Who has read more than the log has is refused, also on a board that is no more; nothing is stored."""
        log, claims = storage.op_log, {ADA: key(ADA)}
        with pytest.raises(StorageConflict, match="ends at op 0, before op 1"):
            await log.append(BOARD, ops(ADA, [1]), epoch=EPOCH, claims=claims, known=1)
        assert await log.head(BOARD) is None
        await append(log, BOARD, ops(ADA, [1, 2]))
        with pytest.raises(StorageConflict, match="ends at op 2, before op 3"):
            await log.append(BOARD, ops(ADA, [3]), epoch=EPOCH, claims=claims, known=3)
        assert await log.append(BOARD, ops(ADA, [3]), epoch=EPOCH, claims=claims, known=2) == [
            Receipt(3, AT, is_new=True)
        ]

    async def test_another_key_is_a_conflict(self, storage: Storage) -> None:
        """An append with a wrong key for one of its clients stores nothing, not even of the others."""
        await append(storage.op_log, BOARD, ops(ADA, [1]))
        with pytest.raises(ClaimConflict) as conflict:
            await storage.op_log.append(
                BOARD,
                [*ops(BOB, [1]), *ops(ADA, [2])],
                epoch=EPOCH,
                claims={BOB: key(BOB), ADA: key(BOB)},
            )
        assert conflict.value.client == ADA
        assert await read_all(storage.op_log, BOARD) == as_stored(ops(ADA, [1]))
        assert await storage.op_log.client(BOARD, BOB) is None

    async def test_a_repeat_with_another_key_is_a_conflict(self, storage: Storage) -> None:
        """Knowing an op id is no claim: a repeat under another key is refused too."""
        await append(storage.op_log, BOARD, ops(ADA, [1]))
        with pytest.raises(StorageConflict):
            await storage.op_log.append(BOARD, ops(ADA, [1]), epoch=EPOCH, claims={ADA: key(BOB)})

    async def test_claims_without_ops_are_not_looked_at(self, storage: Storage) -> None:
        """A digest for a client without ops in the append is neither checked nor written."""
        await append(storage.op_log, BOARD, ops(ADA, [1]))
        claims = {BOB: key(BOB), ADA: key(BOB), ClientId("cyd"): b"free"}
        await storage.op_log.append(BOARD, ops(BOB, [1]), epoch=EPOCH, claims=claims)
        assert await storage.op_log.client(BOARD, ClientId("cyd")) is None
        assert await storage.op_log.client(BOARD, ADA) == ClientRecord(key(ADA), 1, 1)

    async def test_counters_may_have_gaps(self, storage: Storage) -> None:
        """Counters of a client need not be consecutive, up to the highest there is. [IDN-8]"""
        new = ops(ADA, [3, 7, MAX_COUNTER])
        assert await seqs(storage.op_log, BOARD, new) == [1, 2, 3]
        assert await storage.op_log.client(BOARD, ADA) == ClientRecord(key(ADA), MAX_COUNTER, 1)
        assert await seqs(storage.op_log, BOARD, new) == [1, 2, 3]

    async def test_lower_counters_may_come_later(self, storage: Storage) -> None:
        """A counter below the highest is an op like others; the record keeps the highest. [IDN-8]"""
        assert await seqs(storage.op_log, BOARD, ops(ADA, [5])) == [1]
        assert await seqs(storage.op_log, BOARD, ops(ADA, [2, 9, 3])) == [2, 3, 4]
        assert await seqs(storage.op_log, BOARD, ops(ADA, [2, 3, 4, 5, 9])) == [2, 4, 5, 1, 3]
        assert await storage.op_log.client(BOARD, ADA) == ClientRecord(key(ADA), 9, 1)

    async def test_client_records(self, storage: Storage) -> None:
        """A client's record has its first key and the highest counter and lamport, per board."""
        log = storage.op_log
        await append(log, BOARD, [op(ADA, 1, lamport=7), op(ADA, 2, lamport=2**40), op(BOB, 1)])
        await append(log, BOARD, [op(ADA, 3, lamport=9)])
        assert await log.client(BOARD, ADA) == ClientRecord(key(ADA), 3, 2**40)
        assert await log.client(BOARD, BOB) == ClientRecord(key(BOB), 1, 1)
        assert await log.client(BOARD, ClientId("cyd")) is None
        assert await log.client(OTHER, ADA) is None

    async def test_find(self, storage: Storage) -> None:
        """`find` gives receipts of stored op ids and leaves out the others."""
        await append(storage.op_log, BOARD, [*ops(ADA, [1, 2]), *ops(BOB, [2])])
        wanted = [OpId(ADA, 2), OpId(ADA, 3), OpId(BOB, 1), OpId(BOB, 2), OpId(ClientId("cyd"), 1)]
        assert await storage.op_log.find(BOARD, wanted) == {
            OpId(ADA, 2): Receipt(2, AT, is_new=False),
            OpId(BOB, 2): Receipt(3, AT, is_new=False),
        }
        assert await storage.op_log.find(BOARD, []) == {}

    async def test_find_many(self, storage: Storage) -> None:
        """`find` takes more op ids than a statement takes variables."""
        await append(storage.op_log, BOARD, ops(ADA, range(1, 1_801)))
        wanted = [OpId(ADA, counter) for counter in range(1, 3_001)]
        found = await storage.op_log.find(BOARD, wanted)
        assert {it.seq for it in found.values()} == set(range(1, 1_801))

    async def test_seen_by(self, storage: Storage) -> None:
        """A clock covers each client's ops up to its counter; the answer is the highest seq of their last ones."""
        log = storage.op_log
        await append(log, BOARD, [*ops(ADA, [1, 2]), *ops(BOB, [10]), *ops(ADA, [5])])
        assert await log.seen_by(BOARD, {}) == 0
        assert await log.seen_by(BOARD, {BOB: 9}) == 0
        assert await log.seen_by(BOARD, {ADA: 4}) == 2
        assert await log.seen_by(BOARD, {ADA: 1, BOB: 10, ClientId("cyd"): 3}) == 3
        assert await log.seen_by(BOARD, {ADA: MAX_COUNTER}) == 4

    async def test_seen_by_agrees_with_a_walk_over_the_log(self, storage: Storage) -> None:
        """Whatever order counters were stored in, `seen_by` is what its definition says."""
        seeded = random.Random(5)
        counters = seeded.sample(range(1, 100), 60)
        for start in range(0, 60, 7):
            await append(storage.op_log, BOARD, ops(ADA, counters[start : start + 7]))
        for top in range(101):
            covered = [(counter, seq) for seq, counter in enumerate(counters, 1) if counter <= top]
            _, expected = max(covered, default=(0, 0))
            assert await storage.op_log.seen_by(BOARD, {ADA: top}) == expected

    async def test_ranks_about(self, storage: Storage) -> None:
        """The stored ops next below and next above each op id, by client; the op itself does not count."""
        log = storage.op_log
        await append(log, BOARD, [op(ADA, 5, lamport=50), op(ADA, 9, lamport=90), op(BOB, 2, lamport=7)])
        await append(log, BOARD, [op(ADA, 2, lamport=20), op(ADA, 7, lamport=70), op(ADA, 3, lamport=30)])
        expected = {1: {(2, 20)}, 3: {(2, 20), (5, 50)}, 6: {(5, 50), (7, 70)}, 99: {(9, 90)}}
        for counter, neighbours in expected.items():
            found = await log.ranks_about(BOARD, [OpId(ADA, counter)])
            assert {client: set(ranks) for client, ranks in found.items()} == {ADA: neighbours}
        found = await log.ranks_about(BOARD, [OpId(ADA, 1), OpId(BOB, 1), OpId(ClientId("cyd"), 1)])
        assert found == {ADA: [(2, 20)], BOB: [(2, 7)]}
        assert await log.ranks_about(BOARD, []) == {}
        assert await log.ranks_about(OTHER, [OpId(ADA, 1)]) == {}

    async def test_reading_another_history_is_a_conflict(self, storage: Storage) -> None:
        """Who reads on in a history that is no more is refused; a board that is not there has no history."""
        log = storage.op_log
        assert await log.read(BOARD, 0, 9, epoch="epoch-0") == []
        await append(log, BOARD, ops(ADA, [1, 2]))
        assert await log.read(BOARD, 0, 9, epoch=EPOCH) == as_stored(ops(ADA, [1, 2]))
        for after in (0, 2):
            with pytest.raises(StorageConflict, match="epoch-0"):
                await log.read(BOARD, after, 9, epoch="epoch-0")

    async def test_an_epoch_is_agreed_on(self, storage: Storage) -> None:
        """A board's epoch is the one that it has; before its first op, one that all who ask are told."""
        log = storage.op_log
        agreed = await log.agree(BOARD, "epoch-a")
        assert agreed == "epoch-a"
        await append(log, BOARD, ops(ADA, [1]), epoch=agreed)
        assert await log.agree(BOARD, "epoch-b") == agreed

    async def test_an_append_behind_another_op_is_a_conflict(self, storage: Storage) -> None:
        """Who has read another op at the log's end than it has, by its id or its time, is refused."""
        log, claims = storage.op_log, {ADA: key(ADA)}
        append_behind = partial(log.append, BOARD, ops(ADA, [4]), epoch=EPOCH, claims=claims)
        await append(log, BOARD, ops(ADA, [1, 2, 3]))
        for known, newest in ((3, (OpId(ADA, 2), AT)), (3, (OpId(BOB, 3), AT)), (3, (OpId(ADA, 3), AT + 1))):
            with pytest.raises(StorageConflict, match="lost op 3"):
                await append_behind(known=known, newest=newest)
        assert [it.seq for it in await append_behind(known=2, newest=(OpId(ADA, 2), AT))] == [4]

    async def test_an_epoch_is_renewed_once(self, storage: Storage) -> None:
        """A board gets another epoch from who knows the one that it has; its ops stay, and who knows the old one is refused."""
        log = storage.op_log
        assert not await log.renew(BOARD, EPOCH, "epoch-2")
        await append(log, BOARD, ops(ADA, [1]))
        assert await log.renew(BOARD, EPOCH, "epoch-2")
        assert not await log.renew(BOARD, EPOCH, "epoch-3")
        assert await log.agree(BOARD, "epoch-4") == "epoch-2"
        assert await read_all(log, BOARD) == as_stored(ops(ADA, [1]))
        with pytest.raises(StorageConflict):
            await append(log, BOARD, ops(ADA, [2]))
        await append(log, BOARD, ops(ADA, [2]), epoch="epoch-2")

    async def test_read_in_pages(self, storage: Storage) -> None:
        """`read` gives at most `limit` ops above `after`, ascending, and nothing beyond the end."""
        await append(storage.op_log, BOARD, ops(ADA, range(1, 8)))
        whole = as_stored(ops(ADA, range(1, 8)))
        assert await storage.op_log.read(BOARD, 0, 3) == whole[:3]
        assert await storage.op_log.read(BOARD, 3, 3) == whole[3:6]
        assert await storage.op_log.read(BOARD, 6, 3) == whole[6:]
        assert await storage.op_log.read(BOARD, 7, 3) == []
        assert await storage.op_log.read(BOARD, 99, 3) == []

    async def test_read_is_bounded_in_bytes(self, storage: Storage) -> None:
        """Large ops end an answer early, after one op at least; reading on gives them all."""
        large = [op(ADA, n, body=bytes([n]) * (3 * limits.MIB)) for n in range(1, 5)]
        huge = op(ADA, 5, body=b"h" * (limits.MAX_READ_BYTES + 1))
        await append(storage.op_log, BOARD, [*large, huge, op(ADA, 6)])
        assert [it.seq for it in await storage.op_log.read(BOARD, 0, 10)] == [1, 2]
        assert [it.seq for it in await storage.op_log.read(BOARD, 4, 10)] == [5]
        assert await read_all(storage.op_log, BOARD) == as_stored([*large, huge, op(ADA, 6)])

    async def test_the_largest_append(self, storage: Storage) -> None:
        """MAX_COMMIT_OPS ops fit into one append, and one retry finds them all."""
        new = ops(ADA, range(1, limits.MAX_COMMIT_OPS + 1))
        expected = list(range(1, limits.MAX_COMMIT_OPS + 1))
        assert await seqs(storage.op_log, BOARD, new) == expected
        receipts = await append(storage.op_log, BOARD, list(reversed(new)))
        assert [it.seq for it in receipts] == expected[::-1]
        assert not any(it.is_new for it in receipts)

    async def test_arguments_out_of_range_are_refused(self, storage: Storage) -> None:
        """No ops, too many, a counter out of range, a missing claim, a bad limit: ValueError, nothing stored."""
        log = storage.op_log
        bad: list[tuple[Sequence[NewOp], Mapping[ClientId, bytes]]] = [
            ([], {}),
            (ops(ADA, range(1, limits.MAX_COMMIT_OPS + 2)), {ADA: b"k"}),
            ([op(ADA, 0)], {ADA: b"k"}),
            ([op(ADA, MAX_COUNTER + 1)], {ADA: b"k"}),
            ([op(ADA, 1), op(BOB, 1)], {ADA: b"k"}),
        ]
        for new, claims in bad:
            with pytest.raises(ValueError, match=r"an append takes|the counter|no claim"):
                await log.append(BOARD, new, epoch=EPOCH, claims=claims)
        for after, limit in ((-1, 5), (0, 0)):
            with pytest.raises(ValueError, match=r"below [01]"):
                await log.read(BOARD, after, limit)
        with pytest.raises(ValueError, match="limit"):
            await log.compact(BOARD, 1, 0)
        assert await log.head(BOARD) is None

    async def test_concurrent_appends_leave_no_gap(self, storage: Storage) -> None:
        """Many tasks append to several boards: each board's log is gapless and keeps each task's order."""
        boards = [BoardId(f"board-{n}") for n in range(4)]

        async def write(client: ClientId) -> None:
            seeded = random.Random(client)
            for counter in range(1, 60, 3):
                board = seeded.choice(boards)
                await append(storage.op_log, board, ops(client, [counter, counter + 1, counter + 2]))

        async with trio.open_nursery() as nursery:
            for n in range(12):
                nursery.start_soon(write, ClientId(f"client-{n}"))
        logs = [await read_all(storage.op_log, board) for board in boards]
        assert sum(map(len, logs)) == 12 * 60
        for log in logs:
            assert [it.seq for it in log] == list(range(1, len(log) + 1))
            for client in {it.op_id.client for it in log}:
                mine = [it.op_id.counter for it in log if it.op_id.client == client]
                assert mine == sorted(mine)

    async def test_concurrent_repeats_are_stored_once(self, storage: Storage) -> None:
        """The same ops from many tasks at once: each is new exactly once and has one seq."""
        found: list[list[Receipt]] = []

        async def write() -> None:
            found.append(await append(storage.op_log, BOARD, ops(ADA, [1, 2, 3])))

        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(write)
        assert [[it.seq for it in receipts] for receipts in found] == [[1, 2, 3]] * 20
        assert [sum(receipts[n].is_new for receipts in found) for n in range(3)] == [1, 1, 1]

    async def test_one_conflict_does_not_disturb_others(self, storage: Storage) -> None:
        """Appends that conflict fail alone: those stored at the same moment are whole."""
        refused = []

        async def write(client: ClientId, epoch: str) -> None:
            try:
                await append(storage.op_log, BOARD, ops(client, [1, 2]), epoch=epoch)
            except StorageConflict:
                refused.append(client)

        await append(storage.op_log, BOARD, ops(ADA, [1]))
        async with trio.open_nursery() as nursery:
            for n in range(20):
                nursery.start_soon(write, ClientId(f"c{n}"), "wrong" if n % 3 == 0 else EPOCH)
        log = await read_all(storage.op_log, BOARD)
        assert sorted(refused) == sorted(f"c{n}" for n in range(0, 20, 3))
        assert [it.seq for it in log] == list(range(1, 2 + 2 * 13))
        assert not {it.op_id.client for it in log} & set(refused)

    async def test_a_reader_sees_no_gap(self, storage: Storage) -> None:
        """Whoever reads while others append sees the log up to some seq, whole."""
        done = trio.Event()

        async def write() -> None:
            for counter in range(1, 200, 5):
                await append(storage.op_log, BOARD, ops(ADA, range(counter, counter + 5)))
            done.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
            while not done.is_set():
                found = await storage.op_log.read(BOARD, 0, 1_000)
                assert [it.seq for it in found] == list(range(1, len(found) + 1))
                assert len(found) % 5 == 0

    @pytest.mark.parametrize("checkpoints", range(12))
    async def test_a_cancelled_append_can_be_retried(self, storage: Storage, checkpoints: int) -> None:
        """Wherever an append is cancelled, it happened whole or not at all, and a retry tells the seqs."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(cancel_after, checkpoints, nursery.cancel_scope)
            await append(storage.op_log, BOARD, ops(ADA, [1, 2, 3]))
        await append(storage.op_log, BOARD, ops(BOB, [1]))
        receipts = await append(storage.op_log, BOARD, ops(ADA, [1, 2, 3]))
        mine = [it.seq for it in receipts]
        assert mine in ([1, 2, 3], [2, 3, 4])
        assert [it.seq for it in await read_all(storage.op_log, BOARD)] == [1, 2, 3, 4]

    async def test_wait_beyond_returns_for_what_is_there(self, storage: Storage) -> None:
        """`wait_beyond` returns at once when the head is above the seq already."""
        await append(storage.op_log, BOARD, ops(ADA, [1, 2]))
        assert await storage.op_log.wait_beyond(BOARD, 0) == 2
        assert await storage.op_log.wait_beyond(BOARD, 1) == 2

    async def test_wait_beyond_wakes_at_an_append(self, storage: Storage) -> None:
        """Those who wait on a board are woken by its append, also by the one that creates it."""
        woken: list[int] = []

        async def wait(seq: int) -> None:
            await storage.op_log.wait_beyond(BOARD, seq)
            woken.append(seq)

        async with trio.open_nursery() as nursery:
            for seq in (0, 1, 2, 2):
                nursery.start_soon(wait, seq)
            await trio.testing.wait_all_tasks_blocked()
            assert woken == []
            await append(storage.op_log, OTHER, ops(ADA, [1, 2, 3]))
            await append(storage.op_log, BOARD, ops(ADA, [1, 2]))
            await append(storage.op_log, BOARD, ops(ADA, [3]))
        assert sorted(woken) == [0, 1, 2, 2]

    async def test_a_tail_sees_every_op(self, storage: Storage) -> None:
        """`wait_beyond` and `read` in turns give every op once, in order, while others append."""
        tailed: list[int] = []

        async def tail() -> None:
            while len(tailed) < 90:
                last = tailed[-1] if tailed else 0
                await storage.op_log.wait_beyond(BOARD, last)
                tailed.extend(it.seq for it in await storage.op_log.read(BOARD, last, 7))

        async def write(client: ClientId) -> None:
            for counter in range(1, 31):
                await append(storage.op_log, BOARD, ops(client, [counter]))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(tail)
            for client in ("a", "b", "c"):
                nursery.start_soon(write, ClientId(client))
        assert tailed == list(range(1, 91))

    async def test_a_cancelled_wait_leaves_nothing(self, storage: Storage) -> None:
        """A cancelled `wait_beyond` ends, and appends go on."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(storage.op_log.wait_beyond, BOARD, 0)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        assert await seqs(storage.op_log, BOARD, ops(ADA, [1])) == [1]

    async def test_a_cancelled_writer_still_wakes_the_tail(self, storage: Storage) -> None:
        """When an append was stored though its caller was cancelled, those who tail see it."""

        async def cancelled_append(scope: trio.CancelScope) -> None:
            with scope:
                await append(storage.op_log, BOARD, ops(ADA, [1]))

        scope = trio.CancelScope()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(storage.op_log.wait_beyond, BOARD, 0)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(cancelled_append, scope)
            await trio.lowlevel.checkpoint()
            scope.cancel()
            await append(storage.op_log, OTHER, ops(ADA, [1]))  # after it, if it is stored at all
            if await storage.op_log.head(BOARD) is None:
                nursery.cancel_scope.cancel()
