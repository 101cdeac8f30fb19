"""The promises of `whiteboard.storage.metadata`, for every adapter.

class TestMine(MetadataContract):
    @pytest.fixture
    def open_metadata(self) -> OpenMetadata:
        return open_my_metadata
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import trio

from whiteboard import limits
from whiteboard.errors import StorageConflict, StorageUnavailable
from whiteboard.ids import BoardId, ClientId, SessionId
from whiteboard.storage.metadata import (
    SERVER_LOST,
    AuditLine,
    BoardCreated,
    BoardDeleted,
    BoardRecord,
    Change,
    Grant,
    Link,
    LinkId,
    Metadata,
    Role,
    ServerEnded,
    ServerId,
    ServerSeen,
    SessionBegun,
    SessionEnded,
    SessionRecord,
    User,
    UserId,
    clean,
)
from whiteboard.testing.expecting import expect

OpenMetadata = Callable[[], AbstractAsyncContextManager[Metadata]]
"""Opens a new, empty place each time."""

BOARD = BoardId("board")
OTHER = BoardId("Other")
ADA = UserId("ada")
BOB = UserId("bob")
ONE = ServerId("server-1")
TWO = ServerId("server-2")
AT = 1_700_000_000_000
LONG_MS = 3_600_000
"""Nobody is silent for so long in a test."""


def begun(number: int, *, board: BoardId = BOARD, server: ServerId = ONE) -> SessionBegun:
    """A session's begin."""
    return SessionBegun(
        session=SessionId(f"s-{number:03}"),
        board=board,
        server=server,
        client=ClientId(f"client-{number}"),
        name=f"Zoë {number} 画",
        address=f"10.0.0.{number}:5{number:03}",
        since=AT + number,
    )


def line(number: int, *, board: BoardId | None = BOARD, at: int = AT) -> AuditLine:
    """A line of the audit."""
    return AuditLine(
        entry=f"entry-{number}",
        at=at + number,
        instance="host:8080",
        who=f"client:c{number}",
        what="session.begun",
        board=board,
        subject=f"session:s-{number}",
        detail={"name": 'Zoë "画" \\', "count": number, "share": 0.5, "is": True, "no": None},
    )


def link(number: int, *, board: BoardId = BOARD) -> Link:
    """A share link."""
    return Link(LinkId(f"link-{number}"), board, bytes([number]) * 32, Role.VIEWER, AT, "user:ada", AT + 9)


async def tell(metadata: Metadata, *changes: Change) -> None:
    """Record changes."""
    await metadata.chronicle.record(changes)


async def live(metadata: Metadata, *, silent_ms: int = LONG_MS, board: BoardId | None = None) -> list[str]:
    """Ids of the live sessions."""
    found = await metadata.chronicle.live(limits.MAX_RECORD_PAGE, silent_ms=silent_ms, board=board)
    return [one.session for one in found]


async def known(metadata: Metadata, number: int) -> SessionRecord:
    """A session that is known."""
    found = await metadata.chronicle.session(SessionId(f"s-{number:03}"))
    assert found is not None
    return found


async def become_silent(metadata: Metadata, server: ServerId) -> int:
    """Let the place's clock go on until a server has been silent for a moment; how long that is, in ms."""
    moment = 20
    await tell(metadata, ServerSeen(server, "silent"))
    while True:
        await trio.sleep(moment / 1000)
        if await metadata.chronicle.live(1, silent_ms=moment) == []:
            return moment


