"""A process that writes until it is killed at a fault point; run by `test_crash.py`.

Arguments: the data directory, the fault point, which time of it. Prints a line of JSON for each
receipt, as soon as it has it: what it printed, a server would have acked.
"""

import json
import os
import random
import signal
import sqlite3
import sys
from pathlib import Path

import trio
from storage.sqlite.faults import HookedConnection

from whiteboard.errors import StorageConflict
from whiteboard.ids import BoardId, ClientId, ElementId
from whiteboard.storage.ports import Checkpoint, Storage
from whiteboard.storage.sqlite import open_sqlite
from whiteboard.testing.storage_samples import EPOCH, append, ops

CLIENTS = [ClientId(f"c{n}") for n in range(6)]
BOARDS = [BoardId("one"), BoardId("two")]
APPENDS = 150
"""Appends of each client: enough for every fault point to be met."""


class Bomb:
    """Kills this process at the nth time that a fault point is met.

    Fault points: `before X` and `after X`, where X is the beginning of a statement; `any` statement.
    """

    def __init__(self, point: str, nth: int) -> None:
        self._when, _, self._what = point.partition(" ")
        self._left = nth
        self.is_armed = False

    def pass_by(self, when: str, sql: str) -> None:
        is_met = self._when in {when, "any"} and sql.startswith(self._what)
        if self.is_armed and is_met:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class KilledConnection(HookedConnection):
    """Passes by the bomb before and after each statement."""

    bomb: Bomb

    def execute(self, sql: str, parameters: object = (), /) -> sqlite3.Cursor:
        self.bomb.pass_by("before", sql.strip())
        cursor = sqlite3.Connection.execute(self, sql, parameters)  # type: ignore[arg-type]
        self.bomb.pass_by("after", sql.strip())
        return cursor

    def executemany(self, sql: str, parameters: object, /) -> sqlite3.Cursor:
        self.bomb.pass_by("before", sql.strip())
        cursor = sqlite3.Connection.executemany(self, sql, parameters)  # type: ignore[arg-type]
        self.bomb.pass_by("after", sql.strip())
        return cursor


async def draw(storage: Storage, client: ClientId) -> None:
    """Append to both boards, one to four ops at a time, and print each receipt."""
    seeded = random.Random(client)
    counter = 0
    for _ in range(APPENDS):
        board = seeded.choice(BOARDS)
        new = ops(client, range(counter + 1, counter + 1 + seeded.randint(1, 4)))
        counter += len(new)
        for it, receipt in zip(new, await append(storage.op_log, board, new), strict=True):
            line = json.dumps([board, client, it.op_id.counter, receipt.seq])
            os.write(1, f"{line}\n".encode())  # at once: what a kill keeps back was not acked


async def tidy(storage: Storage, board: BoardId) -> None:
    """Compact and checkpoint without a pause."""
    done = 0
    while True:
        done += await storage.op_log.compact(board, 10**6, 5)
        if done:
            gone = {ElementId(f"e{done}"): b"gone"}
            try:
                await storage.snapshots.save(board, Checkpoint(done, b"at %d" % done), gone, epoch=EPOCH)
            except StorageConflict as error:
                raise AssertionError("a checkpoint beyond the log") from error
        await trio.lowlevel.checkpoint()


async def main(directory: Path, bomb: Bomb) -> None:
    """Write until killed."""

    def connect(path: Path, **options: object) -> sqlite3.Connection:
        # the options are passed on as they came
        connection = sqlite3.connect(path, factory=KilledConnection, **options)  # type: ignore[call-overload]
        connection.bomb = bomb
        assert isinstance(connection, KilledConnection)
        return connection

    async with open_sqlite(directory, connect=connect) as storage, trio.open_nursery() as tidying:
        bomb.is_armed = True
        for board in BOARDS:
            tidying.start_soon(tidy, storage, board)
        async with trio.open_nursery() as drawing:
            for client in CLIENTS:
                drawing.start_soon(draw, storage, client)
        tidying.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), Bomb(sys.argv[2], int(sys.argv[3])))
