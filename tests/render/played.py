"""The process that draws, played by a task: it answers in the words of the wire, when a test wants."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
import trio.testing

from whiteboard.config import Settings
from whiteboard.ids import BoardId
from whiteboard.render.asked import Asset, Kind, Wish
from whiteboard.render.studio import Source, Studio, open_studio
from whiteboard.render.wire import PREFIX_BYTES, Answer, Ask, Draw, Drawn, decode_ask, frame_of, lengths

STATISTICS: dict[str, Any] = {"pool": {}, "leases": {"revoked": 0, "lost": 0}, "canvases": {}}
VIEW = b'{"seq":1,"elements":[]}'
Reply = Callable[[Ask, bytes], Awaitable[tuple[Answer, bytes] | None]]
"""What is said to a frame; None: it dies."""


async def draw_at_once(asked: Ask, _: bytes) -> tuple[Answer, bytes]:
    """A picture that says of what it is."""
    await trio.lowlevel.checkpoint()
    assert isinstance(asked, Draw)
    return Drawn(1, True, STATISTICS), f"{asked.wish.kind} of {asked.wish.board}".encode()


class Process:
    """A process of Trio's as far as the studio knows it."""

    def __init__(self, number: int, reply: Reply) -> None:
        self.pid = 4_000_000 + number
        self.stdin, self._asked = trio.testing.memory_stream_one_way_pair()
        self._told, self.stdout = trio.testing.memory_stream_one_way_pair()
        self._reply = reply
        self._scope = trio.CancelScope()
        self._ended = trio.Event()

    async def live(self) -> None:
        """Answer until killed."""
        try:
            with self._scope:
                while (said := await self._reply(*await self._frame())) is not None:
                    for piece in frame_of(*said):
                        await self._told.send_all(piece)
        finally:
            self._told.close()
            self._asked.close()
            self._ended.set()

    @property
    def is_alive(self) -> bool:
        """Whether nobody has killed it, and it has not died."""
        return not self._ended.is_set()

    def poll(self) -> int | None:
        return None if self.is_alive else 0

    async def wait(self) -> int:
        await self._ended.wait()
        return 0

    def kill(self) -> None:
        self._scope.cancel()

    async def _frame(self) -> tuple[Ask, bytes]:
        head, body = lengths(await self._exactly(PREFIX_BYTES))
        return decode_ask(await self._exactly(head)), await self._exactly(body)

    async def _exactly(self, length: int) -> bytes:
        got = b""
        while len(got) < length:
            got += await self._asked.receive_some(length - len(got))
        return got


@asynccontextmanager
async def played_studio(reply: Reply = draw_at_once) -> AsyncIterator[tuple[Studio, list[Process]]]:
    """A studio, and the processes that it has started so far."""
    processes: list[Process] = []
    async with trio.open_nursery() as nursery:

        async def open_process(*_: object, **__: Any) -> Process:
            await trio.lowlevel.checkpoint()
            process = Process(len(processes), reply)
            processes.append(process)
            nursery.start_soon(process.live)
            return process

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(trio.lowlevel, "open_process", open_process)
            async with open_studio(Settings()) as studio:
                yield studio, processes
        nursery.cancel_scope.cancel()


def wish(board: str = "b", kind: Kind = Kind.SVG) -> Wish:
    """SVG, which takes no extra."""
    return Wish(BoardId(board), kind)


def source(seq: int = 1, *, epoch: str = "e", view: bytes | None = VIEW, takes: float = 0.0) -> Source:
    """A board whose view takes so many seconds to be had."""

    async def look() -> bytes | None:
        await trio.sleep(takes)
        return view

    async def asset(name: str) -> Asset | None:
        await trio.lowlevel.checkpoint()
        return Asset("image/png", name.encode()) if name.startswith("here") else None

    return Source(epoch, seq, look, asset)
