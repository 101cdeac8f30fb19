"""The promises of `ImmediateOpLog`: those of the op log, kept by what waits for nobody as well. Knows the ports only."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
import trio
import trio.testing

from whiteboard.errors import StorageConflict, StorageUnavailable
from whiteboard.ids import BoardId, ClientId
from whiteboard.storage.ports import (
    Boards,
    Bus,
    ClientRecord,
    ImmediateOpLog,
    Newest,
    NewOp,
    OpLog,
    Receipt,
    Snapshots,
    Storage,
)
from whiteboard.testing.op_log_contract import OpLogContract
from whiteboard.testing.storage_samples import (
    ADA,
    AT,
    BOARD,
    BOB,
    EPOCH,
    OpenStorage,
    as_stored,
    hold_open,
    key,
    ops,
    read_all,
)


def immediate(storage: Storage) -> ImmediateOpLog:
    """The storage's log, which has to be one that stores ops at once."""
    log = storage.op_log
    assert isinstance(log, ImmediateOpLog)
    return log


class _AppendsNow:
    """An op log whose `append` is `append_now`, unless it is told what its caller has read; `client` is `client_now`."""

    def __init__(self, log: ImmediateOpLog) -> None:
        self._log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

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
        if known or newest is not None:
            return await self._log.append(board, ops, epoch=epoch, claims=claims, known=known, newest=newest)
        await trio.lowlevel.checkpoint()
        return self._log.append_now(board, ops, epoch=epoch, claims=claims)

    async def client(self, board: BoardId, client: ClientId) -> ClientRecord | None:
        await trio.lowlevel.checkpoint()
        return self._log.client_now(board, client)


class _AtOnce:
    """A storage with that log."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._op_log = cast(OpLog, _AppendsNow(immediate(storage)))

    @property
    def op_log(self) -> OpLog:
        return self._op_log

    @property
    def snapshots(self) -> Snapshots:
        return self._storage.snapshots

    @property
    def boards(self) -> Boards:
        return self._storage.boards

    @property
    def bus(self) -> Bus | None:
        return self._storage.bus

    async def probe(self) -> None:
        await self._storage.probe()


class ImmediateContract(OpLogContract):
    """All promises of an op log through `append_now`. Subclass it as `Test…` with a fixture `open_storage`."""

    @pytest.fixture
    async def plain(self, open_storage: OpenStorage, nursery: trio.Nursery) -> Storage:
        """An open, empty storage."""
        opened: Storage = await nursery.start(hold_open, open_storage)
        return opened

    @pytest.fixture
    def storage(self, plain: Storage) -> Storage:
        """The same, appending at once."""
        return _AtOnce(plain)

    async def test_nobody_else_gets_a_turn(self, plain: Storage) -> None:
        """What is asked or told is done when the call returns, and no other task has run."""
        log = immediate(plain)
        with trio.testing.assert_no_checkpoints():
            before = log.client_now(BOARD, ADA)
            receipts = log.append_now(BOARD, ops(ADA, [1]), epoch=EPOCH, claims={ADA: key(ADA)})
            record = log.client_now(BOARD, ADA)
        assert before is None
        assert record == await log.client(BOARD, ADA)
        assert record is not None
        assert receipts == [Receipt(1, AT, is_new=True)]
        assert await read_all(log, BOARD) == as_stored(ops(ADA, [1]))

    async def test_a_log_of_one_process(self, plain: Storage) -> None:
        """Who stores at once shares its log with nobody."""
        assert not immediate(plain).is_shared

    async def test_both_appends_share_one_log(self, plain: Storage) -> None:
        """What one of them stored is a repeat to the other."""
        log = immediate(plain)
        claims = {ADA: key(ADA)}
        log.append_now(BOARD, ops(ADA, [1]), epoch=EPOCH, claims=claims)
        again = await log.append(BOARD, ops(ADA, [1, 2]), epoch=EPOCH, claims=claims)
        assert [(it.seq, it.is_new) for it in again] == [(1, False), (2, True)]
        (later,) = log.append_now(BOARD, ops(ADA, [2]), epoch=EPOCH, claims=claims)
        assert later == Receipt(2, AT, is_new=False)

    async def test_a_conflict_stores_nothing(self, plain: Storage) -> None:
        """Another epoch or another key is refused; nothing of the append is stored."""
        log = immediate(plain)
        log.append_now(BOARD, ops(ADA, [1]), epoch=EPOCH, claims={ADA: key(ADA)})
        mixed = [*ops(BOB, [1]), *ops(ADA, [2])]
        for epoch, digest in (("epoch-2", key(ADA)), (EPOCH, b"forged")):
            with pytest.raises(StorageConflict):
                log.append_now(BOARD, mixed, epoch=epoch, claims={BOB: key(BOB), ADA: digest})
        assert await read_all(log, BOARD) == as_stored(ops(ADA, [1]))
        assert await log.client(BOARD, BOB) is None

    async def test_one_op_is_appended_as_by_itself(self, plain: Storage) -> None:
        """`append_one_now` gives the receipts of `append_now`: for the next op, a late one, a repeat, a new client's."""
        log = immediate(plain)
        receipts = []
        for client, counter in [(ADA, 1), (ADA, 5), (BOB, 1), (ADA, 3), (ADA, 5), (ADA, 6)]:
            (op,) = ops(client, [counter])
            receipts.append(log.append_one_now(BOARD, op, epoch=EPOCH, claim=key(client)))
        assert [(it.seq, it.is_new) for it in receipts] == [
            (1, True),
            (2, True),
            (3, True),
            (4, True),
            (2, False),
            (5, True),
        ]
        stored = await read_all(log, BOARD)
        assert [str(op.op_id) for op in stored] == [
            str(op.op_id)
            for client, counter in [(ADA, 1), (ADA, 5), (BOB, 1), (ADA, 3), (ADA, 6)]
            for op in ops(client, [counter])
        ]
        record = await log.client(BOARD, ADA)
        assert record is not None
        assert record.counter == 6
        head = await log.head(BOARD)
        assert head is not None
        assert (head.seq, head.updated_at) == (5, AT)

    async def test_one_op_is_refused_as_by_itself(self, plain: Storage) -> None:
        """Another epoch, another key, a counter out of range: nothing is stored."""
        log = immediate(plain)
        first, second = ops(ADA, [1, 2])
        log.append_one_now(BOARD, first, epoch=EPOCH, claim=key(ADA))
        for epoch, claim in (("epoch-2", key(ADA)), (EPOCH, b"forged")):
            with pytest.raises(StorageConflict):
                log.append_one_now(BOARD, second, epoch=epoch, claim=claim)
        (beyond,) = ops(ADA, [2**53])
        with pytest.raises(ValueError, match="out of range"):
            log.append_one_now(BOARD, beyond, epoch=EPOCH, claim=key(ADA))
        assert await read_all(log, BOARD) == as_stored([first])

    async def test_once_closed_it_refuses(self, open_storage: OpenStorage) -> None:
        """After the storage's block, all of them raise StorageUnavailable."""
        async with open_storage() as storage:
            log = immediate(storage)
        with pytest.raises(StorageUnavailable):
            log.append_now(BOARD, ops(ADA, [1]), epoch=EPOCH, claims={ADA: key(ADA)})
        with pytest.raises(StorageUnavailable):
            log.append_one_now(BOARD, ops(ADA, [1])[0], epoch=EPOCH, claim=key(ADA))
        with pytest.raises(StorageUnavailable):
            log.client_now(BOARD, ADA)
