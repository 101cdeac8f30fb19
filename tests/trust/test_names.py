"""Names and addresses in one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whiteboard.trust.names import Authority, is_loopback_name, parse_address, parse_authority, plain_address


@pytest.mark.parametrize(
    ("text", "name", "port"),
    [
        ("Draw.Example.org", "draw.example.org", None),
        ("draw.example.org.:8443", "draw.example.org", 8443),
        ("draw.example.org:", "draw.example.org", None),
        ("a_b:80", "a_b", 80),
        ("127.0.0.1:80", "127.0.0.1", 80),
        ("[0:0:0::1]:80", "::1", 80),
    ],
)
def test_an_authority_is_brought_to_one_form(text: str, name: str, port: int | None) -> None:
    """Lower case, no dot at the end, addresses in their short spelling."""
    assert parse_authority(text) == Authority(name, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        ":80",
        "::1",
        "a b",
        "a/b",
        "user@a",
        "a:x",
        "a:65536",
        "[",
        "[::1",
        "[a]",
        "[1.2.3.4]",
        "a,b",
        "é",
    ],
)
def test_what_is_no_authority(text: str) -> None:
    """User names, paths, addresses without brackets and other signs make it none."""
    assert parse_authority(text) is None


def test_an_ipv4_peer_of_an_ipv6_socket_is_ipv4() -> None:
    """RFC 4291 section 2.5.5.2; what is no address comes back as it is."""
    assert plain_address("::ffff:10.0.0.1") == "10.0.0.1"
    assert plain_address("::1") == "::1"
    assert plain_address("unix") == "unix"
    assert parse_address("nonsense") is None


@pytest.mark.parametrize(
    ("name", "is_loopback"),
    [
        ("localhost", True),
        ("board.localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost.evil.example", False),
        ("notlocalhost", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_names_that_mean_this_machine(name: str, is_loopback: bool) -> None:
    """The whole of 127.0.0.0/8, ::1, localhost and what is below it; nothing that somebody can register."""
    assert is_loopback_name(name) is is_loopback


@given(st.text())
def test_no_text_raises(text: str) -> None:
    """A peer's header is an authority or it is none."""
    parse_authority(text)
