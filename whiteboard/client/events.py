"""What happens on a board, as a client is told: one frozen class per kind of server message.

Owns the translation from a decoded server message to an event. Knows no socket and no order of
messages. Field names are Python's; the wire's camelCase is the msgspec `rename`. Fields that a
newer server adds are left aside, messages that it adds become `Unknown`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from whiteboard.client.steps import points_of

Json = dict[str, Any]
"""One JSON object."""

OP_TYPES: Final = frozenset(
    {"stroke", "shape", "text", "note", "image", "page", "append", "set", "delete", "restore"}
)
"""The closed set of op types."""


class Event(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of all events."""


class Welcome(Event, frozen=True, kw_only=True):
    """The server took us in; comes first on every connection."""

    session: str
    client: str
    """Our client id, as the server knows us: not always the one that was asked for."""
    key: str | None = None
    """The secret that claims `client` again; keep it for the next run."""
    board: str
    seq: int
    """Where the board's log stands; what is missing follows."""
    epoch: str = ""
    clock: dict[str, int] = {}
    role: str = "editor"
    peers: list[Json] = []
    limits: dict[str, float] = {}
    durable: str = "memory"
    """What an ack is worth: `memory`, `disk` or `stream` (R5)."""


class SnapshotPart(Event, frozen=True, kw_only=True):
    """A part of the board's state; `part` counts from 1 to `parts`."""

    seq: int
    """What all parts together cover, at least."""
    part: int = 1
    parts: int = 1
    elements: list[Json] = []


class OpEvent(Event, frozen=True, kw_only=True):
    """An accepted op of anybody, ourselves included, in the order of `seq`."""

    seq: int
    op: Json
    """The stamped op as it stands in the log."""


class Ack(Event, frozen=True, kw_only=True):
    """An op of ours is stored."""

    op_id: str
    id: str | None = None
    seq: int
    """The op's place in the log: the first one ever given, also for a repeat."""
    ts: int | float | None = None
    at: int | None = None
    durable: str = "memory"


class Rejected(Event, frozen=True, kw_only=True):
    """An op of ours was refused and will not be stored unless it is sent again.

    Three codes are also the client's own, about an op that may have been stored all the same: `forged`,
    sent under a client id that is no longer ours; `unanswered`, passed over by the server however often
    it was sent; `too_large`, made for a server that took larger frames than the one we came back to.
    """

    op_id: str | None = None
    id: str | None = None
    code: str
    reason: str = ""
    path: str | None = None
    """Where in the message the fault is, such as `$.points[3][0]`."""
    retry: bool = False
    """Whether the same op may pass later."""


Answer = Ack | Rejected
"""What becomes of an op that is answered: one of the two."""


class Joined(Event, frozen=True, kw_only=True):
    """Somebody came."""

    session: str
    client: str | None = None
    name: str | None = None
    color: str | None = None


class Left(Event, frozen=True, kw_only=True):
    """Somebody's session ended."""

    session: str


class Cursors(Event, frozen=True, kw_only=True):
    """Where others point: `{"session", "x", "y"}` each, perhaps `laser` and `follow`."""

    cursors: list[Json]


class Resync(Event, frozen=True, kw_only=True):
    """What we held does not count any more; a snapshot follows."""

    reason: str = ""


class RoleChanged(Event, frozen=True, kw_only=True):
    """What we may do has changed."""

    role: str


class Drain(Event, frozen=True, kw_only=True):
    """The server goes down soon; we come back after a random time within `reconnect` seconds."""

    reconnect: tuple[float, float] = (0.0, 5.0)


class Problem(Event, frozen=True, kw_only=True):
    """The server could not make sense of a message of ours, or of a whole frame.

    If ops were in it, the client sends them again by itself.
    """

    code: str
    reason: str = ""
    op_id: str | None = None


class Pong(Event, frozen=True, kw_only=True):
    """The answer to a `ping`."""

    ts: int | float | None = None


class Unknown(Event, frozen=True, kw_only=True):
    """A message of a kind that this client does not know."""

    message: Json


class Disconnected(Event, frozen=True, kw_only=True):
    """The connection is gone. Not a message of the server."""

    reason: str
    code: int | None = None
    """The close code, if the server gave one."""
    is_final: bool = False
    """True when we do not come back: the server would refuse us again."""


class Reconnected(Event, frozen=True, kw_only=True):
    """A connection stands again; its `Welcome` follows. Not a message of the server."""

    attempts: int
    """Tries that it took, at least 1."""


class Skipped(Event, frozen=True, kw_only=True):
    """Events were dropped because nobody took them in time. Not a message of the server."""

    count: int
    since: int | None = None
    """Seq before the first dropped op: `BoardClient.sync(since)` brings those ops again. None when
    no op was among them."""


class MalformedMessage(ValueError):
    """A server message of a known type lacks what its type must have."""


_BY_TYPE: Final[dict[str, type[Event]]] = {
    "welcome": Welcome,
    "snapshot": SnapshotPart,
    "ack": Ack,
    "reject": Rejected,
    "join": Joined,
    "leave": Left,
    "cursors": Cursors,
    "resync": Resync,
    "role": RoleChanged,
    "drain": Drain,
    "error": Problem,
    "pong": Pong,
}


def read_event(message: Mapping[str, Any]) -> Event:
    """The event that a server message tells of.

    Raises:
        MalformedMessage: its type is known and its fields are not what that type has.
    """
    kind = message.get("type")
    if not isinstance(kind, str):
        return Unknown(message=dict(message))
    if kind in OP_TYPES:
        return _read_op(message)
    shape = _BY_TYPE.get(kind)
    if shape is None:
        return Unknown(message=dict(message))
    try:
        event = msgspec.convert(message, shape)
        if isinstance(event, SnapshotPart):
            _unfold(event.elements)
    except (msgspec.ValidationError, ValueError, TypeError, ZeroDivisionError) as error:
        raise MalformedMessage(f"{kind}: {error}") from None
    return event


def _unfold(states: Iterable[Json]) -> None:
    """Let strokes have their points, however they came."""
    for state in states:
        if isinstance(state.get("points"), list):
            state["points"] = points_of(state["points"])


def _read_op(message: Mapping[str, Any]) -> OpEvent:
    seq = message.get("seq")
    if not isinstance(seq, int) or seq < 1:
        raise MalformedMessage(f"{message['type']}: no seq of 1 or more")
    return OpEvent(seq=seq, op=dict(message))
