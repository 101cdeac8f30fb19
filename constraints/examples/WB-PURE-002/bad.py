# file: whiteboard/core/example.py
from collections.abc import Callable


def stamp(now: Callable[[], float]) -> float:
    return now()  # found
# file: whiteboard/rooms/example.py
import time

from whiteboard.core.example import stamp


def commit() -> float:
    return stamp(time.time)
