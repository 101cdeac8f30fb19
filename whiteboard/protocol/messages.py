"""Every message of the wire, one class each; the JSON Schema and AsyncAPI documents come from here.

Classes of the client's messages check types and ranges while they decode. What they cannot say
(unknown properties, a pressure's range, whose op id it is) is checked in `validation.py`.
Field names are the wire's own.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from whiteboard import limits
from whiteboard.core.ops import RESERVED
from whiteboard.ids import MAX_COUNTER

_END = r"$(?!\n)"  # Python's `$` also matches before a last line feed; ECMA's does not
_ID = r"^[^\x00-\x1f\x7f-\x9f]{1,128}" + _END
_CLIENT = r"^[A-Za-z0-9_.\-]{1,64}" + _END

ElementIdText = Annotated[str, Meta(pattern=_ID, description="1 to 128 characters, no controls")]
ClientIdText = Annotated[str, Meta(pattern=_CLIENT)]
OpIdText = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.\-]{1,64}:[1-9][0-9]{0,15}" + _END)]
Counter = Annotated[int, Meta(ge=1, le=MAX_COUNTER)]
Seq = Annotated[int, Meta(ge=0, le=MAX_COUNTER)]
Coordinate = Annotated[float, Meta(ge=-limits.MAX_COORDINATE, le=limits.MAX_COORDINATE)]
Thickness = Annotated[float, Meta(gt=0, le=limits.MAX_WIDTH)]
Color = Annotated[str, Meta(max_length=limits.MAX_COLOR_CHARS)]
Label = Annotated[str, Meta(max_length=limits.MAX_TEXT_CHARS)]
Name = Annotated[str, Meta(max_length=limits.MAX_NAME_CHARS)]
Asset = Annotated[str, Meta(min_length=1, max_length=limits.MAX_ASSET_CHARS)]
OrderKey = Annotated[str, Meta(min_length=2, max_length=limits.MAX_ORDER_KEY_CHARS)]
Key = Annotated[str, Meta(min_length=1, max_length=limits.MAX_KEY_CHARS)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Point = Annotated[
    list[Coordinate],
    Meta(min_length=2, max_length=3, description="x, y in board units; pressure 0..1"),
]
Points = list[Point]
OpPoints = Annotated[Points, Meta(extra_json_schema={"maxItems": limits.MAX_POINTS_PER_OP})]
"""Counted in `validation.py`, where too many have a code of their own."""
Clock = Annotated[
    dict[ClientIdText, Seq], Meta(extra_json_schema={"maxProperties": limits.MAX_CLOCK_ENTRIES})
]
"""Its size is checked in `validation.py` and not on reading: a stored clock has one entry more when
the client gave as many as it may and the server added the author's own."""
Kind = Literal["rectangle", "ellipse", "diamond", "line", "arrow"]


# --- client to server: ops --------------------------------------------------------------------


class OpFields(Struct, kw_only=True):
    """What any op may carry; the server fills in what is missing or null."""

    id: ElementIdText
    opId: OpIdText | None | UnsetType = UNSET
    clock: Clock | None | UnsetType = UNSET
    seen: Seq | None | UnsetType = UNSET
    ts: int | float | None | UnsetType = UNSET


class Properties(Struct, kw_only=True):
    """Properties that the server knows; null unsets. Others are kept as they come."""

    x: Coordinate | None | UnsetType = UNSET
    y: Coordinate | None | UnsetType = UNSET
    w: Coordinate | None | UnsetType = UNSET
    h: Coordinate | None | UnsetType = UNSET
    rotation: Coordinate | None | UnsetType = UNSET
    color: Color | None | UnsetType = UNSET
    fill: Color | None | UnsetType = UNSET
    width: Thickness | None | UnsetType = UNSET
    size: Thickness | None | UnsetType = UNSET
    opacity: Fraction | None | UnsetType = UNSET
    kind: Kind | None | UnsetType = UNSET
    text: Label | None | UnsetType = UNSET
    asset: Asset | None | UnsetType = UNSET
    z: OrderKey | None | UnsetType = UNSET


class CreateFields(Properties, kw_only=True):
    """What any create may carry: `OpFields` again, since a class has one line of fields only."""

    id: ElementIdText
    opId: OpIdText | None | UnsetType = UNSET
    clock: Clock | None | UnsetType = UNSET
    seen: Seq | None | UnsetType = UNSET
    ts: int | float | None | UnsetType = UNSET


class Stroke(CreateFields, tag="stroke", kw_only=True):
    """Create a stroke with its first points."""

    points: OpPoints


class Append(OpFields, tag="append", kw_only=True):
    """Add points to a stroke; `from` is the index of the first new one."""

    start: Seq = msgspec.field(name="from")
    points: OpPoints


class Shape(CreateFields, tag="shape", kw_only=True):
    """Create a shape."""

    kind: Kind


class Text(CreateFields, tag="text", kw_only=True):
    """Create a text."""

    text: Label


