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

from whiteboard.core.board import Board
from whiteboard.core.elements import Element
from whiteboard.core.pieces import LEVEL_ONCE, deflate, stored
from whiteboard.core.rest import Still
from whiteboard.limits import (
    HOT_OPS,
    REST_PART_BYTES,
    SLICE,
    SNAPSHOT_LAG_OPS,
    SNAPSHOT_LOOKS,
    SNAPSHOT_PART_BYTES,
    SNAPSHOT_SHARE,
)
from whiteboard.protocol.codec import END_OF_SNAPSHOT_PART, begin_snapshot_part
from whiteboard.protocol.packed import Packed

_COMMA = stored(b",")
_END = stored(END_OF_SNAPSHOT_PART)


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
        self.made: Snapshot | None = None
        """The newest one, while somebody asks for it now and then."""
        self._looks = 0
        # of the upkeep, since somebody asked
        self._turn = trio.Lock()

    async def newest(self, board: Board) -> Snapshot:
        """A snapshot that is new enough. Cancellation leaves what was deflated for the next who asks."""
        self._looks = 0
        if self.made is None or not _serves(self.made, board):
            async with self._turn:
                if self.made is None or not _serves(self.made, board):
                    self.made = await _make(board)
                return self.made
        return self.made

    def look(self) -> None:
        """Let the snapshot go when nobody has asked for it at SNAPSHOT_LOOKS of these."""
        self._looks += 1
        if self._looks > SNAPSHOT_LOOKS:
            self.made = None


def _serves(made: Snapshot, board: Board) -> bool:
    return board.seq - made.seq <= min(len(board) // SNAPSHOT_SHARE, SNAPSHOT_LAG_OPS)


async def _make(board: Board) -> Snapshot:
    await _rest(board)
    seq, awake = board.seq, board.awake()
    kept = [(part.piece, part.size_bytes) if part.piece else part.still() for part in board.parts()]
    portions = []
    for one in kept:
        if isinstance(one, Still):
            portions += await _deflate_part(one)
        else:
            portions.append(_Portion(*one))
    portions += await _deflate_awake(awake)
    groups = list(_grouped(portions))
    return Snapshot(
        seq, tuple(_message(seq, number, len(groups), group) for number, group in enumerate(groups, start=1))
    )


async def _rest(board: Board) -> None:
    """Lay to rest what the newest ops have not met: their parts are encoded once, not for each snapshot."""
    awake = board.awake()
    for start in range(0, len(awake), SLICE):
        board.rest(awake[start : start + SLICE], board.seq - HOT_OPS)
        await trio.lowlevel.checkpoint()


async def _deflate_part(still: Still) -> list[_Portion]:
    text = still.text
    if not text:
        return []
    piece = deflate(text)
    still.part.keep(still, piece)
    await trio.lowlevel.checkpoint()
    return [_Portion(piece, len(text))]


async def _deflate_awake(awake: list[Element]) -> list[_Portion]:
    portions = []
    for some in _slices(awake):
        text = b",".join(one.state() for one in some if not one.is_deleted)
        if text:
            portions.append(_Portion(deflate(text, LEVEL_ONCE), len(text)))
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
