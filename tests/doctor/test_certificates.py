"""What is made of a certificate."""

import ssl
from pathlib import Path

import pytest
from doctor.answers import answer, refusal, way

from whiteboard.doctor.certificates import Sight, judge_no_tls, judge_plain, judge_tls, make_context
from whiteboard.doctor.exchange import Answer
from whiteboard.errors import ConfigError

DAY = 86_400
BEGINS = ssl.cert_time_to_seconds("Jan  1 00:00:00 2026 GMT")


def sight(ends: str, refusal_number: int | None = None) -> Sight:
    """A certificate from the first day of 2026 on."""
    certificate = {
        "notBefore": "Jan  1 00:00:00 2026 GMT",
        "notAfter": ends,
        "issuer": ((("organizationName", "An\x1bAuthority"),),),
        "subjectAltName": (("DNS", "draw.example.org"),),
    }
    return Sight(certificate, "TLSv1.3", True, refusal_number, "what OpenSSL says")


@pytest.mark.parametrize(
    ("ends", "day", "code"),
    [
        ("Apr  1 00:00:00 2026 GMT", 10, ""),
        ("Apr  1 00:00:00 2026 GMT", 80, "certificate_ends_soon"),
        ("Jan  7 00:00:00 2026 GMT", 2, ""),
        ("Jan  7 00:00:00 2026 GMT", 5, "certificate_ends_soon"),
    ],
)
def test_the_end_of_a_certificate(ends: str, day: int, code: str) -> None:
    """Two weeks before, or in the last third of a short life."""
    (found,) = judge_tls(way("https://draw.example.org"), sight(ends), BEGINS + day * DAY)
    assert found.code == code
    assert "for draw.example.org, by An\N{REPLACEMENT CHARACTER}Authority, until 2026-0" in found.seen


def test_a_refused_certificate_may_end_on_no_day() -> None:
    """OpenSSL shows a time that it cannot read with these words; the doctor goes on."""
    (found,) = judge_tls(way("https://draw.example.org"), sight("Bad time value", 14))
    assert found.code == "certificate_refused"
    assert found.seen.endswith(", until no day)")


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (9, "certificate_early"),
        (10, "certificate_expired"),
        (18, "certificate_self_signed"),
        (20, "certificate_unknown"),
        (21, "certificate_unknown"),
        (62, "certificate_name"),
        (64, "certificate_name"),
        (23, "certificate_refused"),
    ],
)
def test_a_refused_certificate_has_a_name(number: int, code: str) -> None:
    """By OpenSSL's number, whether it could be read or not."""
    there = way("https://draw.example.org")
    for seen in (sight("Apr  1 00:00:00 2026 GMT", number), Sight({}, refusal=number, reason="no")):
        (found,) = judge_tls(there, seen, BEGINS)
        assert found.code == code


@pytest.mark.parametrize(
    ("got", "code"),
    [
        (None, ""),
        (answer(301, location="https://draw.example.org/healthz"), ""),
        (answer(404), ""),
        (refusal(421, "foreign_host"), ""),
        (answer(200, {"alive": True}), "plain_too"),
        (answer(302, {"alive": True}, location="http://draw.example.org/"), "plain_too"),
    ],
)
def test_port_80_beside_tls(got: Answer | None, code: str) -> None:
    """A redirect, another site or nobody there is fine; the boards in the clear are not."""
    assert "".join(one.code for one in judge_plain(way("https://draw.example.org"), got)) == code


@pytest.mark.parametrize(
    ("url", "code"), [("http://localhost:8080", ""), ("http://draw.example.org", "no_tls")]
)
def test_a_place_without_tls(url: str, code: str) -> None:
    """Fine on the machine itself."""
    assert [one.code for one in judge_no_tls(way(url))] == [code]


def test_a_file_of_authorities_that_cannot_be_used(tmp_path: Path) -> None:
    """Missing, or no certificate: named."""
    (tmp_path / "text.pem").write_text("hello")
    for name in ("missing.pem", "text.pem"):
        with pytest.raises(ConfigError, match=f"--ca-file .*{name}: "):
            make_context(tmp_path / name)
