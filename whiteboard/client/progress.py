"""What a client has seen of a board: the seq up to which it has everything, and of which history.

Pure. It decides what `hello` says after a reconnect and what an op says that its author had seen, and
notices a gap.
"""

from whiteboard.client.events import SnapshotPart


class Progress:
    """Seen up to `seq` of `epoch`; None while nothing is complete.

    A snapshot counts once its last part is here: when the line breaks in the middle, the next
    `hello` asks from where we stood before, not from inside a half-drawn board.
    """

    def __init__(self, seq: int | None, epoch: str | None) -> None:
        self.seq = seq
        self.epoch = epoch
        self._seen_before: int | None = None
        self._parts_here: set[int] = set()
        self._snapshot_seq: int | None = None
        self._is_gap_known = False

    def start(self, epoch: str) -> bool:
        """A connection begins; True when what we held is of another history and does not count."""
        is_other = self.epoch not in {None, epoch}
        if is_other:
            self.seq = self._seen_before = None
        self.epoch = epoch
        self._start_over()
        return is_other

    @property
    def seen(self) -> int | None:
        """Up to where we have everything, or had it before `discard`; None when we never had."""
        return self._seen_before if self.seq is None else self.seq

    def discard(self) -> None:
        """What has come does not count any more. What was seen stays seen."""
        self._seen_before = self.seen
        self.seq = None
        self._start_over()

    def _start_over(self) -> None:
        self._parts_here.clear()
        self._snapshot_seq = None
        self._is_gap_known = False

    def take_part(self, part: SnapshotPart) -> bool:
        """A snapshot part is here; True when it completes the snapshot."""
        if part.seq != self._snapshot_seq:
            self._snapshot_seq = part.seq
            self._parts_here.clear()
        self._parts_here.add(part.part)
        if len(self._parts_here) < part.parts:
            return False
        self._parts_here.clear()
        self._snapshot_seq = None
        self.seq = max(part.seq, self.seq or 0)
        self._is_gap_known = False
        return True

    def take_op(self, seq: int) -> bool:
        """An op is here; False, once per gap, when ops between ours and this one are missing."""
        if self.seq is None or seq <= self.seq:
            return True
        if seq > self.seq + 1:
            is_news = not self._is_gap_known
            self._is_gap_known = True
            return not is_news
        self.seq = seq
        self._is_gap_known = False
        return True
