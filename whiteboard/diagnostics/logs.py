"""Logs: how lines look and where they go, and the closed list of what can happen.

Code writes `log = logs.get_logger()` and `log.info("session_opened", peer=…)`. Event names stand in
`EVENTS` and nowhere else; `tests/diagnostics/test_logs.py` compares the two. Ids (board, session,
client) are bound once with `bound` where a task begins and are inherited by the tasks it starts.
What people draw and write is never logged: no call passes one of `CONTENT_FIELDS`, and values are
cut. Must not know who logs.
"""

import logging
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from whiteboard import limits
from whiteboard.config import LogFormat, LogLevel

EVENTS: Final = {
    # server
    "server_started": "The server takes connections at `address`; boards are in `directory`, if they are kept.",
    "server_draining": "A signal came: no new sessions, the old ones are asked to come back later.",
    "server_stopped": "Everything is closed; the process ends.",
    "library_message": "A library's own warning, as it gave it; `library` is its logger's name.",
    # rooms
    "room_opened": "A board came into memory.",
    "room_closed": "A board left memory: idle, deleted or drained.",
    "room_failed": "A board's task raised; its sessions are closed with 4500, nobody else notices.",
    "handshake_failed": "A peer went before its WebSocket was open.",
    "session_opened": "A client joined a board.",
    "session_closed": "A session ended; `reason` and `code` say why.",
    "session_failed": "A session's task raised; the other sessions notice nothing.",
    "commit_refused": "The store did not take a group of ops; they are refused as retryable.",
    "checkpoint_failed": "A checkpoint could not be stored; it is tried again later, the log has all.",
    "compaction_failed": "Old ops could not be compressed; it is tried again later, nothing is lost.",
    # transport
    "origin_refused": "A page of an `origin` that is neither `host` nor allowed by setting wanted a socket.",
    "connection_failed": "A connection's handling raised outside of any session.",
    "accept_paused": "The system is out of descriptors or memory for a socket; new connections wait.",
    # web
    "request_refused": "The store refused or failed a request; `reason` is what it said.",
    "request_failed": "A request ended in an unexpected error; the answer was a 500.",
    "answer_cut": "The store failed in the middle of an answer; the connection is closed to show it.",
    "readiness_lost": "/readyz began to answer 503; `reasons` says why.",
    "readiness_regained": "/readyz answers 200 again.",
    "probe_failed": "The write probe of /readyz failed; `reason` is what the store said.",
    "board_created": "A board was created over HTTP.",
    "board_deleted": "An operator deleted a board.",
}
"""Every event's name and meaning."""

CONTENT_FIELDS: Final = frozenset(
    {
        "op",
        "ops",
        "body",
        "text",
        "points",
        "element",
        "elements",
        "props",
        "message",
        "frame",
        "payload",
        "data",
    }
)
"""Field names that would carry what people draw; no call may use them."""


def get_logger() -> FilteringBoundLogger:
    """A logger; it may be made before `configure` is called and follows it."""
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


def bound(**ids: str) -> AbstractContextManager[None]:
    """Put ids on every event of this task, and of the tasks it starts, until the block ends."""
    return structlog.contextvars.bound_contextvars(**ids)


def configure(form: LogFormat, level: LogLevel, stream: TextIO | None = None) -> None:
    """Send events of at least `level` to `stream` (standard error), one line each.

    A line is written before the call returns. A stream that is gone loses lines and stops nobody.
    """
    stream = sys.stderr if stream is None else stream
    is_text = form is LogFormat.TEXT or (form is LogFormat.AUTO and stream.isatty())
    number: int = getattr(logging, level.name)
    structlog.configure(
        processors=_processors(is_text, is_text and stream.isatty() and not os.environ.get("NO_COLOR")),
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: _Lines(stream),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[_FromLibraries()], force=True)


def _processors(is_text: bool, has_colors: bool) -> Sequence[Processor]:
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _bounded,
    ]
    if is_text:
        plain = structlog.dev.plain_traceback  # the rich one prints local variables: content
        console = structlog.dev.ConsoleRenderer(colors=has_colors, exception_formatter=plain)
        return [*shared, _printable, console]
    return [*shared, structlog.processors.JSONRenderer(ensure_ascii=False, default=str)]


def _bounded(_: Any, __: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if not isinstance(value, str):
            continue
        if key == "exception":  # its end says what was raised
            event[key] = value[-limits.MAX_LOG_TRACEBACK_CHARS :]
        elif len(value) > limits.MAX_LOG_VALUE_CHARS:
            event[key] = value[: limits.MAX_LOG_VALUE_CHARS] + "…"
    return event


def _printable(_: Any, __: str, event: EventDict) -> EventDict:
    """A peer's text must not move the cursor or begin a line; JSON escapes by itself."""
    for key, value in event.items():
        if isinstance(value, str) and key != "exception" and not value.isprintable():
            event[key] = ascii(value)
    return event


class _Lines:
    """What structlog calls a logger: writes finished lines."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def _write(self, line: str) -> None:
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # a closed pipe, a closed file: there is nobody left to tell
            pass

    debug = info = warning = error = critical = exception = msg = _write


class _FromLibraries(logging.Handler):
    """What libraries say through the standard library's logging, as our events."""

    def emit(self, record: logging.LogRecord) -> None:
        get_logger().log(
            min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL),
            "library_message",
            library=record.name,
            said=record.getMessage(),
            exc_info=record.exc_info,
        )
