"""What one session is sent, and how a slow, new or returning one is brought up to date (R7, R14).

Theory of operation
-------------------
A feed is live or it is catching up.

Live: the broadcast pushes each frame straight into the connection, which sends it at once or queues
what the kernel does not take. When that queue passes MAX_OUTBOX_BYTES the feed stops being live; what
is queued stays queued (at most the budget and one frame), and nothing more is added.

Catching up: the session's broadcaster task waits until the queue has left, reads the next piece from
the tail or the log (or sends a snapshot when that is cheaper), pushes it, and waits again. When it has
reached what everybody else was given it goes live, in one step without an await between.

So ops are never dropped and memory is bounded by construction: what a slow client has not taken yet
stays in the log. A client that takes no byte for SLOW_CLIENT while there is something for it, in our queue or the
kernel's, ends the session with 4408 (`lookout.py`). Presence is not queued behind ops at all: it is left out while
there is a backlog, and sent whole when the feed is level again.
"""

from collections import deque

import trio

from whiteboard.core.ops import Json
from whiteboard.core.presence import Profile
from whiteboard.limits import MAX_OUTBOX_BYTES, MAX_RESUME_OPS, PARTS_AT_ONCE, SLICE, SNAPSHOT_PART_BYTES
from whiteboard.protocol import messages
from whiteboard.protocol.codec import encode, frame, number_body
from whiteboard.protocol.packed import Packed
from whiteboard.rooms import figures
from whiteboard.rooms.broadcast import Broadcast, encode_changes, encode_pointers
from whiteboard.rooms.ports import Connection
from whiteboard.rooms.replica import Replica
from whiteboard.rooms.snapshots import Snapshot
from whiteboard.rooms.tail import Tail, first_of