class _Boards:
    """Boards as the chronicle has them."""

    async def test_a_board_from_its_creation_to_its_deletion(self, open_metadata: OpenMetadata) -> None:
        """It is created, seen when somebody comes, deleted, and may be created anew."""
        async with open_metadata() as metadata:
            board = metadata.chronicle.board
            assert await board(BOARD) is None
            await tell(metadata, BoardCreated(BOARD, AT))
            assert await board(BOARD) == BoardRecord(BOARD, AT, AT, None)
            await tell(metadata, ServerSeen(ONE, "a"), begun(5), begun(3))
            assert await board(BOARD) == BoardRecord(BOARD, AT, AT + 5, None)
            await tell(metadata, BoardCreated(BOARD, AT + 6))
            assert await board(BOARD) == BoardRecord(BOARD, AT, AT + 5, None)
            await tell(metadata, BoardDeleted(BOARD, AT + 7))
            assert await board(BOARD) == BoardRecord(BOARD, AT, AT + 5, AT + 7)
            await tell(metadata, BoardCreated(BOARD, AT + 8))
            assert await board(BOARD) == BoardRecord(BOARD, AT + 8, AT + 5, None)

    async def test_news_that_come_late(self, open_metadata: OpenMetadata) -> None:
        """A creation from before a deletion does not undo it, nor a deletion from before a creation."""
        async with open_metadata() as metadata:
            await tell(metadata, BoardDeleted(BOARD, AT + 5), BoardCreated(BOARD, AT + 4))
            assert await metadata.chronicle.board(BOARD) == BoardRecord(BOARD, AT + 5, AT + 5, AT + 5)
            await tell(metadata, BoardCreated(BOARD, AT + 9), BoardDeleted(BOARD, AT + 6))
            assert await metadata.chronicle.board(BOARD) == BoardRecord(BOARD, AT + 9, AT + 5, None)

    async def test_a_board_that_nobody_told_of_is_noticed(self, open_metadata: OpenMetadata) -> None:
        """A session makes its board known."""
        async with open_metadata() as metadata:
            await tell(metadata, begun(1))
            assert await metadata.chronicle.board(BOARD) == BoardRecord(BOARD, AT + 1, AT + 1, None)

    async def test_pages_of_boards(self, open_metadata: OpenMetadata) -> None:
        """By id in the order of code points, from page to page."""
        names = ["B", "a", "a-", "a.b", "b", "~"]
        async with open_metadata() as metadata:
            await tell(metadata, *(BoardCreated(BoardId(name), AT) for name in reversed(names)))
            found: list[str] = []
            while more := await metadata.chronicle.boards(2, BoardId(found[-1]) if found else None):
                found += [one.board for one in more]
                assert len(more) <= 2
            assert found == names

    async def test_what_belongs_to_a_board_goes_with_it(self, open_metadata: OpenMetadata) -> None:
        """Its roles and links are gone after its deletion; those of others are not."""
        async with open_metadata() as metadata:
            await metadata.people.create_user(User(ADA, "Ada", AT))
            for number, board in enumerate((BOARD, OTHER)):
                await metadata.people.grant(Grant(board, ADA, Role.OWNER, AT, "operator"))
                await metadata.links.create(link(number, board=board))
            await tell(metadata, BoardDeleted(BOARD, AT + 1))
            assert [one.board for one in await metadata.people.grants_of(ADA, 9)] == [OTHER]
            assert await metadata.links.page(BOARD, 9) == []
            assert await metadata.links.page(OTHER, 9) == [link(1, board=OTHER)]


