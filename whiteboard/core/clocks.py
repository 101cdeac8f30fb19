"""The order that decides merges, and the causal context it is derived from. Pure arithmetic.

Theory of operation
-------------------
An op is written by a client who had seen some other ops: its *causal context*. On this wire it is
`seen` (everything with seq <= seen) plus a vector clock for what lies beyond, in which the author's
own entry always stands. Two ops may be concurrent, so contexts form a partial order only, and
breaking its ties pair by pair is not transitive: three ops can beat each other in a circle, and
replicas that met them in different orders then differ for ever.

So every op gets one number at acceptance, its *lamport* rank:

    rank = max(2 * seen + fresh, the author's previous rank)

where `fresh` is 1 when nobody else's op was stored after `seen` by then. Stamps
(rank, client, counter) are compared as tuples: a total order that depends on the ops alone.

It extends causality. Say b's author had seen a. If they are different clients, a reached b's
author through the board, so a.seen < a.seq <= b.seen, hence 2*a.seen + 1 < 2*b.seen, and a's raised
rank comes from an older op of the same author, which b's author had seen too. If they are one
client, b's rank is at least a's and b's counter is higher.

It keeps stale edits from winning: someone who comes back from a tunnel with seen = 10 loses every
property to edits that were made in sight of op 11 or later, and also (through `fresh`) to the edit
that became op 11 itself. `seen` is clamped to the board's seq, so no client can buy itself a rank.
"""

from collections.abc import Mapping
from typing import NamedTuple

from whiteboard.ids import ClientId, OpId


class Stamp(NamedTuple):
    """An op's place in the deciding order; greater wins a last-writer-wins register."""

    lamport: int
    """Rank at acceptance, >= 0."""
    client: ClientId
    counter: int

    @property
    def op_id(self) -> OpId:
        """The op that carries this stamp."""
        return OpId(self.client, self.counter)


def rank(seen: int, *, is_fresh: bool, previous: int) -> int:
    """The lamport rank of an op whose author had seen everything up to `seen`.

    Args:
        seen: board seq, 0 or more, not above the board's own.
        is_fresh: nobody else's op was stored after `seen` when this one was accepted.
        previous: the author's highest rank so far, 0 for the first op.
    """
    return max(2 * seen + is_fresh, previous)


def covers(clock: Mapping[ClientId, int], other: Mapping[ClientId, int]) -> bool:
    """Whether whoever knows `clock` has seen everything that `other` counts."""
    return all(clock.get(client, 0) >= counter for client, counter in other.items())
