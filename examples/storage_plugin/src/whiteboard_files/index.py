"""What is known of a board without looking into its file: numbers, places, and who wrote what. Pure."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from whiteboard.ids import ClientId, ElementId, OpId
from whiteboard.storage.ports import ClientRecord, Receipt
from whiteboard_files.records import Place


@dataclass(frozen=True, slots=True)
class Entry:
    """One op of the log."""

    op_id: OpId
    at: int
    lamport: int
    size: int
    """Bytes of its body, not packed."""
    place: Place | None
    """Where its body is; None when it is in a segment."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Bodies of compacted ops, packed."""

    first: int
    last: int
    place: Place


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """A checkpoint in the file."""

    seq: int
    place: Place
    checksum: int


@dataclass(slots=True)
class Writer:
    """One client on one board."""

    key_hash: bytes
    lamport: int = 0
    seqs: dict[int, int] = field(default_factory=dict)
    """Counter -> seq."""
    counters: list[int] = field(default_factory=list)
    """Ascending."""

    def last_up_to(self, counter: int) -> int:
        """Seq of the op with the highest counter up to this one; 0 without one."""
        at = bisect_right(self.counters, counter)
        return self.seqs[self.counters[at - 1]] if at else 0

    def neighbours(self, counter: int) -> Iterator[int]:
        """Seqs of the ops with the next lower and the next higher counter."""
        below, above = bisect_left(self.counters, counter), bisect_right(self.counters, counter)
        for at in (below - 1, above):
            if 0 <= at < len(self.counters):
                yield self.seqs[self.counters[at]]


@dataclass(slots=True)
class Index:
    """One board. Item i of `entries` is the op with seq i + 1."""

    epoch: str
    created_at: int
    updated_at: int
    entries: list[Entry] = field(default_factory=list)
    writers: dict[ClientId, Writer] = field(default_factory=dict)
    segments: list[Segment] = field(default_factory=list)
    checkpoints: list[KeptCheckpoint] = field(default_factory=list)
    """At most two, the newest last."""
    tombstones: dict[ElementId, Place] = field(default_factory=dict)

    @property
    def seq(self) -> int:
        return len(self.entries)

    @property
    def compacted(self) -> int:
        """The last seq that is in a segment."""
        return self.segments[-1].last if self.segments else 0

    @property
    def live_bytes(self) -> int:
        """What a file without anything outdated would hold of bodies."""
        places = [one.place for one in self.entries if one.place is not None]
        places += [one.place for one in self.segments]
        places += [one.place for one in self.checkpoints]
        return sum(place.size for place in [*places, *self.tombstones.values()])

    def add(self, entry: Entry, key_hash: bytes) -> None:
        """Number the next op."""
        self.entries.append(entry)
        self.updated_at = entry.at
        writer = self.writers.setdefault(entry.op_id.client, Writer(key_hash))
        writer.seqs[entry.op_id.counter] = self.seq
        insort(writer.counters, entry.op_id.counter)
        writer.lamport = max(writer.lamport, entry.lamport)

    def add_segment(self, segment: Segment) -> None:
        """Ops' bodies are to be found in a segment from now on."""
        self.segments.append(segment)
        for at in range(segment.first - 1, segment.last):
            one = self.entries[at]
            self.entries[at] = Entry(one.op_id, one.at, one.lamport, one.size, None)

    def add_checkpoint(self, checkpoint: KeptCheckpoint) -> None:
        """Two are kept: the one before is what to fall back on."""
        self.checkpoints = [*self.checkpoints[-1:], checkpoint]

    def receipt(self, op_id: OpId) -> Receipt | None:
        """Of an op that is stored."""
        writer = self.writers.get(op_id.client)
        seq = writer.seqs.get(op_id.counter) if writer else None
        return Receipt(seq, self.entries[seq - 1].at, is_new=False) if seq else None

    def record(self, client: ClientId) -> ClientRecord | None:
        """What is known of a client."""
        writer = self.writers.get(client)
        return ClientRecord(writer.key_hash, writer.counters[-1], writer.lamport) if writer else None

    def ranks_about(self, op_id: OpId) -> list[tuple[int, int]]:
        """(counter, lamport) of the stored ops on both sides of a counter."""
        writer = self.writers.get(op_id.client)
        found: Iterable[int] = writer.neighbours(op_id.counter) if writer else ()
        return [(self.entries[seq - 1].op_id.counter, self.entries[seq - 1].lamport) for seq in found]
