"""Warns of settings of Redis with which acked ops, or whole boards, can be lost. Changes none."""

from typing import Final

import trio

from whiteboard import timeouts
from whiteboard.diagnostics import logs
from whiteboard.errors import StorageUnavailable
from whiteboard.storage.redis.faults import translated
from whiteboard.storage.redis.nodes import Node, Nodes

log = logs.get_logger()

_NAMES: Final = ("appendonly", "appendfsync", "maxmemory-policy")


class Inspector:
    """Looks at each node once."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._changed = trio.Event()
        self._seen: set[Node] = set()
        nodes.watchers.append(self._stir)

    def _stir(self) -> None:
        self._changed.set()

    async def run(self) -> None:
        """Look at nodes as they become known, for ever."""
        while True:
            self._changed = trio.Event()
            try:
                await self._look()
            except StorageUnavailable as error:
                log.debug("redis_settings_unknown", reason=str(error))
                await trio.sleep(timeouts.STORAGE_RETRY.seconds)
            else:
                await self._changed.wait()

    async def _look(self) -> None:
        with translated():
            await self._nodes.known()
        nodes = self._nodes.all
        self._seen &= set(nodes)
        for node in nodes:
            if node not in self._seen:
                await self._inspect(node)
                self._seen.add(node)

    async def _inspect(self, node: Node) -> None:
        with translated():
            found = await node.settings(*_NAMES)
        where = str(node.address)
        if not found:
            log.debug("redis_settings_unknown", node=where, reason="CONFIG GET is not allowed")
            return
        if found.get("appendonly") == "no":
            log.warning("redis_keeps_nothing", node=where)
        elif (fsync := found.get("appendfsync")) != "always":
            log.warning("redis_keeps_late", node=where, appendfsync=fsync)
        if (policy := found.get("maxmemory-policy")) != "noeviction":
            log.warning("redis_evicts", node=where, policy=policy)
