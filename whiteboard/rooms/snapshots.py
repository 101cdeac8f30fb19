"""What those who join a board are sent: made once, for all who come within a while.

Theory of operation
-------------------
A snapshot is a seq and the messages that cover it. Whoever joins is sent the newest one that was made,
however old, and the ops since then behind it (RES-8), until these are so many that a new one pays: so
hundreds who join at once share one, also while others draw.

Making one encodes little: elements at rest are in parts that are deflated already, each for as long as
nothing is laid into it or deleted from it. Those awake, the ones that the newest ops met, are encoded
and deflated each time; they come last, so that of an element that was woken the newer state is the later
one. What is to be sent is fixed without an await, by reference; the work is done in slices after that.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import trio

from whiteboard.core import steps
from whiteboard.core.board import Board
from whiteboard.core.elements import Element
from whiteboard.core.pieces import LEVEL_ONCE, deflate, stored
from whiteboard.core.rest import Part, Still
from whiteboard.limits import (
    REST_PART_BYTES,
    REST_SLICE,
    SNAPSHOT_LAG_OPS,
    SNAPSHOT_LOOKS,
    SNAPSHOT_PART_BYTES,
    SNAPSHOT_SHARE,
)
from whiteboard.protocol.codec import END_OF_SNAPSHOT_PART, begin_snapshot_part
from whiteboard.protocol.packed import Packed

_COMMA = stored(b",")
_END = stored(END_OF_SNAPSHOT_PART) + stored(b"")


class Snapshot(NamedTuple):
    """A board as it can be sent."""

    seq: int
    """The ops that it covers, at least."""
    messages: tuple[Packed, ...]


class _Portion(NamedTuple):
    """Some element states, deflated."""

    piece: bytes
    size_bytes: int
    """About what they take as text."""


class Snapshots:
    """The newest snapshot of one board, and the making of the next."""

    def __init__(self) -> None:
        self._made: dict[bool, Snapshot] = {}
        # by whether points are steps
        self._looks = 0
        # of the upkeep, since somebody asked
        self._turn = trio.Lock()

    async def newest(self, board: Board, *, in_steps: bool = False) -> Snapshot:
        """A snapshot that is new enough. Cancellation leaves what was deflated for the next who asks.

        Args:
            in_steps: give the points of strokes as steps where that is shorter.
        """
        made = self.at_hand(board, in_steps=in_steps)
        if made is None:
            async with self._turn:
                made = self.at_hand(board, in_steps=in_steps) or await _make(board, in_steps=in_steps)
                self._made[in_steps] = made
        return made

    def at_hand(self, board: Board, *, in_steps: bool = False) -> Snapshot | None:
        """The newest one, if the ops since it are few enough to be sent behind it."""
        self._looks = 0
        made = self._made.get(in_steps)
        is_old = made is None or board.seq - made.seq > min(len(board) // SNAPSHOT_SHARE, SNAPSHOT_LAG_OPS)
        return None if is_old else made

    def look(self, board: Board) -> None:
        """Let go what nobody has asked for at SNAPSHOT_LOOKS of these."""
        self._looks += 1
        if self._looks > SNAPSHOT_LOOKS and self._made:
            self._made.clear()
            for part in board.parts():
                part.drop_steps()

    def drop(self, board: Board) -> int:
        """Let go of all that can be made again, now; about how many bytes. Who is being sent some of it is sent the rest."""
        dropped = sum(message.own_bytes for made in self._made.values() for message in made.messages)
        self._made.clear()
        return dropped + sum(part.drop_spare() for part in board.parts())


async def _make(board: Board, *, in_steps: bool) -> Snapshot:
    await _rest(board)
    seq, awake = board.seq, board.awake()
    kept = [_kept(part, in_steps=in_steps) or part.still() for part in board.parts()]
    portions = []
    for one in kept:
        portions += [one] if isinstance(one, _Portion) else await _deflate_part(one, in_steps=in_steps)
    portions += await _deflate_awake(awake, in_steps=in_steps)
    groups = list(_grouped(portions))
    messages = []
    for number, group in enumerate(groups, start=1):
        messages.append(_message(seq, number, len(groups), group))
        await trio.lowlevel.checkpoint()
    return Snapshot(seq, tuple(messages))


def _kept(part: Part, *, in_steps: bool) -> _Portion | None:
    """The piece that a part has kept, if it has."""
    piece = part.steps if in_steps else part.piece
    return _Portion(piece, part.size_bytes) if piece else None


async def _rest(board: Board) -> None:
    """Lay to rest what the newest ops have not met: their parts are encoded once, not for each snapshot."""
    awake = board.awake()
    for start in range(0, len(awake), REST_SLICE):
        board.rest(awake[start : start + REST_SLICE], board.seq - board.hot_ops)
        await trio.lowlevel.checkpoint()


async def _deflate_part(still: Still, *, in_steps: bool) -> list[_Portion]:
    text = still.text
    if not text:
        return []
    if in_steps:
        piece = deflate(steps.in_steps(text))
        still.part.keep_steps(still, piece)
    else:
        piece = deflate(text)
        still.part.keep(still, piece)
    await trio.lowlevel.checkpoint()
    return [_Portion(piece, len(text))]


async def _deflate_awake(awake: list[Element], *, in_steps: bool) -> list[_Portion]:
    portions = []
    for some in _slices(awake):
        text = b",".join(one.state() for one in some if not one.is_deleted)
        if text:
            rows = steps.in_steps(text) if in_steps else text
            portions.append(_Portion(deflate(rows, LEVEL_ONCE), len(text)))
        await trio.lowlevel.checkpoint()
    return portions


def _slices(elements: Iterable[Element]) -> Iterator[list[Element]]:
    """Elements by about REST_PART_BYTES of their states."""
    some: list[Element] = []
    size_bytes = 0
    for element in elements:
        some.append(element)
        size_bytes += element.size_bytes
        if size_bytes >= REST_PART_BYTES:
            yield some
            some, size_bytes = [], 0
    if some:
        yield some


def _grouped(portions: Iterable[_Portion]) -> Iterator[list[bytes]]:
    """Pieces by messages of about SNAPSHOT_PART_BYTES; one message at least, perhaps empty."""
    pieces: list[bytes] = []
    size_bytes = 0
    for portion in portions:
        if pieces and size_bytes + portion.size_bytes > SNAPSHOT_PART_BYTES:
            yield pieces
            pieces, size_bytes = [], 0
        pieces.append(portion.piece)
        size_bytes += portion.size_bytes
    yield pieces


def _message(seq: int, number: int, parts: int, pieces: list[bytes]) -> Packed:
    between = [one for piece in pieces for one in (_COMMA, piece)][1:]
    return Packed.of_pieces([stored(begin_snapshot_part(seq, number, parts)), *between, _END])
