"""What a registered duration is."""

import pytest

from whiteboard import timeouts
from whiteboard.registry import REGISTRY, register


def test_every_duration_is_found_by_its_name() -> None:
    """All that the code uses are in the registry, each with a reason, and take some time."""
    assert REGISTRY["hello"] is timeouts.HELLO
    assert all(one.name == name and one.seconds > 0 and one.rationale for name, one in REGISTRY.items())


def test_a_name_is_given_once() -> None:
    """A second duration of the same name is a mistake, said at import."""
    with pytest.raises(ValueError, match="'hello' is registered twice"):
        register("hello", 1.0, "again")