class Note(CreateFields, tag="note", kw_only=True):
    """Create a sticky note."""


class Image(CreateFields, tag="image", kw_only=True):
    """Place an uploaded image."""

    asset: Asset


class Page(CreateFields, tag="page", kw_only=True):
    """Place a page of a document."""


class SetOp(OpFields, tag="set", kw_only=True):
    """Write properties of an element, each merging on its own."""

    props: Annotated[
        Properties,
        Meta(
            extra_json_schema={
                "minProperties": 1,
                "propertyNames": {"not": {"enum": sorted(RESERVED)}},
            }
        ),
    ]


class Delete(OpFields, tag="delete", kw_only=True):
    """Put a tombstone on an element."""


class Restore(OpFields, tag="restore", kw_only=True):
    """Take the tombstone away."""


# --- client to server: the rest ---------------------------------------------------------------


class Hello(Struct, tag="hello", kw_only=True):
    """Who the client is and what it has seen. Optional; a later one changes name and colour."""

    v: int = 1
    client: ClientIdText | None = None
    key: Key | None = None
    name: Name = ""
    color: Color = ""
    since: Seq | None = None
    epoch: Name | None = None
    token: str | None = None
    compact: bool = False


class Cursor(Struct, tag="cursor", kw_only=True):
    """Where the pointer is. Never stored; may be coalesced."""

    x: Coordinate
    y: Coordinate


class Laser(Struct, tag="laser", kw_only=True):
    """The laser's trail; an empty list ends it."""

    points: Annotated[Points, Meta(max_length=limits.MAX_LASER_POINTS)]


class Follow(Struct, tag="follow", kw_only=True):
    """Follow another session's view; an empty string ends it."""

    session: Name


class Ping(Struct, tag="ping", kw_only=True):
    """Ask for a pong."""

    ts: int | float | None = None


class Sync(Struct, tag="sync", kw_only=True):
    """Ask for everything after `since` again."""

    since: Seq = 0


CREATES = (Stroke, Shape, Text, Note, Image, Page)
ClientOp = Stroke | Append | Shape | Text | Note | Image | Page | SetOp | Delete | Restore
ClientMessage = ClientOp | Hello | Cursor | Laser | Follow | Ping | Sync


# --- server to client -------------------------------------------------------------------------


class Peer(Struct, kw_only=True):
    """Somebody who is here."""

    session: str
    client: str
    name: str
    color: str


class Heartbeat(Struct, kw_only=True):
    """Seconds between the server's pings, and until a silent peer is dropped."""

    ping: float
    dead: float


class Welcome(Struct, tag="welcome", kw_only=True):
    """The session begins; what was missed follows."""

    v: int
    session: str
    client: str
    key: str
    board: str
    epoch: str
    seq: int
    clock: dict[str, int]
    role: str
    peers: list[Peer]
    limits: dict[str, float]
    heartbeat: Heartbeat
    durable: str


class Snapshot(Struct, tag="snapshot", kw_only=True):
    """A part of the board: element states. Covers at least everything up to `seq`."""

    seq: int
    part: int
    parts: int
    elements: list[Any]


class Ack(Struct, tag="ack", kw_only=True, omit_defaults=True):
    """The op is stored."""

    opId: str
    id: str
    seq: int
    at: int
    durable: str
    ts: int | float | None = None


class Reject(Struct, tag="reject", kw_only=True):
    """The op is refused and has no effect."""

    opId: str | None
    id: str | None
    code: str
    reason: str
    retry: bool
    path: str | UnsetType = UNSET


class Error(Struct, tag="error", kw_only=True):
    """A message that is no op could not be taken."""

    code: str
    reason: str
    path: str | UnsetType = UNSET


class Pong(Struct, tag="pong", kw_only=True):
    """Answer to a ping."""

    ts: int | float | None = None


class Join(Struct, tag="join", kw_only=True):
    """Somebody arrived, or changed name or colour."""

    session: str
    client: str
    name: str
    color: str


class Leave(Struct, tag="leave", kw_only=True):
    """Somebody left."""

    session: str


class CursorOf(Struct, kw_only=True):
    """Where one session points."""

    session: str
    x: float | UnsetType = UNSET
    y: float | UnsetType = UNSET
    laser: list[list[float]] | UnsetType = UNSET
    follow: str | UnsetType = UNSET


class Cursors(Struct, tag="cursors", kw_only=True):
    """Pointers that moved, newest position each."""

    cursors: list[CursorOf]


class Resync(Struct, tag="resync", kw_only=True):
    """Discard what you hold of the board; a snapshot follows."""

    reason: str


class Role(Struct, tag="role", kw_only=True):
    """Your role changed."""

    role: str


class Drain(Struct, tag="drain", kw_only=True):
    """The server stops; reconnect after a random delay in this range of seconds."""

    reconnect: tuple[float, float]


ServerMessage = (
    Welcome | Snapshot | Ack | Reject | Error | Pong | Join | Leave | Cursors | Resync | Role | Drain
)
