"""Boards, servers, sessions and the audit in SQL."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final, assert_never

from whiteboard.ids import BoardId, SessionId
from whiteboard.storage import metadata
from whiteboard.storage.metadata import (
    SERVER_LOST,
    AuditLine,
    AuditRecord,
    BoardCreated,
    BoardDeleted,
    BoardRecord,
    Change,
    ServerEnded,
    ServerSeen,
    SessionBegun,
    SessionEnded,
    SessionRecord,
)
from whiteboard.storage.sql.door import Door, Row, Sql, Values

_CREATE_BOARD: Final = """
    INSERT INTO known_boards (board, created_at, seen_at) VALUES (:board, :at, :at)
    ON CONFLICT (board) DO UPDATE SET
        created_at = CASE WHEN known_boards.deleted_at <= excluded.created_at
                     THEN excluded.created_at ELSE known_boards.created_at END,
        deleted_at = CASE WHEN known_boards.deleted_at <= excluded.created_at
                     THEN NULL ELSE known_boards.deleted_at END
"""
_SEE_BOARD: Final = """
    INSERT INTO known_boards (board, created_at, seen_at) VALUES (:board, :since, :since)
    ON CONFLICT (board) DO UPDATE SET seen_at = excluded.seen_at
    WHERE known_boards.seen_at < excluded.seen_at
"""
_DELETE_BOARD: Final = """
    INSERT INTO known_boards (board, created_at, seen_at, deleted_at) VALUES (:board, :at, :at, :at)
    ON CONFLICT (board) DO UPDATE SET deleted_at = excluded.deleted_at
    WHERE known_boards.created_at <= excluded.deleted_at
"""
_SEE_SERVER: Final = """
    INSERT INTO servers (server, instance, started_at, seen_at) VALUES (:server, :instance, now_ms(), now_ms())
    ON CONFLICT (server) DO UPDATE SET instance = excluded.instance, seen_at = excluded.seen_at
"""
_END_SERVERS_SESSIONS: Final = """
    UPDATE sessions SET ended_at = :at, why = :why WHERE server = :server AND ended_at IS NULL
"""
_BEGIN_SESSION: Final = """
    INSERT INTO sessions (session, board, server, client, user_id, name, address, since)
    VALUES (:session, :board, :server, :client, :user, :name, :address, :since)
    ON CONFLICT (session) DO UPDATE SET
        board = excluded.board, server = excluded.server, client = excluded.client, user_id = excluded.user_id,
        name = excluded.name, address = excluded.address, since = excluded.since, ended_at = NULL, why = NULL
"""
_WRITE_AUDIT: Final = """
    INSERT INTO audit (entry, at, instance, who, what, board, subject, detail)
    VALUES (:entry, :at, :instance, :who, :what, :board, :subject, :detail)
    ON CONFLICT (entry) DO NOTHING
"""
_SESSION: Final = """
    SELECT s.session, s.board, s.server, coalesce(v.instance, ''), s.client, s.user_id, s.name, s.address, s.since,
           coalesce(s.ended_at, v.seen_at, s.since), s.ended_at, s.why
    FROM sessions s LEFT JOIN servers v ON v.server = s.server
"""
_LIVE: Final = f"""
    {_SESSION}
    WHERE s.ended_at IS NULL AND v.seen_at >= now_ms() - :silent_ms AND s.session > :after
"""
_PAGE_OF_LIVE: Final = f"{_LIVE} ORDER BY s.session LIMIT :limit"
_PAGE_OF_LIVE_ON: Final = f"{_LIVE} AND s.board = :board ORDER BY s.session LIMIT :limit"
_END_LOST: Final = """
    UPDATE sessions SET
        ended_at = coalesce((SELECT v.seen_at FROM servers v WHERE v.server = sessions.server), since), why = :why
    WHERE ended_at IS NULL AND session IN (
        SELECT s.session FROM sessions s LEFT JOIN servers v ON v.server = s.server
        WHERE s.ended_at IS NULL AND (v.seen_at IS NULL OR v.seen_at < now_ms() - :silent_ms)
        ORDER BY s.session LIMIT :limit)
    RETURNING session
"""
_PAGE_OF_AUDIT: Final = """
    SELECT number, entry, at, instance, who, what, board, subject, CAST(detail AS text) FROM audit
    WHERE number < :before ORDER BY number DESC LIMIT :limit
"""
_PAGE_OF_AUDIT_ON: Final = """
    SELECT number, entry, at, instance, who, what, board, subject, CAST(detail AS text) FROM audit
    WHERE board = :board AND number < :before ORDER BY number DESC LIMIT :limit
