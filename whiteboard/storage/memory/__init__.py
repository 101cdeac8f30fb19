"""The memory adapter of the storage ports (R2: `--mode memory`); the reference for the others."""

from whiteboard.storage.memory.adapter import open_memory

__all__ = ["open_memory"]
