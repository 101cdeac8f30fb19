"""Asking a server for everything, one address after the other, within bounds; an answer that fails is part of what is told."""

import json
import ssl
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener
from zipfile import ZIP_DEFLATED, ZipFile

import attrs

from whiteboard import __version__, limits, timeouts
from whiteboard.bundle.contents import PARTS, README, Part
from whiteboard.errors import WhiteboardError

_PIECE: Final = 256 * limits.KIB


class NoServer(WhiteboardError):
    """Nothing that answers is at the URL."""


class UnwritableBundle(WhiteboardError):
    """The bundle's file cannot be written."""


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


class _NoRedirects(HTTPRedirectHandler):
    """The token is for the address that was given."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def gather(source: Source, seconds: int, say: Callable[[Answer], None]) -> list[Answer]:
    """Every part's answer, in order. Raises NoServer when the first one has none.

    Args:
        seconds: how long profiles of CPU and waits look, 1 to 60.
        say: is told of each as it comes.
    """
    opener = build_opener(HTTPSHandler(context=source.context), _NoRedirects())
    answers: list[Answer] = []
    for part in PARTS:
        answer = _ask(opener, source, part, seconds)
        if not answers and answer.status is None:
            raise NoServer(f"{source.url}{part.path}: {answer.fault}")
        answers.append(answer)
        say(answer)
    return answers


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
            status = answer.status
            body, fault = _body(answer)
    except HTTPError as error:
        with error:
            status, fault = error.code, f"{error.code} {_reason(error)}"
    except (URLError, HTTPException, OSError, ValueError) as error:
        fault = str(getattr(error, "reason", error)) or type(error).__name__
    return Answer(part, status, body, fault, time.monotonic() - began)


def _body(answer: HTTPResponse) -> tuple[bytes, str]:
    """At most MAX_BUNDLE_PART_BYTES of it, and what is wrong with that."""
    kept = bytearray()
    while len(kept) <= limits.MAX_BUNDLE_PART_BYTES:
        piece = answer.read(_PIECE)
        if not piece:
            return bytes(kept), ""
        kept += piece
    return bytes(kept[: limits.MAX_BUNDLE_PART_BYTES]), f"cut at {limits.MAX_BUNDLE_PART_BYTES} bytes"


def _reason(error: HTTPError) -> str:
    """What the server says about it, or the status' own words."""
    try:
        told = json.loads(error.read(limits.MAX_REQUEST_BYTES))["error"]["reason"]
    except (ValueError, LookupError, TypeError, OSError, HTTPException):
        return error.reason
    return str(told)


def write(answers: list[Answer], source: Source, path: Path) -> None:
    """All of it as one zip file, which is there whole or not at all. Raises UnwritableBundle."""
    unfinished = path.with_name(path.name + ".part")
    try:
        with ZipFile(unfinished, "x", ZIP_DEFLATED) as bundle:
            bundle.writestr("README.txt", README + "".join(_listed(answers)))
            bundle.writestr("manifest.json", json.dumps(_manifest(answers, source), indent=1))
            for answer in answers:
                if answer.body:
                    bundle.writestr(answer.part.name, answer.body)
        unfinished.replace(path)
    except OSError as error:
        raise UnwritableBundle(f"{path} cannot be written: {error.strerror or error}") from error


def _listed(answers: list[Answer]) -> Iterator[str]:
    width = max(len(answer.part.name) for answer in answers)
    for answer in answers:
        note = f" ({answer.fault})" if answer.fault else ""
        yield f"{answer.part.name:<{width}}  {answer.part.meaning}{note}\n"


def _manifest(answers: list[Answer], source: Source) -> dict[str, Any]:
    return {
        "url": source.url,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "by": f"whiteboard {__version__}",
        "parts": [
            {
                "name": answer.part.name,
                "path": answer.part.path,
                "status": answer.status,
                "bytes": len(answer.body),
                "seconds": round(answer.seconds, 3),
                "fault": answer.fault or None,
            }
            for answer in answers
        ],
    }