class Feed:
    """One session's way from the board to its socket."""

    def __init__(
        self,
        connection: Connection,
        replica: Replica,
        tail: Tail,
        broadcast: Broadcast,
        *,
        takes_steps: bool = False,
    ) -> None:
        """Args: `takes_steps` says that the client reads points as steps in a snapshot."""
        self._takes_steps = takes_steps
        self._connection = connection
        self._replica = replica
        self._tail = tail
        self._broadcast = broadcast
        self._sent = 0
        self._is_live = False
        self._is_resuming = False
        self._wants_snapshot = False
        self._parts: deque[Packed] | None = None
        # of a snapshot, which are still to be sent
        self._has_stale_pointers = False
        self._has_lagged = False
        # perhaps for long, with many comings and goings
        self.heard = 0
        """How many changes of who is here the client knew when it was last told by itself."""
        self._known: list[Profile] = []
        # who this client believes is here; kept only while catching up
        self._level: trio.Event | None = None
        # set when the queue has left; there while somebody waits for that

    @property
    def backlog_bytes(self) -> int:
        """Bytes on their way to this client that the kernel has not taken."""
        return self._connection.backlog_bytes

    @property
    def resumed_at(self) -> int | None:
        """The seq up to which a client that resumed has been brought; None when it is level, or began anew."""
        return self._sent if self._is_resuming else None

    def start(self, welcome: Json, since: int | None, *, is_same_history: bool, is_hello_said: bool) -> None:
        """Greet the client, and say where to begin, before `run`: after `since`, or with a snapshot.

        A snapshot that is at hand goes with the welcome, in one send; mostly that is all there is to tell, the feed is
        live, and no task had to wake for it. What a client missed comes later: ops that it sent with its hello are older.

        Args:
            since: the seq that the client has, None for nothing.
            is_same_history: whether that seq counts in the epoch that this room has.
            is_hello_said: whether the client has begun with that; else an answer to what it has said goes first.
        """
        self.heard = self._broadcast.changes
        self._connection.hold(welcome)
        self._begin_after(since, is_same_history=is_same_history)
        if is_hello_said and self._wants_snapshot:
            self._catch_up_at_once()
        self._connection.release()
        if not self._is_live:
            self._note_who_is_here()
            self._connection.stir()

    def _catch_up_at_once(self) -> None:
        """As far as what is at hand goes, and what the socket takes: a snapshot, the ops since, live."""
        for _ in range(3):
            if self._connection.backlog_bytes or not self._catch_up_now() or self._parts:
                return  # the rest is the broadcaster's
            if self._is_live:
                self._send_pointers()
                return

    def rewind(self, since: int) -> None:
        """Send everything after `since` again: the client asked for it."""
        self.lag()
        self._begin_after(since, is_same_history=True)
        self._connection.stir()

    def tell(self, text: Json) -> None:
        """Send an answer to the session's own client: welcome, ack, reject, pong. Never dropped."""
        self._connection.push(text)

    def answer(self, text: Json) -> None:
        """As `tell`, for answers to ops: in one send with the ops that everybody gets, when they are on their way."""
        if self._is_live and self._broadcast.has_news:
            self._connection.hold(text)
        else:
            self._connection.push(text)

    @property
    def is_above_budget(self) -> bool:
        """Whether so much is queued that the session is to be read no further.

        Answers count like everything else: whoever sends ops and reads no acks is read no further.
        """
        return self._connection.backlog_bytes > MAX_OUTBOX_BYTES

    async def wait_level(self) -> None:
        """Return at once, or when a queue above the budget has left."""
        if self.is_above_budget:
            self._level = self._level or trio.Event()
            await self._level.wait()

    # --- what the broadcast calls; nothing here blocks ----------------------------------------

    def offer(self, ops: Json | Packed, up_to: int) -> None:
        """Take a frame of ops that ends at seq `up_to`."""
        self._connection.push(ops)
        self._sent = up_to
        if self._connection.backlog_bytes > MAX_OUTBOX_BYTES:
            self.lag()

    def offer_profiles(self, text: Json) -> None:
        """Take who came, changed or left; who is past the budget learns it when it is level again."""
        self._connection.push(text)
        if self._connection.backlog_bytes > MAX_OUTBOX_BYTES:
            self.lag()

    def offer_presence(self, text: Json, *, is_followed: bool) -> None:
        """Take moved pointers; while there is a backlog they wait, and only the newest count."""
        if self._connection.backlog_bytes:
            self._has_stale_pointers = True
        elif is_followed:
            self._connection.hold(text)
        else:
            self._connection.push(text)

    def lag(self) -> None:
        """Stop being live; what was sent so far stands, the log has the rest."""
        if self._is_live:
            self._is_live, self._has_lagged = False, True
            self._connection.release()
            self._broadcast.fall_behind(self)
            self._tell_changes(self._broadcast.untold(self.heard))
            self._note_who_is_here()
            self._connection.stir()

    # --- the broadcaster: one task per session ------------------------------------------------

    async def run(self) -> None:
        """Bring the client up to date, then drain what the kernel did not take, for ever.

        Raises TooSlow, ConnectionLost, StorageUnavailable.
        """
        while True:
            await self._drain()
            if not self._is_live:
                await self._catch_up()
            elif self._has_stale_pointers:
                self._send_pointers()
            else:
                await self._connection.wait_backlog()

    async def _drain(self) -> None:
        """Return when nothing is queued."""
        while self._connection.backlog_bytes:
            await self._connection.drain()
        if self._level is not None:
            self._level.set()
            self._level = None

    async def _catch_up(self) -> None:
        """One piece nearer to the head; the queue is empty when this begins."""
        if self._catch_up_now():
            await trio.lowlevel.checkpoint()  # hundreds may join in the same instant
        elif self._wants_snapshot:
            made = await self._replica.snapshots.newest(self._replica.board, in_steps=self._takes_steps)
            if self._wants_snapshot:  # else the client has asked for something else meanwhile
                self._begin_snapshot(made)
        else:
            await self._send_from_log()

    def _catch_up_now(self) -> bool:
        """The same, if nothing has to be waited for; whether that was so."""
        if self._wants_snapshot:
            made = self._replica.snapshots.at_hand(self._replica.board, in_steps=self._takes_steps)
            if made is None:
                return False
            self._begin_snapshot(made)
        if self._parts:
            self._connection.push_some(self._parts, PARTS_AT_ONCE)
        elif self._sent >= self._broadcast.seq:
            self._go_live()
        else:
            texts = self._tail.between(self._sent, self._broadcast.seq, SNAPSHOT_PART_BYTES)
            if texts is None:
                return False
            self._send_ops(texts)
        return True

    async def _send_from_log(self) -> None:
        if self._broadcast.seq - self._sent > MAX_RESUME_OPS:
            self._resync("too far behind")
            return
        after, limit = self._sent, min(SLICE, self._broadcast.seq - self._sent)
        stored = await self._replica.storage.op_log.read(
            self._replica.board_id, after, limit, epoch=self._replica.epoch
        )
        if self._sent != after or self._wants_snapshot:
            return  # the client asked for something else meanwhile
        self._send_ops(first_of((number_body(op.seq, op.body) for op in stored), SNAPSHOT_PART_BYTES))

    def _send_ops(self, texts: list[Json]) -> None:
        if texts:
            self._connection.push(frame(texts))
            self._sent += len(texts)

    def _begin_snapshot(self, made: Snapshot) -> None:
        """Have the board sent in parts; all over again after a `resync`.

        Ops that were stored since it was asked for follow, whether the snapshot covers them or not: their authors
        wait for them, and merging an op twice changes nothing.
        """
        self._wants_snapshot = False
        self._sent = min(self._sent, made.seq)
        self._parts = deque(made.messages)

    def _go_live(self) -> None:
        self._is_live, self._is_resuming, self._parts = True, False, None
        self._catch_up_with_changes()
        self._known = []
        self._has_stale_pointers = True
        self._broadcast.go_live(self)

    def _note_who_is_here(self) -> None:
        """The client has just been told who is here, all of it."""
        self.heard = self._broadcast.changes
        self._known = list(self._broadcast.presence.profiles())

    def _catch_up_with_changes(self) -> None:
        """Tell the client who came and left while it was not live: as it happened at first, later what has become of it."""
        texts = None if self._has_lagged else self._broadcast.missed(self.heard)
        if texts is None:
            texts = encode_changes(self._known, self._broadcast.presence.profiles())
        self._tell_changes(texts)

    def _tell_changes(self, texts: list[Json]) -> None:
        """Tell the client by itself, not with everybody at the next tick."""
        if texts:
            self._connection.push(frame(texts))
        self.heard = self._broadcast.changes

    def _send_pointers(self) -> None:
        self._has_stale_pointers = False
        pointers = self._broadcast.presence.pointers()
        if pointers:
            self._tell_changes(self._broadcast.untold(self.heard))  # nobody points before they have come
            self._connection.push(encode_pointers(pointers))

    def _begin_after(self, since: int | None, *, is_same_history: bool) -> None:
        if since is None:
            self._want_snapshot()
        elif not is_same_history or since > self._replica.board.seq:
            self._resync("another history")
        else:
            if since > self._broadcast.seq:
                self._broadcast.flush()  # so that nobody is behind this client
            self._sent = since
            self._is_resuming, self._wants_snapshot = True, False

    def _resync(self, reason: str) -> None:
        """Tell the client to discard what it holds; a snapshot follows."""
        figures.RESYNCS.add(value=reason)
        self._connection.push(encode(messages.Resync(reason=reason)))
        self._is_resuming = False
        self._want_snapshot()

    def _want_snapshot(self) -> None:
        self._wants_snapshot = True
        self._parts = None  # what is under way would bring back what is gone
        self._sent = self._broadcast.seq
