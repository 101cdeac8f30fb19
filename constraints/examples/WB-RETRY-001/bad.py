# file: whiteboard/rooms/example.py
import trio


async def save() -> None:
    while True:  # found
        try:
            await _write()
            return
        except OSError:
            await trio.sleep(1)


async def _write() -> None:
    await trio.lowlevel.checkpoint()
