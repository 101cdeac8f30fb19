"""One connection from its first byte to its last: a nursery with exactly three children (R10).

```
session nursery   sync loop · heartbeat watchdog · broadcaster
```

Whatever ends a session (goodbye, reset, silence, slowness, garbage, a fault, the room, the server)
ends as the cancellation of that nursery. What the session holds is given back behind it: its seat,
its claim, its place in presence; then the socket is closed with a code, shielded, within a deadline.
"""

import math
from collections.abc import Iterable
from contextvars import Context
from typing import Final

import trio

from whiteboard import timeouts
from whiteboard.core.ops import Json
from whiteboard.core.outcomes import RejectCode, Rejected
from whiteboard.core.presence import Pointer
from whiteboard.deadlines import within
from whiteboard.diagnostics import logs, tracing
from whiteboard.diagnostics.leaks.departed import DEPARTED
from whiteboard.errors import ConnectionLost, RoomClosed, StorageUnavailable, TooSlow
from whiteboard.ids import SessionId
from whiteboard.limits import (
    ANSWER_OVERHEAD_BYTES,
    MAX_FRAME_BYTES,
    MAX_STRIKES,
    OP_OVERHEAD_BYTES,
    TURN_BYTES,
)
from whiteboard.plugins.guard import NotAdmitted
from whiteboard.protocol import close_codes, messages
from whiteboard.protocol.close_codes import CloseCode
from whiteboard.protocol.codec import VERSION, encode, encode_error, encode_reject
from whiteboard.protocol.validation import (
    BadMessage,
    BadOp,
    OpRequest,
    Signal,
    read_message,
    split_frame,
)
from whiteboard.rooms import figures
from whiteboard.rooms.patience import Patience
from whiteboard.rooms.permit import Permit, farewell_of
from whiteboard.rooms.ports import Connection, Incoming, Oversize
from whiteboard.rooms.room import Room
from whiteboard.rooms.seat import Seat

log = logs.get_logger()

_NO_GOODBYE: Final = 1006
"""RFC 6455 section 7.1.5: what a connection's end counts as when no close frame came."""
_LEFT: Final = frozenset({1000, 1001, 1005})
"""RFC 6455 section 7.4: what peers say that leave because they want to."""
_RECEIVED: Final[dict[type, str]] = {
    kind: f"in,{kind.__name__.lower()}"
    for kind in (
        messages.Hello,
        messages.Cursor,
        messages.Laser,
        messages.Follow,
        messages.Ping,
        messages.Sync,
    )
}
_SYNC_LOOP: Final = "session: sync loop"
_WATCHDOG: Final = "session: heartbeat watchdog"
_BROADCASTER: Final = "session: broadcaster"
"""Names of tasks, the same for all sessions: which one it is stands in the name of the task above them."""


