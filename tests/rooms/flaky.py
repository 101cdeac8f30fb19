"""Metadata whose place can be away, slow or forgetful, on the virtual clock."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import trio

from whiteboard.errors import StorageUnavailable
from whiteboard.storage.memory_metadata import open_memory_metadata
from whiteboard.storage.metadata import Change, Chronicle, Links, Metadata, People


def virtual_ms() -> int:
    """Trio's clock, as milliseconds since 1970."""
    return 1_700_000_000_000 + round(trio.current_time() * 1000)


class Flaky:
    """Metadata whose chronicle can be away, and counts its writes. See `whiteboard.storage.metadata.Metadata`."""

    def __init__(self, real: Metadata) -> None:
        self._real = real
        self.is_away = False
        self.is_lost_after_writing = False
        self.takes = 0.0
        self.tries = 0
        self.batches: list[list[Change]] = []

    @property
    def chronicle(self) -> Chronicle:
        return self  # the rest is passed on

    @property
    def people(self) -> People:
        return self._real.people

    @property
    def links(self) -> Links:
        return self._real.links

    async def probe(self) -> None:
        await self._real.probe()

    async def record(self, changes: Sequence[Change]) -> None:
        self.tries += 1
        await trio.sleep(self.takes)
        if self.is_away:
            await trio.lowlevel.checkpoint()
            raise StorageUnavailable("away")
        self.batches.append(list(changes))
        await self._real.chronicle.record(changes)
        if self.is_lost_after_writing:
            raise StorageUnavailable("the answer was lost")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real.chronicle, name)


@asynccontextmanager
async def open_flaky() -> AsyncIterator[Flaky]:
    """Metadata on the virtual clock."""
    async with open_memory_metadata(virtual_ms) as metadata:
        yield Flaky(metadata)
