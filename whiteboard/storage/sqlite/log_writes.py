"""The writes of the op log: what they do inside the writer's transaction. Knows no Trio."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from whiteboard.errors import ClaimConflict
from whiteboard.ids import BoardId, ClientId, OpId
from whiteboard.storage import arguments
from whiteboard.storage.ports import Newest, NewOp, Receipt
from whiteboard.storage.sqlite.rows import BoardRow, board_row, select_in

_INSERT_OP = """
    INSERT INTO ops (board_no, seq, client_no, counter, lamport, at, body)
    VALUES (?, ?, ?, ?, ?, ?, ?)
"""


class Append(NamedTuple):
    """What `OpLog.append` was called with."""

    board: BoardId
    ops: Sequence[NewOp]
    epoch: str
    claims: Mapping[ClientId, bytes]
    known: int = 0
    newest: Newest | None = None


class Slice(NamedTuple):
    """Consecutive ops whose bodies are packed and ready to be moved."""

    board_no: int
    after: int
    last: int
    segment: bytes


@dataclass(slots=True)
class _Client:
    """A client's record while its ops are stored."""

    client_no: int
    counter: int
    lamport: int
    known: dict[int, Receipt]
    """Counter -> receipt of each op of this append that is stored already."""

    def record(self, op: NewOp, receipt: Receipt) -> None:
        """Note a stored op."""
        counter = op.op_id.counter
        self.known[counter] = Receipt(receipt.seq, receipt.at, is_new=False)
        self.counter = max(self.counter, counter)
        self.lamport = max(self.lamport, op.lamport)


def append(connection: sqlite3.Connection, request: Append) -> list[Receipt]:
    """Look for repeats, assign the next numbers, store: the step of `OpLog.append`."""
    board = _board(connection, request)
    clients = _clients(connection, board, request)
    rows = []
    receipts = []
    seq, at = board.seq, 0
    for op in request.ops:
        client = clients[op.op_id.client]
        receipt = client.known.get(op.op_id.counter)
        if receipt is None:
            seq, at = seq + 1, op.at
            receipt = Receipt(seq, at, is_new=True)
            client.record(op, receipt)
            number = (board.board_no, seq, client.client_no, op.op_id.counter)
            rows.append((*number, op.lamport, at, op.body))
        receipts.append(receipt)
    if rows:
        connection.executemany(_INSERT_OP, rows)
        _advance(connection, board.board_no, seq, at, clients.values())
    return receipts


def _board(connection: sqlite3.Connection, request: Append) -> BoardRow:
    row = board_row(connection, request.board)
    arguments.check_reaches(request.board, row.seq if row else 0, request.known)
    if row is None:
        create(connection, request.board, request.ops[0].at, request.epoch)
        row = board_row(connection, request.board)
        assert row is not None
    arguments.check_epoch(request.board, row.epoch, request.epoch)
    if request.newest is not None:
        found = _receipt(connection, row.board_no, request.newest[0])
        arguments.check_newest(request.board, request.known, request.newest, found)
    return row


def _receipt(connection: sqlite3.Connection, board_no: int, op_id: OpId) -> Receipt | None:
    sql = "SELECT client_no FROM clients WHERE board_no = ? AND client = ?"
    row = connection.execute(sql, (board_no, op_id.client)).fetchone()
    return receipts(connection, row[0], [op_id.counter]).get(op_id.counter) if row else None


def create(connection: sqlite3.Connection, board: BoardId, at: int, epoch: str) -> bool:
    """Note a board without ops; False when it exists."""
    cursor = connection.execute(
        """
        INSERT INTO boards (board, epoch, seq, compacted, created_at, updated_at)
        VALUES (?, ?, 0, 0, ?, ?) ON CONFLICT (board) DO NOTHING
        """,
        (board, epoch, at, at),
    )
    return cursor.rowcount == 1


def renew(connection: sqlite3.Connection, *, board: BoardId, epoch: str, fresh: str) -> bool:
    """Give a board that has this epoch another one; False when it has another already."""
    sql = "UPDATE boards SET epoch = ? WHERE board = ? AND epoch = ?"
    return connection.execute(sql, (fresh, board, epoch)).rowcount == 1


def _clients(connection: sqlite3.Connection, board: BoardRow, request: Append) -> dict[ClientId, _Client]:
    """The records of all clients of an append: checked against the claims, made when new."""
    counters: dict[ClientId, list[int]] = {}
    for op in request.ops:
        counters.setdefault(op.op_id.client, []).append(op.op_id.counter)
    return {
        client: _client(connection, board.board_no, client, request.claims[client], mine)
        for client, mine in counters.items()
    }


def _client(
    connection: sqlite3.Connection, board_no: int, client: ClientId, key_hash: bytes, counters: list[int]
) -> _Client:
    row = connection.execute(
        "SELECT client_no, counter, lamport, key_hash FROM clients WHERE board_no = ? AND client = ?",
        (board_no, client),
    ).fetchone()
    if row is None:
        (number,) = connection.execute(
            """
            INSERT INTO clients (board_no, client, key_hash, counter, lamport)
            VALUES (?, ?, ?, 0, 0) RETURNING client_no
            """,
            (board_no, client, key_hash),
        ).fetchone()
        return _Client(number, 0, 0, {})
    number, counter, lamport, known_hash = row
    if known_hash != key_hash:
        raise ClaimConflict(client)
    # Counters above the highest stored one are new without a look.
    known = receipts(connection, number, [it for it in counters if it <= counter])
    return _Client(number, counter, lamport, known)


def receipts(connection: sqlite3.Connection, number: int, counters: Sequence[int]) -> dict[int, Receipt]:
    """Counter -> receipt, for those of a client's counters that are stored."""
    select = "SELECT counter, seq, at FROM ops WHERE client_no = ? AND counter"
    found = select_in(connection, select, number, counters)
    return {counter: Receipt(seq, at, is_new=False) for counter, seq, at in found}


def _advance(
    connection: sqlite3.Connection, board_no: int, seq: int, at: int, clients: Iterable[_Client]
) -> None:
    connection.execute("UPDATE boards SET seq = ?, updated_at = ? WHERE board_no = ?", (seq, at, board_no))
    connection.executemany(
        "UPDATE clients SET counter = ?, lamport = ? WHERE client_no = ?",
        [(client.counter, client.lamport, client.client_no) for client in clients],
    )


def move_bodies(connection: sqlite3.Connection, piece: Slice) -> bool:
    """Put a packed slice in the place of its ops' bodies; False when somebody else moved them meanwhile."""
    cursor = connection.execute(
        "UPDATE boards SET compacted = ? WHERE board_no = ? AND compacted = ? AND board IS NOT NULL",
        (piece.last, piece.board_no, piece.after),
    )
    if cursor.rowcount == 0:
        return False
    connection.execute(
        "INSERT INTO segments (board_no, last_seq, first_seq, body) VALUES (?, ?, ?, ?)",
        (piece.board_no, piece.last, piece.after + 1, piece.segment),
    )
    connection.execute(
        "UPDATE ops SET body = NULL WHERE board_no = ? AND seq > ? AND seq <= ?",
        (piece.board_no, piece.after, piece.last),
    )
    return True
