"""The op log on SQLite: which query or write each call is, and where it runs."""

import sqlite3
from collections.abc import Mapping, Sequence
from functools import partial

import trio

from whiteboard.ids import BoardId, ClientId, OpId
from whiteboard.storage import arguments, segments
from whiteboard.storage.blocking import run_blocking
from whiteboard.storage.ports import ClientRecord, Durability, Head, Newest, NewOp, Receipt, StoredOp
from whiteboard.storage.sqlite import log_reads, log_writes
from whiteboard.storage.sqlite.appends import Append, Appends
from whiteboard.storage.sqlite.readers import Readers
from whiteboard.storage.sqlite.writer import Writer, weigh
from whiteboard.storage.wakeups import Wakeups


class SqliteOpLog:
    """See `whiteboard.storage.ports.OpLog`."""

    def __init__(
        self,
        writer: Writer,
        appends: Appends,
        readers: Readers,
        packing: trio.CapacityLimiter,
        wakeups: Wakeups,
    ) -> None:
        self._writer = writer
        self._appends = appends
        self._readers = readers
        self._packing = packing
        self._wakeups = wakeups

    @property
    def durability(self) -> Durability:
        return Durability.DISK

    @property
    def is_shared(self) -> bool:
        return False

    async def head(self, board: BoardId) -> Head | None:
        return await self._readers.run(lambda connection: log_reads.head(connection, board))

    async def append(
        self,
        board: BoardId,
        ops: Sequence[NewOp],
        *,
        epoch: str,
        claims: Mapping[ClientId, bytes],
        known: int = 0,
        newest: Newest | None = None,
    ) -> list[Receipt]:
        arguments.check_append(ops, claims)
        request = Append(board, tuple(ops), epoch, dict(claims), known, newest)
        weight = weigh(len(ops), sum([len(op.body) for op in ops]))
        receipts: list[Receipt] = await self._writer.submit_request(request, weight=weight, rings=board)
        return receipts

    async def read(
        self, board: BoardId, after: int, limit: int, *, epoch: str | None = None
    ) -> list[StoredOp]:
        arguments.check_read(after, limit)
        return await self._readers.run(
            lambda connection: log_reads.read(connection, board, after, limit, epoch)
        )

    async def wait_beyond(self, board: BoardId, seq: int) -> int:
        with self._wakeups.listen(board) as listener:
            while True:
                head = await self.head(board)
                if head is not None and head.seq > seq:
                    return head.seq
                await listener.wait()

    async def find(self, board: BoardId, op_ids: Sequence[OpId]) -> dict[OpId, Receipt]:
        wanted = tuple(op_ids)
        return await self._readers.run(lambda connection: log_reads.find(connection, board, wanted))

    async def seen_by(self, board: BoardId, clock: Mapping[ClientId, int]) -> int:
        entries = dict(clock)
        return await self._readers.run(lambda connection: log_reads.seen_by(connection, board, entries))

    async def ranks_about(
        self, board: BoardId, op_ids: Sequence[OpId]
    ) -> dict[ClientId, list[tuple[int, int]]]:
        wanted = tuple(op_ids)
        return await self._readers.run(lambda connection: log_reads.ranks_about(connection, board, wanted))

    async def agree(self, board: BoardId, epoch: str) -> str:
        head = await self.head(board)
        return head.epoch if head else epoch

    async def renew(self, board: BoardId, epoch: str, fresh: str) -> bool:
        def change(connection: sqlite3.Connection) -> bool:
            self._appends.forget_board(board)
            return log_writes.renew(connection, board=board, epoch=epoch, fresh=fresh)

        return await self._writer.submit(change)

    async def client(self, board: BoardId, client: ClientId) -> ClientRecord | None:
        return await self._readers.run(lambda connection: log_reads.client(connection, board, client))

    async def compact(self, board: BoardId, up_to: int, limit: int, *, least: int = 1) -> int:
        """Packs on the read side, so that the commits wait only for the move."""
        arguments.check_limit(limit)
        find_bodies = partial(log_reads.bodies_to_pack, board=board, up_to=up_to, limit=limit, least=least)
        while (found := await self._readers.run(find_bodies)) is not None:
            segment = await run_blocking(self._packing, segments.pack, found.bodies)
            moved = len(found.bodies)
            piece = log_writes.Slice(found.board_no, found.after, found.after + moved, segment)
            if await self._writer.submit(partial(log_writes.move_bodies, piece=piece), weight=moved):
                return moved
        return 0
