"""One open WebSocket: implements `whiteboard.rooms.ports.Connection` over a wire.

Owns the socket's data phase. Must not know what a message means, nor boards, sessions or policies.

Theory of operation. The wire has one reader, whoever calls `receive`, and one writer of what could
not be sent at once, whoever calls `drain`; both are the session's. `push` sends without waiting and
queues the rest. `frames.FrameScanner` reads the client's frames, joins fragments and skips what is
too large. trio-websocket makes the opening handshake and keeps the closing handshake's state; it has
a stream of its own (`LibraryStream`) that never touches the socket: it gets the clean request head
and then close frames only, and what it writes goes through the same queue as everything else.

So there is one path for data, whatever way a client frames it, and no second reader. Pings are
answered here: trio-websocket raises LocalProtocolError out of its reader task when it comes to answer
a ping after its own close frame. Our own pings need no book-keeping: any bytes are a sign of life.

States: open → lost (the peer closed, reset or broke the protocol; `receive` raises) → closed, or
open → closing (`close` has taken over both directions; `receive` and `drain` elsewhere raise) → closed.
"""

import sys
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import trio
import trio_websocket

from whiteboard import limits, timeouts
from whiteboard.errors import ConnectionLost
from whiteboard.protocol import close_codes
from whiteboard.protocol.close_codes import close_reason
from whiteboard.protocol.packed import Packed
from whiteboard.rooms.ports import Incoming, Taker
from whiteboard.transport import frames
from whiteboard.transport.library_stream import LibraryStream
from whiteboard.transport.upgrade import Upgrade, clean_head
from whiteboard.transport.wire import Wire

_BAD_GATEWAY: Final = 1014
"""A close code of the IANA registry that the WebSocket library takes for a breach: it is told of none."""
_CLOSED_HERE: Final = "closed here"
_RESET: Final = "the peer reset the connection"

_FRAMER: Final = frames.TextFramer()
"""Shared by all connections of the process, because a room pushes one message to many in a row."""


@asynccontextmanager
async def open_websocket_connection(
    wire: Wire, upgrade: Upgrade, *, rest: bytes = b"", peer: str = ""
) -> AsyncIterator["WebSocketConnection"]:
    """Accept an upgrade and give the open connection; on exit its socket is closed and no task is left.

    Opens the *link nursery* with one child, trio-websocket's reader, which lives until the exit. The
    exit closes with 1000, with 1001 when cancelled and with 1011 on an error, unless the body has
    closed already. An error of the body arrives in an ExceptionGroup, as out of any nursery.

    Args: `wire` is owned from here on; `rest` are the bytes that followed the request head.
    Raises ConnectionLost when the peer goes before the handshake is done, or takes longer than
    WS_HANDSHAKE for it.
    """
    connection = WebSocketConnection(wire, clean_head(upgrade), peer, upgrade.chosen_subprotocol)
    is_open = False
    with wire:
        async with trio.open_nursery() as link:
            is_open = await connection.shake_hands(link)
            if is_open:
                connection.begin(rest)
                try:
                    yield connection
                finally:
                    code = _exit_code(sys.exc_info()[1])
                    with trio.move_on_after(timeouts.CLEANUP.seconds, shield=True):
                        await connection.close(code, "")
            link.cancel_scope.cancel()
    if not is_open:
        raise ConnectionLost("the peer went during the WebSocket handshake")


def _exit_code(error: BaseException | None) -> int:
    if error is None:
        return frames.NORMAL
    cause = close_codes.INTERNAL_ERROR if isinstance(error, Exception) else close_codes.GOING_AWAY
    return cause.code


