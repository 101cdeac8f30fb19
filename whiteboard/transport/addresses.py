"""Listening sockets at an address of the settings.

Owns opening and closing them, the real address behind port 0, and the sentences for what can go
wrong. Those that a process manager opened are `handed_over`'s. Blocks (name lookup, bind), so it is called before anything is served.
"""

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from whiteboard import limits
from whiteboard.config import Address, SystemdAddress, TcpAddress, UnixAddress
from whiteboard.errors import StartupError
from whiteboard.transport.handed_over import HandedOver, address_of, handed_over, take_over
from whiteboard.trust.names import parse_address
from whiteboard.trust.origins import Origin

_NOT_HERE: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""Of a name's several addresses, one that this machine does not have is left out."""


_EVERYWHERE: Final = frozenset({None, "0.0.0.0", "::"})  # noqa: S104 - names, nothing is bound here
_DOCUMENTATION: Final = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))
"""RFC 5737, RFC 3849: addresses that belong to nobody. A route towards them shows ours; nothing is sent."""
_DISCARD_PORT: Final = 9


class Listening:
    """Open listening sockets. Made by `open_listening`, which closes them."""

    def __init__(self, address: Address, sockets: list[socket.socket], stack: ExitStack) -> None:
        self.outlives_us = isinstance(address, SystemdAddress)
        """Whether somebody else keeps the sockets open: then what connects when we have gone waits for the next."""
        self.sockets = sockets
        """Non-blocking, listening; at least one."""
        self._stack = stack
        self._address = _real(address, sockets[0])

    @property
    def address(self) -> TcpAddress | UnixAddress:
        """As asked, with the port that the system chose if it was to choose one."""
        return self._address

    @property
    def local_port(self) -> int | None:
        """The port, if only programs on this machine get here, web pages in its browsers among them; else None."""
        is_local = all(_is_loopback(sock) for sock in self.sockets)
        return self.address.port if is_local and isinstance(self.address, TcpAddress) else None

    @property
    def reachable(self) -> TcpAddress | None:
        """Where other machines get here, as far as this one can know; None for a Unix socket.

        Of a server on every interface the address that faces other networks, if there are any.
        """
        if isinstance(self.address, UnixAddress):
            return None
        if self.address.host not in _EVERYWHERE:
            return self.address
        return TcpAddress(next(self._outward(), "127.0.0.1"), self.address.port)

    def close(self) -> None:
        """Take no more connections; those that nobody has accepted are reset. Idempotent."""
        self._stack.close()

    def url(self, *, base_path: str = "", tls: bool = False) -> str:
        """What to open in a browser on this machine; for a Unix socket its `unix:` address."""
        if not isinstance(self.address, TcpAddress):
            return str(self.address)
        host = self.address.host
        return self._url("localhost" if host is None or host in _EVERYWHERE else host, base_path, tls=tls)

    def urls_for_others(self, *, base_path: str = "", tls: bool = False) -> list[str]:
        """What to open on other machines, by address and by this machine's name.

        Empty unless it listens on every interface: otherwise `url` says it.
        """
        if not isinstance(self.address, TcpAddress) or self.address.host not in _EVERYWHERE:
            return []
        names = [*self._outward(), socket.gethostname()]
        return [self._url(name, base_path, tls=tls) for name in names]

    def _outward(self) -> Iterator[str]:
        kinds = {sock.family for sock in self.sockets}
        if isinstance(self.address, TcpAddress) and self.address.host is None:
            kinds.add(socket.AF_INET)  # one socket for both kinds
        return _outward_addresses(kinds)

    def _url(self, host: str, base_path: str, *, tls: bool) -> str:
        assert isinstance(self.address, TcpAddress)
        zoned = host.replace("%", "%25")  # RFC 6874
        return f"{Origin('https' if tls else 'http', zoned, self.address.port)}{base_path}/"


def _real(asked: Address, sock: socket.socket) -> TcpAddress | UnixAddress:
    if isinstance(asked, UnixAddress):
        return asked
    if isinstance(asked, SystemdAddress):
        return address_of(sock)
    return TcpAddress(asked.host, sock.getsockname()[1])


def _is_loopback(sock: socket.socket) -> bool:
    if sock.family == socket.AF_UNIX:
        return False
    address = parse_address(str(sock.getsockname()[0]))
    return address is not None and address.is_loopback


def _outward_addresses(kinds: set[socket.AddressFamily]) -> Iterator[str]:
    """Addresses of ours on the way to other networks."""
    for target, family in _DOCUMENTATION:
        if family not in kinds:
            continue
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((target, _DISCARD_PORT))
            except OSError:
                continue  # no network of this kind
            yield str(probe.getsockname()[0])


