import pytest

from whiteboard import limits
from whiteboard.ids import MAX_COUNTER, ClientId, OpId
from whiteboard.storage import arguments
from whiteboard.storage.ports import NewOp

ADA = ClientId("ada")


def op(counter: int) -> NewOp:
    """An op of Ada's."""
    return NewOp(OpId(ADA, counter), 0, 0, b"{}")


def test_what_an_append_may_be() -> None:
    """The ends of every range are inside it."""
    arguments.check_append([op(1), op(MAX_COUNTER)], {ADA: b""})
    arguments.check_append([op(1)] * limits.MAX_COMMIT_OPS, {ADA: b""})


def test_what_a_read_may_be() -> None:
    """A read may start at 0 and take one op, no less."""
    arguments.check_read(0, 1)
    with pytest.raises(ValueError, match="-1"):
        arguments.check_read(-1, 1)
    with pytest.raises(ValueError, match="0"):
        arguments.check_read(0, 0)
