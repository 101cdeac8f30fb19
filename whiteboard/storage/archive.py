"""The port for what a board's live storage may forget once it is here (R32). Owns no I/O; knows no adapter.

An archive keeps *pieces* of boards: closed segments of the log, checkpoints, tombstones. A piece says by itself what it is;
its bytes are the writer's business. Exceptions, arguments and writes are as in `whiteboard.storage.ports`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from whiteboard import limits
from whiteboard.ids import BoardId


class PieceKind(Enum):
    """What a piece holds."""

    SEGMENT = "segment"
    """Ops `first` to `last`, with their receipts and their clients' keys."""
    CHECKPOINT = "checkpoint"
    """A board's state at seq `last`; `first` is 0."""
    TOMBSTONES = "tombstones"
    """The part number `first` (from 1) of the tombstones that belong to the checkpoint at `last`."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece without its bytes."""

    board: BoardId
    epoch: str
    """Of the history it belongs to."""
    kind: PieceKind
    first: int
    last: int
    size: int
    """Bytes, at most MAX_BLOB_BYTES."""
    sha256: str
    """Of the bytes, 64 hex digits: a piece that does not match is damaged."""


class Archive(Protocol):
    """Pieces of boards, kept until their board is deleted or a newer piece makes them needless.

    (board, epoch, kind, first, last) names a piece.
    """

    async def put(self, piece: Piece, body: bytes) -> None:
        """Store a piece, or replace the one of that name; once this returns the live storage may forget it.

        Raises ValueError when `body` is not what the piece says.
        """

    async def get(self, piece: Piece) -> bytes:
        """The bytes of a piece that `pieces` has told of. Raises StorageCorrupt when they are gone or do not match."""

    async def pieces(
        self, board: BoardId, epoch: str, kind: PieceKind, *, from_last: int = 0, limit: int
    ) -> Sequence[Piece]:
        """Pieces of one kind with `last` >= `from_last`, ascending by (`last`, `first`), at most `limit`.

        Args:
            limit: 1 to MAX_BLOB_PAGE.
        """

    async def newest(self, board: BoardId, epoch: str, kind: PieceKind) -> Piece | None:
        """The piece with the highest (`last`, `first`); None when there is none."""

    async def epochs(self, board: BoardId) -> Sequence[str]:
        """Epochs of which there are pieces, in no order; at most MAX_BLOB_PAGE of them."""

    async def boards(self, limit: int, after: BoardId | None) -> Sequence[BoardId]:
        """Boards of which there are pieces, at most `limit`, in an order of the archive's own.

        Args:
            limit: 1 to MAX_BLOB_PAGE.
            after: the last one of the page before.
        """

    async def delete(self, piece: Piece) -> None:
        """Forget a piece, if it is there."""

    async def forget(self, board: BoardId, epoch: str) -> None:
        """Forget all pieces of a board's history."""

    async def probe(self) -> None:
        """Write something small and read it back; raises StorageUnavailable when that fails."""


def check_piece(piece: Piece, body: bytes) -> None:
    """A body is what its piece says. Raises ValueError."""
    if len(body) != piece.size or hashlib.sha256(body).hexdigest() != piece.sha256:
        raise ValueError(f"{piece} is not the {len(body)} bytes that came with it")
    if len(body) > limits.MAX_BLOB_BYTES:
        raise ValueError(f"a piece has at most {limits.MAX_BLOB_BYTES} bytes, not {len(body)}")
