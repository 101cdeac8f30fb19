"""Which Redis server has which keys: one server has them all, or the nodes of a Redis Cluster share the slots.

Whether it is a cluster, and who has what, is asked of the first address that answers; in a cluster again every
REDIS_REFRESH, and soon whenever something went wrong or a node said that a slot has moved.
"""

import math
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import Context, copy_context
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar, cast
from urllib.parse import urlsplit

import coredis
import trio
from coredis.commands.request import CommandRequest
from coredis.connection import BaseConnection, TCPConnection
from coredis.exceptions import (
    AskError,
    AuthenticationError,
    ClusterDownError,
    MovedError,
    ResponseError,
    TryAgainError,
)
from coredis.retry import NoRetryPolicy
from coredis.typing import Key

from whiteboard import limits, timeouts
from whiteboard.deadlines import waiting, within
from whiteboard.diagnostics import logs
from whiteboard.errors import StorageUnavailable
from whiteboard.storage.redis.faults import translated
from whiteboard.storage.redis.pool import MendingPool, NotConnectedError

log = logs.get_logger()

_Answer = TypeVar("_Answer")

LEAST_VERSION: Final = 7
"""The first that has sharded channels."""


class Address(NamedTuple):
    """Where a node is; of a Unix socket its path, and port 0."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host


class Access(NamedTuple):
    """How every node is opened."""

    scheme: str
    """`redis`, `rediss` for TLS, `unix`."""
    rest: str
    """What follows the address in a URL."""
    password: str | None

    def url(self, address: Address) -> str:
        """What a pool opens."""
        host = f"[{address.host}]" if ":" in address.host else address.host
        return f"{self.scheme}://{host}{f':{address.port}' if address.port else ''}{self.rest}"


def read_url(url: str, password: str | None) -> tuple[Access, list[Address]]:
    """What `RedisUrl` says: how to open nodes, and where some of them are."""
    scheme, _, rest = url.partition("://")
    if scheme == "unix":
        path, mark, query = rest.partition("?")
        return Access(scheme, mark + query, password), [Address(path, 0)]
    hosts, slash, tail = rest.partition("/")
    parts = [urlsplit(f"//{host}") for host in hosts.split(",")]
    addresses = [Address(part.hostname or "localhost", part.port or 6379) for part in parts]
    return Access(scheme, slash + tail, password), addresses


class AskingConnection(TCPConnection):
    """Says before each command that we were sent here for a slot that is not moved whole yet."""

    def create_request(self, *words: Any, **how: Any) -> Any:
        """See coredis."""
        if self.usable:
            super().create_request(b"ASKING")
        return super().create_request(*words, **how)


class Node:
    """One Redis server, and at most REDIS_CONNECTIONS connections to it."""

    def __init__(self, address: Address, access: Access) -> None:
        self.address = address
        self.pool = _pool(address, access)
        asking = _pool(address, access)
        asking.connection_class = AskingConnection
        # No retries: an append that is sent again finds its own ops stored.
        self._client = coredis.Redis(connection_pool=self.pool, retry_policy=NoRetryPolicy())
        self._asking = coredis.Redis(connection_pool=asking, retry_policy=NoRetryPolicy())
        self._opened = trio.Event()
        self._life = trio.CancelScope()
        self._users = 0
        self._is_retired = False

    async def run(self) -> None:
        """Keep its connections until it is retired and nobody uses it."""
        with self._life:
            async with self._client, self._asking:
                self._opened.set()
                try:
                    await trio.sleep_forever()
                finally:
                    self._life.cancel()  # whoever still has to clean up finds it closed

    def retire(self) -> None:
        """It is no part of the cluster any more."""
        self._is_retired = True
        self._end_if_unused()

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep it open meanwhile, also when it is retired. Raises StorageUnavailable when it is closed."""
        if self._life.cancel_called:
            raise StorageUnavailable(f"Redis at {self.address} is no longer asked")
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            self._end_if_unused()

    def _end_if_unused(self) -> None:
        if self._is_retired and not self._users:
            self._life.cancel()

    async def execute(self, command: CommandRequest[_Answer], *, is_asking: bool = False) -> _Answer:
        """The answer to a command. Raises RedisError and others, see `translated`."""
        with self.in_use():
            await self._opened.wait()
            return await (self._asking if is_asking else self._client).execute_command(command)

    async def slots(self) -> dict[tuple[int, int], Address] | None:
        """Primaries by the slots that they have; None for a server that is no node of a cluster.

        Raises StorageUnavailable when it is too old, others as `execute` does.
        """
        with self.in_use():
            await self._opened.wait()
            await self._check_version()
            try:
                answer = await self._client.create_request(b"CLUSTER SLOTS", callback=_as_it_is)
            except (AuthenticationError, ClusterDownError):
                raise
            except ResponseError:
                return None
        return {(first, last): self._address(*primary[:2]) for first, last, primary, *_ in answer}

    def _address(self, host: bytes | None, port: int) -> Address:
        """Where another node is, as this one says: an unknown host is its own."""
        is_known = host not in {None, b"", b"?"}
        return Address(host.decode() if host and is_known else self.address.host, port)

    async def _check_version(self) -> None:
        connection: BaseConnection = await self.pool.get_connection()
        self.pool.release(connection)
        version = connection.server_version or "0"
        if int(version.partition(".")[0]) < LEAST_VERSION:
            raise StorageUnavailable(
                f"Redis at {self.address} is {version}: {LEAST_VERSION}.0 or later is needed"
            )

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[BaseConnection]:
        """A connection of its own for as long as the block runs. Raises as `execute` does."""
        with self.in_use():
            await self._opened.wait()
            connection: BaseConnection = await self.pool.get_connection()
            try:
                yield connection
            finally:
                connection.invalidate()
                self.pool.release(connection)

    async def settings(self, *names: str) -> dict[str, str]:
        """What `CONFIG GET` says; nothing where that is not allowed. Raises as `execute` does."""
        with self.in_use():
            await self._opened.wait()
            try:
                found = await self._client.config_get(names)
            except AuthenticationError:
                raise
            except ResponseError:
                return {}
        return {_text(name): _text(value) for name, value in found.items()}


