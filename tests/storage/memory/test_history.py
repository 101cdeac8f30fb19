import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whiteboard import limits
from whiteboard.errors import ClaimConflict
from whiteboard.ids import ClientId, OpId
from whiteboard.storage import segments
from whiteboard.storage.memory.history import History
from whiteboard.storage.ports import ClientRecord, NewOp, Receipt, StoredOp

CLIENTS = [ClientId(name) for name in ("ada", "bob", "cyd")]
BODY = bytes(60)
CLAIMS = {client: f"key of {client}".encode() for client in CLIENTS}

appends = st.lists(
    st.lists(st.builds(OpId, st.sampled_from(CLIENTS), st.integers(1, 12)), min_size=1, max_size=6),
    max_size=12,
)


def numbered(op_ids: list[OpId], first: int) -> list[NewOp]:
    """Ops of which no two have the same time, rank or body."""
    return [NewOp(op_id, 100 + n, 200 + n, b"%d" % n) for n, op_id in enumerate(op_ids, first)]


@given(appends)
def test_a_history_is_what_a_plain_list_of_ops_says(drawn: list[list[OpId]]) -> None:
    """In whatever order counters come, receipts, records, ranks and what clocks cover are those of a list walked through."""
    history = History("epoch", 1)
    log: list[NewOp] = []
    for op_ids in drawn:
        ops = numbered(op_ids, len(log))
        for op, receipt in zip(ops, history.store(ops, CLAIMS), strict=True):
            seqs = [seq for seq, one in enumerate(log, 1) if one.op_id == op.op_id]
            log += [] if seqs else [op]
            seq = seqs[0] if seqs else len(log)
            assert receipt == Receipt(seq, log[seq - 1].at, is_new=not seqs)
    assert history.seq == len(log)
    assert history.updated_at == (log[-1].at if log else 1)
    expected = [StoredOp(seq, one.op_id, one.at, one.body) for seq, one in enumerate(log, 1)]
    assert history.stored(0, history.bodies) == expected
    for client in CLIENTS:
        mine = sorted(
            (one.op_id.counter, one.lamport, seq)
            for seq, one in enumerate(log, 1)
            if one.op_id.client == client
        )
        record = ClientRecord(CLAIMS[client], mine[-1][0], max(one[1] for one in mine)) if mine else None
        assert history.record(client) == record
        for counter in range(14):
            below = [one for one in mine if one[0] < counter][-1:]
            at = [one for one in mine if one[0] == counter]
            above = [one for one in mine if one[0] > counter][:1]
            op_id = OpId(client, counter)
            assert history.ranks_about(op_id) == [one[:2] for one in below + above]
            assert history.seen_by({client: counter}) == (at or below or [(0, 0, 0)])[0][2]
            found = history.receipt(op_id)
            assert (found.seq if found else None) == (at[0][2] if at else None)


def test_a_stolen_client_id_changes_nothing() -> None:
    """An append with somebody else's client is refused before anything of it is stored, new clients included."""
    history = History("epoch", 1)
    history.store(numbered([OpId(CLIENTS[0], 1)], 0), CLAIMS)
    mixed = numbered([OpId(CLIENTS[1], 1), OpId(CLIENTS[0], 2)], 1)
    with pytest.raises(ClaimConflict):
        history.store(mixed, {**CLAIMS, CLIENTS[0]: b"another"})
    assert history.seq == 1
    assert history.record(CLIENTS[1]) is None


def test_an_op_costs_little_beside_its_body() -> None:
    """What is left of an op whose body packs to nothing is some 40 bytes: numbers in arrays, no object."""
    history = History("epoch", 1)
    tracemalloc.start()
    try:
        for counter in range(1, 5_001):
            history.store([NewOp(OpId(CLIENTS[0], counter), counter, counter, BODY)], CLAIMS)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert history.compacted > 4_000
    assert kept < 5_000 * 40 + limits.PACK_INLINE_BYTES


def test_bodies_are_packed_as_they_come() -> None:
    """A board keeps fewer than PACK_INLINE_BYTES of bodies as they came, whatever the ops' sizes; all read as before."""
    history = History("epoch", 1)
    sizes = [10, 30_000, 40_000, limits.SEGMENT_BYTES, 3, 2 * limits.SEGMENT_BYTES, *[700] * 300]
    ops = [NewOp(OpId(CLIENTS[0], n), n, n, bytes([n % 250]) * size) for n, size in enumerate(sizes, 1)]
    for start in range(0, len(ops), 7):
        history.store(ops[start : start + 7], CLAIMS)
        assert sum(map(len, history.bodies)) < limits.PACK_INLINE_BYTES
    first, packed = history.segments_between(0, history.seq)
    assert first == 1
    bodies = [body for segment in packed for body in segments.unpack(segment)] + history.bodies
    assert bodies == [op.body for op in ops]
    assert all(
        sum(map(len, unpacked)) <= limits.SEGMENT_BYTES or len(unpacked) == 1
        for unpacked in map(segments.unpack, packed)
    )
