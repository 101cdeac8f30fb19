"""Board <-> bytes: the parts that clients get, and the checkpoint that opening a board starts from.

Parts hold element states, which join in any order, so a part made a moment later than the one before
it is no fault: it only holds more. Tombstoned elements are in neither: they are kept one by one
beside the checkpoint and come back when an op touches them (rule 5).
"""

from collections.abc import Iterable, Iterator
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


def dump(board: Board) -> Json:
    """The board as one checkpoint; tombstoned elements are left out."""
    head = msgspec.json.encode({"format": FORMAT, "seq": board.seq, "clock": board.clock})
    states = b",".join(element.state() for element in board if not element.is_deleted)
    return head[:-1] + b',"elements":[' + states + b"]}"


def load(body: Json) -> Board:
    """The board that `dump` wrote. Raises ValueError for anything else."""
    try:
        checkpoint = _decode_checkpoint(body)
    except msgspec.MsgspecError as error:
        raise ValueError(f"no checkpoint: {error}") from error
    if checkpoint.format != FORMAT:
        raise ValueError(f"checkpoint has format {checkpoint.format}, this version reads {FORMAT}")
    board = Board()
    board.start_at(checkpoint.seq)
    for client, counter in checkpoint.clock.items():
        board.note_counter(client, counter)
    for state in checkpoint.elements:
        board.join(_decode_id(state).id, bytes(state))
    return board


def parts(elements: Iterable[Element], size_bytes: int) -> Iterator[list[Json]]:
    """Element states in lists of about `size_bytes`; at least one list, perhaps empty.

    Lazily: each list is encoded when it is asked for. Deleted elements are left out.
    """
    part: list[Json] = []
    filled = 0
    is_first = True
    for element in elements:
        if element.is_deleted:
            continue
        state = element.state()
        if part and filled + len(state) > size_bytes:
            yield part
            part, filled, is_first = [], 0, False
        part.append(state)
        filled += len(state)
    if part or is_first:
        yield part
