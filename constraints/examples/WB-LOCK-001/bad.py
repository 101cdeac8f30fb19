# file: whiteboard/rooms/example.py
import trio


class Room:
    def __init__(self) -> None:
        self._turn = trio.Lock()

    async def commit(self) -> None:
        async with self._turn:
            await self._write()

    async def _write(self) -> None:
        await self._wait()

    async def _wait(self) -> None:
        await trio.sleep(1)  # found
