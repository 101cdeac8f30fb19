"""The Redis adapter: each board's log is a stream that several servers share (R30)."""

from whiteboard.storage.redis.adapter import open_redis
from whiteboard.storage.redis.archiver import ArchivePolicy

__all__ = ["ArchivePolicy", "open_redis"]
