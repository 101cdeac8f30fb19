"""Rules are read strictly, and every fault is told with its path."""

import datetime as dt
from pathlib import Path

import pytest
from governance_samples import rule_of

from whiteboard.governance.records import MAX_DOCUMENT_BYTES, Unusable
from whiteboard.governance.rules.document import load, load_folder
from whiteboard.governance.rules.kinds import SPECS
from whiteboard.governance.rules.scope import Scope

REACH = "kind: reach\nfrom: {functions: ['pkg.*'], except: ['pkg.cli'], async: true}\nforbid: [time.sleep]\n"
HEAD = "id: A-1\ntitle: t\nrationale: r\nowner: o\n"


def test_a_document_becomes_a_rule_with_the_keys_of_its_kind() -> None:
    """Scopes, waivers and lists arrive as values."""
    rule = rule_of(
        REACH + "stop_at: {edges: [thread]}\nwaivers: [{path: a -> b, reason: old, until: 2027-01-31}]"
    )
    assert rule.spec.from_ == Scope(("pkg.*",), ("pkg.cli",), True)
    assert rule.spec.forbid == ("time.sleep",)
    assert rule.spec.stop_at.edges[0].value == "thread"
    assert rule.waivers[0].until == dt.date(2027, 1, 31)
    assert rule.severity == "error"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: raech", "rule.yaml: kind: no rule kind 'raech'; did you mean 'reach'?"),
        (REACH + "forbits: [x]", "rule.yaml: forbits: unknown key; did you mean 'forbid'?"),
        (REACH + "stop_at: [thread]", "rule.yaml: stop_at: must be keys with values, not ['thread']"),
        (
            "kind: reach\nforbid: [x]\nfrom: {functions: [x], excpet: [y]}",
            "rule.yaml: from.excpet: unknown key; did you mean 'except'?",
        ),
        (
            REACH + "waivers: [{path: a, reason: b, until: 2027-01-01, untill: 1}]",
            "rule.yaml: waivers[0].untill: unknown key; did you mean 'until'?",
        ),
        (REACH + "waivers: [{path: a, reason: b}]", "rule.yaml: waivers[0].until: missing"),
        (
            REACH + "waivers: [{path: a, reason: b, until: soon}]",
            "rule.yaml: waivers[0].until: 'soon' is not a day such as 2027-03-01",
        ),
        (REACH + "title: 3", "rule.yaml: title: 3 is not a text"),
        ("kind: reach\nfrom: [x]\nforbid: {a: b}", "rule.yaml: forbid: {'a': 'b'} is no list of texts"),
        ("kind: reach\nforbid: [x]", "rule.yaml: from: missing"),
        ("kind: pattern\nforbid: ['a b']", "rule.yaml: the pattern 'a b' is no Python: invalid syntax"),
        (
            REACH + "stop_at: {edges: [treads]}",
            "rule.yaml: stop_at.edges[0]: 'treads' is not a valid EdgeKind",
        ),
    ],
)
def test_each_fault_is_told_with_its_path(text: str, said: str) -> None:
    """An unknown key names the nearest known one; a wrong value is shown."""
    with pytest.raises(Unusable) as caught:
        rule_of(text)
    assert said in caught.value.problems


def test_all_faults_of_a_document_are_told_at_once() -> None:
    """What is missing, what is unknown and what is wrong in one answer."""
    with pytest.raises(Unusable) as caught:
        rule_of("kind: reach\nseverity: bad\nfrm: [x]")
    assert len(caught.value.problems) == 3


def test_a_folder_holds_rules_and_other_documents(tmp_path: Path) -> None:
    """What has no key `kind` is no rule and is left alone."""
    (tmp_path / "b.yaml").write_text(HEAD + REACH)
    (tmp_path / "a.yaml").write_text(HEAD.replace("A-1", "A-0") + REACH)
    (tmp_path / "sla.yaml").write_text("slas: []")
    assert [rule.id for rule in load_folder(tmp_path, SPECS)] == ["A-0", "A-1"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "no rule in it"),
        ({"a.yaml": HEAD + REACH, "b.yaml": HEAD + REACH}, "'A-1' is the id of"),
        ({"a.yaml": "kind: [", "b.yaml": "kind: nothing"}, "no rule kind 'nothing'"),
        (
            {"a.yaml": HEAD + REACH + "waivers: [{path: a, reason: b, until: 2026-02-30}]"},
            "a.yaml: day is out of range",
        ),
    ],
)
def test_a_folder_that_cannot_be_used_says_why(tmp_path: Path, files: dict[str, str], said: str) -> None:
    """No rule, two with one id, no YAML, or a day that is none."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(Unusable, match=said):
        load_folder(tmp_path, SPECS)


def test_a_huge_document_is_not_parsed(tmp_path: Path) -> None:
    """The bound is told."""
    path = tmp_path / "a.yaml"
    path.write_text("#" * (MAX_DOCUMENT_BYTES + 1))
    with pytest.raises(Unusable, match=str(MAX_DOCUMENT_BYTES)):
        load(path, SPECS)
