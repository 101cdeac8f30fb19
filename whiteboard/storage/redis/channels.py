"""Hears channels: one connection for each node that has channels that somebody listens to.

The channels are sharded: one that carries a board's hash tag is at the node that has the board, and moves with it.
What is said while a connection is made anew is lost; whoever listens is told, and looks elsewhere for what it missed.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import trio
from coredis import BaseConnection

from whiteboard import timeouts
from whiteboard.deadlines import waiting
from whiteboard.diagnostics import logs
from whiteboard.errors import StorageUnavailable
from whiteboard.storage.redis.faults import translated
from whiteboard.storage.redis.nodes import Node, Nodes, slot_of

log = logs.get_logger()


class Ear:
    """Somebody who listens to a channel."""

    def __init__(self, hear: Callable[[bytes], None], lose: Callable[[], None]) -> None:
        self.hear = hear
        """Called with each message; must not fail or wait."""
        self.lose = lose
        """Called when messages may have been lost."""


class _Channel:
    """A channel that somebody listens to."""

    def __init__(self) -> None:
        self.ears: set[Ear] = set()
        self.placed = trio.Event()
        """Set while a connection carries it; another event takes its place when none does any more."""


class Channels:
    """Who listens to what, and the connections that carry it."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._channels: dict[str, _Channel] = {}
        self._lines: dict[Node, _Line] = {}
        self._stirred = trio.Event()
        nodes.watchers.append(self.stir)

    @contextmanager
    def listening(self, name: str, ear: Ear) -> Iterator[None]:
        """Have an ear hear a channel within the block, from when `wait_placed` returns."""
        self.listen(name, ear)
        try:
            yield
        finally:
            self.leave(name, ear)

    def listen(self, name: str, ear: Ear) -> None:
        """Have an ear hear a channel until it leaves."""
        self._channels.setdefault(name, _Channel()).ears.add(ear)
        self.stir()

    def leave(self, name: str, ear: Ear) -> None:
        """The ear hears it no more."""
        channel = self._channels[name]
        channel.ears.discard(ear)
        if not channel.ears:
            del self._channels[name]
            self.stir()

    def is_placed(self, name: str) -> bool:
        """Whether a connection carries the channel: nothing that is said now is lost."""
        return name in self._channels and self._channels[name].placed.is_set()

    async def wait_placed(self, name: str) -> None:
        """Return when a connection carries the channel, which somebody listens to."""
        await self._channels[name].placed.wait()

    def stir(self) -> None:
        """Have each channel carried where it belongs, if it is not yet."""
        self._stirred.set()

    # --- carrying -----------------------------------------------------------------------------

    async def run(self) -> None:
        """Carry what is listened to, for ever. Nodes may go and come back meanwhile."""
        async with trio.open_nursery() as nursery:
            while True:
                await self._stirred.wait()
                self._stirred = trio.Event()
                try:
                    if self._channels:
                        with translated():
                            await self._nodes.known()
                except StorageUnavailable as error:
                    log.warning("redis_channels_lost", reason=str(error))
                    self.stir()
                    await trio.sleep(timeouts.STORAGE_RETRY.seconds)
                else:
                    self._place(nursery)

    def _place(self, nursery: trio.Nursery) -> None:
        """Tell each line what it is to carry; new ones are made."""
        wanted: dict[Node, set[str]] = {}
        for name in self._channels:
            if (node := self._nodes.owner(slot_of(name))) is not None:
                wanted.setdefault(node, set()).add(name)
        for node, line in self._lines.items():
            line.carry(wanted.pop(node, set()))
        for node, names in wanted.items():
            line = self._lines[node] = _Line(node, self)
            line.carry(names)
            nursery.start_soon(self._keep, line, name=f"redis: channels of {node.address}")

    async def _keep(self, line: "_Line") -> None:
        """Let a line carry until it fails or has nothing to carry; a new one comes after STORAGE_RETRY at the earliest."""
        try:
            await line.run()
        except StorageUnavailable as error:
            await trio.lowlevel.checkpoint_if_cancelled()
            log.warning("redis_channels_lost", node=str(line.node.address), reason=str(error))
            self._nodes.doubt()
            await trio.sleep(timeouts.STORAGE_RETRY.seconds)
        finally:
            del self._lines[line.node]
            self.stir()

    # --- what lines tell ----------------------------------------------------------------------

    def place(self, name: str) -> None:
        """A line carries the channel now."""
        if name in self._channels:
            self._channels[name].placed.set()

    def displace(self, names: Iterable[str]) -> None:
        """A line carries the channels no more."""
        for name in names:
            if name in self._channels:
                channel = self._channels[name]
                channel.placed = trio.Event()
                for ear in list(channel.ears):
                    ear.lose()

    def move(self, name: str) -> None:
        """The node of a line has the channel no more: another one has."""
        self._nodes.forget(slot_of(name))  # which stirs us when it is known who
        self.displace([name])

    def hand_out(self, name: str, text: bytes) -> None:
        """Somebody has said something."""
        if name in self._channels:
            for ear in list(self._channels[name].ears):
                ear.hear(text)


