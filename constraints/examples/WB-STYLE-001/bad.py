# file: whiteboard/rooms/example.py
import trio


async def close() -> None:
    with trio.CancelScope() as scope:
        scope.shield = True  # found
        print("closing")  # found
