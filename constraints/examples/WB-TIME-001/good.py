# file: whiteboard/rooms/example.py
import trio

from whiteboard import timeouts
from whiteboard.registry import Timeout


async def save() -> None:
    await _within(timeouts.SAVE)


async def _within(patience: Timeout) -> None:
    with trio.fail_after(patience.seconds):
        await trio.lowlevel.checkpoint()


async def wait_a_moment() -> None:
    await trio.sleep(timeouts.SAVE.seconds / 10)
# file: whiteboard/timeouts.py
from whiteboard.registry import Timeout, register

SAVE = register("save", 2.0, "a disk that takes longer is gone")
# file: whiteboard/registry.py
from dataclasses import dataclass


@dataclass
class Timeout:
    name: str
    seconds: float
    rationale: str


def register(name: str, seconds: float, rationale: str) -> Timeout:
    return Timeout(name, seconds, rationale)
