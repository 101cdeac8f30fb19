"""By which names the server may be asked for."""

import pytest

from whiteboard.trust.hosts import HostPolicy
from whiteboard.trust.origins import Origin

LOCAL = HostPolicy.of([], is_local=True)
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
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("evil.example@localhost", False),
        ("10.0.0.1:8080", False),
        ("0.0.0.0:8080", False),
        ("[", False),
    ],
)
def test_a_local_server_answers_to_names_of_this_machine(host: str, is_allowed: bool) -> None:
    """What a page that rebinds its name sends is that name; programs may send none. [HTTP-16]"""
    assert LOCAL.allows(host) is is_allowed


def test_names_are_added_by_setting() -> None:
    """Those of `hosts`, those of `origins`, and the one that it was told to listen at; no port counts. [HTTP-16]"""
    policy = HostPolicy.of(
        ["draw.example", "2001:db8::1"], [Origin("https", "b.example", 443)], own="MyBox", is_local=True
    )
    for host in (
        "Draw.Example",
        "draw.example:8443",
        "b.example",
        "mybox:8080",
        "[2001:DB8::1]:80",
        "localhost",
    ):
        assert policy.allows(host)
    assert not policy.allows("evil.example")
    assert HostPolicy.of([], [DRAW], is_local=True).allows("draw.example")


def test_a_server_on_a_network_is_strict_when_names_are_given() -> None:
    """Whoever reaches it may use it, by whatever name, until its operator lists names. [HTTP-16]"""
    assert HostPolicy.of([], [DRAW], is_local=False).allows("any.example")
    strict = HostPolicy.of(["draw.example"], is_local=False)
    assert strict.allows("draw.example")
    assert not strict.allows("any.example")


def test_a_star_lifts_the_check() -> None:
    """For those whose proxy looks at names already."""
    assert HostPolicy.of(["*"], is_local=True).allows("any.example")
