"""Who came and left: every such change has a number, and the newest are kept as they were told.

What a client knows of who is here is then one number, and what it has missed is the changes behind that. Pure.
"""

from whiteboard.core.ops import Json
from whiteboard.limits import MAX_CHANGES_KEPT


class Attendance:
    """The changes of one board."""

    def __init__(self) -> None:
        self.count = 0
        """Changes so far."""
        self.told = 0
        """How many of them every live feed has been told."""
        self._texts: list[Json] = []
        # of the newest: those that are still to be told, and MAX_CHANGES_KEPT at the most beside them

    @property
    def is_told(self) -> bool:
        """Whether live feeds know all."""
        return self.told == self.count

    def note(self, text: Json) -> None:
        """Somebody came, changed or left."""
        self._texts.append(text)
        self.count += 1
        if len(self._texts) > 2 * MAX_CHANGES_KEPT:
            del self._texts[: len(self._texts) - max(MAX_CHANGES_KEPT, self.count - self.told)]

    def since(self, heard: int) -> list[Json] | None:
        """What came after the first `heard` changes; None when that is not kept any more."""
        missed = self.count - heard
        if missed > len(self._texts):
            return None
        return self._texts[len(self._texts) - missed :]
