"""Checkpoints and tombstones on SQLite. A checkpoint is stored packed and cut, beside a checksum of the whole."""

import hashlib
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

import trio

from whiteboard import limits
from whiteboard.errors import StorageConflict
from whiteboard.ids import BoardId, ElementId
from whiteboard.storage import arguments
from whiteboard.storage.blocking import run_blocking
from whiteboard.storage.ports import Checkpoint
from whiteboard.storage.sqlite.readers import Readers
from whiteboard.storage.sqlite.rows import BoardRow, board_row, select_in
from whiteboard.storage.sqlite.writer import Writer, weigh
from whiteboard.storage.turns import BoardTurns

_LEVEL: Final = 1
"""A checkpoint lives until the next one: the fastest level keeps most of the gain."""


class _Key(NamedTuple):
    """What tells one stored checkpoint of a board from another."""

    seq: int
    checksum: bytes


class _Packed(NamedTuple):
    key: _Key
    body: bytes


class SqliteSnapshots:
    """See `whiteboard.storage.ports.Snapshots`.

    A checkpoint may be large. Its parts and the tombstones are written between other commits; they
    count for nothing until its row is there, or mean what they say anyway. Saves of one board go in turns: one
    takes parts without a row for what a crash has left, and drops them.
    """

    def __init__(self, writer: Writer, readers: Readers, packing: trio.CapacityLimiter) -> None:
        self._writer = writer
        self._readers = readers
        self._packing = packing
        self._saving = BoardTurns()

    async def load(self, board: BoardId) -> Checkpoint | None:
        return await self._readers.run(lambda connection: _load(connection, board))

    async def save(
        self,
        board: BoardId,
        checkpoint: Checkpoint,
        tombstones: Mapping[ElementId, bytes],
        *,
        epoch: str,
        until: int | None = None,  # noqa: ARG002 - nobody else saves
    ) -> None:
        packed = await run_blocking(self._packing, _pack, checkpoint)
        async with self._saving.on(board):
            await self._save(board, packed, tombstones, epoch)

    async def _save(
        self, board: BoardId, packed: _Packed, tombstones: Mapping[ElementId, bytes], epoch: str
    ) -> None:
        good = await self._readers.run(lambda connection: _newest_good(connection, board))
        pieces = [*_pieces(packed), *_slices(dict(tombstones))]
        save = partial(_save, board=board, key=packed.key, good=good.key if good else None, epoch=epoch)
        if sum(piece.weight for piece in pieces) <= limits.MAX_COMMIT_OPS:
            await self._writer.submit(lambda connection: save(connection, pieces=pieces))
            return
        for piece in pieces:
            write = partial(_write, board=board, epoch=epoch, piece=piece)
            await self._writer.submit(write, weight=piece.weight)
        await self._writer.submit(lambda connection: save(connection, pieces=[]))

    async def tombstones(self, board: BoardId, elements: Sequence[ElementId]) -> dict[ElementId, bytes]:
        wanted = tuple(elements)
        return await self._readers.run(lambda connection: _tombstones(connection, board, wanted))

    async def has_tombstones(self, board: BoardId) -> bool:
        return await self._readers.run(lambda connection: _has_tombstones(connection, board))


class _Piece(NamedTuple):
    """Rows of one table that go into it together."""

    statement: str
    rows: Sequence[tuple[object, ...]]
    """Without the board's number, which comes first."""
    weight: int


def _pack(checkpoint: Checkpoint) -> _Packed:
    body = zlib.compress(checkpoint.body, _LEVEL)
    return _Packed(_Key(checkpoint.seq, hashlib.sha256(body).digest()), body)


def _pieces(packed: _Packed) -> Iterator[_Piece]:
    """The parts of a checkpoint."""
    statement = "INSERT OR REPLACE INTO checkpoint_parts (board_no, checksum, part, body) VALUES (?, ?, ?, ?)"
    for number, start in enumerate(range(0, len(packed.body), limits.CHECKPOINT_PART_BYTES)):
        part = packed.body[start : start + limits.CHECKPOINT_PART_BYTES]
        yield _Piece(statement, [(packed.key.checksum, number, part)], weigh(1, len(part)))


