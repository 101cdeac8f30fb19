"""The report for people: each finding with its chain, hop by hop, with the line."""

from collections.abc import Iterator
from typing import Final

from whiteboard.governance.checking import Outcome, RuleOutcome
from whiteboard.governance.comparison import Compared, Comparison
from whiteboard.governance.rules.findings import Finding, Hop

_COLOURS: Final = {
    "bad": "\x1b[31m",
    "warn": "\x1b[33m",
    "good": "\x1b[32m",
    "faint": "\x1b[2m",
    "strong": "\x1b[1m",
}
_PLAIN: Final = "\x1b[0m"
MAX_UNRESOLVED: Final = 5
"""Calls that could not be followed and are shown for each rule, unless all are asked for."""


class Pen:
    """Writes words in colour, or plainly."""

    def __init__(self, is_coloured: bool) -> None:
        self._is_coloured = is_coloured

    def __call__(self, colour: str, text: str) -> str:
        return f"{_COLOURS[colour]}{text}{_PLAIN}" if self._is_coloured else text


def render(outcome: Outcome, *, is_coloured: bool = False, is_full: bool = False) -> str:
    """The whole report. `is_full` lists every call that could not be followed."""
    pen = Pen(is_coloured)
    lines = [
        *(line for rule in outcome.rules for line in _findings(rule, pen)),
        *(pen("bad", problem) for problem in outcome.problems),
        *([""] if outcome.problems else []),
        *_table(outcome, pen),
        *(_unresolved(outcome) if is_full else ()),
        _sum(outcome, pen),
    ]
    return "\n".join(lines) + "\n"


def render_comparison(comparison: Comparison, *, is_coloured: bool = False) -> str:
    """What a change does to the rules."""
    pen = Pen(is_coloured)
    lines: list[str] = []
    for one in comparison.of("new"):
        lines += [
            f"{pen('bad', 'new')} {line}" if place == 0 else line
            for place, line in enumerate(_compared(one, pen))
        ]
        lines.append("")
    for one in comparison.of("moved"):
        lines.append(f"moved {one.finding.rule} {_place(one.hop)} {one.finding.message}")
    for finding in comparison.fixed:
        lines.append(f"{pen('good', 'fixed')} {finding.rule} {finding.message}")
    lines.append(
        f"{len(comparison.of('new'))} new, {len(comparison.fixed)} fixed, "
        f"{len(comparison.of('moved'))} moved, {len(comparison.of('known'))} as before"
    )
    return "\n".join(lines) + "\n"


def _compared(one: Compared, pen: Pen) -> Iterator[str]:
    where = "on a line of this change" if one.is_touched else "whose lines this change does not touch"
    yield f"{one.finding.rule} {_place(one.hop)} {where}: {one.finding.message}"
    yield from _chain(one.finding, pen, one.hop)


def _findings(rule: RuleOutcome, pen: Pen) -> Iterator[str]:
    if not rule.standing:
        return
    yield pen("strong", f"{rule.rule.id}  {rule.rule.title}")
    for finding in rule.standing:
        colour = "bad" if finding.severity == "error" else "warn"
        yield f"  {pen(colour, finding.severity)} {finding.message}"
        yield from _chain(finding, pen)
        yield f"    {pen('faint', 'waive as')} {finding.path}"
    yield f"  {pen('faint', 'why')}      {_flat(rule.rule.rationale)}"
    if rule.rule.instead:
        yield f"  {pen('faint', 'instead')}  {_flat(rule.rule.instead)}"
    yield ""


def _chain(finding: Finding, pen: Pen, shown: Hop | None = None) -> Iterator[str]:
    places = [_place(hop) for hop in finding.chain]
    width = max(map(len, places))
    for place, hop in zip(places, finding.chain, strict=True):
        mark = ">" if hop is shown else " "
        yield f"   {mark}{place:<{width}}  {hop.function}: {hop.note}"
        yield f"    {'':<{width}}  {pen('faint', hop.site.text)}"


def _place(hop: Hop) -> str:
    return f"{hop.site.path}:{hop.site.line}"


def _table(outcome: Outcome, pen: Pen) -> Iterator[str]:
    names = max((len(rule.rule.id) for rule in outcome.rules), default=0)
    titles = max((len(rule.rule.title) for rule in outcome.rules), default=0)
    for rule in outcome.rules:
        verdict = pen("good", "holds") if rule.holds else pen("bad", "BREAKS")
        waived = f", {len(rule.waived)} waived" if rule.waived else ""
        warned = sum(finding.severity != "error" for finding in rule.standing)
        warnings = f", {warned} warnings" if warned else ""
        yield f"{rule.rule.id:<{names}}  {rule.rule.title:<{titles}}  {verdict}{waived}{warnings}  {sight(rule)}"


def sight(rule: RuleOutcome) -> str:
    """How much of a rule's cone was seen, in words."""
    seen = rule.sight
    if not seen.functions:
        return "reads no calls"
    return f"saw {seen.resolved} of {seen.calls} calls ({seen.share:.1%}) in {seen.functions} functions"


def _unresolved(outcome: Outcome) -> Iterator[str]:
    known = {one.site: one for rule in outcome.rules for one in rule.sight.unresolved}
    for site, one in sorted(known.items()):
        yield f"blind {site.path}:{site.line} {one.reason}: {site.text}"


def _sum(outcome: Outcome, pen: Pen) -> str:
    errors = sum(finding.severity == "error" for finding in outcome.findings)
    warnings = len(outcome.findings) - errors
    waived = sum(len(rule.waived) for rule in outcome.rules)
    said = (
        f"{len(outcome.rules)} rules, {errors} errors, {warnings} warnings, {waived} waived, "
        f"{len(outcome.problems)} faults of waivers and examples; "
        f"{outcome.functions} functions, {outcome.edges} edges, {outcome.seconds:.1f} s"
    )
    if outcome.recall is not None:
        said += f"; {outcome.recall:.1%} of the calls that were recorded stand in the source"
    return pen("good" if outcome.holds else "bad", said)


def _flat(text: str) -> str:
    return " ".join(text.split())
