"""A connected socket without waiting: try to send, try to receive, wait for either.

Owns the socket: whoever holds the wire is the only reader and writer of it, and closes it. Knows
nothing of what the bytes mean. `tls.TlsWire` is the same over TLS.
"""

import socket
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

import trio

from whiteboard import limits, timeouts
from whiteboard.deadlines import within
from whiteboard.transport.send_queue import Piece
from whiteboard.transport.traffic import TRAFFIC
from whiteboard.trust.names import plain_address

_NOTSENT_LOWAT: Final[int | None] = getattr(socket, "TCP_NOTSENT_LOWAT", None)
_UNLIMITED: Final = 0x7FFF_FFFF


class Wire:
    """A non-blocking stream socket. Use as a context manager, or see that `close` is called."""

    __slots__ = ("_closed", "alpn", "holds_more", "pending_bytes", "saw_eof", "socket")
    is_tls = False

    def __init__(self, sock: socket.socket) -> None:
        """Take over `sock`, which is connected and non-blocking."""
        self.socket = sock
        self.alpn: str | None = None
        """The application protocol that the TLS handshake agreed on."""
        self.pending_bytes = 0
        """Bytes that `send_nowait` has accepted and the kernel has not; `flush_nowait` moves them on."""
        self.holds_more = False
        """Whether `receive_nowait` may have something although the socket has nothing to read."""
        self.saw_eof = False
        """Whether the peer has ended its side: nothing more can arrive."""
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def peer(self) -> tuple[str, int]:
        """Address and port of the other end; `("", 0)` on a Unix socket.

        Raises trio.BrokenResourceError when the connection is gone, trio.ClosedResourceError when closed.
        """
        if self._closed:
            raise trio.ClosedResourceError
        if self.socket.family == socket.AF_UNIX:
            return "", 0
        try:
            name = self.socket.getpeername()
        except OSError as error:
            raise trio.BrokenResourceError(str(error)) from error
        return plain_address(str(name[0])), int(name[1])

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def send_nowait(self, data: bytes | bytearray | memoryview) -> int:
        """Hand over the start of `data`; how many bytes were taken, 0 when none can be now.

        Raises trio.BrokenResourceError when the connection is gone.
        """
        try:
            taken = self.socket.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            raise trio.BrokenResourceError(str(error)) from error
        TRAFFIC.sent += taken
        return taken

    def send_pieces_nowait(self, pieces: Sequence[Piece]) -> int:
        """As `send_nowait`, for what stands in several places, by one system call: at most 1,024 of them (IOV_MAX)."""
        try:
            taken = self.socket.sendmsg(pieces)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            raise trio.BrokenResourceError(str(error)) from error
        TRAFFIC.sent += taken
        return taken

    def flush_nowait(self) -> bool:
        """Move pending bytes on; whether none are left. Raises trio.BrokenResourceError."""
        return True

    def drop_pending(self) -> None:
        """Forget pending bytes: the connection is gone."""

    def receive_nowait(self, max_bytes: int = limits.RECEIVE_BYTES) -> bytes | None:
        """What has arrived, b"" at the end of the stream, None when nothing is there yet.

        Raises trio.BrokenResourceError when the connection is gone.
        """
        try:
            data = self.socket.recv(max_bytes)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as error:
            raise trio.BrokenResourceError(str(error)) from error
        self.saw_eof = self.saw_eof or not data
        TRAFFIC.received += len(data)
        return data

    def limit_unsent(self, size: int | None) -> None:
        """Let the kernel take no more than about `size` bytes of what cannot leave yet; None for what its buffer holds.

        What is under way does not count, so that a fast line is kept busy whatever the size. Does nothing on a Unix
        socket, or where the system knows no such limit.
        """
        if _NOTSENT_LOWAT is None or self.socket.family == socket.AF_UNIX:
            return
        try:
            self.socket.setsockopt(socket.IPPROTO_TCP, _NOTSENT_LOWAT, _UNLIMITED if size is None else size)
        except OSError:
            pass  # the connection is gone

    def make_room(self, size: int) -> None:
        """Have a kernel's buffer that is full take `size` bytes more, as far as the system allows it."""
        try:
            kept = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, kept // 2 + size + limits.SEND_BYTES)
        except OSError:
            pass  # the connection is gone

    async def wait_readable(self) -> None:
        """Return when `receive_nowait` may have something.

        Raises trio.ClosedResourceError when the wire is closed or interrupted meanwhile.
        Cancellation changes nothing.
        """
        if self._closed:
            raise trio.ClosedResourceError
        await trio.lowlevel.wait_readable(self.socket.fileno())

    async def wait_writable(self) -> None:
        """Return when `send_nowait` may take something. Raises and cancels like `wait_readable`."""
        if self._closed:
            raise trio.ClosedResourceError
        await trio.lowlevel.wait_writable(self.socket.fileno())

    async def send_all(self, data: bytes) -> None:
        """Send all of `data`. Cancelled, an unknown part of it is sent: only closing is left then."""
        rest = memoryview(data)
        while True:
            rest = rest[self.send_nowait(rest) :] if rest else rest
            if not rest and self.flush_nowait():
                await trio.lowlevel.checkpoint()
                return
            await self.wait_writable()

    async def receive(self, max_bytes: int = limits.RECEIVE_BYTES) -> bytes:
        """At least one byte, or b"" at the end. Cancellation loses nothing."""
        while True:
            await self.wait_readable()
            data = self.receive_nowait(max_bytes)
            if data is not None:
                return data

    def end_sending(self) -> None:
        """Tell the peer that no more will come. Receiving goes on."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the peer is gone, which is as good

    def interrupt(self) -> None:
        """Make the tasks that wait in `wait_readable` or `wait_writable` raise ClosedResourceError.

        The wire stays usable, so that its next owner can take over.
        """
        if not self._closed:
            trio.lowlevel.notify_closing(self.socket.fileno())

    def close(self) -> None:
        """Close the socket at once; tasks that wait for it raise ClosedResourceError. Idempotent."""
        if not self._closed:
            trio.lowlevel.notify_closing(self.socket.fileno())
            self._closed = True
            self.socket.close()


async def close_gently(wire: Wire) -> None:
    """End sending, wait at most LINGER for the peer's end, then close.

    For when we have said the last word and the peer may still be sending: a plain close would reset
    the connection and could take our word with it (RFC 9112 section 9.6). Cancelled, it closes at once.
    """
    try:
        if not (wire.is_closed or wire.saw_eof):
            wire.interrupt()
            wire.end_sending()
            with within(timeouts.LINGER):
                while await wire.receive():
                    pass
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass  # the peer closed first, or someone closed by force
    finally:
        wire.close()
