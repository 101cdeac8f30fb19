"""The PostgreSQL adapter: metadata and archives of servers that share boards (R31)."""

from whiteboard.storage.postgres.adapter import Postgres, open_postgres
from whiteboard.storage.postgres.archive import PostgresArchive

__all__ = ["Postgres", "PostgresArchive", "open_postgres"]
