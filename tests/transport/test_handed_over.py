"""Sockets that a process manager opened: which are taken, and the sentences for those that are not."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from whiteboard.config import SystemdAddress, TcpAddress, UnixAddress
from whiteboard.errors import StartupError
from whiteboard.transport import handed_over as module
from whiteboard.transport.addresses import open_listening
from whiteboard.transport.handed_over import HandedOver, handed_over, take_over


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes what a test has taken or opened."""
    with ExitStack() as opened:
        yield opened


def listening(stack: ExitStack, family: int = socket.AF_INET, where: object = ("127.0.0.1", 0)) -> HandedOver:
    """A descriptor as systemd hands it over."""
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.bind(where)  # type: ignore[arg-type]
        sock.listen()
        return HandedOver(sock.detach(), "whiteboard.socket")


def own(**variables: str) -> dict[str, str]:
    """An environment with sockets for this process."""
    return {"LISTEN_PID": str(os.getpid()), "HOME": "/", **variables}


def test_what_the_environment_says_is_read_once() -> None:
    """Numbers from 3 on, with names where there are any; children do not see them."""
    environ = own(LISTEN_FDS="2", LISTEN_FDNAMES="web")

    assert handed_over(environ) == [HandedOver(3, "web"), HandedOver(4, "")]
    assert environ == {"HOME": "/"}
    assert handed_over(environ) == []


@pytest.mark.parametrize(
    "environ", [{"LISTEN_PID": "1", "LISTEN_FDS": "1"}, {"LISTEN_FDS": "1"}, own(LISTEN_FDS="x"), own(), {}]
)
def test_what_is_for_another_process_is_left_alone(environ: dict[str, str]) -> None:
    """LISTEN_PID has to be ours; what is no number is none."""
    assert handed_over(environ) == []


@pytest.mark.parametrize(
    ("family", "where", "host"),
    [
        (socket.AF_INET, ("127.0.0.1", 0), "127.0.0.1"),
        (socket.AF_INET, ("0.0.0.0", 0), "0.0.0.0"),
        (socket.AF_INET6, ("::1", 0), "::1"),
        (socket.AF_INET6, ("::", 0), None),
    ],
)
def test_a_tcp_socket_is_taken_as_it_is(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch, family: int, where: tuple[str, int], host: str | None
) -> None:
    """Its address is the socket's own; it is non-blocking, no child inherits it, and it is not closed for others."""
    given = listening(stack, family, where)
    others = stack.enter_context(socket.socket(fileno=os.dup(given.descriptor)))
    monkeypatch.setattr(module, "_FIRST", given.descriptor)
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", "1")
    with open_listening(SystemdAddress()) as opened:
        port = others.getsockname()[1]
        assert opened.address == TcpAddress(host, port)
        assert opened.outlives_us
        assert opened.local_port == (port if where[0] in {"127.0.0.1", "::1"} else None)
        (sock,) = opened.sockets
        assert (sock.getblocking(), os.get_inheritable(sock.fileno())) == (False, False)
    with socket.create_connection(("127.0.0.1" if family == socket.AF_INET else "::1", port), 5):
        pass


def test_unix_sockets_are_taken_and_their_file_stays(stack: ExitStack, tmp_path: Path) -> None:
    """The file is systemd's; an abstract name has an @."""
    path = tmp_path / "socket"
    given = [listening(stack, socket.AF_UNIX, str(path)), listening(stack, socket.AF_UNIX, "")]
    with ExitStack() as taken:
        sockets = take_over(given, taken)
        first, second = (module.address_of(sock) for sock in sockets)
    assert first == UnixAddress(path)
    assert str(second).startswith("unix:@")
    assert path.exists()


def test_two_ports_or_two_kinds_are_refused(stack: ExitStack, tmp_path: Path) -> None:
    """Whose names are served is judged by one port."""
    with pytest.raises(StartupError, match="one TCP port, at however many addresses, or on Unix sockets"):
        take_over([listening(stack), listening(stack)], stack)
    with pytest.raises(StartupError, match=r"127\.0\.0\.1:\d+, unix:.*socket were handed over"):
        take_over([listening(stack), listening(stack, socket.AF_UNIX, str(tmp_path / "socket"))], stack)


@pytest.mark.parametrize("kind", ["connected", "datagram", "netlink"])
def test_what_does_not_listen_is_refused(stack: ExitStack, kind: str) -> None:
    """As with Accept=yes or ListenDatagram=: the sentence says what the unit needs."""
    if kind == "connected":
        ours, theirs = socket.socketpair()
        stack.enter_context(theirs)
    elif kind == "datagram":
        ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    else:
        ours = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
    given = HandedOver(ours.detach(), "web")
    with pytest.raises(StartupError, match=r"descriptor \d+ \(web\) is no listening stream socket"):
        take_over([given], stack)


def test_what_is_no_socket_is_refused(stack: ExitStack, tmp_path: Path) -> None:
    """A file, or nothing at all."""
    file = stack.enter_context((tmp_path / "file").open("w"))
    for descriptor in (file.fileno(), 9999):
        with pytest.raises(StartupError, match=f"descriptor {descriptor} is no socket"):
            take_over([HandedOver(descriptor, "")], stack)


def test_no_socket_at_all_is_told() -> None:
    """Started by hand, or without its socket unit."""
    with pytest.raises(StartupError, match="no sockets were handed over; start a socket unit"):
        with open_listening(SystemdAddress()):
            pass


def test_sockets_that_nobody_asked_for_are_not_left_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who connects to them would wait for ever: the start is refused."""
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", "1")
    with pytest.raises(
        StartupError, match=r"cannot listen on 127.0.0.1:0: descriptor 3 was .* --addr systemd"
    ):
        with open_listening(TcpAddress("127.0.0.1", 0)):
            pass
