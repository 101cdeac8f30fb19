"""Board <-> bytes: the parts that clients get, and the checkpoint that opening a board starts from.

Parts hold element states, which join in any order, so a part made a moment later than the one before
it is no fault: it only holds more. Tombstoned elements are in neither: they are kept one by one
beside the checkpoint and come back when an op touches them.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from whiteboard.core.board import Board
from whiteboard.core.elements import Element
from whiteboard.core.ops import Json
from whiteboard.ids import ClientId, ElementId

FORMAT: Final = 1


class _Checkpoint(msgspec.Struct):
    format: int
    seq: int
    clock: dict[ClientId, int]
    elements: list[msgspec.Raw]


class _Identified(msgspec.Struct):
    id: ElementId


_decode_checkpoint = msgspec.json.Decoder(_Checkpoint).decode
_decode_id = msgspec.json.Decoder(_Identified).decode


def head(board: Board) -> Json:
    """A checkpoint's first bytes: everything but the elements. `finish` makes it whole."""
    return msgspec.json.encode({"format": FORMAT, "seq": board.seq, "clock": board.clock})


def finish(head: Json, states: Iterable[Json]) -> Json:
    """A whole checkpoint of a head and the states of the elements that are not deleted.

    The states may be younger than the head: opening applies the ops after `seq` once more, and
    merging twice changes nothing. So a large board is dumped in slices, without stopping it.
    """
    return head[:-1] + b',"elements":[' + b",".join(states) + b"]}"


def dump(board: Board) -> Json:
    """The board as one checkpoint; tombstoned elements are left out."""
    return finish(head(board), (one.state() for one in board if not one.is_deleted))


def begin(body: Json) -> tuple[Board, list[Json]]:
    """A checkpoint taken apart: a board without elements, and the element states to `join` to it.

    Raises ValueError for what is no checkpoint.
    """
    try:
        checkpoint = _decode_checkpoint(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(f"no checkpoint: {error}") from error
    if checkpoint.format != FORMAT:
        raise ValueError(f"checkpoint has format {checkpoint.format}, this version reads {FORMAT}")
    board = Board()
    board.start_at(checkpoint.seq)
    for client, counter in checkpoint.clock.items():
        board.note_counter(client, counter)
    return board, [bytes(state) for state in checkpoint.elements]


def join(board: Board, states: Iterable[Json]) -> None:
    """Merge element states, whatever their elements. Raises ValueError for what is no state."""
    for state in states:
        try:
            element = _decode_id(state).id
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ValueError(f"no element state: {error}") from error
        board.join(element, state)


def load(body: Json) -> Board:
    """The board that `dump` wrote. Raises ValueError for anything else."""
    board, states = begin(body)
    join(board, states)
    return board


class Parts:
    """Elements dealt out to snapshot parts of about `size_bytes`; at least one part, perhaps empty.

    Sizes are estimates, so that parts can be encoded one by one when they are sent. Deleted elements
    are left out.
    """

    def __init__(self, size_bytes: int) -> None:
        self.dealt: list[list[Element]] = [[]]
        self._size_bytes = size_bytes
        self._filled = 0

    def deal(self, elements: Iterable[Element]) -> None:
        """Deal out some more elements: a large board is dealt in slices, without stopping it."""
        for element in elements:
            if element.is_deleted:
                continue
            size_bytes = element.size_bytes
            if self.dealt[-1] and self._filled + size_bytes > self._size_bytes:
                self.dealt.append([])
                self._filled = 0
            self.dealt[-1].append(element)
            self._filled += size_bytes
