"""Where the boards are published."""

import pytest

from whiteboard.doctor.target import Target, parse_origin, parse_place
from whiteboard.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "shown", "base"),
    [
        ("http://Example.org", "http://example.org/", ""),
        ("https://example.org:443/wb/", "https://example.org/wb/", "/wb"),
        ("http://example.org:8080/a/b", "http://example.org:8080/a/b/", "/a/b"),
        ("https://example.org/wb/b/my-board?lang=zh#x", "https://example.org/wb/", "/wb"),
        ("http://[::1]:8080", "http://[::1]:8080/", ""),
        ("wss://example.org./x y", "https://example.org/x%20y/", "/x%20y"),
        ("http://bücher.example", "http://xn--bcher-kva.example/", ""),
    ],
)
def test_urls(url: str, shown: str, base: str) -> None:
    """Slashes at the end, a board and a query do not matter; names are brought to one form."""
    target = Target.of(url)
    assert (target.url, target.base) == (shown, base)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "ftp://example.org",
        "http://",
        "http://x:99999/",
        "http://a b/",
        "http://[::1/",
        "http://é..x/",
        "http://.x/",
        "http://a..b/",
        f"http://{'a' * 64}.example/",
    ],
)
def test_what_is_no_url_is_refused(url: str) -> None:
    """With the text and an example."""
    with pytest.raises(ConfigError, match=r"such as https://example\.org/wb"):
        Target.of(url)


def test_a_password_in_the_url_is_not_repeated() -> None:
    """It would stand in the shell's history and on the terminal."""
    with pytest.raises(ConfigError) as told:
        Target.of("https://ada:lovelace@example.org/")
    assert "lovelace" not in str(told.value)
    assert "--credentials-file" in str(told.value)


def test_authority_and_origin() -> None:
    """As browsers spell them: the scheme's own port is left out."""
    assert Target.of("https://example.org:8443/wb").origin == "https://example.org:8443"
    assert Target.of("http://[::1]:80").authority == "[::1]"


@pytest.mark.parametrize(
    ("host", "is_so"),
    [
        ("localhost", True),
        ("a.localhost", True),
        ("127.8.9.1", True),
        ("[::1]", True),
        ("example.org", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback(host: str, is_so: bool) -> None:
    """Names that always mean the machine that asks."""
    assert Target.of(f"http://{host}/").is_loopback is is_so


def test_origins_and_places() -> None:
    """What the flags take."""
    assert parse_origin("https://Draw.example.org:443/") == "https://draw.example.org"
    assert parse_place("10.0.0.1", 443) == ("10.0.0.1", 443)
    assert parse_place("[::1]:8080", 443) == ("::1", 8080)
    for text in ("https://x/path", "wss://x", "x"):
        with pytest.raises(ConfigError):
            parse_origin(text)
    for text in ("", "a/b", "a:x", "u@h", "a..b", "[::1"):
        with pytest.raises(ConfigError, match="--connect-to"):
            parse_place(text, 1)
