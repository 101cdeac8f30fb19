"""Findings that are put up with: each with a reason and an end, and none that waives nothing."""

import datetime as dt
from collections.abc import Sequence
from fnmatch import fnmatchcase

import attrs

from whiteboard.governance.rules.document import Rule, Waiver
from whiteboard.governance.rules.findings import Finding


@attrs.frozen
class Sorted:
    """The findings of a rule, held against its waivers."""

    standing: tuple[Finding, ...]
    waived: tuple[tuple[Finding, Waiver], ...]
    problems: tuple[str, ...]
    """Sentences about waivers that are expired, unused or without a reason."""


def sort_out(rule: Rule, findings: Sequence[Finding], today: dt.date) -> Sorted:
    """What stands, what is waived, and which waivers are themselves a fault. An expired one waives nothing."""
    valid = [waiver for waiver in rule.waivers if waiver.until >= today and waiver.reason.strip()]
    standing, waived = [], []
    for finding in findings:
        waiver = next((one for one in valid if covers(one, finding)), None)
        if waiver is None:
            standing.append(finding)
        else:
            waived.append((finding, waiver))
    used = {id(waiver) for _, waiver in waived}
    problems = [said for waiver in rule.waivers if (said := _fault(rule, waiver, today, id(waiver) in used))]
    return Sorted(tuple(standing), tuple(waived), tuple(problems))


def covers(waiver: Waiver, finding: Finding) -> bool:
    """Whether a waiver names this finding."""
    source, arrow, sink = waiver.path.partition(" -> ")
    return fnmatchcase(finding.source, source.strip()) and (
        not arrow or fnmatchcase(finding.sink, sink.strip())
    )


def _fault(rule: Rule, waiver: Waiver, today: dt.date, is_used: bool) -> str | None:
    named = f"{rule.path}: the waiver of {rule.id} for {waiver.path!r}"
    if not waiver.reason.strip():
        return f"{named} gives no reason"
    if waiver.until < today:
        return f"{named} ended on {waiver.until}: mend what it waives, or say anew why not and until when"
    if not is_used:
        return f"{named} waives nothing any more: remove it"
    return None
