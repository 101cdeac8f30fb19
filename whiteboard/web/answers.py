"""Answers of the API: JSON bodies, and one shape for everything that goes wrong.

An error is `{"error":{"code","reason","path"?}}`, whatever raised it. `code` is for programs and never
changes, `reason` is for people, `path` is the bad field: `$.board` in a body, `?limit` in a query.
What storage says in its exceptions stays in the log: it may name files of this machine.
"""

from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ExceptionHandler

from whiteboard import timeouts
from whiteboard.diagnostics import logs
from whiteboard.errors import RoomClosed, StorageCorrupt, StorageError
from whiteboard.trust.refusals import error_body

log = logs.get_logger()

_CODES: Final = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take that method."),
}


def retry_later() -> dict[str, str]:
    """Headers of an answer that is another one soon: when to come back (RFC 9110 section 10.2.3)."""
    return {"retry-after": str(timeouts.STORAGE_RETRY.whole_seconds)}


class Refused(HTTPException):
    """A request that is answered with an error; raised by a route, made an answer by `HANDLERS`."""

    def __init__(
        self,
        status: int,
        code: str,
        reason: str,
        *,
        path: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(status, reason, headers)
        self.code = code
        self.path = path


def json_answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A value as JSON."""
    return json_bytes(msgspec.json.encode(value), status, headers)


def json_bytes(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Bytes that are JSON already."""
    return Response(body, status, headers, "application/json")


def error_answer(
    status: int, code: str, reason: str, path: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    """The one shape of errors."""
    return json_answer(error_body(code, reason, path), status, headers)


async def _on_refused(_: Request, refused: Refused) -> Response:
    headers = dict(refused.headers or {})
    return error_answer(refused.status_code, refused.code, refused.detail, refused.path, headers)


def http_answer(error: HTTPException) -> Response:
    """The answer to what no route takes."""
    code, reason = _CODES.get(error.status_code, ("bad_request", error.detail))
    return error_answer(error.status_code, code, reason, headers=dict(error.headers or {}))


async def _on_storage(request: Request, error: StorageError) -> Response:
    log.warning("request_refused", method=request.method, url=request.url.path, reason=str(error))
    reason = "Storage cannot do this now; try again."
    return error_answer(503, "storage_unavailable", reason, headers=retry_later())


async def _on_corrupt(request: Request, error: StorageCorrupt) -> Response:
    log.error("request_refused", method=request.method, url=request.url.path, reason=str(error))
    return error_answer(500, "storage_corrupt", "What is stored cannot be read back; ask the operator.")


async def _on_room_closed(_: Request, __: RoomClosed) -> Response:
    return error_answer(
        503, "unavailable", "The board cannot be opened now; try again.", headers=retry_later()
    )


async def _on_gone(_: Request, __: ClientDisconnect) -> Response:
    return error_answer(400, "bad_request", "The request ended early.")


async def _on_bug(request: Request, error: Exception) -> Response:
    log.error("request_failed", method=request.method, url=request.url.path, exc_info=error)
    return error_answer(500, "internal", "Something went wrong here; the server's log says what.")


# Starlette types a handler as taking any Exception; each of ours gets the class it is listed under.
HANDLERS: Final[dict[Any, ExceptionHandler]] = {
    Refused: _on_refused,  # type: ignore[dict-item]
    StorageError: _on_storage,  # type: ignore[dict-item]
    StorageCorrupt: _on_corrupt,  # type: ignore[dict-item]
    RoomClosed: _on_room_closed,  # type: ignore[dict-item]
    ClientDisconnect: _on_gone,  # type: ignore[dict-item]
    Exception: _on_bug,
}
