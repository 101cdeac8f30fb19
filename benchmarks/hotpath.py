"""What each op pays in pure code, step by step: microseconds of one core, the best of several runs.

    python -m benchmarks.hotpath

No socket, no task, no storage: only what turns the bytes that a client sent into the bytes that everybody
gets. Run it before and after a change, on a machine that does nothing else.
"""

import gc
import os
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from benchmarks.tables import table
from whiteboard.core.acceptance import Acceptance, Accepted, Author, Proposal
from whiteboard.core.board import Board
from whiteboard.core.ops import StampedOp
from whiteboard.core.outcomes import RejectCode, Rejected
from whiteboard.core.presence import Pointer, Presence, Profile
from whiteboard.ids import ClientId, SessionId
from whiteboard.protocol import codec, messages
from whiteboard.protocol.validation import OpRequest, read_message, split_frame
from whiteboard.rooms.broadcast import encode_pointers
from whiteboard.transport.frames import TEXT, FrameScanner, data_frame, unmask

T = TypeVar("T")

BATCH = 16
"""Ops in one commit."""
AUTHORS = 4
AT = 1_700_000_000_000
"""The server's clock."""
ROUNDS = 400
RUNS = 7


def strokes(count: int) -> list[bytes]:
    """Creates of a stroke with four points, about 120 bytes."""
    return [
        b'{"type":"stroke","id":"s-%04d","opId":"c-AbCdEfGhIj%d:%d","seen":%d,"ts":%d,'
        b'"points":[[%d,20],[30,40],[50.5,60.25]],"color":"#123"}'
        % (n, n % AUTHORS, n // AUTHORS + 1, n // 2, 1000 + n, n % 1000)
        for n in range(count)
    ]


def appends(count: int) -> list[bytes]:
    """Appends of three points, about 120 bytes, to strokes that are there."""
    return [
        b'{"type":"append","id":"s-%04d","opId":"c-AbCdEfGhIj%d:%d","seen":%d,"ts":%d,'
        b'"from":%d,"points":[[%d,20],[30,40],[50.5,60.25]]}'
        % (n % AUTHORS, n % AUTHORS, n // AUTHORS + 1001, n // 2, 1000 + n, 3 + 3 * (n // AUTHORS), n % 1000)
        for n in range(count)
    ]


def sets(count: int) -> list[bytes]:
    """Moves of an element."""
    return [
        b'{"type":"set","id":"s-%04d","opId":"c-AbCdEfGhIj%d:%d","seen":%d,"ts":%d,"props":{"x":%d.5,"y":12}}'
        % (n % AUTHORS, n % AUTHORS, n // AUTHORS + 1001, n // 2, 1000 + n, n % 1000)
        for n in range(count)
    ]


CURSORS = [b'{"type":"cursor","x":%d.25,"y":%d}' % (n, 2 * n) for n in range(BATCH)]


def masked(text: bytes) -> bytes:
    """A client's frame."""
    frame, key = bytearray(data_frame(TEXT, text)), b"\x12\x9a\x03\xfe"
    frame[1] |= 0x80
    head = len(frame) - len(text)
    return bytes(frame[:head]) + key + unmask(key, text)


def cost(work: Callable[[], object], parts: int) -> float:
    """Microseconds of CPU for one of the `parts` that `work` does; the best of the runs."""
    best = float("inf")
    for _ in range(RUNS):
        began = time.process_time_ns()
        for _ in range(ROUNDS):
            work()
        best = min(best, (time.process_time_ns() - began) / ROUNDS / parts / 1000)
    return best


def _each(function: Callable[[T], object], values: Sequence[T]) -> Callable[[], None]:
    def work() -> None:
        for value in values:
            function(value)

    return work


def requests(texts: Sequence[bytes]) -> list[OpRequest]:
    """Messages as they are read."""
    found = [read_message(text) for text in texts]
    assert all(isinstance(one, OpRequest) for one in found), found
    return [one for one in found if isinstance(one, OpRequest)]


def proposals(ops: Sequence[OpRequest]) -> list[tuple[Proposal, ClientId]]:
    """Requests as the commit proposes them."""
    return [
        (Proposal(one.op, one.op_id.counter, one.seen, None), one.op_id.client) for one in ops if one.op_id
    ]


def board_of(texts: Sequence[bytes]) -> tuple[Board, dict[ClientId, Author]]:
    """A board on which these ops are, and their authors."""
    board = Board()
    authors: dict[ClientId, Author] = {}
    for start in range(0, len(texts), BATCH):
        acceptance = Acceptance(board)
        decided = []
        for proposal, client in proposals(requests(texts[start : start + BATCH])):
            decided.append(acceptance.accept(proposal, authors.setdefault(client, Author(client))))
        for one in decided:
            assert isinstance(one, Accepted), one
            board.apply(StampedOp(board.seq + 1, one.stamp, one.op, one.joined))
    return board, authors


def accepting(texts: Sequence[bytes]) -> Callable[[], list[Accepted | Rejected]]:
    """One batch, decided on again and again on the same board."""
    board, authors = board_of(strokes(200))
    batch = proposals(requests(texts))

    def work() -> list[Accepted | Rejected]:
        acceptance = Acceptance(board)
        fresh = {client: Author(client, author.counter, author.lamport) for client, author in authors.items()}
        return [acceptance.accept(proposal, fresh[client]) for proposal, client in batch]

    return work


def acks(ops: Sequence[OpRequest]) -> Callable[[], bytes]:
    """The acks of a batch, as the commit gives them to one session."""

    def work() -> bytes:
        return codec.encode(
            [
                messages.Ack(
                    opId=str(one.op_id), id=one.op.element, seq=1234, at=AT, durable="memory", ts=one.ts
                )
                for one in ops
            ]
        )

    return work


def cursors() -> Callable[[], bytes]:
    """A `cursors` message of a batch of pointers that moved."""
    presence = Presence()
    sessions = [SessionId(f"s-abcdefghij{n:02}") for n in range(BATCH)]
    for session in sessions:
        presence.enter(Profile(session, ClientId("c"), "", ""))

    def work() -> bytes:
        for n, session in enumerate(sessions):
            presence.point(session, Pointer(x=n + 0.25, y=2.0 * n))
        return encode_pointers(presence.take_moved())

    return work


def op_steps(texts: list[bytes]) -> list[float]:
    """What one op of these texts pays at each step."""
    ops, frames = requests(texts), [masked(text) for text in texts]
    scanner = FrameScanner()
    accept = accepting(texts)
    accepted = [one for one in accept() if isinstance(one, Accepted)]
    assert len(accepted) == len(ops), accept()
    pairs = list(zip(accepted, (one.content for one in ops), strict=True))
    bodies = [codec.encode_body(one, AT, content) for one, content in pairs]
    batched = b"".join(frames)
    array = b"[" + b",".join(texts) + b"]"
    return [
        float(len(texts[0])),
        cost(_each(scanner.feed, frames), BATCH),
        cost(lambda: scanner.feed(batched), BATCH),
        cost(_each(split_frame, texts), BATCH),
        cost(lambda: split_frame(array), BATCH),
        cost(_each(read_message, texts), BATCH),
        cost(accept, BATCH),
        cost(_each(lambda pair: codec.encode_body(pair[0], AT, pair[1]), pairs), BATCH),
        cost(_each(lambda body: codec.number_body(1234, body), bodies), BATCH),
        cost(acks(ops), BATCH),
    ]


def _read_alone(text: bytes) -> object:
    texts = split_frame(text)
    assert isinstance(texts, list)
    return read_message(texts[0])


STEPS = (
    "bytes as sent", "scan, a frame at a time", "scan, 16 frames at once", "split an object",
    "split an array of 16", "read_message", "accept", "encode_body", "number_body", "ack",
)  # fmt: skip


def main() -> None:
    """Print the table."""
    os.sched_setaffinity(0, {0})
    gc.collect()
    gc.freeze()
    kinds = {"stroke": strokes(200 + BATCH)[200:], "append": appends(BATCH), "set": sets(BATCH)}
    columns = {name: op_steps(texts) for name, texts in kinds.items()}
    rows = [[step, *(f"{column[n]:.2f}" for column in columns.values())] for n, step in enumerate(STEPS)]
    paid = [sum(column[n] for n in (1, 3, 5, 6, 7, 8, 9)) for column in columns.values()]
    rows.append(["an op in a frame of its own", *(f"{one:.2f}" for one in paid)])
    print(table(["us per op", *columns], rows))
    refusal = Rejected(RejectCode.NOT_AUTHOR, "stroke 'e' belongs to somebody", "$.id")
    rest = [
        ("cursor: split, read_message", cost(_each(_read_alone, CURSORS), BATCH)),
        ("cursor: note, share of a `cursors` of 16", cost(cursors(), BATCH)),
        ("reject", cost(lambda: codec.encode_reject("c-1:4", "e", refusal), 1)),
    ]
    print()
    print(table(["us", "each"], [[name, f"{value:.2f}"] for name, value in rest]))


if __name__ == "__main__":
    main()
