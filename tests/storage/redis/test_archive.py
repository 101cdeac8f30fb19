"""How boards go to the archive and come back: cut off anywhere, done twice, lost and deleted (R32)."""

from collections.abc import AsyncIterator

import pytest
import trio
from contract.frozen_storage import open_archiver
from integration.polling import until
from services.redis_process import RedisProcess
from storage.redis.site import EPOCH, NEVER, STATES, CutOff, Site, draw, drawn, everything, open_site

from whiteboard import limits
from whiteboard.errors import StorageConflict, StorageCorrupt, StorageUnavailable
from whiteboard.ids import BoardId, ElementId
from whiteboard.storage.archive import Archive, PieceKind
from whiteboard.storage.blob_archive import BlobArchive
from whiteboard.storage.blobs import Blobs
from whiteboard.storage.ports import Checkpoint
from whiteboard.storage.redis import ArchivePolicy, open_redis
from whiteboard.testing.storage_samples import (
    ADA,
    AT,
    BOARD,
    OTHER,
    append,
    as_stored,
    cancel_after,
    op,
    ops,
    read_all,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def archive(blobs: Blobs) -> Archive:
    """An archive of its own for each test."""
    return BlobArchive(blobs)


@pytest.fixture
async def site(redis: RedisProcess, archive: Archive) -> AsyncIterator[Site]:
    """A storage, and an archiver that takes whatever it may take."""
    async with open_site(redis, archive) as opened:
        yield opened


async def test_a_cold_board_is_all_in_the_archive(site: Site) -> None:
    """Of a board on which nobody draws Redis keeps the head; asked for anything, it is as it was."""
    await draw(site.storage)
    before = await everything(site.storage)
    await site.archiver.look_after(BOARD)
    assert await site.left_in_redis() == {"head"}
    assert await read_all(site.storage.op_log, BOARD) == as_stored(drawn())
    assert await site.left_in_redis() == {"head"}  # reading old ops brings nothing back
    assert await everything(site.storage) == before
    assert await site.left_in_redis() == {"head", "receipts", "clients", "checkpoints", "tombstones"}


async def test_drawing_goes_on_on_a_cold_board(site: Site) -> None:
    """The next append finds its repeats, gets the next numbers, and the board can go cold again."""
    new = await draw(site.storage)
    await site.archiver.look_after(BOARD)
    more = ops(ADA, [200, 201])
    receipts = await append(site.storage.op_log, BOARD, [new[0], *more])
    assert [(it.seq, it.is_new) for it in receipts] == [(1, False), (106, True), (107, True)]
    assert await read_all(site.storage.op_log, BOARD) == as_stored([*new, *more])
    await site.archiver.look_after(BOARD)
    assert await site.left_in_redis() == {"head"}
    assert await read_all(site.storage.op_log, BOARD) == as_stored([*new, *more])
    assert [(one.first, one.last) for one in await site.pieces(PieceKind.SEGMENT)] == [(1, 105), (106, 107)]


async def test_a_busy_board_sends_full_lots_only(redis: RedisProcess, archive: Archive) -> None:
    """While people draw, segments go by lots of ARCHIVE_SEGMENTS, and the rest stays where it is."""
    policy = ArchivePolicy(cold_after=1e9, age=0, checkpoint_every=1e9)
    async with open_site(redis, archive, policy) as site:
        new = await draw(site.storage)
        await site.archiver.look_after(BOARD)
        assert (await site.standing()).archived == 0
        while await site.storage.op_log.compact(BOARD, 100, 10):
            pass
        await site.archiver.look_after(BOARD)
        archived = (await site.standing()).archived
        assert 60 < archived < 105
        assert [one.last for one in await site.pieces(PieceKind.SEGMENT)] == [archived]
        assert await read_all(site.storage.op_log, BOARD, page=13) == as_stored(new)


async def test_a_busy_board_keeps_a_checkpoint_in_the_archive(redis: RedisProcess, archive: Archive) -> None:
    """Hourly, and only once all that it stands on is there. (R31)"""
    policy = ArchivePolicy(cold_after=1e9, age=0, checkpoint_every=0)
    async with open_site(redis, archive, policy) as site:
        await draw(site.storage)  # tombstones as of op 105
        while await site.storage.op_log.compact(BOARD, 100, 10):
            pass
        await site.archiver.look_after(BOARD)
        assert await site.pieces(PieceKind.CHECKPOINT) == []
        await append(site.storage.op_log, BOARD, ops(ADA, range(300, 380)))
        while await site.storage.op_log.compact(BOARD, 185, 10):
            pass
        await site.archiver.look_after(BOARD)
        assert [one.last for one in await site.pieces(PieceKind.CHECKPOINT)] == [95]
        assert [one.last for one in await site.pieces(PieceKind.TOMBSTONES)] == [95]


async def test_young_ops_stay(redis: RedisProcess, archive: Archive) -> None:
    """What Redis itself may still lose does not go to the archive."""
    policy = ArchivePolicy(cold_after=0, age=1e9, checkpoint_every=0)
    async with open_site(redis, archive, policy) as site:
        new = await draw(site.storage)
        await site.archiver.look_after(BOARD)
        assert (await site.standing()).archived == 0
        assert await read_all(site.storage.op_log, BOARD) == as_stored(new)


@pytest.mark.parametrize("goes_after", [False, True])
async def test_an_archiver_that_is_cut_off(redis: RedisProcess, archive: Archive, goes_after: bool) -> None:
    """The archive goes away at any call, before or after it was carried out: nothing lost, the next round goes on."""
    cut_off = CutOff(archive)
    async with open_site(redis, cut_off) as site:
        for calls in range(1, 40):
            redis.ask("FLUSHALL")
            await site.storage.boards.delete(BOARD)
            await draw(site.storage)
            before = await everything(site.storage)
            cut_off.calls_left, cut_off.goes_after = calls, goes_after
            try:
                await site.archiver.look_after(BOARD)
            except StorageUnavailable:
                is_over = False
            else:
                is_over = True
            cut_off.calls_left = float("inf")
            assert await everything(site.storage) == before
            await site.archiver.look_after(BOARD)
            await site.archiver.look_after(BOARD)
            assert await site.left_in_redis() == {"head"}
            assert await everything(site.storage) == before
            await archive.forget(BOARD, (await site.standing()).history)
            if is_over:
                return
    raise AssertionError("it was cut off every time")


async def test_an_archiver_that_is_cancelled_anywhere(redis: RedisProcess, archive: Archive) -> None:
    """Cancelled after any number of turns it leaves a board that is whole, here and in the archive together."""
    async with open_site(redis, archive) as site:
        for turns in range(0, 400, 7):
            board = BoardId(f"b{turns}")
            await draw(site.storage, board)
            before = (await everything(site.storage, board))[:-1]
            async with trio.open_nursery() as nursery:
                nursery.start_soon(cancel_after, turns, nursery.cancel_scope)
                nursery.start_soon(site.archiver.look_after, board)
            assert (await everything(site.storage, board))[:-1] == before
            await site.archiver.look_after(board)
            assert (await everything(site.storage, board))[:-1] == before


async def test_two_archivers_at_once(redis: RedisProcess, archive: Archive) -> None:
    """A lease that was lost lets two do the same work: the board is whole, and the archive has each op once."""
    async with open_site(redis, archive) as site:
        await draw(site.storage)
        before = await everything(site.storage)
        async with open_archiver(redis.url, "test", archive, site.storage) as (other, _):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(site.archiver.look_after, BOARD)
                nursery.start_soon(_lose_leases, site)
                for _ in range(10):
                    await other.look_after(BOARD)
                await other.look_after(BOARD)
                nursery.cancel_scope.cancel()
        await site.archiver.look_after(BOARD)
        assert await site.left_in_redis() == {"head"}
        segments = await site.pieces(PieceKind.SEGMENT)
        assert segments[0].first == 1
        assert [one.first for one in segments[1:]] == [one.last + 1 for one in segments[:-1]]
        assert await everything(site.storage) == before


async def _lose_leases(site: Site) -> None:
    while True:
        await site.server.ask(site.server.client.delete([site.server.keys.of(BOARD).archiver]))


async def test_one_archives_at_a_time(site: Site) -> None:
    """While a lease is held, others pass the board over; it is given back."""
    await draw(site.storage)
    keys = site.server.keys.of(BOARD)
    await site.server.ask(site.server.client.set(keys.archiver, "somebody"))
    await site.archiver.look_after(BOARD)
    assert (await site.standing()).archived == 0
    await site.server.ask(site.server.client.delete([keys.archiver]))
    await site.archiver.look_after(BOARD)
    assert (await site.standing()).is_cold
    assert "archiver" not in await site.left_in_redis()


async def test_a_board_that_many_bring_back_at_once(redis: RedisProcess, site: Site) -> None:
    """Two servers and many callers thaw a board at the same moment: it comes back once, and whole."""
    await draw(site.storage)
    before = await everything(site.storage)
    await site.archiver.look_after(BOARD)
    found: list[list[object]] = []

    async def ask(which: Site) -> None:
        found.append(await everything(which.storage))

    async with open_site(redis, site.archive) as other, trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(ask, site)
            nursery.start_soon(ask, other)
    assert found == [before] * 10
    assert await site.left_in_redis() == {"head", "receipts", "clients", "checkpoints", "tombstones"}


async def test_an_emptied_redis_gets_its_boards_back(redis: RedisProcess, archive: Archive) -> None:
    """They have all that was archived, under a new epoch, so that no number is given twice within one. (R36)"""
    async with open_site(redis, archive) as site:
        new = await draw(site.storage)
        await append(site.storage.op_log, OTHER, ops(ADA, [1]))
        before = await everything(site.storage)
        await site.archiver.round()
        old = await site.storage.op_log.head(BOARD)
        redis.ask("FLUSHALL")
        await site.archiver.round()
        now = await site.storage.op_log.head(BOARD)
        assert old is not None
        assert now is not None
        assert (now.seq, now.updated_at) == (old.seq, old.updated_at)
        assert now.epoch != old.epoch
        again = await everything(site.storage)
        assert [part for n, part in enumerate(again) if n != 1] == [
            part for n, part in enumerate(before) if n != 1
        ]
        with pytest.raises(StorageConflict):
            await append(site.storage.op_log, BOARD, ops(ADA, [900]), epoch=EPOCH)
        assert [
            it.seq for it in await append(site.storage.op_log, BOARD, ops(ADA, [900]), epoch=now.epoch)
        ] == [len(new) + 1]


async def test_a_lost_board_is_found_before_any_round(redis: RedisProcess, archive: Archive) -> None:
    """Whoever opens, begins, reads or deletes it first gets the archived one, never a new one from 1."""
    async with open_site(redis, archive) as site:
        new = await draw(site.storage)
        await site.archiver.round()
        redis.ask("FLUSHALL")
        with pytest.raises(StorageConflict):
            await append(site.storage.op_log, BOARD, ops(ADA, [900]), epoch="new")
        redis.ask("FLUSHALL")
        assert not await site.storage.boards.create(BOARD, AT, "new")
        redis.ask("FLUSHALL")
        assert await site.storage.op_log.agree(BOARD, "new") not in {EPOCH, "new"}
        assert await read_all(site.storage.op_log, BOARD) == as_stored(new)
        redis.ask("FLUSHALL")
        assert await site.storage.boards.delete(BOARD)
        assert await archive.epochs(BOARD) == []


async def test_new_boards_need_no_archive_while_redis_is_whole(redis: RedisProcess, archive: Archive) -> None:
    """Once all of the archive is known, an archive that is away keeps nobody from beginning a board."""
    cut_off = CutOff(archive)
    async with open_site(redis, cut_off) as site:
        await site.archiver.round()
        cut_off.calls_left = 0
        assert await site.storage.op_log.head(OTHER) is None
        assert [it.seq for it in await append(site.storage.op_log, OTHER, ops(ADA, [1]))] == [1]
        redis.ask("FLUSHALL")
        with pytest.raises(StorageUnavailable):
            await append(site.storage.op_log, OTHER, ops(ADA, [1]))


async def test_a_deleted_board_leaves_the_archive(site: Site, blobs: Blobs) -> None:
    """With all of its pieces, also when it is cold; the name is free again, and begins at 1."""
    await draw(site.storage)
    await site.archiver.look_after(BOARD)
    assert await site.storage.boards.delete(BOARD)
    assert await blobs.page("", 1000) == []
    assert await site.storage.op_log.head(BOARD) is None
    assert [it.seq for it in await append(site.storage.op_log, BOARD, ops(ADA, [1]), epoch="next")] == [1]


async def test_deletion_while_the_archive_is_away(redis: RedisProcess, archive: Archive) -> None:
    """The board is gone at once and stays so; its pieces go with a later round."""
    cut_off = CutOff(archive)
    async with open_site(redis, cut_off) as site:
        await draw(site.storage)
        await site.archiver.look_after(BOARD)
        cut_off.calls_left = 0
        assert await site.storage.boards.delete(BOARD)
        cut_off.calls_left = float("inf")
        assert await site.storage.op_log.head(BOARD) is None
        assert await archive.epochs(BOARD) != []
        await site.archiver.round()
        assert await archive.epochs(BOARD) == []
        assert await site.storage.op_log.head(BOARD) is None


async def test_a_board_deleted_while_it_is_archived(redis: RedisProcess, archive: Archive) -> None:
    """Nothing of it stays behind in the archive."""
    async with open_site(redis, archive) as site:
        for turns in range(0, 200, 9):
            board = BoardId(f"b{turns}")
            await draw(site.storage, board)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(site.archiver.round)
                for _ in range(turns):
                    await trio.lowlevel.checkpoint()
                assert await site.storage.boards.delete(board)
            assert await site.storage.op_log.head(board) is None
            assert await archive.epochs(board) == []


async def test_damage_in_the_archive_is_told(site: Site, blobs: Blobs) -> None:
    """A piece with other bytes, or none, is corrupt storage, not an empty board."""
    await draw(site.storage)
    await site.archiver.look_after(BOARD)
    (segment,) = await blobs.page(f"archive/{BOARD}/{(await site.standing()).history}/segment", 10)
    body = await blobs.get(segment.name)
    assert body is not None
    await blobs.put(segment.name, body[:-1] + b"?")
    with pytest.raises(StorageCorrupt, match="damaged"):
        await site.storage.op_log.read(BOARD, 0, 10)
    await blobs.delete(segment.name)
    with pytest.raises(StorageCorrupt, match="not in the archive"):
        await site.storage.op_log.read(BOARD, 0, 10)
    with pytest.raises(StorageCorrupt, match="not in the archive"):
        await site.storage.op_log.client(BOARD, ADA)


async def test_a_server_without_the_archive_says_so(redis: RedisProcess, site: Site) -> None:
    """It does not take an archived board for an empty one."""
    await draw(site.storage)
    await site.archiver.look_after(BOARD)
    async with open_redis(redis.url, prefix="test") as storage:
        with pytest.raises(StorageUnavailable, match="this server has none"):
            await storage.op_log.read(BOARD, 0, 10)
        with pytest.raises(StorageUnavailable, match="this server has none"):
            await storage.op_log.find(BOARD, [op(ADA, 1).op_id])


async def test_many_tombstones_go_in_parts(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come back from all of their pieces, and pieces of older checkpoints go."""
    monkeypatch.setattr(limits, "ARCHIVE_TOMBSTONES_BYTES", 20)
    await draw(site.storage)
    for number in range(3):
        await append(site.storage.op_log, BOARD, [op(ADA, 500 + number)])
        state = f"state {number} ".encode().ljust(15, b".")
        seq = 106 + number
        buried = {**STATES, ElementId(f"t{number}"): state}
        await site.storage.snapshots.save(BOARD, Checkpoint(seq, b"s"), buried, epoch=EPOCH)
        await site.archiver.look_after(BOARD)
    assert [one.last for one in await site.pieces(PieceKind.CHECKPOINT)] == [107, 108]
    parts = [(one.last, one.first) for one in await site.pieces(PieceKind.TOMBSTONES)]
    assert parts == [*((107, part) for part in (1, 2, 3)), *((108, part) for part in (1, 2, 3, 4))]
    assert await site.left_in_redis() == {"head"}
    wanted = [*STATES, ElementId("t0"), ElementId("t2")]
    assert set(await site.storage.snapshots.tombstones(BOARD, wanted)) == set(wanted)


async def test_the_archiver_goes_round_by_itself(redis: RedisProcess, archive: Archive) -> None:
    """A storage that was given an archive sends its boards there, whatever else goes wrong on the way."""
    cut_off = CutOff(archive)
    cut_off.calls_left = 0
    policy = ArchivePolicy(every=0.01, cold_after=0, age=0, checkpoint_every=0)
    async with open_site(redis, cut_off, NEVER) as site:
        async with open_redis(redis.url, prefix="test", archive=cut_off, policy=policy) as storage:
            cut_off.calls_left = float("inf")
            await draw(storage)
            cut_off.calls_left = 3
            await trio.sleep(0.05)
            cut_off.calls_left = float("inf")
            await until(site.is_cold)