class Session:
    """One client's stay on one board."""

    def __init__(
        self,
        session_id: SessionId,
        room: Room,
        connection: Connection,
        patience: Patience,
        permit: Permit | None = None,
    ) -> None:
        """Args: `permit` says what the session may do; everything without one."""
        self.id = session_id
        self._permit = permit
        self._room = room
        self._connection = connection
        self._farewell: CloseCode | None = None
        self._reason = ""
        # of the farewell, where its meaning does not say it all
        self._scope: trio.CancelScope
        # its nursery's, once that is open
        self._seat: Seat | None = None
        self._patience = patience
        self._context: Context | None = trio.lowlevel.current_task().context
        # in which the session's begin is logged, whoever's turn it is
        self._fault: Exception | None = None
        # of ours, while a message was taken in the reader's turn
        self._listening_since: float | None = None
        # None while the sync loop is busy with something else than the socket
        self._work = 0
        # bytes handled since others had their turn
        self._read_at = -math.inf
        # when those arrived that count for it in the reader's turn
        self._strikes = 0.0
        self._last_strike = trio.current_time()

    async def run(self) -> None:
        """Serve the connection until it ends; returns with the socket closed and nothing held.

        Lets only `Cancelled` pass: a client's fault or ours ends this session and nothing else.
        """
        cause: Exception | None = None
        try:
            await self._run_children()
        except* (ConnectionLost, RoomClosed) as lost:
            cause = _first(lost)
        except* StorageUnavailable as refused:
            cause = _first(refused)
            self._farewell = close_codes.BOARD_FAILED
        except* TooSlow:
            self._farewell = close_codes.TOO_SLOW
        except* Exception as faults:
            log.exception("session_failed")
            tracing.fail(faults)
            self._farewell = close_codes.INTERNAL_ERROR
        finally:
            with within(timeouts.CLEANUP, shield=True):
                await self._leave(cause)  # noqa: ASYNC102 - `within` is shielded and ends
            DEPARTED.note("session", self.id, self)

    async def _run_children(self) -> None:
        self._connection.report_to(self._room.lookout.note)
        async with trio.open_nursery() as nursery:
            self._scope = nursery.cancel_scope
            nursery.start_soon(self._sync_loop, name=_SYNC_LOOP)
            nursery.start_soon(self._heartbeat_watchdog, name=_WATCHDOG)
            nursery.start_soon(self._broadcaster, name=_BROADCASTER)
        if self._fault is not None:
            raise self._fault

    def _end(self, farewell: CloseCode, reason: str = "") -> None:
        self._farewell, self._reason = farewell, reason
        self._scope.cancel()

    async def _leave(self, cause: Exception | None) -> None:
        farewell = self._farewell or self._room.farewell
        reason = self._reason if cause is None else str(cause)
        by, code, said = "server", farewell.code, reason or farewell.name
        if isinstance(cause, ConnectionLost):
            by, code, said = "peer", cause.code or _NO_GOODBYE, reason
        self._patience.let_go(self)
        if self._seat is not None:
            self._room.leave(self._seat)
            self._room.witness.session_closed(self.id, f"{by}: {code} {said}")
        _count_end(by, code)
        tracing.note("closed", by=by, code=code)
        self._connection.release()
        await self._connection.close(farewell.code, reason or farewell.meaning)
        log.info("session_closed", by=by, code=code, reason=said)

    # --- the children ------------------------------------------------------------------------

    async def _sync_loop(self) -> None:
        """Read the socket for ever and handle every message in order.

        A silent client is welcomed after the hello deadline as if it had said a bare hello.
        """
        if self._permit is None:  # hooks take their time over each op
            self._connection.listen(self._take_now)
        self._patience.wait_for(self)
        await self._take(await self._listen())
        await self._sit()
        while True:
            await self._take(await self._listen())

    def lose_patience(self) -> None:
        """No hello has come in time: the sync loop is to go on without."""
        if self._seat is None:
            self._connection.nudge()

    async def _heartbeat_watchdog(self) -> None:
        """Ping a silent peer; end the session DEAD_PEER after the last sign of life. Ask hooks again when it is time.

        While the sync loop is busy (a loading board, a full inbox) nobody reads the socket, and
        silence then says nothing about the peer.
        """
        dead, ping = timeouts.DEAD_PEER.seconds, timeouts.PING_INTERVAL.seconds
        pinged = -math.inf
        while True:
            now = trio.current_time()
            listening = now if self._listening_since is None else self._listening_since
            heard = max(listening, self._connection.last_heard)
            if now >= heard + dead:
                raise ConnectionLost(f"no sign of life for {now - heard:.0f} s")
            if now >= max(heard, pinged) + ping:
                await self._connection.ping()
                pinged = now
            due = math.inf if self._permit is None else self._permit.due
            if self._permit is not None and now >= due:
                await self._ask_again(self._permit)
                continue
            # The same sums as above: a rounded difference may never reach its bound.
            await self._room.alarm.sleep_until(min(heard + dead, _on_grid(max(heard, pinged) + ping), due))

    async def _broadcaster(self) -> None:
        """Bring the client up to date and keep its queue moving, once it has a seat."""
        while self._seat is None:
            await self._connection.wait_backlog()
            if self._seat is None:
                await self._connection.drain()
        await self._seat.feed.run()

    async def _ask_again(self, permit: Permit) -> None:
        """Whether the session may stay, and what it may do."""
        told = await permit.ask_again()
        if isinstance(told, NotAdmitted):
            self._end(farewell_of(told), told.reason)
        elif told is not None and self._seat is not None:
            self._seat.feed.tell(encode(messages.Role(role=told)))

    # --- messages -----------------------------------------------------------------------------

    async def _listen(self) -> Iterable[Incoming]:
        self._listening_since = trio.current_time()
        try:
            return await self._connection.receive()
        finally:
            self._listening_since = None
            self._work = 0

    def _take_now(self, frame: Incoming) -> bool:
        """Handle a frame in the reader's turn, if nothing in it has to be waited for; whether it was handled."""
        seat = self._seat
        if self._farewell is not None:
            return False
        try:
            if seat is None:
                return self._enter_now(frame)
            if isinstance(frame, bytes) and frame.startswith(b"{"):
                return self._handle_single_now(seat, frame)
            return self._handle_frame_now(seat, frame)
        except Exception as fault:  # noqa: BLE001 - not swallowed: the session's own task raises it
            self._fault = fault
            self._end(close_codes.INTERNAL_ERROR)
            return True

    def _handle_single_now(self, seat: Seat, text: bytes) -> bool:
        """A frame of one message, as nearly all are."""
        size_bytes = len(text) + OP_OVERHEAD_BYTES
        if seat.feed.is_above_budget or not self._has_turn(size_bytes):
            return False
        message = read_message(text)
        if isinstance(message, OpRequest) and _is_honest(message, seat) and seat.commit_directly(message):
            return True
        if not seat.can_take(1, size_bytes):
            return False
        self._handle_now(seat, message)
        return True

    def _handle_frame_now(self, seat: Seat, frame: Incoming) -> bool:
        if isinstance(frame, bytes) and len(frame) > TURN_BYTES:
            return False  # even to split it would take too long
        texts = _split(frame)
        if isinstance(texts, BadMessage):
            self._complain(texts)
            return True
        size_bytes = sum(map(len, texts)) + len(texts) * OP_OVERHEAD_BYTES
        if not self._has_turn(size_bytes) or not seat.can_take(len(texts), size_bytes):
            return False
        for text in texts:
            self._handle_now(seat, read_message(text))
        return True

    def _has_turn(self, size_bytes: int) -> bool:
        """Whether so much more may be handled in the reader's turn: TURN_BYTES of what one read has brought."""
        read_at = self._connection.last_heard
        if read_at != self._read_at:
            self._read_at, self._work = read_at, 0
        if self._work + size_bytes > TURN_BYTES:
            return False
        self._work += size_bytes
        return True

    def _handle_now(self, seat: Seat, message: OpRequest | BadOp | BadMessage | Signal) -> None:
        """As `_handle`, for a session that has its seat and asks no hooks."""
        if self._farewell is not None:
            return
        match message:
            case OpRequest() if _is_honest(message, seat):
                seat.submit_now(message)
            case OpRequest():
                seat.refuse_now(_forged(message, seat))
            case BadOp():
                seat.refuse_now(encode_reject(message.op_id, message.element, message.refusal))
            case BadMessage():
                self._complain(message)
            case _:
                self._signal(seat, message)

    async def _take(self, frames: Iterable[Incoming]) -> None:
        for frame in frames:
            if self._seat is not None:
                await self._seat.feed.wait_level()
            texts = _split(frame)
            if isinstance(texts, BadMessage):
                await self._sit()  # whatever comes first, the first answer is `welcome`
                self._complain(texts)
                await self._share_turn(len(frame) if isinstance(frame, bytes) else 0)
                continue
            for text in texts:
                await self._handle(text)
                await self._share_turn(len(text))

    async def _share_turn(self, size_bytes: int) -> None:
        """Others get their turn after every TURN_BYTES of work, however it is cut into frames."""
        self._work += size_bytes + OP_OVERHEAD_BYTES
        if self._work > TURN_BYTES:
            self._work = 0
            await trio.lowlevel.checkpoint()

    async def _handle(self, text: bytes) -> None:
        message = read_message(text)
        if self._seat is None and isinstance(message, messages.Hello):
            await self._enter(message)
            return
        seat = await self._sit()
        match message:
            case OpRequest():
                await self._submit(seat, message)
            case BadOp():
                await seat.refuse(encode_reject(message.op_id, message.element, message.refusal))
            case BadMessage():
                self._complain(message)
                await trio.lowlevel.checkpoint()  # it may have been one too many
            case _:
                self._signal(seat, message)

    async def _sit(self) -> Seat:
        """The seat; taken as if a bare hello had come when there is none yet."""
        return self._seat or await self._enter(None)

    async def _enter(self, hello: messages.Hello | None) -> Seat:
        """Take a seat in the room, as if a bare hello had come when it is None; waits while the board loads."""
        said = hello or messages.Hello()
        if hello is not None:
            _count(hello)
        if said.v != VERSION:
            self._end(close_codes.VERSION)
            await trio.lowlevel.checkpoint()
        role = "editor" if self._permit is None else await self._be_admitted(self._permit, said)
        seat = self._seat = await self._room.enter(self.id, hello, self._connection, role)
        self._note_begin(seat)
        return seat

    def _enter_now(self, frame: Incoming) -> bool:
        """Take a seat in the reader's turn, when a frame is a hello and nothing has to be waited for; whether that was so."""
        hello = _hello_in(frame)
        if hello is None or hello.v != VERSION or self._context is None:
            return False
        seat = self._seat = self._room.enter_now(self.id, hello, self._connection)
        if seat is not None:
            _count(hello)
            self._context.run(self._note_begin, seat)
        return seat is not None

    def _note_begin(self, seat: Seat) -> None:
        self._patience.let_go(self)
        self._context = None
        logs.learn(client=seat.claim.client)
        log.info("session_opened", peer=self._connection.peer)
        room, profile = self._room, seat.profile
        room.witness.session_opened(
            self.id, room.board_id, profile.client, profile.name, self._connection.peer
        )

    async def _be_admitted(self, permit: Permit, hello: messages.Hello) -> str:
        """The role to enter with. Who may not enter is sent away, without a welcome."""
        role = await permit.enter(hello)
        if isinstance(role, NotAdmitted):
            self._end(farewell_of(role), role.reason)
            await trio.lowlevel.checkpoint()  # ends here: the session is cancelled
            raise RoomClosed(role.reason)
        return role

    async def _submit(self, seat: Seat, request: OpRequest) -> None:
        if not _is_honest(request, seat):
            await seat.refuse(_forged(request, seat))
        elif (
            self._permit is None or (refused := await self._permit.judge(seat.claim.client, request)) is None
        ):
            await seat.submit(request)
        else:
            await seat.refuse_new(request, refused)

    def _signal(self, seat: Seat, signal: Signal) -> None:
        _count(signal)
        match signal:
            case messages.Hello():
                seat.rename(signal.name, signal.color)
            case messages.Cursor():
                seat.point(Pointer(x=signal.x, y=signal.y))
            case messages.Laser():
                seat.point(Pointer(laser=tuple(signal.points)))
            case messages.Follow():
                seat.point(Pointer(follow=SessionId(signal.session)))
            case messages.Ping():
                seat.feed.tell(encode(messages.Pong(ts=signal.ts)))
                self._work += ANSWER_OVERHEAD_BYTES
            case messages.Sync():
                seat.feed.rewind(signal.since)

    def _complain(self, error: BadMessage) -> None:
        """Tell the client what could not be read; a session of little else ends with 4400."""
        self._connection.push(encode_error(error))
        self._work += ANSWER_OVERHEAD_BYTES
        now = trio.current_time()
        self._strikes = max(0.0, self._strikes - (now - self._last_strike)) + 1
        self._last_strike = now
        if self._strikes > MAX_STRIKES:
            self._end(close_codes.BAD_MESSAGE)


