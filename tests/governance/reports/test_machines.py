"""The reports for programs and code hosts."""

import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no annotations
import pytest
from governance_samples import NO_SLEEP, SLEEPY, outcome_of, rule_of

from whiteboard.governance.comparison import compare
from whiteboard.governance.reports import github, json_report, sarif, summary

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
LOCATION = {
    "type": "object",
    "additionalProperties": False,
    "required": ["physicalLocation"],
    "properties": {
        "message": TEXT,
        "physicalLocation": {
            "type": "object",
            "additionalProperties": False,
            "required": ["artifactLocation", "region"],
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["uri"],
                    "properties": {
                        "uri": {"type": "string", "format": "uri-reference"},
                        "uriBaseId": {"type": "string"},
                    },
                },
                "region": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["startLine"],
                    "properties": {
                        "startLine": {"type": "integer", "minimum": 1},
                        "startColumn": {"type": "integer", "minimum": 1},
                        "snippet": TEXT,
                    },
                },
            },
        },
        "logicalLocations": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"fullyQualifiedName": {"type": "string"}, "kind": {"type": "string"}},
            },
        },
    },
}
RULE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id"],
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "shortDescription": TEXT,
        "fullDescription": TEXT,
        "help": TEXT,
        "defaultConfiguration": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"level": {"enum": ["none", "note", "warning", "error"]}},
        },
        "properties": {"type": "object"},
    },
}
THREAD_FLOW = {
    "type": "object",
    "additionalProperties": False,
    "required": ["locations"],
    "properties": {
        "locations": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"location": LOCATION, "nestingLevel": {"type": "integer", "minimum": 0}},
            },
        }
    },
}
RESULT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["message"],
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": TEXT,
        "locations": {"type": "array", "items": LOCATION},
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
        "baselineState": {"enum": ["new", "unchanged", "updated", "absent"]},
        "suppressions": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["kind"],
                "properties": {
                    "kind": {"enum": ["inSource", "external"]},
                    "justification": {"type": "string"},
                },
            },
        },
        "codeFlows": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["threadFlows"],
                "properties": {
                    "message": TEXT,
                    "threadFlows": {"type": "array", "minItems": 1, "items": THREAD_FLOW},
                },
            },
        },
    },
}
SARIF = {
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"enum": ["2.1.0"]},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["tool"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "additionalProperties": False,
                                "required": ["name"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "rules": {"type": "array", "uniqueItems": True, "items": RULE},
                                },
                            }
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {"type": "array", "items": RESULT},
                    "properties": {"type": "object"},
                },
            },
        },
    },
}
"""What SARIF 2.1.0 asks of the parts that the report uses, written down from the standard; closed to all others."""


def log_of(code: str = SLEEPY, text: str = NO_SLEEP) -> dict[str, Any]:
    """A SARIF log, validated."""
    log: dict[str, Any] = json.loads(sarif.render(outcome_of(code, rule_of(text))))
    jsonschema.Draft7Validator(SARIF).validate(log)
    return log


def test_sarif_has_a_code_flow_with_a_location_for_each_hop() -> None:
    """Lines and columns count from 1; the result stands at the last hop."""
    (result,) = log_of()["runs"][0]["results"]
    (flow,) = result["codeFlows"][0]["threadFlows"]
    lines = [one["location"]["physicalLocation"]["region"]["startLine"] for one in flow["locations"]]
    assert lines == [4, 8, 10]
    assert result["locations"][0]["physicalLocation"]["region"]["startColumn"] == 5
    assert result["ruleIndex"] == 0
    assert "Instead: wait in a thread" in result["message"]["text"]


def test_sarif_says_what_is_waived_and_why() -> None:
    """As suppressed, with the reason."""
    log = log_of(text=NO_SLEEP + "waivers: [{path: '*', reason: old, until: 2027-01-01}]")
    assert log["runs"][0]["results"][0]["suppressions"][0]["justification"] == "old (until 2027-01-01)"


