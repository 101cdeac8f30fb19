"""The adapter for one data directory: SQLite in WAL mode with group commit."""

from whiteboard.storage.sqlite.adapter import hold_directory, open_sqlite

__all__ = ["hold_directory", "open_sqlite"]
