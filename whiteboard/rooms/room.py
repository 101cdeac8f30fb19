"""One board, live: its nursery, what runs in it, and how a session joins and leaves.

```
room nursery     follow and relay where the log is shared; commit and upkeep while they have something to wait for
  session scope  one task per session, each with a nursery of its own
```

When nobody draws, a room has one task, its own: the tick of all rooms commits and sends for it (`tick.py`).

The room opens at once and loads its board behind that: sessions may arrive and send meanwhile, their
messages wait in their sockets. It ends when it is told to (evicted, drained, deleted), or when it
fails; either way its sessions end first, then what they handed in is settled, then the board is
checkpointed.
"""

import math
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context, copy_context
from functools import partial

import trio

from whiteboard import limits, timeouts
from whiteboard.core.presence import Profile
from whiteboard.deadlines import within
from whiteboard.diagnostics.leaks.departed import DEPARTED
from whiteboard.errors import RoomClosed, StorageConflict, StorageCorrupt
from whiteboard.ids import BoardId, ClientId, SessionId
from whiteboard.protocol import close_codes, messages
from whiteboard.protocol.close_codes import CloseCode
from whiteboard.protocol.codec import VERSION, encode_welcome
from whiteboard.rooms.alarm import Alarm
from whiteboard.rooms.broadcast import Broadcast
from whiteboard.rooms.claims import Claim, Claims
from whiteboard.rooms.commit import Committer
from whiteboard.rooms.feed import Feed
from whiteboard.rooms.follow import Follower
from whiteboard.rooms.lookout import Lookout
from whiteboard.rooms.ports import NOBODY, Connection, Witness
from whiteboard.rooms.relay import Relay
from whiteboard.rooms.replica import Replica
from whiteboard.rooms.seat import Seat
from whiteboard.rooms.tail import Tail
from whiteboard.rooms.tick import Tick
from whiteboard.rooms.upkeep import Upkeep
from whiteboard.storage.ports import Storage


