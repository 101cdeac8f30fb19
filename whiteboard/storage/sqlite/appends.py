"""Appends to the op log, those of many boards at a time, inside the writer's transaction. Knows no Trio.

The writer's thread is the only one here that writes, so it knows where boards and their clients stand and need not ask
again for each append. It asks when it does not know, when another process has written, and after anything was undone.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from whiteboard import limits
from whiteboard.errors import ClaimConflict, StorageConflict
from whiteboard.ids import BoardId, ClientId, OpId
from whiteboard.storage import arguments
from whiteboard.storage.ports import Newest, NewOp, Receipt
from whiteboard.storage.sqlite.log_writes import create
from whiteboard.storage.sqlite.op_ids import OpIds
from whiteboard.storage.sqlite.rows import board_row, client_no, write_rows

_INSERT_OPS = "INSERT INTO ops (board_no, seq, client_no, counter, lamport, at, body) VALUES {rows}"
_UPDATE_BOARDS = """
    UPDATE boards SET seq = new.column2, updated_at = new.column3
    FROM (VALUES {rows}) AS new WHERE board_no = new.column1
"""
_UPDATE_CLIENTS = """
    UPDATE clients SET counter = new.column2, lamport = new.column3
    FROM (VALUES {rows}) AS new WHERE client_no = new.column1
"""


class Append(NamedTuple):
    """What `OpLog.append` was called with."""

    board: BoardId
    ops: Sequence[NewOp]
    epoch: str
    claims: Mapping[ClientId, bytes]
    known: int = 0
    newest: Newest | None = None


@dataclass(slots=True)
class _Client:
    """A client's row."""

    client_no: int
    key_hash: bytes
    counter: int
    lamport: int


@dataclass(slots=True)
class _Board:
    """A board's row, and those of its clients that have been asked for."""

    board_no: int
    epoch: str
    seq: int
    updated_at: int
    clients: dict[ClientId, _Client] = field(default_factory=dict)


