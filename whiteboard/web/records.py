"""`/debug/sessions` and `/debug/audit`: who is here, on all servers, and what happened."""

import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from whiteboard import limits, timeouts
from whiteboard.ids import BoardId, SessionId, parse_board_id
from whiteboard.storage.metadata import AuditRecord, SessionRecord
from whiteboard.web.access import require_operator
from whiteboard.web.answers import Refused, json_answer
from whiteboard.web.boards import read_number
from whiteboard.web.services import WebServices

_SESSION_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DEFAULT_LINES: Final = 100


class Records:
    """What the metadata say, for the operator."""

    def __init__(self, services: WebServices) -> None:
        self._services = services

    async def sessions(self, request: Request) -> Response:
        """GET `?board=&limit=&after=`: `{"sessions":[…],"next":id|null}`, live ones of all servers, by id."""
        self._require_operator(request)
        limit = _limit(request)
        after = request.query_params.get("after")
        if after is not None and not _SESSION_ID.fullmatch(after):
            raise Refused(400, "bad_field", "Expected the id of a session.", path="?after")
        found = await self._services.chronicle.live(
            limit + 1,
            silent_ms=timeouts.SERVER_SILENT.milliseconds,
            board=_board(request),
            after=None if after is None else SessionId(after),
        )
        following = found[limit - 1].session if len(found) > limit else None
        return json_answer({"sessions": [_session(one) for one in found[:limit]], "next": following})

    async def audit(self, request: Request) -> Response:
        """GET `?board=&limit=&before=`: `{"audit":[…],"next":number|null}`, the newest first."""
        self._require_operator(request)
        limit = _limit(request)
        before = read_number(request, "before", 0) if "before" in request.query_params else None
        found = await self._services.chronicle.audit(limit + 1, board=_board(request), before=before)
        following = found[limit - 1].number if len(found) > limit else None
        return json_answer({"audit": [_line(one) for one in found[:limit]], "next": following})

    def _require_operator(self, request: Request) -> None:
        require_operator(request, self._services.settings.debug.token, self._services.trust)


def _limit(request: Request) -> int:
    most = limits.MAX_RECORD_PAGE - 1  # one more is asked for, to know whether there is one
    return read_number(request, "limit", _DEFAULT_LINES, most=most)


def _board(request: Request) -> BoardId | None:
    text = request.query_params.get("board")
    board = None if text is None else parse_board_id(text)
    if text is not None and board is None:
        raise Refused(400, "bad_field", "Expected a board id.", path="?board")
    return board


def _session(one: SessionRecord) -> dict[str, Any]:
    return {
        "session": one.session,
        "board": one.board,
        "instance": one.instance,
        "client": one.client,
        "user": one.user,
        "name": one.name,
        "address": one.address,
        "since": one.since,
        "seenAt": one.seen_at,
    }


def _line(one: AuditRecord) -> dict[str, Any]:
    line = one.line
    return {
        "number": one.number,
        "at": line.at,
        "instance": line.instance,
        "who": line.who,
        "what": line.what,
        "board": line.board,
        "subject": line.subject,
        "detail": dict(line.detail),
    }
