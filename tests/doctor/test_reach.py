"""What `/healthz` and silence mean."""

from dataclasses import replace

import pytest
from doctor.answers import answer, refusal, way

from whiteboard import __version__
from whiteboard.doctor import reach
from whiteboard.doctor.exchange import Answer
from whiteboard.doctor.findings import Mark
from whiteboard.doctor.line import NoAddress, NoConnection, TlsFailed
from whiteboard.errors import ConnectionLost


def test_whiteboard_is_there() -> None:
    """Its own answer, and how long that took."""
    reached = reach.judge_health(way(), answer(200, {"alive": True}))
    (found,) = reached.findings
    assert reached.is_there
    assert (found.mark, found.seen) == (Mark.GOOD, "http://draw.example.org/wb/ answers in 200 ms")


@pytest.mark.parametrize(
    ("got", "code"),
    [
        (refusal(421, "foreign_host"), "foreign_host"),
        (refusal(404, "not_found"), "unknown_path"),
        (refusal(503, "unavailable"), "server_busy"),
        (answer(400, b"<center>The plain HTTP request was sent to HTTPS port</center>"), "wrong_scheme"),
        (answer(301, location="https://other.example.org/"), "sent_elsewhere"),
        (answer(401), "asks_who"),
        (answer(403), "locked_out"),
        (answer(502), "no_server_behind"),
        (answer(504), "no_server_behind"),
        (answer(500), "proxy_fails"),
        (answer(404), "not_whiteboard"),
        (answer(200, b"<html>"), "not_whiteboard"),
        (answer(200, ["alive"]), "not_whiteboard"),
        (answer(200, {"alive": 1}), "not_whiteboard"),
    ],
)
def test_another_answer_has_a_name(got: Answer, code: str) -> None:
    """By what whiteboard says itself, else by the status."""
    reached = reach.judge_health(way(), got)
    assert ([one.code for one in reached.findings], reached.is_there) == ([code], False)


def test_an_unknown_address_at_the_root_is_another_site() -> None:
    """There is no base path that could be missing."""
    (found,) = reach.judge_health(way("http://x/"), refusal(404, "not_found")).findings
    assert found.code == "not_whiteboard"


@pytest.mark.parametrize(
    ("error", "speaks_tls", "code"),
    [
        (NoAddress("x has no address"), False, "no_name"),
        (NoConnection("refused"), False, "no_connection"),
        (ConnectionLost("closed"), True, "wrong_scheme"),
        (ConnectionLost("closed"), False, "no_http"),
        (TlsFailed(OSError("[SSL: WRONG_VERSION_NUMBER] wrong version number")), False, "wrong_scheme"),
        (TlsFailed(OSError("handshake failure")), False, "tls_failed"),
    ],
)
def test_silence_has_a_name(error: ConnectionLost, speaks_tls: bool, code: str) -> None:
    """By how far it went."""
    assert reach.judge_silence(way(), error, speaks_tls=speaks_tls).code == code


@pytest.mark.parametrize(
    ("location", "led"),
    [
        ("https://draw.example.org/wb/healthz", "https://draw.example.org/wb/"),
        ("https://draw.example.org:8443/wb/healthz", "https://draw.example.org:8443/wb/"),
        ("https://draw.example.org/healthz", None),
        ("https://other.example.org/wb/healthz", None),
        ("/wb/login", None),
        ("https://[", None),
        ("", None),
    ],
)
def test_a_redirect_to_tls_is_followed(location: str, led: str | None) -> None:
    """And no other: the same name, the same path."""
    followed = reach.follow(way(), answer(301, location=location))
    assert (followed and followed.target.url) == led


def test_an_address_to_connect_to_goes_along() -> None:
    """With the other port, where it had that of the URL."""
    moved = answer(301, location="https://draw.example.org/wb/healthz")
    for place, led in ((("10.0.0.1", 80), ("10.0.0.1", 443)), (("10.0.0.1", 81), ("10.0.0.1", 81))):
        followed = reach.follow(replace(way(), connect_to=place), moved)
        assert followed is not None
        assert followed.place == led


def test_nothing_is_followed_from_tls_or_from_an_answer() -> None:
    """Once is enough."""
    location = "https://draw.example.org/wb/healthz"
    assert reach.follow(way("https://draw.example.org/wb"), answer(301, location=location)) is None
    assert reach.follow(way(), replace(answer(200, location=location))) is None


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        ({"alive": True, "version": __version__}, "", "here and there"),
        ({"alive": True, "version": "99.0"}, "other_version", "version 99.0"),
        ({"alive": True}, "other_version", "does not tell its number"),
        ({"alive": True, "version": ["\x1b"]}, "other_version", "version ["),
    ],
)
def test_versions(body: object, code: str, told: str) -> None:
    """Another one is a warning, whatever it says."""
    (found,) = reach.judge_version(answer(200, body))
    assert found.code == code
    assert told in found.seen
