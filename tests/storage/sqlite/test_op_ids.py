import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from whiteboard.ids import ClientId
from whiteboard.storage.ports import NewOp
from whiteboard.storage.sqlite import op_ids
from whiteboard.storage.sqlite.appends import Append, Appends
from whiteboard.storage.sqlite.connection import open_writer
from whiteboard.storage.sqlite.log_writes import Slice, move_bodies
from whiteboard.storage.sqlite.migrate import migrate, shipped
from whiteboard.storage.sqlite.op_ids import OpIds
from whiteboard.storage.sqlite.rows import board_row, client_no
from whiteboard.testing.storage_samples import ADA, AT, BOARD, BOB, EPOCH, OTHER, key, op, ops


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A writing connection to a new database."""
    opened = open_writer(sqlite3.connect, tmp_path / "boards")
    migrate(opened, shipped())
    yield opened
    opened.close()


def ids(connection: sqlite3.Connection, clients: list[ClientId]) -> tuple[OpIds, list[int]]:
    """The ids of some clients' ops, and the clients' numbers."""
    board = board_row(connection, BOARD)
    assert board is not None
    numbers = [client_no(connection, board.board_no, client) for client in clients]
    known = [number for number in numbers if number is not None]
    assert len(known) == len(clients)
    return OpIds(connection, board, known), known


@pytest.mark.parametrize("compacted", [0, 1, 23, 59, 60])
def test_ops_are_found_wherever_the_log_is_compacted_up_to(
    connection: sqlite3.Connection, compacted: int
) -> None:
    """What a walk over the log says of a client's ops, the index and the fresh ops say together."""
    seeded = random.Random(compacted)
    drawn = [(client, counter) for client in (ADA, BOB) for counter in seeded.sample(range(1, 60), 30)]
    seeded.shuffle(drawn)
    log = [op(client, counter, at=AT + n, lamport=100 + n) for n, (client, counter) in enumerate(drawn)]
    appends = Appends()
    for name, new in ((BOARD, log), (OTHER, ops(ADA, range(1, 99)))):
        appends.store(connection, [Append(name, new, EPOCH, {ADA: key(ADA), BOB: key(BOB)})])
    if compacted:
        assert move_bodies(connection, Slice(1, 0, compacted, b""))
    found, (ada, _) = ids(connection, [ADA, BOB])
    mine = {one.op_id.counter: (seq, one) for seq, one in enumerate(log, 1) if one.op_id.client == ADA}
    known = found.receipts(ada, range(61))
    assert {counter: (one.seq, one.at) for counter, one in known.items()} == {
        counter: (seq, one.at) for counter, (seq, one) in mine.items()
    }
    for top in range(61):
        below, above = [one for one in mine if one < top], [one for one in mine if one > top]
        covered = [one for one in mine if one <= top]
        assert found.seen(ada, top) == (mine[max(covered)][0] if covered else 0)
        about = [*([max(below)] if below else []), *([min(above)] if above else [])]
        assert found.ranks_about(ada, top) == [(one, mine[one][1].lamport) for one in about]


def test_an_op_that_is_there_twice_is_noticed(connection: sqlite3.Connection) -> None:
    """Should a duplicate ever be written, its compaction fails: an op id is stored once."""
    new = [NewOp(one.op_id, AT, 1, b"{}") for one in ops(ADA, [1, 2])]
    Appends().store(connection, [Append(BOARD, new, EPOCH, {ADA: key(ADA)})])
    connection.execute("UPDATE ops SET counter = 1")
    with pytest.raises(sqlite3.IntegrityError):
        move_bodies(connection, Slice(1, 0, 2, b""))


@pytest.mark.parametrize("query", [op_ids._UP_TO, op_ids._ABOVE, f"{op_ids._AMONG} IN (?)"])
def test_compacted_ops_are_found_by_the_index(connection: sqlite3.Connection, query: str) -> None:
    """However old a board is, a look costs a search in the index."""
    plan = connection.execute(f"EXPLAIN QUERY PLAN {query}", (1, 2)).fetchall()
    assert ["USING INDEX ops_by_id" in step[-1] for step in plan] == [True]


def test_fresh_ops_are_found_by_the_boards_range(connection: sqlite3.Connection) -> None:
    """A look through fresh ops reads one board's, from the first that is not compacted."""
    plan = connection.execute(f"EXPLAIN QUERY PLAN {op_ids._FRESH}", (1, 2, "[]")).fetchall()
    assert "SEARCH ops USING PRIMARY KEY (board_no=? AND seq>?)" in plan[0][-1]
