"""The ports on a folder of files. Owns who waits for whom; the files themselves are `board_file`.

Each board has a slot with a lock: one call at a time works on a board, in a worker thread, and calls on different boards go on beside
each other. A call that was cancelled is finished first, so that the index is what the file says.
"""

import fcntl
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar, TypeVarTuple, Unpack

import trio

from whiteboard import limits
from whiteboard.errors import ClaimConflict, StartupError, StorageConflict, StorageCorrupt, StorageUnavailable
from whiteboard.ids import BoardId, ClientId, ElementId, OpId
from whiteboard.storage import arguments, segments
from whiteboard.storage.blocking import run_blocking
from whiteboard.storage.ports import (
    BoardInfo,
    Boards,
    Bus,
    Checkpoint,
    ClientRecord,
    Durability,
    Head,
    Newest,
    NewOp,
    OpLog,
    Receipt,
    Snapshots,
    Storage,
    StoredOp,
)
from whiteboard.storage.wakeups import Wakeups
from whiteboard_files.board_file import BoardFile, create_board, open_board, sync_names

Result = TypeVar("Result")
Args = TypeVarTuple("Args")

_SUFFIX: Final = ".board"
_THREADS: Final = 4
_CLOSE_SECONDS: Final = 5.0
"""What calls under way get when the storage closes: a disk that takes longer has stopped."""


@dataclass(slots=True)
class _Slot:
    """A board id that has a board, or that somebody is busy with."""

    lock: trio.Lock = field(default_factory=trio.Lock)
    users: int = 0
    file: BoardFile | None = None
    fault: str | None = None
    """Why the board's file cannot be used."""


class _Folder:
    """What the ports share."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.slots: dict[BoardId, _Slot] = {}
        self.wakeups = Wakeups()
        self.is_closed = False
        self._threads = trio.CapacityLimiter(_THREADS)

    @asynccontextmanager
    async def holding(self, board: BoardId) -> AsyncIterator[_Slot]:
        """The board's slot, for one caller at a time. Raises StorageUnavailable once closed, StorageCorrupt."""
        slot = self.slots.setdefault(board, _Slot())
        slot.users += 1
        try:
            async with slot.lock:
                self.check_open()
                if slot.fault is not None:
                    raise StorageCorrupt(slot.fault)
                yield slot
        finally:
            slot.users -= 1
            if slot.users == 0 and slot.file is None and slot.fault is None:
                del self.slots[board]

    @asynccontextmanager
    async def looking(self, board: BoardId) -> AsyncIterator[BoardFile | None]:
        """The board's file, if there is one, for one caller at a time. Raises as `holding`."""
        async with self.holding(board) as slot:
            yield slot.file

    def check_open(self) -> None:
        if self.is_closed:
            raise StorageUnavailable("the storage is closed")

    async def block(self, blocking: Callable[[Unpack[Args]], Result], *args: *Args) -> Result:
        """Do it in a worker thread. Raises StorageUnavailable for what the system refuses."""
        try:
            return await run_blocking(self._threads, blocking, *args)
        except OSError as error:
            raise StorageUnavailable(f"{error.filename or self.path}: {error.strerror}") from error

    def file_of(self, board: BoardId) -> Path:
        return self.path / f"{board}{_SUFFIX}"

    def load(self) -> None:
        """Read every file; blocks. A damaged board is told of when it is asked for, and no others suffer."""
        for left in self.path.glob("*.new"):
            left.unlink()
        for path in self.path.glob(f"*{_SUFFIX}"):
            slot = _Slot()
            try:
                slot.file = open_board(path)
            except (StorageCorrupt, ValueError, LookupError) as error:
                slot.fault = f"{path}: {error}"
            if slot.file is not None or slot.fault is not None:
                self.slots[BoardId(path.name.removesuffix(_SUFFIX))] = slot

    async def close(self) -> None:
        """Take no new calls; return when those under way are done."""
        self.is_closed = True
        self.wakeups.ring_all()
        await trio.lowlevel.checkpoint()
        for slot in list(self.slots.values()):
            async with slot.lock:
                pass


