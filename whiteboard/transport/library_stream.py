"""The stream that trio-websocket takes for its socket. It never touches one.

Owns the bytes on their way into the library. Two readers of one socket tear frames apart, so the
library reads only what `WebSocketConnection` sets aside for it, and writes through it.
"""

from collections.abc import Callable

import trio


class LibraryStream(trio.abc.Stream):
    """A stream between a connection and trio-websocket."""

    def __init__(self, head: bytes, put: Callable[[bytes], None]) -> None:
        """Give the library `head` first; hand what it writes to `put`, frame by frame."""
        self._inbox = head
        self._put = put
        self._arrived = trio.Event()
        self.ended = trio.Event()
        """Set when the peer can send nothing any more."""
        self.closed = trio.Event()
        """Set when the library has closed the stream: it has said all that it has to say."""

    def feed(self, data: bytes) -> None:
        """Give the library bytes from the peer."""
        self._inbox += data
        self._arrived.set()

    def feed_eof(self) -> None:
        """Tell the library that the peer is gone."""
        self.ended.set()
        self._arrived.set()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """What was fed; b"" at the end. Cancellation loses nothing."""
        await trio.lowlevel.checkpoint()
        while not (self._inbox or self.ended.is_set() or self.closed.is_set()):
            self._arrived = trio.Event()
            await self._arrived.wait()
        data = self._inbox[:max_bytes]
        self._inbox = self._inbox[len(data) :]
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Queue `data`, which is a whole frame or the handshake's answer."""
        await trio.lowlevel.checkpoint()
        self._put(bytes(data))

    async def wait_send_all_might_not_block(self) -> None:
        """Queueing never waits."""
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        """Note that the library is done; the socket belongs to the connection."""
        self.closed.set()
        self._arrived.set()
        await trio.lowlevel.checkpoint()
