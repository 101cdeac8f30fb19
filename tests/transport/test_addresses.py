"""Listening sockets, and the sentences when there are none."""

import errno
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from whiteboard.config import TcpAddress, UnixAddress
from whiteboard.errors import StartupError
from whiteboard.transport import addresses
from whiteboard.transport.addresses import open_listening


def can_connect(family: socket.AddressFamily, where: object) -> bool:
    """Whether somebody listens there."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(where) == 0  # type: ignore[arg-type]


def test_port_0_is_chosen_and_reported() -> None:
    """The real port is in address and URL; after the block nobody listens."""
    with open_listening(TcpAddress("127.0.0.1", 0)) as listening:
        address = listening.address
        assert isinstance(address, TcpAddress)
        assert address.port > 0
        assert can_connect(socket.AF_INET, ("127.0.0.1", address.port))
        assert listening.url() == f"http://127.0.0.1:{address.port}/"
        assert listening.url(base_path="/wb", tls=True) == f"https://127.0.0.1:{address.port}/wb/"
        assert not listening.sockets[0].getblocking()
    assert not can_connect(socket.AF_INET, ("127.0.0.1", address.port))


def test_no_host_is_every_interface() -> None:
    """IPv4 reaches it, IPv6 too where there is any; the URL to open is this machine's."""
    with open_listening(TcpAddress(None, 0)) as listening:
        address = listening.address
        assert isinstance(address, TcpAddress)
        assert can_connect(socket.AF_INET, ("127.0.0.1", address.port))
        if socket.has_dualstack_ipv6():
            assert can_connect(socket.AF_INET6, ("::1", address.port))
        assert listening.url() == f"http://localhost:{address.port}/"


def test_a_name_is_listened_to_at_all_its_addresses_on_one_port() -> None:
    """Localhost may be IPv4, IPv6 or both."""
    with open_listening(TcpAddress("localhost", 0)) as listening:
        assert len({sock.getsockname()[1] for sock in listening.sockets}) == 1


class Bound:
    """A socket that says where it listens."""

    def __init__(self, *where: object) -> None:
        self.family = socket.AF_INET6 if len(where) == 4 else socket.AF_INET
        self._where = where

    def getsockname(self) -> tuple[object, ...]:
        return self._where


def listening_at(host: str | None, *sockets: Bound) -> addresses.Listening:
    """What `open_listening` would give, without listening."""
    port = sockets[0].getsockname()[1]
    assert isinstance(port, int)
    return addresses.Listening(TcpAddress(host, port), list(sockets), ExitStack())  # type: ignore[arg-type]


def test_urls_leave_default_ports_out() -> None:
    """80 for http, 443 for https; IPv6 in brackets, its zone as a URL spells it (RFC 6874)."""
    listening = listening_at("::1", Bound("::1", 443, 0, 0))
    assert listening.url(tls=True) == "https://[::1]/"
    assert listening.url() == "http://[::1]:443/"
    assert listening_at("fe80::1%lo", Bound("fe80::1", 80, 0, 1)).url() == "http://[fe80::1%25lo]/"


def test_a_link_local_address_keeps_its_interface() -> None:
    """Without the scope id it means no address at all (RFC 4007)."""
    index = socket.if_nametoindex("lo")
    assert addresses._resolve(TcpAddress("fe80::1%lo", 80)) == [(socket.AF_INET6, ("fe80::1", index))]


@pytest.mark.parametrize(
    ("hosts", "port"),
    [
        (["127.0.0.1"], 80),
        (["::1"], 80),
        (["127.0.1.1", "::1"], 80),
        (["::"], None),
        (["0.0.0.0"], None),
        (["127.0.0.1", "10.0.0.1"], None),
    ],
)
def test_what_only_this_machine_reaches(hosts: list[str], port: int | None) -> None:
    """Every socket has to be on loopback."""
    sockets = [Bound(host, 80, 0, 0) if ":" in host else Bound(host, 80) for host in hosts]
    assert listening_at("a-name", *sockets).local_port == port


