"""The report for programs."""

import json
from typing import Any

from whiteboard.governance.checking import Outcome, RuleOutcome
from whiteboard.governance.comparison import Comparison
from whiteboard.governance.rules.findings import Finding

FORMAT_VERSION = 1
"""Goes up when a key changes its meaning or goes away."""


def render(outcome: Outcome, comparison: Comparison | None = None) -> str:
    """One JSON object; keys in a fixed order."""
    document: dict[str, Any] = {
        "version": FORMAT_VERSION,
        "holds": outcome.holds,
        "functions": outcome.functions,
        "edges": outcome.edges,
        "recall": outcome.recall,
        "rules": [_rule(rule) for rule in outcome.rules],
        "problems": list(outcome.problems),
    }
    if comparison is not None:
        document["change"] = _change(comparison)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: RuleOutcome) -> dict[str, Any]:
    return {
        "id": rule.rule.id,
        "title": rule.rule.title,
        "kind": rule.rule.kind,
        "holds": rule.holds,
        "findings": [finding_as_json(finding) for finding in rule.standing],
        "waived": [
            {**finding_as_json(finding), "until": waiver.until.isoformat(), "reason": waiver.reason}
            for finding, waiver in rule.waived
        ],
        "sight": {
            "functions": rule.sight.functions,
            "calls": rule.sight.calls,
            "unresolved": [
                {"path": one.site.path, "line": one.site.line, "caller": one.caller, "reason": one.reason}
                for one in rule.sight.unresolved
            ],
        },
    }


def finding_as_json(finding: Finding) -> dict[str, Any]:
    """One finding with its chain."""
    return {
        "rule": finding.rule,
        "fingerprint": finding.fingerprint,
        "severity": finding.severity,
        "source": finding.source,
        "sink": finding.sink,
        "message": finding.message,
        "chain": [
            {
                "function": hop.function,
                "path": hop.site.path,
                "line": hop.site.line,
                "column": hop.site.column + 1,
                "text": hop.site.text,
                "note": hop.note,
            }
            for hop in finding.chain
        ],
    }


def _change(comparison: Comparison) -> dict[str, Any]:
    states: dict[str, Any] = {"new": [], "moved": [], "known": []}
    for one in comparison.head:
        shown = {"path": one.hop.site.path, "line": one.hop.site.line, "is_touched": one.is_touched}
        states[one.state].append({"fingerprint": one.finding.fingerprint, "shown": shown})
    states["fixed"] = [finding_as_json(finding) for finding in comparison.fixed]
    return states
