"""Request heads, whole, in pieces, and no heads at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whiteboard import limits
from whiteboard.transport.http_head import HeadState, head_end, head_state, parse_head

HEAD = b"GET /a%20b?x=1&y=%2F HTTP/1.1\r\nHost: example.org\r\nX-A: 1, 2\r\nx-a:3\r\n\r\n"


def test_a_head_tells_method_path_host_and_headers() -> None:
    """Names without regard to case, values stripped."""
    head = parse_head(HEAD)
    assert head is not None
    assert (head.method, head.version, head.path, head.host) == ("GET", "HTTP/1.1", "/a b", "example.org")
    assert head.headers.get("HOST") == "example.org"
    assert head.headers.get_all("x-a") == ["1, 2", "3"]


@pytest.mark.parametrize(
    ("target", "path", "host"),
    [
        ("http://h:1/ws/b?q", "/ws/b", "h:1"),
        ("https://h", "/", "h"),
        ("http://h?q=/a", "/", "h"),
        ("/a://b", "/a://b", "other"),
        ("*", "*", "other"),
        ("/%E7%95%8C", "/界", "other"),
    ],
)
def test_the_path_and_host_of_any_target_form(target: str, path: str, host: str) -> None:
    """Absolute targets count as their path, and their host in place of Host (RFC 9112 section 3.2.2)."""
    head = parse_head(f"GET {target} HTTP/1.1\r\nHost: other\r\n\r\n".encode())
    assert head is not None
    assert (head.path, head.host) == (path, host)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/2\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / x HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nBad name: b\r\n\r\n",
    ],
)
def test_no_request(data: bytes) -> None:
    """What is no HTTP/1 request is left to the HTTP server to refuse."""
    assert parse_head(data) is None


def test_the_state_byte_by_byte() -> None:
    """MORE until the last byte of the head, WHOLE from then on."""
    states = {head_state(HEAD[:size]) for size in range(1, len(HEAD))}
    assert states == {HeadState.MORE}
    assert head_state(HEAD + b"body") is HeadState.WHOLE
    assert head_end(HEAD + b"body\r\n\r\n") == len(HEAD)
    assert head_end(b"GET / HTTP/1.0\n\nrest") == len(b"GET / HTTP/1.0\n\n")


@pytest.mark.parametrize("data", [b"\x16\x03\x01", b"get / HTTP/1.1", b"\r\n"])
def test_other_protocols_are_told_at_once(data: bytes) -> None:
    """Garbage is not waited for."""
    assert head_state(data) is HeadState.OTHER


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
def test_a_head_has_a_bound(end: bytes) -> None:
    """Whether its end has come or not."""
    start = b"GET / HTTP/1.1\r\nX: "
    room = limits.MAX_HEAD_BYTES - len(start) - len(end)
    assert head_state(start + b"x" * room + end) is not HeadState.TOO_LARGE
    assert head_state(start + b"x" * (room + 1) + end) is HeadState.TOO_LARGE


@given(st.binary(min_size=1))
def test_random_bytes_never_raise(data: bytes) -> None:
    """Garbage is told apart, not stumbled over."""
    head_state(data)
    parse_head(data)