class Room:
    """The live copy of a board in this process."""

    def __init__(
        self,
        board_id: BoardId,
        storage: Storage,
        clock_ms: Callable[[], int],
        tick: Tick,
        alarm: Alarm,
        *,
        lookout: Lookout,
        witness: Witness = NOBODY,
    ) -> None:
        self.board_id = board_id
        self.alarm = alarm
        """What wakes the watchdogs of its sessions."""
        self.lookout = lookout
        """What looks whether their clients take what they are sent."""
        self._tick = tick
        self.witness = witness
        self.replica = Replica(storage, board_id, epoch=secrets.token_urlsafe(9))
        self.leases = 0
        """Whoever needs the board to stay: sessions and reads under way."""
        self.idle_since = trio.current_time()
        """When the last lease was given back."""
        self.farewell: CloseCode = close_codes.GOING_AWAY
        """With which code its sessions end when the room ends."""
        self.corrupt_at = -math.inf
        """When storage turned out corrupt, if it did after the board had been opened."""
        self._claims = Claims(board_id, storage.op_log)
        self._clock_ms = clock_ms
        self._loading = trio.CancelScope()
        self._opened = trio.Event()
        self._loaded = trio.Event()
        self._ended = trio.Event()
        self._close_wanted = trio.Event()
        self._sessions: trio.Nursery | None = None
        self._workers: trio.Nursery
        self._context: Context
        # of the room's own task: where what it starts from elsewhere belongs in the logs
        self._seats: dict[SessionId, Seat] = {}
        # these five once the board is loaded:
        self._tail: Tail
        self._broadcast: Broadcast
        self._committer: Committer
        self._follower: Follower
        self._upkeep: Upkeep

    # --- life ---------------------------------------------------------------------------------

    async def run(self) -> None:
        """Live until `close` or a fault; returns when every session and task of it is gone.

        Children: what works for the board in the outer nursery; sessions in the inner one.
        Raises StorageError of a load or commit that cannot go on.
        """
        self._context = copy_context()
        try:
            async with trio.open_nursery() as self._workers:
                async with trio.open_nursery() as self._sessions:
                    self._opened.set()
                    with self._loading:
                        await self._own(self._load)
                    await self._close_wanted.wait()
                    await self._answer_all()
                    self._sessions.cancel_scope.cancel()
                await self._settle()
                self._workers.cancel_scope.cancel()
        finally:
            self._tick.forget(self)
            self._close_wanted.set()
            self._opened.set()
            if self._loaded.is_set():
                # they know us: without this the board would stay in memory until all cycles are looked for
                del self._broadcast, self._committer, self._follower, self._upkeep
            self._loaded.set()
            self._ended.set()
            DEPARTED.note("board", self.board_id, self)

    def close(self, farewell: CloseCode) -> None:
        """End the room: its sessions first, with this code."""
        if not self._close_wanted.is_set():
            self.farewell = farewell
            self._close_wanted.set()
            self._loading.cancel()

    async def wait_ended(self) -> None:
        """Return once nothing of the room is left."""
        await self._ended.wait()

    @property
    def is_closing(self) -> bool:
        """Whether the room takes nothing new any more."""
        return self._close_wanted.is_set()

    async def _own(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do a part of the room's own work: when it fails, the board has failed."""
        try:
            await work()
        except Exception as error:
            if self._loaded.is_set() and isinstance(error, StorageCorrupt):
                self.corrupt_at = trio.current_time()
            self.close(close_codes.BOARD_FAILED)
            raise

    def _start(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run a part of the room's own work as a task of it; whoever asks may be another's task."""
        name = f"room {self.board_id}: {what}"
        with suppress(RuntimeError):  # the nursery has closed: the room is over
            self._context.run(partial(self._workers.start_soon, self._own, work, name=name))

    async def _load(self) -> None:
        await self.replica.load()
        self._tail = Tail(self.replica.board.seq)
        self._broadcast = Broadcast(
            self._tail, partial(self._tick.flush_soon, self), partial(self._tick.flush_presence_at, self)
        )
        self._committer = Committer(
            self.replica,
            self._tail,
            self._broadcast,
            self._claims,
            self._clock_ms,
            commit_soon=partial(self._tick.commit_soon, self),
            start_task=partial(self._start, "commit"),
            fail=self._fail,
            witness=self.witness,
        )
        self._follower = Follower(self.replica, self._committer)
        self._upkeep = Upkeep(self.replica)
        for work, what in self._followers():
            self._start(what, work)
        self._loaded.set()

    def _followers(self) -> Iterator[tuple[Callable[[], Awaitable[None]], str]]:
        storage = self.replica.storage
        if storage.op_log.is_shared:
            yield self._follower.run, "follow"
        if storage.bus is not None:
            yield Relay(storage.bus, self.board_id, self._broadcast).run, "relay"

    async def _answer_all(self) -> None:
        """Settle what was handed in while its authors can still be told; bounded as `_settle` is."""
        if not self._loaded.is_set():
            return
        with within(timeouts.CLEANUP):
            await self._committer.finish()
        self._broadcast.flush()

    async def _settle(self) -> None:
        """Finish what was handed in, then checkpoint; bounded, because storage may have stopped."""
        if not self._loaded.is_set():
            return
        with within(timeouts.CLEANUP):
            await self._committer.finish()
            await self._upkeep.settle()

    # --- what the tick calls ------------------------------------------------------------------

    def commit_now(self) -> bool:
        """Commit a part of what waits; whether more does."""
        try:
            return self._committer.commit_now()
        except Exception as fault:  # noqa: BLE001 - not swallowed: a task of the room raises it
            self._fail(fault)
            return False

    def flush(self) -> None:
        """Send every live session what it has not been sent."""
        try:
            self._broadcast.flush()
        except Exception as fault:  # noqa: BLE001 - not swallowed: a task of the room raises it
            self._fail(fault)

    def flush_presence(self) -> None:
        """Send every live session who changed or moved."""
        try:
            self._broadcast.flush_presence()
        except Exception as fault:  # noqa: BLE001 - not swallowed: a task of the room raises it
            self._fail(fault)

    def _fail(self, fault: Exception) -> None:
        """The board has failed outside its own tasks: let one of them say so."""
        faults = [fault]  # taken out, or it would hold the frame that raises it, and that frame the fault

        async def tell() -> None:
            await trio.lowlevel.checkpoint()
            raise faults.pop()

        self._start("fault", tell)

    def look_after(self) -> None:
        """Begin a checkpoint, a compaction or the laying to rest, if one is wanted."""
        if not self._loaded.is_set() or self.is_closing:
            return
        try:
            self._tail.look()
            is_wanted = self._upkeep.look()
        except Exception as fault:  # noqa: BLE001 - not swallowed: a task of the room raises it
            self._fail(fault)
        else:
            if is_wanted:
                self._start("upkeep", self._upkeep.work)

    def drop_caches(self) -> int:
        """Let go of what can be read or made again; about how many bytes. Who lags is fed from the log then."""
        if not self._loaded.is_set() or self.is_closing:
            return 0
        try:
            return self._tail.drop(self._broadcast.seq) + self.replica.snapshots.drop(self.replica.board)
        except Exception as fault:  # noqa: BLE001 - not swallowed: a task of the room raises it
            self._fail(fault)
            return 0

    # --- leases -------------------------------------------------------------------------------

    @contextmanager
    def lease(self) -> Iterator[None]:
        """Keep the room from being evicted."""
        self.take_lease()
        try:
            yield
        finally:
            self.give_lease_back()

    def take_lease(self) -> None:
        """Keep the room from being evicted, until `give_lease_back`."""
        self.leases += 1

    def give_lease_back(self) -> None:
        """One need less; the last one's end is when the room's idle time begins."""
        self.leases -= 1
        self.idle_since = trio.current_time()

    async def wait_loaded(self) -> None:
        """Return once the board is in memory. Raises RoomClosed when the room ended instead."""
        await self._loaded.wait()
        if self.is_closing:
            raise RoomClosed(f"board {self.board_id!r} is not open")

    async def wait_open(self) -> None:
        """Return once the room can run sessions. Raises RoomClosed when it has ended instead."""
        await self._opened.wait()
        if not self.is_open:
            raise RoomClosed(f"board {self.board_id!r} is closing")

    @property
    def is_open(self) -> bool:
        """Whether `wait_open` would return at once."""
        return self._sessions is not None and not self.is_closing

    def start_session(self, serve: Callable[[], Awaitable[object]], name: str) -> None:
        """Run a session in the room's inner nursery, with a lease that `serve` gives back. Call it while `is_open`.

        Not by `Nursery.start`: the session would hold on to the task that started it for as long as it lives.
        """
        if self._sessions is None:
            raise RuntimeError("the room has not been opened")
        self.take_lease()
        self._sessions.start_soon(serve, name=name)

    # --- what sessions do ---------------------------------------------------------------------

    async def enter(
        self,
        session: SessionId,
        hello: messages.Hello | None,
        connection: Connection,
        role: str = "editor",
    ) -> Seat:
        """Bring a session in: it gets `welcome`, the others hear of it, its feed is ready to run.

        Args:
            hello: None when the client has said something else, or nothing.
            role: what the welcome says that it may do; nothing here holds it to that.

        Raises RoomClosed, StorageUnavailable. When cancelled, the session was never here.
        """
        await self.wait_loaded()
        said = hello or messages.Hello()
        if self._is_same_history(said):
            await self._reach(said.since or 0)
        granted = await self._claims.enter(_wanted(said), said.key)
        return self._seat(session, said, connection, role, granted, is_hello_said=hello is not None)

    def enter_now(self, session: SessionId, hello: messages.Hello, connection: Connection) -> Seat | None:
        """As `enter`, when nothing has to be waited for; else None, and nothing has happened."""
        if not self._loaded.is_set() or self.is_closing or self.replica.storage.op_log.is_shared:
            return None
        granted = self._claims.enter_now(_wanted(hello), hello.key)
        if granted is None:
            return None
        return self._seat(session, hello, connection, "editor", granted, is_hello_said=True)

    def _seat(
        self,
        session: SessionId,
        hello: messages.Hello,
        connection: Connection,
        role: str,
        granted: tuple[Claim, str],
        *,
        is_hello_said: bool,
    ) -> Seat:
        claim, key = granted
        profile = Profile(session, claim.client, hello.name, hello.color)
        welcome = self._welcome(profile, claim, key, role)
        self._broadcast.enter(profile)
        feed = Feed(connection, self.replica, self._tail, self._broadcast, takes_steps=hello.compact)
        is_same = self._is_same_history(hello)
        feed.start(welcome, hello.since, is_same_history=is_same, is_hello_said=is_hello_said)
        seat = self._seats[session] = Seat(profile, claim, feed, self._broadcast, self._committer)
        return seat

    def _is_same_history(self, hello: messages.Hello) -> bool:
        return hello.epoch is None or hello.epoch == self.replica.epoch

    async def _reach(self, seq: int) -> None:
        """Read on to a seq that somebody has; a log that is not the same any more ends the room."""
        try:
            await self._follower.reach(seq)
        except StorageConflict as error:
            self.close(close_codes.BOARD_FAILED)
            raise RoomClosed(f"board {self.board_id!r} has another history") from error

    def leave(self, seat: Seat) -> None:
        """Take a session out; the others hear of it."""
        del self._seats[seat.profile.session]
        self._broadcast.fall_behind(seat.feed)  # it may be live without ever having run
        self._broadcast.leave(seat.profile.session)
        self._claims.release(seat.claim)

    def tell_all(self, text: bytes) -> None:
        """Send one message to every session that has been welcomed."""
        for seat in self._seats.values():
            seat.feed.tell(text)

    def _welcome(self, profile: Profile, claim: Claim, key: str, role: str) -> bytes:
        known = self.replica.board.clock
        clock = dict(list(known.items())[1 - limits.MAX_CLOCK_ENTRIES :])
        clock[claim.client] = max(claim.counter, known.get(claim.client, 0))
        return encode_welcome(
            messages.Welcome(
                v=VERSION,
                session=profile.session,
                client=profile.client,
                key=key,
                board=self.board_id,
                epoch=self.replica.epoch,
                seq=self.replica.board.seq,
                clock={str(client): counter for client, counter in clock.items()},
                role=role,
                peers=[],
                limits=limits.published(),
                heartbeat=messages.Heartbeat(
                    ping=timeouts.PING_INTERVAL.seconds, dead=timeouts.DEAD_PEER.seconds
                ),
                durable=self.replica.storage.op_log.durability.value,
            ),
            self._broadcast.peers,
        )

    # --- figures ------------------------------------------------------------------------------

    @property
    def session_count(self) -> int:
        """Sessions that have been welcomed and not left."""
        return len(self._seats)

    @property
    def queue_bytes(self) -> int:
        """Bytes waiting for slow sockets."""
        return sum(seat.feed.backlog_bytes for seat in self._seats.values())

    @property
    def refused_at(self) -> float:
        """`trio.current_time()` when storage last refused a commit of this board."""
        return self._committer.refused_at if self._loaded.is_set() and not self.is_closing else -math.inf

    @property
    def ops_waiting(self) -> int:
        """Ops handed in and not settled."""
        return self._committer.waiting if self._loaded.is_set() and not self.is_closing else 0


def _wanted(hello: messages.Hello) -> ClientId | None:
    return None if hello.client is None else ClientId(hello.client)
