"""Which server `top` looks at."""

from pathlib import Path

import pytest

from whiteboard.errors import ConfigError
from whiteboard.top.place import Place


@pytest.mark.parametrize(
    ("url", "authority", "base"),
    [
        ("http://localhost:8080", "localhost:8080", ""),
        ("http://localhost:8080/debug/", "localhost:8080", ""),
        ("https://draw.example.org/wb/", "draw.example.org", "/wb"),
        ("http://[::1]:81/", "[::1]:81", ""),
        ("http://127.0.0.1/", "127.0.0.1", ""),
    ],
)
def test_a_url_says_where(url: str, authority: str, base: str) -> None:
    """Its page, with or without the base path, or the operator's page."""
    place = Place.of(url)
    assert (place.authority, place.base) == (authority, base)
    assert place.url == f"{url.partition(':')[0]}://{authority}{base}/"


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://x/", "http://", "http://x:99999/", "http://[::1/"])
def test_what_is_no_url_is_told(url: str) -> None:
    """With what was expected."""
    with pytest.raises(ConfigError, match="is not the URL of a whiteboard"):
        Place.of(url)


def test_a_password_in_the_url_is_not_told_on(tmp_path: Path) -> None:
    """It says where the token belongs."""
    with pytest.raises(ConfigError, match="token-file") as fault:
        Place.of("http://me:secret@localhost/")
    assert "secret" not in str(fault.value)


def test_a_token_goes_where_nobody_reads_along(tmp_path: Path) -> None:
    """Over TLS, or on this machine; it shows in no representation."""
    file = tmp_path / "token"
    file.write_text("correct-horse-battery\n")
    for url in ("https://draw.example.org/", "http://127.0.0.1:8080/", "http://localhost/"):
        place = Place.of(url, file)
        assert place.token == "correct-horse-battery"
        assert "horse" not in repr(place)
    with pytest.raises(ConfigError, match="in the clear"):
        Place.of("http://10.0.0.7:8080/", file)


def test_files_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    """Before anybody is asked."""
    (tmp_path / "two").write_text("one\ntwo")
    (tmp_path / "none").write_text("no certificate")
    for name, reason in (("absent", "cannot read"), ("two", "one line")):
        with pytest.raises(ConfigError, match=reason):
            Place.of("http://localhost/", tmp_path / name)
    for name in ("absent", "none"):
        with pytest.raises(ConfigError, match="cannot use"):
            Place.of("https://localhost/", ca_file=tmp_path / name)
