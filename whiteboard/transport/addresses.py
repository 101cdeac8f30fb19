"""Listening sockets at an address of the settings.

Owns opening and closing them, the real address behind port 0, and the sentences for what can go
wrong. Blocks (name lookup, bind), so it is called before anything is served.
"""

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from whiteboard import limits
from whiteboard.config import Address, TcpAddress, UnixAddress
from whiteboard.errors import StartupError

_NOT_HERE: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""Of a name's several addresses, one that this machine does not have is left out."""


class Listening:
    """Open listening sockets. Made by `open_listening`, which closes them."""

    def __init__(self, address: Address, sockets: list[socket.socket]) -> None:
        self._asked = address
        self.sockets = sockets
        """Non-blocking, listening; at least one."""

    @property
    def address(self) -> Address:
        """As asked, with the port that the system chose if it was to choose one."""
        if isinstance(self._asked, UnixAddress):
            return self._asked
        return TcpAddress(self._asked.host, self.sockets[0].getsockname()[1])

    def url(self, *, base_path: str = "", tls: bool = False) -> str:
        """What to open in a browser on this machine; for a Unix socket its `unix:` address."""
        address = self.address
        if isinstance(address, UnixAddress):
            return str(address)
        scheme, default_port = ("https", 443) if tls else ("http", 80)
        host = "localhost" if address.host in {None, "0.0.0.0", "::"} else str(address.host)  # noqa: S104
        authority = f"[{host}]" if ":" in host else host
        if address.port != default_port:
            authority += f":{address.port}"
        return f"{scheme}://{authority}{base_path}/"


@contextmanager
def open_listening(address: Address) -> Iterator[Listening]:
    """Listen at `address` until the block ends.

    TCP: `None` as host is every interface, IPv4 and IPv6 in one socket where the system can; a name
    is listened to at all its addresses. Unix: a socket file that nobody answers on is replaced; the
    file goes when the block ends, if it is still ours; its permissions follow the umask.

    Raises StartupError with what to do: address in use, no permission, unknown host, bad path.
    """
    with ExitStack() as stack:
        if isinstance(address, UnixAddress):
            sockets = [_listen_unix(address.path, stack)]
        else:
            sockets = _listen_tcp(address, stack)
        yield Listening(address, sockets)


def _listen_tcp(address: TcpAddress, stack: ExitStack) -> list[socket.socket]:
    port = address.port
    sockets: list[socket.socket] = []
    absent: OSError | None = None
    for family, host in _resolve(address):
        try:
            sock = _open_tcp(family, host, port, dual_stack=address.host is None)
        except OSError as error:
            if error.errno not in _NOT_HERE:
                raise StartupError(_tcp_sentence(address, error)) from error
            absent = error
            continue
        sockets.append(stack.enter_context(sock))
        port = port or sock.getsockname()[1]
    if not sockets and absent is not None:
        raise StartupError(_tcp_sentence(address, absent)) from absent
    return sockets


def _resolve(address: TcpAddress) -> list[tuple[socket.AddressFamily, str]]:
    if address.host is None:
        if socket.has_dualstack_ipv6():
            return [(socket.AF_INET6, "::")]
        return [(socket.AF_INET, "0.0.0.0")]  # noqa: S104 - every interface is what was asked for
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:
        raise StartupError(
            f"Cannot listen on {address}: the host {address.host!r} is not known. "
            "Give an address of this machine, or only :PORT for every interface."
        ) from error
    return list(dict.fromkeys((family, str(where[0])) for family, _, _, _, where in found))


def _open_tcp(family: socket.AddressFamily, host: str, port: int, *, dual_stack: bool) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if dual_stack else 1)
        return _bind(sock, (host, port))
    except OSError:
        sock.close()
        raise


def _bind(sock: socket.socket, where: tuple[str, int] | str) -> socket.socket:
    sock.bind(where)
    sock.listen(limits.LISTEN_BACKLOG)
    sock.setblocking(False)
    return sock


def _tcp_sentence(address: TcpAddress, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            advice = f"port {address.port} is in use. Stop the program that has it, or give another --addr."
        case errno.EACCES | errno.EPERM:
            advice = (
                f"no permission for port {address.port}. Ports below 1024 belong to the system: "
                "use one above, behind a proxy if need be."
            )
        case errno.EADDRNOTAVAIL:
            advice = f"{address.host} is no address of this machine. Give one that is, or :PORT for every interface."
        case _:
            advice = f"{error.strerror or error}."
    return f"Cannot listen on {address}: {advice}"


def _listen_unix(path: Path, stack: ExitStack) -> socket.socket:
    sock = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    try:
        _remove_stale(path)
        _bind(sock, str(path))
        made = path.stat()
    except OSError as error:
        reason = error.strerror or str(error)
        raise StartupError(
            f"Cannot listen on unix:{path}: {reason}. Give a path in a directory that exists and that "
            "this user may write to, at most about 100 characters long."
        ) from error
    stack.callback(_remove_own, path, made)
    return sock


def _remove_stale(path: Path) -> None:
    """Remove a socket file that a killed server left. Raises StartupError when it is anything else."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise StartupError(f"Cannot listen on unix:{path}: that is a file and no socket. Move it away.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # a full backlog must not stall the start; it means that somebody is there
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except BlockingIOError:
            pass
    raise StartupError(
        f"Cannot listen on unix:{path}: another server answers there. Stop it, or give another --addr."
    )


def _remove_own(path: Path, made: os.stat_result) -> None:
    """Remove our socket file, unless another server has put its own there."""
    try:
        now = path.lstat()
        if (now.st_dev, now.st_ino) == (made.st_dev, made.st_ino):
            path.unlink()
    except OSError:
        pass  # gone already, or out of our hands
