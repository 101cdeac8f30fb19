"""Asking a server for everything, one address after the other, within bounds; an answer that fails is part of what is told.

Python's own client asks, in a thread that is given up when time is up: what it bounds is how long a server is silent, and one that
sends a byte now and then would keep it for ever.
"""

import json
import ssl
import time
from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse, responses
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import (
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

import attrs
import trio

from whiteboard import __version__, limits, timeouts
from whiteboard.bundle.contents import PARTS, Part
from whiteboard.deadlines import within
from whiteboard.errors import WhiteboardError

_PIECE: Final = 256 * limits.KIB
_HAS_NONE: Final = frozenset({404, 409, 501})
"""With a fault: the server has no such part, or it is not switched on. 503 of what says whether it is ready is an answer, too."""
_MOST_WORDS: Final = 300


class NoServer(WhiteboardError):
    """Nothing that answers is at the URL."""


@attrs.frozen
class Source:
    """Where to ask, and as whom."""

    url: str
    """Without a slash at the end."""
    token: str | None = None
    """The operator's."""
    context: ssl.SSLContext | None = None
    """For https; None for the system's authorities."""


@attrs.frozen
class Answer:
    """What one address gave."""

    part: Part
    status: int | None
    """None when there was no answer."""
    body: bytes
    fault: str
    """Why there is no body, or not all of it; empty when there is."""
    seconds: float
    size: int = 0
    """Of the body in bytes, where that has been kept already."""

    @property
    def is_missing(self) -> bool:
        """Whether there is no whole answer, or the server takes us for nobody special. That it has no such part is an answer."""
        if not self.fault or self.status in _HAS_NONE:
            return False
        return not (self.part.may_be_unready and self.status == HTTPStatus.SERVICE_UNAVAILABLE)


class _NoRedirects(HTTPRedirectHandler):
    """The token is for the address that was given."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def gather(source: Source, seconds: int) -> Iterator[Answer]:
    """Every part's answer, in order, as it comes. Raises NoServer when the first one is not that of a whiteboard server.

    Args: `seconds` says how long profiles of CPU and waits look, 1 to 60.
    """
    opener = build_opener(HTTPSHandler(context=source.context), ProxyHandler({}), _NoRedirects())
    for part in PARTS:
        answer = trio.run(ask_in_time, opener, source, part, seconds)
        if part is PARTS[0]:
            _require_ours(source.url + part.path, answer)
        yield answer


def _require_ours(url: str, answer: Answer) -> None:
    """Raises NoServer: whatever else may answer there, a proxy or a page to log in at, has nothing for a bundle."""
    if answer.fault:
        raise NoServer(f"{url}: {answer.fault}")
    try:
        is_ours = json.loads(answer.body)["alive"] is True
    except (ValueError, LookupError, TypeError, RecursionError):
        is_ours = False
    if not is_ours:
        raise NoServer(f"{url}: what answers there is no whiteboard server")


async def ask_in_time(opener: OpenerDirector, source: Source, part: Part, seconds: int) -> Answer:
    """One part's answer; none when not all of it has come within BUNDLE_PART."""
    with within(timeouts.BUNDLE_PART):
        ask = partial(_ask, opener, source, part, seconds)
        return await trio.to_thread.run_sync(ask, abandon_on_cancel=True)
    took = timeouts.BUNDLE_PART.seconds
    return Answer(part, None, b"", f"no whole answer within {took:g} s", took)


def _ask(opener: OpenerDirector, source: Source, part: Part, seconds: int) -> Answer:
    began = time.monotonic()
    headers = {"User-Agent": f"whiteboard-support-bundle/{__version__}"}
    if source.token is not None:
        headers["Authorization"] = f"Bearer {source.token}"
    request = Request(source.url + part.path.format(seconds=seconds), headers=headers)  # noqa: S310 - http or https, see the command
    status: int | None = None
    body, fault = b"", ""
    try:
        with opener.open(request, timeout=timeouts.DOCTOR_STEP.seconds + seconds * part.takes_long) as answer:
            body, fault = _body(answer)
            status = answer.status
    except HTTPError as error:
        with error:
            status, fault = error.code, f"{error.code} {_reason(error)}"
    except (URLError, HTTPException, OSError, ValueError) as error:
        fault = _words_of(error)
    return Answer(part, status, body, _printable(fault), time.monotonic() - began)


def _body(answer: HTTPResponse) -> tuple[bytes, str]:
    """At most MAX_BUNDLE_PART_BYTES of it, and what is wrong with that."""
    kept = bytearray()
    while len(kept) <= limits.MAX_BUNDLE_PART_BYTES:
        piece = answer.read1(_PIECE)
        if not piece:
            return bytes(kept), f"cut short: {answer.length} bytes are missing" if answer.length else ""
        kept += piece
    return bytes(kept[: limits.MAX_BUNDLE_PART_BYTES]), f"cut at {limits.MAX_BUNDLE_PART_BYTES} bytes"


def _reason(error: HTTPError) -> str:
    """What the server says about it: as its API has it, or as a line of text; or the status' own words."""
    try:
        told = error.read(limits.MAX_REQUEST_BYTES)
    except (OSError, ValueError, HTTPException):
        told = b""
    try:
        return str(json.loads(told)["error"]["reason"])
    except (ValueError, LookupError, TypeError, RecursionError):
        is_text = error.headers.get("Content-Type", "").startswith("text/plain")
        line = told.decode("utf-8", "replace").strip().partition("\n")[0] if is_text else ""
    return line or error.reason or responses.get(error.code, "")


def _words_of(error: Exception) -> str:
    """The reason alone, as the system has it."""
    reason = getattr(error, "reason", error)
    return str(getattr(reason, "strerror", None) or reason or type(error).__name__).lower()


def _printable(text: str) -> str:
    """A server's words, and what they do to nobody's terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:_MOST_WORDS])
