"""A plain TCP proxy before several servers, as a load balancer is: a connection goes to one that is up."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import trio
from integration.server_process import ServerProcess

CHUNK_BYTES = 64 * 1024


class Balancer:
    """Takes turns among the servers; one that refuses is passed over."""

    def __init__(self, servers: Sequence[ServerProcess]) -> None:
        self._servers = servers
        self._turn = 0
        self.url = ""

    async def serve(self, client: trio.SocketStream) -> None:
        """Carry one connection until either side ends it."""
        async with client:
            server = await self._connect()
            if server is None:
                return
            async with server, trio.open_nursery() as nursery:
                nursery.start_soon(_carry, client, server, nursery.cancel_scope)
                nursery.start_soon(_carry, server, client, nursery.cancel_scope)

    async def _connect(self) -> trio.SocketStream | None:
        for _ in self._servers:
            self._turn += 1
            port = self._servers[self._turn % len(self._servers)].port
            try:
                return await trio.open_tcp_stream("127.0.0.1", port)
            except OSError:
                continue
        return None


async def _carry(source: trio.SocketStream, target: trio.SocketStream, scope: trio.CancelScope) -> None:
    try:
        while chunk := await source.receive_some(CHUNK_BYTES):
            await target.send_all(chunk)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass
    scope.cancel()


@asynccontextmanager
async def balancing(*servers: ServerProcess) -> AsyncIterator[Balancer]:
    """A balancer on a free port of loopback while the block runs."""
    balancer = Balancer(servers)
    async with trio.open_nursery() as nursery:
        serve = partial(trio.serve_tcp, balancer.serve, 0, host="127.0.0.1")
        listeners = await nursery.start(serve)
        port = listeners[0].socket.getsockname()[1]
        balancer.url = f"http://127.0.0.1:{port}"
        yield balancer
        nursery.cancel_scope.cancel()