@contextmanager
def open_listening(address: Address) -> Iterator[Listening]:
    """Listen at `address` until the block ends, or `close` is called.

    TCP: `None` as host is every interface, IPv4 and IPv6 in one socket where the system can; a name
    is listened to at all its addresses. Unix: a socket file that nobody answers on is replaced; the
    file goes when the listening ends, if it is still ours; its permissions follow the umask. systemd: what was
    handed over at the start, as it is; a second time there is nothing.

    Raises StartupError with what to do: address in use, no permission, unknown host, bad path, and sockets that were
    handed over where another address was asked for, since whoever connects to those would wait for ever.
    """
    handed = handed_over(os.environ)
    with ExitStack() as stack:
        yield Listening(address, _open(address, handed, stack), stack)


def _open(address: Address, handed: list[HandedOver], stack: ExitStack) -> list[socket.socket]:
    if isinstance(address, SystemdAddress):
        return take_over(handed, stack)
    if handed:
        raise StartupError(f"cannot listen on {address}: {handed[0]} was handed over; give --addr systemd")
    if isinstance(address, UnixAddress):
        return [_listen_unix(address.path, stack)]
    return _listen_tcp(address, stack)


def _listen_tcp(address: TcpAddress, stack: ExitStack) -> list[socket.socket]:
    port = address.port
    sockets: list[socket.socket] = []
    absent: OSError | None = None
    for family, where in _resolve(address):
        try:
            sock = _open_tcp(family, where, port, dual_stack=address.host is None)
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


_Where = tuple[str, int]
"""An address and its scope id (RFC 4007): 0, or the interface of a link-local IPv6 address."""


def _resolve(address: TcpAddress) -> list[tuple[socket.AddressFamily, _Where]]:
    if address.host is None:
        if socket.has_dualstack_ipv6():
            return [(socket.AF_INET6, ("::", 0))]
        return [(socket.AF_INET, ("0.0.0.0", 0))]  # noqa: S104 - every interface is what was asked for
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:
        raise StartupError(
            f"cannot listen on {address}: the host {address.host!r} is not known; "
            "give an address of this machine, or only :PORT for every interface"
        ) from error
    return list(dict.fromkeys((family, _where(family, name)) for family, _, _, _, name in found))


def _where(family: socket.AddressFamily, name: tuple[Any, ...]) -> _Where:
    """From what getaddrinfo gives: `(host, port)` or `(host, port, flow, scope)`."""
    return str(name[0]), int(name[3]) if family == socket.AF_INET6 else 0


def _open_tcp(family: socket.AddressFamily, where: _Where, port: int, *, dual_stack: bool) -> socket.socket:
    host, scope = where
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if dual_stack else 1)
        return _bind(sock, (host, port, 0, scope) if family == socket.AF_INET6 else (host, port))
    except OSError:
        sock.close()
        raise


def _bind(sock: socket.socket, where: tuple[str | int, ...] | str) -> socket.socket:
    sock.bind(where)
    sock.listen(limits.LISTEN_BACKLOG)
    sock.setblocking(False)
    return sock


def _tcp_sentence(address: TcpAddress, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            advice = f"port {address.port} is in use; stop the program that has it, or give another --addr"
        case errno.EACCES | errno.EPERM:
            advice = (
                f"no permission for port {address.port}; ports below 1024 belong to the system, "
                "use one above, behind a proxy if need be"
            )
        case errno.EADDRNOTAVAIL:
            advice = f"{address.host} is no address of this machine; give one that is, or :PORT for every interface"
        case _:
            advice = error.strerror or str(error)
    return f"cannot listen on {address}: {advice}"


def _listen_unix(path: Path, stack: ExitStack) -> socket.socket:
    sock = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    try:
        _remove_stale(path)
        _bind(sock, str(path))
        made = path.stat()
    except OSError as error:
        reason = error.strerror or str(error)
        raise StartupError(
            f"cannot listen on unix:{path}: {reason}; give a path in a directory that exists and that "
            "this user may write to, at most about 100 characters long"
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
        raise StartupError(f"cannot listen on unix:{path}: that is a file and no socket; move it away")
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
        f"cannot listen on unix:{path}: another server answers there; stop it, or give another --addr"
    )


def _remove_own(path: Path, made: os.stat_result) -> None:
    """Remove our socket file, unless another server has put its own there."""
    try:
        now = path.lstat()
        if (now.st_dev, now.st_ino) == (made.st_dev, made.st_ino):
            path.unlink()
    except OSError:
        pass  # gone already, or out of our hands
