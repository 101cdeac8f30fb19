"""Points that came as steps."""

import pytest

from whiteboard.client.events import MalformedMessage, SnapshotPart, read_event
from whiteboard.client.steps import points_of


@pytest.mark.parametrize(
    ("told", "points"),
    [
        ([2, 10, 1234, -5, 1, 0, -3, 12], [[123.4, -0.5], [123.5, -0.5], [123.2, 0.7]]),
        ([3, 100, 100, 200, 45, 1, 1, 5], [[1, 2, 0.45], [1.01, 2.01, 0.5]]),
        ([[1, 2], [3.5, 4, 1]], [[1, 2], [3.5, 4, 1]]),
        ([], []),
    ],
)
def test_points_are_the_same_however_they_came(told: list[object], points: list[object]) -> None:
    """Steps or points. [ELM-10]"""
    assert points_of(told) == points


def test_a_snapshot_part_has_points() -> None:
    """Who reads events meets no steps; what has no points is left alone."""
    states = [{"id": "s", "points": [2, 1, 3, 4, 1, 1]}, {"id": "n", "x": 1}]
    part = read_event({"type": "snapshot", "seq": 1, "elements": states})
    assert isinstance(part, SnapshotPart)
    assert part.elements == [{"id": "s", "points": [[3, 4], [4, 5]]}, {"id": "n", "x": 1}]


@pytest.mark.parametrize("told", [[2], [0, 1, 1], [2, 0, 1, 1], [2, 1, 1], [2, 1, "x", 1], [-1, 1, 2, 3]])
def test_what_are_no_steps_is_malformed(told: list[object]) -> None:
    """Said, and not half taken."""
    with pytest.raises(MalformedMessage, match="snapshot"):
        read_event({"type": "snapshot", "seq": 1, "elements": [{"id": "s", "points": told}]})
