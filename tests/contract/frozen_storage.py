"""A storage on Redis whose boards are sent to the archive before every question."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any

import trio

from whiteboard.ids import BoardId
from whiteboard.storage.archive import Archive
from whiteboard.storage.ports import Boards, Bus, OpLog, Snapshots, Storage
from whiteboard.storage.redis import ArchivePolicy, open_redis
from whiteboard.storage.redis.archiver import Archiver
from whiteboard.storage.redis.lost import LostBoards
from whiteboard.storage.redis.server import Server, open_server

AT_ONCE = ArchivePolicy(every=3600, cold_after=0, age=0, checkpoint_every=0)
"""Whatever may go to the archive goes."""


class Freezing:
    """A port, each of whose calls finds its board cold if it can be."""

    def __init__(self, port: Any, freeze: Callable[[BoardId], Any]) -> None:
        self._port = port
        self._freeze = freeze

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if not callable(method) or name in {"page", "wait_beyond", "listen", "tell"}:
            return method

        @wraps(method)
        async def call(board: BoardId, *rest: Any, **named: Any) -> Any:
            await self._freeze(board)
            return await method(board, *rest, **named)

        return call


class FreezingStorage:
    """See `Storage`."""

    def __init__(self, storage: Storage, archiver: Archiver) -> None:
        self._storage = storage
        self._archiver = archiver
        self.is_open = True

    @property
    def op_log(self) -> OpLog:
        freezing: OpLog = self._freezing(self._storage.op_log)
        return freezing

    @property
    def snapshots(self) -> Snapshots:
        freezing: Snapshots = self._freezing(self._storage.snapshots)
        return freezing

    @property
    def boards(self) -> Boards:
        freezing: Boards = self._freezing(self._storage.boards)
        return freezing

    @property
    def bus(self) -> Bus | None:
        return self._storage.bus

    async def probe(self) -> None:
        await self._storage.probe()

    def _freezing(self, port: Any) -> Any:
        return Freezing(port, self._freeze)

    async def _freeze(self, board: BoardId) -> None:
        if self.is_open:
            await self._archiver.look_after(board)


@asynccontextmanager
async def open_freezing(url: str, prefix: str, archive: Archive) -> AsyncIterator[FreezingStorage]:
    """Such a storage."""
    async with open_redis(url, prefix=prefix, archive=archive, policy=AT_ONCE) as storage:
        async with open_archiver(url, prefix, archive, storage) as (archiver, _):
            freezing = FreezingStorage(storage, archiver)
            try:
                yield freezing
            finally:
                freezing.is_open = False


@asynccontextmanager
async def open_archiver(
    url: str, prefix: str, archive: Archive, storage: Storage, policy: ArchivePolicy = AT_ONCE
) -> AsyncIterator[tuple[Archiver, Server]]:
    """An archiver that does nothing by itself, and its way to Redis."""
    async with open_server(url, None, prefix) as server:
        lost, packing = LostBoards(server, archive), trio.CapacityLimiter(1)
        yield Archiver(server, storage.op_log, archive, lost, policy=policy, packing=packing), server