class Nodes:
    """The servers that Redis consists of, and who has what."""

    def __init__(self, access: Access, seeds: Sequence[Address]) -> None:
        self._seeds = seeds
        self._access = access
        self._order = deque(seeds)
        # whom to ask first
        self._nodes: dict[Address, Node] = {}
        self._owners: list[Node | None] = []
        # by slot; empty as long as nobody has told
        self._looking = trio.Lock()
        self._in_doubt = trio.Event()
        self._doubtful_until = -math.inf
        self._nursery: trio.Nursery | None = None
        self._context: Context
        # of the task that keeps them: a node that is opened in a session's turn is not the session's
        self.is_cluster = False
        self.watchers: list[Callable[[], None]] = []
        """Called whenever it may have changed who has what."""

    @property
    def all(self) -> list[Node]:
        """Those that have slots, in the order of the slots."""
        return list(dict.fromkeys(node for node in self._owners if node is not None))

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep the nodes, and find out anew who has what when there is doubt, for ever."""
        self._context = copy_context()
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            task_status.started()
            try:
                await self._look_always()
            finally:
                self._nursery = None

    async def _look_always(self) -> None:
        while True:
            with waiting(timeouts.REDIS_REFRESH, plus=0.0 if self.is_cluster else math.inf):
                await self._in_doubt.wait()
            self._in_doubt = trio.Event()
            try:
                await self._look()
            except StorageUnavailable as error:
                log.debug("redis_nodes_unknown", reason=str(error))
                self._in_doubt.set()
            await trio.sleep(timeouts.REDIS_LOOK.seconds)
            if trio.current_time() < self._doubtful_until:
                self._in_doubt.set()

    async def known(self) -> None:
        """Return once it is known who has what. Raises StorageUnavailable."""
        if self._owners:
            return
        async with self._looking:
            if not self._owners:
                await self._look()

    def _begin_looking(self) -> None:
        """From now on look every REDIS_REFRESH."""
        if not self.is_cluster:
            self.is_cluster = True
            self._in_doubt.set()

    def doubt(self) -> None:
        """Something went wrong: look again, in the background, for as long as it may take to come right."""
        if self.is_cluster:
            self._doubtful_until = trio.current_time() + timeouts.REDIS_DOUBT.seconds
            self._in_doubt.set()

    def owner(self, slot: int) -> Node | None:
        """Who has a slot, as far as is known."""
        return self._owners[slot if self.is_cluster else 0] if self._owners else None

    def whom_to_ask(self, slot: int) -> Node:
        """Who has a slot, or may know who has. Raises StorageUnavailable."""
        node = self.owner(slot) or next(iter(self.all), None)
        if node is None:
            raise StorageUnavailable("no Redis node is known")
        return node

    def forget(self, slot: int) -> None:
        """A node has said that it has a slot no more."""
        if self.is_cluster:
            self._owners[slot] = None
            self.doubt()

    def at(self, address: Address) -> Node:
        """The node with an address; new ones are opened."""
        if address not in self._nodes:
            if self._nursery is None:
                raise StorageUnavailable("the storage is closed")
            node = self._nodes[address] = Node(address, self._access)
            self._context.run(partial(self._nursery.start_soon, node.run, name=f"redis: {address}"))
        return self._nodes[address]

    def moved(self, error: MovedError, source: Node) -> Node:
        """Note that a slot has another owner than the node that says so; who that is."""
        if not self.is_cluster:
            raise StorageUnavailable("Redis is a cluster, but does not tell who has its slots")
        self.doubt()
        node = self._owners[error.slot_id] = self.named(error, source)
        return node

    def named(self, error: AskError, source: Node) -> Node:
        """The node that another one sends us to."""
        return self.at(Address(error.host or source.address.host, error.port))

    # --- looking ------------------------------------------------------------------------------

    async def _look(self) -> None:
        """Ask one after the other until somebody tells who has what. Raises StorageUnavailable."""
        reasons: list[str] = []
        for _ in range(len(self._order)):
            address = self._order[0]
            try:
                with translated(), within(timeouts.REDIS_CONNECT):
                    self._take(address, await self.at(address).slots())
                    return
                reasons.append(f"Redis at {address} did not answer for {timeouts.REDIS_CONNECT.seconds} s")
            except StorageUnavailable as error:
                reasons.append(str(error))
            self._order.rotate(-1)
        raise StorageUnavailable("; ".join(reasons))

    def _take(self, address: Address, ranges: dict[tuple[int, int], Address] | None) -> None:
        """Believe what a node has told."""
        if ranges is None:
            if len(self._seeds) > 1:
                raise StorageUnavailable(f"{address} is no node of a cluster: name one server only")
            self._owners = [self.at(address)]
        elif not ranges:
            raise StorageUnavailable(f"the Redis Cluster of {address} has no slots")
        else:
            self._begin_looking()
            self._owners = [None] * limits.REDIS_SLOTS
            for (first, last), owner in ranges.items():
                self._owners[first : last + 1] = [self.at(owner)] * (last + 1 - first)
        self._keep({address, *(node.address for node in self.all)})
        for watcher in self.watchers:
            watcher()

    def _keep(self, addresses: set[Address]) -> None:
        """Retire all other nodes; ask these from now on, and after them the addresses that we were given."""
        for address in self._nodes.keys() - addresses:
            self._nodes.pop(address).retire()
        known = [one for one in self._order if one in addresses]
        self._order = deque(dict.fromkeys([*known, *sorted(addresses), *self._seeds]))


class RoutingClient(coredis.Redis[bytes]):
    """A Redis client whose commands go to the node that has their keys.

    What a node of a cluster refuses because a slot is moving is sent again, to whom it names or a little later, and so is
    what found no connection, because a replica may take over: neither was carried out. The caller's deadline bounds that.
    """

    def __init__(self, nodes: Nodes) -> None:
        super().__init__(retry_policy=NoRetryPolicy())  # its own pool is never opened
        self._nodes = nodes

    async def execute_command(self, command: CommandRequest[_Answer]) -> _Answer:
        """See coredis. Raises StorageUnavailable when nobody has the keys."""
        await self._nodes.known()
        node, is_asking = self._owner(command), False
        while True:
            try:
                return await node.execute(command, is_asking=is_asking)
            except MovedError as error:
                node, is_asking = self._nodes.moved(error, node), False
            except AskError as error:
                node, is_asking = self._nodes.named(error, node), True
                continue
            except (TryAgainError, ClusterDownError):
                self._nodes.doubt()
                node, is_asking = self._owner(command), False
            except NotConnectedError:
                if not self._nodes.is_cluster:
                    raise
                self._nodes.doubt()
                await trio.sleep(timeouts.REDIS_LOOK.seconds)
                node, is_asking = self._owner(command), False
            await trio.sleep(timeouts.REDIS_REDIRECT.seconds)

    def _owner(self, command: CommandRequest[Any]) -> Node:
        slots = command.affected_slots
        if len(slots) > 1 and self._nodes.is_cluster:
            raise ValueError(f"{command.name!r} has keys of several slots")
        return self._nodes.whom_to_ask(slots[0] if slots else 0)


def slot_of(name: str) -> int:
    """The slot of a key or a channel."""
    return Key(name).slot


def _pool(address: Address, access: Access) -> MendingPool:
    return cast(
        MendingPool,
        MendingPool.from_url(
            access.url(address),
            password=access.password,
            connect_timeout=timeouts.REDIS_CONNECT.seconds,
            timeout=timeouts.REDIS_ANSWER.seconds,
            max_connections=limits.REDIS_CONNECTIONS,
        ),
    )


def _as_it_is(answer: Any) -> Any:
    return answer


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
