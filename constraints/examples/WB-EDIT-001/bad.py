# file: whiteboard/rooms/example.py
import trio

from whiteboard.rooms import exporting


class Editor:
    async def run(self) -> None:
        await trio.lowlevel.checkpoint()
        exporting.export(b"board")
# file: whiteboard/rooms/exporting.py
from pathlib import Path


def export(board: bytes) -> None:
    _write(Path("board"), board)


def _write(path: Path, board: bytes) -> None:
    path.write_bytes(board)  # found
