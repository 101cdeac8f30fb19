"""How ops stand in a stream entry and in a segment. Pure; knows no Redis.

A record is the length of the op id (2 bytes, big-endian), `at` (8), the length of the body (4), the op id
in ASCII, the body. A stream entry holds the records of one append, one behind the other; its id is
`<last seq>-<how many>`. A segment is packed like every adapter's (`whiteboard.storage.segments`), each
record as one body. A receipt is `client:counter:seq:rank:at`, the middle three as 16 hex digits.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from whiteboard.errors import StorageCorrupt
from whiteboard.ids import ClientId, OpId
from whiteboard.storage.ports import NewOp, StoredOp

_RECORD: Final = struct.Struct(">HQI")


class ReceiptLine(NamedTuple):
    """What is known of a stored op without reading it."""

    op_id: OpId
    seq: int
    rank: int
    at: int


def pack(op: NewOp | StoredOp) -> bytes:
    """The record of an op."""
    op_id = str(op.op_id).encode()
    return _RECORD.pack(len(op_id), op.at, len(op.body)) + op_id + op.body


def unpack(records: bytes, seq: int) -> Iterator[StoredOp]:
    """The ops of records that stand one behind the other, the first of which has this seq.

    Raises StorageCorrupt.
    """
    at = 0
    while at < len(records):
        try:
            id_bytes, moment, body_bytes = _RECORD.unpack_from(records, at)
        except struct.error as error:
            raise StorageCorrupt(f"the record of op {seq} is cut off") from error
        start = at + _RECORD.size
        at = start + id_bytes + body_bytes
        if at > len(records):
            raise StorageCorrupt(f"the record of op {seq} is cut off")
        yield StoredOp(seq, _op_id(records[start : start + id_bytes]), moment, records[start + id_bytes : at])
        seq += 1


def entry_range(entry_id: bytes) -> tuple[int, int]:
    """First and last seq of a stream entry."""
    last, count = entry_id.split(b"-")
    return int(last) - int(count) + 1, int(last)


def hexed(number: int) -> str:
    """A number below 2^64 so that texts compare like numbers."""
    return f"{number:016x}"


def receipt_line(member: bytes) -> ReceiptLine:
    """Read a receipt."""
    client, counter, seq, rank, at = member.decode().split(":")
    return ReceiptLine(OpId(ClientId(client), int(counter, 16)), int(seq, 16), int(rank, 16), int(at))


def _op_id(text: bytes) -> OpId:
    client, _, counter = text.decode("ascii", "replace").partition(":")
    if not counter.isdigit():
        raise StorageCorrupt(f"{text!r} is no op id")
    return OpId(ClientId(client), int(counter))
