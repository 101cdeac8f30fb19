"""Connections from their first packet on: they take all frames, answer pings, and know when and how much arrived.

Drawers who check what they are told are in `benchmarks.crowd`. Everything runs on one epoll, in one thread.
"""

import errno
import select
import socket
from collections import Counter
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Final, Generic, TypeVar

from benchmarks.generator.wire import CLOSE, DEFLATE_OFFER, PING, PONG, client_frame

WAIT_SECONDS: Final = 60.0
_RECEIVE_BYTES: Final = 1 << 18
_KERNEL_BYTES: Final = 1 << 20
_POLL_SECONDS: Final = 0.05
_DEFLATED: Final = 0x40


class Guest:
    """One connection from its first SYN on, never blocking.

    Args:
        port: of a server on this machine.
        path: of the WebSocket.
        greeting: frames to send once the upgrade is done.
        deflate: whether permessage-deflate is offered.
        receive_bytes: of the kernel's buffer.
    """

    def __init__(
        self,
        port: int,
        path: str,
        greeting: bytes,
        *,
        deflate: bool = False,
        receive_bytes: int = _KERNEL_BYTES,
    ) -> None:
        self.began = perf_counter()
        self.arrived = 0.0
        """When the last bytes came."""
        self.bytes_in = 0
        self.end: str | None = None
        """How the connection ended: the close code, `reset` or `without a goodbye`."""
        self.is_upgraded = False
        self.agreed_deflate = False
        self._greeting = greeting
        self._buffer = bytearray()
        self._unsent = _request(port, path, deflate=deflate)
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        refused = self.socket.connect_ex(("127.0.0.1", port))
        if refused not in (0, errno.EINPROGRESS):
            raise OSError(refused, "the server refuses connections")

    def send(self, frames: bytes) -> None:
        """Send frames, or what waits and then them; before the upgrade is done they wait for it."""
        if self.is_upgraded:
            self._unsent += frames
            self.write()
        else:
            self._greeting += frames

    @property
    def has_unsent(self) -> bool:
        """Whether the kernel has not taken everything yet."""
        return bool(self._unsent)

    def write(self) -> None:
        """Send what waits."""
        if self._unsent:
            try:
                self._unsent = self._unsent[self.socket.send(self._unsent) :]
            except BlockingIOError:
                return
            except ConnectionError:
                self.end = "reset"

    def read(self) -> None:
        """Take what has arrived."""
        try:
            data = self.socket.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return
        except ConnectionError:
            self.end = self.end or "reset"
            return
        self.arrived = perf_counter()
        self.bytes_in += len(data)
        if not data:
            self.end = self.end or "without a goodbye"
            return
        self._buffer += data
        if self.is_upgraded or self._upgrade():
            self._take_frames()

    def _upgrade(self) -> bool:
        head = bytes(self._buffer[: self._buffer.find(b"\r\n\r\n") + 1])
        if not head:
            return False
        if not head.startswith(b"HTTP/1.1 101"):
            self.end = head.decode("latin-1").partition("\r\n")[0]
            return False
        self.agreed_deflate = b"permessage-deflate" in head.lower()
        del self._buffer[: len(head) + 3]
        self.is_upgraded = True
        self._unsent += self._greeting
        self.write()
        return True

    def _take_frames(self) -> None:
        buffer, at, have = self._buffer, 0, len(self._buffer)
        while have - at >= 2:
            size, start = buffer[at + 1], at + 2
            if size > 125:
                start += 2 if size == 126 else 8
                size = int.from_bytes(buffer[at + 2 : start], "big")
            if start + size > have:
                break
            self._take(buffer[at], buffer, start, start + size)
            at = start + size
        del buffer[:at]

    def _take(self, first: int, buffer: bytearray, start: int, end: int) -> None:
        opcode = first & 0x0F
        if opcode == PING:
            self._unsent += client_frame(bytes(buffer[start:end]), PONG)
            self.write()
        elif opcode == CLOSE:
            code = int.from_bytes(buffer[start : start + 2], "big")
            self.end = str(code) if end > start else "closed without a code"
        else:
            self.hear(opcode, bytes(buffer[start:end]), deflated=bool(first & _DEFLATED))

    def hear(self, opcode: int, payload: bytes, *, deflated: bool) -> None:
        """A message came, in one frame as all of these servers send it. Nothing is made of it here."""

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


def _request(port: int, path: str, *, deflate: bool) -> bytes:
    extension = f"Sec-WebSocket-Extensions: {DEFLATE_OFFER}\r\n" if deflate else ""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        f"{extension}\r\n"
    ).encode()


_Guest = TypeVar("_Guest", bound=Guest)


class Door(Generic[_Guest]):
    """Everybody who came, on one epoll."""

    def __init__(self) -> None:
        self.guests: dict[int, _Guest] = {}
        self._epoll = select.epoll()

    def let_in(self, guests: Iterable[_Guest]) -> None:
        """Listen to them from now on."""
        for guest in guests:
            descriptor = guest.socket.fileno()
            self.guests[descriptor] = guest
            self._epoll.register(descriptor, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)

    def pass_once(self, seconds: float = _POLL_SECONDS) -> None:
        """Wait for something to arrive, at most so long, and take what has."""
        for descriptor, event in self._epoll.poll(seconds):
            guest = self.guests[descriptor]
            if event & select.EPOLLOUT:
                guest.write()
            if event & ~select.EPOLLOUT:
                self._read_dry(descriptor, guest)

    def _read_dry(self, descriptor: int, guest: Guest) -> None:
        """Edges are told once, so read until nothing is left."""
        before = -1
        while guest.bytes_in != before and guest.end is None:
            before = guest.bytes_in
            guest.read()
        if guest.end is not None:
            self._epoll.unregister(descriptor)

    def wait_until(self, is_so: Callable[[], bool], seconds: float = WAIT_SECONDS) -> bool:
        """Take what arrives until then, at most so long; whether it came to that."""
        deadline = perf_counter() + seconds
        while not (so := is_so()) and perf_counter() < deadline:
            self.pass_once()
        return so

    def ends(self) -> Counter[str]:
        """How connections ended."""
        return Counter(guest.end for guest in self.guests.values() if guest.end is not None)

    def close(self) -> None:
        """Hang up, all of them."""
        self._epoll.close()
        for guest in self.guests.values():
            guest.close()
        self.guests.clear()
