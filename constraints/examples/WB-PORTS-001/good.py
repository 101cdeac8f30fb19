# file: whiteboard/rooms/example.py
from whiteboard.storage.ports import OpLog


def head(log: OpLog) -> int:
    return log.head
# file: whiteboard/storage/ports.py
from typing import Protocol


class OpLog(Protocol):
    head: int
