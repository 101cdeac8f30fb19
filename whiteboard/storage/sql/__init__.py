"""Metadata in SQL that SQLite and PostgreSQL read alike: the same tables, the same statements.

Statements name their values `:name`. What differs between the two is behind `door`: connections, threads, types of
columns (each has migrations of its own), and `now_ms()`, the clock of the place.
"""

from whiteboard.storage.sql.metadata import SqlMetadata

__all__ = ["SqlMetadata"]
