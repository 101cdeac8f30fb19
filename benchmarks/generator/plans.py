"""Who sends which op when: made before it is played, so that nothing is made while the clock runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from benchmarks.generator.hall import Hall


@dataclass(frozen=True, slots=True)
class Plan:
    """Ops in the order of their moments."""

    seconds: float
    due: Sequence[float]
    """Moments from the beginning, rising."""
    authors: Sequence[int]
    """The client that sends each, by its place in the hall."""
    numbers: Sequence[int]
    """Of the op in the hall's ledger."""
    frames: Sequence[bytes]
    measured_from: float
    """What is sent before that only warms up."""

    @property
    def ops_per_second(self) -> float:
        """As planned."""
        return len(self.due) / self.seconds

    @classmethod
    def at_rate(
        cls, hall: "Hall", ops_per_second: float, seconds: float, seed: int, warm_up: float = 0.25
    ) -> Self:
        """Single ops at random moments, each by a random client of all rooms, as people draw."""
        random = Random(seed)
        due = sorted(random.uniform(0, seconds) for _ in range(round(ops_per_second * seconds)))
        authors = random.choices(range(len(hall.clients)), k=len(due))
        seen = hall.ops_by_room()
        numbers, frames = [], []
        for author in authors:
            client = hall.clients[author]
            number = hall.ledger.enter(client.number)
            numbers.append(number)
            frames.append(client.voice.op(number, seen[client.voice.room]))
            hall.expect(client)
        return cls(seconds, due, authors, numbers, frames, min(warm_up, seconds / 4))
