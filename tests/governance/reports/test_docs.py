"""The pages of the rules."""

from pathlib import Path

import pytest
from governance_samples import rule_of

from whiteboard.governance.reports import docs
from whiteboard.governance.reports.pictures import picture
from whiteboard.governance.rules.document import load_folder
from whiteboard.governance.rules.kinds import SPECS

ROOT = Path(__file__).parents[3]

SAMPLES = {
    "budget": "registry: {module: pkg.t}",
    "cancellable": "timed: [a]",
    "channel": "queues: true",
    "deadline": "registry: {module: pkg.t}\nallow: [pkg.s]",
    "imports": "layers: [a, b]\nfrom: [x]\nforbid: [y]\nacyclic: [z]",
    "lock": "only: [a]\nforbid: [b]",
    "pattern": "forbid: ['print(\"<$X>\")']",
    "reach": "from: [a]\nforbid: [b]\nrequire: [c]\nto: [d]\nthrough: [e]\nstop_at: {edges: [thread], functions: [f]}",
    "relation": "registry: {module: pkg.t}\nrelations: ['A < B']",
    "retry": "helper: [a]",
    "seen": "scope: {functions: [a]}",
}


def test_the_committed_pages_are_what_the_rules_say() -> None:
    """A stale one fails here and in `tools/checks.d/architecture`."""
    rules = load_folder(ROOT / "constraints", SPECS)
    made = docs.pages(rules, ROOT / "constraints")
    assert docs.stale(ROOT / "docs" / "architecture", made) == []


def test_every_kind_has_a_sample() -> None:
    """A new kind comes with a picture."""
    assert SAMPLES.keys() == SPECS.keys()


@pytest.mark.parametrize(("kind", "keys"), SAMPLES.items(), ids=SAMPLES)
def test_every_kind_has_a_picture(kind: str, keys: str) -> None:
    """A flow chart in which quotes, angle brackets and stars are text."""
    drawn = picture(rule_of(keys, kind=kind))
    assert drawn.startswith("flowchart ")
    assert "*" not in drawn
    assert "<$" not in drawn


def test_a_page_says_what_the_document_says_and_leaves_out_what_it_does() -> None:
    """In the keys of the kind."""
    rule = rule_of(
        "kind: reach\nfrom: {functions: [a], async: true}\nforbid: [b]\nstop_at: {edges: [thread]}"
    )
    assert docs.plain(rule.spec) == {
        "from": {"functions": ["a"], "async": True},
        "forbid": ["b"],
        "stop_at": {"edges": ["thread"]},
    }
