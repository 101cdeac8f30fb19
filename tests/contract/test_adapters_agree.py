"""The adapters give the same answers to the same calls, whatever these are."""

import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whiteboard.errors import StorageError
from whiteboard.ids import BoardId, ClientId, ElementId, OpId
from whiteboard.storage.memory import open_memory
from whiteboard.storage.ports import Checkpoint, NewOp, Storage
from whiteboard.storage.sqlite import open_sqlite
from whiteboard.testing.storage_samples import AT

Call = Callable[[Storage], Awaitable[object]]

boards = st.sampled_from([BoardId("a"), BoardId("b")])
clients = st.sampled_from([ClientId("x"), ClientId("y"), ClientId("z")])
op_ids = st.builds(OpId, clients, st.integers(1, 12))
epochs = st.sampled_from(["e1", "e1", "e1", "e2"])
keys = st.sampled_from([b"k", b"k", b"k", b"other"])
new_ops = st.builds(NewOp, op_ids, st.integers(AT, AT + 9), st.integers(0, 50), st.binary(max_size=20))
elements = st.sampled_from([ElementId("1"), ElementId("2"), ElementId("3")])
small = st.integers(1, 9)

calls = st.one_of(
    st.builds(
        lambda board, new, epoch, key: (
            lambda it: it.op_log.append(
                board, new, epoch=epoch, claims=dict.fromkeys((op.op_id.client for op in new), key)
            )
        ),
        boards,
        st.lists(new_ops, min_size=1, max_size=8),
        epochs,
        keys,
    ),
    st.builds(lambda board, up_to, n: lambda it: it.op_log.compact(board, up_to, n), boards, small, small),
    st.builds(lambda board, after, n: lambda it: it.op_log.read(board, after, n), boards, small, small),
    st.builds(lambda board, wanted: lambda it: it.op_log.find(board, wanted), boards, st.lists(op_ids)),
    st.builds(
        lambda board, clock: lambda it: it.op_log.seen_by(board, clock),
        boards,
        st.dictionaries(clients, st.integers(0, 13)),
    ),
    st.builds(lambda board, client: lambda it: it.op_log.client(board, client), boards, clients),
    st.builds(
        lambda board, seq, body, gone, epoch: (
            lambda it: it.snapshots.save(board, Checkpoint(seq, body), gone, epoch=epoch)
        ),
        boards,
        st.integers(0, 9),
        st.binary(max_size=9),
        st.dictionaries(elements, st.binary(max_size=4)),
        epochs,
    ),
    st.builds(lambda board: lambda it: it.snapshots.load(board), boards),
    st.builds(
        lambda board, wanted: lambda it: it.snapshots.tombstones(board, wanted), boards, st.lists(elements)
    ),
    st.builds(lambda board: lambda it: it.snapshots.has_tombstones(board), boards),
    st.builds(lambda board, at, epoch: lambda it: it.boards.create(board, at, epoch), boards, small, epochs),
    st.builds(lambda n, after: lambda it: it.boards.page(n, after), small, st.none() | boards),
    st.builds(lambda board: lambda it: it.boards.delete(board), boards),
    st.builds(lambda board: lambda it: it.op_log.head(board), boards),
)


async def answer(call: Call, storage: Storage) -> object:
    """What the call gives, or the class of what it raises."""
    try:
        return await call(storage)
    except StorageError as error:
        return type(error)


@pytest.mark.no_cover
@given(script=st.lists(calls, max_size=40))
@settings(max_examples=60)
async def test_memory_and_sqlite_agree(script: list[Call]) -> None:
    """Any sequence of calls is answered alike, and leaves the same logs."""
    with tempfile.TemporaryDirectory() as place:
        async with open_memory() as memory, open_sqlite(Path(place)) as sqlite:
            for call in script:
                assert await answer(call, memory) == await answer(call, sqlite)
            for line in await memory.boards.page(9, None):
                whole = await memory.op_log.read(line.board, 0, 999)
                assert whole == await sqlite.op_log.read(line.board, 0, 999)
