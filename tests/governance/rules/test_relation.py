"""Relations between registered values."""

import pytest
from governance_samples import rule_of, world_of

from whiteboard.governance.records import Unusable
from whiteboard.governance.rules import kinds

TIMEOUTS = """
# file: pkg/timeouts.py
from typing import Final
from pkg.registry import register
PING: Final = register("ping", 10.0, "why")
PAUSE = register(name="pause", value=500, unit="ms", rationale="why")
DEAD = register("dead", 30.0, "why")
OTHER = 5
# file: pkg/registry.py
def register(name, value, rationale, unit="s"): ...
"""


def check(relation: str) -> list[str]:
    """What a relation's rule says."""
    rule = rule_of("kind: relation\nregistry: {module: pkg.timeouts, value: value}", relations=[relation])
    return [finding.message for finding in kinds.check(rule, world_of(TIMEOUTS)).findings]


@pytest.mark.parametrize(
    "relation", ["PING * 2 <= DEAD", "PING + PAUSE < DEAD", "PAUSE == 0.5", "0 < PAUSE < PING"]
)
def test_a_relation_holds(relation: str) -> None:
    """Units are those of the entries, values in seconds."""
    assert check(relation) == []


def test_a_relation_that_does_not_hold_is_found_with_both_sides_and_entries() -> None:
    """The chain is the entries' own lines."""
    assert check("PING * 4 <= DEAD") == ["PING * 4 <= DEAD does not hold: the sides are 40 and 30"]


@pytest.mark.parametrize(
    ("relation", "said"),
    [
        ("PNIG < DEAD", "'PNIG' is no registered value; did you mean 'PING'"),
        ("OTHER < DEAD", "'OTHER' is no registered value"),
        ("PING", "it compares nothing"),
        ("PING <", "invalid syntax"),
        ("PING / 0 < DEAD", "division by zero"),
        ("f(PING) < DEAD", "is no number, name or arithmetic"),
        ("PING is DEAD", "compares by something else"),
    ],
)
def test_a_relation_that_cannot_be_read_is_unusable(relation: str, said: str) -> None:
    """It is never taken to hold."""
    with pytest.raises(Unusable, match=said):
        check(relation)
