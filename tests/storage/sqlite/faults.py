"""Connections that fail or stop where a test wants it: handed to `open_sqlite` as `connect`."""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Hook = Callable[[sqlite3.Connection, str], None]


class HookedConnection(sqlite3.Connection):
    """Calls a hook before each statement."""

    hook: Hook

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        self.hook(self, sql.strip())
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        self.hook(self, sql.strip())
        return super().executemany(sql, parameters)


def connecting(hook: Hook, **overrides: Any) -> Callable[..., sqlite3.Connection]:
    """A `connect` whose connections call the hook; overrides replace what the adapter asks for."""

    def connect(path: Path, **options: Any) -> sqlite3.Connection:
        connection = sqlite3.connect(path, factory=HookedConnection, **{**options, **overrides})
        connection.hook = hook
        return connection

    return connect


class Gate:
    """Holds up the COMMITs of the writer while it is shut; counts those that were asked for."""

    def __init__(self) -> None:
        self.commits = 0
        self.arrived = threading.Event()
        self._open = threading.Event()
        self._open.set()

    def __call__(self, connection: sqlite3.Connection, sql: str) -> None:
        if sql == "COMMIT":
            self.commits += 1
            self.arrived.set()
            self._open.wait()

    def shut(self) -> None:
        self.arrived.clear()
        self._open.clear()

    def open(self) -> None:
        self._open.set()


class WriterSwitch:
    """Runs statements on the writing connection, before its next transaction or before a later one."""

    def __init__(self) -> None:
        self._next: Sequence[str] = ()

    def __call__(self, connection: sqlite3.Connection, sql: str) -> None:
        if sql == "BEGIN IMMEDIATE" and self._next:
            statements, self._next = self._next, ()
            for statement in statements:
                sqlite3.Connection.execute(connection, statement).fetchall()

    def run(self, *statements: str) -> None:
        self._next = statements
