"""Checkpoints and tombstones on SQLite. A checkpoint is stored packed, beside a checksum of what is stored."""

import hashlib
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import trio

from whiteboard.errors import StorageConflict
from whiteboard.ids import BoardId, ElementId
from whiteboard.storage.blocking import run_blocking
from whiteboard.storage.ports import Checkpoint
from whiteboard.storage.sqlite.readers import Readers
from whiteboard.storage.sqlite.rows import board_row, check_epoch, select_in
from whiteboard.storage.sqlite.writer import Writer

_LEVEL: Final = 1
"""A checkpoint lives until the next one: the fastest level keeps most of the gain."""


class _Packed(NamedTuple):
    seq: int
    checksum: bytes
    body: bytes


class SqliteSnapshots:
    """See `whiteboard.storage.ports.Snapshots`."""

    def __init__(self, writer: Writer, readers: Readers, packing: trio.CapacityLimiter) -> None:
        self._writer = writer
        self._readers = readers
        self._packing = packing

    async def load(self, board: BoardId) -> Checkpoint | None:
        return await self._readers.run(lambda connection: _load(connection, board))

    async def save(
        self,
        board: BoardId,
        checkpoint: Checkpoint,
        tombstones: Mapping[ElementId, bytes],
        *,
        epoch: str,
    ) -> None:
        kept = dict(tombstones)
        packed = await run_blocking(self._packing, _pack, checkpoint)
        await self._writer.submit(
            lambda connection: _save(connection, board, packed, kept, epoch), weight=1 + len(kept)
        )

    async def tombstones(self, board: BoardId, elements: Sequence[ElementId]) -> dict[ElementId, bytes]:
        wanted = tuple(elements)
        return await self._readers.run(lambda connection: _tombstones(connection, board, wanted))

    async def has_tombstones(self, board: BoardId) -> bool:
        return await self._readers.run(lambda connection: _has_tombstones(connection, board))


def _pack(checkpoint: Checkpoint) -> _Packed:
    body = zlib.compress(checkpoint.body, _LEVEL)
    return _Packed(checkpoint.seq, hashlib.sha256(body).digest(), body)


def _newest_good(connection: sqlite3.Connection, board_no: int) -> _Packed | None:
    rows = connection.execute(
        "SELECT seq, checksum, body FROM checkpoints WHERE board_no = ? ORDER BY seq DESC", (board_no,)
    )
    for row in rows:
        packed = _Packed(*row)
        if hashlib.sha256(packed.body).digest() == packed.checksum:
            return packed
    return None


def _load(connection: sqlite3.Connection, board: BoardId) -> Checkpoint | None:
    row = board_row(connection, board)
    packed = _newest_good(connection, row.board_no) if row else None
    return Checkpoint(packed.seq, zlib.decompress(packed.body)) if packed else None


def _save(
    connection: sqlite3.Connection,
    board: BoardId,
    packed: _Packed,
    tombstones: Mapping[ElementId, bytes],
    epoch: str,
) -> None:
    row = board_row(connection, board)
    if row is None:
        raise StorageConflict(f"board {board} is not there")
    check_epoch(board, row, epoch)
    if row.seq < packed.seq:
        raise StorageConflict(f"board {board} ends at seq {row.seq}, before this checkpoint")
    before = _newest_good(connection, row.board_no)
    fallback = before.seq if before else 0
    if before is not None and packed.seq <= fallback:
        return
    connection.execute("DELETE FROM checkpoints WHERE board_no = ? AND seq <> ?", (row.board_no, fallback))
    connection.execute(
        "INSERT OR REPLACE INTO checkpoints (board_no, seq, checksum, body) VALUES (?, ?, ?, ?)",
        (row.board_no, *packed),
    )
    connection.executemany(
        "INSERT OR REPLACE INTO tombstones (board_no, element, body) VALUES (?, ?, ?)",
        [(row.board_no, element, body) for element, body in tombstones.items()],
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
