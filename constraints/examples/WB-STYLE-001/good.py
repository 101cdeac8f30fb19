# file: whiteboard/rooms/example.py
import trio


async def close() -> None:
    with trio.move_on_after(2, shield=True):
        await trio.lowlevel.checkpoint()