class _Sessions:
    """Sessions and their servers."""

    async def test_a_session_from_its_begin_to_its_end(self, open_metadata: OpenMetadata) -> None:
        """Who, where, since when, last seen; then ended, and why."""
        async with open_metadata() as metadata:
            assert await metadata.chronicle.session(SessionId("s-001")) is None
            start = begun(1)
            await tell(metadata, ServerSeen(ONE, "host:8080"), start, begun(2))
            found = await known(metadata, 1)
            assert found == SessionRecord(
                session=start.session,
                board=BOARD,
                server=ONE,
                instance="host:8080",
                client=start.client,
                user=None,
                name=start.name,
                address=start.address,
                since=start.since,
                seen_at=found.seen_at,
                ended_at=None,
                why=None,
            )
            assert found.seen_at > AT
            assert await live(metadata) == ["s-001", "s-002"]
            await tell(metadata, SessionEnded(start.session, AT + 50, "peer: 1000"))
            ended = await known(metadata, 1)
            assert ended == replace(found, seen_at=AT + 50, ended_at=AT + 50, why="peer: 1000")
            assert await live(metadata) == ["s-002"]

    async def test_what_is_written_again_changes_nothing(self, open_metadata: OpenMetadata) -> None:
        """A batch of unknown fate is written again, whole: the same sessions, the same lines, no twin."""
        batch = (
            ServerSeen(ONE, "a"),
            BoardCreated(BOARD, AT),
            begun(1),
            line(1),
            SessionEnded(SessionId("s-001"), AT + 5, "peer: 1000"),
            line(2),
            begun(2),
        )
        async with open_metadata() as metadata:
            await tell(metadata, *batch)
            once = [replace(await known(metadata, number), seen_at=0) for number in (1, 2)]
            await tell(metadata, *batch)
            assert [replace(await known(metadata, number), seen_at=0) for number in (1, 2)] == once
            assert await live(metadata) == ["s-002"]
            assert [one.line for one in await metadata.chronicle.audit(9)] == [line(2), line(1)]

    async def test_live_sessions_in_pages(self, open_metadata: OpenMetadata) -> None:
        """By id, of all boards or of one, from page to page."""
        async with open_metadata() as metadata:
            await tell(metadata, ServerSeen(ONE, "a"), ServerSeen(TWO, "b"))
            for number in (3, 1, 2, 5, 4):
                board, server = (BOARD, ONE) if number % 2 else (OTHER, TWO)
                await tell(metadata, begun(number, board=board, server=server))
            found: list[SessionId] = []
            while more := await metadata.chronicle.live(
                2, silent_ms=LONG_MS, after=found[-1] if found else None
            ):
                found += [one.session for one in more]
            assert found == [f"s-{number:03}" for number in range(1, 6)]
            assert await live(metadata, board=OTHER) == ["s-002", "s-004"]
            where = await metadata.chronicle.live(9, silent_ms=LONG_MS)
            assert [one.instance for one in where] == ["a", "b", "a", "b", "a"]

    async def test_sessions_of_a_silent_server_end(self, open_metadata: OpenMetadata) -> None:
        """They are not live, one caller ends them at their server's last sign of life; others' go on."""
        async with open_metadata() as metadata:
            await tell(metadata, begun(1), begun(2), begun(3, server=TWO))
            moment = await become_silent(metadata, ONE)
            await tell(metadata, ServerSeen(TWO, "b"))
            assert await live(metadata) == ["s-001", "s-002", "s-003"]
            lost: list[SessionRecord] = []

            async def end() -> None:
                lost.extend(await metadata.chronicle.end_lost(limits.MAX_RECORD_PAGE, silent_ms=LONG_MS))
                lost.extend(
                    one
                    for one in await metadata.chronicle.end_lost(limits.MAX_RECORD_PAGE, silent_ms=moment)
                    if one.server == ONE
                )

            async with trio.open_nursery() as nursery:
                nursery.start_soon(end)
                nursery.start_soon(end)
            assert sorted(one.session for one in lost) == ["s-001", "s-002"]
            ended = await known(metadata, 1)
            assert (ended.why, ended.instance) == (SERVER_LOST, "silent")
            assert ended.ended_at is not None
            assert ended.ended_at > AT
            assert ended in lost

    async def test_as_many_lost_sessions_as_are_asked_for(self, open_metadata: OpenMetadata) -> None:
        """`end_lost` is bounded; a server that nobody heard of is silent."""
        async with open_metadata() as metadata:
            await tell(metadata, *(begun(number) for number in range(1, 6)))
            counts = [len(await metadata.chronicle.end_lost(2, silent_ms=LONG_MS)) for _ in range(4)]
            assert counts == [2, 2, 1, 0]
            assert (await known(metadata, 1)).ended_at == AT + 1

    async def test_a_session_that_was_given_up_comes_back(self, open_metadata: OpenMetadata) -> None:
        """A server that was only held up begins its sessions again under another id, as if nothing had been."""
        async with open_metadata() as metadata:
            await tell(metadata, begun(1))
            await metadata.chronicle.end_lost(9, silent_ms=LONG_MS)
            await tell(metadata, ServerSeen(TWO, "a"), begun(1, server=TWO))
            assert await live(metadata) == ["s-001"]
            assert (await known(metadata, 1)).why is None

    async def test_a_server_that_ends_takes_its_sessions_along(self, open_metadata: OpenMetadata) -> None:
        """Those that had not ended end with it; others, and earlier ends, stay as they are."""
        async with open_metadata() as metadata:
            await tell(
                metadata, ServerSeen(ONE, "a"), ServerSeen(TWO, "b"), begun(1), begun(2), begun(3, server=TWO)
            )
            await tell(metadata, SessionEnded(SessionId("s-001"), AT + 5, "peer: 1000"))
            await tell(metadata, ServerEnded(ONE, AT + 9, "stopped"))
            assert await live(metadata) == ["s-003"]
            assert [(await known(metadata, number)).why for number in (1, 2)] == ["peer: 1000", "stopped"]


