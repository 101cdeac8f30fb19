"""One board's file: what is written to it and read back from it. Blocks on the disk; called in worker threads.

The file only grows while it is in use; `open_board` makes it smaller when most of it is outdated. Whoever calls sees to it that one
call at a time works on one file.

| record | says |
| --- | --- |
| `C` | the board was created |
| `A` | ops were appended; their bodies follow |
| `T` | ops whose bodies are in segments further on, in a file that was made smaller |
| `Z` | ops' bodies were packed into a segment, which follows |
| `S` | a checkpoint and tombstones were saved; both follow |
| `E` | the board got another epoch |
"""

import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from whiteboard.errors import StorageCorrupt
from whiteboard.ids import ClientId, ElementId, OpId
from whiteboard.storage import segments
from whiteboard.storage.ports import Checkpoint, NewOp
from whiteboard_files.index import Entry, Index, KeptCheckpoint, Segment
from whiteboard_files.records import Place, Record, body_offset, encode, read_records

_PRIVATE: Final = 0o600
_WORTH_BYTES: Final = 1024 * 1024
"""Below this a file is not made smaller."""


class _Created(msgspec.Struct):
    epoch: str
    at: int


class _Renewed(msgspec.Struct):
    epoch: str


class _Ops(msgspec.Struct):
    ops: list[tuple[ClientId, int, int, int, int]]
    """Client, counter, at, lamport, size of the body."""
    keys: dict[ClientId, bytes]
    """Key digests of clients that were not known before."""


class _Packed(msgspec.Struct):
    first: int
    count: int


class _Saved(msgspec.Struct):
    seq: int
    size: int
    checksum: int
    tombstones: list[tuple[ElementId, int]]
    """Element, size of its state."""


@dataclass(slots=True)
class BoardFile:
    """A board that is there."""

    path: Path
    index: Index
    end: int
    """Where the next record belongs. What stands behind it is of a write that failed."""

    # --- writing: the index changes when the bytes are safe -----------------------------------

    def append(self, ops: Sequence[NewOp], claims: Mapping[ClientId, bytes]) -> None:
        """Store ops that are all new. Raises OSError, and nothing is stored then."""
        rows = [(*op.op_id, op.at, op.lamport, len(op.body)) for op in ops]
        keys = {client: claims[client] for client, *_ in rows if client not in self.index.writers}
        head = msgspec.json.encode(_Ops(rows, keys))
        at = self._write("A", head, b"".join(op.body for op in ops))
        _add_ops(self.index, _Ops(rows, keys), at)

    def renew(self, epoch: str) -> None:
        """Give the board another epoch. Raises OSError."""
        self._write("E", msgspec.json.encode(_Renewed(epoch)), b"")
        self.index.epoch = epoch

    def compact(self, first: int, count: int) -> None:
        """Pack the bodies of ops into a segment. Raises OSError, StorageCorrupt."""
        packed = segments.pack(self.bodies(first - 1, count))
        at = self._write("Z", msgspec.json.encode(_Packed(first, count)), packed)
        self.index.add_segment(Segment(first, first + count - 1, Place(at, len(packed))))

    def save(self, checkpoint: Checkpoint, tombstones: Mapping[ElementId, bytes]) -> None:
        """Store a checkpoint and what it leaves out. Raises OSError."""
        sizes = [(element, len(state)) for element, state in tombstones.items()]
        saved = _Saved(checkpoint.seq, len(checkpoint.body), zlib.crc32(checkpoint.body), sizes)
        at = self._write("S", msgspec.json.encode(saved), b"".join((checkpoint.body, *tombstones.values())))
        _add_saved(self.index, saved, at)

    def delete(self) -> None:
        """Remove the file for good. Raises OSError."""
        self.path.unlink(missing_ok=True)
        sync_names(self.path.parent)

    def _write(self, kind: str, head: bytes, body: bytes) -> int:
        """Add a record and wait until it is on the disk; where its body begins."""
        record = encode(kind, head, body)
        with self.path.open("r+b") as file:
            file.truncate(self.end)
            file.seek(self.end)
            file.write(record)
            file.flush()
            os.fsync(file.fileno())
        at = self.end + body_offset(head)
        self.end += len(record)
        return at

    # --- reading ------------------------------------------------------------------------------

    def bodies(self, after: int, count: int) -> list[bytes]:
        """Bodies of the ops with seq after + 1 to after + count. Raises OSError, StorageCorrupt."""
        found: list[bytes] = []
        with self.path.open("rb") as file:
            for segment in self.index.segments:
                if segment.last > after and segment.first <= after + count:
                    old = segments.unpack(_bytes_at(file, segment.place))
                    found += old[max(after + 1 - segment.first, 0) : after + count + 1 - segment.first]
            for entry in self.index.entries[after + len(found) : after + count]:
                found.append(_bytes_at(file, entry.place or Place(0, 0)))
        return found

    def checkpoint(self) -> Checkpoint | None:
        """The newest one that is what was written. Raises OSError."""
        with self.path.open("rb") as file:
            for kept in reversed(self.index.checkpoints):
                body = _bytes_at(file, kept.place)
                if zlib.crc32(body) == kept.checksum:
                    return Checkpoint(kept.seq, body)
        return None

    def tombstones(self, elements: Sequence[ElementId]) -> dict[ElementId, bytes]:
        """The kept states of these elements. Raises OSError."""
        known = self.index.tombstones
        with self.path.open("rb") as file:
            return {one: _bytes_at(file, known[one]) for one in elements if one in known}


