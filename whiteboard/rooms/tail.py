"""The newest ops of a board, encoded, for sessions that lag or resume. Bounded in ops, bytes and time."""

from collections import deque
from collections.abc import Iterable
from itertools import islice

from whiteboard.core.ops import Json
from whiteboard.limits import CALM_TAIL_BYTES, MAX_TAIL_BYTES, MAX_TAIL_OPS, TAIL_LOOKS


class Tail:
    """A contiguous run of numbered ops that ends at the board's head."""

    def __init__(self, seq: int) -> None:
        self._texts: deque[Json] = deque()
        self._bytes = 0
        self.head = seq
        """Seq of the newest op, here or before anything was added."""
        self._looks = 0
        self._looked_at = self._long_ago = seq
        # the head at the newest look, and at the newest one of those that are TAIL_LOOKS apart

    @property
    def floor(self) -> int:
        """Whoever has seen this seq can be served from here."""
        return self.head - len(self._texts)

    def add(self, seq: int, text: Json) -> None:
        """Add the next op. Raises ValueError when it is not the next one."""
        if seq != self.head + 1:
            raise ValueError(f"op {seq} does not follow op {self.head}")
        self._texts.append(text)
        self._bytes += len(text)
        self.head = seq
        while self._bytes > MAX_TAIL_BYTES or len(self._texts) > MAX_TAIL_OPS:
            self._drop()

    def look(self) -> None:
        """Take note of the time that passes, UPKEEP between two; let go what has been here for long enough."""
        while self._bytes > CALM_TAIL_BYTES and self.floor < self._looked_at:
            self._drop()
        self._looked_at = self.head
        self._looks += 1
        if self._looks % TAIL_LOOKS == 0:
            while self.floor < self._long_ago:
                self._drop()
            self._long_ago = self.head

    def drop(self, seq: int) -> int:
        """Let go of what is not beyond a seq that everybody live has been given; how many bytes."""
        before = self._bytes
        while self._texts and self.floor < seq:
            self._drop()
        return before - self._bytes

    def _drop(self) -> None:
        self._bytes -= len(self._texts.popleft())

    def newest(self, count: int) -> list[Json] | None:
        """The last `count` ops, ascending; None when some of them have left the tail already."""
        if count > len(self._texts):
            return None
        if count == 1:
            return [self._texts[-1]]
        found = list(islice(reversed(self._texts), count))
        found.reverse()
        return found

    def between(self, after: int, up_to: int, size_bytes: int) -> list[Json] | None:
        """Ops with after < seq <= up_to, ascending, about `size_bytes` of them (one at least).

        None when the first of them has left the tail already.
        """
        if after < self.floor:
            return None
        return first_of((self._texts[index - self.floor] for index in range(after, up_to)), size_bytes)


def first_of(texts: Iterable[Json], size_bytes: int) -> list[Json]:
    """The first texts, about `size_bytes` of them; one at least, if there is any."""
    found: list[Json] = []
    filled = 0
    for text in texts:
        if found and filled + len(text) > size_bytes:
            break
        found.append(text)
        filled += len(text)
    return found
