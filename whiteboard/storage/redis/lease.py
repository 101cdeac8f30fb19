"""Who of several servers does a piece of work: one at a time, and another one when it dies."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from coredis.tokens import PureToken

from whiteboard import timeouts
from whiteboard.deadlines import within
from whiteboard.errors import StorageUnavailable
from whiteboard.storage.redis.server import Server


class Lease:
    """Held for ARCHIVE_LEASE, and longer if `keep` is called in time.

    It saves work, no more than that: a holder that was stalled may believe that it holds a lease that another has by
    now. So whatever is done under it must be right when two do it.
    """

    def __init__(self, server: Server, key: str, holder: str) -> None:
        self._server = server
        self._key = key
        self._holder = holder

    async def keep(self) -> bool:
        """Hold it for ARCHIVE_LEASE from now on; False when it is lost. Raises StorageUnavailable."""
        milliseconds = timeouts.ARCHIVE_LEASE.milliseconds
        return bool(await self._server.run("lease", (self._key,), self._holder, milliseconds))

    async def give_back(self) -> None:
        """Let the next one have it; a Redis that is away lets it run out."""
        with suppress(StorageUnavailable):
            await self._server.run("lease", (self._key,), self._holder, 0)


@asynccontextmanager
async def leased(server: Server, key: str) -> AsyncIterator[Lease | None]:
    """The lease of a key for the length of the block, or None when another one has it. Raises StorageUnavailable."""
    lease = Lease(server, key, holder := secrets.token_hex(16))
    milliseconds = timeouts.ARCHIVE_LEASE.milliseconds
    taken = await server.ask(server.client.set(key, holder, condition=PureToken.NX, px=milliseconds))
    if not taken:
        yield None
        return
    try:
        yield lease
    finally:
        with within(timeouts.CLEANUP, shield=True):
            await lease.give_back()  # noqa: ASYNC102 - `within` is shielded and ends
