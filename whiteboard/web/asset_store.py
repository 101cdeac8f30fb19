"""A board's pictures among the blobs: names, the bound on their number, forgetting. Knows no HTTP.

Each board has its own (adr/2026-11-27-assets-per-board.md): the name has the board and the hash of the bytes, so the same
picture twice on a board is one blob, on two boards two, and forgetting a board takes nothing from another.
"""

import hashlib
import re
from typing import Final

import trio

from whiteboard import limits
from whiteboard.errors import StorageCorrupt
from whiteboard.ids import BoardId
from whiteboard.storage.blobs import Blobs
from whiteboard.storage.blocking import run_blocking

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def is_digest(text: str) -> bool:
    """Whether a text can name an asset: SHA-256 in 64 small hex digits."""
    return _DIGEST.fullmatch(text) is not None


class AssetStore:
    """Pictures by board and by the SHA-256 of their bytes. All methods may raise StorageUnavailable."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._hashing = trio.CapacityLimiter(1)

    async def digest(self, body: bytes) -> str:
        """What names an asset with these bytes."""
        return await run_blocking(self._hashing, _digest, body)

    async def has(self, board: BoardId, digest: str) -> bool:
        """Whether the board has it."""
        return await self._blobs.size(_name(board, digest)) is not None

    async def is_full(self, board: BoardId) -> bool:
        """Whether the board has as many as it may. One or two more can slip in when people upload at once."""
        found = await self._blobs.page(_names(board), limits.MAX_ASSETS_PER_BOARD)
        return len(found) >= limits.MAX_ASSETS_PER_BOARD

    async def put(self, board: BoardId, digest: str, body: bytes) -> None:
        """Keep it."""
        await self._blobs.put(_name(board, digest), body)

    async def get(self, board: BoardId, digest: str) -> bytes | None:
        """Its bytes; None when the board has none of that name. Raises StorageCorrupt for others than were put."""
        body = await self._blobs.get(_name(board, digest))
        if body is not None and await self.digest(body) != digest:
            raise StorageCorrupt(f"asset {digest} of board {board} has other bytes than it was stored with")
        return body

    async def delete(self, board: BoardId, digest: str) -> None:
        """Forget one."""
        await self._blobs.delete(_name(board, digest))

    async def forget(self, board: BoardId) -> bool:
        """Forget all of a board's; whether there was any. Can be repeated when it breaks off."""
        was_any = False
        while found := await self._blobs.page(_names(board), limits.MAX_BLOB_PAGE):
            was_any = True
            for info in found:
                await self._blobs.delete(info.name)
        return was_any


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _names(board: BoardId) -> str:
    return f"assets/{board}/"


def _name(board: BoardId, digest: str) -> str:
    return _names(board) + digest
