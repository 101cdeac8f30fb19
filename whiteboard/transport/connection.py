"""One open WebSocket: implements `whiteboard.rooms.ports.Connection` over a wire.

Owns the socket's data phase and its closing handshake. Must not know what a message means, nor boards,
sessions or policies.

Theory of operation. The wire has one reader: the pump, while somebody waits in `receive`, or whoever calls
`receive` where there is no pump. It scans what arrives, answers pings, and offers each message to the
taker, in its own turn: no task wakes for a message that is handled at once. What the taker does not take
wakes `receive`, and the socket is read no further until that waits again. Who writes is whoever pushes;
what the kernel does not take is queued, and the session's broadcaster drains it.

So there is one path for data, whatever way a client frames it, and no second reader. An idle connection
has no task, no buffer and no queue of its own: what it needs for a moment is made when that comes.

States: open → lost (the peer closed, reset or broke the protocol; `receive` raises) → closed, or
open → closing (`close` has taken over both directions; `receive` and `drain` elsewhere raise) → closed.
What closes while its peer stands still is left to the stragglers, who own the socket then: closing is done for
everybody else.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import trio

from whiteboard import limits, timeouts
from whiteboard.deadlines import within
from whiteboard.errors import ConnectionLost, TooSlow
from whiteboard.protocol.packed import Packed
from whiteboard.rooms.ports import Connection, Incoming, Taker
from whiteboard.rooms.sleeper import Sleeper
from whiteboard.transport import frames
from whiteboard.transport.pump import Pump
from whiteboard.transport.send_queue import Piece, SendQueue
from whiteboard.transport.standstill import Standstill
from whiteboard.transport.stragglers import Stragglers
from whiteboard.transport.upgrade import Upgrade
from whiteboard.transport.wire import Wire

_CLOSED_HERE: Final = "closed here"
_RESET: Final = "the peer reset the connection"
_NO_GOODBYE: Final = "the peer went without a goodbye"

_FRAMER: Final = frames.TextFramer()
"""Shared by all connections of the process, because a room pushes one message to many in a row."""


class WebSocketConnection:
    """One open WebSocket. Made by `open_websocket_connection`; the promises are the port's.

    What the port has as properties are fields here: a room looks at them for every frame and session.
    """

    __slots__ = (
        "_closed",
        "_draining",
        "_fault",
        "_has_said_goodbye",
        "_held",
        "_held_pong",
        "_is_cut",
        "_is_given_up",
        "_is_heard_out",
        "_is_new",
        "_is_nudged",
        "_is_under_way",
        "_is_violated",
        "_is_watched",
        "_lost",
        "_packs",
        "_pump",
        "_queue",
        "_reader",
        "_ready",
        "_report",
        "_scanner",
        "_standstill",
        "_taken_at",
        "_taker",
        "_wire",
        "_writer",
        "backlog_bytes",
        "is_left",
        "last_heard",
        "peer",
        "subprotocol",
    )

    def __init__(self, wire: Wire, upgrade: Upgrade, peer: str, pump: Pump | None) -> None:
        self.peer = peer
        self.subprotocol = upgrade.chosen_subprotocol
        """What was agreed on: `whiteboard.v1` or None."""
        self.backlog_bytes = 0
        self.is_left = False
        """Whether the socket has been left to the stragglers, who close it."""
        self.last_heard = self._taken_at = trio.current_time()
        self._wire = wire
        self._pump = pump
        self._is_watched = False  # the pump has our socket
        self._is_new = True  # the peer has said nothing yet
        self._packs = upgrade.deflate is not None  # messages may be deflated, both ways
        self._scanner = frames.FrameScanner(unpacks=self._packs)
        self._reader = Sleeper()  # who waits in `receive`
        self._writer = Sleeper()  # who waits in `wait_backlog`
        self._ready: list[Incoming] | None = None
        self._taker: Taker | None = None
        self._fault: Exception | None = None  # of the taker, on its way to `receive`
        self._held: bytes | None = None
        self._queue: SendQueue | None = None
        self._held_pong: bytes | None = None
        self._is_under_way = False  # something may be that the peer has not got
        self._report: Callable[[Connection], object] | None = None  # to whom to tell when that begins
        self._standstill: Standstill | None = None  # there while something is
        self._is_given_up = False
        self._draining: trio.CancelScope | None = None  # while somebody drains
        self._lost: tuple[str, int | None] | None = None
        self._is_cut = False  # the socket can neither send nor receive any more
        self._has_said_goodbye = False  # a close frame is sent or queued
        self._is_heard_out = False  # the peer's close frame has come
        self._is_violated = False
        self._is_nudged = False
        self._closed: trio.Event | None = None  # there once `close` was called, set when it is done

    def begin(self, rest: bytes) -> None:
        """Take the bytes that came right behind the request head, if any."""
        if rest:
            self._take(rest, trio.current_time())

    # --- in -----------------------------------------------------------------------------------
    async def receive(self) -> Sequence[Incoming]:
        if self._ready:
            await trio.lowlevel.checkpoint()
        while not self._ready:
            self._raise_if_lost()
            if self._is_nudged:
                self._is_nudged = False
                return ()
            if self._pump is None:
                await self._read_alone()
            else:
                await self._have_it_read(self._pump)
        ready, self._ready = self._ready, None
        return ready

    async def _read_alone(self) -> None:
        try:
            if self._scanner.is_paused:
                await trio.lowlevel.checkpoint()
            else:
                await self._wire.wait_readable()
            self._read(trio.current_time(), limits.RECEIVE_BYTES)
        except trio.ClosedResourceError:
            if self._is_taken_over:
                self._lose(_CLOSED_HERE)

    @property
    def _is_taken_over(self) -> bool:
        """Whether a wait for the socket has ended for good; else a nudge has ended it."""
        return self._closed is not None or self._wire.is_closed

    async def _have_it_read(self, pump: Pump) -> None:
        """Wait until the pump has read what the taker does not take, or until there is nothing more to read."""
        if self._holds_more:  # the pump's descriptors do not tell of that
            await trio.lowlevel.checkpoint()
            self._read(trio.current_time(), limits.RECEIVE_BYTES)
            return
        if not self._is_watched:
            pump.watch(self._wire.socket.fileno(), self, is_new=self._is_new)
            self._is_watched = True
        await self._reader.sleep()
        if self._fault is not None:
            fault, self._fault = self._fault, None
            raise fault

    def read_now(self, now: float) -> bool:
        """The pump's turn: see `pump.Source`. Reads nothing that nobody waits for."""
        if not self._reader.is_asleep:
            self._leave_pump()
            return False
        try:
            if self._is_new and self._pump is not None:
                self._is_new = False
                self._pump.settle(self._wire.socket.fileno())
            self._read(now, limits.PUMP_BYTES)
        except Exception as fault:  # noqa: BLE001 - the pump serves others too: it comes out of `receive`
            self._fault = fault
        if self._ready or self._fault is not None:
            self._reader.wake()
        elif self._lost is not None and self._pump is not None:
            self._leave_pump()
            self._pump.part(self)
        else:
            return self._holds_more
        return False

    def part_now(self) -> None:
        self._reader.wake()

    @property
    def _holds_more(self) -> bool:
        """Whether there is more to read, of which the socket does not tell."""
        return self._scanner.is_paused or self._wire.holds_more

    def _leave_pump(self) -> None:
        if self._is_watched and self._pump is not None:
            self._is_watched = False
            self._pump.leave(self._wire.socket.fileno())

    def listen(self, take: Taker) -> None:
        self._taker = take

    def nudge(self) -> None:
        self._is_nudged = True
        self._reader.wake()
        if self._pump is None:
            self._wire.interrupt()

    def _read(self, now: float, most: int) -> None:
        """Read once and handle all of it. No checkpoint, so that a cancelled `receive` has lost nothing.

        Of what has grown large one read is handled in turns, before the next.
        """
        if self._scanner.is_paused:
            self._scan(b"")
            return
        try:
            data = self._wire.receive_nowait(most)
        except trio.BrokenResourceError:
            self._cut(_RESET)
            return
        if self._wire.pending_bytes:
            self._note_backlog()  # TLS has something to say of its own
        if data is not None:
            self._take(data, now)

    def _take(self, data: bytes, now: float) -> None:
        if not data:
            self._cut(_NO_GOODBYE)
            return
        self.last_heard = now
        text = self._scanner.take_single(data)
        if text is None:
            self._scan(data)
        else:
            self._offer(text)

    def _scan(self, data: bytes) -> None:
        pings: list[bytes] = []
        for item in self._scanner.feed(data):
            if isinstance(item, bytes):
                self._offer(item)
            elif isinstance(item, frames.ControlFrame):
                self._heed(item, pings)
            elif isinstance(item, frames.Violation):
                self._answer_pings(pings)
                self._refuse(item)
            else:
                self._offer(item)
        self._answer_pings(pings)

    def _offer(self, message: Incoming) -> None:
        """Give the taker the first say, unless a message before this one is waiting."""
        if self._closed is not None:
            return
        if self._ready:
            self._ready.append(message)
        elif self._taker is None or not self._taker(message):
            self._ready = [message]

    def _heed(self, frame: frames.ControlFrame, pings: list[bytes]) -> None:
        if frame.opcode == frames.PING:
            pings.append(frame.payload)
        elif frame.opcode == frames.CLOSE:
            self._is_heard_out = True
            self._say_goodbye(frames.data_frame(frames.CLOSE, frame.payload[:2]))
            self._lose("the peer closed", frame.close_code)

    def _refuse(self, violation: frames.Violation) -> None:
        self._is_violated = True
        self._say_goodbye(frames.close_frame(violation.code, violation.reason))
        self._lose(f"closed with {violation.code}: {violation.reason}")

    def _answer_pings(self, payloads: list[bytes]) -> None:
        """Answer the pings of one read in one go; with a long queue before them the newest only, and later."""
        if payloads and self.backlog_bytes > limits.MAX_PONG_BACKLOG_BYTES:
            self._held_pong = frames.pong_frame(payloads[-1])
        elif payloads:
            self._put(b"".join(map(frames.pong_frame, payloads)))
        payloads.clear()

    # --- out ----------------------------------------------------------------------------------
    def push(self, message: bytes | Packed) -> None:
        if self._lost is None:
            frame = _FRAMER.frame(message, self._packs)
            self._put(frame if self._held is None else self._behind_held(frame))

    def push_some(self, messages: deque[Packed], most: int) -> None:
        if self._lost is not None:
            messages.popleft()
        elif self._packs:
            burst = self._burst(messages, most)
            self._put_all(burst if self._held is None else [self._take_held(), *burst])
        else:
            self.push(messages.popleft())  # made for us alone: only one at a time may wait here

    def _burst(self, messages: deque[Packed], most: int) -> list[Piece]:
        burst: list[Piece] = []
        size = 0
        while messages and len(burst) < most:
            frame = _FRAMER.frame(messages[0], packs=True)
            size += len(frame)
            if burst and size > limits.BURST_BYTES:
                break
            burst.append(frame)
            messages.popleft()
        return burst

    def hold(self, message: bytes) -> None:
        if self._lost is None:
            frame = frames.data_frame(frames.TEXT, message)
            self._held = held = frame if self._held is None else self._held + frame
            if len(held) > limits.SEND_BYTES:
                self.release()

    def release(self) -> None:
        if self._held is not None:
            self._put(self._take_held())

    def _take_held(self) -> bytes:
        held, self._held = self._held, None
        return held or b""

    def _behind_held(self, frame: bytes) -> bytes:
        """`frame` with what is held before it, for one send; a large frame goes alone, since copying it costs more."""
        if self._held is None or len(frame) > limits.SEND_BYTES:
            self.release()
            return frame
        return self._take_held() + frame

    async def ping(self) -> None:
        self._put(frames.PING_FRAME)
        await trio.lowlevel.checkpoint()

    def _put(self, data: bytes) -> None:
        """Send whole frames, or queue what the kernel does not take. Nothing follows a goodbye."""
        if self._has_said_goodbye or self._is_cut:
            return
        if not self._is_under_way:
            self._set_under_way()
        sent = 0
        if not self.backlog_bytes:
            try:
                sent = self._wire.send_nowait(data)
            except trio.BrokenResourceError:
                self._cut(_RESET)
                return
            if sent == len(data) and not self._wire.pending_bytes:
                return
        if sent < len(data):
            self._enqueue(memoryview(data)[sent:] if sent else data)
        self._note_backlog()

    def _put_all(self, pieces: Sequence[Piece]) -> None:
        """As `_put`, for several frames by one system call."""
        if self._has_said_goodbye or self._is_cut:
            return
        if not self._is_under_way:
            self._set_under_way()
        sent = 0
        if not self.backlog_bytes:
            try:
                sent = self._wire.send_pieces_nowait(pieces)
            except trio.BrokenResourceError:
                self._cut(_RESET)
                return
        for piece in pieces:
            if sent < len(piece):
                self._enqueue(memoryview(piece)[sent:] if sent else piece)
            sent = max(0, sent - len(piece))
        if self._queue is not None or self._wire.pending_bytes:
            self._note_backlog()

    def _enqueue(self, piece: Piece) -> None:
        self._queue = self._queue or SendQueue()
        self._queue.add(piece)

    def _say_goodbye(self, frame: bytes) -> None:
        """Queue our close frame, unless one has gone before it."""
        self._put(frame)
        self._has_said_goodbye = True

    def _note_backlog(self) -> None:
        if not self.backlog_bytes:
            self._taken_at = trio.current_time()
        if not self._is_under_way:
            self._set_under_way()
        self._count_backlog()
        self._writer.wake()

    def _count_backlog(self) -> None:
        queued = 0 if self._queue is None else self._queue.size
        self.backlog_bytes = queued + self._wire.pending_bytes

    async def wait_backlog(self) -> None:
        await trio.lowlevel.checkpoint_if_cancelled()
        if not (self.backlog_bytes or self._is_given_up):
            await self._writer.sleep()
        self._raise_if_given_up()

    def stir(self) -> None:
        self._writer.wake()

    async def drain(self) -> None:
        await trio.lowlevel.checkpoint_if_cancelled()
        self._raise_if_lost()
        self._raise_if_given_up()
        try:
            with trio.CancelScope() as self._draining:
                await self._write_out()
        except trio.ClosedResourceError:
            self._lose(_CLOSED_HERE)
        finally:
            self._draining = None
        self._raise_if_lost()
        self._raise_if_given_up()

    async def _write_out(self) -> None:
        """Return when nothing is queued or the socket is cut. Cancellation keeps the queue."""
        while self.backlog_bytes:
            try:
                await self._wire.wait_writable()
            except trio.ClosedResourceError:
                if self._is_taken_over:
                    raise
            if self._send_some():
                self._taken_at = trio.current_time()
            if not self.backlog_bytes and self._held_pong is not None:
                pong, self._held_pong = self._held_pong, None
                self._put(pong)

    def report_to(self, note: Callable[[Connection], object]) -> None:
        self._report = note
        if self._is_under_way:
            note(self)

    def _set_under_way(self) -> None:
        self._is_under_way = True
        if self._report is not None:
            self._report(self)

    def stands_still_for(self, now: float) -> float | None:
        if self._is_under_way and not self._is_cut:
            self._standstill = self._standstill or Standstill()
            waiting_since = self._taken_at if self.backlog_bytes else None
            if self._standstill.look(self._wire.socket, now, waiting_since):
                return self._standstill.seconds(now)
        self._is_under_way, self._standstill = False, None
        return None

    def give_up(self) -> None:
        self._is_given_up = True
        self._writer.wake()
        if self._draining is not None:
            self._draining.cancel()

    def _raise_if_given_up(self) -> None:
        if self._is_given_up:
            raise TooSlow

    def _send_what_fits(self) -> None:
        while self.backlog_bytes and self._send_some():
            pass

    def _send_some(self) -> bool:
        """Have the kernel take the start of the queue; whether it took anything, or the socket turned out cut."""
        before = self.backlog_bytes
        try:
            if self._wire.flush_nowait() and self._queue is not None:
                self._queue.took(self._wire.send_nowait(self._queue.next_chunk()))
                if not self._queue.size:
                    self._queue = None
            self._count_backlog()
        except trio.BrokenResourceError:
            self._cut(_RESET)
        return self.backlog_bytes < before

    # --- ending -------------------------------------------------------------------------------
    def _lose(self, reason: str, code: int | None = None) -> None:
        """No message goes in or out any more; the first reason stays."""
        if self._lost is None:
            self._lost = (reason, code)

    def _cut(self, reason: str) -> None:
        """The socket is of no use any more: drop what was queued for it."""
        self._is_cut = True
        self._queue = self._held = self._held_pong = None
        self._wire.drop_pending()
        self.backlog_bytes = 0
        self._lose(reason)

    def _raise_if_lost(self) -> None:
        if self._lost is not None:
            raise ConnectionLost(*self._lost)

    async def close(self, code: int, reason: str) -> None:
        if self._closed is not None:
            await self._closed.wait()
            return
        self._closed = trio.Event()
        self.release()
        self._take_over()
        if self._pump is not None and self._stands_still:
            self._leave_to(self._pump.stragglers, frames.close_frame(code, reason))
            return
        try:
            if not self._is_cut:
                self._say_goodbye(frames.close_frame(code, reason))
                with within(timeouts.WS_CLOSE):
                    await self._part()
        finally:
            self._close_wire()

    def _close_wire(self) -> None:
        self._cut(_CLOSED_HERE)
        self._wire.close()
        if self._closed is not None:
            self._closed.set()

    def _take_over(self) -> None:
        """From here on the task that closes reads and writes, and nobody else."""
        self._leave_pump()
        self._wire.interrupt()
        self._report = None
        self._ready = self._taker = None  # the taker is the session, which holds us: no cycle is to be left
        self._lose(_CLOSED_HERE)
        self._reader.wake()

    @property
    def _stands_still(self) -> bool:
        """Whether to wait for the peer's answer would be in vain: it has not taken anything for as long."""
        if self._is_cut or self._is_heard_out:
            return False
        lasted = self.stands_still_for(trio.current_time())
        return lasted is not None and lasted >= timeouts.WS_CLOSE.seconds

    def _leave_to(self, stragglers: Stragglers, goodbye: bytes) -> None:
        """Have the peer find what has begun to leave, and then our goodbye, when it reads on.

        The kernel gets all of it now, if it takes that: so it keeps it when we are gone.
        """
        self.is_left = True
        if self._queue is not None and not self._has_said_goodbye:
            self._queue.drop_unbegun()
            self._count_backlog()
        self._wire.limit_unsent(None)
        self._say_goodbye(goodbye)
        self._send_what_fits()
        if self.backlog_bytes:
            self._wire.make_room(self.backlog_bytes)
            self._send_what_fits()
        if self._closed is not None:
            self._closed.set()
        stragglers.see_off(self._part_late)

    async def _part_late(self) -> None:
        try:
            await self._part()
        finally:
            self._close_wire()

    async def _part(self) -> None:
        """Write what is queued, and read until the peer has said goodbye too: then nothing of ours can be lost.

        After a violation nothing that the peer says counts, and reading goes on until it ends its side. A straggler is
        told the end, too, before it has said anything.
        Opens a nursery with one child, the reading, which ends it when the socket is cut.
        """
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._read_to_goodbye, nursery.cancel_scope)
            await self._write_out()
            if self._is_violated or self.is_left:
                self._wire.end_sending()
        self._wire.end_sending()

    async def _read_to_goodbye(self, parting: trio.CancelScope) -> None:
        """Let messages go by."""
        while not (self._is_cut or self._is_heard_out):
            try:
                if self._scanner.is_paused:
                    await trio.lowlevel.checkpoint()
                    self._scan(b"")
                else:
                    self._take(await self._wire.receive(), trio.current_time())
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self._cut(_RESET)
        if self._is_cut:
            parting.cancel()
