"""Board id -> room: opened once, kept while somebody needs it, evicted when idle, drained at the end.

```
hub nursery       tick · alarm · lookout · patience · sweep · upkeep · one task per open room
```

A room that fails takes its own sessions with it and nothing else. An evicted room leaves the table
before it writes its last checkpoint; whoever comes meanwhile opens a new one from the log, which by
then has everything.
"""

import math
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from heapq import nlargest, nsmallest
from typing import Final

import trio

from whiteboard import limits, timeouts
from whiteboard.deadlines import current_span
from whiteboard.diagnostics import logs
from whiteboard.diagnostics.tracing import begin
from whiteboard.errors import ConnectionLost, RoomClosed, ServerFull
from whiteboard.ids import BoardId, SessionId
from whiteboard.plugins.guard import Guard
from whiteboard.protocol import close_codes, messages
from whiteboard.protocol.close_codes import CloseCode
from whiteboard.protocol.codec import encode
from whiteboard.rooms.alarm import Alarm
from whiteboard.rooms.lookout import Lookout
from whiteboard.rooms.patience import Patience
from whiteboard.rooms.permit import Permit
from whiteboard.rooms.ports import NOBODY, Connection, Visitor, Witness
from whiteboard.rooms.replica import slices
from whiteboard.rooms.room import Room
from whiteboard.rooms.session import Session
from whiteboard.rooms.tick import Tick
from whiteboard.storage.ports import Storage

log = logs.get_logger()

NOBODY_KNOWN: Final = Visitor()
"""A visitor of whom nothing is known."""


@dataclass(frozen=True, slots=True)
class HubStatistics:
    """What is alive right now."""

    sessions: int
    boards: int
    leases: int
    queue_bytes: int
    """Bytes waiting for slow sockets."""
    ops_waiting: int
    """Ops handed in and not settled."""


@dataclass(frozen=True, slots=True)
class BoardStatistics:
    """The same of one board."""

    board: BoardId
    sessions: int
    queue_bytes: int
    ops_waiting: int
    seq: int
    """Of its latest op; 0 while it is being loaded."""


