"""One board's history in memory: its ops, who made them, and where each is found. Pure.

Memory mode keeps every op for ever, so an op costs its packed body and 32 bytes: arrays of numbers, no object.
Bodies are packed as soon as there are PACK_INLINE_BYTES of them, by whoever brings the last ones: so nothing
has to keep up with those who draw, and what is freed is small and used again by the next ops.
What is looked up by op id is found by bisection in its client's ops; an op that comes in the order of its
client's counters, as nearly all do, needs no look.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence

from whiteboard import limits
from whiteboard.errors import ClaimConflict
from whiteboard.ids import MAX_COUNTER, ClientId, OpId
from whiteboard.storage import segments
from whiteboard.storage.ports import ClientRecord, NewOp, Receipt, StoredOp


class _Client:
    """One client's ops."""

    __slots__ = ("counter", "key_hash", "lamport", "name", "number", "seqs")

    def __init__(self, name: ClientId, number: int, key_hash: bytes) -> None:
        self.name = name
        self.number = number
        self.key_hash = key_hash
        self.counter = 0
        """The highest."""
        self.lamport = 0
        """The highest."""
        self.seqs = array("I")
        """Of its ops, in the order of their counters."""


class History:
    """The ops of one board from seq 1 on. Index i of a column is seq i + 1."""

    __slots__ = (
        "_ats",
        "_authors",
        "_clients",
        "_counters",
        "_fresh_bytes",
        "_lamports",
        "_names",
        "_segment_ends",
        "_segments",
        "bodies",
        "compacted",
        "created_at",
        "epoch",
        "updated_at",
    )

    def __init__(self, epoch: str, created_at: int) -> None:
        self.epoch = epoch
        self.created_at = created_at
        self.updated_at = created_at
        self.compacted = 0
        """Highest seq whose body is in a segment."""
        self.bodies: list[bytes] = []
        """Bodies of seq `compacted` + 1 and up."""
        self._fresh_bytes = 0
        # in `bodies`
        self._segments: list[bytes] = []
        self._segment_ends = array("I")
        # last seq of each
        self._clients: dict[ClientId, _Client] = {}
        self._names: list[ClientId] = []
        # client ids by number
        self._authors = array("I")
        self._counters = array("Q")
        self._ats = array("Q")
        self._lamports = array("Q")

    @property
    def seq(self) -> int:
        """The last one given."""
        return len(self._counters)

    def store(self, ops: Sequence[NewOp], claims: Mapping[ClientId, bytes]) -> list[Receipt]:
        """Number the new ones among checked ops; a receipt each. Raises ClaimConflict, and has changed nothing then."""
        clients = self._claim(ops, claims)
        receipts: list[Receipt] = []
        for op in ops:
            client, counter = clients[op.op_id.client], op.op_id.counter
            known = 0 if counter > client.counter else self._seq_of(client, counter)
            receipts.append(
                Receipt(known, self._ats[known - 1], is_new=False) if known else self._add(client, op)
            )
        return receipts

    def store_newest(self, op: NewOp, claim: bytes) -> Receipt | None:
        """As `store`, for one op behind all others of a known client; None, and nothing is done, for any other."""
        client = self._clients.get(op.op_id.client)
        if client is None or not client.counter < op.op_id.counter <= MAX_COUNTER or client.key_hash != claim:
            return None
        return self._add(client, op)

    def receipt(self, op_id: OpId) -> Receipt | None:
        """Of a stored op; None when it is not stored."""
        client = self._clients.get(op_id.client)
        seq = self._seq_of(client, op_id.counter) if client else 0
        return Receipt(seq, self._ats[seq - 1], is_new=False) if seq else None

    def seen_by(self, clock: Mapping[ClientId, int]) -> int:
        """See `OpLog.seen_by`."""
        return max((self._seen(name, counter) for name, counter in clock.items()), default=0)

    def ranks_about(self, op_id: OpId) -> list[tuple[int, int]]:
        """Counter and lamport of the stored ops of its client next below and next above an op id."""
        client = self._clients.get(op_id.client)
        if client is None:
            return []
        low = self._place(client, op_id.counter)
        high = bisect_right(client.seqs, op_id.counter, lo=low, key=self._counter_at)
        about = [*client.seqs[max(low - 1, 0) : low], *client.seqs[high : high + 1]]
        return [(self._counters[seq - 1], self._lamports[seq - 1]) for seq in about]

    def record(self, name: ClientId) -> ClientRecord | None:
        """What is known of a client id."""
        client = self._clients.get(name)
        return ClientRecord(client.key_hash, client.counter, client.lamport) if client else None

    def stored(self, after: int, bodies: Iterable[bytes]) -> list[StoredOp]:
        """The ops from seq after + 1 on to whom these bodies belong."""
        return [
            StoredOp(
                index + 1,
                OpId(self._names[self._authors[index]], self._counters[index]),
                self._ats[index],
                body,
            )
            for index, body in enumerate(bodies, after)
        ]

    def segments_between(self, after: int, last: int) -> tuple[int, list[bytes]]:
        """Segments that hold the compacted ops of seq after + 1 to last, and the first one's first seq."""
        start = bisect_left(self._segment_ends, after + 1)
        stop = bisect_left(self._segment_ends, min(last, self.compacted)) + 1
        return (self._segment_ends[start - 1] if start else 0) + 1, self._segments[start:stop]

    def next_slice(self, limit: int) -> tuple[int, bool]:
        """How many of the oldest `limit` bodies fit into one segment, and whether that is all it takes."""
        wanted = self.bodies[: max(limit, 0)]
        count = segments.slice_by_size(map(len, wanted), limits.SEGMENT_BYTES)
        return count, count < len(wanted)

    def pack(self, count: int) -> None:
        """Put the oldest `count` bodies into a segment."""
        packed = self.bodies[:count]
        self._segments.append(segments.pack(packed))
        self.compacted += count
        self._segment_ends.append(self.compacted)
        self._fresh_bytes -= sum(map(len, packed))
        del self.bodies[:count]

    # --- small steps --------------------------------------------------------------------------

    def _add(self, client: _Client, op: NewOp) -> Receipt:
        """Give an op the next number."""
        counter, seq = op.op_id.counter, len(self._counters) + 1
        if counter > client.counter:
            client.counter = counter
            client.seqs.append(seq)
        else:
            client.seqs.insert(self._place(client, counter), seq)
        client.lamport = max(client.lamport, op.lamport)
        self._authors.append(client.number)
        self._counters.append(counter)
        self._ats.append(op.at)
        self._lamports.append(op.lamport)
        self.bodies.append(op.body)
        self._fresh_bytes += len(op.body)
        self.updated_at = op.at
        if self._fresh_bytes >= limits.PACK_INLINE_BYTES:
            self._pack_all()
        return Receipt(seq, op.at, is_new=True)

    def _pack_all(self) -> None:
        while self.bodies:
            count, _ = self.next_slice(len(self.bodies))
            self.pack(count)

    def _claim(self, ops: Sequence[NewOp], claims: Mapping[ClientId, bytes]) -> dict[ClientId, _Client]:
        """All clients of the board, those of the ops among them: checked first, then made when new."""
        clients = self._clients
        fresh = []
        for name in {op.op_id.client for op in ops}:
            client = clients.get(name)
            if client is None:
                fresh.append(name)
            elif client.key_hash != claims[name]:
                raise ClaimConflict(name)
        for name in fresh:
            clients[name] = _Client(name, len(self._names), claims[name])
            self._names.append(name)
        return clients

    def _counter_at(self, seq: int) -> int:
        return self._counters[seq - 1]

    def _place(self, client: _Client, counter: int) -> int:
        """Where a client's op with this counter is, or would be, among its ops."""
        return bisect_left(client.seqs, counter, key=self._counter_at)

    def _seq_of(self, client: _Client, counter: int) -> int:
        """Seq of a client's op; 0 when it is not stored."""
        place = self._place(client, counter)
        seq = client.seqs[place] if place < len(client.seqs) else 0
        return seq if seq and self._counters[seq - 1] == counter else 0

    def _seen(self, name: ClientId, counter: int) -> int:
        """Seq of a client's op with the highest counter up to this one; 0 when there is none."""
        client = self._clients.get(name)
        covered = bisect_right(client.seqs, counter, key=self._counter_at) if client else 0
        return client.seqs[covered - 1] if client and covered else 0
