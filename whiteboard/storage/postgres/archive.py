"""The archive on PostgreSQL: a row for each piece, with its bytes, or with its bytes in a store of blobs.

Where bodies are kept elsewhere, a row is written only after its blob is stored, and a blob is deleted only after its row is
gone: what `pieces` tells of can be read at every moment. What may be left over by a crash is a blob without a row;
`forget` takes such away too.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

import trio

from whiteboard import timeouts
from whiteboard.errors import StorageCorrupt, StorageUnavailable
from whiteboard.ids import BoardId
from whiteboard.limits import MAX_BLOB_PAGE
from whiteboard.storage import blobs
from whiteboard.storage.archive import Piece, PieceKind
from whiteboard.storage.blobs import Blobs
from whiteboard.storage.blocking import run_blocking
from whiteboard.storage.postgres.connection import Connection
from whiteboard.storage.postgres.pool import Pool
from whiteboard.storage.sql.door import Row

_KEY: Final = "board = %s AND epoch = %s AND kind = %s AND last = %s AND first = %s"
_PUT: Final = """
    INSERT INTO pieces (board, epoch, kind, last, first, size, sha256, body) VALUES (%s, %s, %s, %s, %s, %s, %s, %b)
    ON CONFLICT (board, epoch, kind, last, first)
    DO UPDATE SET size = excluded.size, sha256 = excluded.sha256, body = excluded.body
"""
_PIECES: Final = "SELECT board, epoch, kind, first, last, size, sha256 FROM pieces"
_BODY: Final = """
    SELECT body FROM pieces WHERE board = %s AND epoch = %s AND kind = %s AND last = %s AND first = %s
"""
_DELETE: Final = """
    DELETE FROM pieces WHERE board = %s AND epoch = %s AND kind = %s AND last = %s AND first = %s
    RETURNING board, epoch, kind, first, last, size, sha256
"""
_DELETE_SOME: Final = """
    DELETE FROM pieces WHERE (board, epoch, kind, last, first) IN
        (SELECT board, epoch, kind, last, first FROM pieces WHERE board = %s AND epoch = %s LIMIT %s)
    RETURNING board, epoch, kind, first, last, size, sha256
