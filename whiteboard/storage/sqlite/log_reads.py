"""The queries of the op log, each run inside one read transaction. Knows no Trio."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from whiteboard import limits
from whiteboard.errors import StorageCorrupt
from whiteboard.ids import BoardId, ClientId, OpId
from whiteboard.storage import arguments, segments
from whiteboard.storage.ports import ClientRecord, Head, Receipt, StoredOp
from whiteboard.storage.sqlite.op_ids import OpIds
from whiteboard.storage.sqlite.rows import BoardRow, board_row, client_no

_SELECT_OPS = """
    SELECT ops.seq, clients.client, ops.counter, ops.at, ops.body
    FROM ops JOIN clients USING (client_no)
    WHERE ops.board_no = ? AND ops.seq > ? ORDER BY ops.seq LIMIT ?
"""


class Bodies(NamedTuple):
    """The oldest bodies of a board that are not in a segment."""

    board_no: int
    after: int
    bodies: list[bytes]


class _Segments:
    """Bodies of compacted ops of one board, unpacking each segment once while seq rises."""

    def __init__(self, connection: sqlite3.Connection, board_no: int) -> None:
        self._connection = connection
        self._board_no = board_no
        self._first = 0
        self._bodies: list[bytes] = []

    def body(self, seq: int) -> bytes:
        if not self._first <= seq < self._first + len(self._bodies):
            self._load(seq)
        return self._bodies[seq - self._first]

    def _load(self, seq: int) -> None:
        row = self._connection.execute(
            """
            SELECT first_seq, last_seq, body FROM segments
            WHERE board_no = ? AND last_seq >= ? ORDER BY last_seq LIMIT 1
            """,
            (self._board_no, seq),
        ).fetchone()
        if row is None or seq < row[0]:
            raise StorageCorrupt(f"the op with seq {seq} has no body and no segment")
        first, last, segment = row
        self._bodies = segments.unpack(segment)
        self._first = first
        if len(self._bodies) != last - first + 1:
            raise StorageCorrupt(f"the segment from seq {first} to {last} has {len(self._bodies)} bodies")


def head(connection: sqlite3.Connection, board: BoardId) -> Head | None:
    """Where the log stands."""
    row = board_row(connection, board)
    return Head(row.seq, row.epoch, row.updated_at) if row else None


def read(
    connection: sqlite3.Connection, board: BoardId, after: int, limit: int, epoch: str | None
) -> list[StoredOp]:
    """A stretch of the log, bounded in ops and in bytes."""
    row = board_row(connection, board)
    if row is None:
        return []
    arguments.check_epoch(board, row.epoch, epoch)
    old = _Segments(connection, row.board_no)
    ops: list[StoredOp] = []
    cost = 0
    for seq, client, counter, at, stored in connection.execute(_SELECT_OPS, (row.board_no, after, limit)):
        body = old.body(seq) if stored is None else stored
        cost += len(body) + limits.OP_OVERHEAD_BYTES
        if ops and cost > limits.MAX_READ_BYTES:
            break
        ops.append(StoredOp(seq, OpId(client, counter), at, body))
    return ops


def find(connection: sqlite3.Connection, board: BoardId, op_ids: Sequence[OpId]) -> dict[OpId, Receipt]:
    """Receipts of stored op ids."""
    row = board_row(connection, board)
    if row is None:
        return {}
    counters: dict[ClientId, list[int]] = {}
    for name, counter in op_ids:
        counters.setdefault(name, []).append(counter)
    numbers = _numbers(connection, row, counters)
    ids = OpIds(connection, row, numbers.values())
    return {
        OpId(name, counter): receipt
        for name, number in numbers.items()
        for counter, receipt in ids.receipts(number, counters[name]).items()
    }


def seen_by(connection: sqlite3.Connection, board: BoardId, clock: Mapping[ClientId, int]) -> int:
    """Highest seq that a vector clock covers."""
    row = board_row(connection, board)
    if row is None:
        return 0
    numbers = _numbers(connection, row, clock)
    ids = OpIds(connection, row, numbers.values())
    return max((ids.seen(number, clock[name]) for name, number in numbers.items()), default=0)


def ranks_about(
    connection: sqlite3.Connection, board: BoardId, op_ids: Sequence[OpId]
) -> dict[ClientId, list[tuple[int, int]]]:
    """Counter and lamport of the stored ops next to each op id."""
    row = board_row(connection, board)
    ranks: dict[ClientId, list[tuple[int, int]]] = {}
    if row is None:
        return ranks
    numbers = _numbers(connection, row, {op_id.client for op_id in op_ids})
    ids = OpIds(connection, row, numbers.values())
    for name, counter in op_ids:
        if name in numbers and (found := ids.ranks_about(numbers[name], counter)):
            ranks.setdefault(name, []).extend(found)
    return ranks


def _numbers(
    connection: sqlite3.Connection, board: BoardRow, names: Iterable[ClientId]
) -> dict[ClientId, int]:
    """The numbers of those clients that have a record."""
    found = ((name, client_no(connection, board.board_no, name)) for name in names)
    return {name: number for name, number in found if number is not None}


def client(connection: sqlite3.Connection, board: BoardId, client_id: ClientId) -> ClientRecord | None:
    """A client's record."""
    row = connection.execute(
        """
        SELECT key_hash, counter, lamport FROM clients JOIN boards USING (board_no)
        WHERE board = ? AND client = ?
        """,
        (board, client_id),
    ).fetchone()
    return ClientRecord(*row) if row else None


def bodies_to_pack(
    connection: sqlite3.Connection, board: BoardId, up_to: int, limit: int, least: int
) -> Bodies | None:
    """The next slice to compact, bounded in ops and in bytes; None when there is nothing worth doing."""
    row = board_row(connection, board)
    if row is None:
        return None
    cursor = connection.execute(
        """
        SELECT body FROM ops WHERE board_no = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?
        """,
        (row.board_no, row.compacted, up_to, limit),
    )
    bodies: list[bytes] = []
    size, is_full = 0, False
    for (body,) in cursor:
        if body is None:
            raise StorageCorrupt(f"board {board}: an op above seq {row.compacted} has no body")
        size += len(body)
        is_full = bool(bodies) and size > limits.SEGMENT_BYTES
        if is_full:
            break
        bodies.append(body)
    is_worth_it = bodies and (is_full or len(bodies) >= least)
    return Bodies(row.board_no, row.compacted, bodies) if is_worth_it else None