class _Audit:
    """The audit."""

    async def test_lines_come_back_whole_the_newest_first(self, open_metadata: OpenMetadata) -> None:
        """In pages by number, of all boards or of one; a board is no must."""
        lines = [line(n, board=[BOARD, OTHER, None][n % 3]) for n in range(7)]
        async with open_metadata() as metadata:
            await tell(metadata, *lines)
            found = await metadata.chronicle.audit(9)
            assert [one.line for one in found] == lines[::-1]
            numbers = [one.number for one in found]
            assert numbers == sorted(numbers, reverse=True)
            assert await metadata.chronicle.audit(3, before=numbers[2]) == found[3:6]
            assert [one.line for one in await metadata.chronicle.audit(9, board=OTHER)] == [
                lines[4],
                lines[1],
            ]
            assert await metadata.chronicle.audit(1, board=OTHER, before=found[2].number) == [found[5]]

    async def test_what_is_old_is_forgotten(self, open_metadata: OpenMetadata) -> None:
        """Ended sessions, lines and deleted boards from before a time, and nothing else, in bounded steps."""
        async with open_metadata() as metadata:
            await tell(metadata, ServerSeen(ONE, "a"), *(begun(number) for number in range(1, 5)))
            await tell(metadata, *(SessionEnded(SessionId(f"s-{n:03}"), AT + n, "x") for n in (1, 2, 3)))
            await tell(metadata, *(line(number) for number in range(1, 5)))
            await tell(metadata, BoardDeleted(OTHER, AT + 1), BoardDeleted(BoardId("third"), AT + 3))
            assert await metadata.chronicle.forget(1, before=AT + 3) == 3
            assert await metadata.chronicle.forget(9, before=AT + 3) == 2
            assert await metadata.chronicle.forget(9, before=AT + 3) == 0
            assert [one.line for one in await metadata.chronicle.audit(9)] == [line(4), line(3)]
            assert await metadata.chronicle.session(SessionId("s-002")) is None
            assert (await known(metadata, 3)).ended_at == AT + 3
            assert await live(metadata) == ["s-004"]
            assert [one.board for one in await metadata.chronicle.boards(9)] == [BOARD, "third"]


