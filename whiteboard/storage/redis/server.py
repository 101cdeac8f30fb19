"""Redis as the ports see it: what is asked of it, its scripts, and questions that several ports have."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache, partial
from importlib import resources
from typing import Any, TypeVar

import trio
from coredis.exceptions import NoScriptError, RedisError
from coredis.tokens import PureToken

from whiteboard import timeouts
from whiteboard.deadlines import deadline, within
from whiteboard.errors import StorageUnavailable
from whiteboard.ids import BoardId
from whiteboard.storage.ports import BoardInfo, Head
from whiteboard.storage.redis.channels import Channels
from whiteboard.storage.redis.faults import translated
from whiteboard.storage.redis.keys import Keys
from whiteboard.storage.redis.nodes import Nodes, RoutingClient, read_url, slot_of

_Answer = TypeVar("_Answer")


class Server:
    """A client of the server that Redis runs on, or of a Redis Cluster; shared by the ports."""

    def __init__(self, nodes: Nodes, channels: Channels, keys: Keys) -> None:
        self.nodes = nodes
        self.client = RoutingClient(nodes)
        self.channels = channels
        self.keys = keys
        self.is_closed = False
        self._probed: str | None = None
        # the key of the last probe that worked

    async def ask(self, command: Awaitable[_Answer]) -> _Answer:
        """The answer to a command. Cancelled or late, the command may have been carried out.

        Raises StorageUnavailable, after REDIS_ANSWER at the latest.
        """
        return await self._ask(lambda: command)

    async def _ask(self, begin: Callable[[], Awaitable[_Answer]]) -> _Answer:
        await trio.lowlevel.checkpoint()
        if self.is_closed:
            raise StorageUnavailable("the storage is closed")
        try:
            with translated(), deadline(timeouts.REDIS_ANSWER):
                return await self._answer(begin)
        except StorageUnavailable as error:
            failure = error
        self.nodes.doubt()
        # coredis takes being cancelled while it connects for a connection that failed
        await trio.lowlevel.checkpoint_if_cancelled()
        raise failure

    async def _answer(self, begin: Callable[[], Awaitable[_Answer]]) -> _Answer:
        try:
            return await begin()
        except (RedisError, OSError):
            raise
        except Exception as error:
            if not self.is_closed:
                raise
            # Its connections are closed under the command, which coredis takes for a fault of ours.
            raise StorageUnavailable(f"the storage is closed: {error!r}") from error

    async def ask_all(self, commands: Sequence[Awaitable[_Answer]]) -> list[_Answer]:
        """The answers to commands that do not wait for each other, in their order. Raises as `ask` does."""
        answers: dict[int, _Answer] = {}
        failures: list[StorageUnavailable] = []

        async def ask(number: int, command: Awaitable[_Answer]) -> None:
            try:
                answers[number] = await self.ask(command)
            except StorageUnavailable as error:
                failures.append(error)

        async with trio.open_nursery() as nursery:
            for number, command in enumerate(commands):
                nursery.start_soon(ask, number, command)
        if failures:
            raise failures[0]
        return [answers[number] for number in range(len(commands))]

    async def run(self, script: str, keys: Iterable[str], *arguments: str | bytes | int) -> Any:
        """What a script answers. Raises as `ask` does."""
        source, digest = _script(script)
        names, told = list(keys), list(arguments)
        return await self._ask(partial(self._run, source, digest, names, told))

    async def _run(self, source: str, digest: str, names: list[str], told: list[str | bytes | int]) -> Any:
        try:
            return await self.client.evalsha(digest, keys=names, args=told)
        except NoScriptError:
            return await self.client.eval(source, keys=names, args=told)  # keeps it for the next time

    # --- what several ports ask ---------------------------------------------------------------

    async def infos(self, boards: Sequence[BoardId]) -> list[BoardInfo]:
        """The lines of boards in the list, those of them that there are, in order; one round trip to each node."""
        heads = await self.ask_all([self.client.hgetall(self.keys.of(board).head) for board in boards])
        return [
            BoardInfo(board, int(found[b"seq"]), int(found[b"created"]), int(found[b"updated"]))
            for board, found in zip(boards, heads, strict=True)
            if found
        ]

    async def head(self, board: BoardId) -> Head | None:
        """Where a board's log stands; None when there is no such board."""
        found = await self.ask(self.client.hgetall(self.keys.of(board).head))
        if not found:
            return None
        return Head(int(found[b"seq"]), found[b"epoch"].decode(), int(found[b"updated"]))

    async def list_board(self, board: BoardId) -> None:
        """Put a board on the list."""
        await self.ask(self.client.zadd(self.keys.boards, {board: 0}))

    async def unlist_board(self, board: BoardId) -> None:
        """Take a board off the list, unless it has been begun again."""
        await self.ask(self.client.zrem(self.keys.boards, [board]))
        if await self.head(board) is not None:
            await self.list_board(board)

    async def listed(self, after: BoardId | None, limit: int) -> list[BoardId]:
        """The next lines of the list; boards that are no more may be among them."""
        start = "-" if after is None else f"({after}"
        query = self.client.zrange(
            self.keys.boards, start, "+", sortby=PureToken.BYLEX, offset=0, count=limit
        )
        return [BoardId(member.decode()) for member in await self.ask(query)]

    async def probe(self) -> None:
        """Write something small and read it back: in a cluster, at one node at least. Raises StorageUnavailable."""
        with translated():
            await self.nodes.known()
        *first, last = self._probes()
        for name in first:
            with suppress(StorageUnavailable), within(timeouts.REDIS_NODE_PROBE):
                await self._probe(name)
                return
        await self._probe(last)

    def _probes(self) -> list[str]:
        """One key for each node, as far as there are enough; first for the node that worked last."""
        names = {self.nodes.owner(slot_of(name)): name for name in self.keys.probes}
        return sorted(names.values(), key=lambda name: name != self._probed)

    async def _probe(self, name: str) -> None:
        await self.ask(self.client.set(name, "1"))
        if await self.ask(self.client.get(name)) != b"1":
            raise StorageUnavailable("Redis does not give back what it was given")
        self._probed = name


@asynccontextmanager
async def open_server(url: str, password: str | None, prefix: str) -> AsyncIterator[Server]:
    """Redis by the URL of a server, or of nodes of a cluster. Connects when it is first asked something."""
    nodes = Nodes(*read_url(url, password))
    channels = Channels(nodes)
    async with trio.open_nursery() as nursery:
        await nursery.start(nodes.run)
        nursery.start_soon(channels.run, name="redis: channels")
        server = Server(nodes, channels, Keys(prefix))
        try:
            yield server
        finally:
            server.is_closed = True
            nursery.cancel_scope.cancel()


@cache
def _script(name: str) -> tuple[str, str]:
    """The text of a script, and the digest that Redis knows it by."""
    source = resources.files(__package__).joinpath("scripts", f"{name}.lua").read_text()
    return source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
