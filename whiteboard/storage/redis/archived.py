"""Reading what has left Redis for the archive."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import trio

from whiteboard import limits
from whiteboard.errors import StorageUnavailable
from whiteboard.ids import BoardId
from whiteboard.storage.archive import Archive, Piece, PieceKind
from whiteboard.storage.blocking import run_blocking
from whiteboard.storage.ports import StoredOp
from whiteboard.storage.redis import pieces
from whiteboard.storage.redis.op_segments import unpack_segments
from whiteboard.storage.redis.standing import Standing

_Key = tuple[BoardId, str, str]


class ArchivedOps:
    """Ops by seq from segment pieces; the last few of them stay unpacked, since whoever reads one reads the next."""

    def __init__(self, archive: Archive, packing: trio.CapacityLimiter) -> None:
        self._archive = archive
        self._packing = packing
        self._unpacked: OrderedDict[_Key, list[StoredOp]] = OrderedDict()

    async def read(self, standing: Standing, after: int, limit: int) -> list[StoredOp]:
        """Ops with seq > `after`, at most `limit`, as far as one piece has them; empty when none does.

        Raises StorageUnavailable, StorageCorrupt.
        """
        for key, unpacked in self._unpacked.items():
            if key[:2] == (standing.board, standing.history) and _has(unpacked, after + 1):
                self._unpacked.move_to_end(key)
                return _slice(unpacked, after, limit)
        found = await self._archive.pieces(
            standing.board, standing.history, PieceKind.SEGMENT, from_last=after + 1, limit=1
        )
        if not found or found[0].first > after + 1:
            return []
        return _slice(await self._unpack(found[0]), after, limit)

    async def _unpack(self, piece: Piece) -> list[StoredOp]:
        content = pieces.decode_segment(piece, await self._archive.get(piece))
        unpacked = await run_blocking(self._packing, unpack_segments, content.segments)
        self._unpacked[piece.board, piece.epoch, piece.sha256] = unpacked
        while len(self._unpacked) > _KEPT:
            self._unpacked.popitem(last=False)
        return unpacked


def missing_archive(standing: Standing) -> StorageUnavailable:
    """What a server says that has been given no archive."""
    return StorageUnavailable(
        f"board {standing.board} is in an archive up to op {standing.archived}, and this server has none"
    )


def _has(unpacked: Sequence[StoredOp], seq: int) -> bool:
    return unpacked[0].seq <= seq <= unpacked[-1].seq


def _slice(unpacked: Sequence[StoredOp], after: int, limit: int) -> list[StoredOp]:
    start = after + 1 - unpacked[0].seq
    return list(unpacked[start : start + limit])


_KEPT: Final = limits.ARCHIVE_PIECES_KEPT
