"""The replica out of the core's merge."""

import pytest
from integration.board_replica import BoardReplica

STROKE = {
    "seq": 1, "at": 1, "opId": "c-1:1", "by": "c-1", "clock": {"c-1": 1}, "seen": 0, "lamport": 1,
    "type": "stroke", "id": "s1", "points": [[1, 2], [3, 4, 0.5]], "color": "#000",
}  # fmt: skip
STATE = {
    "id": "r1", "type": "shape", "by": "c-2", "created": [4, "c-2", 1], "kind": "arrow", "x": 7,
    "stamps": {"x": [6, "c-1", 2]},
}  # fmt: skip


def test_ops_and_states_merge() -> None:
    """Ops and element states give the elements as the API shows them, bottom to top."""
    replica = BoardReplica()
    replica.join(STATE)
    for _ in range(2):
        replica.apply(STROKE)
    stroke = {"id": "s1", "type": "stroke", "by": "c-1", "points": [[1, 2], [3, 4, 0.5]], "color": "#000"}
    shape = {"id": "r1", "type": "shape", "by": "c-2", "kind": "arrow", "x": 7}
    assert replica.visible() == [stroke, shape]


def test_what_is_no_op_is_a_fault() -> None:
    """An op without an op id, or an element state that is none, is a ValueError."""
    replica = BoardReplica()
    with pytest.raises(ValueError, match="no op id"):
        replica.apply({**STROKE, "opId": "c-1"})
    with pytest.raises(ValueError, match="no state"):
        replica.join({"id": "a", "created": 7})