class _OpLog:
    def __init__(self, folder: _Folder) -> None:
        self._folder = folder

    @property
    def durability(self) -> Durability:
        return Durability.DISK

    @property
    def is_shared(self) -> bool:
        return False

    async def head(self, board: BoardId) -> Head | None:
        async with self._folder.looking(board) as file:
            return Head(file.index.seq, file.index.epoch, file.index.updated_at) if file else None

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
        arguments.check_append(ops, claims)
        async with self._folder.holding(board) as slot:
            arguments.check_reaches(board, slot.file.index.seq if slot.file else 0, known)
            if slot.file is None:
                slot.file = await self._folder.block(
                    create_board, self._folder.file_of(board), ops[0].at, epoch
                )
            file = slot.file
            arguments.check_epoch(board, file.index.epoch, epoch)
            last = None if newest is None else file.index.receipt(newest[0])
            arguments.check_newest(board, known, newest, last)
            _check_claims(file, ops, claims)
            before = file.index.seq
            if fresh := _fresh(file, ops):
                await self._folder.block(file.append, fresh, claims)
                self._folder.wakeups.ring(board)
            return list(_receipts(file, ops, before))

    async def read(
        self, board: BoardId, after: int, limit: int, *, epoch: str | None = None
    ) -> list[StoredOp]:
        arguments.check_read(after, limit)
        async with self._folder.looking(board) as file:
            if file is None:
                return []
            arguments.check_epoch(board, file.index.epoch, epoch)
            wanted = file.index.entries[after : after + limit]
            costs = [one.size + limits.OP_OVERHEAD_BYTES for one in wanted]
            taken = segments.slice_by_size(costs, limits.MAX_READ_BYTES)
            bodies = await self._folder.block(file.bodies, after, taken) if taken else []
            rows = zip(wanted[:taken], bodies, strict=True)
            return [StoredOp(after + n, one.op_id, one.at, body) for n, (one, body) in enumerate(rows, 1)]

    async def wait_beyond(self, board: BoardId, seq: int) -> int:
        with self._folder.wakeups.listen(board) as listener:
            while True:
                head = await self.head(board)
                if head is not None and head.seq > seq:
                    return head.seq
                await listener.wait()

    async def find(self, board: BoardId, op_ids: Sequence[OpId]) -> dict[OpId, Receipt]:
        async with self._folder.looking(board) as file:
            receipts = {op_id: file.index.receipt(op_id) if file else None for op_id in op_ids}
        return {op_id: receipt for op_id, receipt in receipts.items() if receipt is not None}

    async def seen_by(self, board: BoardId, clock: Mapping[ClientId, int]) -> int:
        async with self._folder.looking(board) as file:
            writers = file.index.writers if file else {}
            return max((writers[one].last_up_to(n) for one, n in clock.items() if one in writers), default=0)

    async def ranks_about(
        self, board: BoardId, op_ids: Sequence[OpId]
    ) -> dict[ClientId, list[tuple[int, int]]]:
        ranks: dict[ClientId, list[tuple[int, int]]] = {}
        async with self._folder.looking(board) as file:
            for op_id in op_ids:
                if file and (known := file.index.ranks_about(op_id)):
                    ranks.setdefault(op_id.client, []).extend(known)
        return ranks

    async def renew(self, board: BoardId, epoch: str, fresh: str) -> bool:
        async with self._folder.holding(board) as slot:
            if slot.file is None or slot.file.index.epoch != epoch:
                return False
            await self._folder.block(slot.file.renew, fresh)
            return True

    async def agree(self, board: BoardId, epoch: str) -> str:
        head = await self.head(board)
        return head.epoch if head else epoch

    async def client(self, board: BoardId, client: ClientId) -> ClientRecord | None:
        async with self._folder.looking(board) as file:
            return file.index.record(client) if file else None

    async def compact(self, board: BoardId, up_to: int, limit: int, *, least: int = 1) -> int:
        arguments.check_limit(limit)
        async with self._folder.looking(board) as file:
            if file is None:
                return 0
            first = file.index.compacted + 1
            wanted = file.index.entries[first - 1 : max(min(up_to, first - 1 + limit), 0)]
            moved = segments.slice_by_size((one.size for one in wanted), limits.SEGMENT_BYTES)
            if not moved or (moved < least and moved == len(wanted)):
                return 0
            await self._folder.block(file.compact, first, moved)
            return moved


def _check_claims(file: BoardFile, ops: Sequence[NewOp], claims: Mapping[ClientId, bytes]) -> None:
    for client in {op.op_id.client for op in ops}:
        writer = file.index.writers.get(client)
        if writer is not None and writer.key_hash != claims[client]:
            raise ClaimConflict(client)


def _fresh(file: BoardFile, ops: Sequence[NewOp]) -> list[NewOp]:
    """The ops that are not stored yet, each once."""
    first = {op.op_id: op for op in reversed(ops)}
    return [op for op in ops if first[op.op_id] is op and file.index.receipt(op.op_id) is None]