def create_board(path: Path, at: int, epoch: str) -> BoardFile:
    """A new board without ops. Raises OSError; what is left of the file then is no board."""
    record = encode("C", msgspec.json.encode(_Created(epoch, at)))
    with open(path, "wb", opener=_open_private) as file:
        file.write(record)
        file.flush()
        os.fsync(file.fileno())
    sync_names(path.parent)
    return BoardFile(path, Index(epoch, at, at), len(record))


def open_board(path: Path) -> BoardFile | None:
    """The board in a file; None, and no file, for one whose creation was never finished.

    Raises OSError, StorageCorrupt.
    """
    with path.open("rb") as file:
        index = None
        for record in read_records(file):
            index = _replay(index, record)
        end = file.tell()
    if index is None:
        path.unlink()
        return None
    board = BoardFile(path, index, end)
    return _made_smaller(board) if end > max(2 * index.live_bytes, _WORTH_BYTES) else board


def sync_names(folder: Path) -> None:
    """Wait until a folder's names are on the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _made_smaller(board: BoardFile) -> BoardFile:
    """The same board in a file without what is outdated, which takes the old one's place at once."""
    new = board.path.with_suffix(".new")
    with open(new, "wb", opener=_open_private) as file:
        file.writelines(_live_records(board))
        file.flush()
        os.fsync(file.fileno())
    new.replace(board.path)
    sync_names(board.path.parent)
    return open_board(board.path) or board


def _live_records(board: BoardFile) -> Iterator[bytes]:
    index = board.index
    yield encode("C", msgspec.json.encode(_Created(index.epoch, index.created_at)))
    keys = {client: writer.key_hash for client, writer in index.writers.items()}
    rows = [(*one.op_id, one.at, one.lamport, one.size) for one in index.entries]
    yield encode("T", msgspec.json.encode(_Ops(rows[: index.compacted], keys)))
    with board.path.open("rb") as file:
        for segment in index.segments:
            head = _Packed(segment.first, segment.last - segment.first + 1)
            yield encode("Z", msgspec.json.encode(head), _bytes_at(file, segment.place))
        fresh = b"".join(board.bodies(index.compacted, index.seq - index.compacted))
        yield encode("A", msgspec.json.encode(_Ops(rows[index.compacted :], keys)), fresh)
        for nth, kept in enumerate(index.checkpoints):
            states = board.tombstones([*index.tombstones]) if nth == 0 else {}
            sizes = [(element, len(state)) for element, state in states.items()]
            saved = _Saved(kept.seq, kept.place.size, kept.checksum, sizes)
            body = b"".join((_bytes_at(file, kept.place), *states.values()))
            yield encode("S", msgspec.json.encode(saved), body)


def _replay(index: Index | None, record: Record) -> Index:
    """What a board is once a record has been written."""
    if index is None or record.kind == "C":
        created = msgspec.json.decode(record.head, type=_Created)
        return Index(created.epoch, created.at, created.at)
    match record.kind:
        case "A":
            _add_ops(index, msgspec.json.decode(record.head, type=_Ops), record.body.offset)
        case "T":
            _add_ops(index, msgspec.json.decode(record.head, type=_Ops), None)
        case "E":
            index.epoch = msgspec.json.decode(record.head, type=_Renewed).epoch
        case "Z":
            packed = msgspec.json.decode(record.head, type=_Packed)
            index.add_segment(Segment(packed.first, packed.first + packed.count - 1, record.body))
        case _:
            _add_saved(index, msgspec.json.decode(record.head, type=_Saved), record.body.offset)
    return index


def _add_ops(index: Index, ops: _Ops, offset: int | None) -> None:
    for client, counter, at, lamport, size in ops.ops:
        place = None if offset is None else Place(offset, size)
        key_hash = index.writers[client].key_hash if client in index.writers else ops.keys[client]
        index.add(Entry(OpId(client, counter), at, lamport, size, place), key_hash)
        offset = None if offset is None else offset + size


def _add_saved(index: Index, saved: _Saved, offset: int) -> None:
    index.add_checkpoint(KeptCheckpoint(saved.seq, Place(offset, saved.size), saved.checksum))
    offset += saved.size
    for element, size in saved.tombstones:
        index.tombstones[element] = Place(offset, size)
        offset += size


def _bytes_at(file: BinaryIO, place: Place) -> bytes:
    file.seek(place.offset)
    data = file.read(place.size)
    if len(data) < place.size:
        raise StorageCorrupt(f"{file.name} ends before byte {place.end}")
    return data


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, _PRIVATE)
