"""What servers tell each other without keeping it: a channel for each board, at the node that has the board."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from whiteboard import limits, timeouts
from whiteboard.deadlines import waiting
from whiteboard.diagnostics import logs
from whiteboard.ids import BoardId
from whiteboard.storage.redis.channels import Ear
from whiteboard.storage.redis.server import Server

log = logs.get_logger()


class RedisBus:
    """See `whiteboard.storage.ports.Bus`."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def tell(self, board: BoardId, text: bytes) -> None:
        await self._server.ask(self._server.client.spublish(self._server.keys.of(board).news, text))

    @asynccontextmanager
    async def listen(self, board: BoardId) -> AsyncIterator[trio.MemoryReceiveChannel[bytes]]:
        into, heard = trio.open_memory_channel[bytes](limits.MAX_BUS_BACKLOG)
        channel, channels = self._server.keys.of(board).news, self._server.channels

        def hear(text: bytes) -> None:
            try:
                into.send_nowait(text)
            except trio.WouldBlock:
                log.debug("bus_message_dropped", channel=channel)

        with heard, into, channels.listening(channel, Ear(hear, lambda: None)):
            with waiting(timeouts.STORAGE_RETRY):
                await channels.wait_placed(channel)
            yield heard
