"""How busy the process is: what costs everybody a pause waits for a moment in which hardly anybody draws."""

from time import process_time
from typing import Final

import trio

_QUIET_SHARE: Final = 0.05
"""Of one core: who draws alone needs 2 to 4 %, a board of ten 10 %."""


class Pace:
    """The process's work between two questions."""

    def __init__(self) -> None:
        self._asked_at = trio.current_time()
        self._worked = process_time()

    def was_quiet(self) -> bool:
        """Whether it has hardly worked since it was asked before, or since this was made."""
        now, worked = trio.current_time(), process_time()
        spent, passed = worked - self._worked, now - self._asked_at
        self._worked, self._asked_at = worked, now
        return spent < passed * _QUIET_SHARE
