"""The accept loop.

Owns taking connections off listening sockets. Must not know what is spoken on them.
"""

import errno
import math
import resource
import socket
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum, auto
from typing import Final

import trio

from whiteboard import limits, timeouts
from whiteboard.diagnostics import logs

log = logs.get_logger()

_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_NO_LISTENER: Final = frozenset({errno.EBADF, errno.ENOTSOCK, errno.EINVAL})

Handler = Callable[[socket.socket], Awaitable[object]]
"""Serves one connection. Owns the socket from its first step; lets nothing out but cancellation."""

Begin = Callable[[socket.socket], object]
"""Takes over one connection: blocks and raises never, and owns the socket."""


class _Found(Enum):
    """What waited at the listener."""

    ALL = auto()
    """Everything is accepted."""
    MORE = auto()
    EXHAUSTED = auto()
    """The system is out of something."""


async def accept_connections(
    sockets: Sequence[socket.socket],
    begin: Begin,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Accept on all `sockets` until cancelled; give each connection to `begin`.

    Opens a nursery with one accept loop per socket. Out of descriptors it waits ACCEPT_BACKOFF and
    goes on; it says so once, until ACCEPT_EPISODE has gone by without another pause. The sockets stay the caller's to close. Connected sockets are non-blocking, with TCP_NODELAY.
    """
    async with trio.open_nursery() as accepting:
        for sock in sockets:
            accepting.start_soon(_accept_loop, sock, begin)
        task_status.started()


async def serve_connections(
    sockets: Sequence[socket.socket],
    handler: Handler,
    handler_nursery: trio.Nursery,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """As `accept_connections`; start `handler` for each connection in `handler_nursery`.

    The nurseries are two, so that a graceful stop can cancel this and leave the connections alone.
    """

    def begin(sock: socket.socket) -> None:
        handler_nursery.start_soon(handler, sock)

    async with trio.open_nursery() as accepting:
        await accepting.start(accept_connections, sockets, begin)
        task_status.started()


async def _accept_loop(listener: socket.socket, begin: Begin) -> None:
    paused_at = -math.inf
    while True:
        await trio.lowlevel.wait_readable(listener.fileno())
        if await _accept_in_turns(listener, begin) is _Found.EXHAUSTED:
            if trio.current_time() - paused_at > timeouts.ACCEPT_EPISODE.seconds:
                log.warning("accept_paused", descriptors=resource.getrlimit(resource.RLIMIT_NOFILE)[0])
            paused_at = trio.current_time()
            await trio.sleep(timeouts.ACCEPT_BACKOFF.seconds)


async def _accept_in_turns(listener: socket.socket, begin: Begin) -> _Found:
    """Accept what waits; others have their turns in between."""
    while True:
        found = _accept_some(listener, begin)
        if found is not _Found.MORE:
            return found
        await trio.lowlevel.checkpoint()


def _accept_some(listener: socket.socket, begin: Begin) -> _Found:
    """Accept what waits, at most ACCEPTS_AT_ONCE."""
    for _ in range(limits.ACCEPTS_AT_ONCE):
        try:
            sock, _address = listener.accept()
        except BlockingIOError:
            return _Found.ALL
        except OSError as error:
            if error.errno in _EXHAUSTED:
                return _Found.EXHAUSTED
            if error.errno in _NO_LISTENER:
                raise
            continue  # a fault of the one connection, passed on by accept(2)
        sock.setblocking(False)
        if sock.family != socket.AF_UNIX:
            _send_at_once(sock)
        begin(sock)
    return _Found.MORE


def _send_at_once(sock: socket.socket) -> None:
    """Switch Nagle's delay off: our frames are whole and small, and people wait for them."""
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        pass  # reset already; the handler will see it