class Hub:
    """All rooms of this process."""

    def __init__(
        self,
        storage: Storage,
        nursery: trio.Nursery,
        clock_ms: Callable[[], int],
        witness: Witness = NOBODY,
        guard: Guard | None = None,
    ) -> None:
        """Args: `guard` decides who may come and draw; everybody may without one."""
        self._storage = storage
        self._witness = witness
        self._nursery = nursery
        self._clock_ms = clock_ms
        self._guard = guard
        self._rooms: dict[BoardId, Room] = {}
        self._ending: set[Room] = set()
        # rooms that left the table and still write
        self._deleting: set[BoardId] = set()
        # boards on their way out of storage: a room opened now would hold what is about to go
        self.is_draining = False
        self.is_short_of_memory = False
        """Nobody new is let in and no board is opened then; who is here stays and draws (R42)."""
        self.turned_away = 0
        """Sessions and boards that were refused because memory was short."""
        self._being_served: set[SessionId] = set()
        # sessions, from their start to their last byte
        self.tick = Tick()
        """Commits and sends for all rooms. Whoever reads sockets calls its `beat` after each pass."""
        self.alarm = Alarm()
        """Wakes the watchdogs of all sessions."""
        self.lookout = Lookout()
        """Gives up clients that take nothing of what they are sent."""
        self.patience = Patience(timeouts.HELLO)
        """Tells sessions that nobody has said hello in time."""
        self._corrupt_at = -math.inf

    # --- sessions -----------------------------------------------------------------------------

    async def serve(
        self,
        board_id: BoardId,
        accept: Callable[[], AbstractAsyncContextManager[Connection]],
        visitor: Visitor = NOBODY_KNOWN,
    ) -> None:
        """Start a session on a board, in the board's own nursery; returns once it has been started.

        Args:
            accept: opens the connection (the WebSocket handshake); entered inside the session's task.
            visitor: who asks, for the permission hooks.

        Raises RoomClosed while draining, ServerFull at the limit of sessions or boards; `accept` has not
        been called then.
        """
        room = self._admit(board_id)
        with room.lease():  # until the session's task has its own
            await room.wait_open()
            self._start_session(room, accept, visitor)

    def serve_now(
        self,
        board_id: BoardId,
        accept: Callable[[], AbstractAsyncContextManager[Connection]],
        visitor: Visitor = NOBODY_KNOWN,
    ) -> bool:
        """As `serve`, where it has to wait for nothing and refuses nobody; else False, and nothing has happened."""
        room = self._rooms.get(board_id)
        if room is None or not room.is_open:
            return False
        try:
            self._check_place(room)
        except (RoomClosed, ServerFull):
            return False  # who waits for the room meets it again
        self._start_session(room, accept, visitor)
        return True

    def _start_session(
        self, room: Room, accept: Callable[[], AbstractAsyncContextManager[Connection]], visitor: Visitor
    ) -> None:
        session_id = SessionId(f"s-{secrets.token_urlsafe(9)}")
        permit = None if self._guard is None else Permit(self._guard, visitor, room.board_id, session_id)
        serve = partial(self._serve_session, session_id, room, accept, permit)
        room.start_session(serve, name=f"session {session_id}")
        self._being_served.add(session_id)

    async def _serve_session(
        self,
        session_id: SessionId,
        room: Room,
        accept: Callable[[], AbstractAsyncContextManager[Connection]],
        permit: Permit | None,
    ) -> None:
        """The session's edge: whatever goes wrong from the handshake to the last byte stays here.

        Gives back the lease that it was started with. No context managers of our own here: each would keep half a
        KiB for as long as the session lives.
        """
        span = begin("session", board=room.board_id, session=session_id)
        if span is not None:
            current_span.set(span)
        try:
            logs.bind(board=room.board_id, session=session_id)
            opening = accept()
            del accept  # with the request; nobody looks at it again
            async with opening as connection:
                await Session(session_id, room, connection, self.patience, permit).run()
        except* ConnectionLost:
            log.debug("handshake_failed")
        except* Exception as faults:
            log.exception("session_failed")
            if span is not None:
                span.fail(faults)
        finally:
            if span is not None:
                span.end()
            self._being_served.discard(session_id)
            room.give_lease_back()

    def serves(self, session_id: str) -> bool:
        """Whether a session lives: from its start to its last byte."""
        return session_id in self._being_served

    def _admit(self, board_id: BoardId) -> Room:
        try:
            self._check_place(self._rooms.get(board_id))
        except ServerFull:
            self.turned_away += self.is_short_of_memory
            raise
        return self._room(board_id)

    def _check_place(self, room: Room | None) -> None:
        """Raises RoomClosed or ServerFull where nobody more can have a session, in this room or in a new one."""
        if self.is_draining:
            raise RoomClosed("the server is draining")
        if self.is_short_of_memory:
            raise ServerFull("the server is short of memory")
        if room is not None and room.leases >= limits.MAX_SESSIONS_PER_BOARD:
            raise ServerFull(f"the board has {limits.MAX_SESSIONS_PER_BOARD} sessions")
        if len(self._being_served) >= limits.MAX_SESSIONS:
            raise ServerFull(f"the server has {limits.MAX_SESSIONS} sessions")

    # --- rooms --------------------------------------------------------------------------------

    @asynccontextmanager
    async def visit(self, board_id: BoardId) -> AsyncIterator[Room]:
        """The loaded room of a board, kept open for the block. Raises RoomClosed, also at the limit of boards."""
        try:
            room = self._room(board_id)
        except ServerFull as full:
            raise RoomClosed(str(full)) from full
        with room.lease():
            await room.wait_loaded()
            yield room

    async def delete(self, board_id: BoardId) -> bool:
        """End the board's sessions with 4404 and forget the board; False when nobody knew it."""
        if board_id in self._deleting:
            return False
        self._deleting.add(board_id)
        try:
            await self._see_off(board_id)
            was_there = await self._storage.boards.delete(board_id)
            if was_there:
                self._witness.board_deleted(board_id)
            return was_there
        finally:
            self._deleting.discard(board_id)

    async def _see_off(self, board_id: BoardId) -> None:
        """End a board's room. Apart from `delete`, which would keep it in memory for as long as storage takes."""
        room = self._rooms.pop(board_id, None)
        if room is not None:
            self._end(room, close_codes.NO_SUCH_BOARD)
            await room.wait_ended()

    async def sweep(self) -> None:
        """Evict idle boards for ever."""
        while True:
            await trio.sleep(timeouts.EVICT_SWEEP.seconds)
            self._evict_idle()

    def _evict_idle(self) -> None:
        too_old = trio.current_time() - timeouts.ROOM_IDLE.seconds
        for room in list(self._rooms.values()):
            if room.leases == 0 and room.idle_since <= too_old:
                self._evict(room)

    def unload_idle(self) -> int:
        """Evict boards that nobody has open, the longest idle first, UNLOADED_AT_ONCE at most; how many.

        Not while as many are on their way out: each writes a last checkpoint.
        """
        idle = (room for room in self._rooms.values() if room.leases == 0)
        free = max(0, limits.UNLOADED_AT_ONCE - len(self._ending))
        some = nsmallest(free, idle, key=lambda room: room.idle_since)
        for room in some:
            self._evict(room)
        return len(some)

    def drop(self) -> int:
        """Have all rooms let go of what can be read or made again; about how many bytes."""
        return sum(room.drop_caches() for room in list(self._rooms.values()))

    async def look_after(self) -> None:
        """See for ever that boards get their checkpoints, a few at a time: who draws waits for none but these."""
        while True:
            *shares, last = slices(list(self._rooms), limits.UPKEEP_BOARDS) if self._rooms else [[]]
            pause = timeouts.UPKEEP.seconds / (len(shares) + 1)
            for share in shares:
                self._look_after(share)
                await trio.sleep(pause)
            self._look_after(last)
            await trio.sleep(pause)

    def _look_after(self, board_ids: list[BoardId]) -> None:
        """No room outlives this in a variable of the task above, which sleeps: it would keep a board in memory."""
        for board_id in board_ids:
            room = self._rooms.get(board_id)
            if room is not None:
                room.look_after()

    async def drain(self) -> None:
        """Stop taking sessions, ask the present ones to come back later, end every room (R12).

        Returns when every room has stored what it was given and is gone.
        """
        self.is_draining = True
        notice = encode(messages.Drain(reconnect=(0.0, timeouts.RECONNECT_SPREAD.seconds)))
        for room in self._rooms.values():
            room.tell_all(notice)
        if any(room.session_count for room in self._rooms.values()):
            await trio.sleep(timeouts.DRAIN_NOTICE.seconds)
        for room in self._rooms.values():
            self._end(room, close_codes.GOING_AWAY)
        self._rooms.clear()
        for room in list(self._ending):
            await room.wait_ended()

    def _room(self, board_id: BoardId) -> Room:
        if board_id in self._deleting:
            raise RoomClosed(f"board {board_id!r} is being deleted")
        room = self._rooms.get(board_id)
        if room is None or room.is_closing:
            if self.is_short_of_memory:
                self.turned_away += 1
                raise ServerFull("the server is short of memory: it opens no board now")
            if len(self._rooms) >= limits.MAX_BOARDS_OPEN:
                self._make_room()
            room = Room(
                board_id,
                self._storage,
                self._clock_ms,
                self.tick,
                self.alarm,
                lookout=self.lookout,
                witness=self._witness,
            )
            self._rooms[board_id] = room
            self._nursery.start_soon(self._run_room, room, name=f"room {board_id}")
        return room

    def _make_room(self) -> None:
        """Evict the board that nobody has needed for longest. Raises ServerFull when all are in use."""
        idle = [room for room in self._rooms.values() if room.leases == 0]
        if not idle:
            raise ServerFull(f"{limits.MAX_BOARDS_OPEN} boards are open")
        self._evict(min(idle, key=lambda room: room.idle_since))

    def _evict(self, room: Room) -> None:
        del self._rooms[room.board_id]
        self._end(room, close_codes.GOING_AWAY)

    def _end(self, room: Room, farewell: CloseCode) -> None:
        self._ending.add(room)
        room.close(farewell)

    async def _run_room(self, room: Room) -> None:
        try:
            with logs.bound(board=room.board_id):
                await self._run_logged(room)
        finally:
            self._ending.discard(room)
            self._corrupt_at = max(self._corrupt_at, room.corrupt_at)
            if self._rooms.get(room.board_id) is room:
                del self._rooms[room.board_id]

    async def _run_logged(self, room: Room) -> None:
        """The room's edge: its faults end here."""
        log.info("room_opened")
        try:
            await room.run()
            log.info("room_closed")
        except* Exception:
            log.exception("room_failed")

    @property
    def is_refusing(self) -> bool:
        """Whether storage refused a commit or turned out corrupt just now: people notice before a probe does."""
        latest = self._corrupt_at
        for room in self._rooms.values():
            latest = max(latest, room.refused_at, room.corrupt_at)
        return latest > trio.current_time() - timeouts.REFUSAL_COUNTS.seconds

    # --- figures ------------------------------------------------------------------------------

    def statistics(self) -> HubStatistics:
        """Counts over all rooms, those on their way out included."""
        rooms = self._ending.union(self._rooms.values())
        return HubStatistics(
            sessions=sum(room.session_count for room in rooms),
            boards=len(rooms),
            leases=sum(room.leases for room in rooms),
            queue_bytes=sum(room.queue_bytes for room in rooms),
            ops_waiting=sum(room.ops_waiting for room in rooms),
        )

    def busiest(self, most: int = limits.MAX_BOARDS_SHOWN) -> list[BoardStatistics]:
        """The boards with the most sessions, those first; `most` of them."""
        rooms = nlargest(most, self._rooms.values(), key=lambda room: room.session_count)
        return [
            BoardStatistics(
                room.board_id, room.session_count, room.queue_bytes, room.ops_waiting, room.replica.board.seq
            )
            for room in rooms
        ]


@asynccontextmanager
async def open_hub(
    storage: Storage,
    clock_ms: Callable[[], int],
    witness: Witness = NOBODY,
    guard: Guard | None = None,
) -> AsyncIterator[Hub]:
    """A hub and its nursery. Leaving the block cancels what is left; call `drain` before.

    Children: the tick, the alarm, the lookout, patience, the sweep, upkeep, and one task per open room.
    """
    async with trio.open_nursery() as nursery:
        hub = Hub(storage, nursery, clock_ms, witness, guard)
        nursery.start_soon(hub.tick.run, name="hub: tick")
        nursery.start_soon(hub.alarm.run, name="hub: alarm")
        nursery.start_soon(hub.lookout.run, name="hub: lookout")
        nursery.start_soon(hub.patience.run, name="hub: patience")
        nursery.start_soon(hub.sweep, name="hub: sweep")
        nursery.start_soon(hub.look_after, name="hub: upkeep")
        yield hub
        nursery.cancel_scope.cancel()
