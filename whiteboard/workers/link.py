"""The way between the front and one worker: small messages, each with a descriptor at most. Knows no meaning.

A pair of SOCK_SEQPACKET sockets (unix(7)): whole messages, in order, and an end that shows when the other
process dies however it dies. Descriptors are passed with SCM_RIGHTS, and copied by that: who sends one still
has to close its own.
"""

import errno
import socket
from collections.abc import Sequence
from enum import Enum
from types import TracebackType
from typing import Final, NamedTuple, Self

import trio

from whiteboard import limits, timeouts
from whiteboard.errors import StartupError

_SHORT: Final = frozenset({errno.ETOOMANYREFS, errno.ENOBUFS, errno.ENOMEM})
"""The system is out of something for now: of descriptors on their way all links together may have RLIMIT_NOFILE."""


class Kind(Enum):
    """What a message is about; its first byte."""

    CONNECTION = b"c"
    """To a worker: serve this connection. Carries its socket and what was read of it."""
    QUESTION = b"q"
    """Carries a stream that brings the question. To the front with the number of the worker that is asked."""
    READY = b"r"
    """To the front: connections may come."""
    ALIVE = b"a"
    """To the front: the event loop runs."""
    LEAVING = b"l"
    """To the front: no more connections, please."""
    DRAIN = b"d"
    """To a worker: end in good order."""


class Parcel(NamedTuple):
    """A message that arrived."""

    kind: Kind
    payload: bytes
    passed: socket.socket | None
    """Owned by who received it; None also when this process has no descriptor left to take it."""


class LinkLost(Exception):
    """The process at the other end is gone."""


class Link:
    """One end. Use as a context manager, or see that `close` is called."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._turn = trio.Lock()
        self._is_short = False
        # what was not sent last time was not for the other end's sake

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def send(self, kind: Kind, payload: bytes = b"", passed: socket.socket | None = None) -> None:
        """Send a message; waits while the other end is behind.

        Raises LinkLost. Cancelled, it was not sent.
        """
        async with self._turn:
            while not self.send_nowait(kind, payload, passed):
                try:
                    if self._is_short:
                        await trio.sleep(timeouts.ACCEPT_BACKOFF.seconds)  # nothing tells when it is over
                    await trio.lowlevel.wait_writable(self._socket)
                except trio.ClosedResourceError as error:
                    raise LinkLost("closed here") from error

    def send_nowait(self, kind: Kind, payload: bytes = b"", passed: socket.socket | None = None) -> bool:
        """Send a message, or say False when the other end is behind or the system out of room. Raises LinkLost."""
        descriptors: Sequence[int] = [] if passed is None else [passed.fileno()]
        try:
            socket.send_fds(self._socket, [kind.value, payload], descriptors)
        except BlockingIOError:
            self._is_short = False
            return False
        except OSError as error:
            self._is_short = error.errno in _SHORT
            if self._is_short:
                return False
            raise LinkLost(str(error)) from error
        return True

    async def receive(self) -> Parcel:
        """The next message. Raises LinkLost at the end. Cancellation loses nothing."""
        while True:
            try:
                await trio.lowlevel.wait_readable(self._socket)
            except (OSError, trio.ClosedResourceError) as error:
                raise LinkLost(str(error)) from error
            if (parcel := self._receive_nowait()) is not None:
                return parcel

    def _receive_nowait(self) -> Parcel | None:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._socket, limits.MAX_LINK_BYTES, 1)
        except BlockingIOError:
            return None
        except OSError as error:
            raise LinkLost(str(error)) from error
        if not data:
            raise LinkLost("the process at the other end is gone")
        return Parcel(Kind(data[:1]), data[1:], _adopt(descriptors))

    def close(self) -> None:
        """Close this end; tasks that wait raise LinkLost. Idempotent."""
        if self._socket.fileno() >= 0:
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()


def link_pair() -> tuple[socket.socket, socket.socket]:
    """Both ends of a new link. Raises StartupError where the system has no such sockets."""
    try:
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    except OSError as error:
        raise StartupError(
            f"cannot pass connections to workers: {error.strerror}; use --workers 1"
        ) from error


def _adopt(descriptors: Sequence[int]) -> socket.socket | None:
    if not descriptors:
        return None
    sock = socket.socket(fileno=descriptors[0])
    sock.set_inheritable(False)
    sock.setblocking(False)
    return sock
