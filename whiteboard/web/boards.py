"""`/api/boards`: list, create, look at, export and delete boards.

Checks what comes in and says what is wrong with it; what a board is, the rooms know.
"""

import re
import secrets
import string
from collections.abc import Mapping
from typing import Final

import msgspec
import trio
from starlette.requests import Request
from starlette.responses import Response

from whiteboard import limits, timeouts
from whiteboard.diagnostics import logs
from whiteboard.ids import MAX_COUNTER, BoardId, parse_board_id
from whiteboard.web.access import require_admission, require_operator, require_own_page
from whiteboard.web.answers import Refused, json_answer
from whiteboard.web.assets import AssetsApi
from whiteboard.web.board_view import BoardView
from whiteboard.web.bodies import read_body
from whiteboard.web.named import board_named, no_such_board
from whiteboard.web.ops import OpsPage
from whiteboard.web.services import WebServices

log = logs.get_logger()

_ALPHABET: Final = string.ascii_letters + string.digits
_NEW_ID_CHARS: Final = 22
"""131 bits: whoever does not have a board's link does not find it."""
_NUMBER: Final = re.compile(rf"[0-9]{{1,{len(str(MAX_COUNTER))}}}")
_UNKNOWN_FIELD: Final = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_FAULT: Final = re.compile(r"(?P<reason>.*?)(?: - at `(?P<path>.+)`)?", re.DOTALL)
"""What msgspec says of a body that has another shape."""


class NewBoard(msgspec.Struct, forbid_unknown_fields=True):
    """Body of a POST; may be missing."""

    board: str | None = None
    """The id to take; one is made up when it is missing."""


class BoardsApi:
    """Routes below `/api/boards`."""

    def __init__(self, services: WebServices, assets: AssetsApi) -> None:
        self._services = services
        self._assets = assets
        self._base = services.settings.base_path
        self._places = trio.Semaphore(limits.MAX_BOARD_VIEWS)

    async def page(self, request: Request) -> Response:
        """GET: `{"boards":[{"board","seq","createdAt","updatedAt"}],"next":id|null}`, by id.

        `?limit=` 1 to MAX_BOARDS_PER_PAGE; `?after=` takes `next` of the page before. The operator's where
        permission hooks decide, as they are asked about one board at a time.
        """
        if self._services.guard is not None:
            require_operator(request, self._services.settings.debug.token, self._services.trust)
        limit = read_number(request, "limit", limits.MAX_BOARDS_PER_PAGE, most=limits.MAX_BOARDS_PER_PAGE)
        after = request.query_params.get("after")
        start = None if after is None else parse_board_id(after)
        if after is not None and start is None:
            raise Refused(400, "bad_field", "Expected a board id.", path="?after")
        found = await self._services.boards.page(limit + 1, start)
        boards = [
            {
                "board": info.board,
                "seq": info.seq,
                "createdAt": info.created_at,
                "updatedAt": info.updated_at,
            }
            for info in found[:limit]
        ]
        return json_answer({"boards": boards, "next": boards[-1]["board"] if len(found) > limit else None})

    async def create(self, request: Request) -> Response:
        """POST `{"board"?}`: 201 with `{"board","url"}`, or 409 when the id is taken."""
        require_own_page(request, self._services.trust)
        board = _new_board_id(await read_body(request, limits.MAX_REQUEST_BYTES, timeouts.REQUEST_BODY))
        await require_admission(request, self._services, board, to_change=True)
        if not await self._services.rooms.create_board(board):
            raise Refused(409, "board_exists", "A board with this id exists.", path="$.board")
        log.info("board_created", board=board)
        url = f"{self._base}/b/{board}"
        return json_answer({"board": board, "url": url}, 201, {"location": url})

    async def look(self, request: Request) -> Response:
        """GET one board as it is now: `{"board","seq","clock","elements":[…]}`."""
        board = board_named(request)
        await require_admission(request, self._services, board)
        return self._view(board)

    async def export_json(self, request: Request) -> Response:
        """The same as a file to keep."""
        if "seq" in request.query_params:
            raise Refused(
                400, "bad_field", "Only the present state can be exported; leave seq out.", path="?seq"
            )
        board = board_named(request)
        await require_admission(request, self._services, board)
        attachment = {"content-disposition": f'attachment; filename="{board}.json"'}
        return self._view(board, attachment)

    async def delete(self, request: Request) -> Response:
        """DELETE, for the operator: ends the board's sessions, forgets it, its history and its pictures. 204.

        When the pictures' store is away the board is gone all the same, and asking again forgets them.
        """
        require_operator(request, self._services.settings.debug.token, self._services.trust)
        require_own_page(request, self._services.trust)
        board = board_named(request)
        was_there = await self._services.rooms.delete_board(board)
        had_pictures = await self._assets.forget(board)
        if not was_there and not had_pictures:
            raise no_such_board()
        log.info("board_deleted", board=board)
        return Response(status_code=204)

    async def ops(self, request: Request) -> Response:
        """GET `?from=&to=` (inclusive): `{"ops":[…],"next":seq|null}`, at most MAX_OPS_PER_PAGE.

        Goes on at `?from=<next>`. Without `to`, up to the last op at the time of asking.
        """
        board = board_named(request)
        await require_admission(request, self._services, board)
        first = read_number(request, "from", 1)
        last = read_number(request, "to", 0, least=first) if "to" in request.query_params else None
        head = await self._services.op_log.head(board)
        if head is None:
            raise no_such_board()
        page = OpsPage(self._services.op_log, board, first, head.seq if last is None else min(last, head.seq))
        await page.read_ahead()
        return page

    def _view(self, board: BoardId, headers: Mapping[str, str] | None = None) -> BoardView:
        async def make() -> bytes:
            view = await self._services.rooms.board_view(board)
            if view is None:
                raise no_such_board()
            return view

        return BoardView(self._places, make, headers)


def read_number(request: Request, name: str, default: int, *, least: int = 1, most: int = MAX_COUNTER) -> int:
    """A number of the query. Raises Refused."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not re.fullmatch(_NUMBER, text) or not least <= int(text) <= most:
        raise Refused(400, "bad_field", f"Expected a number from {least} to {most}.", path=f"?{name}")
    return int(text)


def _new_board_id(body: bytes) -> BoardId:
    """The id that a POST asks for, or a new one. Raises Refused."""
    try:
        asked = msgspec.json.decode(body, type=NewBoard).board if body.strip() else None
    except msgspec.ValidationError as error:
        reason, path = _fault(str(error))
        raise Refused(400, "bad_field", f"{reason}.", path=path) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(400, "bad_json", "The body is no JSON object.") from None
    if asked is None:
        return BoardId("".join(secrets.choice(_ALPHABET) for _ in range(_NEW_ID_CHARS)))
    board = parse_board_id(asked)
    if board is None:
        reason = "A board id has letters, digits and _ . - only, 1 to 128."
        raise Refused(400, "bad_field", reason, path="$.board")
    return board


def _fault(text: str) -> tuple[str, str]:
    """Reason and path of what msgspec says; an unknown field has its own path, not that of its object."""
    if unknown := _UNKNOWN_FIELD.fullmatch(text):
        return text, f"$.{unknown['name']}"
    match = _FAULT.fullmatch(text)
    return (match["reason"], match["path"] or "$") if match else (text, "$")
