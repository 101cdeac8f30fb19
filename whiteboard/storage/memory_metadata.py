"""Metadata in memory, as strict as on a database; the reference for the contract suite. Knows no files.

Each method first checkpoints and then does its work without another checkpoint, which makes it atomic.
"""

import time
from bisect import bisect_left
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar, assert_never

import trio

from whiteboard import limits
from whiteboard.errors import StorageConflict, StorageUnavailable
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
    Chronicle,
    Grant,
    Link,
    LinkId,
    Links,
    Metadata,
    People,
    Role,
    ServerEnded,
    ServerId,
    ServerSeen,
    SessionBegun,
    SessionEnded,
    SessionRecord,
    User,
    UserId,
)

_NEVER: Final = -1
"""Last sign of life of a server that nobody has heard of."""

Key = TypeVar("Key", bound=str)
Value = TypeVar("Value")


@dataclass(slots=True)
class _Server:
    instance: str
    seen_at: int


@dataclass(slots=True)
class _Place:
    """What the ports of one place share."""

    clock_ms: Callable[[], int]
    boards: dict[BoardId, BoardRecord] = field(default_factory=dict)
    servers: dict[ServerId, _Server] = field(default_factory=dict)
    live: dict[SessionId, SessionRecord] = field(default_factory=dict)
    """Sessions that have not ended."""
    ended: dict[SessionId, SessionRecord] = field(default_factory=dict)
    audit: "deque[AuditRecord]" = field(default_factory=lambda: deque(maxlen=limits.MAX_MEMORY_RECORDS))
    entries: set[str] = field(default_factory=set)
    """Names of the lines in `audit`."""
    number: int = 0
    """Of the newest line."""
    users: dict[UserId, User] = field(default_factory=dict)
    grants: dict[tuple[BoardId, UserId], Grant] = field(default_factory=dict)
    links: dict[LinkId, Link] = field(default_factory=dict)
    is_closed: bool = False

    async def enter(self) -> None:
        """Checkpoint, and refuse when closed."""
        await trio.lowlevel.checkpoint()
        if self.is_closed:
            raise StorageUnavailable("the storage is closed")


