"""SARIF 2.1.0, with a code flow for each chain, for code hosts and editors."""

import json
import string
from typing import Any, Final

from whiteboard.governance.checking import Outcome
from whiteboard.governance.comparison import Comparison
from whiteboard.governance.rules.document import Rule
from whiteboard.governance.rules.findings import Finding, Hop

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
MAX_RESULTS: Final = 5000
"""What a code host shows of one run; further results are counted in the run's properties."""
MAX_LOCATIONS: Final = 1000
"""Locations of one thread flow that a code host shows."""

_PLAIN: Final = frozenset(string.ascii_letters + string.digits + "-._~/")
_LEVELS: Final = {"error": "error", "warning": "warning"}


def render(outcome: Outcome, comparison: Comparison | None = None) -> str:
    """One log with one run. Waived findings are there as suppressed, with the waiver's reason."""
    rules = [rule.rule for rule in outcome.rules]
    states = {one.finding.fingerprint: one for one in comparison.head} if comparison is not None else {}
    results = []
    for place, rule in enumerate(outcome.rules):
        for finding in rule.standing:
            known = states.get(finding.fingerprint)
            result = _result(finding, place, known.hop if known is not None else finding.chain[-1])
            if known is not None:
                result["baselineState"] = "new" if known.state == "new" else "unchanged"
            results.append(result)
        for finding, waiver in rule.waived:
            suppression = {"kind": "external", "justification": f"{waiver.reason} (until {waiver.until})"}
            results.append({**_result(finding, place, finding.chain[-1]), "suppressions": [suppression]})
    run = {
        "tool": {"driver": {"name": "whiteboard check", "rules": [_rule(rule) for rule in rules]}},
        "columnKind": "unicodeCodePoints",
        "results": results[:MAX_RESULTS],
        "properties": {"resultsLeftOut": max(0, len(results) - MAX_RESULTS)},
    }
    return (
        json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)
        + "\n"
    )


def _rule(rule: Rule) -> dict[str, Any]:
    help_text = " ".join(rule.rationale.split())
    if rule.instead:
        help_text += f" Instead: {' '.join(rule.instead.split())}"
    return {
        "id": rule.id,
        "name": rule.title,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": " ".join(rule.rationale.split())},
        "help": {"text": help_text},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"kind": rule.kind, "owner": rule.owner},
    }


def _result(finding: Finding, rule_index: int, shown: Hop) -> dict[str, Any]:
    said = finding.message + (f" Instead: {' '.join(finding.instead.split())}" if finding.instead else "")
    hops = finding.chain[:MAX_LOCATIONS]
    return {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": _LEVELS[finding.severity],
        "message": {"text": said},
        "locations": [_location(shown)],
        "partialFingerprints": {"ruleSourceSink/v1": finding.fingerprint},
        "codeFlows": [
            {
                "message": {"text": finding.path},
                "threadFlows": [
                    {
                        "locations": [
                            {"location": _location(hop, hop.note), "nestingLevel": depth}
                            for depth, hop in enumerate(hops)
                        ]
                    }
                ],
            }
        ],
    }


def _uri(path: str) -> str:
    """A relative path as a URI reference (RFC 3986 section 2)."""
    return "".join(chr(byte) if chr(byte) in _PLAIN else f"%{byte:02X}" for byte in path.encode())


def _location(hop: Hop, said: str = "") -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(hop.site.path), "uriBaseId": "%SRCROOT%"},
            "region": {
                "startLine": hop.site.line,
                "startColumn": hop.site.column + 1,
                "snippet": {"text": hop.site.text},
            },
        },
        "logicalLocations": [{"fullyQualifiedName": hop.function, "kind": "function"}],
    }
    if said:
        location["message"] = {"text": said}
    return location