def _count(signal: Signal) -> None:
    figures.SIGNALS.add(value=_RECEIVED[type(signal)])


def _count_end(by: str, code: int) -> None:
    """An outcome is who ended it and how, in few words: `peer left`, `peer lost`, `too slow`, `going away`."""
    if by == "server":
        figures.CONNECTIONS.add(value=close_codes.CLOSE_CODES[code].name)
        if code == close_codes.TOO_SLOW.code:
            figures.SLOW.add()
    else:
        figures.CONNECTIONS.add(value="peer left" if code in _LEFT else "peer lost")


def _on_grid(when: float) -> float:
    """A little later, at a time that other sessions have too: so that many wake, ping and are answered in one go."""
    grid = timeouts.PING_GRID.seconds
    return math.ceil(when / grid) * grid


def _is_honest(request: OpRequest, seat: Seat) -> bool:
    """Whether an op is its session's own, as far as it says whose it is."""
    return request.op_id is None or request.op_id.client == seat.claim.author.client


def _forged(request: OpRequest, seat: Seat) -> Json:
    """The reject of an op that says to be somebody else's."""
    op_id = request.op_id
    reason = f"op {op_id} is not this session's: its client id is {seat.claim.client}"
    return encode_reject(str(op_id), request.op.element, Rejected(RejectCode.FORGED, reason, "$.opId"))


def _split(frame: Incoming) -> list[bytes] | BadMessage:
    """The messages of a frame, or why it cannot be read at all."""
    if isinstance(frame, bytes):
        return split_frame(frame)
    if isinstance(frame, Oversize):
        return BadMessage("too_large", f"a frame of {frame.size} bytes, at most {MAX_FRAME_BYTES}")
    return BadMessage("binary_frame", "messages are JSON in text frames")


def _hello_in(frame: Incoming) -> messages.Hello | None:
    """The hello that a frame is; None for anything else, also for a batch with a hello in it."""
    texts = split_frame(frame) if isinstance(frame, bytes) and len(frame) <= TURN_BYTES else None
    hello = read_message(texts[0]) if isinstance(texts, list) and len(texts) == 1 else None
    return hello if isinstance(hello, messages.Hello) else None


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """The first exception in a group of groups."""
    first: Exception = group
    while isinstance(first, ExceptionGroup):
        first = first.exceptions[0]
    return first
