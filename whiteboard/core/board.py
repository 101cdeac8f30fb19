"""The board: elements by id, merged from ops in any order. Pure; knows no room and no socket.

`apply` never refuses: what a replica meets was accepted once and must merge everywhere alike, so
whatever depends on state (limits, authorship) is judged before an op is stored, in `acceptance.py`.
"""

from collections.abc import Iterable, Iterator, Mapping

from whiteboard.core.elements import Element
from whiteboard.core.ops import Json, StampedOp
from whiteboard.core.outcomes import Applied, Ignored
from whiteboard.ids import ClientId, ElementId
from whiteboard.limits import MAX_CLOCK_CLIENTS


class Board:
    """One replica of a board."""

    def __init__(self) -> None:
        self.seq = 0
        """Highest seq applied."""
        self.size_bytes = 0
        """About what all elements in memory take as JSON."""
        self._elements: dict[ElementId, Element] = {}
        self._clock: dict[ClientId, int] = {}
        self._last_author: ClientId | None = None
        self._last_seq = 0
        self._head_before_author = 0
        # highest seq by anybody but the last author: with these three, `foreign_head` needs no table

    def __len__(self) -> int:
        """Elements in memory: visible, deleted, and those whose create has not come yet."""
        return len(self._elements)

    def __iter__(self) -> Iterator[Element]:
        return iter(self._elements.values())

    def __contains__(self, element: object) -> bool:
        return element in self._elements

    @property
    def clock(self) -> Mapping[ClientId, int]:
        """Vector clock: highest counter per client, of the MAX_CLOCK_CLIENTS most recent clients."""
        return self._clock

    def get(self, element: ElementId) -> Element | None:
        """The element, whatever its state, or None when nothing is known of it."""
        return self._elements.get(element)

    def apply(self, stamped: StampedOp) -> Applied | Ignored:
        """Merge an accepted op. Any order, any repetition gives the same board (R4)."""
        self._advance(stamped.seq, stamped.stamp.client)
        self.note_counter(stamped.stamp.client, stamped.stamp.counter)
        element, before = self._element(stamped.op.element)
        changed = element.apply(stamped.op, stamped.stamp)
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
            element = self._elements.pop(element_id, None)
            if element is not None:
                self.size_bytes -= element.size_bytes

    def visible(self) -> list[Element]:
        """Visible elements from bottom to top."""
        return sorted((one for one in self if one.is_visible), key=lambda one: one.draw_key)

    def deleted(self) -> list[Element]:
        """Elements under a tombstone."""
        return [one for one in self if one.is_deleted]

    def _advance(self, seq: int, author: ClientId) -> None:
        if seq <= self.seq:
            return
        if author != self._last_author:
            self._head_before_author = self._last_seq
            self._last_author = author
        self.seq = self._last_seq = seq

    def _element(self, element: ElementId) -> tuple[Element, int]:
        """The element, or a new one that is not kept yet; and what it counts for so far."""
        known = self._elements.get(element)
        return (Element(element), 0) if known is None else (known, known.size_bytes)

    def _keep(self, element: Element, changed: bool, before: int) -> bool:
        """Hold on to an element of which something is known: an empty append alone makes none."""
        if changed:
            self._elements[element.id] = element
            self.size_bytes += element.size_bytes - before
        return changed
