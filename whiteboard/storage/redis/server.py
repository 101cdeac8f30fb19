"""One Redis server: its connections, its scripts, and what its errors mean to us."""

from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from importlib import resources
from typing import Any, TypeVar

import anyio
import coredis
import trio
from coredis.exceptions import RedisError
from coredis.patterns.pubsub import PubSub
from coredis.retry import NoRetryPolicy
from coredis.tokens import PureToken

from whiteboard import limits, timeouts
from whiteboard.errors import StorageUnavailable
from whiteboard.ids import BoardId
from whiteboard.storage.ports import BoardInfo, Head
from whiteboard.storage.redis.keys import Keys
from whiteboard.storage.redis.pool import MendingPool

_Answer = TypeVar("_Answer")


class Server:
    """A client of the server that Redis runs on; shared by the ports."""

    def __init__(self, client: "coredis.Redis[bytes]", keys: Keys) -> None:
        self.client = client
        self.keys = keys
        self.is_closed = False
        self._scripts = {name: client.register_script(_source(name)) for name in _SCRIPTS}

    async def ask(self, command: Awaitable[_Answer]) -> _Answer:
        """The answer to a command. Cancelled or late, the command may have been carried out.

        Raises StorageUnavailable, after REDIS_ANSWER at the latest.
        """
        await trio.lowlevel.checkpoint()
        if self.is_closed:
            raise StorageUnavailable("the storage is closed")
        try:
            with translated():
                with trio.fail_after(timeouts.REDIS_ANSWER.seconds):
                    return await command
        except StorageUnavailable as error:
            failure = error
        # coredis takes being cancelled while it connects for a connection that failed
        await trio.lowlevel.checkpoint_if_cancelled()
        raise failure

    async def run(self, script: str, keys: Iterable[str], *arguments: str | bytes | int) -> Any:
        """What a script answers. Raises as `ask` does."""
        return await self.ask(self._scripts[script](keys=list(keys), args=list(arguments)))

    @asynccontextmanager
    async def subscriber(self) -> AsyncIterator["Subscriber"]:
        """A connection of its own that hears channels. Raises StorageUnavailable, also out of the block."""
        try:
            with translated():
                async with self.client.pubsub(
                    ignore_subscribe_messages=True, retry_policy=NoRetryPolicy()
                ) as line:
                    yield Subscriber(line)
        except BaseExceptionGroup as group:
            lost, others = group.split((RedisError, StorageUnavailable))
            if others is not None:
                raise others from None  # being cancelled, for one
            raise StorageUnavailable(f"Redis does not do it: {lost}") from group

    # --- what several ports ask ---------------------------------------------------------------

    async def info(self, board: BoardId) -> BoardInfo | None:
        """The line of a board in the list; None when there is no such board."""
        found = await self.ask(self.client.hgetall(self.keys.of(board).head))
        if not found:
            return None
        return BoardInfo(board, int(found[b"seq"]), int(found[b"created"]), int(found[b"updated"]))

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
        if await self.info(board) is not None:
            await self.list_board(board)

    async def listed(self, after: BoardId | None, limit: int) -> list[BoardId]:
        """The next lines of the list; boards that are no more may be among them."""
        start = "-" if after is None else f"({after}"
        query = self.client.zrange(
            self.keys.boards, start, "+", sortby=PureToken.BYLEX, offset=0, count=limit
        )
        return [BoardId(member.decode()) for member in await self.ask(query)]

    async def probe(self) -> None:
        """Write something small and read it back."""
        await self.ask(self.client.set(self.keys.probe, "1"))
        if await self.ask(self.client.get(self.keys.probe)) != b"1":
            raise StorageUnavailable("Redis does not give back what it was given")


class Subscriber:
    """A connection that hears channels."""

    def __init__(self, line: "PubSub[bytes]") -> None:
        self._line = line

    async def subscribe(self, channel: str) -> None:
        """Hear a channel from now on. Raises StorageUnavailable."""
        with translated():
            await self._line.subscribe(channel)

    async def unsubscribe(self, channel: str) -> None:
        """Hear it no more. Raises StorageUnavailable."""
        with translated():
            await self._line.unsubscribe(channel)

    async def receive(self) -> tuple[str, bytes]:
        """The next message and its channel. Raises StorageUnavailable."""
        with translated():
            while (message := await self._line.get_message()) is None or message["type"] != "message":
                pass
        channel, text = message["channel"], message["data"]
        assert isinstance(channel, bytes)
        assert isinstance(text, bytes)
        return channel.decode(), text


@asynccontextmanager
async def open_server(url: str, password: str | None, prefix: str) -> AsyncIterator[Server]:
    """A server by its URL. Connects when it is first asked something."""
    pool = MendingPool.from_url(
        url,
        password=password,
        connect_timeout=timeouts.REDIS_CONNECT.seconds,
        timeout=timeouts.REDIS_ANSWER.seconds,
        max_connections=limits.REDIS_CONNECTIONS,
    )
    # No retries: an append that is sent again finds its own ops stored.
    client = coredis.Redis(connection_pool=pool, retry_policy=NoRetryPolicy())
    async with client:
        yield Server(client, Keys(prefix))


_SCRIPTS = (
    *("append", "begin", "compact", "forget", "read", "receipts", "save"),
    *("freeze", "lease", "revive", "thaw", "trim", "when_warm", "whole"),
)


@cache
def _source(name: str) -> str:
    return resources.files(__package__).joinpath("scripts", f"{name}.lua").read_text()


@contextmanager
def translated() -> Iterator[None]:
    """What Redis, its client and the network raise becomes StorageUnavailable."""
    try:
        yield
    except trio.TooSlowError as error:
        raise StorageUnavailable(f"Redis did not answer for {timeouts.REDIS_ANSWER.seconds} s") from error
    except (RedisError, OSError, TimeoutError) as error:
        raise StorageUnavailable(f"Redis does not do it: {error}") from error
    except (anyio.ClosedResourceError, anyio.BrokenResourceError) as error:
        # the client's own tasks were cancelled together with the caller, who still has to clean up
        raise StorageUnavailable("the connection to Redis is closed") from error
