# file: whiteboard/core/example.py
from whiteboard import clocks
# file: whiteboard/clocks.py
import time  # found


def now() -> float:
    return time.time()
