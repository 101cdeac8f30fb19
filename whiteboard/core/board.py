"""The board: elements by id, merged from ops in any order. Pure; knows no room and no socket.

`apply` never refuses: what a replica meets was accepted once and must merge everywhere alike, so
whatever depends on state (limits, authorship) is judged before an op is stored, in `acceptance.py`.

Elements that nothing touches are laid to rest in parts (`rest.py`) by whoever owns the board, and wake by
themselves. Only visible ones rest: one under a tombstone, or without its create, stays awake.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from whiteboard.core.elements import Element
from whiteboard.core.ops import Json, StampedOp
from whiteboard.core.outcomes import Applied, Ignored
from whiteboard.core.rest import Part, Rows
from whiteboard.ids import ClientId, ElementId
from whiteboard.limits import (
    HOT_OPS,
    HOT_OPS_OF_CLIENT,
    LEAST_HOT_OPS,
    MAX_CLOCK_CLIENTS,
    REST_PART_BYTES,
    YOUNG_PARTS,
)


class Board:
    """One replica of a board."""

    def __init__(self) -> None:
        self.seq = 0
        """Highest seq applied."""
        self.size_bytes = 0
        """About what all elements in memory take as JSON."""
        self._awake: dict[ElementId, Element] = {}
        self._homes: dict[ElementId, Part] = {}
        # where elements are at rest, or were when they were woken
        self._parts: dict[Part, None] = {}  # a set that keeps the order of age
        self._newest = Part()
        self._resting = 0
        self._clock: dict[ClientId, int] = {}
        self._last_author: ClientId | None = None
        self._last_seq = 0
        self._head_before_author = 0
        # highest seq by anybody but the last author: with these three, `foreign_head` needs no table

    def __len__(self) -> int:
        """Elements in memory: visible, deleted, and those whose create has not come yet."""
        return len(self._awake) + self._resting

    def __iter__(self) -> Iterator[Element]:
        """All elements, to be read only: those at rest go on resting."""
        for part in list(self._parts):
            for element, state in part.still().states().items():
                yield read(element, state)
        yield from list(self._awake.values())

    def __contains__(self, element: object) -> bool:
        return element in self._awake or element in self._homes

    @property
    def clock(self) -> Mapping[ClientId, int]:
        """Vector clock: highest counter per client, of the MAX_CLOCK_CLIENTS most recent clients."""
        return self._clock

    def get(self, element: ElementId) -> Element | None:
        """The element, whatever its state, or None when nothing is known of it. Wakes it."""
        awake = self._awake.get(element)
        if awake is not None or element not in self._homes:
            return awake
        return self._wake(element)

    def apply(self, stamped: StampedOp) -> Applied | Ignored:
        """Merge an accepted op. Any order, any repetition gives the same board (R4)."""
        stamp, op = stamped.stamp, stamped.op
        if stamped.seq > self.seq:
            self._advance(stamped.seq, stamp.client)
        self.note_counter(stamp.client, stamp.counter)
        element = self._awake.get(op.element)
        if element is None:
            element, before = self._element(op.element)
        else:
            before = element.size_bytes
        changed = element.apply(op, stamp)
        if stamped.joined is not None:
            changed |= element.join(stamped.joined)
        return Applied(element.id) if self._keep(element, changed, before) else Ignored(element.id)

    def foreign_head(self, client: ClientId) -> int:
        """Highest seq of an op by anybody else, 0 without any; a loaded board counts all as foreign."""
        return self._head_before_author if client == self._last_author else self._last_seq

    def start_at(self, seq: int) -> None:
        """Begin at a checkpoint's seq; the authors of what it holds count as somebody else."""
        self.seq = self._last_seq = self._head_before_author = seq
        self._last_author = None

    def join(self, element: ElementId, state: Json) -> bool:
        """Merge an element state, as `Element.state` gives it; True when that changed anything.

        Raises ValueError for bytes that are no element state.
        """
        joined, before = self._element(element)
        return self._keep(joined, joined.join(state), before)

    def note_counter(self, client: ClientId, counter: int) -> None:
        """Record in the clock that an op of this client is here."""
        highest = max(self._clock.pop(client, 0), counter)
        self._clock[client] = highest  # re-inserted last: the dict's order is the order of use
        if len(self._clock) > MAX_CLOCK_CLIENTS:
            del self._clock[next(iter(self._clock))]

    def forget(self, elements: Iterable[ElementId]) -> None:
        """Drop elements from memory; whoever calls has kept their state elsewhere."""
        for element_id in elements:
            element = self.get(element_id)
            if element is not None:
                del self._awake[element_id]
                self._leave(element_id)
                self.size_bytes -= element.size_bytes

    def visible(self) -> list[Element]:
        """Visible elements from bottom to top."""
        return sorted((one for one in self if one.is_visible), key=lambda one: one.draw_key)

    def deleted(self) -> list[Element]:
        """Elements under a tombstone."""
        return [one for one in self._awake.values() if one.is_deleted]

    # --- rest ---------------------------------------------------------------------------------

    @property
    def awake_count(self) -> int:
        """Elements that are awake."""
        return len(self._awake)

    @property
    def hot_ops(self) -> int:
        """What the newest so many ops met is about to be met again, by as many people as have drawn here."""
        return min(HOT_OPS, LEAST_HOT_OPS + HOT_OPS_OF_CLIENT * len(self._clock))

    def awake(self) -> list[Element]:
        """Elements that are awake, whatever their state."""
        return list(self._awake.values())

    def parts(self) -> list[Part]:
        """Parts with the elements at rest, the oldest first."""
        return list(self._parts)

    def rest(self, elements: Iterable[Element], untouched_since: int) -> int:
        """Lay to rest those among elements that are visible and that no op after this seq has met; how many."""
        before = self._resting
        for element in elements:
            if (
                element.touched <= untouched_since
                and element.is_visible
                and self._awake.get(element.id) is element
            ):
                self._lay(element)
        return self._resting - before

    def rest_next(self, most: int, untouched_since: int) -> int:
        """As `rest`, of the next so many of those awake, in turn: who asks again and again sees all of them."""
        some = list(islice(self._awake.values(), most))
        laid = self.rest(some, untouched_since)
        if laid < len(some):
            for element in some:
                if self._awake.pop(element.id, None) is not None:
                    self._awake[element.id] = element
        return laid

    def pack_full(self, most: int) -> None:
        """Pack so many of those among the youngest parts that are full and not packed yet, the oldest of them first."""
        young = islice(reversed(self._parts), 1, YOUNG_PARTS + most)  # the first is being filled
        loose = [part for part in young if not part.is_packed]
        for part in loose[-most:]:
            part.pack()

    def lay_part(self, rows: Rows, elements: Sequence[ElementId]) -> bool:
        """Take in visible elements as they are. False, and nothing is done, when one is there already or twice.

        Args:
            rows: their states; they must be readable.
            elements: their ids in the same order, one at least.
        """
        part = Part(rows, len(elements))
        homes = dict.fromkeys(elements, part)
        if len(homes) < len(elements) or any(one in self for one in elements):
            return False
        self._homes |= homes
        self._parts[part] = None
        self._resting += part.members
        self.size_bytes += part.size_bytes
        return True

    def _lay(self, element: Element) -> None:
        state = element.state()
        home = self._homes.get(element.id)
        if home is None or (home.members > 1 and home.size_bytes + len(state) > 2 * REST_PART_BYTES):
            self._leave(element.id)
            home = self._homes[element.id] = self._roomy(len(state))
            home.members += 1
        home.put(element.id, state)
        del self._awake[element.id]
        self._resting += 1
        self.size_bytes += len(state) - element.size_bytes

    def _roomy(self, size_bytes: int) -> Part:
        """The newest part, or a new one when it is full."""
        if self._newest.members and self._newest.size_bytes + size_bytes > REST_PART_BYTES:
            self._newest.close()
            self._newest = Part()
        self._parts.setdefault(self._newest)
        return self._newest

    def _wake(self, element: ElementId) -> Element:
        home = self._homes[element]
        state = home.take(element)
        awake = self._awake[element] = read(element, state)
        awake.touched = self.seq
        self._resting -= 1
        self.size_bytes += awake.size_bytes - len(state)
        return awake

    def _leave(self, element: ElementId) -> None:
        """Let an element have no place among the parts, also not in a piece that was made of one."""
        home = self._homes.pop(element, None)
        if home is not None:
            home.members -= 1
            home.spoil()
            if not home.members:
                self._parts.pop(home)

    # --- merging ------------------------------------------------------------------------------

    def _advance(self, seq: int, author: ClientId) -> None:
        """Come to a seq above ours."""
        if author != self._last_author:
            self._head_before_author = self._last_seq
            self._last_author = author
        self.seq = self._last_seq = seq

    def _element(self, element: ElementId) -> tuple[Element, int]:
        """The element, or a new one that is not kept yet; and what it counts for so far."""
        known = self.get(element)
        return (Element(element), 0) if known is None else (known, known.size_bytes)

    def _keep(self, element: Element, changed: bool, before: int) -> bool:
        """Hold on to an element of which something is known: an empty append alone makes none."""
        element.touched = self.seq
        if changed:
            self._awake[element.id] = element
            self.size_bytes += element.size_bytes - before
            if element.is_deleted:
                self._leave(element.id)
        return changed


def read(element: ElementId, state: Json) -> Element:
    """An element out of its state. Raises ValueError for bytes that are none."""
    found = Element(element)
    found.join(state)
    return found