def _slices(tombstones: Mapping[ElementId, bytes]) -> Iterator[_Piece]:
    """Tombstones, as many at a time as one transaction should take."""
    statement = "INSERT OR REPLACE INTO tombstones (board_no, element, body) VALUES (?, ?, ?)"
    rows: list[tuple[object, ...]] = []
    size_bytes = 0
    for element, body in tombstones.items():
        if rows and weigh(len(rows), size_bytes) >= limits.MAX_COMMIT_OPS:
            yield _Piece(statement, rows, weigh(len(rows), size_bytes))
            rows, size_bytes = [], 0
        rows.append((element, body))
        size_bytes += len(body)
    if rows:
        yield _Piece(statement, rows, weigh(len(rows), size_bytes))


def _read(connection: sqlite3.Connection, board_no: int, key: _Key) -> _Packed | None:
    """A checkpoint whole; None when what is stored is not what was."""
    parts = connection.execute(
        "SELECT body FROM checkpoint_parts WHERE board_no = ? AND checksum = ? ORDER BY part",
        (board_no, key.checksum),
    )
    body = b"".join(part for (part,) in parts)
    return _Packed(key, body) if hashlib.sha256(body).digest() == key.checksum else None


def _newest_good(connection: sqlite3.Connection, board: BoardId) -> _Packed | None:
    row = board_row(connection, board)
    if row is None:
        return None
    keys = connection.execute(
        "SELECT seq, checksum FROM checkpoints WHERE board_no = ? ORDER BY seq DESC", (row.board_no,)
    ).fetchall()
    found = (_read(connection, row.board_no, _Key(*key)) for key in keys)
    return next((packed for packed in found if packed is not None), None)


def _load(connection: sqlite3.Connection, board: BoardId) -> Checkpoint | None:
    packed = _newest_good(connection, board)
    return Checkpoint(packed.key.seq, zlib.decompress(packed.body)) if packed else None


def _board(connection: sqlite3.Connection, board: BoardId, epoch: str) -> BoardRow:
    row = board_row(connection, board)
    if row is None:
        raise StorageConflict(f"board {board} is not there")
    arguments.check_epoch(board, row.epoch, epoch)
    return row


def _write(connection: sqlite3.Connection, *, board: BoardId, epoch: str, piece: _Piece) -> None:
    row = _board(connection, board, epoch)
    connection.executemany(piece.statement, [(row.board_no, *one) for one in piece.rows])


def _save(
    connection: sqlite3.Connection,
    *,
    board: BoardId,
    key: _Key,
    good: _Key | None,
    epoch: str,
    pieces: Sequence[_Piece],
) -> None:
    """Write what is left, then the row that makes the checkpoint count; keep the good one before it."""
    row = _board(connection, board, epoch)
    if row.seq < key.seq:
        raise StorageConflict(f"board {board} ends at seq {row.seq}, before this checkpoint")
    if good is not None and key.seq <= good.seq:
        return
    kept = good.checksum if good else None
    for piece in pieces:
        _write(connection, board=board, epoch=epoch, piece=piece)
    connection.execute(
        "DELETE FROM checkpoints WHERE board_no = ? AND checksum IS NOT ?", (row.board_no, kept)
    )
    connection.execute(
        "INSERT INTO checkpoints (board_no, seq, checksum) VALUES (?, ?, ?)", (row.board_no, *key)
    )
    connection.execute(
        """DELETE FROM checkpoint_parts WHERE board_no = ?1 AND checksum NOT IN
           (SELECT checksum FROM checkpoints WHERE board_no = ?1)""",
        (row.board_no,),
    )


def _tombstones(
    connection: sqlite3.Connection, board: BoardId, elements: Sequence[ElementId]
) -> dict[ElementId, bytes]:
    row = board_row(connection, board)
    if row is None:
        return {}
    select = "SELECT element, body FROM tombstones WHERE board_no = ? AND element"
    return dict(select_in(connection, select, row.board_no, elements))


def _has_tombstones(connection: sqlite3.Connection, board: BoardId) -> bool:
    row = board_row(connection, board)
    if row is None:
        return False
    found = connection.execute("SELECT 1 FROM tombstones WHERE board_no = ? LIMIT 1", (row.board_no,))
    return found.fetchone() is not None
