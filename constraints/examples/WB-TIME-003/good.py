# file: whiteboard/rooms/example.py
import trio

from whiteboard import timeouts


async def answer() -> None:
    with trio.fail_after(timeouts.REQUEST.seconds):
        await _save()


async def _save() -> None:
    for _ in range(3):
        await _try()


async def _try() -> None:
    with trio.fail_after(timeouts.SAVE.seconds):
        await trio.lowlevel.checkpoint()
# file: whiteboard/timeouts.py
from whiteboard.registry import register

REQUEST = register("request", 8.0, "somebody waits for it")
SAVE = register("save", 2.0, "a disk that takes longer is gone")
PAUSE = register("pause", 0.5, "long enough for a disk to come back")
# file: whiteboard/registry.py
class Timeout:
    seconds: float


def register(name: str, seconds: float, rationale: str) -> Timeout: ...
