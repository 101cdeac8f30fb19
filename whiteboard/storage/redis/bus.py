"""What servers tell each other without keeping it: a Redis channel for each board, one connection for all of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from whiteboard import limits, timeouts
from whiteboard.diagnostics import logs
from whiteboard.errors import StorageUnavailable
from whiteboard.ids import BoardId
from whiteboard.storage.redis.server import Server, Subscriber

log = logs.get_logger()

_Ears = set[trio.MemorySendChannel[bytes]]


class RedisBus:
    """See `whiteboard.storage.ports.Bus`."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._listening: dict[str, _Ears] = {}
        self._wanted = trio.Event()
        self._line: Subscriber | None = None

    async def tell(self, board: BoardId, text: bytes) -> None:
        await self._server.ask(self._server.client.publish(self._server.keys.of(board).news, text))

    @asynccontextmanager
    async def listen(self, board: BoardId) -> AsyncIterator[trio.MemoryReceiveChannel[bytes]]:
        channel = self._server.keys.of(board).news
        into, heard = trio.open_memory_channel[bytes](limits.MAX_BUS_BACKLOG)
        with heard, into:
            self._listening.setdefault(channel, set()).add(into)
            self._wanted.set()
            try:
                await self._change(channel)
                yield heard
            finally:
                self._listening[channel].discard(into)
                if not self._listening[channel]:
                    del self._listening[channel]
                    with trio.move_on_after(timeouts.CLEANUP.seconds, shield=True):
                        await self._change(channel)

    async def _change(self, channel: str) -> None:
        """Have the line carry what is listened to; one that cannot is made anew by `run`."""
        if self._line is None:
            return
        try:
            if channel in self._listening:
                await self._line.subscribe(channel)
            else:
                await self._line.unsubscribe(channel)
        except StorageUnavailable as error:
            log.debug("bus_not_changed", channel=channel, reason=str(error))

    async def run(self) -> None:
        """Carry messages for ever. Redis may go and come back meanwhile; what was told then is lost."""
        while True:
            await self._wanted.wait()
            try:
                async with self._server.subscriber() as self._line:
                    for channel in list(self._listening):
                        await self._line.subscribe(channel)
                    await self._carry(self._line)
            except StorageUnavailable as error:
                log.warning("bus_lost", reason=str(error))
            finally:
                self._line = None
            await trio.sleep(timeouts.STORAGE_RETRY.seconds)

    async def _carry(self, line: Subscriber) -> None:
        """Hand out what comes. Our own words come back too: a line on which nothing does is dead.

        Raises StorageUnavailable.
        """
        while True:
            with trio.move_on_after(timeouts.PRESENCE_TTL.seconds) as silence:
                self._hand_out(*await line.receive())
            if silence.cancelled_caught and self._listening:
                raise StorageUnavailable(f"nothing was heard for {timeouts.PRESENCE_TTL.seconds} s")

    def _hand_out(self, channel: str, text: bytes) -> None:
        for into in self._listening.get(channel, ()):
            try:
                into.send_nowait(text)
            except trio.WouldBlock:
                log.debug("bus_message_dropped", channel=channel)
