"""Messages <-> bytes, and the form of an op in the log. Pure.

An op is encoded once, at acceptance: its stamps go in front of the content that came in. That body is
stored as it is; the log's number goes in front of it when it is sent. Nobody encodes it again.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import UNSET

from whiteboard.core.acceptance import Accepted
from whiteboard.core.clocks import Stamp
from whiteboard.core.ops import Json, StampedOp
from whiteboard.core.outcomes import Rejected
from whiteboard.ids import RECENT_CLIENTS, ClientId, OpId
from whiteboard.protocol import messages
from whiteboard.protocol.requests import BadMessage
from whiteboard.protocol.stored import read_stored

VERSION: Final = 1
SUBPROTOCOL: Final = "whiteboard.v1"

END_OF_SNAPSHOT_PART: Final = b"]}"

encode = msgspec.json.encode


@lru_cache(RECENT_CLIENTS)
def _spelled(name: ClientId) -> bytes:
    """The inside of a JSON string."""
    return encode(name)[1:-1]


class _Stamps(msgspec.Struct):
    lamport: int
    element: msgspec.Raw = msgspec.Raw()  # empty: none; Raw in a union takes nothing but null


_decode_stamps = msgspec.json.Decoder(_Stamps).decode


def encode_body(accepted: Accepted, at: int, content: Json) -> Json:
    """An accepted op as the log keeps it: everything but `seq`.

    Args:
        at: server clock, milliseconds since 1970.
        content: the op as it came in, without stamps: a JSON object with at least one field.
    """
    stamp, clock, joined = accepted.stamp, accepted.clock, accepted.joined
    client = _spelled(stamp.client)
    return b'{"at":%d,"opId":"%b:%d","by":"%b","clock":%b,"seen":%d,"lamport":%d%b,%b' % (
        at, client, stamp.counter, client,
        b'{"%b":%d}' % (client, stamp.counter) if len(clock) == 1 else encode(clock),
        accepted.seen, stamp.lamport,
        b"" if joined is None else b',"element":' + joined,
        content[1:],
    )  # fmt: skip


def number_body(seq: int, body: Json) -> Json:
    """A stored op as everyone gets it: the body with its `seq` in front."""
    return b'{"seq":%d,%b' % (seq, body[1:])


def decode_body(seq: int, op_id: OpId, body: Json) -> StampedOp:
    """The op in a stored body. Raises ValueError when the bytes are no such body."""
    try:
        stamps = _decode_stamps(body)
        op = read_stored(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise ValueError(f"op {op_id} at seq {seq} cannot be read: {error}") from error
    joined = bytes(stamps.element) or None
    return StampedOp(seq, Stamp(stamps.lamport, op_id.client, op_id.counter), op, joined)


def frame(texts: Sequence[Json]) -> Json:
    """One text frame of several messages: an array, or the message itself when it is alone."""
    return texts[0] if len(texts) == 1 else b"[" + b",".join(texts) + b"]"


def begin_snapshot_part(seq: int, part: int, parts: int) -> Json:
    """A `snapshot` message up to its element states; END_OF_SNAPSHOT_PART follows them. `part` counts from 1."""
    return b'{"type":"snapshot","seq":%d,"part":%d,"parts":%d,"elements":[' % (seq, part, parts)


def encode_welcome(welcome: messages.Welcome, peers: Iterable[Json]) -> Json:
    """A `welcome` with peers that are encoded already: with hundreds of them, the most of it.

    `welcome` has none. Its texts cannot be mistaken for the empty list: JSON escapes the quotes in them.
    """
    head, _, tail = encode(welcome).partition(b'"peers":[]')
    return b"".join((head, b'"peers":[', b",".join(peers), b"]", tail))


def encode_reject(op_id: str | None, element: str | None, refusal: Rejected) -> Json:
    """A `reject` message."""
    return encode(
        messages.Reject(
            opId=op_id,
            id=element,
            code=refusal.code.value,
            reason=refusal.reason,
            retry=refusal.code.can_retry,
            path=UNSET if refusal.path is None else refusal.path,
        )
    )


def encode_error(error: BadMessage) -> Json:
    """An `error` message."""
    path = UNSET if error.path is None else error.path
    return encode(messages.Error(code=error.code, reason=error.reason, path=path))
