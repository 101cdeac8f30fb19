"""What goes wrong around the archive: damage, half-done deletions, servers that overlap, one bad board among good ones (R32)."""

import hashlib
import threading
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import wraps
from typing import Any, cast

import pytest
import trio
from contract.frozen_storage import open_archiver
from integration.polling import until
from services.redis_process import RedisProcess
from storage.redis.site import EPOCH, STATES, CutOff, Site, draw, drawn, everything, open_site

from whiteboard import limits
from whiteboard.errors import StorageCorrupt, StorageUnavailable
from whiteboard.ids import BoardId
from whiteboard.storage.archive import Archive, Piece, PieceKind
from whiteboard.storage.blob_archive import BlobArchive
from whiteboard.storage.blobs import BlobInfo, Blobs, is_name
from whiteboard.storage.ports import Checkpoint
from whiteboard.storage.redis import ArchivePolicy, open_redis, pieces
from whiteboard.testing.storage_samples import (
    ADA,
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


class Watched(CutOff):
    """An archive at each of whose writes something may happen first."""

    def __init__(self, archive: Archive) -> None:
        super().__init__(archive)
        self.before_put: Callable[[Piece], Awaitable[None]] = _nothing
        self.before_forget = self.before_get = _nothing_at_all
        self.calls = 0

    async def _ends(self) -> bool:
        self.calls += 1
        return await super()._ends()

    async def put(self, piece: Piece, body: bytes) -> None:
        await self.before_put(piece)
        await super().put(piece, body)

    async def get(self, piece: Piece) -> bytes:
        await self.before_get()
        return await super().get(piece)

    async def forget(self, board: BoardId, epoch: str) -> None:
        await self.before_forget()
        await super().forget(board, epoch)


async def _nothing_at_all() -> None:
    pass


async def _nothing(_: Piece) -> None:
    pass


@pytest.fixture
def archive(blobs: Blobs) -> Watched:
    """An archive of its own for each test."""
    return Watched(BlobArchive(blobs))


@pytest.fixture
async def site(redis: RedisProcess, archive: Watched) -> AsyncIterator[Site]:
    """A storage, and an archiver that takes whatever it may take."""
    async with open_site(redis, archive) as opened:
        yield opened


async def damage(blobs: Blobs, prefix: str) -> None:
    """Other bytes in every blob whose name begins so."""
    found = await blobs.page(prefix, 100)
    assert found
    for blob in found:
        body = await blobs.get(blob.name)
        assert body is not None
        await blobs.put(blob.name, body[:-1] + b"?")


# --- damage -------------------------------------------------------------------------------------


async def test_one_damaged_board_keeps_no_others_from_an_emptied_redis(
    redis: RedisProcess, site: Site, blobs: Blobs
) -> None:
    """All boards of the archive are known again; the damaged one tells of its damage and is not begun anew."""
    await draw(site.storage)
    await draw(site.storage, OTHER)
    await site.archiver.round()
    await damage(blobs, f"archive/{BOARD}/")
    redis.ask("FLUSHALL")
    await site.archiver.round()
    assert redis.ask("GET", "test:whole") == "$5"
    assert await read_all(site.storage.op_log, OTHER) == as_stored(drawn())
    head = await site.storage.op_log.head(BOARD)
    assert head is not None
    assert head.seq == len(drawn())
    with pytest.raises(StorageCorrupt):
        await site.storage.op_log.read(BOARD, 0, 10)


@pytest.mark.parametrize("name", ["{}/segment-nonsense", f"backup/segment-{1:016}-{1:016}-1-{0:064}"])
async def test_a_name_that_is_none_keeps_no_others_from_an_emptied_redis(
    redis: RedisProcess, site: Site, blobs: Blobs, name: str
) -> None:
    """What somebody else has put among the pieces of a board harms that board only; Redis is not whole then."""
    await draw(site.storage)
    await draw(site.storage, OTHER)
    await site.archiver.round()
    await blobs.put(f"archive/{BOARD}/{name.format((await site.standing()).history)}", b"")
    redis.ask("FLUSHALL")
    await site.archiver.round()
    assert await read_all(site.storage.op_log, OTHER) == as_stored(drawn())
    with pytest.raises(StorageCorrupt):
        await site.storage.op_log.head(BOARD)


async def test_a_damaged_checkpoint_is_passed_over(site: Site, blobs: Blobs) -> None:
    """The log has everything: a board whose checkpoint or tombstones cannot be read opens without them."""
    for kind in ("checkpoint", "tombstones"):
        board = BoardId(kind)
        new = await draw(site.storage, board)
        await site.archiver.look_after(board)
        await damage(blobs, f"archive/{board}/{(await site.standing(board)).history}/{kind}")
        assert await site.storage.snapshots.load(board) is None
        assert not await site.storage.snapshots.has_tombstones(board)
        receipts = await append(site.storage.op_log, board, [new[0], op(ADA, 900)])
        assert [(one.seq, one.is_new) for one in receipts] == [(1, False), (106, True)]


async def test_a_checkpoint_of_a_lost_end_is_passed_over(site: Site) -> None:
    """A log that was shorter when it was archived than a checkpoint in the archive opens without that one."""
    await draw(site.storage)
    await site.archiver.look_after(BOARD)
    standing = await site.standing()
    body = pieces.encode(pieces.CheckpointPiece(b"of ops that were lost", 0))
    piece = pieces.describe(standing, PieceKind.CHECKPOINT, body, first=0, last=standing.seq + 1)
    await site.archive.put(piece, body)
    assert await site.storage.snapshots.load(BOARD) == Checkpoint(95, b"state")
    assert await site.storage.snapshots.tombstones(BOARD, list(STATES)) == STATES


def _packed(body: bytes) -> bytes:
    packed = zlib.compress(body)
    return hashlib.sha256(packed).digest() + packed


@pytest.mark.parametrize("has_one", [False, True])
async def test_a_redis_that_was_set_back_keeps_its_own_checkpoint(
    redis: RedisProcess, site: Site, has_one: bool
) -> None:
    """What the archive has of ops that were lost and whose numbers others have by now does not come back."""
    await draw(site.storage)
    standing = await site.standing()
    body = pieces.encode(pieces.CheckpointPiece(_packed(b"of ops that were lost"), 0))
    await site.archive.put(
        pieces.describe(standing, PieceKind.CHECKPOINT, body, first=0, last=standing.seq - 1), body
    )
    if not has_one:
        redis.ask("DEL", f"test:{{{BOARD}}}:checkpoints")
    await site.archiver.look_after(BOARD)
    assert await site.is_cold()
    assert await site.storage.snapshots.load(BOARD) == (Checkpoint(95, b"state") if has_one else None)


async def note_forgotten(site: Site, history: str) -> None:
    """As `delete` does before anything else."""
    await site.server.ask(site.server.client.sadd(site.server.keys.forgotten, [f"{BOARD} {history}"]))


# --- deletion -----------------------------------------------------------------------------------


async def test_a_deletion_that_was_cut_off_is_completed(site: Site) -> None:
    """A server that dies between the note and the deletion leaves no board without its archived ops."""
    await draw(site.storage)
    await site.archiver.look_after(BOARD)
    await note_forgotten(site, (await site.standing()).history)
    await site.archiver.round()
    assert await site.storage.op_log.head(BOARD) is None
    assert await site.archive.epochs(BOARD) == []
    assert await site.storage.boards.page(10, None) == []
    assert await site.left_in_redis() == set()


async def test_a_board_begun_again_is_not_the_one_that_was_deleted(redis: RedisProcess, site: Site) -> None:
    """A note of an older history takes nothing from the one that has the name now."""
    new = await draw(site.storage)
    await site.archiver.look_after(BOARD)
    await note_forgotten(site, "0000000000001-other")
    await site.archiver.round()
    assert await read_all(site.storage.op_log, BOARD) == as_stored(new)
    assert redis.ask("SCARD", "test:forgotten") == ":0"


@pytest.mark.parametrize("kind", list(PieceKind))
@pytest.mark.parametrize("fails", [False, True])
async def test_a_board_deleted_while_a_piece_of_it_is_stored(
    redis: RedisProcess, site: Site, archive: Watched, kind: PieceKind, fails: bool
) -> None:
    """Nothing stays in the archive, also when the archiver is cut off right after it has stored the piece."""
    await draw(site.storage)

    async def delete(piece: Piece) -> None:
        if piece.kind is kind:
            archive.before_put = _nothing
            assert await site.storage.boards.delete(BOARD)
            if fails:
                archive.calls_left, archive.goes_after = 1, True

    archive.before_put = delete
    try:
        await site.archiver.look_after(BOARD)
    except StorageUnavailable:
        assert fails
    archive.calls_left = float("inf")
    redis.ask("DEL", f"test:{{{BOARD}}}:archiver")  # as time does
    await site.archiver.round()
    assert await archive.epochs(BOARD) == []
    assert redis.ask("SCARD", "test:forgotten") == ":0"


# --- several at once ----------------------------------------------------------------------------


async def test_archivers_that_keep_different_checkpoints(
    redis: RedisProcess, site: Site, archive: Watched
) -> None:
    """One that was stalled with an older checkpoint leaves alone what another one stores of a newer."""
    await draw(site.storage)
    first = trio.Event()
    second = trio.Event()
    done = trio.Event()

    async def stall(piece: Piece) -> None:
        if piece.kind is not PieceKind.CHECKPOINT:
            return
        if piece.last == 95:  # the first archiver: goes on when the other has stored its tombstones
            first.set()
            await second.wait()
        else:
            second.set()
            await done.wait()

    async def look() -> None:
        await site.archiver.look_after(BOARD)
        done.set()

    archive.before_put = stall
    async with open_archiver(redis.url, "test", archive, site.storage) as (other, _):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(look)
            await first.wait()
            await append(site.storage.op_log, BOARD, ops(ADA, [900]))
            await site.storage.snapshots.save(BOARD, Checkpoint(106, b"newer"), STATES, epoch=EPOCH)
            redis.ask("DEL", f"test:{{{BOARD}}}:archiver")  # the lease of who is stalled runs out
            await other.look_after(BOARD)
    assert await site.is_cold()
    assert await site.storage.snapshots.load(BOARD) == Checkpoint(106, b"newer")
    assert await site.storage.snapshots.tombstones(BOARD, list(STATES)) == STATES


async def thaw_and_cancel(site: Site) -> int:
    """Thaw the board, cancelled after ever more turns until it is thawed: how many keys that were being filled were seen."""
    seen = 0
    for turns in range(160):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(cancel_after, turns, nursery.cancel_scope)
            nursery.start_soon(site.storage.op_log.client, BOARD, ADA)
        for name in await site.server.ask(site.server.client.keys("*:thawing:*")):
            seen += 1
            assert await site.server.ask(site.server.client.ttl(name)) > 0
        if not await site.is_cold():
            break
    return seen


async def test_a_thaw_that_is_cancelled_anywhere_leaves_nothing(redis: RedisProcess, site: Site) -> None:
    """What was filled goes by itself: every key has its end from the moment it is there."""
    await draw(site.storage)
    before = await everything(site.storage)
    seen = 0
    for _ in range(10):  # on a busy machine Redis may answer so that no cut falls between two keys
        await site.archiver.look_after(BOARD)
        assert await site.is_cold()
        seen += await thaw_and_cancel(site)
        if seen:
            break
    assert seen
    assert await everything(site.storage) == before


async def test_what_was_filled_and_went_again_is_not_put_in_place(redis: RedisProcess, site: Site) -> None:
    """A server that stood still for longer than filled keys live thaws nothing: no receipt or claim is missing."""
    await draw(site.storage)
    before = await everything(site.storage)
    await site.archiver.look_after(BOARD)
    server = site.server
    standing = await site.standing()
    own, filled = server.keys.of(BOARD), server.keys.thawing(BOARD, "late")
    told = (standing.epoch, standing.seq, 0, 105, 2)
    keys = (own.head, filled.receipts, own.receipts, filled.clients, own.clients)
    assert await server.run("thaw", keys, *told) == 0
    assert await site.is_cold()
    assert await everything(site.storage) == before


async def test_two_contents_of_a_piece_at_once(site: Site, blobs: Blobs) -> None:
    """Servers that pack the same ops differently do not replace each other's piece by none."""
    await draw(site.storage)
    standing = await site.standing()

    async def put(last: int, body: bytes) -> None:
        piece = pieces.describe(standing, PieceKind.SEGMENT, body, first=1, last=last)
        await BlobArchive(blobs).put(piece, body)

    for number in range(1, 30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(put, number, b"one")
            nursery.start_soon(put, number, b"other")
    assert {piece.last for piece in await site.pieces(PieceKind.SEGMENT)} == set(range(1, 30))


async def test_the_event_loop_packs_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes long with large boards is done in worker threads."""
    threads: set[threading.Thread] = set()

    def watched(work: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(work)
        def watch(*args: Any, **named: Any) -> Any:
            threads.add(threading.current_thread())
            return work(*args, **named)

        return watch

    await draw(site.storage)
    for name in ("describe", "encode", "segment_piece"):
        monkeypatch.setattr(pieces, name, watched(getattr(pieces, name)))
    await site.archiver.look_after(BOARD)
    assert await site.is_cold()
    assert threads
    assert threading.main_thread() not in threads


# --- many boards --------------------------------------------------------------------------------


async def test_one_board_that_is_refused_does_not_keep_the_others(site: Site, archive: Watched) -> None:
    """A piece that the archive will not take leaves its board in Redis, and the boards behind it go all the same."""
    for board in (BOARD, OTHER):
        await draw(site.storage, board)

    async def refuse(piece: Piece) -> None:
        if piece.board == BOARD:
            raise StorageUnavailable("no such piece")

    archive.before_put = refuse
    with pytest.raises(StorageUnavailable, match="no such piece"):
        await site.archiver.round()
    assert (await site.standing(OTHER)).is_cold
    assert not await site.is_cold()


async def test_an_archive_that_is_away_is_not_asked_for_every_board(site: Site, archive: Watched) -> None:
    """After a few boards that failed the rest waits for the next round, which goes on there."""
    for number in range(20):
        await append(site.storage.op_log, BoardId(f"b{number}"), ops(ADA, [1]))
    await site.archiver.round()
    for number in range(20):
        await append(site.storage.op_log, BoardId(f"b{number}"), ops(ADA, [2]))
    archive.calls, archive.calls_left = 0, 0
    with pytest.raises(StorageUnavailable):
        await site.archiver.round()
    assert archive.calls < 10
    archive.calls_left = float("inf")
    await site.archiver.round()
    assert not (await site.standing(BoardId("b0"))).is_cold
    await site.archiver.round()
    for number in range(20):
        assert (await site.standing(BoardId(f"b{number}"))).is_cold


async def test_a_deletion_that_is_refused_does_not_keep_the_boards(site: Site, archive: Watched) -> None:
    """An archive that deletes nothing for us takes old ops all the same."""
    await draw(site.storage)
    await site.server.ask(site.server.client.sadd(site.server.keys.forgotten, [f"{OTHER} 0000000000001-old"]))
    archive.before_forget = _refuse
    with pytest.raises(StorageUnavailable, match="no such piece"):
        await site.archiver.round()
    assert await site.is_cold()


async def _refuse() -> None:
    raise StorageUnavailable("no such piece")


async def test_a_board_deleted_while_it_is_revived(redis: RedisProcess, site: Site, archive: Watched) -> None:
    """Who was about to make a lost board known again does not bring it back from its deletion."""
    await draw(site.storage)
    await site.archiver.look_after(BOARD)
    redis.ask("FLUSHALL")

    async def delete() -> None:
        archive.before_get = _nothing_at_all
        assert await site.storage.boards.delete(BOARD)

    archive.before_get = delete
    assert await site.storage.op_log.head(BOARD) is None
    assert await site.storage.boards.page(10, None) == []
    assert await archive.epochs(BOARD) == []


async def test_a_board_deleted_while_it_is_brought_back(site: Site, archive: Watched) -> None:
    """Pieces that go with their board are no damage: there is no such board then."""
    for question in (site.storage.op_log.client, site.storage.op_log.read):
        await draw(site.storage)
        await site.archiver.look_after(BOARD)

        async def delete() -> None:
            archive.before_get = _nothing_at_all
            assert await site.storage.boards.delete(BOARD)

        archive.before_get = delete
        assert not await question(BOARD, *((ADA,) if question == site.storage.op_log.client else (0, 10)))


async def test_a_checkpoint_ahead_of_the_archive_is_not_fetched_each_round(
    redis: RedisProcess, archive: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rounds without news ask the archive nothing, and Redis for no bodies."""
    monkeypatch.setattr(limits, "ARCHIVE_SEGMENTS", 2)
    policy = ArchivePolicy(cold_after=1e9, age=0, checkpoint_every=0)
    async with open_site(redis, archive, policy) as site:
        new = await draw(site.storage)
        while await site.storage.op_log.compact(BOARD, 90, 10):
            pass
        await site.archiver.look_after(BOARD)
        assert 0 < (await site.standing()).archived < len(new) - 10
        redis.ask("CONFIG", "RESETSTAT")
        archive.calls = 0
        for _ in range(3):
            await site.archiver.look_after(BOARD)
        assert archive.calls == 0
        stats = await site.server.ask(site.server.client.info("commandstats"))
        assert not {"cmdstat_hget", "cmdstat_hscan"} & set(stats)


async def test_a_board_that_is_open_and_idle_costs_the_archive_nothing(
    redis: RedisProcess, site: Site, archive: Watched
) -> None:
    """Once all of it is there; it goes cold when it is closed."""
    new = await draw(site.storage)
    log = site.server.keys.of(BOARD).log

    async def is_open() -> bool:
        return bool(await site.server.run("listeners", (log,)))

    async def is_closed() -> bool:
        return not await is_open()

    async with open_redis(redis.url, prefix="test") as other, trio.open_nursery() as nursery:
        nursery.start_soon(other.op_log.wait_beyond, BOARD, len(new))
        await until(is_open)
        await site.archiver.look_after(BOARD)
        assert (await site.standing()).archived == len(new)
        assert not await site.is_cold()
        archive.calls = 0
        await site.archiver.look_after(BOARD)
        assert archive.calls == 0
        nursery.cancel_scope.cancel()
    await until(is_closed)
    await site.archiver.look_after(BOARD)
    assert await site.is_cold()


async def test_a_board_of_many_pieces_comes_back_with_few_lists(site: Site, archive: Watched) -> None:
    """Pieces are listed by pages, and fetched once each."""
    pages: list[int] = []
    for number in range(1, 13):
        await append(site.storage.op_log, BOARD, ops(ADA, [number]))
        await site.archiver.look_after(BOARD)
        archive.calls = 0
        assert await site.storage.op_log.client(BOARD, ADA) is not None
        pages.append(archive.calls - number)
    assert len(await site.pieces(PieceKind.SEGMENT)) == 12
    assert set(pages) == {pages[0]}


async def test_boards_are_listed_by_pages_of_blobs(blobs: Blobs) -> None:
    """A board costs no question of its own, and every page begins at a name where S3 can begin."""
    wanted = {f"b{number}" for number in range(40)} | {"b1-", "b1.x", "b1_", "b10-0"}
    for board in wanted:
        for number in range(3):
            await blobs.put(f"archive/{board}/1-e/segment-{number:016}-{number:016}-1-{0:064}", b"")
    asked: list[str | None] = []

    class Asked:
        async def page(self, prefix: str, limit: int, after: str | None = None) -> Sequence[BlobInfo]:
            asked.append(after)
            return await blobs.page(prefix, min(limit, 50), after)

    found: list[BoardId] = []
    archive = BlobArchive(cast(Blobs, Asked()))
    while boards := await archive.boards(7, found[-1] if found else None):
        assert len(boards) <= 7
        found += boards
    assert len(found) == len(wanted)
    assert set(found) == wanted
    assert all(after is None or is_name(after) for after in asked)
    asked.clear()
    assert set(await archive.boards(1000, None)) == wanted
    assert len(asked) == 4


async def test_a_board_that_was_looked_at_stays_for_a_while(redis: RedisProcess, archive: Watched) -> None:
    """It came back at the cost of all its pieces, and does not leave again with the next round."""
    policy = ArchivePolicy(cold_after=3600, age=0, checkpoint_every=0)
    async with open_site(redis, archive, policy) as site:
        await draw(site.storage)
        await site.archiver.look_after(BOARD)
        assert await site.is_cold()
        await site.storage.snapshots.load(BOARD)
        await site.archiver.look_after(BOARD)
        assert not await site.is_cold()