@pytest.mark.no_cover
def test_sarif_stops_at_what_code_hosts_show() -> None:
    """The rest is counted."""
    calls = "\n".join(f"def f{number}():\n    time.sleep(1)" for number in range(sarif.MAX_RESULTS + 3))
    rule = "kind: pattern\nforbid: ['time.sleep(1)']"
    run = log_of(f"# file: pkg/a.py\nimport time\n{calls}\n", rule)["runs"][0]
    assert len(run["results"]) == sarif.MAX_RESULTS
    assert run["properties"]["resultsLeftOut"] == 3


def test_json_has_every_finding_with_chain_and_fingerprint() -> None:
    """And how much was seen."""
    report = json.loads(json_report.render(outcome_of(SLEEPY, rule_of(NO_SLEEP))))
    (rule,) = report["rules"]
    assert rule["holds"] is report["holds"] is False
    assert [hop["function"] for hop in rule["findings"][0]["chain"]] == [
        "pkg.edit.edit",
        "pkg.store.save",
        "pkg.store.write",
    ]
    assert len(rule["findings"][0]["fingerprint"]) == 16
    assert rule["sight"] == {"functions": 3, "calls": 3, "unresolved": []}


def many(count: int) -> str:
    """A package with so many findings."""
    calls = "\n".join(f"def f{number}():\n    time.sleep(1)" for number in range(count))
    return f"# file: pkg/a.py\nimport time\n{calls}\n"


EACH = rule_of("kind: pattern\nforbid: ['time.sleep(1)']", id="T:1,a", instead="50 % less,\nalways")


def test_annotations_are_escaped() -> None:
    """Percent signs and line breaks in messages, colons and commas in properties too."""
    (line,) = github.render(outcome_of(many(1), EACH)).splitlines()
    assert line.startswith("::error file=pkg/a.py,line=4,col=5,title=T%3A1%2Ca::pkg.a.f0 has time.sleep(1)")
    assert "%0AInstead: 50 %25 less, always%0A" in line


def test_ten_annotations_are_shown_those_of_the_change_first_and_the_rest_is_counted() -> None:
    """The platform would hide the others without a word."""
    head = outcome_of(many(30), EACH)
    changed = {"pkg/a.py": {head.findings[25].chain[-1].site.line}}
    lines = github.render(head, compare(outcome_of(many(20), EACH), head, changed)).splitlines()
    assert len(lines) == github.MAX_ANNOTATIONS
    assert "pkg.a.f25 has" in lines[0]
    assert "pkg.a.f20 has" in lines[1]
    assert lines[-1] == (
        "::notice title=whiteboard check::and 21 further findings, in the log and the job summary"
    )


def test_ten_findings_need_no_count() -> None:
    """All of them are shown."""
    assert len(github.render(outcome_of(many(10), EACH)).splitlines()) == 10


def test_the_summary_is_a_table_with_the_findings_below() -> None:
    """Names are no Markdown."""
    told = summary.render(outcome_of(SLEEPY, rule_of(NO_SLEEP, title="a | <b>")))
    assert "| T-1 | a \\| \\<b\\> | **breaks** (1) |  | 100.0% of 3 |" in told
    assert "1. `pkg/store.py:10` pkg.store.write: calls time.sleep" in told


def test_a_change_is_told_to_programs_too() -> None:
    """In JSON by fingerprints, in SARIF as the state against the baseline, in the summary as counts."""
    base, head = outcome_of(many(2), EACH), outcome_of(many(3), EACH)
    comparison = compare(base, head, {})
    change = json.loads(json_report.render(head, comparison))["change"]
    assert {state: len(found) for state, found in change.items()} == {
        "new": 1,
        "moved": 0,
        "known": 2,
        "fixed": 0,
    }
    states = [
        one["baselineState"] for one in json.loads(sarif.render(head, comparison))["runs"][0]["results"]
    ]
    assert sorted(states) == ["new", "unchanged", "unchanged"]
    assert "This change: 1 new, 0 fixed, 0 moved." in summary.render(head, comparison)
    assert (
        json.loads(json_report.render(base, compare(head, base, {})))["change"]["fixed"][0]["source"]
        == "pkg.a.f2"
    )
