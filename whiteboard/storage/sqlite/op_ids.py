"""A client's ops by their counters: compacted ones in the index, a board's fresh ones by a look through them.

Rooms keep fresh ops few (`whiteboard/rooms/upkeep.py`): a look takes a millisecond at most, and only what comes
late or again needs one. Knows no Trio.
"""

import json
import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final, NamedTuple

from whiteboard.storage.ports import Receipt
from whiteboard.storage.sqlite.rows import BoardRow, select_in

_COUNTER: Final = attrgetter("counter")

_FRESH: Final = """
    SELECT client_no, counter, seq, at, lamport FROM ops
    WHERE board_no = ? AND seq > ? AND client_no IN (SELECT value FROM json_each(?)) ORDER BY counter
"""
_AMONG: Final = "SELECT counter, seq, at FROM ops WHERE body IS NULL AND client_no = ? AND counter"
_UP_TO: Final = """
    SELECT counter, seq, at, lamport FROM ops WHERE body IS NULL AND client_no = ? AND counter <= ?
    ORDER BY counter DESC LIMIT 1
"""
_ABOVE: Final = """
    SELECT counter, seq, at, lamport FROM ops WHERE body IS NULL AND client_no = ? AND counter > ?
    ORDER BY counter LIMIT 1
"""


class _Op(NamedTuple):
    counter: int
    seq: int
    at: int
    lamport: int


class OpIds:
    """The ops of some clients of one board, as one transaction sees them."""

    def __init__(self, connection: sqlite3.Connection, board: BoardRow, clients: Iterable[int]) -> None:
        self._connection = connection
        self._fresh: dict[int, list[_Op]] = {}
        wanted = json.dumps(list(clients))
        for client, *rest in connection.execute(_FRESH, (board.board_no, board.compacted, wanted)):
            self._fresh.setdefault(client, []).append(_Op(*rest))

    def receipts(self, client: int, counters: Sequence[int]) -> dict[int, Receipt]:
        """Counter -> receipt, for those of a client's counters that are stored."""
        found = {
            counter: Receipt(seq, at, is_new=False)
            for counter, seq, at in select_in(self._connection, _AMONG, client, counters)
        }
        wanted = set(counters)
        for op in self._fresh.get(client, ()):
            if op.counter in wanted:
                found[op.counter] = Receipt(op.seq, op.at, is_new=False)
        return found

    def seen(self, client: int, counter: int) -> int:
        """Seq of a client's op with the highest counter up to this one; 0 when there is none."""
        found = self._up_to(client, counter)
        return found.seq if found else 0

    def ranks_about(self, client: int, counter: int) -> list[tuple[int, int]]:
        """Counter and lamport of the ops next below and next above one."""
        about = (self._up_to(client, counter - 1), self._above(client, counter))
        return [(op.counter, op.lamport) for op in about if op is not None]

    def _up_to(self, client: int, counter: int) -> _Op | None:
        fresh = self._fresh.get(client, [])
        end = bisect_right(fresh, counter, key=_COUNTER)
        found = [*fresh[max(end - 1, 0) : end], *self._compacted(_UP_TO, client, counter)]
        return max(found, default=None)

    def _above(self, client: int, counter: int) -> _Op | None:
        fresh = self._fresh.get(client, [])
        start = bisect_left(fresh, counter + 1, key=_COUNTER)
        found = [*fresh[start : start + 1], *self._compacted(_ABOVE, client, counter)]
        return min(found, default=None)

    def _compacted(self, query: str, client: int, counter: int) -> list[_Op]:
        return [_Op(*row) for row in self._connection.execute(query, (client, counter))]
