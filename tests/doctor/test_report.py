"""The report for people and for programs."""

import json

from whiteboard import __version__
from whiteboard.doctor import report, troubles
from whiteboard.doctor.findings import good, skipped
from whiteboard.doctor.target import Target

TARGET = Target.of("https://draw.example.org/wb")


def test_the_heading_says_how_long_it_takes() -> None:
    """Nothing moves for a while at the end."""
    first = f"whiteboard doctor {__version__} at https://draw.example.org/wb/\n"
    wait = "The last check listens to an idle socket for about"
    assert report.heading(TARGET, None) == f"{first}{wait} 12 s.\n"
    assert report.heading(TARGET, 90.0) == f"{first}{wait} 90 s.\n"
    assert report.heading(TARGET, 0.0) == first


def test_a_good_finding_is_one_line() -> None:
    """Mark, check, what was seen."""
    assert report.finding_text(good("tls", "TLS 1.3")) == "ok    tls       TLS 1.3"


def test_a_trouble_says_what_to_change() -> None:
    """Below its line, configuration as it is to be written."""
    lines = report.finding_text(troubles.UPGRADE_NOT_PASSED.found("seen")).splitlines()
    assert lines[0] == "BAD   upgrade   seen"
    assert lines[1].strip().startswith("why: Pages load and stay offline")
    assert lines[2].strip() == "change: In nginx, in the location of the boards:"
    assert "                    proxy_set_header Upgrade $http_upgrade;" in lines
    assert lines[-1].strip().startswith("Apache:")
    assert all(len(line) <= 110 for line in lines)


def test_the_summary_counts() -> None:
    """And says why there is no more, when there is no more."""
    warning = troubles.IN_MEMORY.found("x")
    assert report.summary([good("tls", "x")]) == "\nnothing bad"
    assert report.summary([warning, skipped("idle", "x")]) == "\nnothing bad, 1 to look at, 1 not looked at"
    early = report.summary([troubles.NO_NAME.found("x")])
    assert early == "\n1 bad; the rest can be looked at once this is mended"


def test_json_has_everything() -> None:
    """The same fields for every finding."""
    told = json.loads(report.as_json(TARGET, [good("tls", "x"), troubles.NO_PONG.found("y")]))
    assert (told["url"], told["version"], told["good"]) == (TARGET.url, __version__, False)
    assert told["findings"][0] == {
        "check": "tls",
        "mark": "good",
        "code": "",
        "seen": "x",
        "why": "",
        "change": "",
    }
    assert (told["findings"][1]["code"], told["findings"][1]["mark"]) == ("no_pong", "bad")
