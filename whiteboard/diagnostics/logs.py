"""Logs: how lines look and where they go, and the closed list of what can happen.

Code writes `log = logs.get_logger()` and `log.info("session_opened", peer=…)`. Event names stand in
`EVENTS` and nowhere else; `tests/diagnostics/test_logs.py` compares the two. Ids (board, session,
client) are bound once with `bound` where a task begins, or added with `learn` when they become known,
and are inherited by the tasks it starts.
What people draw and write is never logged: no call passes one of `CONTENT_FIELDS`, and values are
cut. Must not know who logs.
"""

import json
import logging
import os
import re
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from whiteboard import limits
from whiteboard.config import LogFormat, LogLevel
from whiteboard.deadlines import TimedOut

EVENTS: Final = {
    # server
    "server_started": "The server takes connections at `address`; `boards` says where boards are, if they are kept.",
    "server_draining": "A signal came: no new sessions, the old ones are asked to come back later.",
    "server_stopped": "Everything is closed; the process ends.",
    "supervisor_not_told": "The process manager that started us cannot be told how we are; `reason` says why.",
    "memory_given_back": "The C library's free memory was given back to the system, in `took_ms`.",
    "cycles_walked": "The collector has walked all objects, in `took_ms`, and `found` so many in dead cycles.",
    "memory_short": "The process has more of its soft limit than the `rung` takes: what that does is done from now on.",
    "memory_eased": "The process has come down from the `rung`.",
    "memory_limit_tight": "The soft limit leaves little beyond what the server takes before anybody has come.",
    "memory_limit_too_small": "The server itself takes more than the soft limit: nobody will be let in until that is raised.",
    "memory_unreadable": "The system does not tell how much memory the process has: the soft limit is not kept until it does.",
    "growth_unseen": "Traced allocations could not be looked at this time; `reason` says why.",
    "loop_stalled": "The event loop has stood still for `seconds` and still does, in `task`, in the first line of `seen`.",
    "library_message": "A library's own warning, as it gave it; `library` is its logger's name.",
    # diagnosis
    "fault_found": "The server found something wrong with itself, of that `kind` about that `subject`; `count` so far.",
    "figure_failed": "The figure could not be read and is missing in `/metrics`: a fault of the server's code.",
    "leaks_given_up": "`names` ended and stay in memory, and nobody could look who holds them; that is not tried again.",
    "leaks_not_searched": "Who holds what has ended could not be searched; `reason` says why. It is tried again.",
    "profile_taken": "A profile of that `name` was taken, of so many `seconds` or of one moment.",
    "traces_sent_again": "The collector takes spans again; `lost` were not taken since it failed, which a line of its library tells.",
    # rooms
    "room_opened": "A board came into memory.",
    "room_closed": "A board left memory: idle, deleted or drained.",
    "room_failed": "A board's task raised; its sessions are closed with 4500, nobody else notices.",
    "handshake_failed": "A peer went before its WebSocket was open.",
    "session_opened": "A client joined a board.",
    "session_closed": "A session ended; `code` and `reason` say why, of the `peer` or of the server, whoever ended it.",
    "session_failed": "A session's task raised; the other sessions notice nothing.",
    "straggler_failed": "A socket that was kept for last words raised; its session had ended already.",
    "commit_refused": "The store did not take a group of ops; they are refused as retryable.",
    "checkpoint_failed": "A checkpoint could not be stored; it is tried again later, the log has all.",
    "checkpoint_unreadable": "A stored checkpoint cannot be read; the board is built from its whole log instead.",
    "compaction_failed": "Old ops could not be compressed; it is tried again later, nothing is lost.",
    # pictures
    "drawing_failed": "What draws took too long over a `kind` of picture of a board, died of it or failed at it, and `reason` says why; its own line has the traceback of a failure.",
    "drawing_process_died": "What draws has ended while nobody asked anything of it; another one is started.",
    "picture_misses_asset": "A picture on a board could not be had to draw the board; it has a sign in its place.",
    # plugins
    "permission_unanswered": "A permission `hook` gave no answer to a `question` and why; `times` since the line before.",
    "permission_paused": "A permission `hook` was too late again and again; it is left alone for a while, what it guards is refused.",
    "permission_resumed": "A permission `hook` that was left alone answers in time again.",
    # several servers
    "log_not_followed": "What other servers append to a board cannot be read now; it is tried again at once.",
    "history_lost": "The log has lost ops that it had given numbers, up to `seq`; the board gets another epoch and its people begin anew.",
    "claim_lost": "A `client` id was used at another server first, with another key; its ops here are refused.",
    "presence_not_told": "Other servers could not be told who is here; they are with the next beat.",
    "presence_unreadable": "Another server told something that is no presence; it is passed over.",
    "consul_registered": "Consul has this server on its list, as `instance` at `address`.",
    "consul_left": "This server is off Consul's list, before its people are asked to leave.",
    "consul_not_left": "Consul could not be told that this server goes; its check will fail and say so.",
    "consul_lost": "The Consul agent at `address` is away or refuses; it is asked again, and everything else goes on. Said once.",
    "consul_regained": "The Consul agent answers again.",
    "consul_failed": "Something unexpected came of asking the Consul agent; it is asked again.",
    "instance_name_taken": "Another server registered under the name of this one, which is off Consul's list now; give one of them another.",
    "cluster_changed": "Servers came, went or changed their health on Consul's list.",
    # sampling
    "sampling_begun": "What this process samples of itself from its start, as `rates`, if anything; `env` says what the server is for.",
    "sampling_asked": "An operator asked to sample by these `rates` for `seconds`.",
    "sampling_ended": "What was asked for is over; these `rates` hold, as the settings have them.",
    "scheduler_traced": "The scheduler's trace: tasks now, and `since` the line before it steps, their delays and their lengths.",
    # metadata
    "metadata_away": "Metadata cannot be written, `reason` says why; people draw on, `waiting` changes wait. Said once.",
    "metadata_back": "Metadata are written again; `waiting` changes are still to go.",
    "records_dropped": "`count` changes of metadata were dropped: too many waited, or (`at` stop) their place was away.",
    "sessions_lost": "An `instance` fell silent; `count` sessions of it were noted as ended.",
    "postgres_away": "PostgreSQL was not there at the start; it is asked again when it is needed.",
    # workers
    "worker_ready": "Worker `number`, process `pid`, takes connections.",
    "worker_ended": "Worker `number` ended unasked, with `status`; it is started again after `seconds`, its clients come back.",
    "worker_killed": "Worker `number` did not start or end in time, or said nothing for too long, and was killed.",
    "worker_unclear": "Worker `number` said something that workers do not say; it is passed over.",
    "front_lost": "The process that gives this worker its connections is gone; it drains and ends.",
    "connection_unserved": "No worker could take a connection in time; it was answered with 503.",
    # storage
    "archive_not_forgotten": "A deleted board's pieces are still in the archive; it is tried again every round.",
    "archive_waits": "Redis or the archive is away; what would go there stays in Redis until the next round.",
    "board_frozen": "A board on which nobody draws has left Redis for the archive.",
    "board_left_to_others": "A board changed while it was being archived; the next round looks again.",
    "board_not_archived": "A board's parts in Redis do not fit together; it stays there as it is.",
    "board_not_revived": "What the archive has of a board that Redis has lost does not read; the board is not begun anew.",
    "board_revived": "Redis has lost a board; it comes back as the archive has it, with a new epoch.",
    "board_thawed": "A board has come back from the archive.",
    "piece_damaged": "A piece of a board in the archive does not read; what can be had without it is had.",
    "deletion_completed": "A board that a server was about to delete when it was cut off is deleted now.",
    "segments_archived": "Old ops of a board have left Redis for the archive.",
    "redis_channels_lost": "Redis does not tell of new ops and of other servers' people now; logs are looked at, and a new connection is made.",
    "redis_keeps_nothing": "A Redis `node` has `appendonly no`: when it ends, its boards are gone.",
    "redis_keeps_late": "A Redis `node` syncs its log later than it answers (`appendfsync`): a crash loses the newest acked ops.",
    "redis_evicts": "A Redis `node` throws keys away when its memory is full (`maxmemory-policy`): boards may be lost.",
    "redis_settings_unknown": "A Redis node does not tell its settings; see that they are as docs/running.md wants them.",
    "redis_nodes_unknown": "No Redis node tells now which of them has what; they are asked again.",
    "bus_message_dropped": "Other servers tell more of a board than is taken in; it is told again soon.",
    "checkpoint_damaged": "A stored checkpoint failed its checksum and was removed; the one before it, or the log, serves.",
    "blobs_lost": "The store of assets and archives does not answer or refuses us; `reason` names it. Said once until it is back.",
    "blobs_regained": "The `store` of assets and archives serves again.",
    # transport
    "origin_refused": "A page of an `origin` that is neither `host` nor allowed by setting wanted a socket.",
    "host_refused": "A request came for a `host` that is not ours: a misconfigured proxy, or a page that rebinds its name.",
    "certificate_invalid": "Clients refuse the certificate in `file` now, and `reason` says why; it is served all the same.",
    "answer_unread": "The `peer` of an HTTP connection did not take its answer within `seconds`; it was closed.",
    "connection_failed": "A connection's handling raised outside of any session.",
    "accept_paused": "The system is out of memory or the process of its `descriptors`; new connections wait. Said once for a shortage.",
    # web
    "request_refused": "The store refused or failed a request; `reason` is what it said.",
    "request_failed": "A request ended in an unexpected error; the answer was a 500.",
    "answer_cut": "The store failed in the middle of an answer; the connection is closed to show it.",
    "readiness_lost": "/readyz began to answer 503; `reasons` says why, `storage` what is wrong with it and where.",
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


_CONTROLS: Final = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""DEL, C1 (8-bit escape sequences, a line end), line separators, and halves that no encoding takes."""


def get_logger() -> FilteringBoundLogger:
    """A logger; it may be made before `configure` is called and follows it."""
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


class _Ids:
    """Ids of one `bound` block; tasks that inherit it share it, so all of them see what is learnt."""

    __slots__ = ("_above", "own")

    def __init__(self, above: "_Ids | None", own: dict[str, str]) -> None:
        self._above = above
        self.own = own

    def all(self) -> dict[str, str]:
        """Those of the blocks around it too; of one name the innermost."""
        return self.own if self._above is None else {**self._above.all(), **self.own}

    def get(self, name: str) -> str | None:
        """One of them."""
        ids: _Ids | None = self
        while ids is not None and name not in ids.own:
            ids = ids._above  # noqa: SLF001 - its own class
        return None if ids is None else ids.own[name]


_innermost: Final[ContextVar[_Ids | None]] = ContextVar("log-ids", default=None)


@contextmanager
def bound(**ids: str) -> Iterator[None]:
    """Put ids on every event of this task, and of the tasks it starts, until the block ends."""
    token = _innermost.set(_Ids(_innermost.get(), ids))
    try:
        yield
    finally:
        _innermost.reset(token)


def bind(**ids: str) -> None:
    """Put ids on every event of this task, and of the tasks it starts from now on, until the task ends.

    `bound` for a whole task: there is nothing to undo, and so nothing to keep.
    """
    _innermost.set(_Ids(_innermost.get(), ids))


def learn(**ids: str) -> None:
    """Put more ids on the events of the innermost `bound` block: those that are known only later.

    They count for the task that opened the block and for all that it has started, whichever of them
    learns: a session's reader learns its client, and the event of its end names it. Without a block
    around, nothing happens.
    """
    innermost = _innermost.get()
    if innermost is not None:
        innermost.own.update(ids)


def bound_in(context: Context, name: str) -> str | None:
    """The id of this name that events in a context have; None where there is none."""
    ids = context.get(_innermost)
    return None if ids is None else ids.get(name)


def _with_ids(_: Any, __: str, event: EventDict) -> EventDict:
    innermost = _innermost.get()
    return event if innermost is None else {**innermost.all(), **event}


def _with_timeout(_: Any, __: str, event: EventDict) -> EventDict:
    """Which deadline ran out, on what is said while that is handled."""
    error = sys.exc_info()[1]
    while error is not None and not isinstance(error, TimedOut):
        error = error.__cause__
    if error is None:
        return event
    found = {"timeout": error.timeout_name, "timeout_config_version": error.timeout_config_version}
    return {**found, **event}


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
        _with_ids,
        _with_timeout,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _bounded,
    ]
    if is_text:
        plain = structlog.dev.plain_traceback  # the rich one prints local variables: content
        console = structlog.dev.ConsoleRenderer(colors=has_colors, exception_formatter=plain)
        return [*shared, _printable, console]
    return [*shared, structlog.processors.JSONRenderer(_escaped_json, ensure_ascii=False, default=str)]


def _bounded(_: Any, __: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if not isinstance(value, str):
            continue
        if key == "exception":  # its end says what was raised
            event[key] = value[-limits.MAX_LOG_TRACEBACK_CHARS :]
        elif len(value) > limits.MAX_LOG_VALUE_CHARS:
            event[key] = value[: limits.MAX_LOG_VALUE_CHARS] + "…"
    return event


def _escaped_json(event: EventDict, **how: Any) -> str:
    """JSON in one line of text that moves no terminal: with the controls that JSON lets stand as escapes."""
    return _CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(event, **how))


def _printable(_: Any, __: str, event: EventDict) -> EventDict:
    """A peer's text must not move the cursor or begin a line; JSON escapes by itself."""
    for key, value in event.items():
        if isinstance(value, str) and key != "exception" and not value.isprintable():
            event[key] = ascii(value)
    return event


_recent: Final[deque[str]] = deque(maxlen=limits.MAX_RECENT_LINES)
_COLORS: Final = re.compile("\x1b\\[[0-9;]*m")


def recent() -> list[str]:
    """The newest lines that were written, the newest last, without a terminal's colours."""
    return [_COLORS.sub("", line) for line in list(_recent)]


class _Lines:
    """What structlog calls a logger: writes finished lines."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def _write(self, line: str) -> None:
        _recent.append(line)
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
