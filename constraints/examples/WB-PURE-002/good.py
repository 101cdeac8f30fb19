# file: whiteboard/core/example.py
def stamp(now: float) -> float:
    return now
# file: whiteboard/rooms/example.py
import time

from whiteboard.core.example import stamp


def commit() -> float:
    return stamp(time.time())