def _receipts(file: BoardFile, ops: Sequence[NewOp], before: int) -> Iterator[Receipt]:
    """What became of each op of an append; new are those above `before`, the first time that they are named."""
    named: set[OpId] = set()
    for op in ops:
        stored = file.index.receipt(op.op_id)
        assert stored is not None, "an append has stored all that was not"
        yield Receipt(stored.seq, stored.at, is_new=stored.seq > before and op.op_id not in named)
        named.add(op.op_id)


class _Snapshots:
    def __init__(self, folder: _Folder) -> None:
        self._folder = folder

    async def load(self, board: BoardId) -> Checkpoint | None:
        async with self._folder.looking(board) as file:
            return await self._folder.block(file.checkpoint) if file else None

    async def save(
        self,
        board: BoardId,
        checkpoint: Checkpoint,
        tombstones: Mapping[ElementId, bytes],
        *,
        epoch: str,
        until: int | None = None,  # noqa: ARG002 - nobody else saves
    ) -> None:
        async with self._folder.looking(board) as file:
            if file is None or file.index.epoch != epoch or file.index.seq < checkpoint.seq:
                raise StorageConflict(f"board {board} has no history to which this checkpoint belongs")
            newest = max((kept.seq for kept in file.index.checkpoints), default=-1)
            if checkpoint.seq > newest:
                await self._folder.block(file.save, checkpoint, tombstones)

    async def tombstones(self, board: BoardId, elements: Sequence[ElementId]) -> dict[ElementId, bytes]:
        async with self._folder.looking(board) as file:
            return await self._folder.block(file.tombstones, elements) if file else {}

    async def has_tombstones(self, board: BoardId) -> bool:
        async with self._folder.looking(board) as file:
            return bool(file and file.index.tombstones)


class _Boards:
    def __init__(self, folder: _Folder) -> None:
        self._folder = folder

    async def create(self, board: BoardId, at: int, epoch: str) -> bool:
        async with self._folder.holding(board) as slot:
            if slot.file is not None:
                return False
            slot.file = await self._folder.block(create_board, self._folder.file_of(board), at, epoch)
            return True

    async def page(self, limit: int, after: BoardId | None) -> list[BoardInfo]:
        arguments.check_limit(limit)
        await trio.lowlevel.checkpoint()
        self._folder.check_open()
        there = {board: slot.file.index for board, slot in self._folder.slots.items() if slot.file}
        wanted = sorted(board for board in there if after is None or board > after)[:limit]
        found = [(board, there[board]) for board in wanted]
        return [BoardInfo(board, one.seq, one.created_at, one.updated_at) for board, one in found]

    async def delete(self, board: BoardId) -> bool:
        async with self._folder.holding(board) as slot:
            if slot.file is None:
                return False
            await self._folder.block(slot.file.delete)
            slot.file = None
            return True


class _Files:
    def __init__(self, folder: _Folder) -> None:
        self._folder = folder
        self._op_log = _OpLog(folder)
        self._snapshots = _Snapshots(folder)
        self._boards = _Boards(folder)
        self._probing = trio.Lock()

    @property
    def op_log(self) -> OpLog:
        return self._op_log

    @property
    def snapshots(self) -> Snapshots:
        return self._snapshots

    @property
    def boards(self) -> Boards:
        return self._boards

    @property
    def bus(self) -> Bus | None:
        return None

    async def probe(self) -> None:
        async with self._probing:
            self._folder.check_open()
            await self._folder.block(_probe, self._folder.path / "probe")


def _probe(path: Path) -> None:
    """Write something small, wait for the disk, read it back."""
    with path.open("w+b") as file:
        file.write(b"probe")
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        if file.read() != b"probe":
            raise OSError(0, "what was written is not what is read", str(path))


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """The folder, made if it is not there, for one process at a time. Raises StartupError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartupError(f"cannot use the folder {path}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        sync_names(path)
        yield
    except BlockingIOError as error:
        raise StartupError(f"the folder {path} is in use by another server") from error
    finally:
        os.close(lock)


@asynccontextmanager
async def open_files(path: Path) -> AsyncIterator[Storage]:
    """The storage in a folder; it is made when it is not there.

    Raises StartupError when it cannot be used or another server uses it. After the block every call raises StorageUnavailable.
    """
    with _held(path):
        folder = _Folder(path)
        await folder.block(folder.load)
        try:
            yield _Files(folder)
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + _CLOSE_SECONDS):
                await folder.close()
