"""The registry as its text declares it."""

from pathlib import Path

import pytest

from whiteboard import deadlines
from whiteboard.governance.timeouts.declared import Unreadable, entries_of, read_registry, version_of
from whiteboard.governance.timeouts.levels import faults, promise_of, read_levels
from whiteboard.registry import REGISTRY

ROOT = Path(__file__).parents[3]
TEXT = """
A: Final = register("a", 2 * 3_600.0, "SLA-X-1: because", "answer", alert="now")
b = registry.register(name="b", seconds=1, rationale="SLA-Y-1: because", scenario="pause")
other = make("c", 1)
"""


def test_entries_of_a_text() -> None:
    """By position or keyword, with arithmetic; other calls are none."""
    found = entries_of({"it": TEXT})
    assert [(one.name, one.seconds, one.sla, one.scenario, one.alert) for one in found.values()] == [
        ("a", 7200.0, "SLA-X-1", "answer", "now"),
        ("b", 1, "SLA-Y-1", "pause", ""),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A = register(", "it:1: '(' was never closed"),
        ('A = register("a", later, "")', "it:1: an entry is not written out in full"),
        ('A = register("a")', "it:1: an entry is not written out in full"),
        ('A = register("a", 1)\nB = register("a", 2)', "it:2: a is registered twice"),
    ],
)
def test_unreadable_texts(text: str, said: str) -> None:
    """Where, and what is wrong."""
    with pytest.raises(Unreadable) as info:
        entries_of({"it": text})
    assert str(info.value).startswith(said)


def test_this_project_s_own_registry() -> None:
    """Read as text it is what runs, version included; every service level is used and there; all have a scenario."""
    found = read_registry(ROOT, "whiteboard/timeouts")
    assert {name: one.seconds for name, one in found.items()} == {
        name: one.default for name, one in REGISTRY.items()
    }
    assert version_of(found) == deadlines.version_of({name: one.default for name, one in REGISTRY.items()})
    levels = read_levels(ROOT / "constraints/sla.yaml")
    assert list(faults(found, levels)) == []
    commit = promise_of(found["commit"], levels)
    assert (commit.level.owner, commit.level.approval) == ("storage", "two reviewers, one of storage")
    assert commit.sli == "used{timeout=commit} p99.9"


LEVELS = """
defaults:
  sli: {metric: "used{timeout={timeout}}", quantile: p99}
  alert: {expr: hits, threshold: "> 0"}
  owner: core
  approval: one
slas:
  SLA-X-1: {promise: Soon., source: R1}
  SLA-Z-1: {promise: Later., source: R2, owner: web}
"""


def test_levels_and_entries_that_do_not_agree(tmp_path: Path) -> None:
    """A dangling id, one that nobody uses, no id, no scenario: each is said."""
    path = tmp_path / "sla.yaml"
    path.write_text(LEVELS)
    entries = entries_of({"it": TEXT + 'd = register("d", 1, "why not", "")'})
    assert list(faults(entries, read_levels(path))) == [
        "b: there is no service level SLA-Y-1",
        "d: its rationale does not begin with the id of a service level, as in SLA-LIVE-1: why",
        "d: names no scenario that tests it at 0.8 and 1.2 of its value",
        "SLA-Z-1: no entry refers to it",
    ]
    promise = promise_of(entries["a"], read_levels(path))
    assert (promise.sli, promise.alert, promise.level.owner) == ("used{timeout=a} p99", "now", "core")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("slas: {}", "expected `defaults` and `slas` by id"),
        ("{", "expected `defaults` and `slas` by id"),
        (LEVELS.replace("source: R1", "sorce: R1"), "SLA-X-1"),
        (LEVELS.replace("quantile: p99", "quantil: p99"), "SLA-X-1.sli"),
    ],
)
def test_unusable_levels(tmp_path: Path, text: str, said: str) -> None:
    """Unknown keys are errors with their path."""
    path = tmp_path / "sla.yaml"
    path.write_text(text)
    with pytest.raises(Unreadable) as info:
        read_levels(path)
    assert said in str(info.value)


def test_levels_that_are_not_there(tmp_path: Path) -> None:
    """A file that cannot be read is named."""
    with pytest.raises(Unreadable, match=r"sla\.yaml"):
        read_levels(tmp_path / "sla.yaml")
