"""Checkpoints and tombstones on Redis. A checkpoint is stored packed, behind a checksum."""

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from typing import Final

import trio

from whiteboard import limits
from whiteboard.diagnostics import logs
from whiteboard.errors import StorageConflict
from whiteboard.ids import BoardId, ElementId
from whiteboard.storage.blocking import run_blocking
from whiteboard.storage.ports import Checkpoint
from whiteboard.storage.redis.cold import ColdBoards
from whiteboard.storage.redis.records import hexed
from whiteboard.storage.redis.server import Server

log = logs.get_logger()

_LEVEL: Final = 1
"""A checkpoint lives until the next one: the fastest level keeps most of the gain."""
_CHECKSUM_BYTES: Final = 32
LABEL_CHARS: Final = 16
"""Before a tombstone's state stands up to which seq it may have been taken."""


class RedisSnapshots:
    """See `whiteboard.storage.ports.Snapshots`."""

    def __init__(self, server: Server, packing: trio.CapacityLimiter, *, cold: ColdBoards) -> None:
        self._server = server
        self._packing = packing
        self._cold = cold

    async def load(self, board: BoardId) -> Checkpoint | None:
        key, client = self._server.keys.of(board).checkpoints, self._server.client
        bad: set[int] = set()
        while True:
            stored = set(map(int, await self._cold.ask(board, key, "HKEYS"))) - bad
            if not stored:
                return None
            seq = max(stored)
            packed = await self._cold.ask(board, key, "HGET", seq)
            if packed is None:
                continue  # another server has saved newer ones meanwhile
            body = await run_blocking(self._packing, unpack_checkpoint, packed)
            if body is not None:
                return Checkpoint(seq, body)
            log.error("checkpoint_damaged", board=board, seq=seq)
            bad.add(seq)
            # Out of the way, so that the next one at this seq is taken.
            await self._server.ask(client.hdel(key, [str(seq)]))

    async def save(
        self,
        board: BoardId,
        checkpoint: Checkpoint,
        tombstones: Mapping[ElementId, bytes],
        *,
        epoch: str,
        until: int | None = None,
    ) -> None:
        keys = self._server.keys.of(board)
        packed = await run_blocking(self._packing, _pack, checkpoint.body)
        last = hexed(checkpoint.seq if until is None else until)
        kept = [part for pair in tombstones.items() for part in pair]
        names = (keys.head, keys.checkpoints, keys.tombstones)
        answer = await self._cold.run(board, "save", names, epoch, checkpoint.seq, packed, last, *kept)
        if answer == [b"homeless"]:
            raise StorageConflict(f"board {board} has no history to which this checkpoint belongs")
        if answer == [b"behind"]:
            raise StorageConflict(f"another server may have saved newer states of board {board}")

    async def tombstones(self, board: BoardId, elements: Sequence[ElementId]) -> dict[ElementId, bytes]:
        keys = self._server.keys.of(board)
        found: dict[ElementId, bytes] = {}
        for start in range(0, len(elements), limits.MAX_COMMIT_OPS):
            some = elements[start : start + limits.MAX_COMMIT_OPS]
            states = await self._cold.ask(board, keys.tombstones, "HMGET", *some)
            pairs = zip(some, states, strict=True)
            found |= {one: state[LABEL_CHARS:] for one, state in pairs if state is not None}
        if not elements:
            await trio.lowlevel.checkpoint()
        return found

    async def has_tombstones(self, board: BoardId) -> bool:
        return bool(await self._cold.ask(board, self._server.keys.of(board).tombstones, "EXISTS"))


def _pack(body: bytes) -> bytes:
    packed = zlib.compress(body, _LEVEL)
    return hashlib.sha256(packed).digest() + packed


def unpack_checkpoint(stored: bytes) -> bytes | None:
    """The body, or None when it is not what was stored."""
    checksum, packed = stored[:_CHECKSUM_BYTES], stored[_CHECKSUM_BYTES:]
    return zlib.decompress(packed) if hashlib.sha256(packed).digest() == checksum else None
