"""What the page says of where it is, and how its files come."""

import pytest
from doctor.answers import answer, way

from whiteboard.doctor import page
from whiteboard.doctor.exchange import Answer

SCRIPT = {"content_type": "text/javascript", "cache_control": "public, max-age=31536000, immutable"}


@pytest.mark.parametrize(
    ("got", "base"),
    [
        (answer(200, b'<base href="/">'), ""),
        (answer(200, b'<html>\n<base href="/wb/">'), "/wb"),
        (answer(200, b'<base href="/a&amp;b/">'), "/a&b"),
        (answer(404, b'<base href="/wb/">'), None),
        (answer(200, b"hello"), None),
        (answer(200, b'<base href="' + b"x" * 600 + b'/">'), None),
    ],
)
def test_the_base_of_a_page(got: Answer, base: str | None) -> None:
    """From its first lines; None for what is no page of whiteboard's."""
    assert page.base_of(got) == base


@pytest.mark.parametrize(
    ("url", "said", "shows_it", "code", "advice"),
    [
        ("http://x/wb", "", True, "base_path", "--base-path /wb"),
        ("http://x/wb", "/other", False, "base_path", "--base-path /wb"),
        ("http://x/wb", "/other", True, "page_elsewhere", "http://x/other/"),
        ("http://x/", "/wb", True, "page_elsewhere", "http://x/wb/"),
        ("http://x/", "/wb", False, "base_path_hidden", "location /wb/ { … }"),
    ],
)
def test_a_page_that_takes_itself_to_be_elsewhere(
    url: str, said: str, shows_it: bool, code: str, advice: str
) -> None:
    """Bad where its files are out of reach; a place that is published too is a detour."""
    found = page.judge_base(way(url), said, shows_it=shows_it)
    assert found.code == code
    assert advice in found.change


@pytest.mark.parametrize(
    ("url", "headers", "code"),
    [
        ("https://draw.example.org", {}, "forwarded_proto"),
        ("https://draw.example.org", {"cross_origin_opener_policy": "same-origin"}, ""),
        ("https://localhost", {}, ""),
        ("http://draw.example.org", {}, ""),
    ],
)
def test_a_server_that_does_not_know_of_tls(url: str, headers: dict[str, str], code: str) -> None:
    """It shows where the header makes a difference only."""
    assert "".join(one.code for one in page.judge_forwarding(way(url), answer(200, **headers))) == code


@pytest.mark.parametrize(
    ("got", "code"),
    [
        (answer(200, **SCRIPT), ""),
        (answer(200, **SCRIPT, content_encoding="gzip"), ""),
        (answer(404, **SCRIPT), "no_assets"),
        (answer(200, content_type="text/html", cache_control="immutable"), "no_assets"),
        (answer(200, content_type="text/javascript", cache_control="no-store"), "cache_lost"),
        (answer(200, content_type="text/javascript"), "cache_lost"),
    ],
)
def test_a_file_of_the_page(got: Answer, code: str) -> None:
    """There, a script, and kept."""
    found = page.judge_asset(way(), "/wb/static/1/js/early.js", got)
    assert found.code == code
    assert ("packed (gzip)" in found.seen) == ("content-encoding" in dict(got.headers))
