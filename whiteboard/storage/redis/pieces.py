"""How a board's parts stand in the archive's pieces. Pure; knows neither Redis nor an archive.

A piece is one msgpack array. Whole boards come back from them: from its segment pieces a board's log, its receipts and the
records of its clients; from the newest checkpoint piece and its tombstone pieces the state to open it with.
"""

import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from whiteboard.errors import StorageCorrupt
from whiteboard.ids import ClientId, ElementId
from whiteboard.storage.archive import Piece, PieceKind
from whiteboard.storage.redis.records import ReceiptLine, hexed, receipt_line
from whiteboard.storage.redis.standing import Standing


class SegmentPiece(msgspec.Struct, array_like=True, frozen=True, tag="segment-1"):
    """Consecutive ops, all that was known of them, and who wrote them."""

    segments: list[tuple[bytes, int]]
    """Segments as they stood in Redis, each with its last seq."""
    receipts: bytes
    """Lines of their receipts, packed."""
    keys: dict[str, bytes]
    """Key digests of the clients that wrote them."""


class CheckpointPiece(msgspec.Struct, array_like=True, frozen=True, tag="checkpoint-1"):
    """A checkpoint as it stood in Redis, and in how many pieces its tombstones are."""

    packed: bytes
    tombstone_parts: int


class TombstonesPiece(msgspec.Struct, array_like=True, frozen=True, tag="tombstones-1"):
    """Tombstones as they stood in Redis: element, label and state."""

    states: list[tuple[str, bytes]]


AnyPiece = SegmentPiece | CheckpointPiece | TombstonesPiece
_DECODER: Final[msgspec.msgpack.Decoder[AnyPiece]] = msgspec.msgpack.Decoder(AnyPiece)


def encode(content: AnyPiece) -> bytes:
    """The bytes of a piece."""
    return msgspec.msgpack.encode(content)


def decode_segment(piece: Piece, body: bytes) -> SegmentPiece:
    """Raises StorageCorrupt."""
    content = _decode(piece, body)
    if not isinstance(content, SegmentPiece):
        raise _unexpected(piece)
    return content


def decode_checkpoint(piece: Piece, body: bytes) -> CheckpointPiece:
    """Raises StorageCorrupt."""
    content = _decode(piece, body)
    if not isinstance(content, CheckpointPiece):
        raise _unexpected(piece)
    return content


def decode_tombstones(piece: Piece, body: bytes) -> TombstonesPiece:
    """Raises StorageCorrupt."""
    content = _decode(piece, body)
    if not isinstance(content, TombstonesPiece):
        raise _unexpected(piece)
    return content


def describe(standing: Standing, kind: PieceKind, body: bytes, *, first: int, last: int) -> Piece:
    """The piece that these bytes are."""
    digest = hashlib.sha256(body).hexdigest()
    return Piece(standing.board, standing.history, kind, first, last, len(body), digest)


def finish(
    standing: Standing, kind: PieceKind, content: AnyPiece, first: int, last: int
) -> tuple[Piece, bytes]:
    """A piece and its bytes. Of a large checkpoint it takes long enough to belong into a worker thread."""
    body = encode(content)
    return describe(standing, kind, body, first=first, last=last), body


def segment_piece(
    segments: Sequence[tuple[bytes, int]], receipts: Iterable[bytes], keys: Mapping[ClientId, bytes]
) -> SegmentPiece:
    """The same ops make the same bytes, whoever archives them."""
    lines = b"\n".join(sorted(receipts))
    return SegmentPiece(list(segments), zlib.compress(lines), {str(one): keys[one] for one in sorted(keys)})


def receipts_of(content: SegmentPiece) -> list[bytes]:
    """Its receipts. Raises StorageCorrupt."""
    try:
        return zlib.decompress(content.receipts).split(b"\n")
    except zlib.error as error:
        raise StorageCorrupt(f"receipts in the archive do not unpack: {error}") from error


def client_records(contents: Iterable[SegmentPiece]) -> dict[str, bytes]:
    """Records of the clients that wrote these ops, as Redis keeps them: highest counter and rank, key digest."""
    highest: dict[str, tuple[int, int]] = {}
    keys: dict[str, bytes] = {}
    for content in contents:
        keys |= content.keys
        for line in map(receipt_line, receipts_of(content)):
            highest[line.op_id.client] = _higher(highest.get(line.op_id.client, (0, 0)), line)
    return {
        client: (hexed(counter) + hexed(rank)).encode() + keys[client]
        for client, (counter, rank) in highest.items()
    }


def tombstones_of(contents: Iterable[TombstonesPiece]) -> dict[ElementId, bytes]:
    """All states of a checkpoint's tombstones, with their labels."""
    return {ElementId(element): state for content in contents for element, state in content.states}


def _higher(known: tuple[int, int], line: ReceiptLine) -> tuple[int, int]:
    return max(known[0], line.op_id.counter), max(known[1], line.rank)


def _decode(piece: Piece, body: bytes) -> AnyPiece:
    try:
        return _DECODER.decode(body)
    except msgspec.DecodeError as error:
        raise StorageCorrupt(f"{piece} does not read: {error}") from error


def _unexpected(piece: Piece) -> StorageCorrupt:
    return StorageCorrupt(f"{piece} holds something else than it says")
