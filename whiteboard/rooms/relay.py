"""Who is on a board at other servers, and who is here, told to them: presence over a bus (R21, R30).

Nothing of it is kept. A server tells what has changed, at most every BROADCAST_TICK, and all that it has
every PRESENCE_BEAT; who has told nothing for PRESENCE_TTL has gone, and its people with it. So a message
that the bus loses is made up for by the next beat.
"""

import math
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
import trio

from whiteboard import timeouts
from whiteboard.core.presence import Pointer, Profile
from whiteboard.deadlines import waiting, within
from whiteboard.diagnostics import logs
from whiteboard.errors import StorageUnavailable
from whiteboard.ids import BoardId, ClientId, SessionId
from whiteboard.limits import MAX_SESSIONS_PER_BOARD
from whiteboard.protocol import messages
from whiteboard.rooms.broadcast import Broadcast, cursors_of, peers_of
from whiteboard.storage.ports import Bus

log = logs.get_logger()


class News(msgspec.Struct, omit_defaults=True):
    """What one server tells the others of its people on a board."""

    server: str
    is_all: bool = False
    """Whoever is not among `peers` is not there."""
    asks: bool = False
    """Tell me what you have: I have just come."""
    peers: list[messages.Peer] = []
    """Who came or changed."""
    gone: list[str] = []
    """Sessions that left."""
    cursors: list[messages.CursorOf] = []


_Pointed = tuple[Profile, Pointer]


@dataclass(slots=True)
class _Server:
    """Another server, as far as this board knows it."""

    heard_at: float
    sessions: set[SessionId] = field(default_factory=set)


class Relay:
    """Presence of one board between this server and the others."""

    def __init__(self, bus: Bus, board: BoardId, broadcast: Broadcast) -> None:
        self._bus = bus
        self._board = board
        self._broadcast = broadcast
        self._name = secrets.token_urlsafe(9)
        self._servers: dict[str, _Server] = {}
        self._told: dict[SessionId, _Pointed] = {}
        # of our own people, what the others have been told
        self._is_asked = False

    async def run(self) -> None:
        """Tell and listen until cancelled; our people then leave at the other servers.

        Children: one that tells, one that listens, one that notices servers that say nothing any more.
        """
        try:
            async with self._bus.listen(self._board) as heard, trio.open_nursery() as nursery:
                nursery.start_soon(self._tell_always)
                nursery.start_soon(self._sweep)
                async for text in heard:
                    self._hear(text)
        finally:
            with within(timeouts.CLEANUP, shield=True):
                await self._tell(News(server=self._name, is_all=True))  # noqa: ASYNC102 - `within` is shielded and ends

    # --- telling ------------------------------------------------------------------------------

    async def _tell_always(self) -> None:
        await self._tell(News(server=self._name, asks=True))
        beaten_at = -math.inf
        while True:
            is_due = self._is_asked or trio.current_time() >= beaten_at + timeouts.PRESENCE_BEAT.seconds
            self._is_asked = False
            news = self._everything() if is_due else self._changes()
            if is_due:
                beaten_at = trio.current_time()
            if is_due or news.peers or news.gone or news.cursors:
                await self._tell(news)
            await trio.sleep(timeouts.BROADCAST_TICK.seconds)
            with waiting(timeouts.PRESENCE_BEAT, since=beaten_at):
                await self._broadcast.presence_changed.wait()
            self._broadcast.presence_changed = trio.Event()

    async def _tell(self, news: News) -> None:
        try:
            await self._bus.tell(self._board, msgspec.json.encode(news))
        except StorageUnavailable as error:
            self._is_asked = True  # all of it once more, when the bus is back
            log.debug("presence_not_told", reason=str(error))

    def _everything(self) -> News:
        self._told = dict(self._own())
        profiles = (profile for profile, _ in self._told.values())
        pointers = {session: pointer for session, (_, pointer) in self._told.items() if pointer != Pointer()}
        return News(server=self._name, is_all=True, peers=peers_of(profiles), cursors=cursors_of(pointers))

    def _changes(self) -> News:
        told, self._told = self._told, dict(self._own())
        gone = [str(session) for session in told.keys() - self._told.keys()]
        profiles: list[Profile] = []
        pointers: dict[SessionId, Pointer] = {}
        for session, (profile, pointer) in self._told.items():
            before = told.get(session, (None, Pointer()))
            if profile != before[0]:
                profiles.append(profile)
            if pointer != before[1]:
                pointers[session] = pointer
        return News(server=self._name, peers=peers_of(profiles), gone=gone, cursors=cursors_of(pointers))

    def _own(self) -> Iterator[tuple[SessionId, _Pointed]]:
        """Our own people, and where they point."""
        presence = self._broadcast.presence
        elsewhere = {session for server in self._servers.values() for session in server.sessions}
        pointers = presence.pointers()
        for profile in presence.profiles():
            if profile.session not in elsewhere:
                yield profile.session, (profile, pointers.get(profile.session, Pointer()))

    # --- listening ----------------------------------------------------------------------------

    def _hear(self, text: bytes) -> None:
        try:
            news = msgspec.json.decode(text, type=News)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            log.warning("presence_unreadable", reason=str(error))
            return
        if news.server == self._name:
            return
        self._is_asked = self._is_asked or news.asks
        if news.asks:
            self._broadcast.presence_changed.set()
        server = self._servers.setdefault(news.server, _Server(-math.inf))
        server.heard_at = trio.current_time()
        self._take(server, news)
        if news.is_all and not news.peers:
            del self._servers[news.server]

    def _take(self, server: _Server, news: News) -> None:
        """Show what a server tells of its people."""
        for peer in news.peers[:MAX_SESSIONS_PER_BOARD]:
            self._show(server, Profile(SessionId(peer.session), ClientId(peer.client), peer.name, peer.color))
        gone = {SessionId(session) for session in news.gone}
        if news.is_all:
            gone |= server.sessions - {SessionId(peer.session) for peer in news.peers}
        for session in gone & server.sessions:
            server.sessions.discard(session)
            self._broadcast.leave(session)
        for cursor in news.cursors:
            if cursor.session in server.sessions:
                self._broadcast.point(SessionId(cursor.session), _pointer_of(cursor))

    def _show(self, server: _Server, profile: Profile) -> None:
        if profile.session in server.sessions:
            self._broadcast.rename(profile)
        elif (
            profile.session not in self._broadcast.presence and len(server.sessions) < MAX_SESSIONS_PER_BOARD
        ):
            server.sessions.add(profile.session)
            self._broadcast.enter(profile)

    async def _sweep(self) -> None:
        """Take out the people of servers that have gone without a word."""
        while True:
            await trio.sleep(timeouts.PRESENCE_BEAT.seconds)
            silent_since = trio.current_time() - timeouts.PRESENCE_TTL.seconds
            for name in [name for name, server in self._servers.items() if server.heard_at < silent_since]:
                for session in self._servers.pop(name).sessions:
                    self._broadcast.leave(session)


def _pointer_of(cursor: messages.CursorOf) -> Pointer:
    """Where somebody points, from what was told of it."""
    absent = msgspec.UNSET
    return Pointer(
        x=None if cursor.x is absent else cursor.x,
        y=None if cursor.y is absent else cursor.y,
        laser=None if cursor.laser is absent else tuple(tuple(point) for point in cursor.laser),
        follow=None if cursor.follow is absent else SessionId(cursor.follow),
    )
