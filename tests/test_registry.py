"""What a registered duration is."""

import re

import pytest

from whiteboard import timeouts
from whiteboard.registry import REGISTRY, Timeout, register


def test_every_duration_is_found_by_its_name() -> None:
    """All that the code uses are in the registry, each with a reason, and take some time."""
    assert REGISTRY["hello"] is timeouts.HELLO
    assert all(
        one.name == name and one.seconds > 0 and one.rationale and one.scenario
        for name, one in REGISTRY.items()
    )


def test_code_calls_a_duration_by_its_name() -> None:
    """`PING_INTERVAL` is `ping-interval`: relations and errors use one for the other."""
    found = {name: one for name, one in vars(timeouts).items() if isinstance(one, timeouts.Timeout)}
    assert [name for name, one in found.items() if one.constant != name] == []
    assert len(found) == len(REGISTRY)


def test_a_rationale_begins_with_its_service_level() -> None:
    """`SLA-PEER-1: why`; what it means stands in constraints/sla.yaml."""
    assert [one.name for one in REGISTRY.values() if not re.match(r"SLA-[A-Z]+-\d+: \S", one.rationale)] == []


def test_a_name_is_given_once() -> None:
    """A second duration of the same name is a mistake, said at import."""
    with pytest.raises(ValueError, match="'hello' is registered twice"):
        register("hello", 1.0, "again")


@pytest.mark.parametrize(("seconds", "whole"), [(0.2, 1), (1.0, 1), (2.4, 3), (3600.0, 3600)])
def test_whole_seconds_are_never_none(seconds: float, whole: int) -> None:
    """A database that is told 0 would wait for ever, and a key that lives for 0 goes at once."""
    assert Timeout("test", seconds, "SLA-TEST-1: for tests").whole_seconds == whole
