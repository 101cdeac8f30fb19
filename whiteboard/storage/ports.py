"""The storage ports and what each of them promises. Owns no I/O; knows no adapter.

Every adapter passes `whiteboard.testing.storage_contract` whole. Bytes handed in are kept as they are and given back
as they were; no port looks inside a body. All methods are Trio coroutines and checkpoints.

All of them may raise `StorageUnavailable` (try again later; also once the storage is closed) and
`StorageCorrupt` (do not go on), the ones that say so `StorageConflict`; nothing else. Arguments out of
their stated ranges are the caller's bug: `ValueError`, and nothing is stored. A write that was
cancelled or raised `StorageUnavailable` may have been done or not, whole or not at all; all writes
can be repeated.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, runtime_checkable

import msgspec
import trio

from whiteboard.ids import BoardId, ClientId, ElementId, OpId


class Durability(Enum):
    """What an ack is worth (R5): what survives, and hence what a client may forget."""

    MEMORY = "memory"
    """Kept while the process lives."""
    DISK = "disk"
    """Synced to disk: survives `kill -9` and power loss."""
    STREAM = "stream"
    """Stored by a separate stream server, at that server's durability."""


# What there is one of for each op is a struct: made in a fifth of a frozen dataclass's time, and no work for
# the garbage collector.


class NewOp(msgspec.Struct, frozen=True, gc=False):
    """An op to store. `seq` is not known yet: the store assigns it."""

    op_id: OpId
    at: int
    """Server clock at acceptance, milliseconds since 1970; does not fall within one room's life."""
    lamport: int
    """Rank of the op in the merge order; see `OpLog.ranks_about` and `ClientRecord.lamport`."""
    body: bytes
    """The stamped op as one JSON object without `seq`, at least `{"x":0}`; kept as is."""


class StoredOp(msgspec.Struct, frozen=True, gc=False):
    """An op as the log has it."""

    seq: int
    """1, 2, 3 … without a gap on each board."""
    op_id: OpId
    at: int
    body: bytes


Newest = tuple[OpId, int]
"""Op id and `at` of the last op that somebody has read of a log: nobody ever stores that pair twice."""


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What became of one op of an append."""

    seq: int
    """Its sequence number: the first one ever given, also for a repeat."""
    at: int
    """`at` of the stored op: of the first one, for a repeat."""
    is_new: bool
    """False when this op id was stored before, in this append or years ago."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a board's log stands."""

    seq: int
    """Last sequence number given; 0 for a board that has no op."""
    epoch: str
    """This incarnation of the history; a board deleted and begun again has another one."""
    updated_at: int
    """`at` of the last op, or of the creation."""


@dataclass(frozen=True, slots=True)
class ClientRecord:
    """What is known of a client id that has been used on a board."""

    key_hash: bytes
    """Digest of the secret that claims this client id."""
    counter: int
    """Highest op counter stored."""
    lamport: int
    """Highest lamport stored."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A board's state at a seq: what opening a board starts from."""

    seq: int
    body: bytes


@dataclass(frozen=True, slots=True)
class BoardInfo:
    """A line of the board list."""

    board: BoardId
    seq: int
    created_at: int
    """Milliseconds since 1970."""
    updated_at: int
    """Milliseconds since 1970 of the last op, or of the creation."""


