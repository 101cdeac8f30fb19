"""Sessions of an application that leave a cycle each, as those of a plugin do: what only a walk finds.

The server's own sessions are freed by their counts alone (`tests/rooms/test_hub.py`). These hold what the seed's did: handlers that know
their session, an outbox of buffers, a history of small objects, and the fault that ended them, whose traceback has the frame.
"""

from collections import deque
from functools import partial
from typing import Any, Final

import trio

EACH_SECOND: Final = 30
LIVES_SECONDS: Final = 2.0
BUFFERS: Final = 8
BUFFER_BYTES: Final = 12_288
HISTORY: Final = 16
_BURST: Final = 1


class Guest:
    """Comes, stays for a while, and holds itself."""

    def __init__(self, number: int) -> None:
        self.outbox = [bytearray(BUFFER_BYTES) for _ in range(BUFFERS)]
        self.history = [{"seq": seq, "points": [[seq, number]]} for seq in range(HISTORY)]
        self.handlers = {name: partial(self.handle, name) for name in ("op", "cursor", "bye")}
        self.fault: BaseException | None = None
        try:
            self.handle("open", number)
        except ValueError as fault:
            self.fault = fault

    def handle(self, name: str, what: Any) -> None:
        """Nothing that it can."""
        raise ValueError(f"{name}: {what} of {len(self.outbox)}")


async def come_and_go() -> None:
    """So many each second for ever; each is let go after LIVES_SECONDS, and then only its own cycle holds it."""
    here: deque[Guest] = deque()
    due, number = trio.current_time(), 0
    while True:
        due += _BURST / EACH_SECOND
        await trio.sleep_until(due)
        for _ in range(_BURST):
            here.append(Guest(number))
            number += 1
        while len(here) > EACH_SECOND * LIVES_SECONDS:
            here.popleft()