class _People:
    """Users, roles and links."""

    async def test_users(self, open_metadata: OpenMetadata) -> None:
        """Created once, listed in pages, disabled once."""
        async with open_metadata() as metadata:
            people = metadata.people
            assert await people.create_user(User(BOB, "Bob", AT))
            assert await people.create_user(User(ADA, "Ada 画", AT + 1))
            assert not await people.create_user(User(BOB, "Other", AT + 2))
            assert await people.user(BOB) == User(BOB, "Bob", AT)
            assert await people.user(UserId("eve")) is None
            assert await people.users(1) == [User(ADA, "Ada 画", AT + 1)]
            assert await people.users(9, ADA) == [User(BOB, "Bob", AT)]
            assert [await people.disable_user(one, AT + 5) for one in (BOB, BOB, UserId("eve"))] == [
                True,
                False,
                False,
            ]
            assert await people.user(BOB) == User(BOB, "Bob", AT, AT + 5)

    async def test_roles(self, open_metadata: OpenMetadata) -> None:
        """Given to users that are there, replaced, listed both ways, taken away; none for the disabled."""
        async with open_metadata() as metadata:
            people = metadata.people
            for user in (ADA, BOB):
                await people.create_user(User(user, user, AT))
            await expect(
                StorageConflict, people.grant(Grant(BOARD, UserId("eve"), Role.VIEWER, AT, "operator"))
            )
            first = [
                Grant(board, user, Role.VIEWER, AT, "operator")
                for board in (BOARD, OTHER)
                for user in (BOB, ADA)
            ]
            for grant in first:
                await people.grant(grant)
            owner = Grant(BOARD, ADA, Role.OWNER, AT + 1, "user:bob")
            await people.grant(owner)
            assert await people.role(BOARD, ADA) is Role.OWNER
            assert await people.role(BOARD, BOB) is Role.VIEWER
            assert await people.role(BoardId("third"), BOB) is None
            assert await people.grants_on(BOARD, 9) == [owner, first[0]]
            assert await people.grants_on(BOARD, 1, ADA) == [first[0]]
            assert await people.grants_of(ADA, 9) == [first[3], owner]
            assert await people.grants_of(ADA, 9, OTHER) == [owner]
            assert [await people.revoke(BOARD, BOB) for _ in range(2)] == [True, False]
            assert await people.role(BOARD, BOB) is None
            await people.disable_user(ADA, AT)
            assert await people.role(BOARD, ADA) is None
            assert await people.grants_of(ADA, 9) == [first[3], owner]

    async def test_links(self, open_metadata: OpenMetadata) -> None:
        """Found by their digest, listed by board, revoked once; a digest belongs to one link."""
        async with open_metadata() as metadata:
            links = metadata.links
            for number in (2, 1):
                await links.create(link(number))
            await links.create(link(1))  # a repeat
            await links.create(replace(link(3, board=OTHER), expires_at=None))
            await expect(StorageConflict, links.create(replace(link(1), digest=b"9" * 32)))
            await expect(StorageConflict, links.create(replace(link(1), link=LinkId("other"))))
            assert await links.find(bytes([2]) * 32) == link(2)
            assert await links.find(b"9" * 32) is None
            assert await links.page(BOARD, 9) == [link(1), link(2)]
            assert await links.page(BOARD, 9, LinkId("link-1")) == [link(2)]
            assert [await links.revoke(one, AT + 5) for one in (LinkId("link-1"), LinkId("link-1"))] == [
                True,
                False,
            ]
            assert not await links.revoke(LinkId("none"), AT)
            closed = await links.find(bytes([1]) * 32)
            assert closed == replace(link(1), revoked_at=AT + 5)
            assert [link(1).is_open(at) for at in (AT, AT + 8, AT + 9)] == [True, True, False]
            assert not closed.is_open(AT)


