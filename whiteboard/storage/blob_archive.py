"""An archive that is nothing but blobs (R32): the name of each says which piece it is, so that a list of them is the index.

A piece is the blob `archive/BOARD/EPOCH/KIND-LAST-FIRST-SIZE-SHA256`, LAST and FIRST with 16 digits, so that names sort as
pieces do.
"""

import re
from collections.abc import Sequence
from typing import Final

import trio

from whiteboard import limits
from whiteboard.errors import StorageCorrupt
from whiteboard.ids import BoardId
from whiteboard.storage.archive import Archive, Piece, PieceKind, check_piece
from whiteboard.storage.blobs import BlobInfo, Blobs, check_page
from whiteboard.storage.blocking import run_blocking

_NAME: Final = re.compile(r"archive/([^/]+)/([^/]+)/([a-z]+)-(\d{16})-(\d{16})-(\d+)-([0-9a-f]{64})")
_BEHIND_SLASH: Final = "0"
"""The next character: what ends on it sorts behind every name that goes on with a `/`, and is itself one that S3 can begin at."""


class BlobArchive(Archive):
    """See `whiteboard.storage.archive.Archive`."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._hashing = trio.CapacityLimiter(1)

    async def put(self, piece: Piece, body: bytes) -> None:
        await run_blocking(self._hashing, check_piece, piece, body)
        name = _name(piece)
        await self._blobs.put(name, body)
        others = [one.name for one in await self._all(_same(piece)) if one.name != name]
        for other in others:  # what this one replaces
            await self._blobs.delete(other)
        if (
            others and await self._blobs.size(name) is None
        ):  # one that was put at the same time has replaced this one
            await self._blobs.put(name, body)

    async def get(self, piece: Piece) -> bytes:
        body = await self._blobs.get(_name(piece))
        if body is None:
            raise StorageCorrupt(f"{piece} is gone from the archive")
        try:
            await run_blocking(self._hashing, check_piece, piece, body)
        except ValueError as error:
            raise StorageCorrupt(f"{piece} is damaged in the archive") from error
        return body

    async def pieces(
        self, board: BoardId, epoch: str, kind: PieceKind, *, from_last: int = 0, limit: int
    ) -> Sequence[Piece]:
        prefix = _prefix(board, epoch, kind)
        page = await self._blobs.page(prefix, limit, after=f"{prefix}{from_last:016d}")
        return [_piece(blob) for blob in page]

    async def newest(self, board: BoardId, epoch: str, kind: PieceKind) -> Piece | None:
        blobs = await self._all(_prefix(board, epoch, kind))
        return _piece(blobs[-1]) if blobs else None

    async def epochs(self, board: BoardId) -> Sequence[str]:
        return await self._folders(f"archive/{board}/", limits.MAX_BLOB_PAGE, None)

    async def boards(self, limit: int, after: BoardId | None) -> Sequence[BoardId]:
        check_page(limit)
        return [BoardId(name) for name in await self._folders("archive/", limit, after)]

    async def delete(self, piece: Piece) -> None:
        await self._blobs.delete(_name(piece))

    async def forget(self, board: BoardId, epoch: str) -> None:
        for blob in await self._all(f"archive/{board}/{epoch}/"):
            await self._blobs.delete(blob.name)

    async def probe(self) -> None:
        await self._blobs.probe()

    async def _all(self, prefix: str) -> list[BlobInfo]:
        """Every blob whose name begins so, in order: of a million ops about 250."""
        blobs: list[BlobInfo] = []
        while page := await self._blobs.page(prefix, limits.MAX_BLOB_PAGE, blobs[-1].name if blobs else None):
            blobs += page
        return blobs

    async def _folders(self, prefix: str, limit: int, after: str | None) -> list[str]:
        """What stands between the prefix and the next `/`, each once, at most `limit`."""
        names: list[str] = []
        while len(names) < limit:
            behind = None if after is None else f"{prefix}{after}{_BEHIND_SLASH}"
            page = await self._blobs.page(prefix, limits.MAX_BLOB_PAGE, behind)
            if not page:
                break
            names += dict.fromkeys(blob.name[len(prefix) :].partition("/")[0] for blob in page)
            after = names[-1]
        return names[:limit]


def _prefix(board: BoardId, epoch: str, kind: PieceKind) -> str:
    return f"archive/{board}/{epoch}/{kind.value}-"


def _same(piece: Piece) -> str:
    """How the names of all contents of a piece begin."""
    return f"{_prefix(piece.board, piece.epoch, piece.kind)}{piece.last:016d}-{piece.first:016d}-"


def _name(piece: Piece) -> str:
    return f"{_same(piece)}{piece.size}-{piece.sha256}"


def _piece(blob: BlobInfo) -> Piece:
    match = _NAME.fullmatch(blob.name)
    if match is None:
        raise StorageCorrupt(f"{blob.name!r} is no name of an archive's piece")
    board, epoch, kind, last, first, size, sha256 = match.groups()
    return Piece(BoardId(board), epoch, PieceKind(kind), int(first), int(last), int(size), sha256)
