"""`/api/boards/{board}/assets`: pictures go in as they are and come out as what they are.

Nothing that an upload says of itself counts: its type and size are read off its first bytes (`pictures`), its name
is the hash of all of them. Answers are never run by a browser: no sniffing, in a sandbox, four types only.
"""

from typing import Any, Final

import trio
from starlette.requests import Request
from starlette.responses import Response

from whiteboard import limits, timeouts
from whiteboard.diagnostics import logs
from whiteboard.ids import BoardId
from whiteboard.web.access import require_admission, require_own_page
from whiteboard.web.answers import Refused, json_answer
from whiteboard.web.asset_store import AssetStore, is_digest
from whiteboard.web.bodies import read_body
from whiteboard.web.conditions import has_it
from whiteboard.web.named import board_named, no_such_board
from whiteboard.web.pictures import Picture, look_at
from whiteboard.web.placed import PlacedAnswer, take_place
from whiteboard.web.services import WebServices

log = logs.get_logger()

_HEADERS: Final = {
    # Private: the address has the board's, which is its key. For ever: it has the hash of the bytes.
    "cache-control": "private, max-age=31536000, immutable",
    "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "accept-ranges": "none",
}


class AssetsApi:
    """Routes below `/api/boards/{board}/assets`."""

    def __init__(self, services: WebServices) -> None:
        self._services = services
        self._base = services.settings.base_path
        self._store = None if services.blobs is None else AssetStore(services.blobs)
        self._uploads = trio.Semaphore(limits.MAX_UPLOADS)
        self._answers = trio.Semaphore(limits.MAX_ASSET_ANSWERS)

    async def upload(self, request: Request) -> Response:
        """POST the bytes of a picture: `{"asset","type","size","width","height"}`; 201, or 200 when the board has it.

        Creates the board when nobody has, as the first op would.
        """
        require_own_page(request, self._services.trust)
        board, store = board_named(request), self._required()
        await require_admission(request, self._services, board, to_change=True)
        await take_place(
            self._uploads, timeouts.ASSET_PLACE, f"{limits.MAX_UPLOADS} pictures are coming in already"
        )
        try:
            body = await read_body(request, limits.MAX_ASSET_BYTES, timeouts.ASSET_BODY)
            picture = _checked(body)
            digest = await store.digest(body)
            is_new = await self._keep(store, board, digest, body)
        finally:
            self._uploads.release()
        told: dict[str, Any] = {
            "asset": digest,
            "type": picture.media_type,
            "size": len(body),
            "width": picture.width,
            "height": picture.height,
        }
        headers = {"location": f"{self._base}/api/boards/{board}/assets/{digest}"}
        return json_answer(told, 201 if is_new else 200, headers)

    async def show(self, request: Request) -> Response:
        """GET a picture's bytes, to be kept for ever; 304 when the asker has them."""
        board, store, digest = board_named(request), self._required(), request.path_params["asset"]
        await require_admission(request, self._services, board)
        if not is_digest(digest):
            raise await self._missing(board)
        if has_it(request, _etag(digest)):
            if not await store.has(board, digest):
                raise await self._missing(board)
            return Response(status_code=304, headers={**_HEADERS, "etag": _etag(digest)})

        async def make() -> Response:
            body = await store.get(board, digest)
            picture = None if body is None else look_at(body)
            if body is None or picture is None:
                raise await self._missing(board)
            return Response(body, 200, {**_HEADERS, "etag": _etag(digest)}, picture.media_type)

        busy = f"{limits.MAX_ASSET_ANSWERS} large pictures are being read already"
        return PlacedAnswer(self._answers, timeouts.ASSET_PLACE, busy, make)

    async def forget(self, board: BoardId) -> bool:
        """Forget the pictures of a deleted board; whether there were any. Raises StorageUnavailable."""
        return self._store is not None and await self._store.forget(board)

    async def _keep(self, store: AssetStore, board: BoardId, digest: str, body: bytes) -> bool:
        """Store it unless the board has it; False when it has. Raises Refused, StorageError."""
        if await self._services.op_log.head(board) is None and await self._services.rooms.create_board(board):
            log.info("board_created", board=board)
        if await store.has(board, digest):
            return False
        if await store.is_full(board):
            most = limits.MAX_ASSETS_PER_BOARD
            raise Refused(409, "too_many_assets", f"A board has at most {most} pictures.")
        await store.put(board, digest, body)
        # Whoever deletes a board does that first and forgets its pictures then: what came too late for that, goes now.
        if await self._services.op_log.head(board) is None:
            await store.delete(board, digest)
            raise no_such_board()
        return True

    def _required(self) -> AssetStore:
        if self._store is None:
            reason = "This server keeps no pictures: in its mode they need a bucket (s3.bucket)."
            raise Refused(501, "no_blob_store", reason)
        return self._store

    async def _missing(self, board: BoardId) -> Refused:
        """Why there is nothing at an asset's address."""
        if await self._services.op_log.head(board) is None:
            return no_such_board()
        return Refused(404, "no_such_asset", "This board has no such picture.")


def _checked(body: bytes) -> Picture:
    """What a picture is. Raises Refused."""
    picture = look_at(body)
    if picture is None:
        raise Refused(415, "unsupported_type", "Expected the bytes of a PNG, JPEG, GIF or WebP picture.")
    pixels = picture.width * picture.height
    if pixels > limits.MAX_ASSET_PIXELS:
        most = f"A picture has at most {limits.MAX_ASSET_PIXELS} pixels"
        raise Refused(413, "too_large", f"{most}, not {picture.width} x {picture.height}.")
    return picture


def _etag(digest: str) -> str:
    return f'"{digest}"'
