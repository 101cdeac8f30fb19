"""The order that decides merges, and the causal context it is derived from. Pure arithmetic.

Theory of operation
-------------------
An op is written by a client who had seen some other ops: its *causal context*. On this wire it is
`seen` (everything with seq <= seen) plus a vector clock for what lies beyond, in which the author's
own entry always stands. Two ops may be concurrent, so contexts form a partial order only, and
breaking its ties pair by pair is not transitive: three ops can beat each other in a circle, and
replicas that met them in different orders then differ for ever.

So every op gets one number at acceptance, its *lamport* rank:

    2 * head + 1    if nobody else's op was stored after `seen`: its author had seen all up to head
    2 * seen        otherwise

raised to the rank of the author's op before it and lowered to that of the one after it, where before and
after are meant by counter: an author counts its ops in the order in which it wrote them, which may not
be the one in which they come. Stamps (rank, client, counter) are compared as tuples: a total order that
depends on the ops alone.

It extends causality. One author's ranks never fall while its counters rise, and counters break ties.
Say b's author had seen a, by somebody else. a was stored at a.seq with head < a.seq, so its rank is
below 2 * a.seq (if it was raised, then to that of an older op), and b's is 2 * b.seen >= 2 * a.seq at
least. Nothing lowers that but a later op of an author who then claims to have seen less.

It keeps stale edits from winning: someone who comes back from a tunnel with seen = 10 loses every
property to edits that were made in sight of op 11 or later, and to every edit by somebody who was up to
date then, op 11 itself among them; whether what they draw after their return came first does not
matter. `seen` is clamped to the board's head, so no client can buy itself a rank.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from whiteboard.ids import MAX_COUNTER, ClientId, OpId

_INITIAL: Final = MAX_COUNTER + 1
"""Above every lamport number that a browser's doubles can hold, and so above any that there will be."""


class Stamp(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """An op's place in the deciding order; greater wins a last-writer-wins register.

    Compared and encoded as the array of its fields.
    """

    lamport: int
    """Rank at acceptance, >= 0."""
    client: ClientId
    counter: int

    @property
    def op_id(self) -> OpId:
        """The op that carries this stamp."""
        return OpId(self.client, self.counter)

    @property
    def initial(self) -> "Stamp":
        """The stamp at which a create writes its properties: below every set, in the order of creates.

        A set that comes before its create is thus merged as if it had come after it.
        """
        return Stamp(self.lamport - _INITIAL, self.client, self.counter)


class Rank(NamedTuple):
    """What is known of one op of a client whose ranks are to be kept in order."""

    counter: int
    lamport: int


class Ranks:
    """Ranks of some ops of one client: as counters rise, they never fall."""

    def __init__(self, known: Iterable[Rank] = ()) -> None:
        self._known = sorted(known)

    def add(self, known: Rank) -> None:
        """Take note of one more op."""
        insort(self._known, known)

    def place(self, counter: int, lamport: int) -> int:
        """The rank of a new op that would have `lamport` if it were its author's only one."""
        below = bisect_left(self._known, counter, key=_counter)
        above = bisect_right(self._known, counter, key=_counter)
        if below:
            lamport = max(lamport, self._known[below - 1].lamport)
        if above < len(self._known):
            lamport = min(lamport, self._known[above].lamport)
        return lamport


def _counter(rank: Rank) -> int:
    return rank.counter


def covers(clock: Mapping[ClientId, int], other: Mapping[ClientId, int]) -> bool:
    """Whether whoever knows `clock` has seen everything that `other` counts."""
    return all(clock.get(client, 0) >= counter for client, counter in other.items())
