"""Too tight, too lax."""

import json

import pytest

from whiteboard import deadlines
from whiteboard.governance.timeouts.margins import NoDump, Verdict, read_dump
from whiteboard.registry import Timeout


def dump(*blocks: tuple[float, int]) -> str:
    """A report with one entry, of blocks that took such a share so many times."""
    usage = deadlines.Usage()
    for share, times in blocks:
        for _ in range(times):
            usage.note(share)
    entry = {"seconds": 10.0, "uses": usage.uses, "hits": usage.hits, "used": usage.shares}
    whole = {"timeout_config_version": "abc", "shares": deadlines.SHARES, "timeouts": {"a": entry}}
    return json.dumps(whole)


@pytest.mark.parametrize(
    ("blocks", "verdict"),
    [
        ([(0.5, 1000)], Verdict.FITS),
        ([(0.01, 999), (0.9, 1)], Verdict.LAX),
        ([(0.01, 998), (0.9, 2)], Verdict.TIGHT),
        ([(0.04, 1000)], Verdict.LAX),
        ([(0.06, 1000)], Verdict.FITS),
        ([(0.79, 1000)], Verdict.FITS),
        ([(0.81, 1000)], Verdict.TIGHT),
        ([(0.1, 998), (1.0, 2)], Verdict.TIGHT),
        ([(0.1, 50)], Verdict.UNKNOWN),
        ([(0.1, 5), (1.0, 1)], Verdict.TIGHT),
    ],
)
def test_verdicts(blocks: list[tuple[float, int]], verdict: Verdict) -> None:
    """By p99.9 of the share; over 80 % is too tight, under 5 % too lax, and a few uses say nothing but that it ran out."""
    version, (margin,) = read_dump(dump(*blocks))
    assert (version, margin.name, margin.verdict) == ("abc", "a", verdict)


def test_who_was_not_used_has_no_margin() -> None:
    """A dump of a real server has every entry."""
    assert read_dump(dump())[1] == []
    version, _ = read_dump(json.dumps(deadlines.report()))
    assert version == deadlines.version()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"shares": [], "timeouts": {"a": {}}}'])
def test_what_is_no_dump(text: str) -> None:
    """Said with what would be one."""
    with pytest.raises(NoDump, match="expected what /debug/timeouts answers"):
        read_dump(text)


def test_a_real_block() -> None:
    """What the wrapper counts is what margins read."""
    deadlines.usage_of(Timeout("a", 1.0, "")).note(0.3)
    assert deadlines.usage_of(Timeout("a", 1.0, "")).shares[5] == 1