"""


class PostgresArchive:
    """See `whiteboard.storage.archive.Archive`.

    Args:
        bodies: where the bytes are kept, under `body_name`; None for the rows themselves.
    """

    def __init__(self, pool: Pool, bodies: Blobs | None = None) -> None:
        self._pool = pool
        self._bodies = bodies
        self._hashing = trio.CapacityLimiter(1)

    async def put(self, piece: Piece, body: bytes) -> None:
        blobs.check_body(body)
        if not await self._is_body_of(piece, body):
            raise ValueError(f"{piece} is of other bytes than these {len(body)}")
        if self._bodies is None:
            await self._pool.run(lambda sql: _put(sql, piece, body), within=timeouts.POSTGRES_BODY)
            return
        await self._bodies.put(body_name(piece), body)
        replaced = await self._pool.run(lambda sql: _put(sql, piece, None))
        if replaced is not None and replaced != piece:
            await self._bodies.delete(body_name(replaced))

    async def get(self, piece: Piece) -> bytes:
        if self._bodies is None:
            body = await self._pool.run(lambda sql: _get(sql, piece), within=timeouts.POSTGRES_BODY)
        else:
            body = await self._bodies.get(body_name(piece))
        if body is None:
            raise StorageCorrupt(f"the bytes of {piece} are gone")
        if not await self._is_body_of(piece, body):
            raise StorageCorrupt(f"the bytes of {piece} are damaged")
        return body

    async def pieces(
        self, board: BoardId, epoch: str, kind: PieceKind, *, from_last: int = 0, limit: int
    ) -> Sequence[Piece]:
        blobs.check_page(limit)
        select = f"""{_PIECES} WHERE board = %s AND epoch = %s AND kind = %s AND last >= %s
                     ORDER BY last, first LIMIT %s"""
        values = (board, epoch, kind.value, from_last, limit)
        return [
            _piece(row) for row in await self._pool.run(lambda sql: sql.execute(select, values).fetchall())
        ]

    async def newest(self, board: BoardId, epoch: str, kind: PieceKind) -> Piece | None:
        select = f"""{_PIECES} WHERE board = %s AND epoch = %s AND kind = %s
                     ORDER BY last DESC, first DESC LIMIT 1"""
        values = (board, epoch, kind.value)
        found = await self._pool.run(lambda sql: sql.execute(select, values).fetchone())
        return _piece(found) if found else None

    async def epochs(self, board: BoardId) -> Sequence[str]:
        select = "SELECT DISTINCT epoch FROM pieces WHERE board = %s LIMIT %s"
        values = (board, MAX_BLOB_PAGE)
        return [
            epoch for (epoch,) in await self._pool.run(lambda sql: sql.execute(select, values).fetchall())
        ]

    async def boards(self, limit: int, after: BoardId | None) -> Sequence[BoardId]:
        blobs.check_page(limit)
        select = "SELECT DISTINCT board FROM pieces WHERE board > %s ORDER BY board LIMIT %s"
        values = (after or "", limit)
        return [
            BoardId(board)
            for (board,) in await self._pool.run(lambda sql: sql.execute(select, values).fetchall())
        ]

    async def delete(self, piece: Piece) -> None:
        gone = await self._pool.run(lambda sql: sql.execute(_DELETE, _key(piece)).fetchall())
        await self._delete_bodies([piece, *map(_piece, gone)])

    async def forget(self, board: BoardId, epoch: str) -> None:
        values = (board, epoch, MAX_BLOB_PAGE)
        while gone := await self._pool.run(lambda sql: sql.execute(_DELETE_SOME, values).fetchall()):
            await self._delete_bodies([_piece(row) for row in gone])
        await self._sweep(_folder(board, epoch))

    async def probe(self) -> None:
        if not await self._pool.run(_probe):
            raise StorageUnavailable("PostgreSQL does not give back what it was given")
        if self._bodies is not None:
            await self._bodies.probe()

    async def _is_body_of(self, piece: Piece, body: bytes) -> bool:
        return len(body) == piece.size and await run_blocking(self._hashing, _sha256, body) == piece.sha256

    async def _delete_bodies(self, pieces: Sequence[Piece]) -> None:
        if self._bodies is not None:
            for name in {body_name(piece) for piece in pieces}:
                await self._bodies.delete(name)

    async def _sweep(self, folder: str) -> None:
        """Delete the blobs of a history that has no rows any more."""
        if self._bodies is None:
            return
        while found := await self._bodies.page(folder, MAX_BLOB_PAGE):
            for blob in found:
                await self._bodies.delete(blob.name)


def body_name(piece: Piece) -> str:
    """The blob with a piece's bytes: `bodies/<board>/<epoch>/<kind>/<last>-<first>-<sha256>`, numbers with 16 digits.

    The checksum is part of it, so that a piece which is replaced has its old bytes until its row tells of the new ones.
    """
    place = f"{_folder(piece.board, piece.epoch)}{piece.kind.value}"
    return f"{place}/{piece.last:016}-{piece.first:016}-{piece.sha256}"


def _folder(board: BoardId, epoch: str) -> str:
    return f"bodies/{board}/{epoch}/"


def _key(piece: Piece) -> tuple[object, ...]:
    return piece.board, piece.epoch, piece.kind.value, piece.last, piece.first


def _piece(row: Row) -> Piece:
    board, epoch, kind, first, last, size, sha256 = row
    return Piece(board, epoch, PieceKind(kind), first, last, size, sha256)


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


# --- in worker threads ---------------------------------------------------------------------------
def _put(sql: Connection, piece: Piece, body: bytes | None) -> Piece | None:
    """Write a row; the piece that it replaces, if any."""
    known = sql.execute(f"{_PIECES} WHERE {_KEY} FOR UPDATE", _key(piece)).fetchone()
    sql.execute(_PUT, (*_key(piece), piece.size, piece.sha256, body))
    return _piece(known) if known else None


def _get(sql: Connection, piece: Piece) -> bytes | None:
    found = sql.execute(_BODY, _key(piece), binary=True).fetchone()
    return found[0] if found else None


def _probe(sql: Connection) -> bool:
    (count,) = sql.execute("UPDATE probe SET count = count + 1 RETURNING count").fetchone() or (0,)
    return sql.execute("SELECT count FROM probe").fetchone() == (count,)
