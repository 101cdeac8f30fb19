"""The format of a board's file: records, one after the other, each with a checksum.

A record is a kind (one letter), the sizes of its head and body, the checksum of both, then the two themselves. What a crash leaves
at the end of a file is a record that is not whole, or zeros; it was never acknowledged, and is cut off. A record in
the middle that is not what was written is damage.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from whiteboard.errors import StorageCorrupt

_FRONT: Final = struct.Struct(">cIQI")
_KINDS: Final = b"CATZS"
_LOOK_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """Where some bytes are in a file."""

    offset: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + self.size


@dataclass(frozen=True, slots=True)
class Record:
    """One record, as it is read."""

    kind: str
    head: bytes
    body: Place


def encode(kind: str, head: bytes, body: bytes = b"") -> bytes:
    """A record as it stands in the file."""
    front = _FRONT.pack(kind.encode(), len(head), len(body), zlib.crc32(body, zlib.crc32(head)))
    return b"".join((front, head, body))


def body_offset(head: bytes) -> int:
    """How far behind a record's beginning its body begins."""
    return _FRONT.size + len(head)


def read_records(file: BinaryIO) -> Iterator[Record]:
    """All whole records from the file's beginning; then the file stands where the next one belongs.

    Raises StorageCorrupt for damage before the end.
    """
    size = os.fstat(file.fileno()).st_size
    while (start := file.tell()) < size:
        record, end = _read_record(file, start, size)
        if record is None:
            if end < size and not _is_zeros(file, start):
                raise StorageCorrupt(f"{file.name} is damaged at byte {start}")
            file.seek(start)
            return
        yield record
        file.seek(end)


def _read_record(file: BinaryIO, start: int, size: int) -> tuple[Record | None, int]:
    """The record there and where it ends; None for one that is not whole or not what was written."""
    front = file.read(_FRONT.size)
    if len(front) < _FRONT.size:
        return None, size
    kind, head_size, body_size, checksum = _FRONT.unpack(front)
    body = Place(start + _FRONT.size + head_size, body_size)
    if kind not in _KINDS or body.end > size:
        return None, start if kind not in _KINDS else size
    head = file.read(head_size)
    if zlib.crc32(file.read(body_size), zlib.crc32(head)) != checksum:
        return None, body.end
    return Record(kind.decode(), head, body), body.end


def _is_zeros(file: BinaryIO, start: int) -> bool:
    """Whether nothing but zeros follows: room that a crash left unwritten."""
    file.seek(start)
    while data := file.read(_LOOK_BYTES):
        if data.strip(b"\0"):
            return False
    return True
