"""Segments of records: packing and unpacking them. Pure, and slow enough to belong into a worker thread."""

from collections.abc import Iterable, Sequence

from whiteboard.storage import segments
from whiteboard.storage.ports import StoredOp
from whiteboard.storage.redis import records


def pack_segment(ops: Iterable[StoredOp]) -> bytes:
    """One segment of these ops."""
    return segments.pack(records.pack(op) for op in ops)


def unpack_segments(packed: Sequence[tuple[bytes, int]]) -> list[StoredOp]:
    """The ops of segments, each with its last seq. Raises StorageCorrupt."""
    found: list[StoredOp] = []
    for segment, last in packed:
        bodies = segments.unpack(segment)
        found += records.unpack(b"".join(bodies), last - len(bodies) + 1)
    return found