class OpLog(Protocol):
    """The ordered record of every accepted op of every board, kept from seq 1 for ever.

    Promises:
    - `append` is one atomic step: it looks for repeats, assigns the next numbers, stores the ops and
      their clients' records. Either all of it happened or nothing did, also across `kill -9`.
    - When `append` returns, the ops are stored at `durability`.
    - Concurrent appends, also from other processes, get distinct, gapless numbers; ops of one append
      keep their order.
    - A reader never sees seq n+1 without n.
    """

    @property
    def durability(self) -> Durability:
        """What a receipt of this log is worth."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes may append to it, so that whoever keeps a board has to tail its log."""

    async def head(self, board: BoardId) -> Head | None:
        """Where the board's log stands, or None when nobody has created the board."""

    async def append(
        self,
        board: BoardId,
        ops: Sequence[NewOp],
        *,
        epoch: str,
        claims: Mapping[ClientId, bytes],
        known: int = 0,
        newest: Newest | None = None,
    ) -> list[Receipt]:
        """Store ops; one receipt each, in the same order.

        Args:
            ops: 1 to MAX_COMMIT_OPS ops. The same op id twice in one call counts as a repeat.
                Counters need not rise: a lower one that comes late is stored like any other.
            epoch: the board's epoch, used when this append creates the board.
            claims: key digest of each client among the ops; written when the client has no record yet.
                Digests of other clients are not looked at.
            known: seq up to which the caller has read the log.
            newest: the op there, as the caller has read it.

        Raises:
            StorageConflict: the board exists with another epoch, a client's record has another key, or
                the log ends before `known` or has another op there: it was deleted meanwhile, or storage has
                lost what it had.
                Nothing of this append is stored then, and nothing else is disturbed.

        Cancellation: the ops may be stored or not; a retry with the same op ids tells.
        """

    async def read(
        self, board: BoardId, after: int, limit: int, *, epoch: str | None = None
    ) -> list[StoredOp]:
        """Stored ops with seq > `after`, ascending, at most `limit`; from seq 1 for `after` = 0.

        Compacted ops read like fresh ones. Empty only at the end of the log or for an unknown board;
        it stops early (after one op at least) at MAX_READ_BYTES, so an answer shorter than `limit`
        is not the end: read on after the last seq until it is empty.

        Args:
            epoch: of the history that is meant; None for whichever there is.

        Raises:
            StorageConflict: the board has another epoch.
        """

    async def wait_beyond(self, board: BoardId, seq: int) -> int:
        """Return once the board's head is above `seq`, with a seq that it has reached: with `read`, this tails the log.

        Also wakes for ops that other processes append, within a second. Waits for the first op of
        a board that nobody has created yet.
        """

    async def find(self, board: BoardId, op_ids: Sequence[OpId]) -> dict[OpId, Receipt]:
        """Receipts of those op ids that are stored; `is_new` is False."""

    async def seen_by(self, board: BoardId, clock: Mapping[ClientId, int]) -> int:
        """Highest seq among the last ops that a vector clock covers of each client; 0 when it covers none.

        An entry `client: n` covers that client's ops with counter <= n, the last of which is the one
        with the highest counter, whenever it was stored. Costs a lookup per entry.
        """

    async def ranks_about(
        self, board: BoardId, op_ids: Sequence[OpId]
    ) -> dict[ClientId, list[tuple[int, int]]]:
        """For each op id the stored ops of its client with the next lower and the next higher counter.

        By client, each as (counter, lamport), in no order; a client without any is absent.
        """

    async def agree(self, board: BoardId, epoch: str) -> str:
        """The epoch that the board has or will begin with: this one, unless there is one already.

        Where several processes share the log, all who ask within an hour are told the same.
        """

    async def renew(self, board: BoardId, epoch: str, fresh: str) -> bool:
        """Give a board that has this epoch another one, without touching its ops; False when it has another already.

        For a history that has lost ops that somebody was told of, so that nobody takes what gets their
        numbers for them.
        """

    async def client(self, board: BoardId, client: ClientId) -> ClientRecord | None:
        """The record of a client id, or None when it is still free on this board."""

    async def compact(self, board: BoardId, up_to: int, limit: int, *, least: int = 1) -> int:
        """Move the oldest uncompacted ops with seq <= `up_to` to a compressed segment, at most `limit`.

        Returns how many were moved, which may be fewer (a segment is bounded in bytes); 0 when there
        is nothing left to do or no such board, also when fewer than `least` are left that would not
        fill a segment: many small segments would be worth less than what they replace. Atomic;
        readers and repeat detection notice nothing. Short enough to run between two commits.
        """


