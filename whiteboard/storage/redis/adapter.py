"""Opens a Redis storage and closes it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from whiteboard.storage.archive import Archive
from whiteboard.storage.ports import Boards, Bus, OpLog, Snapshots, Storage
from whiteboard.storage.redis.archiver import ArchivePolicy, Archiver
from whiteboard.storage.redis.boards import RedisBoards
from whiteboard.storage.redis.bus import RedisBus
from whiteboard.storage.redis.cold import ColdBoards
from whiteboard.storage.redis.inspection import Inspector
from whiteboard.storage.redis.lost import LostBoards
from whiteboard.storage.redis.op_log import RedisOpLog
from whiteboard.storage.redis.server import Server, open_server
from whiteboard.storage.redis.snapshots import RedisSnapshots
from whiteboard.storage.redis.tailer import Tailer


class _RedisStorage:
    def __init__(self, server: Server, tailer: Tailer, bus: RedisBus, archive: Archive | None) -> None:
        self.packing = trio.CapacityLimiter(1)
        self.lost = LostBoards(server, archive)
        self._server = server
        self._bus = bus
        cold = ColdBoards(server, archive, self.packing)
        self._op_log = RedisOpLog(server, tailer, self.packing, cold=cold, lost=self.lost, archive=archive)
        self._snapshots = RedisSnapshots(server, self.packing, cold=cold)
        self._boards = RedisBoards(server, lost=self.lost)

    @property
    def op_log(self) -> OpLog:
        return self._op_log

    @property
    def snapshots(self) -> Snapshots:
        return self._snapshots

    @property
    def boards(self) -> Boards:
        return self._boards

    @property
    def bus(self) -> Bus | None:
        return self._bus

    async def probe(self) -> None:
        await self._server.probe()


@asynccontextmanager
async def open_redis(
    url: str,
    *,
    password: str | None = None,
    prefix: str = "whiteboard",
    archive: Archive | None = None,
    policy: ArchivePolicy | None = None,
) -> AsyncIterator[Storage]:
    """A storage on Redis of version 7 or later, one server or a cluster (R30: `--mode redis`), shared by all who open it so.

    Its receipts are worth `Durability.STREAM`: what Redis keeps, and for how long, is its configuration's
    doing. A server that is away makes every call raise StorageUnavailable until it is back; opening does not
    wait for it. After the block every call raises StorageUnavailable.

    Args:
        url: `redis://HOST:PORT/DB`, `rediss://` for TLS, or `unix:///path`; of a Redis Cluster one node, or several
            as `redis://HOST:PORT,HOST:PORT/0`.
        password: of the server's default user.
        prefix: of every key.
        archive: where old ops and cold boards go; without one, Redis keeps everything.
        policy: when they go.
    """
    async with open_server(url, password, prefix) as server, trio.open_nursery() as nursery:
        tailer = Tailer(server)
        nursery.start_soon(tailer.run, name="redis: tail")
        nursery.start_soon(Inspector(server.nodes).run, name="redis: inspection")
        storage = _RedisStorage(server, tailer, RedisBus(server), archive)
        if archive is not None:
            archiver = Archiver(
                server,
                storage.op_log,
                archive,
                storage.lost,
                policy=policy or ArchivePolicy(),
                packing=storage.packing,
            )
            nursery.start_soon(archiver.run, name="redis: archive")
        try:
            yield storage
        finally:
            server.is_closed = True
            tailer.close()
            nursery.cancel_scope.cancel()
