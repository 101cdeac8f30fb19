import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from whiteboard import limits
from whiteboard.errors import ClaimConflict, StorageConflict
from whiteboard.storage.ports import NewOp, Receipt
from whiteboard.storage.sqlite import log_writes
from whiteboard.storage.sqlite.appends import Append, Appends
from whiteboard.storage.sqlite.connection import open_writer
from whiteboard.storage.sqlite.migrate import migrate, shipped
from whiteboard.testing.storage_samples import ADA, AT, BOARD, BOB, EPOCH, OTHER, key, op, ops

CLAIMS = {ADA: key(ADA), BOB: key(BOB)}


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A writing connection to a new database."""
    opened = open_writer(sqlite3.connect, tmp_path / "boards")
    migrate(opened, shipped())
    yield opened
    opened.close()


def request(new: list[NewOp], *, board: object = BOARD, epoch: str = EPOCH, claims: object = None) -> Append:
    """An append of these ops."""
    return Append(board, new, epoch, claims or CLAIMS)  # type: ignore[arg-type]  # ids are strings


def seqs(outcome: list[Receipt] | Exception) -> list[tuple[int, bool]]:
    """Seq and newness of each receipt."""
    assert isinstance(outcome, list)
    return [(one.seq, one.is_new) for one in outcome]


def kept(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    """Every board's seq and every client's counter, as they are in the database."""
    boards = connection.execute("SELECT board, seq, updated_at FROM boards ORDER BY board").fetchall()
    clients = connection.execute("SELECT client, counter, lamport FROM clients ORDER BY client_no").fetchall()
    return [*boards, *clients]


def test_many_boards_in_one_batch(connection: sqlite3.Connection) -> None:
    """Requests of several boards are stored together, each board numbered for itself, more than one statement has rows."""
    many = [op(BOB, n, at=AT + n, lamport=n) for n in range(1, 201)]
    outcomes = Appends().store(
        connection, [request(ops(ADA, [1, 2])), request(many, board=OTHER), request(ops(BOB, [7]))]
    )
    assert [seqs(one)[-1] for one in outcomes] == [(2, True), (200, True), (3, True)]
    assert connection.execute("SELECT count(*), sum(seq) FROM ops").fetchone() == (203, 20_106)
    assert kept(connection)[:2] == [("board", 3, AT), ("other", 200, AT + 200)]
    assert sorted(kept(connection)[2:], key=str) == [("ada", 2, 1), ("bob", 200, 200), ("bob", 7, 1)]


def test_a_repeat_of_an_op_in_the_same_batch(connection: sqlite3.Connection) -> None:
    """An op that an earlier request of the batch brought is a repeat, and a late one finds its place."""
    batch = [request(ops(ADA, [5])), request(ops(ADA, [5, 3, 6])), request(ops(ADA, [3]))]
    outcomes = Appends().store(connection, batch)
    assert [seqs(one) for one in outcomes] == [
        [(1, True)],
        [(1, False), (2, True), (3, True)],
        [(2, False)],
    ]


def test_a_conflict_leaves_the_others(connection: sqlite3.Connection) -> None:
    """A request that conflicts writes nothing, not even the board or the clients that it would have made."""
    known = Appends()
    known.store(connection, [request(ops(ADA, [1]))])
    outcomes = known.store(
        connection,
        [
            request([op(BOB, 1), op(ADA, 2)], claims={ADA: b"forged", BOB: key(BOB)}),
            request(ops(ADA, [2]), epoch="another"),
            Append(OTHER, ops(ADA, [1]), EPOCH, CLAIMS, known=1),
            request(ops(ADA, [2])),
        ],
    )
    assert [type(one) for one in outcomes] == [ClaimConflict, StorageConflict, StorageConflict, list]
    assert kept(connection) == [("board", 2, AT), ("ada", 2, 1)]


def test_what_was_undone_is_asked_for_again(connection: sqlite3.Connection) -> None:
    """After a rollback a batch goes on from what the database has."""
    known = Appends()
    known.store(connection, [request(ops(ADA, [1]))])
    connection.execute("BEGIN IMMEDIATE")
    known.store(connection, [request([*ops(ADA, [2, 3]), *ops(BOB, [1])])])
    connection.execute("ROLLBACK")
    known.forget()
    assert seqs(known.store(connection, [request([*ops(BOB, [1]), *ops(ADA, [3])])])[0]) == [
        (2, True),
        (3, True),
    ]


def test_another_process_has_written(connection: sqlite3.Connection, tmp_path: Path) -> None:
    """What somebody else has committed since is seen: seqs go on from there, and their ops are known."""
    known = Appends()
    known.store(connection, [request(ops(ADA, [1]))])
    other = open_writer(sqlite3.connect, tmp_path / "boards")
    try:
        Appends().store(other, [request([*ops(BOB, [1]), *ops(ADA, [2])])])
    finally:
        other.close()
    assert seqs(known.store(connection, [request(ops(ADA, [2, 3]))])[0]) == [(3, False), (4, True)]


def test_a_board_that_changes_hands_is_asked_for_again(connection: sqlite3.Connection) -> None:
    """A renewed epoch is in force once the board is forgotten, for its clients' ops too."""
    known = Appends()
    known.store(connection, [request(ops(ADA, [1]))])
    log_writes.renew(connection, board=BOARD, epoch=EPOCH, fresh="epoch-2")
    known.forget_board(BOARD)
    refused, stored = known.store(
        connection, [request(ops(ADA, [2])), request(ops(ADA, [2]), epoch="epoch-2")]
    )
    assert isinstance(refused, StorageConflict)
    assert seqs(stored) == [(2, True)]


def test_what_is_known_is_bounded(connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past KNOWN_WRITERS everything is forgotten between two batches, and asked for again."""
    monkeypatch.setattr(limits, "KNOWN_WRITERS", 4)
    known = Appends()
    for number in range(20):
        board = f"board-{number % 7}"
        outcome = known.store(connection, [request(ops(ADA, [number + 1]), board=board)])[0]
        assert seqs(outcome) == [(number // 7 + 1, True)]
        assert len(known._boards) <= 3