class _MemoryChronicle:
    def __init__(self, place: _Place) -> None:
        self._place = place

    async def record(self, changes: Sequence[Change]) -> None:
        metadata.check_changes(changes)
        await self._place.enter()
        for change in changes:
            self._apply(change)

    async def board(self, board: BoardId) -> BoardRecord | None:
        await self._place.enter()
        return self._place.boards.get(board)

    async def boards(self, limit: int, after: BoardId | None = None) -> Sequence[BoardRecord]:
        metadata.check_page(limit)
        await self._place.enter()
        return _page(self._place.boards, limit, after)

    async def session(self, session: SessionId) -> SessionRecord | None:
        await self._place.enter()
        found = self._place.live.get(session)
        return self._place.ended.get(session) if found is None else self._with_sign(found)

    async def live(
        self, limit: int, *, silent_ms: int, board: BoardId | None = None, after: SessionId | None = None
    ) -> Sequence[SessionRecord]:
        metadata.check_page(limit)
        await self._place.enter()
        since = self._place.clock_ms() - silent_ms
        found = {
            one.session: self._with_sign(one)
            for one in self._place.live.values()
            if board in {None, one.board} and self._seen_at(one) >= since
        }
        return _page(found, limit, after)

    async def end_lost(self, limit: int, *, silent_ms: int) -> Sequence[SessionRecord]:
        metadata.check_page(limit)
        await self._place.enter()
        since = self._place.clock_ms() - silent_ms
        lost = sorted(one.session for one in self._place.live.values() if self._seen_at(one) < since)[:limit]
        return [self._end(one, self._with_sign(self._place.live[one]).seen_at, SERVER_LOST) for one in lost]

    async def audit(
        self, limit: int, *, board: BoardId | None = None, before: int | None = None
    ) -> Sequence[AuditRecord]:
        metadata.check_page(limit)
        await self._place.enter()
        found = (
            one
            for one in reversed(self._place.audit)
            if (board is None or one.line.board == board) and (before is None or one.number < before)
        )
        return [one for one, _ in zip(found, range(limit), strict=False)]

    async def forget(self, limit: int, *, before: int) -> int:
        metadata.check_page(limit)
        await self._place.enter()
        place = self._place
        old_lines = [one for one in place.audit if one.line.at < before][:limit]
        for record in old_lines:
            place.audit.remove(record)
            place.entries.discard(record.line.entry)
        return (
            len(old_lines)
            + _drop(place.ended, limit, lambda one: one.ended_at is not None and one.ended_at < before)
            + _drop(place.boards, limit, lambda one: one.deleted_at is not None and one.deleted_at < before)
            + self._forget_servers(limit, before)
        )

    # --- small steps --------------------------------------------------------------------------

    def _apply(self, change: Change) -> None:
        place = self._place
        match change:
            case BoardCreated(board, at):
                self._create(board, at)
            case BoardDeleted(board, at):
                self._delete(board, at)
            case ServerSeen(server, instance):
                place.servers[server] = _Server(instance, place.clock_ms())
            case ServerEnded(server, at, why):
                for one in [one for one in place.live.values() if one.server == server]:
                    self._end(one.session, at, why)
            case SessionBegun():
                self._begin(change)
            case SessionEnded(session, at, why):
                self._end_known(session, at, why)
            case AuditLine():
                self._note(change)
            case _:
                assert_never(change)

    def _create(self, board: BoardId, at: int) -> None:
        known = self._place.boards.get(board)
        if known is None:
            self._place.boards[board] = BoardRecord(board, at, at, None)
        elif known.deleted_at is not None and known.deleted_at <= at:
            self._place.boards[board] = replace(known, created_at=at, deleted_at=None)

    def _delete(self, board: BoardId, at: int) -> None:
        place = self._place
        known = place.boards.get(board) or BoardRecord(board, at, at, None)
        if known.created_at <= at:
            known = replace(known, deleted_at=at)
        place.boards[board] = known
        place.grants = {key: one for key, one in place.grants.items() if one.board != board}
        place.links = {key: one for key, one in place.links.items() if one.board != board}
        _keep_newest(place.boards, lambda one: one.deleted_at)

    def _begin(self, begun: SessionBegun) -> None:
        place = self._place
        place.ended.pop(begun.session, None)
        place.live[begun.session] = SessionRecord(
            session=begun.session,
            board=begun.board,
            server=begun.server,
            instance="",
            client=begun.client,
            user=begun.user,
            name=begun.name,
            address=begun.address,
            since=begun.since,
            seen_at=begun.since,
            ended_at=None,
            why=None,
        )
        known = place.boards.get(begun.board) or BoardRecord(begun.board, begun.since, begun.since, None)
        place.boards[begun.board] = replace(known, seen_at=max(known.seen_at, begun.since))

    def _end_known(self, session: SessionId, at: int, why: str) -> None:
        if session in self._place.live:
            self._end(session, at, why)
        elif session in self._place.ended:
            self._place.ended[session] = replace(self._place.ended[session], ended_at=at, seen_at=at, why=why)

    def _end(self, session: SessionId, at: int, why: str) -> SessionRecord:
        record = replace(self._with_sign(self._place.live.pop(session)), ended_at=at, seen_at=at, why=why)
        self._place.ended[session] = record
        _keep_newest(self._place.ended, lambda one: one.ended_at)
        return record

    def _note(self, line: AuditLine) -> None:
        place = self._place
        if line.entry in place.entries:
            return
        if len(place.audit) == place.audit.maxlen:
            place.entries.discard(place.audit[0].line.entry)
        place.number += 1
        place.audit.append(AuditRecord(place.number, line))
        place.entries.add(line.entry)

    def _with_sign(self, session: SessionRecord) -> SessionRecord:
        server = self._place.servers.get(session.server)
        if server is None:
            return session
        return replace(session, instance=server.instance, seen_at=server.seen_at)

    def _seen_at(self, session: SessionRecord) -> int:
        server = self._place.servers.get(session.server)
        return _NEVER if server is None else server.seen_at

    def _forget_servers(self, limit: int, before: int) -> int:
        sessions = (*self._place.live.values(), *self._place.ended.values())
        used = {one.server for one in sessions}
        old = [name for name, one in self._place.servers.items() if one.seen_at < before and name not in used]
        for name in old[:limit]:
            del self._place.servers[name]
        return len(old[:limit])


