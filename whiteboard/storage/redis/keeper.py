"""Copies a board's newest checkpoint and the tombstones that belong to it into the archive (R31)."""

from collections.abc import Iterator
from dataclasses import dataclass

import trio

from whiteboard import limits
from whiteboard.diagnostics import logs
from whiteboard.ids import BoardId
from whiteboard.storage.archive import Archive, Piece, PieceKind
from whiteboard.storage.blocking import run_blocking
from whiteboard.storage.redis import pieces
from whiteboard.storage.redis.pieces import AnyPiece, CheckpointPiece, TombstonesPiece
from whiteboard.storage.redis.server import Server
from whiteboard.storage.redis.snapshots import LABEL_CHARS, unpack_checkpoint
from whiteboard.storage.redis.standing import Standing

log = logs.get_logger()


@dataclass(frozen=True, slots=True)
class Kept:
    """The archive has the newest checkpoint of a board."""

    seq: int
    """Of that checkpoint; 0 for a board that has none."""


class CheckpointKeeper:
    """A checkpoint's pieces of tombstones go first, itself last: one that is there is whole."""

    def __init__(self, server: Server, archive: Archive, packing: trio.CapacityLimiter) -> None:
        self._server = server
        self._archive = archive
        self._packing = packing

    async def keep(self, standing: Standing) -> Kept | None:
        """Have the newest checkpoint in the archive; None when it cannot be there yet.

        It cannot when a server saves a newer one meanwhile, when it is damaged, or when it or a tombstone may stand on
        ops that are not archived: what comes back from the archive would then be ahead of its log.
        """
        seq = await self._newest(standing.board)
        # Looked at first: on most boards it is so in every round until they go cold.
        if seq is None or seq > standing.archived:
            return None
        known = await self._archive.newest(standing.board, standing.history, PieceKind.CHECKPOINT)
        if known is not None and known.last > seq:
            if not await self._drop_lost(standing, seq):
                return None
        elif known is not None and known.last == seq:
            return Kept(seq)
        if seq == 0:
            return Kept(0)
        keys = self._server.keys.of(standing.board)
        states = await self._tombstones(keys.tombstones)
        if any(int(state[:LABEL_CHARS], 16) > standing.archived for state in states.values()):
            return None
        packed = await self._server.ask(self._server.client.hget(keys.checkpoints, str(seq)))
        if packed is None or await self._newest(standing.board) != seq:
            return None
        if await run_blocking(self._packing, unpack_checkpoint, packed) is None:
            log.error("checkpoint_damaged", board=standing.board, seq=seq)
            return None
        await self._put(standing, seq, packed, states)
        return Kept(seq)

    async def _newest(self, board: BoardId) -> int | None:
        """Seq of the newest checkpoint in Redis, 0 when there is none; None when the board is cold by now."""
        keys = self._server.keys.of(board)
        answer = await self._server.run("when_warm", (keys.head, keys.checkpoints), "HKEYS")
        return max(map(int, answer[1]), default=0) if answer[0] == b"warm" else None

    async def _tombstones(self, key: str) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        cursor: int = 0
        while True:
            cursor, some = await self._server.ask(
                self._server.client.hscan(key, cursor=cursor, count=limits.SLICE)
            )
            found |= {_text(element): state for element, state in some.items()}
            if cursor == 0:
                return found

    async def _put(self, standing: Standing, seq: int, packed: bytes, states: dict[str, bytes]) -> None:
        parts = 0
        for part in _parts(states):
            parts += 1
            await self._store(standing, PieceKind.TOMBSTONES, TombstonesPiece(part), parts, seq)
        await self._store(standing, PieceKind.CHECKPOINT, CheckpointPiece(packed, parts), 0, seq)
        await self._drop_older(standing)

    async def _store(
        self, standing: Standing, kind: PieceKind, content: AnyPiece, first: int, last: int
    ) -> None:
        piece, body = await run_blocking(self._packing, pieces.finish, standing, kind, content, first, last)
        await self._archive.put(piece, body)

    async def _drop_lost(self, standing: Standing, seq: int) -> bool:
        """Drop checkpoints that Redis, which had them once, has not: it has lost their ops, or they are damaged.

        False, and nothing is dropped, when somebody else has saved newer ones than `seq` by now.
        """
        ahead = [one for one in await self._all(standing, PieceKind.CHECKPOINT) if one.last > seq]
        if await self._newest(standing.board) != seq:
            return False
        for piece in ahead:
            await self._archive.delete(piece)
        return True

    async def _drop_older(self, standing: Standing) -> None:
        """Keep the newest checkpoint and the one before, and no tombstones of older ones.

        Tombstones behind the newest one stay: another server may be about to store the checkpoint that they belong to.
        """
        checkpoints = await self._all(standing, PieceKind.CHECKPOINT)
        kept = {one.last for one in checkpoints[-2:]}
        tombstones = await self._all(standing, PieceKind.TOMBSTONES)
        for piece in (*checkpoints, *tombstones):
            if piece.last not in kept and piece.last < max(kept, default=0):
                await self._archive.delete(piece)

    async def _all(self, standing: Standing, kind: PieceKind) -> list[Piece]:
        return list(
            await self._archive.pieces(standing.board, standing.history, kind, limit=limits.MAX_BLOB_PAGE)
        )


def _parts(states: dict[str, bytes]) -> Iterator[list[tuple[str, bytes]]]:
    """States in order of their elements, so many together as a piece may hold."""
    part: list[tuple[str, bytes]] = []
    size = 0
    for element in sorted(states):
        part.append((element, states[element]))
        size += len(states[element])
        if size >= limits.ARCHIVE_TOMBSTONES_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _text(element: str | bytes) -> str:
    return element.decode() if isinstance(element, bytes) else element