class WebSocketConnection:
    """One open WebSocket. Made by `open_websocket_connection`; the promises are the port's."""

    def __init__(self, wire: Wire, head: bytes, peer: str, subprotocol: str | None) -> None:
        self._wire = wire
        self._peer = peer
        self.subprotocol = subprotocol
        """What was agreed on: `whiteboard.v1` or None."""
        self._stream = LibraryStream(head, self._put)
        self._library: trio_websocket.WebSocketConnection | None = None
        self._scanner = frames.FrameScanner()
        self._ready: list[Incoming] = []
        self._taker: Taker | None = None
        self._held: list[bytes] = []
        self._queue: deque[bytes | memoryview] = deque()
        self._queued_bytes = 0
        self._backlog = trio.Event()
        self._last_heard = self._last_progress = trio.current_time()
        self._held_pong: bytes | None = None
        self._lost: tuple[str, int | None] | None = None
        self._is_cut = False  # the socket can neither send nor receive any more
        self._has_said_goodbye = False  # a close frame is sent or queued
        self._library_is_done = False
        self._is_violated = False
        self._is_closing = False
        self._closed = trio.Event()

    # --- opening ------------------------------------------------------------------------------
    async def shake_hands(self, link: trio.Nursery) -> bool:
        """Answer the upgrade within WS_HANDSHAKE; whether the connection is open then."""
        try:
            with trio.move_on_after(timeouts.WS_HANDSHAKE.seconds):
                request = await trio_websocket.wrap_server_stream(link, self._stream)
                self._library = await request.accept(subprotocol=self.subprotocol)
                await self.drain()
                return True
        except (ConnectionLost, trio_websocket.ConnectionClosed):
            pass
        return False

    def begin(self, rest: bytes) -> None:
        """Take the bytes that came right behind the request head, if any."""
        if rest:
            self._take(rest)

    # --- what the session sees ----------------------------------------------------------------
    @property
    def peer(self) -> str:
        return self._peer

    @property
    def last_heard(self) -> float:
        return self._last_heard

    @property
    def last_progress(self) -> float:
        return self._last_progress

    @property
    def backlog_bytes(self) -> int:
        return self._queued_bytes + self._wire.pending_bytes

    # --- in -----------------------------------------------------------------------------------
    async def receive(self) -> Sequence[Incoming]:
        if self._ready:
            await trio.lowlevel.checkpoint()
        while not self._ready:
            self._raise_if_lost()
            try:
                await self._wire.wait_readable()
                data = self._wire.receive_nowait()
            except trio.BrokenResourceError:
                self._cut(_RESET)
            except trio.ClosedResourceError:
                self._lose(_CLOSED_HERE)
            else:
                self._note_backlog()  # TLS may have something to say of its own
                if data is not None:
                    self._take(data)
        ready, self._ready = self._ready, []
        return ready

    def listen(self, take: Taker) -> None:
        self._taker = take

    def _take(self, data: bytes) -> None:
        """Scan what arrived. No checkpoint, so that a cancelled `receive` has lost nothing."""
        if not data:
            self._cut("the peer went without a goodbye")
            return
        self._last_heard = trio.current_time()
        pings: list[bytes] = []
        for item in self._scanner.feed(data):
            if isinstance(item, frames.ControlFrame):
                if item.opcode == frames.PING:
                    pings.append(item.payload)
                elif item.opcode == frames.CLOSE:
                    self._take_goodbye(item)
            elif isinstance(item, frames.Violation):
                self._is_violated = True
                self._answer_pings(pings)
                self._put(frames.close_frame(item.code, item.reason))
                self._lose(f"closed with {item.code}: {item.reason}")
            elif not self._is_closing and (self._ready or self._taker is None or not self._taker(item)):
                self._ready.append(item)
        self._answer_pings(pings)

    def _take_goodbye(self, frame: frames.ControlFrame) -> None:
        self._stream.feed(frame.raw if frame.close_code != _BAD_GATEWAY else frames.BARE_CLOSE)
        self._lose("the peer closed", frame.close_code)

    def _answer_pings(self, payloads: list[bytes]) -> None:
        """Answer the pings of one read in one go; with a long queue before them the newest only, and later."""
        if payloads and self.backlog_bytes > limits.MAX_PONG_BACKLOG_BYTES:
            self._held_pong = frames.pong_frame(payloads[-1])
        elif payloads:
            self._put(b"".join(map(frames.pong_frame, payloads)))
        payloads.clear()

    # --- out ----------------------------------------------------------------------------------
    def push(self, message: bytes | Packed) -> None:
        self.release()
        if self._lost is None:
            self._put(_FRAMER.frame(message if isinstance(message, bytes) else message.text))

    def hold(self, message: bytes) -> None:
        self._held.append(message)

    def release(self) -> None:
        held, self._held = self._held, []
        for message in held:
            self._put(_FRAMER.frame(message))

    async def ping(self) -> None:
        if self._lost is None:
            self._put(frames.PING_FRAME)
        await trio.lowlevel.checkpoint()

    def _put(self, data: bytes) -> None:
        """Send whole frames, or queue what the kernel does not take. Nothing follows a goodbye."""
        if self._has_said_goodbye or self._is_cut:
            return
        self._has_said_goodbye = data[0] == frames.CLOSE_BYTE
        sent = 0
        if not self.backlog_bytes:
            try:
                sent = self._wire.send_nowait(data)
            except trio.BrokenResourceError:
                self._cut(_RESET)
                return
        if sent < len(data):
            self._queue.append(memoryview(data)[sent:] if sent else data)
            self._queued_bytes += len(data) - sent
        self._note_backlog()

    def _note_backlog(self) -> None:
        if self.backlog_bytes and not self._backlog.is_set():
            self._last_progress = trio.current_time()
            self._backlog.set()

    async def wait_backlog(self) -> None:
        await self._backlog.wait()
        if self._lost is not None and not self.backlog_bytes:
            await trio.sleep_forever()  # `receive` tells of the end; returning here at once would spin

    async def drain(self) -> None:
        await trio.lowlevel.checkpoint_if_cancelled()
        self._raise_if_lost()
        try:
            await self._write_out()
        except trio.ClosedResourceError:
            self._lose(_CLOSED_HERE)
        self._raise_if_lost()

    async def _write_out(self) -> None:
        """Return when nothing is queued or the socket is cut. Cancellation keeps the queue."""
        while self.backlog_bytes:
            await self._wire.wait_writable()
            before = self.backlog_bytes
            try:
                self._send_some()
            except trio.BrokenResourceError:
                self._cut(_RESET)
            if self.backlog_bytes < before:
                self._last_progress = trio.current_time()
            if not self.backlog_bytes and self._held_pong is not None:
                pong, self._held_pong = self._held_pong, None
                self._put(pong)
        if self._lost is None or self._is_closing:
            self._backlog = trio.Event()

    def _send_some(self) -> None:
        if not self._wire.flush_nowait() or not self._queue:
            return
        sent = self._wire.send_nowait(self._next_chunk())
        self._queued_bytes -= sent
        while sent:
            piece = self._queue.popleft()
            if sent < len(piece):
                self._queue.appendleft(memoryview(piece)[sent:])
                return
            sent -= len(piece)

    def _next_chunk(self) -> bytes | memoryview:
        """The start of the queue: one large piece as it is, or small ones joined up to SEND_BYTES."""
        if len(self._queue) == 1 or len(self._queue[0]) >= limits.SEND_BYTES:
            return self._queue[0]
        pieces: list[bytes | memoryview] = []
        size = 0
        for piece in self._queue:
            size += len(piece)
            if pieces and size > limits.SEND_BYTES:
                break
            pieces.append(piece)
        return b"".join(pieces)

    # --- ending -------------------------------------------------------------------------------
    def _lose(self, reason: str, code: int | None = None) -> None:
        """No message goes in or out any more; the first reason stays. Wakes who waits for a backlog."""
        if self._lost is None:
            self._lost = (reason, code)
        self._backlog.set()

    def _cut(self, reason: str) -> None:
        """The socket is of no use any more: drop what was queued for it."""
        self._is_cut = True
        self._queue.clear()
        self._queued_bytes = 0
        self._held_pong = None
        self._wire.drop_pending()
        self._stream.feed_eof()
        self._lose(reason)

    def _raise_if_lost(self) -> None:
        if self._lost is not None:
            raise ConnectionLost(*self._lost)

    async def close(self, code: int, reason: str) -> None:
        if self._is_closing:
            await self._closed.wait()
            return
        self._is_closing = True
        self._wire.interrupt()  # from here on this task alone reads and writes
        self._ready.clear()
        self._lose(_CLOSED_HERE)
        try:
            if not self._is_cut:
                with trio.move_on_after(timeouts.WS_CLOSE.seconds):
                    await self._say_goodbye(code, close_reason(reason))
        finally:
            self._cut(_CLOSED_HERE)
            self._wire.close()
            self._closed.set()

    async def _say_goodbye(self, code: int, reason: str) -> None:
        """Write what is queued and the close frame, read until the peer has answered it.

        Children of the nursery: the reading, and trio-websocket's closing handshake. It ends them
        when both sides have said goodbye, after a violation when the peer has ended its side.
        """
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._read_to_goodbye)
            nursery.start_soon(self._close_library, code, reason)
            while self.backlog_bytes or not self._library_is_done:
                await self._backlog.wait()
                await self._write_out()
            if self._is_violated and not self._is_cut:
                self._wire.end_sending()
                await self._stream.ended.wait()
            self._wire.end_sending()
            nursery.cancel_scope.cancel()

    async def _close_library(self, code: int, reason: str) -> None:
        if self._library is not None and not self._is_violated:
            await self._library.aclose(code, reason)
            await self._stream.closed.wait()
        self._library_is_done = True
        self._backlog.set()

    async def _read_to_goodbye(self) -> None:
        """Let messages go by, until the end of the stream."""
        while not self._is_cut:
            try:
                self._take(await self._wire.receive())
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self._cut(_RESET)