class _Line:
    """A connection to one node that hears channels."""

    def __init__(self, node: Node, channels: Channels) -> None:
        self.node = node
        self._channels = channels
        self._wanted: set[str] = set()
        self._asked: set[str] = set()
        # what the node has been asked for, and not been asked to stop
        self._carried: set[str] = set()
        # what it has confirmed of that
        self._left: Counter[str] = Counter()
        # what it has been asked to stop, and has not confirmed
        self._changed = trio.Event()

    def carry(self, names: set[str]) -> None:
        """Carry these channels and no others, as soon as may be."""
        self._channels.displace(self._carried - names)
        for name in names & self._carried:
            self._channels.place(name)
        if names != self._wanted:
            self._wanted = names
            self._carried &= names
            self._changed.set()

    async def run(self) -> None:
        """Carry until there has been nothing to carry for a while.

        Raises StorageUnavailable when the connection or the node is lost, or the node refuses a channel.
        """
        try:
            with translated():
                async with self.node.connection() as connection:
                    await self._run(connection)
        finally:
            self._channels.displace(self._carried)

    async def _run(self, connection: BaseConnection) -> None:
        failures: list[StorageUnavailable] = []

        async def work(part: Callable[[BaseConnection], Awaitable[None]]) -> None:
            try:
                with translated():
                    await part(connection)
            except StorageUnavailable as error:
                failures.append(error)
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(work, self._hear_always)
            nursery.start_soon(work, self._ask_always)
        if failures:
            raise failures[0]

    async def _hear_always(self, connection: BaseConnection) -> None:
        async for push in connection.push_messages:
            self._hear(push)

    async def _ask_always(self, connection: BaseConnection) -> None:
        """Ask for what is wanted, and look now and then whether the node is there; until nothing is wanted."""
        is_wanted = True
        while is_wanted or self._wanted:
            is_wanted = bool(self._wanted)
            self._changed = trio.Event()
            for name in self._asked - self._wanted:
                self._left[name] += 1
                connection.send_command(b"SUNSUBSCRIBE", name)
            for name in self._wanted - self._asked:
                connection.send_command(b"SSUBSCRIBE", name)
            self._asked = set(self._wanted)
            # A refusal has no request of its own in the client: this one gets it. Then the connection is given up.
            await connection.create_request(b"PING", timeout=timeouts.REDIS_ANSWER.seconds)
            with waiting(timeouts.CHANNELS_PING):
                await self._changed.wait()

    def _hear(self, push: list[Any]) -> None:
        kind, name = bytes(push[0]), bytes(push[1]).decode()
        if kind == b"smessage":
            self._channels.hand_out(name, push[2])
        elif kind == b"ssubscribe" and name in self._wanted and not self._left[name]:
            self._carried.add(name)
            self._channels.place(name)
        elif kind == b"sunsubscribe" and self._left[name]:
            self._left -= Counter([name])  # which keeps none of 0
        elif kind == b"sunsubscribe" and name in self._asked:
            for names in (self._asked, self._wanted, self._carried):
                names.discard(name)
            self._channels.move(name)
