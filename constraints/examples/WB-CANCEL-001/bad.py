# file: whiteboard/rooms/example.py
import trio


class Session:
    async def run(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            await self._say_goodbye()

    async def _say_goodbye(self) -> None:
        await self._send(b"bye")

    async def _send(self, text: bytes) -> None:
        await trio.lowlevel.checkpoint()  # found


async def close(stream: trio.abc.Stream) -> None:
    with trio.CancelScope(shield=True):
        await stream.send_all(b"bye")  # found
