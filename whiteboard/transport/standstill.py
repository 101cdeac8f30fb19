"""For how long a peer has taken nothing of what is sent to it, as the kernel knows it.

Must neither send nor wait, and knows nothing of frames.

Theory of operation. That the kernel has taken bytes from us says little: its buffer and the peer's hold megabytes. TCP knows
more. When a peer does not read, its buffer fills up and its window shuts: all that was sent is acknowledged, more
waits, and nothing of that may leave, while the peer's kernel goes on answering the probes that ask for room. That is
a standstill. On a slow or lossy line something is always on its way and not acknowledged, so however little it
carries it is none. Nor is a peer that cannot be reached, which answers no probe: how long one may be silent is for
heartbeats to say.

A Unix socket tells only how much its peer has not read, so there a standstill is that number not changing while the
kernel takes nothing more from us. Where the system tells nothing at all, it is the latter alone.
"""

import fcntl
import math
import socket
import struct
import sys
from typing import Final, NamedTuple

_INFO: Final = struct.Struct("=3xB20xI16xI96xI")
"""Of `struct tcp_info` (linux/tcp.h, since Linux 4.6): probes, unacked, last_data_sent, notsent_bytes."""
_OUTQ: Final = 0x5411
"""SIOCOUTQ of linux/sockios.h."""
_LATE_ANSWERS: Final = 1
"""Probes without an answer of a peer that can be reached: the newest one's may be on its way."""


class _Outgoing(NamedTuple):
    """What TCP says of a socket's outgoing side."""

    is_clear: bool
    """The peer's kernel has all of it."""
    shut_seconds: float
    """For how long nothing could leave because the peer's window is shut; 0.0 when it is open."""


class Standstill:
    """One peer's. Look about once a second: what happened between two looks counts as progress."""

    __slots__ = ("_since", "_unread")

    def __init__(self) -> None:
        self._since = math.inf
        self._unread = 0

    def seconds(self, now: float) -> float:
        """How long it has lasted at `now`, 0.0 for none: at most a look's distance less than in truth, and never more."""
        return max(0.0, now - self._since)

    def look(self, sock: socket.socket, now: float, waiting_since: float | None) -> bool:
        """Ask the kernel about an open socket; False when its peer has everything, and nothing waits.

        Args:
            waiting_since: when the kernel last took bytes from us, if we have more for it.
        """
        outgoing = _of_tcp(sock)
        if outgoing is None:
            self._look_at_rest(sock, now, waiting_since)
            return waiting_since is not None
        if outgoing.shut_seconds:
            self._since = max(min(self._since, now), now - outgoing.shut_seconds)
        else:
            self._since = math.inf
        return waiting_since is not None or not outgoing.is_clear

    def _look_at_rest(self, sock: socket.socket, now: float, waiting_since: float | None) -> None:
        unread, self._unread = self._unread, _unread_bytes(sock)
        if waiting_since is None:
            self._since = math.inf
        elif self._since == math.inf:
            self._since = waiting_since
        elif self._unread == unread:
            self._since = max(self._since, waiting_since)
        else:
            self._since = now


def _of_tcp(sock: socket.socket) -> _Outgoing | None:
    """None where nobody can say: no TCP, no Linux, no connection any more."""
    if sys.platform != "linux" or sock.family == socket.AF_UNIX:
        return None
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
    except OSError:
        return None
    if len(info) < _INFO.size:
        return None
    probes, unacked, last_sent_ms, unsent = _INFO.unpack(info)
    is_shut = unsent and not unacked and probes <= _LATE_ANSWERS
    return _Outgoing(not (unsent or unacked), last_sent_ms / 1_000 if is_shut else 0.0)


def _unread_bytes(sock: socket.socket) -> int:
    """What the peer has not read, with the kernel's overhead; 0 where nobody can say."""
    if sys.platform != "linux":
        return 0
    try:
        return int.from_bytes(fcntl.ioctl(sock, _OUTQ, bytes(4)), sys.byteorder)
    except OSError:
        return 0