def test_others_are_told_an_address_and_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """When it listens on every interface; a single one is told by the first line already."""
    monkeypatch.setattr(socket, "gethostname", lambda: "mybox")
    everywhere = listening_at(None, Bound("::", 8080, 0, 0))
    urls = everywhere.urls_for_others(base_path="/wb")
    assert urls[-1] == "http://mybox:8080/wb/"
    assert not any("localhost" in url or "[::]" in url for url in urls)
    assert listening_at("10.0.0.1", Bound("10.0.0.1", 8080)).urls_for_others() == []


def test_where_other_machines_get_here() -> None:
    """At the address that it was told; of all interfaces at one that faces others; not at a Unix socket."""
    assert listening_at("10.0.0.1", Bound("10.0.0.1", 8080)).reachable == TcpAddress("10.0.0.1", 8080)
    for host, bound in ((None, Bound("::", 8080, 0, 0)), ("0.0.0.0", Bound("0.0.0.0", 8080))):
        reachable = listening_at(host, bound).reachable
        assert reachable is not None
        assert reachable.host not in {None, "0.0.0.0", "::"}
        assert reachable.port == 8080


def test_listening_can_end_before_the_block(tmp_path: Path) -> None:
    """Nobody is let in any more, and the socket file is gone; again does nothing."""
    with open_listening(TcpAddress("127.0.0.1", 0)) as listening:
        where = listening.sockets[0].getsockname()
        listening.close()
        listening.close()
        assert not can_connect(socket.AF_INET, where)
    path = tmp_path / "s"
    with open_listening(UnixAddress(path)) as listening:
        assert listening.local_port is None
        assert listening.reachable is None
        listening.close()
        assert not path.exists()


def test_a_taken_port_is_said() -> None:
    """With the port, and what to do."""
    with open_listening(TcpAddress("127.0.0.1", 0)) as listening:
        taken = listening.address
        with pytest.raises(StartupError, match=r"port \d+ is in use.*another --addr"), open_listening(taken):
            pass


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        ("no.such.host.invalid", "is not known"),
        ("192.0.2.1", "is no address of this machine"),
        ("a" * 70, "not known"),
    ],
)
def test_a_bad_host_is_said(host: str, sentence: str) -> None:
    """An unknown name, and an address of somebody else."""
    with pytest.raises(StartupError, match=sentence), open_listening(TcpAddress(host, 0)):
        pass


def test_no_permission_is_said() -> None:
    """The sentence for a port below 1024 as an ordinary user."""
    sentence = addresses._tcp_sentence(TcpAddress(None, 80), PermissionError(errno.EACCES, "denied"))
    assert "no permission for port 80" in sentence
    assert "odd" in addresses._tcp_sentence(TcpAddress(None, 80), OSError(errno.EIO, "odd"))


def test_a_unix_socket_comes_and_goes(tmp_path: Path) -> None:
    """Its file is there in the block only."""
    path = tmp_path / "s"
    with open_listening(UnixAddress(path)) as listening:
        assert can_connect(socket.AF_UNIX, str(path))
        assert listening.url() == f"unix:{path}"
        with pytest.raises(StartupError, match="another server answers"), open_listening(UnixAddress(path)):
            pass
    assert not path.exists()


def test_a_stale_socket_file_is_replaced(tmp_path: Path) -> None:
    """What a killed server left is nobody's."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with open_listening(UnixAddress(path)):
        assert can_connect(socket.AF_UNIX, str(path))


def test_a_file_is_not_replaced(tmp_path: Path) -> None:
    """Somebody's file stays."""
    path = tmp_path / "s"
    path.write_text("precious")
    with pytest.raises(StartupError, match="is a file and no socket"), open_listening(UnixAddress(path)):
        pass
    assert path.read_text() == "precious"


def test_another_servers_socket_file_stays(tmp_path: Path) -> None:
    """Closing removes only what is ours."""
    path = tmp_path / "s"
    with open_listening(UnixAddress(path)):
        path.rename(tmp_path / "ours")
        path.write_text("theirs")
    assert path.exists()


def test_a_bad_path_is_said(tmp_path: Path) -> None:
    """No directory, or a path too long for a socket."""
    for path in (tmp_path / "no" / "s", tmp_path / ("x" * 200)):
        with pytest.raises(StartupError, match=r"^cannot listen on unix:"), open_listening(UnixAddress(path)):
            pass
