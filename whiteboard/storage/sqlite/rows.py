"""Rows that several statements share, and lists too long for one statement. Knows no Trio."""

import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from whiteboard import limits
from whiteboard.ids import BoardId, ClientId

_ROW_COUNTS: Final = (64, 16, 4, 1)
"""Rows in one statement, the most first; SQL_VARIABLES bounds them."""


class BoardRow(NamedTuple):
    """A board that is there."""

    board_no: int
    epoch: str
    seq: int
    compacted: int
    updated_at: int


def board_row(connection: sqlite3.Connection, board: BoardId) -> BoardRow | None:
    """The board's row, or None when nobody has created it."""
    row = connection.execute(
        "SELECT board_no, epoch, seq, compacted, updated_at FROM boards WHERE board = ?", (board,)
    ).fetchone()
    return BoardRow(*row) if row else None


def client_no(connection: sqlite3.Connection, board_no: int, client: ClientId) -> int | None:
    """The number of a client that has a record on the board."""
    row = connection.execute(
        "SELECT client_no FROM clients WHERE board_no = ? AND client = ?", (board_no, client)
    ).fetchone()
    return int(row[0]) if row else None


def select_in(
    connection: sqlite3.Connection, select: str, first: int, values: Sequence[object]
) -> Iterator[tuple[Any, ...]]:
    """Rows of `<select> IN (values)`, in as many statements as the values need.

    Args:
        select: a constant of ours that ends in a column's name; its one parameter is `first`.
    """
    for start in range(0, len(values), limits.SQL_VARIABLES):
        chunk = values[start : start + limits.SQL_VARIABLES]
        marks = ",".join("?" * len(chunk))
        yield from connection.execute(f"{select} IN ({marks})", (first, *chunk))


def write_rows(connection: sqlite3.Connection, statement: str, width: int, values: Sequence[object]) -> None:
    """Run a statement on rows of so many values each, many rows at a time.

    `executemany` would cost a turn of Python's lock for each row; and a few sizes are few statements to prepare.

    Args:
        statement: a constant of ours, with `{rows}` where VALUES has its rows.
        values: of all rows, one after the other.
    """
    start = 0
    for count in _ROW_COUNTS:
        size = count * width
        text = _with_rows(statement, count, width)
        while len(values) - start >= size:
            connection.execute(text, values[start : start + size])
            start += size


@cache  # of a few constants, in as many sizes
def _with_rows(statement: str, count: int, width: int) -> str:
    row = f"({','.join('?' * width)})"
    return statement.format(rows=",".join([row] * count))