@runtime_checkable
class ImmediateOpLog(OpLog, Protocol):
    """A log that waits for nobody: one process's own, in its own memory.

    Optional: whoever keeps a board asks with `isinstance`, and does without where it is not there.
    """

    def append_now(
        self, board: BoardId, ops: Sequence[NewOp], *, epoch: str, claims: Mapping[ClientId, bytes]
    ) -> list[Receipt]:
        """`append` without a checkpoint: what it promises, takes and raises, done when this returns.

        Takes a time by the ops that it is given, however long the log is. It never takes `known` and `newest`:
        nobody else writes to this log, so what was read of it is there.
        """

    def append_one_now(self, board: BoardId, op: NewOp, *, epoch: str, claim: bytes) -> Receipt:
        """`append_now` of one op, whose client has this claim."""

    def client_now(self, board: BoardId, client: ClientId) -> ClientRecord | None:
        """`client` without a checkpoint."""


class Snapshots(Protocol):
    """Checkpoints, and the tombstoned elements that a checkpoint leaves out.

    Opening a board reads its newest checkpoint and the ops after it, so that it costs time by the
    board's live size. Deleted elements are kept aside, one by one, and come back on demand.
    """

    async def load(self, board: BoardId) -> Checkpoint | None:
        """The newest checkpoint whose checksum holds; None when there is none."""

    async def save(
        self,
        board: BoardId,
        checkpoint: Checkpoint,
        tombstones: Mapping[ElementId, bytes],
        *,
        epoch: str,
        until: int | None = None,
    ) -> None:
        """Store a checkpoint and the tombstones it leaves out, in one atomic step.

        The good checkpoint before it is kept as a fallback, older ones go. Saving at a seq that is not
        above the newest good one's changes nothing. A tombstone saved again replaces the kept state;
        where several processes save (`OpLog.is_shared`), only if it cannot be the older one of the two,
        so that whoever saved has to look whether its own was kept.

        Args:
            until: seq up to which the states may be newer than the checkpoint; its own seq by default.

        Raises:
            StorageConflict: no such board, or it has another epoch (it was deleted and begun again:
                this checkpoint is of another history), or its log ends before the checkpoint.
        """

    async def tombstones(self, board: BoardId, elements: Sequence[ElementId]) -> dict[ElementId, bytes]:
        """The kept states of those elements that were ever saved as tombstones."""

    async def has_tombstones(self, board: BoardId) -> bool:
        """Whether any tombstone is kept for this board."""


class Boards(Protocol):
    """The list of boards."""

    async def create(self, board: BoardId, at: int, epoch: str) -> bool:
        """Note a board before its first op; False when it exists already."""

    async def page(self, limit: int, after: BoardId | None) -> list[BoardInfo]:
        """Boards by id in ascending order, those above `after`, at most `limit`."""

    async def delete(self, board: BoardId) -> bool:
        """Forget the board with its log, checkpoints, tombstones and clients; False if unknown.

        In force at once and for ever; the space may come back a little later. The id is free again:
        who creates the board anew must give it another epoch.
        """


class Bus(Protocol):
    """What the servers that share boards tell each other, and nobody keeps."""

    async def tell(self, board: BoardId, text: bytes) -> None:
        """Say something to whoever listens to the board, oneself included. It may be lost.

        Raises StorageUnavailable.
        """

    def listen(self, board: BoardId) -> AbstractAsyncContextManager[trio.MemoryReceiveChannel[bytes]]:
        """What is told of a board while the block runs; what comes too fast, or while the bus is away, is lost."""


class Storage(Protocol):
    """All ports of one place. Comes from an adapter's `open_*` context manager, which closes it."""

    @property
    def op_log(self) -> OpLog: ...

    @property
    def snapshots(self) -> Snapshots: ...

    @property
    def boards(self) -> Boards: ...

    @property
    def bus(self) -> Bus | None:
        """The way to other servers on the same storage; None where there are none."""

    async def probe(self) -> None:
        """Write something small and read it back; raises StorageUnavailable when that fails."""
