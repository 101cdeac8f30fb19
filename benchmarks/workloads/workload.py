"""A workload: what is done to a peer in one round, and which figures come of it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from benchmarks.generator.hall import Played
from benchmarks.peers.peer import Peer

STARVED_SHARE: Final = 0.03
"""Of the time; with less of the cores taken by others, figures stand."""


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of a workload."""

    key: str
    title: str
    digits: int = 0
    is_compared: bool = False
    """Whether it is also shown as a ratio to the yardstick's figure of the same round."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of a workload said of one peer."""

    figures: Mapping[str, float]
    """By the columns' keys; one that is missing could not be had."""
    remarks: Sequence[str] = field(default=())
    """What a reader must know: faults, a starved server, a generator that was the bottleneck."""


class Workload(ABC):
    """One thing to measure."""

    name: str
    title: str
    """A sentence that says what is done."""
    columns: Sequence[Column]

    @abstractmethod
    def measure(self, peer: Peer, earlier: Sequence[Round], *, quick: bool) -> Round:
        """One round on fresh servers. Raises NotRunning, NotSeated, Refused.

        Args:
            peer: what is measured.
            earlier: this peer's rounds so far, to begin near their result.
            quick: whether it is only to be seen that everything works.
        """


def remarks_on(played: Played) -> list[str]:
    """What stands beside the figures of a load that was to be held."""
    remarks = [f"{fault} ({count} times)" for fault, count in played.faults.items()]
    if played.lost:
        remarks.append(f"{played.lost} deliveries not there {played.drained_in:g} s after the last op")
    if played.is_load_bound:
        remarks.append("generator-bound")
    return remarks + starved_remarks(played)


def starved_remarks(played: Played) -> list[str]:
    """Whether others had the server's or the generator's core for a good part of the time."""
    waited = {"server": played.starved, "generator": played.load_starved}
    shares = {name: seconds / played.seconds for name, seconds in waited.items()}
    return [f"{name} starved {share:.0%}" for name, share in shares.items() if share > STARVED_SHARE]
