"""What holds between durations, and putting others in force."""

from collections.abc import Iterator

import pytest

from whiteboard import deadlines, timeouts
from whiteboard.relations import RELATIONS, Relation, put_in_force, violations


@pytest.fixture(autouse=True)
def registry_values() -> Iterator[None]:
    """The registry's own values are in force again behind the test."""
    yield
    put_in_force({})


def test_all_hold() -> None:
    """With the registry's values."""
    assert list(violations({})) == []


def test_they_name_what_is_registered() -> None:
    """By the constants that code uses; each says why."""
    known = {one.constant for one in timeouts.REGISTRY.values()}
    assert [one.rule for one in RELATIONS if not set(one.names) <= known or not one.reason] == []


@pytest.mark.parametrize("relation", RELATIONS, ids=lambda one: one.rule)
def test_each_can_be_violated(relation: Relation) -> None:
    """One that holds whatever the values are says nothing."""
    left = relation.rule.split("<", maxsplit=1)[0]
    raised = next(one for one in relation.names if one in left)
    assert raised.replace("_", "-").lower() in timeouts.REGISTRY
    assert any(
        fault.startswith(relation.rule) for fault in violations({raised.replace("_", "-").lower(): 1e12})
    )


def test_a_violated_one_names_both_values() -> None:
    """What was asked for, what it comes to, and what it would break."""
    (fault,) = violations({"ping-interval": 15.0})
    assert fault == (
        "PING_INTERVAL * 3 <= DEAD_PEER does not hold: with PING_INTERVAL 15 s and DEAD_PEER 30 s it would be "
        "45 s <= 30 s; three pings fit in (R11), so that a lost one ends no session"
    )


def test_rounding_violates_nothing() -> None:
    """0.1 * 3 is a little more than 0.3."""
    relation = Relation("A * 3 <= B", "")
    assert relation.fault({"A": 0.1, "B": 0.3}) is None
    assert Relation("A * 3 < B", "").fault({"A": 0.1, "B": 0.3}) is not None


def test_a_value_in_force_changes_the_version() -> None:
    """And only its entry; what is not said any more is the registry's again."""
    before = deadlines.version()
    put_in_force({"hello": 3.0})
    assert timeouts.HELLO.seconds == 3.0
    assert timeouts.HELLO.default == 2.0
    changed = deadlines.version()
    assert changed != before
    put_in_force({"commit": 31.0})
    assert (timeouts.HELLO.seconds, timeouts.COMMIT.seconds) == (2.0, 31.0)
    assert deadlines.version() not in {before, changed}
    put_in_force({})
    assert deadlines.version() == before


@pytest.mark.parametrize("bad", [{"helo": 1.0}, {"hello": 0.0}, {"hello": float("nan")}, {"dead-peer": 12.0}])
def test_what_cannot_be_put_in_force_changes_nothing(bad: dict[str, float]) -> None:
    """All or nothing."""
    before = deadlines.version()
    with pytest.raises(ValueError):  # noqa: PT011 - the sentences are those of the tests above
        put_in_force({"commit": 31.0, **bad})
    assert deadlines.version() == before