class _Rows:
    """What a batch will write."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.ops: list[object] = []
        self.boards: dict[int, _Board] = {}
        self.clients: dict[int, _Client] = {}

    def write_ops(self) -> None:
        """Write the ops so far: whoever looks for stored ones finds them then."""
        write_rows(self._connection, _INSERT_OPS, 7, self.ops)
        self.ops = []

    def write(self) -> None:
        """Write all that is left."""
        self.write_ops()
        boards = [value for one in self.boards.values() for value in (one.board_no, one.seq, one.updated_at)]
        write_rows(self._connection, _UPDATE_BOARDS, 3, boards)
        clients = [
            value for one in self.clients.values() for value in (one.client_no, one.counter, one.lamport)
        ]
        write_rows(self._connection, _UPDATE_CLIENTS, 3, clients)


class Appends:
    """The step of `OpLog.append`, and what it knows of boards. A `Batch` of the writer; only in its thread."""

    def __init__(self) -> None:
        self._boards: dict[BoardId, _Board] = {}
        self._known = 0
        # boards and clients in there
        self._version: int | None = None

    def store(
        self, connection: sqlite3.Connection, requests: Sequence[Append]
    ) -> list[list[Receipt] | Exception]:
        """For each request its receipts; or a StorageConflict, and nothing of it is written."""
        self._look_for_others(connection)
        self._make_room()
        rows = _Rows(connection)
        outcomes: list[list[Receipt] | Exception] = []
        for request in requests:
            try:
                outcomes.append(self._append(connection, rows, request))
            except StorageConflict as conflict:
                outcomes.append(conflict)
        rows.write()
        return outcomes

    def forget(self) -> None:
        """Ask again about every board."""
        self._boards.clear()
        self._known = 0

    def forget_board(self, board: BoardId) -> None:
        """Ask again about this one: its row is changed by somebody else in this thread."""
        if found := self._boards.pop(board, None):
            self._known -= 1 + len(found.clients)

    # --- one append ---------------------------------------------------------------------------

    def _append(self, connection: sqlite3.Connection, rows: _Rows, request: Append) -> list[Receipt]:
        """Check everything, then number what is new."""
        board = self._board(connection, rows, request)
        clients = self._clients(connection, board, request)
        known = _stored(connection, rows, clients, request)
        found: list[Receipt] = []
        seq = board.seq
        for op in request.ops:
            if op.op_id in known:
                found.append(known[op.op_id])
                continue
            name, counter = op.op_id.client, op.op_id.counter
            client = clients[name]
            seq += 1
            rows.ops += (board.board_no, seq, client.client_no, counter, op.lamport, op.at, op.body)
            client.counter = max(client.counter, counter)
            client.lamport = max(client.lamport, op.lamport)
            known[op.op_id] = Receipt(seq, op.at, is_new=False)
            found.append(Receipt(seq, op.at, is_new=True))
            board.updated_at = op.at
            rows.clients[client.client_no] = client
        if seq > board.seq:
            board.seq = seq
            rows.boards[board.board_no] = board
        return found

    def _board(self, connection: sqlite3.Connection, rows: _Rows, request: Append) -> _Board:
        """The board, made when nobody has. Raises StorageConflict, and has made none then."""
        board = self._boards.get(request.board) or self._read_board(connection, request.board)
        arguments.check_reaches(request.board, board.seq if board else 0, request.known)
        if board is not None:
            arguments.check_epoch(request.board, board.epoch, request.epoch)
        if request.newest is not None:
            rows.write_ops()
            found = _receipt(connection, request.board, request.newest[0])
            arguments.check_newest(request.board, request.known, request.newest, found)
        if board is None:
            create(connection, request.board, request.ops[0].at, request.epoch)
            board = self._read_board(connection, request.board)
            assert board is not None
        return board

    def _read_board(self, connection: sqlite3.Connection, name: BoardId) -> _Board | None:
        row = board_row(connection, name)
        if row is None:
            return None
        board = self._boards[name] = _Board(row.board_no, row.epoch, row.seq, row.updated_at)
        self._known += 1
        return board

    def _clients(
        self, connection: sqlite3.Connection, board: _Board, request: Append
    ) -> Mapping[ClientId, _Client]:
        """The board's clients, with all of an append: checked against the claims, then made when new."""
        fresh = []
        for name in {op.op_id.client for op in request.ops}:
            client = board.clients.get(name) or self._read_client(connection, board, name)
            if client is None:
                fresh.append(name)
            elif client.key_hash != request.claims[name]:
                raise ClaimConflict(name)
        for name in fresh:
            _create_client(connection, board.board_no, name, request.claims[name])
            self._read_client(connection, board, name)
        return board.clients

    def _read_client(self, connection: sqlite3.Connection, board: _Board, name: ClientId) -> _Client | None:
        row = connection.execute(
            "SELECT client_no, key_hash, counter, lamport FROM clients WHERE board_no = ? AND client = ?",
            (board.board_no, name),
        ).fetchone()
        if row is None:
            return None
        client = board.clients[name] = _Client(*row)
        self._known += 1
        return client

    # --- what is known ------------------------------------------------------------------------

    def _look_for_others(self, connection: sqlite3.Connection) -> None:
        """What another process has committed since the last time is not known here."""
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self.forget()
            self._version = version

    def _make_room(self) -> None:
        """Who is needed is asked for again, so all may go at once."""
        if self._known >= limits.KNOWN_WRITERS:
            self.forget()


def _stored(
    connection: sqlite3.Connection, rows: _Rows, clients: Mapping[ClientId, _Client], request: Append
) -> dict[OpId, Receipt]:
    """Receipts of those ops that are stored. A counter above the client's highest is new without a look."""
    late: dict[ClientId, list[int]] = {}
    for op in request.ops:
        name, counter = op.op_id.client, op.op_id.counter
        if counter <= clients[name].counter:
            late.setdefault(name, []).append(counter)
    if not late:
        return {}
    rows.write_ops()
    board = board_row(connection, request.board)
    assert board is not None
    ids = OpIds(connection, board, [clients[name].client_no for name in late])
    return {
        OpId(name, counter): receipt
        for name, counters in late.items()
        for counter, receipt in ids.receipts(clients[name].client_no, counters).items()
    }


def _receipt(connection: sqlite3.Connection, name: BoardId, op_id: OpId) -> Receipt | None:
    """Of a stored op."""
    board = board_row(connection, name)
    number = client_no(connection, board.board_no, op_id.client) if board else None
    if board is None or number is None:
        return None
    return OpIds(connection, board, [number]).receipts(number, [op_id.counter]).get(op_id.counter)


def _create_client(connection: sqlite3.Connection, board_no: int, name: ClientId, key_hash: bytes) -> None:
    connection.execute(
        "INSERT INTO clients (board_no, client, key_hash, counter, lamport) VALUES (?, ?, ?, 0, 0)",
        (board_no, name, key_hash),
    )
