# file: whiteboard/rooms/example.py
import trio

from whiteboard import timeouts


class Session:
    async def run(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            await self._say_goodbye()

    async def _say_goodbye(self) -> None:
        with trio.move_on_after(timeouts.CLEANUP.seconds, shield=True):
            await self._send(b"bye")

    async def _send(self, text: bytes) -> None:
        await trio.lowlevel.checkpoint()
# file: whiteboard/timeouts.py
from whiteboard.registry import register

CLEANUP = register("cleanup", 2.0, "a disk that stopped answering")
