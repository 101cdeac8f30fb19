# file: whiteboard/rooms/example.py
import math
from collections import deque

import trio


class Outbox:
    def __init__(self) -> None:
        self.send, self.receive = trio.open_memory_channel[bytes](math.inf)  # found
        self._waiting: deque[bytes] = deque()  # found


def open_inbox() -> object:
    return trio.open_memory_channel[bytes](100)  # found
