"""Blobs in memory: the reference adapter. Knows no files."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import trio

from whiteboard import limits
from whiteboard.errors import StorageUnavailable
from whiteboard.storage.blobs import BlobInfo, Blobs, check_body, check_name, check_page


class _MemoryBlobs:
    def __init__(self, max_bytes: int) -> None:
        self._bodies: dict[str, bytes] = {}
        self._max_bytes = max_bytes
        self._total = 0
        self._is_closed = False

    async def put(self, name: str, body: bytes) -> None:
        check_name(name)
        check_body(body)
        await self._enter()
        total = self._total - len(self._bodies.get(name, b"")) + len(body)
        if total > self._max_bytes:
            raise StorageUnavailable(f"blobs in memory take at most {self._max_bytes} bytes, not {total}")
        self._bodies[name], self._total = bytes(body), total

    async def get(self, name: str) -> bytes | None:
        check_name(name)
        await self._enter()
        return self._bodies.get(name)

    async def size(self, name: str) -> int | None:
        body = await self.get(name)
        return None if body is None else len(body)

    async def page(self, prefix: str, limit: int, after: str | None = None) -> Sequence[BlobInfo]:
        check_page(limit)
        await self._enter()
        names = sorted(
            name for name in self._bodies if name.startswith(prefix) and (after is None or name > after)
        )
        return [BlobInfo(name, len(self._bodies[name])) for name in names[:limit]]

    async def delete(self, name: str) -> None:
        check_name(name)
        await self._enter()
        self._total -= len(self._bodies.pop(name, b""))

    async def probe(self) -> None:
        await self._enter()

    async def _enter(self) -> None:
        """Checkpoint, and refuse when closed."""
        await trio.lowlevel.checkpoint()
        if self._is_closed:
            raise StorageUnavailable("the blobs in memory are closed")

    def close(self) -> None:
        self._is_closed = True
        self._bodies.clear()


@asynccontextmanager
async def open_memory_blobs(max_bytes: int = limits.MAX_MEMORY_BLOB_BYTES) -> AsyncIterator[Blobs]:
    """Blobs that live as long as the block (R2: `--mode memory`); after it every call raises StorageUnavailable.

    Args:
        max_bytes: of all of them together; past it `put` raises StorageUnavailable.
    """
    blobs = _MemoryBlobs(max_bytes)
    try:
        yield blobs
    finally:
        blobs.close()
