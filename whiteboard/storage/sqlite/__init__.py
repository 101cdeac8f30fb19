"""The adapter for one data directory: SQLite in WAL mode with group commit."""

from whiteboard.storage.sqlite.adapter import open_sqlite

__all__ = ["open_sqlite"]
