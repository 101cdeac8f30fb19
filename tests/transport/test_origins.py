"""Which pages may connect."""

import pytest

from whiteboard.transport.origins import OriginPolicy, parse_origin

OWN = OriginPolicy()
LISTED = OriginPolicy.of(["https://other.example", "http://dev.example:3000"])


@pytest.mark.parametrize(
    ("origin", "host", "is_allowed"),
    [
        (None, "a.example", True),
        ("http://a.example", "a.example", True),
        ("http://A.example:80", "a.EXAMPLE", True),
        ("https://a.example", "a.example:443", True),
        ("http://a.example:8080", "a.example:8080", True),
        ("http://[::1]:8080", "[::1]:8080", True),
        ("http://a.example:8080", "a.example", False),
        ("http://b.example", "a.example", False),
        ("http://a.example.evil", "a.example", False),
        ("null", "a.example", False),
        ("", "", False),
        ("file://a.example", "a.example", False),
        ("http://a.example:99999", "a.example", False),
        ("http://user@a.example", "a.example", False),
    ],
)
def test_the_own_origin_is_allowed(origin: str | None, host: str, is_allowed: bool) -> None:
    """Same host and port as the browser asked for; programs that send no Origin always. [CON-14]"""
    assert OWN.allows(origin, host) is is_allowed


def test_listed_origins_are_allowed_besides_our_own() -> None:
    """Scheme and port must be those of the list. [CON-14]"""
    assert LISTED.allows("https://other.example", "a.example")
    assert LISTED.allows("http://dev.example:3000", "a.example")
    assert LISTED.allows("http://a.example", "a.example")
    assert not LISTED.allows("http://other.example", "a.example")


def test_a_star_allows_all() -> None:
    """Even pages without an origin of their own."""
    assert OriginPolicy.of(["*"]).allows("null", "a.example")


def test_an_origin_has_no_path() -> None:
    """A slash is forgiven, more is not."""
    assert parse_origin("https://a.example/") == ("https", "a.example", 443)
    assert parse_origin("https://a.example/x") is None
