"""Listening sockets that a process manager opened and hands over at the start (sd_listen_fds(3)).

The manager keeps its own hold on them: what connects while we are away waits in the kernel's queue for the next of
us. Must not know what is served.
"""

import os
import socket
from collections.abc import Iterable, MutableMapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import attrs

from whiteboard.config import TcpAddress, UnixAddress
from whiteboard.errors import StartupError

_FIRST: Final = 3
"""sd_listen_fds(3): the first one's number; the others follow."""
_FAMILIES: Final = frozenset({socket.AF_INET, socket.AF_INET6, socket.AF_UNIX})


@attrs.frozen
class HandedOver:
    """One descriptor, not looked at yet."""

    descriptor: int
    name: str
    """The socket unit's, or its FileDescriptorName; empty when the manager gave none."""

    def __str__(self) -> str:
        return f"descriptor {self.descriptor}" + (f" ({self.name})" if self.name else "")


def handed_over(environ: MutableMapping[str, str]) -> list[HandedOver]:
    """What was handed over to this process; none when LISTEN_PID means another one.

    Takes the variables out of the environment: they are not for our children.
    """
    pid, count, names = (environ.pop(f"LISTEN_{name}", "") for name in ("PID", "FDS", "FDNAMES"))
    if pid != str(os.getpid()) or not count.isdecimal():
        return []
    named = names.split(":")
    return [HandedOver(_FIRST + n, named[n] if n < len(named) else "") for n in range(int(count))]


def take_over(handed: Iterable[HandedOver], stack: ExitStack) -> list[socket.socket]:
    """Their sockets, non-blocking and closed with `stack`: all on one TCP port, or all Unix sockets.

    Not both: who asks for which name is judged by the port (adr/2026-11-27-host-names.md), and a Unix socket has none.

    Raises StartupError with what the socket unit has to say instead.
    """
    sockets = [_listening(one, stack) for one in handed]
    if not sockets:
        raise StartupError(
            "cannot listen on systemd: no sockets were handed over; start a socket unit for this service, or give "
            "another --addr"
        )
    if len({_port(sock) for sock in sockets}) > 1:
        where = ", ".join(str(address_of(sock)) for sock in sockets)
        raise StartupError(
            f"cannot listen on systemd: {where} were handed over; a server listens on one TCP port, at however many "
            "addresses, or on Unix sockets"
        )
    return sockets


def _listening(one: HandedOver, stack: ExitStack) -> socket.socket:
    try:
        sock = socket.socket(fileno=one.descriptor)
    except OSError as error:
        raise StartupError(f"cannot listen on systemd: {one} is no socket: {error.strerror}") from error
    stack.enter_context(sock)
    is_listening = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
    if sock.family not in _FAMILIES or sock.type != socket.SOCK_STREAM or not is_listening:
        raise StartupError(
            f"cannot listen on systemd: {one} is no listening stream socket; the socket unit needs ListenStream= and "
            "Accept=no"
        )
    sock.setblocking(False)
    sock.set_inheritable(False)
    return sock


def _port(sock: socket.socket) -> int | None:
    address = address_of(sock)
    return address.port if isinstance(address, TcpAddress) else None


def address_of(sock: socket.socket) -> TcpAddress | UnixAddress:
    """Where a socket listens, as `addr` would name it; an abstract Unix socket has an `@` for its zero byte."""
    name = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        return UnixAddress(Path(os.fsdecode(name).replace("\0", "@", 1)))
    if (
        sock.family == socket.AF_INET6
        and name[0] == "::"
        and not sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
    ):
        return TcpAddress(None, name[1])
    return TcpAddress(name[0], name[1])
