"""What a message can turn out to be: an op, an op that cannot be taken, a signal, or nothing at all. Values."""

from collections.abc import Mapping

import msgspec

from whiteboard.core import ops
from whiteboard.core.outcomes import Rejected
from whiteboard.ids import OpId
from whiteboard.protocol import messages


class OpRequest(msgspec.Struct, frozen=True, gc=False):
    """A well-formed op."""

    op: ops.Op
    op_id: OpId | None
    """As the client named it; None for a thin client."""
    seen: int | None
    clock: Mapping[str, int] | None
    ts: int | float | None
    """The client's own time, given back in the ack."""
    content: ops.Json
    """The op as a JSON object: type, id and what belongs to the type; no stamps."""


class BadOp(msgspec.Struct, frozen=True, gc=False):
    """An op that cannot be taken: becomes a `reject`."""

    op_id: str | None
    element: str | None
    refusal: Rejected


class BadMessage(msgspec.Struct, frozen=True, gc=False):
    """Something that is no op and no message: becomes an `error`."""

    code: str
    reason: str
    path: str | None = None


Signal = messages.Hello | messages.Cursor | messages.Laser | messages.Follow | messages.Ping | messages.Sync
"""A message that is no op."""
