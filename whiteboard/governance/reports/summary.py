"""The summary of a job, in Markdown: a table of the rules, then what was found."""

from collections.abc import Iterator

from whiteboard.governance.checking import Outcome, RuleOutcome
from whiteboard.governance.comparison import Comparison
from whiteboard.governance.rules.findings import Finding


def render(outcome: Outcome, comparison: Comparison | None = None) -> str:
    """A section that a job appends to its summary."""
    lines = ["## Rules along the call graph", "", *_table(outcome), *_change(comparison)]
    for rule in outcome.rules:
        for finding in rule.standing:
            lines += ["", *_finding(rule, finding)]
    if outcome.problems:
        lines += ["", *(f"- {escaped(problem)}" for problem in outcome.problems)]
    return "\n".join(lines) + "\n"


def _table(outcome: Outcome) -> Iterator[str]:
    yield "| rule | says | state | waived | calls seen |"
    yield "| --- | --- | --- | --- | --- |"
    for rule in outcome.rules:
        state = "holds" if rule.holds else f"**breaks** ({len(rule.standing)})"
        seen = f"{rule.sight.share:.1%} of {rule.sight.calls}" if rule.sight.functions else ""
        yield f"| {rule.rule.id} | {escaped(rule.rule.title)} | {state} | {len(rule.waived) or ''} | {seen} |"


def _change(comparison: Comparison | None) -> Iterator[str]:
    if comparison is None:
        return
    yield ""
    yield (
        f"This change: {len(comparison.of('new'))} new, {len(comparison.fixed)} fixed, "
        f"{len(comparison.of('moved'))} moved."
    )


def _finding(rule: RuleOutcome, finding: Finding) -> Iterator[str]:
    yield f"### {rule.rule.id}: {escaped(finding.message)}"
    yield ""
    for hop in finding.chain:
        yield f"1. `{hop.site.path}:{hop.site.line}` {escaped(hop.function)}: {escaped(hop.note)}"
    if finding.instead:
        yield ""
        yield f"Instead: {escaped(' '.join(finding.instead.split()))}"


def escaped(text: str) -> str:
    """A text in which Markdown and HTML see only text."""
    for sign in "\\`*_|<>[]":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", " ")
