"""The real server, killed at a fault point of its storage; run by `test_fault_points.py`.

Arguments: the data directory, the port, the fault point, which time of it. Everything is the
product's own composition; only the connection to SQLite passes by a bomb.
"""

import sqlite3
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import trio
from storage.sqlite.crash_child import Bomb, KilledConnection

from whiteboard import config, serve
from whiteboard.diagnostics import logs, tasks
from whiteboard.rooms import upkeep
from whiteboard.storage.archive import Archive
from whiteboard.storage.ports import Storage
from whiteboard.storage.sqlite import open_sqlite


def main(directory: str, port: str, point: str, nth: str) -> None:
    """Serve until killed."""
    bomb = Bomb(point, int(nth))
    bomb.is_armed = True
    # So that compaction begins within a test's patience.
    vars(upkeep).update(CHECKPOINT_MIN_OPS=40, COMPACT_SLICE_OPS=16)

    def connect(path: Path, **options: object) -> sqlite3.Connection:
        # the options are passed on as they came
        connection = sqlite3.connect(path, factory=KilledConnection, **options)  # type: ignore[call-overload]
        connection.bomb = bomb
        assert isinstance(connection, KilledConnection)
        return connection

    settings = config.load({"addr": f"127.0.0.1:{port}", "data": directory}, {})
    logs.configure(settings.log.format, settings.log.level)
    ages = tasks.TaskAges()

    def open_storage(_: Archive | None) -> AbstractAsyncContextManager[Storage]:
        return open_sqlite(Path(directory), connect=connect)

    trio.run(serve.serve, settings, open_storage, ages, instruments=[ages])


if __name__ == "__main__":
    main(*sys.argv[1:5])
