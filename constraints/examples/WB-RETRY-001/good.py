# file: whiteboard/rooms/example.py
import trio

from whiteboard.errors import StorageUnavailable


async def save() -> None:
    try:
        await _write()
    except OSError as error:
        raise StorageUnavailable(str(error)) from error


async def _write() -> None:
    await trio.lowlevel.checkpoint()
# file: whiteboard/errors.py
class StorageUnavailable(Exception): ...