class MetadataContract(_Boards, _Sessions, _Audit, _People):
    """What every `Metadata` keeps. Give it the fixture `open_metadata`."""

    async def test_a_batch_is_one_step(self, open_metadata: OpenMetadata) -> None:
        """Arguments out of range are refused before anything is written."""
        bad: Sequence[AuditLine] = (
            replace(line(1), who="a\nb"),
            replace(line(1), who="x" * (limits.MAX_RECORD_CHARS + 1)),
            replace(line(1), detail={"a": "x" * limits.MAX_AUDIT_DETAIL_BYTES}),
            replace(line(1), detail={"a": "nul \0"}),
        )
        async with open_metadata() as metadata:
            for one in bad:
                await expect(ValueError, tell(metadata, line(0), one))
            await expect(ValueError, metadata.chronicle.record([]))
            await expect(ValueError, metadata.chronicle.record([line(1)] * (limits.MAX_RECORD_BATCH + 1)))
            assert await metadata.chronicle.audit(9) == []
            await tell(metadata, *(line(number) for number in range(limits.MAX_RECORD_BATCH)))
            assert len(await metadata.chronicle.audit(limits.MAX_RECORD_PAGE)) == limits.MAX_RECORD_BATCH

    async def test_pages_are_bounded(self, open_metadata: OpenMetadata) -> None:
        """A page has 1 to MAX_RECORD_PAGE lines; a link's digest has its size."""
        async with open_metadata() as metadata:
            for limit in (0, limits.MAX_RECORD_PAGE + 1):
                await expect(ValueError, metadata.chronicle.audit(limit))
                await expect(ValueError, metadata.chronicle.boards(limit))
                await expect(ValueError, metadata.chronicle.live(limit, silent_ms=1))
                await expect(ValueError, metadata.chronicle.end_lost(limit, silent_ms=1))
                await expect(ValueError, metadata.chronicle.forget(limit, before=1))
                await expect(ValueError, metadata.people.users(limit))
                await expect(ValueError, metadata.people.grants_on(BOARD, limit))
                await expect(ValueError, metadata.people.grants_of(ADA, limit))
                await expect(ValueError, metadata.links.page(BOARD, limit))
            await expect(ValueError, metadata.links.create(replace(link(1), digest=b"short")))

    async def test_texts_from_strangers(self, open_metadata: OpenMetadata) -> None:
        """What `clean` made of any text comes back as it is."""
        stranger = "".join(map(chr, range(0x250))) + "\ud800\U0001f58d\ufeff"
        async with open_metadata() as metadata:
            told = replace(begun(1), name=clean(stranger[0x200:]), address=clean(stranger))
            await tell(metadata, ServerSeen(ONE, clean("a%s%(b)s:x")), told)
            found = await known(metadata, 1)
            assert (found.name, found.address) == (told.name, told.address)
            assert found.instance == "a%s%(b)s:x"

    async def test_the_probe(self, open_metadata: OpenMetadata) -> None:
        """It passes while all is well."""
        async with open_metadata() as metadata:
            await metadata.probe()
            await metadata.probe()

    async def test_a_cancelled_write_is_whole_or_nothing(self, open_metadata: OpenMetadata) -> None:
        """However far it came, the batch is there or it is not, and the place goes on."""
        async with open_metadata() as metadata:
            with trio.CancelScope() as scope:
                scope.cancel()
                await tell(metadata, line(1), line(2))
            assert len(await metadata.chronicle.audit(9)) in {0, 2}
            await tell(metadata, line(1), line(2))
            assert [one.line for one in await metadata.chronicle.audit(9)] == [line(2), line(1)]

    async def test_after_closing(self, open_metadata: OpenMetadata) -> None:
        """Every call says that the place is closed."""
        async with open_metadata() as metadata:
            pass
        await expect(StorageUnavailable, metadata.chronicle.record([line(1)]))
        await expect(StorageUnavailable, metadata.chronicle.audit(1))
        await expect(StorageUnavailable, metadata.people.user(ADA))
        await expect(StorageUnavailable, metadata.links.find(b"x" * 32))
        await expect(StorageUnavailable, metadata.probe())


@asynccontextmanager
async def metadata_of(opened: AbstractAsyncContextManager[object]) -> AsyncIterator[Metadata]:
    """The metadata of a storage that keeps them beside its boards, as `open_metadata` should give them."""
    async with opened as storage:
        metadata = getattr(storage, "metadata", None)
        assert metadata is not None, f"{storage!r} keeps no metadata"
        yield metadata
