# file: whiteboard/rooms/example.py
import trio


async def save() -> None:
    await _within(5)


async def _within(seconds: float) -> None:
    await _write(patience=seconds)


async def _write(patience: float) -> None:
    with trio.fail_after(patience):  # found
        await trio.lowlevel.checkpoint()


async def wait_a_moment() -> None:
    await trio.sleep(0.1)  # found
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
