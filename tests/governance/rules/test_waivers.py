"""Waivers hide what they name, until their day, and are a fault when they hide nothing."""

import datetime as dt

import pytest
from governance_samples import rule_of

from whiteboard.governance.graph.model import Site
from whiteboard.governance.rules.findings import Finding, Hop, numbered
from whiteboard.governance.rules.waivers import sort_out

TODAY = dt.date(2026, 11, 28)
SITE = Site("pkg/a.py", 3, 4, "time.sleep(1)")
FOUND = Finding("T-1", "pkg.a.f", "time.sleep in pkg.a.f", "m", (Hop("pkg.a.f", SITE),))


def waived(path: str, until: str = "2027-01-01", reason: str = "old") -> str:
    """A rule's text with one waiver."""
    return f"kind: pattern\nforbid: [x]\nwaivers: [{{path: '{path}', reason: '{reason}', until: {until}}}]"


@pytest.mark.parametrize(
    "path", ["pkg.a.f -> time.sleep in pkg.a.f", "pkg.* -> time.sleep*", "pkg.a.f", "* -> *"]
)
def test_a_waiver_names_a_source_and_a_sink_by_globs(path: str) -> None:
    """Without a sink, all of the source's."""
    result = sort_out(rule_of(waived(path)), [FOUND], TODAY)
    assert (result.standing, result.problems) == ((), ())
    assert result.waived[0][0] is FOUND


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (waived("* -> *", until="2026-11-27"), "ended on 2026-11-27"),
        (waived("pkg.b -> *"), "waives nothing any more"),
        (waived("* -> *", reason=" "), "gives no reason"),
    ],
)
def test_a_waiver_that_is_expired_unused_or_without_a_reason_is_a_fault(text: str, said: str) -> None:
    """And what it would have waived stands."""
    result = sort_out(rule_of(text), [FOUND], TODAY)
    assert result.standing == (FOUND,)
    assert said in result.problems[0]


def test_a_waiver_holds_on_its_last_day() -> None:
    """Until is inclusive."""
    assert not sort_out(rule_of(waived("*", until="2026-11-28")), [FOUND], TODAY).standing


def test_a_fingerprint_forgets_lines_and_nothing_else() -> None:
    """Moved lines keep it; another rule, source or sink has another."""
    moved = Finding("T-1", FOUND.source, FOUND.sink, "other", (Hop("pkg.a.f", Site("pkg/a.py", 99, 0, "")),))
    assert moved.fingerprint == FOUND.fingerprint
    others = [
        Finding("T-2", FOUND.source, FOUND.sink, "m", FOUND.chain),
        Finding("T-1", "pkg.a.g", FOUND.sink, "m", FOUND.chain),
        Finding("T-1", FOUND.source, "other", "m", FOUND.chain),
    ]
    assert len({one.fingerprint for one in [FOUND, *others]}) == 4


def test_alike_findings_of_one_function_are_told_apart() -> None:
    """The second gets a number, in the order of the text."""
    later = Finding("T-1", FOUND.source, FOUND.sink, "m", (Hop("pkg.a.f", Site("pkg/a.py", 9, 0, "")),))
    first, second = numbered([later, FOUND])
    assert (first, second.sink) == (FOUND, f"{FOUND.sink} #2")
