"""A storage that can be held up, refuse or fail: the memory adapter with a tap in front."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import trio

from whiteboard.errors import StorageUnavailable
from whiteboard.ids import BoardId, ClientId
from whiteboard.storage.ports import Head, Newest, NewOp, OpLog, Receipt, Snapshots, Storage, StoredOp


class TappedLog:
    """An op log that waits while `flow` is closed, and refuses writes while `is_full`."""

    def __init__(self, log: OpLog) -> None:
        self._log = log
        self.flow = trio.Event()
        self.flow.set()
        self.is_full = False
        self.is_shared = log.is_shared
        self.cannot_read = False
        self.forgets_answers = False
        """Store the ops and raise all the same: a write of unknown fate."""

    def __getattr__(self, name: str) -> Any:
        return _found(self._log, name)

    def hold(self) -> None:
        """Let reads of the head and writes wait until `flow` is set again."""
        self.flow = trio.Event()

    async def head(self, board: BoardId) -> Head | None:
        await self.flow.wait()
        return await self._log.head(board)

    async def read(
        self, board: BoardId, after: int, limit: int, *, epoch: str | None = None
    ) -> list[StoredOp]:
        if self.cannot_read:
            raise StorageUnavailable("busy")
        return await self._log.read(board, after, limit, epoch=epoch)

    async def append(
        self,
        board: BoardId,
        ops: Sequence[NewOp],
        *,
        epoch: str,
        claims: Mapping[ClientId, bytes],
        known: int = 0,
        newest: Newest | None = None,
    ) -> list[Receipt]:
        await self.flow.wait()
        if self.is_full:
            raise StorageUnavailable("no space left")
        receipts = await self._log.append(board, ops, epoch=epoch, claims=claims, known=known, newest=newest)
        if self.forgets_answers:
            raise StorageUnavailable("the answer got lost")
        return receipts


def _found(port: Any, name: str) -> Any:
    """A port's attribute, but for what would go round the tap: the way to append without waiting."""
    if name == "append_now":
        raise AttributeError(name)
    return getattr(port, name)


class TappedStorage:
    """A storage with a tapped log; everything else is the storage behind it."""

    def __init__(self, storage: Storage) -> None:
        self.snapshots = storage.snapshots
        self.boards = storage.boards
        self.bus: Any = storage.bus
        self.probe = storage.probe
        self.op_log: Any = TappedLog(storage.op_log)

    def refusing_snapshots(self) -> "RefusingSnapshots":
        """The snapshots as they are on a full disk."""
        return RefusingSnapshots(self.snapshots)


class RefusingSnapshots:
    """Snapshots that can be read and not saved."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots

    def __getattr__(self, name: str) -> Any:
        return getattr(self._snapshots, name)

    async def save(self, *_: object, **__: object) -> None:
        await trio.lowlevel.checkpoint()
        raise StorageUnavailable("no space left")


Hook = Callable[..., Awaitable[None]]
"""Runs before or after a port's method, with its positional arguments; what it raises, the method raises."""


class HookedPort:
    """A port with hooks, by the method's name."""

    def __init__(self, port: Any) -> None:
        self._port = port
        self.before: dict[str, Hook] = {}
        self.after: dict[str, Hook] = {}

    def __getattr__(self, name: str) -> Any:
        method = _found(self._port, name)
        if name not in self.before and name not in self.after:
            return method

        async def hooked(*args: Any, **named: Any) -> Any:
            if name in self.before:
                await self.before[name](*args)
            result = await method(*args, **named)
            if name in self.after:
                await self.after[name](*args)
            return result

        return hooked


class HookedStorage:
    """A storage whose ports have hooks."""

    def __init__(self, storage: Storage) -> None:
        self.op_log: Any = HookedPort(storage.op_log)
        self.snapshots: Any = HookedPort(storage.snapshots)
        self.boards: Any = HookedPort(storage.boards)
        self.bus = storage.bus
        self.probe = storage.probe
