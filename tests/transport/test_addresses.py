"""Listening sockets, and the sentences when there are none."""

import errno
import socket
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


def test_urls_leave_default_ports_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """80 for http, 443 for https; IPv6 in brackets."""
    with socket.socket() as sock:
        monkeypatch.setattr(addresses.Listening, "address", TcpAddress("::1", 443))
        listening = addresses.Listening(TcpAddress("::1", 443), [sock])
        assert listening.url(tls=True) == "https://[::1]/"
        assert listening.url() == "http://[::1]:443/"


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
        with pytest.raises(StartupError, match="Cannot listen on unix:"), open_listening(UnixAddress(path)):
            pass
