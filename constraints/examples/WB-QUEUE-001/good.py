# file: whiteboard/rooms/example.py
from collections import deque

import trio

from whiteboard import limits


class Outbox:
    def __init__(self) -> None:
        self.send, self.receive = trio.open_memory_channel[bytes](limits.MAX_WAITING)
        self._waiting: deque[bytes] = deque(maxlen=limits.MAX_WAITING)
# file: whiteboard/limits.py
MAX_WAITING = 100
