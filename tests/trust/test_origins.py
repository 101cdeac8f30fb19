"""Which pages may connect and write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whiteboard.trust.headers import Headers
from whiteboard.trust.origins import ANY_ORIGIN, Origin, OriginPolicy

OWN = OriginPolicy()
LISTED = OriginPolicy.of([Origin("https", "other.example", 443), Origin("http", "dev.example", 3000)])


def sent(*origins: str, **more: str) -> Headers:
    """Headers of a request with these Origins; underscores in other names become dashes."""
    fields = [("origin", origin) for origin in origins]
    return Headers([*fields, *((name.replace("_", "-"), value) for name, value in more.items())])


@pytest.mark.parametrize(
    ("origin", "host", "is_allowed"),
    [
        ("http://a.example", "a.example", True),
        ("HTTP://A.example:80", "a.EXAMPLE", True),
        ("https://a.example", "a.example:443", True),
        ("https://a.example.", "a.example", True),
        ("http://a.example:8080", "a.example:8080", True),
        ("http://[::1]:8080", "[0:0::1]:8080", True),
        ("http://a.example:8080", "a.example", False),
        ("http://a.example", "a.example:8080", False),
        ("http://b.example", "a.example", False),
        ("http://a.example.evil", "a.example", False),
        ("null", "a.example", False),
        ("", "", False),
        ("file://a.example", "a.example", False),
        ("http://a.example:99999", "a.example", False),
        ("http://user@a.example", "a.example", False),
        ("http://a.example/x", "a.example", False),
        ("http://a.example, http://b.example", "a.example", False),
        ("http://[", "[", False),
    ],
)
def test_the_own_origin_is_allowed(origin: str, host: str, is_allowed: bool) -> None:
    """Same host and port as the browser asked for. [CON-14]"""
    assert OWN.allows(sent(origin), host) is is_allowed


def test_programs_pass() -> None:
    """Who sends no Origin is no browser, and could claim any. [CON-14]"""
    assert OWN.allows(sent(), "a.example")


def test_two_origins_are_nobodys() -> None:
    """Not even when each of them would pass. [CON-14]"""
    assert not OWN.allows(sent("http://a.example", "http://a.example"), "a.example")
    assert not OriginPolicy.of([ANY_ORIGIN]).allows(sent("http://a.example", "null"), "a.example")


def test_what_the_browser_calls_same_origin_is() -> None:
    """Behind a proxy that tells us another host than the browser asked for; pages cannot set that header."""
    assert OWN.allows(sent("https://public.example", sec_fetch_site="same-origin"), "inner")
    assert not OWN.allows(sent("https://public.example", sec_fetch_site="same-site"), "inner")


def test_listed_origins_are_allowed_besides_our_own() -> None:
    """Scheme and port must be those of the list. [CON-14]"""
    assert LISTED.allows(sent("https://other.example"), "a.example")
    assert LISTED.allows(sent("https://OTHER.example:443"), "a.example")
    assert LISTED.allows(sent("http://dev.example:3000"), "a.example")
    assert LISTED.allows(sent("http://a.example"), "a.example")
    assert not LISTED.allows(sent("http://other.example"), "a.example")


def test_a_star_allows_all() -> None:
    """Even pages without an origin of their own."""
    assert OriginPolicy.of([ANY_ORIGIN]).allows(sent("null"), "a.example")
    assert str(ANY_ORIGIN) == "*"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://A.Example:443/", "https://a.example"),
        ("http://a.example:443", "http://a.example:443"),
        ("http://[::1]:80", "http://[::1]"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_origin_has_one_spelling(text: str, shown: str) -> None:
    """Lower case, without the scheme's own port, without a slash; it reads back as itself."""
    origin = Origin.parse(text)
    assert str(origin) == shown
    assert Origin.parse(shown) == origin


@given(st.text() | st.text(alphabet="htps:/[]@.*0123456789a", max_size=30))
def test_no_text_raises(text: str) -> None:
    """A peer's header is an origin or it is none."""
    OWN.allows(sent(text), text)
