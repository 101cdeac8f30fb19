"""Names of the keys. Pure.

All keys of a board share one hash tag, `{board}`, so that Redis Cluster keeps them in one place and a
script may use several of them. The list of boards is one key of its own.
"""

from typing import Final, NamedTuple

from whiteboard.ids import BoardId

_PROBES: Final = 8


class BoardKeys(NamedTuple):
    """The keys of one board."""

    head: str
    """Hash: epoch, seq, compacted, archived, created, updated, …; see `standing`."""
    log: str
    """Stream: the ops that are not compacted; see `records`."""
    receipts: str
    """Sorted set of equal scores, hence in the order of its members: a line for each op ever stored."""
    clients: str
    """Hash: client -> counter and rank as 16 hex digits each, key digest."""
    segments: str
    """Sorted set: compacted ops, a segment's score is its last seq."""
    checkpoints: str
    """Hash: seq -> checksum and packed body; the newest and the one before."""
    tombstones: str
    """Hash: element -> up to which seq the state may have been taken (16 hex digits), state."""
    agreed: str
    """The epoch that a board without ops will begin with; goes after an hour."""
    archiver: str
    """The server that archives the board now; goes by itself when it dies."""
    news: str
    """Channel: what servers tell each other of the people on the board. Holds nothing."""

    @property
    def own(self) -> list[str]:
        """What goes with the board: the lease stays, because it tells that a piece may still be on its way."""
        return [name for name in self if name != self.archiver]


class Keys:
    """The keys of all boards that share a prefix."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.boards = f"{prefix}:boards"
        """Sorted set of equal scores: the ids of all boards, and perhaps of some that are no more."""
        self.whole = f"{prefix}:whole"
        """There while this Redis knows every board of the archive."""
        self.forgotten = f"{prefix}:forgotten"
        """Set: deleted boards that the archive may still hold."""
        self.probes = [f"{prefix}:probe", *(f"{prefix}:probe:{number}" for number in range(1, _PROBES))]
        """What probes write and read back; in a cluster they are spread over the nodes."""

    def of(self, board: BoardId) -> BoardKeys:
        """The keys of a board."""
        return BoardKeys(*(f"{self._prefix}:{{{board}}}:{part}" for part in BoardKeys._fields))

    def thawing(self, board: BoardId, token: str) -> BoardKeys:
        """Keys to fill from the archive, of one attempt; beside the board's own."""
        return BoardKeys(
            *(f"{self._prefix}:{{{board}}}:thawing:{token}:{part}" for part in BoardKeys._fields)
        )
