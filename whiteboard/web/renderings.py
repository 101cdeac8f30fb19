"""`/api/boards/{board}/thumbnail.png`, `export.png` and `export.svg`: a board as a picture.

Says what is asked for, and answers; what draws is the studio's. A picture's `ETag` is of the board's seq, so that who has it
is told so without drawing.
"""

import hashlib
import re
from collections.abc import Mapping
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from whiteboard import __version__, limits
from whiteboard.ids import BoardId
from whiteboard.render.asked import UNREADABLE, Asset, Kind, NotDrawn, NotInstalled, Picture, TooLarge, Wish
from whiteboard.render.studio import Source
from whiteboard.storage.ports import Head
from whiteboard.web.access import require_admission
from whiteboard.web.answers import Refused, retry_later
from whiteboard.web.asset_store import AssetStore, is_digest
from whiteboard.web.attended import while_there
from whiteboard.web.boards import read_number
from whiteboard.web.conditions import has_it
from whiteboard.web.named import board_named, no_such_board
from whiteboard.web.pictures import look_at
from whiteboard.web.services import WebServices

_SCALE: Final = re.compile(r"[0-9]{1,4}(\.[0-9]{1,8})?")
_HEADERS: Final = {
    # Private: the address has the board's, which is its key. To be asked for anew: the board changes.
    "cache-control": "private, no-cache",
    # SVG is a document: shown at our address it must run and load nothing but what is written in it.
    "content-security-policy": "default-src 'none'; img-src data:; sandbox; frame-ancestors 'none'",
}


class RenderingsApi:
    """Routes for a board as a picture."""

    def __init__(self, services: WebServices) -> None:
        self._services = services
        self._assets = None if services.blobs is None else AssetStore(services.blobs)

    async def thumbnail(self, request: Request) -> Response:
        """GET `?size=` (width in pixels): all that is drawn, as PNG."""
        size = read_number(
            request, "size", limits.THUMBNAIL_PX, least=limits.MIN_THUMBNAIL_PX, most=limits.MAX_THUMBNAIL_PX
        )
        return await self._answer(request, Wish(board_named(request), Kind.THUMBNAIL, size=size))

    async def export_png(self, request: Request) -> Response:
        """GET `?scale=` (pixels for each board unit): all that is drawn, as PNG to keep."""
        return await self._answer(request, Wish(board_named(request), Kind.PNG, scale=_read_scale(request)))

    async def export_svg(self, request: Request) -> Response:
        """GET all that is drawn as SVG to keep."""
        return await self._answer(request, Wish(board_named(request), Kind.SVG))

    async def _answer(self, request: Request, wish: Wish) -> Response:
        await require_admission(request, self._services, wish.board)
        head = await self._services.op_log.head(wish.board)
        if head is None:
            raise no_such_board()
        headers = {**_HEADERS, **_disposition(wish)}
        if has_it(request, _etag(wish, head.epoch, head.seq)):
            return Response(status_code=304, headers={**headers, "etag": _etag(wish, head.epoch, head.seq)})
        picture = await while_there(request, partial(self._picture, wish, head))
        if picture.is_whole:  # what is missing of another may be there without the board changing
            headers["etag"] = _etag(wish, head.epoch, picture.seq)
        return Response(picture.body, 200, headers, wish.kind.media_type)

    async def _picture(self, wish: Wish, head: Head) -> Picture:
        """The picture. Raises Refused, StorageError, RoomClosed."""
        studio = self._services.studio
        if studio is None:
            raise Refused(501, "not_installed", "This server draws no pictures of boards.")

        async def view() -> bytes | None:
            return await self._services.rooms.board_view(wish.board)

        async def asset(name: str) -> Asset | None:
            return await self._asset(wish.board, name)

        try:
            picture = await studio.draw(wish, Source(head.epoch, head.seq, view, asset))
        except NotInstalled as error:
            raise Refused(501, "not_installed", str(error)) from error
        except TooLarge as error:
            raise Refused(413, "too_large", str(error)) from error
        except NotDrawn as error:
            raise Refused(503, "unavailable", f"{error} Try again.", headers=retry_later()) from error
        if picture is None:
            raise no_such_board()
        return picture

    async def _asset(self, board: BoardId, name: str) -> Asset | None:
        """A picture on the board. Raises StorageError."""
        if not is_digest(name):
            return UNREADABLE
        body = None if self._assets is None else await self._assets.get(board, name)
        if body is None:
            return None
        picture = look_at(body)
        return UNREADABLE if picture is None else Asset(picture.media_type, body)


def _read_scale(request: Request) -> float | None:
    """`?scale=`. Raises Refused."""
    text = request.query_params.get("scale")
    if text is None:
        return None
    if not _SCALE.fullmatch(text) or not limits.MIN_PICTURE_SCALE <= float(text) <= limits.MAX_PICTURE_SCALE:
        bounds = f"{limits.MIN_PICTURE_SCALE:f} to {limits.MAX_PICTURE_SCALE:g}"
        raise Refused(400, "bad_field", f"Expected a number from {bounds}, such as 1.5.", path="?scale")
    return float(text)


def _disposition(wish: Wish) -> Mapping[str, str]:
    """An export is a file to keep."""
    if wish.kind is Kind.THUMBNAIL:
        return {}
    return {"content-disposition": f'attachment; filename="{wish.board}.{wish.kind.value}"'}


def _etag(wish: Wish, epoch: str, seq: int) -> str:
    """Of what is shown and how: another version may draw otherwise."""
    said = f"{__version__} {epoch} {seq} {wish.kind} {wish.size} {wish.scale}"
    return f'"{hashlib.sha256(said.encode()).hexdigest()[:24]}"'
