"""The bytes of stream entries and receipts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whiteboard.errors import StorageCorrupt
from whiteboard.ids import MAX_COUNTER, ClientId, OpId
from whiteboard.storage.ports import NewOp, StoredOp
from whiteboard.storage.redis import records

CLIENTS = st.from_regex(r"[A-Za-z0-9_.\-]{1,64}", fullmatch=True).map(ClientId)
OPS = st.builds(
    NewOp,
    op_id=st.builds(OpId, CLIENTS, st.integers(1, MAX_COUNTER)),
    at=st.integers(0, 2**63),
    lamport=st.integers(0, 2**63),
    body=st.binary(max_size=50),
)


@given(st.lists(OPS, max_size=5), st.integers(1, 2**52))
def test_records_read_back(ops: list[NewOp], first: int) -> None:
    """Records that stand one behind the other are the ops that they were made of, numbered from the first."""
    blob = b"".join(map(records.pack, ops))
    expected = [StoredOp(seq, op.op_id, op.at, op.body) for seq, op in enumerate(ops, first)]
    assert list(records.unpack(blob, first)) == expected
    assert b"".join(map(records.pack, expected)) == blob


@given(OPS, st.data())
def test_a_cut_record_is_corrupt(op: NewOp, data: st.DataObject) -> None:
    """Wherever a record is cut off, reading it says so."""
    blob = records.pack(op)
    cut = data.draw(st.integers(1, len(blob) - 1))
    with pytest.raises(StorageCorrupt, match="op 7"):
        list(records.unpack(blob[:cut], 7))


def test_an_entry_id_tells_its_ops() -> None:
    """The id of an entry is its last seq and how many ops it has."""
    assert records.entry_range(b"12-5") == (8, 12)
    assert records.entry_range(b"1-1") == (1, 1)


def test_a_receipt_reads_back() -> None:
    """A receipt is client, counter, seq, rank and time."""
    member = f"ada.b-c_1:{records.hexed(MAX_COUNTER)}:{records.hexed(9)}:{records.hexed(2**60)}:1700000000000"
    line = records.receipt_line(member.encode())
    assert line == records.ReceiptLine(OpId(ClientId("ada.b-c_1"), MAX_COUNTER), 9, 2**60, 1_700_000_000_000)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_hex_digits_compare_like_numbers(one: int, other: int) -> None:
    """Texts of numbers have the numbers' order: Lua compares them as texts."""
    assert (records.hexed(one) < records.hexed(other)) == (one < other)
