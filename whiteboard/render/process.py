"""The process that draws, from the server's side: started, asked one thing at a time, and killed.

It decodes what strangers have sent, with a large library. So it inherits no descriptor but its pipes, and of the environment
only what it needs: passwords and keys are often there.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec
import trio

from whiteboard import limits, timeouts
from whiteboard.config import Settings
from whiteboard.errors import WhiteboardError
from whiteboard.render.wire import PREFIX_BYTES, Answer, Ask, Outfit, decode_answer, frame_of, lengths

COMMAND: Final = (sys.executable, "-P", "-m", "whiteboard.render.worker")
"""`-P`: the directory that we were started in is no place to import from."""
_PAGE_BYTES: Final = 4096
_NEEDED: Final = frozenset({"HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ"})
_NEEDED_KINDS: Final = ("COVERAGE_", "FC_", "FONTCONFIG_", "LC_", "PYTHON", "XDG_")
"""Beginnings of names: Python's own, and what fonts are found by."""


class ProcessLost(WhiteboardError):
    """The process that draws is gone."""


class DrawingProcess:
    """One process, from its start to its end."""

    def __init__(self, process: trio.Process) -> None:
        self._process = process
        self.pid = process.pid

    @classmethod
    async def start(cls, settings: Settings) -> "DrawingProcess":
        """Start one; it logs to our standard error, as we do. Raises ProcessLost when the system has none for us."""
        outfit = Outfit(settings.log.format, settings.log.level, dict(settings.durations))
        try:
            process = await trio.lowlevel.open_process(
                (*COMMAND, msgspec.json.encode(outfit).decode()),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={name: value for name, value in os.environ.items() if _is_needed(name)},
                start_new_session=True,  # Ctrl-C is for the server
            )
        except OSError as error:
            raise ProcessLost(f"no process to draw in could be started: {error}") from error
        return cls(process)

    async def exchange(self, asked: Ask, body: bytes) -> tuple[Answer, bytes]:
        """Ask it something, and its answer. Raises ProcessLost, also for an answer that is none. Cancelled, it can only be ended."""
        assert self._process.stdin is not None
        try:
            for piece in frame_of(asked, body):
                await self._process.stdin.send_all(piece)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise ProcessLost(f"process {self.pid}, which draws, takes nothing more") from None
        head_length, body_length = lengths(await self._exactly(PREFIX_BYTES))
        if head_length + body_length > limits.MAX_DRAWN_BYTES:
            raise ProcessLost(
                f"process {self.pid}, which draws, says more than {limits.MAX_DRAWN_BYTES} bytes"
            )
        head, drawn = await self._exactly(head_length), await self._exactly(body_length)
        try:
            return decode_answer(head), drawn
        except msgspec.MsgspecError as error:
            raise ProcessLost(f"process {self.pid}, which draws, says nonsense: {error}") from error

    async def end(self) -> None:
        """Kill it, and wait until it is gone."""
        with trio.move_on_after(
            timeouts.CLEANUP.seconds, shield=True
        ):  # killed, it ends, unless a disk hangs
            self._process.kill()
            await self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    await pipe.aclose()

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended, as far as the system has told."""
        return self._process.poll() is None

    @property
    def resident_bytes(self) -> int:
        """What of it is in memory; 0 when it is gone."""
        try:
            return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE_BYTES
        except (OSError, IndexError):
            return 0

    async def _exactly(self, length: int) -> bytes:
        assert self._process.stdout is not None
        pieces = bytearray()
        while len(pieces) < length:
            try:
                piece = await self._process.stdout.receive_some(length - len(pieces))
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                piece = b""
            if not piece:
                raise ProcessLost(f"process {self.pid}, which draws, has ended")
            pieces += piece
        return bytes(pieces)


def _is_needed(name: str) -> bool:
    """Whether the process that draws needs this of our environment."""
    return name in _NEEDED or name.startswith(_NEEDED_KINDS)
