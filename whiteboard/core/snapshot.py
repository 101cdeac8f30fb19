"""Board <-> bytes: the checkpoint that opening a board starts from. Pure.

A checkpoint holds element states, which join in any order, so states made a moment later than the head
are no fault: they only hold more. Tombstoned elements are not in it: they are kept one by one beside it
and come back when an op touches them.

Opening does not read the elements themselves. A slice of the text is checked for its form, and its elements are at
rest where they are, in the text; only what cannot rest is merged there and then.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from whiteboard.core.board import Board
from whiteboard.core.ops import ElementType, Json
from whiteboard.core.rest import Rows
from whiteboard.ids import ClientId, ElementId
from whiteboard.limits import REST_PART_BYTES

FORMAT: Final = 1
_ELEMENTS: Final = b',"elements":['
_END: Final = b"]}"
_SEAM: Final = b'},{"id":'
"""Between two states, and perhaps within a property's value, but in no string: there quotes have a backslash."""


class _Head(msgspec.Struct):
    format: int
    seq: int
    clock: dict[ClientId, int]


class _Checkpoint(_Head):
    elements: list[msgspec.Raw]


class _State(msgspec.Struct, gc=False):
    """What is checked of a state before its element rests: the rest of it cannot fail to be read later."""

    id: ElementId
    type: ElementType | None = None
    created: tuple[int, ClientId, int] | None = None
    stamps: dict[str, tuple[int, ClientId, int]] | None = None
    deleted: bool = False
    points: msgspec.Raw = msgspec.Raw(b"[]")
    ink: dict[ClientId, list[tuple[int, list[msgspec.Raw]]]] | None = None

    @property
    def can_rest(self) -> bool:
        """Whether it is a visible element with points where points belong."""
        is_visible = self.created is not None and self.type is not None and not self.deleted
        return is_visible and bytes(self.points).startswith(b"[")


_decode_head = msgspec.json.Decoder(_Head).decode
_decode_checkpoint = msgspec.json.Decoder(_Checkpoint).decode
_decode_states = msgspec.json.Decoder(list[_State]).decode
_decode_raw = msgspec.json.Decoder(list[msgspec.Raw]).decode


def head(board: Board) -> Json:
    """A checkpoint's first bytes: everything but the elements. `texts` and `finish` make it whole."""
    return msgspec.json.encode({"format": FORMAT, "seq": board.seq, "clock": board.clock})


def texts(head: Json, states: Iterable[Json]) -> Iterator[Json]:
    """A whole checkpoint, text by text, of a head and the states of the elements that are not deleted.

    The states may be younger than the head: opening applies the ops after `seq` once more, and
    merging twice changes nothing. So a large board is dumped in slices, without stopping it.
    """
    before = head[:-1] + _ELEMENTS
    for state in states:
        yield before
        yield state
        before = b","
    yield before + _END if before != b"," else _END


def finish(head: Json, states: Iterable[Json]) -> Json:
    """The same in one."""
    return b"".join(texts(head, states))


def dump(board: Board) -> Json:
    """The board as one checkpoint; tombstoned elements are left out."""
    resting = [text for part in board.parts() if (text := part.still().text)]
    awake = [one.state() for one in board.awake() if not one.is_deleted]
    return finish(head(board), resting + awake)


def begin(body: Json) -> tuple[Board, Rows]:
    """A checkpoint taken apart: a board without elements, and the element states to `join` to it.

    Raises ValueError for what is no checkpoint.
    """
    try:
        found, rows = _take_apart(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(f"no checkpoint: {error}") from error
    if found.format != FORMAT:
        raise ValueError(f"checkpoint has format {found.format}, this version reads {FORMAT}")
    board = Board()
    board.start_at(found.seq)
    for client, counter in found.clock.items():
        board.note_counter(client, counter)
    return board, rows


def _take_apart(body: Json) -> tuple[_Head, Rows]:
    start = body.find(_ELEMENTS)
    if start >= 0 and body.endswith(_END):
        return _decode_head(body[:start] + b"}"), Rows(body, start + len(_ELEMENTS), len(body) - len(_END))
    checkpoint = _decode_checkpoint(body)  # written with other white space, or none at all
    text = b",".join(checkpoint.elements)
    return checkpoint, Rows(text, 0, len(text))


def join(board: Board, rows: Rows) -> Iterator[int]:
    """Merge element states, about REST_PART_BYTES of them at each step; yields how many so far.

    Raises ValueError for what is no state.
    """
    count = 0
    for some, states in _slices(rows):
        is_laid = all(one.can_rest for one in states) and board.lay_part(some, [one.id for one in states])
        if not is_laid:
            for one, state in zip(states, _decode_raw(b"[" + some.whole + b"]"), strict=True):
                board.join(one.id, bytes(state))
        count += len(states)
        yield count


def _slices(rows: Rows) -> Iterator[tuple[Rows, list[_State]]]:
    """The states in slices that begin and end between two of them."""
    start = rows.start
    while start < rows.end:
        some, states = _slice(rows, start)
        yield some, states
        start = some.end + 1


def _slice(rows: Rows, start: int) -> tuple[Rows, list[_State]]:
    """The next states: up to the first seam after REST_PART_BYTES that is one.

    A seam within a value leaves brackets open, so the slice does not read, and a larger one is tried.
    """
    size_bytes = REST_PART_BYTES
    while True:
        seam = rows.text.find(_SEAM, start + size_bytes, rows.end)
        end = rows.end if seam < 0 else seam + 1
        some = Rows(rows.text, start, end)
        try:
            if not (text := some.whole).isascii():
                text.decode()
            return some, _decode_states(b"[" + text + b"]")
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            if end == rows.end:
                raise ValueError(f"no element state: {error}") from error
        size_bytes *= 2


def load(body: Json) -> Board:
    """The board that `dump` wrote. Raises ValueError for anything else."""
    board, rows = begin(body)
    for _ in join(board, rows):
        pass
    return board