"""
_FORGET: Final = (
    """DELETE FROM sessions WHERE session IN
       (SELECT session FROM sessions WHERE ended_at < :before ORDER BY ended_at LIMIT :limit)""",
    """DELETE FROM audit WHERE number IN
       (SELECT number FROM audit WHERE at < :before ORDER BY at LIMIT :limit)""",
    """DELETE FROM known_boards WHERE board IN
       (SELECT board FROM known_boards WHERE deleted_at < :before ORDER BY deleted_at LIMIT :limit)""",
    """DELETE FROM servers WHERE server IN
       (SELECT v.server FROM servers v WHERE v.seen_at < :before
        AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.server = v.server) LIMIT :limit)""",
)
_NO_BOUND: Final = 2**63 - 1


class SqlChronicle:
    """See `whiteboard.storage.metadata.Chronicle`."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def record(self, changes: Sequence[Change]) -> None:
        metadata.check_changes(changes)
        statements = [statement for change in changes for statement in _statements(change)]
        await self._door.write(lambda sql: sql.batch(statements), rows=len(statements))

    async def board(self, board: BoardId) -> BoardRecord | None:
        select = "SELECT board, created_at, seen_at, deleted_at FROM known_boards WHERE board = :board"
        found = await self._door.read(lambda sql: sql.rows(select, {"board": board}))
        return BoardRecord(*found[0]) if found else None

    async def boards(self, limit: int, after: BoardId | None = None) -> Sequence[BoardRecord]:
        metadata.check_page(limit)
        select = """SELECT board, created_at, seen_at, deleted_at FROM known_boards
                    WHERE board > :after ORDER BY board LIMIT :limit"""
        values = {"after": after or "", "limit": limit}
        return [BoardRecord(*row) for row in await self._door.read(lambda sql: sql.rows(select, values))]

    async def session(self, session: SessionId) -> SessionRecord | None:
        return await self._door.read(lambda sql: _session(sql, session))

    async def live(
        self, limit: int, *, silent_ms: int, board: BoardId | None = None, after: SessionId | None = None
    ) -> Sequence[SessionRecord]:
        metadata.check_page(limit)
        select = _PAGE_OF_LIVE if board is None else _PAGE_OF_LIVE_ON
        values = {"silent_ms": silent_ms, "after": after or "", "limit": limit, "board": board}
        return [SessionRecord(*row) for row in await self._door.read(lambda sql: sql.rows(select, values))]

    async def end_lost(self, limit: int, *, silent_ms: int) -> Sequence[SessionRecord]:
        metadata.check_page(limit)
        values = {"silent_ms": silent_ms, "limit": limit, "why": SERVER_LOST}

        def end(sql: Sql) -> list[SessionRecord]:
            ended = sorted(SessionId(session) for (session,) in sql.rows(_END_LOST, values))
            return [record for one in ended if (record := _session(sql, one))]

        return await self._door.write(end, rows=limit)

    async def audit(
        self, limit: int, *, board: BoardId | None = None, before: int | None = None
    ) -> Sequence[AuditRecord]:
        metadata.check_page(limit)
        select = _PAGE_OF_AUDIT if board is None else _PAGE_OF_AUDIT_ON
        values = {"board": board, "before": _NO_BOUND if before is None else before, "limit": limit}
        return [_audit(row) for row in await self._door.read(lambda sql: sql.rows(select, values))]

    async def forget(self, limit: int, *, before: int) -> int:
        metadata.check_page(limit)
        values = {"before": before, "limit": limit}
        return await self._door.write(
            lambda sql: sum(sql.count(statement, values) for statement in _FORGET), rows=limit
        )


def _statements(change: Change) -> Iterator[tuple[str, Values]]:
    match change:
        case BoardCreated(board, at):
            yield _CREATE_BOARD, {"board": board, "at": at}
        case BoardDeleted(board, at):
            yield _DELETE_BOARD, {"board": board, "at": at}
            yield "DELETE FROM grants WHERE board = :board", {"board": board}
            yield "DELETE FROM links WHERE board = :board", {"board": board}
        case ServerSeen(server, instance):
            yield _SEE_SERVER, {"server": server, "instance": instance}
        case ServerEnded(server, at, why):
            yield _END_SERVERS_SESSIONS, {"server": server, "at": at, "why": why}
        case SessionBegun():
            yield _BEGIN_SESSION, asdict(change)
            yield _SEE_BOARD, {"board": change.board, "since": change.since}
        case SessionEnded(session, at, why):
            update = "UPDATE sessions SET ended_at = :at, why = :why WHERE session = :session"
            yield update, {"session": session, "at": at, "why": why}
        case AuditLine():
            detail = metadata.encode_detail(change.detail)
            yield _WRITE_AUDIT, {**_columns(change), "detail": detail}
        case _:
            assert_never(change)


def _columns(line: AuditLine) -> dict[str, Any]:
    return {name: getattr(line, name) for name in AuditLine.__slots__}


def _session(sql: Sql, session: SessionId) -> SessionRecord | None:
    found = sql.rows(f"{_SESSION} WHERE s.session = :session", {"session": session})
    return SessionRecord(*found[0]) if found else None


def _audit(row: Row) -> AuditRecord:
    number, entry, at, instance, who, what, board, subject, detail = row
    return AuditRecord(number, AuditLine(entry, at, instance, who, what, board, subject, json.loads(detail)))