class _MemoryPeople:
    def __init__(self, place: _Place) -> None:
        self._place = place

    async def create_user(self, user: User) -> bool:
        metadata.check_texts(user)
        await self._place.enter()
        return self._place.users.setdefault(user.user, user) is user

    async def user(self, user: UserId) -> User | None:
        await self._place.enter()
        return self._place.users.get(user)

    async def users(self, limit: int, after: UserId | None = None) -> Sequence[User]:
        metadata.check_page(limit)
        await self._place.enter()
        return _page(self._place.users, limit, after)

    async def disable_user(self, user: UserId, at: int) -> bool:
        await self._place.enter()
        known = self._place.users.get(user)
        if known is None or known.disabled_at is not None:
            return False
        self._place.users[user] = replace(known, disabled_at=at)
        return True

    async def grant(self, grant: Grant) -> None:
        metadata.check_texts(grant)
        await self._place.enter()
        if grant.user not in self._place.users:
            raise StorageConflict(f"nobody has created user {grant.user!r}")
        self._place.grants[grant.board, grant.user] = grant

    async def role(self, board: BoardId, user: UserId) -> Role | None:
        await self._place.enter()
        found = self._place.grants.get((board, user))
        return found.role if found and self._place.users[user].disabled_at is None else None

    async def grants_on(self, board: BoardId, limit: int, after: UserId | None = None) -> Sequence[Grant]:
        metadata.check_page(limit)
        await self._place.enter()
        found = {one.user: one for one in self._place.grants.values() if one.board == board}
        return _page(found, limit, after)

    async def grants_of(self, user: UserId, limit: int, after: BoardId | None = None) -> Sequence[Grant]:
        metadata.check_page(limit)
        await self._place.enter()
        found = {one.board: one for one in self._place.grants.values() if one.user == user}
        return _page(found, limit, after)

    async def revoke(self, board: BoardId, user: UserId) -> bool:
        await self._place.enter()
        return self._place.grants.pop((board, user), None) is not None


class _MemoryLinks:
    def __init__(self, place: _Place) -> None:
        self._place = place

    async def create(self, link: Link) -> None:
        metadata.check_link(link)
        await self._place.enter()
        for known in self._place.links.values():
            if known != link and (known.link == link.link or known.digest == link.digest):
                raise StorageConflict(f"link {link.link!r} or its digest is there already")
        self._place.links[link.link] = link

    async def find(self, digest: bytes) -> Link | None:
        await self._place.enter()
        return next((one for one in self._place.links.values() if one.digest == digest), None)

    async def page(self, board: BoardId, limit: int, after: LinkId | None = None) -> Sequence[Link]:
        metadata.check_page(limit)
        await self._place.enter()
        return _page(
            {one.link: one for one in self._place.links.values() if one.board == board}, limit, after
        )

    async def revoke(self, link: LinkId, at: int) -> bool:
        await self._place.enter()
        known = self._place.links.get(link)
        if known is None or known.revoked_at is not None:
            return False
        self._place.links[link] = replace(known, revoked_at=at)
        return True


class _MemoryMetadata:
    def __init__(self, place: _Place) -> None:
        self._place = place
        self._chronicle = _MemoryChronicle(place)
        self._people = _MemoryPeople(place)
        self._links = _MemoryLinks(place)

    @property
    def chronicle(self) -> Chronicle:
        return self._chronicle

    @property
    def people(self) -> People:
        return self._people

    @property
    def links(self) -> Links:
        return self._links

    async def probe(self) -> None:
        await self._place.enter()


@asynccontextmanager
async def open_memory_metadata(clock_ms: Callable[[], int] | None = None) -> AsyncIterator[Metadata]:
    """Metadata that live as long as the block, and of this process only.

    Of what is over (ended sessions, deleted boards, the audit) it keeps the newest MAX_MEMORY_RECORDS. After the block
    every call raises StorageUnavailable.

    Args:
        clock_ms: milliseconds since 1970; the system's clock by default.
    """
    place = _Place(clock_ms or (lambda: time.time_ns() // 1_000_000))
    try:
        yield _MemoryMetadata(place)
    finally:
        place.is_closed = True


def _page(found: Mapping[Key, Value], limit: int, after: str | None) -> list[Value]:
    """Values by key in ascending order, those above `after`, at most `limit`."""
    keys = sorted(found)
    start = 0 if after is None else bisect_left(keys, after + "\0")
    return [found[key] for key in keys[start : start + limit]]


def _drop(found: dict[Key, Value], limit: int, is_old: Callable[[Value], bool]) -> int:
    """Take out what is old, at most `limit`; how many."""
    old = [key for key, value in found.items() if is_old(value)][:limit]
    for key in old:
        del found[key]
    return len(old)


def _keep_newest(found: dict[Key, Value], over_at: Callable[[Value], int | None]) -> None:
    """Take out the first that are over, past MAX_MEMORY_RECORDS of them."""
    if len(found) <= limits.MAX_MEMORY_RECORDS:
        return
    over: Iterable[Key] = (key for key, value in found.items() if over_at(value) is not None)
    oldest = next(iter(over), None)
    if oldest is not None:
        del found[oldest]
