"""By which names the server may be asked for."""

import pytest

from whiteboard.trust.hosts import HostPolicy
from whiteboard.trust.origins import Origin

LOCAL = HostPolicy.of([], local_port=8080)
DRAW = Origin("https", "draw.example", 443)


@pytest.mark.parametrize(
    ("host", "is_allowed"),
    [
        ("localhost", True),
        ("localhost:8080", True),
        ("LOCALHOST.:8080", True),
        ("board.localhost:8080", True),
        ("127.0.0.1:8080", True),
        ("127.1.2.3", True),
        ("[::1]:8080", True),
        ("", True),
        ("evil.example:8080", False),
        ("localhost.evil.example:8080", False),
        ("127.0.0.1.evil.example:8080", False),
        ("evil.example@localhost", False),
        ("10.0.0.1:8080", False),
        ("0.0.0.0:8080", False),
        ("[", False),
    ],
)
def test_a_local_server_answers_to_names_of_this_machine(host: str, is_allowed: bool) -> None:
    """What a page that rebinds its name sends is that name; programs may send none. [HTTP-16]"""
    assert LOCAL.allows(host) is is_allowed


@pytest.mark.parametrize("host", ["draw.example", "draw.example:443", "draw.example:8443", "10.0.0.1"])
def test_a_local_server_answers_to_whom_a_proxy_serves(host: str) -> None:
    """A name with another port than ours was typed for a proxy: a page cannot leave our port out. [HTTP-16]"""
    assert LOCAL.allows(host)


@pytest.mark.parametrize("port", [80, 443])
def test_at_a_scheme_s_own_port_a_name_stands_without_it(port: int) -> None:
    """There browsers leave the port out, so a name alone is refused. [HTTP-16]"""
    local = HostPolicy.of([], local_port=port)
    assert not local.allows("evil.example")
    assert local.allows("localhost")


def test_names_are_added_by_setting() -> None:
    """Those of `hosts`, those of `origins`, and those that it was told to listen at or tells others; no port counts. [HTTP-16]"""
    policy = HostPolicy.of(
        ["draw.example", "2001:db8::1"],
        [Origin("https", "b.example", 443)],
        own=["MyBox", "10.0.0.7"],
        local_port=8080,
    )
    for host in (
        "Draw.Example",
        "draw.example:8443",
        "b.example",
        "mybox:8080",
        "10.0.0.7:8080",
        "[2001:DB8::1]:80",
        "localhost",
    ):
        assert policy.allows(host)
    assert not policy.allows("evil.example")
    assert HostPolicy.of([], [DRAW], local_port=8080).allows("draw.example:8080")


def test_a_server_on_a_network_is_strict_when_names_are_given() -> None:
    """Whoever reaches it may use it, by whatever name, until its operator lists names. [HTTP-16]"""
    assert HostPolicy.of([], [DRAW], local_port=None).allows("any.example")
    strict = HostPolicy.of(["draw.example"], local_port=None)
    assert strict.allows("draw.example")
    assert not strict.allows("any.example")


def test_a_star_lifts_the_check() -> None:
    """For those whose proxy looks at names already."""
    assert HostPolicy.of(["*"], local_port=8080).allows("any.example")
