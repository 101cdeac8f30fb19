"""Elements at rest: the encoded states of those that nothing has touched for a while, in parts. Pure.

Theory of operation
-------------------
An element is *awake* (an object that ops merge into) or *at rest* (its state, as JSON text). Awake it
takes some 1.5 KiB, at rest with twenty points some 400 bytes, and 120 once its part is deflated.

A part holds about REST_PART_BYTES of states. It is the unit of everything that costs: deflating it,
inflating it to wake an element, sending it. It is in one of three forms:

    open      states by element: elements come and go
    rows      the states in a row, in a text of their own or where the board's checkpoint has them
    packed    the text as a deflated piece

A part remembers its piece after an element has been woken from it. The piece then holds an old state
of that element, which does no harm in a snapshot: states join, and the newer one is sent as well. Only
when an element has been deleted, or laid into the part, the piece is wrong and is dropped.
"""

from typing import NamedTuple

import msgspec

from whiteboard.core.ops import Json
from whiteboard.core.pieces import deflate, inflate
from whiteboard.ids import ElementId


class _Identified(msgspec.Struct, gc=False):
    id: ElementId


_decode_states = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_ids = msgspec.json.Decoder(list[_Identified]).decode


class Rows(NamedTuple):
    """Element states within a text, in a row with commas between: from `start` up to `end`.

    Who holds some holds the text: a checkpoint that is opened is one buffer, which goes in one piece when all its
    parts have been packed, and leaves no gaps between what lives.
    """

    text: Json
    start: int
    end: int

    @property
    def whole(self) -> Json:
        """A copy of these states."""
        return self.text[self.start : self.end]


class Still(NamedTuple):
    """A part as it was at some moment."""

    part: "Part"
    changes: int
    """How often the part had changed by then."""
    kept: Rows | bytes
    """The states, or the piece."""

    @property
    def text(self) -> Json:
        """The states of the elements that were at rest in the part, in a row with commas."""
        return self.kept.whole if isinstance(self.kept, Rows) else inflate(self.kept)

    def states(self) -> dict[ElementId, Json]:
        """The same by element."""
        return _split(self.text)


class Part:
    """States of elements at rest, and the piece that snapshots are made of."""

    __slots__ = ("_changes", "_is_exact", "_piece", "_rows", "_states", "_steps", "members", "size_bytes")

    def __init__(self, rows: Rows | None = None, members: int = 0) -> None:
        """A part with the states of so many elements, or an empty one."""
        self.members = members
        """Elements whose place this is, those among them too that are awake."""
        self.size_bytes = 0 if rows is None else rows.end - rows.start - (members - 1)
        """Of the states at rest here, without the commas between."""
        self._states: dict[ElementId, Json] | None = {} if rows is None else None
        self._rows = rows
        self._piece: bytes | None = None
        self._steps: bytes | None = None
        self._is_exact = False
        # whether the piece holds the states at rest here and nothing else
        self._changes = 0

    @property
    def piece(self) -> bytes | None:
        """A deflated piece of all states at rest here, and perhaps of older ones of elements awake; empty for none."""
        return self._piece

    @property
    def steps(self) -> bytes | None:
        """The same with points as steps, which only snapshots are made of; kept while somebody asks for them."""
        return self._steps

    @property
    def is_packed(self) -> bool:
        """Whether nothing but the piece is kept."""
        return self._states is None and self._rows is None

    def take(self, element: ElementId) -> Json:
        """Wake an element: its state, which is not at rest here any more."""
        states = self._open()
        state = states.pop(element)
        self.size_bytes -= len(state)
        self._change()
        return state

    def put(self, element: ElementId, state: Json) -> None:
        """Lay an element to rest here."""
        self._open()[element] = state
        self.size_bytes += len(state)
        self.spoil()

    def spoil(self) -> None:
        """Something of the piece must not be shown any more."""
        if self.is_packed:
            self._open()
        self._change()
        self._piece = self._steps = None

    def close(self) -> None:
        """Nothing more is expected to come or go: make one text of the states."""
        if self._states:
            text = b",".join(self._states.values())
            self._rows, self._states = Rows(text, 0, len(text)), None

    def still(self) -> Still:
        """The part as it is now; costs a text when it is open."""
        if self._piece is not None and self._is_exact:
            return Still(self, self._changes, self._piece)
        if self._rows is not None:
            return Still(self, self._changes, self._rows)
        text = b",".join(self._open().values())
        return Still(self, self._changes, Rows(text, 0, len(text)))

    def keep(self, still: Still, piece: bytes) -> None:
        """Keep a piece of the text that the part had, and nothing else, if it has that text still."""
        if still.changes == self._changes:
            self._piece, self._is_exact = piece, True
            self._states = self._rows = None

    def keep_steps(self, still: Still, piece: bytes) -> None:
        """Keep a piece of the text that the part had, with points as steps, if it has that text still."""
        if still.changes == self._changes:
            self._steps = piece

    def drop_steps(self) -> None:
        """Nobody has asked for them lately."""
        self._steps = None

    def drop_spare(self) -> int:
        """Let go of pieces that nothing but the next snapshot would save work by; about how many bytes."""
        spare = len(self._steps or b"")
        self._steps = None
        if self._piece is not None and not self.is_packed:
            spare += len(self._piece)
            self._piece, self._is_exact = None, False
        return spare

    def pack(self) -> None:
        """Bring the part into its smallest form; for REST_PART_BYTES about 0.2 ms."""
        still = self.still()
        if isinstance(still.kept, Rows):
            text = still.kept.whole
            self.keep(still, deflate(text) if text else b"")

    def _change(self) -> None:
        self._changes += 1
        self._is_exact = False

    def _open(self) -> dict[ElementId, Json]:
        """The states by element."""
        if self._states is None:
            self._states, self._rows = _split(self.still().text), None
        return self._states


def _split(text: Json) -> dict[ElementId, Json]:
    array = b"[" + text + b"]"
    ids = _decode_ids(array)
    return {one.id: bytes(state) for one, state in zip(ids, _decode_states(array), strict=True)}
