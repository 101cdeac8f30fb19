"""What the head of a board says: where its log stands, and how much of it is where. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from whiteboard.errors import StorageCorrupt
from whiteboard.ids import BoardId
from whiteboard.storage.ports import BoardInfo, Head


@dataclass(frozen=True, slots=True)
class Standing:
    """The head of a board."""

    board: BoardId
    epoch: str
    seq: int
    """Last sequence number given."""
    compacted: int
    """Ops up to here are in segments, here or in the archive."""
    archived: int
    """Ops up to here are in the archive, and no longer here."""
    is_cold: bool
    """Nothing but this is here: all the rest is in the archive."""
    history: str
    """The archive's name for this history; stays when a lost Redis makes a new epoch necessary. Younger ones sort
    behind older ones of the same board."""
    kept: int
    """When a checkpoint went to the archive last, milliseconds since 1970; 0 for never."""
    created: int
    updated: int
    thawed: int
    """When it came back from the archive last, milliseconds since 1970; 0 for never."""

    @property
    def head(self) -> Head:
        """What the op log tells."""
        return Head(self.seq, self.epoch, self.updated)

    @property
    def info(self) -> BoardInfo:
        """The line in the list of boards."""
        return BoardInfo(self.board, self.seq, self.created, self.updated)


def standing_of(board: BoardId, found: Mapping[bytes, bytes]) -> Standing | None:
    """Read the hash of a head; None for an empty one: there is no such board."""
    if not found:
        return None
    epoch, created = found[b"epoch"].decode(), int(found[b"created"])
    return Standing(
        board=board,
        epoch=epoch,
        seq=int(found[b"seq"]),
        compacted=int(found.get(b"compacted", 0)),
        archived=int(found.get(b"archived", 0)),
        is_cold=b"cold" in found,
        history=found[b"history"].decode() if b"history" in found else f"{created:013d}-{epoch}",
        kept=int(found.get(b"kept", 0)),
        created=created,
        updated=int(found[b"updated"]),
        thawed=int(found.get(b"thawed", 0)),
    )


def created_of(history: str) -> int:
    """When the board of a history was created, milliseconds since 1970. Raises StorageCorrupt for what names none."""
    created = history.partition("-")[0]
    if not created.isdecimal():
        raise StorageCorrupt(f"{history!r} is no name of a board's history")
    return int(created)
