"""Ops as clients send them, always the same ones: what the works are fed with."""

from collections.abc import Sequence
from typing import Final

from whiteboard.core.acceptance import Acceptance, Accepted, Author, Proposal
from whiteboard.core.board import Board
from whiteboard.core.ops import StampedOp
from whiteboard.protocol.validation import OpRequest, read_message

AT_MS: Final = 1_700_000_000_000
"""The server's clock."""


def stroke(client: bytes, counter: int, element: int) -> bytes:
    """A create of a stroke with three points, about 120 bytes."""
    return (
        b'{"type":"stroke","id":"s-%s-%d","opId":"%s:%d","seen":0,"ts":%d,'
        b'"points":[[%d,20],[30,40],[50.5,60.25]],"color":"#123"}'
        % (client, element, client, counter, counter, element % 1000)
    )


def append(client: bytes, counter: int, element: int, start: int = 3) -> bytes:
    """Three more points of it."""
    return (
        b'{"type":"append","id":"s-%s-%d","opId":"%s:%d","seen":0,"ts":%d,'
        b'"from":%d,"points":[[%d,20],[30,40],[50.5,60.25]]}'
        % (client, element, client, counter, counter, start, element % 1000)
    )


def move(client: bytes, counter: int, element: int) -> bytes:
    """A move of it."""
    return b'{"type":"set","id":"s-%s-%d","opId":"%s:%d","seen":0,"ts":%d,"props":{"x":%d.5,"y":12}}' % (
        client,
        element,
        client,
        counter,
        counter,
        counter % 1000,
    )


def drawing(client: bytes, elements: int) -> list[bytes]:
    """A create, an append and a move of each of so many strokes, by one client."""
    return [
        *(stroke(client, n + 1, n) for n in range(elements)),
        *(append(client, elements + n + 1, n) for n in range(elements)),
        *(move(client, 2 * elements + n + 1, n) for n in range(elements)),
    ]


def requests(texts: Sequence[bytes]) -> list[OpRequest]:
    """Messages as they are read."""
    found = [read_message(text) for text in texts]
    assert all(isinstance(one, OpRequest) for one in found), found
    return [one for one in found if isinstance(one, OpRequest)]


def accepted(ops: Sequence[OpRequest]) -> list[Accepted]:
    """Ops of one client as the commit accepts them, one by one, on a board of their own."""
    board, found = Board(), []
    author: Author | None = None
    for one in ops:
        assert one.op_id is not None
        author = author or Author(one.op_id.client)
        decided = Acceptance(board).accept(Proposal(one.op, one.op_id.counter, one.seen, None), author)
        assert isinstance(decided, Accepted), decided
        board.apply(StampedOp(board.seq + 1, decided.stamp, decided.op, decided.joined))
        found.append(decided)
    return found
