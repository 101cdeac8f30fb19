"""The writes of the op log but for appends: what they do inside the writer's transaction. Knows no Trio."""

import sqlite3
from typing import NamedTuple

from whiteboard.ids import BoardId


class Slice(NamedTuple):
    """Consecutive ops whose bodies are packed and ready to be moved."""

    board_no: int
    after: int
    last: int
    segment: bytes


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


def move_bodies(connection: sqlite3.Connection, piece: Slice) -> bool:
    """Put a packed slice in the place of its ops' bodies, which puts their ids into the index; False when somebody else moved them meanwhile."""
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
