"""The promises of `whiteboard.storage.archive`, for every adapter.

class TestMine(ArchiveContract):
    @pytest.fixture
    def open_archive(self) -> OpenArchive:
        return open_my_archive
"""

import hashlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import trio

from whiteboard import limits
from whiteboard.errors import StorageCorrupt, StorageUnavailable
from whiteboard.ids import MAX_COUNTER, MAX_ID_CHARS, BoardId
from whiteboard.storage.archive import Archive, Piece, PieceKind
from whiteboard.testing.expecting import expect

OpenArchive = Callable[[], AbstractAsyncContextManager[Archive]]
"""Opens a new, empty place each time."""

BOARD = BoardId("board")
EPOCH = "epoch-1"
ANY_BYTES = bytes(range(256)) * 5


def piece_of(
    body: bytes,
    last: int,
    *,
    first: int = 0,
    kind: PieceKind = PieceKind.CHECKPOINT,
    board: BoardId = BOARD,
    epoch: str = EPOCH,
) -> Piece:
    """The piece that these bytes make."""
    return Piece(board, epoch, kind, first, last, len(body), hashlib.sha256(body).hexdigest())


class ArchiveContract:
    """What every `Archive` keeps. Give it the fixture `open_archive`."""

    async def test_a_piece_comes_back_as_it_was(self, open_archive: OpenArchive) -> None:
        """Any bytes, none and a megabyte; its description too, for the largest numbers and the longest ids."""
        bodies = [b"", ANY_BYTES, ANY_BYTES * 800]
        async with open_archive() as archive:
            for number, body in enumerate(bodies):
                await archive.put(piece_of(body, number), body)
            found = await archive.pieces(BOARD, EPOCH, PieceKind.CHECKPOINT, limit=9)
            assert list(found) == [piece_of(body, number) for number, body in enumerate(bodies)]
            assert [await archive.get(piece) for piece in found] == bodies
            board, epoch = BoardId("_.-" + "x" * (MAX_ID_CHARS - 3)), "e" * 32
            far = piece_of(
                b"far", MAX_COUNTER, first=MAX_COUNTER - 1, kind=PieceKind.SEGMENT, board=board, epoch=epoch
            )
            await archive.put(far, b"far")
            assert await archive.get(far) == b"far"
            assert await archive.newest(board, epoch, PieceKind.SEGMENT) == far

    async def test_a_body_that_is_not_the_pieces(self, open_archive: OpenArchive) -> None:
        """Other bytes, or another number of them, are refused, and nothing is stored."""
        async with open_archive() as archive:
            await expect(ValueError, archive.put(piece_of(b"one", 1), b"two"))
            await expect(ValueError, archive.put(replace(piece_of(b"one", 1), size=4), b"one"))
            assert await archive.newest(BOARD, EPOCH, PieceKind.CHECKPOINT) is None

    async def test_a_piece_is_replaced(self, open_archive: OpenArchive) -> None:
        """The same name again, with the same bytes or others: there is one piece, the last one."""
        async with open_archive() as archive:
            for body in (b"old", b"old", b"newer"):
                await archive.put(piece_of(body, 3), body)
            found = await archive.pieces(BOARD, EPOCH, PieceKind.CHECKPOINT, limit=9)
            assert list(found) == [piece_of(b"newer", 3)]
            assert await archive.get(found[0]) == b"newer"
            await expect(StorageCorrupt, archive.get(piece_of(b"old", 3)))

    async def test_pieces_in_pages(self, open_archive: OpenArchive) -> None:
        """By last and first as numbers, from a seq on, of one kind, board and epoch only."""
        places = [(last, first) for last in (9, 10, 100, 2_000) for first in (1, 2, 10)]
        async with open_archive() as archive:
            for last, first in reversed(places):
                await archive.put(piece_of(b"t", last, first=first, kind=PieceKind.TOMBSTONES), b"t")
            await archive.put(piece_of(b"s", 50, first=41, kind=PieceKind.SEGMENT), b"s")
            await archive.put(
                piece_of(b"t", 5, first=1, kind=PieceKind.TOMBSTONES, board=BoardId("board2")), b"t"
            )
            await archive.put(piece_of(b"t", 5, first=1, kind=PieceKind.TOMBSTONES, epoch="epoch-12"), b"t")

            async def page(from_last: int, limit: int) -> list[tuple[int, int]]:
                found = await archive.pieces(
                    BOARD, EPOCH, PieceKind.TOMBSTONES, from_last=from_last, limit=limit
                )
                return [(one.last, one.first) for one in found]

            assert await page(0, limits.MAX_BLOB_PAGE) == places
            assert await page(10, 4) == places[3:7]
            assert await page(11, 2) == places[6:8]
            assert await page(2_001, 9) == []
            newest = await archive.newest(BOARD, EPOCH, PieceKind.TOMBSTONES)
            assert newest is not None
            assert (newest.last, newest.first) == (2_000, 10)
            for limit in (0, limits.MAX_BLOB_PAGE + 1):
                await expect(ValueError, page(0, limit))

    async def test_what_is_not_there(self, open_archive: OpenArchive) -> None:
        """No pieces, no newest one, no epochs; a piece that is gone is corrupt; deleting it is nothing."""
        async with open_archive() as archive:
            assert list(await archive.pieces(BOARD, EPOCH, PieceKind.SEGMENT, limit=9)) == []
            assert await archive.newest(BOARD, EPOCH, PieceKind.SEGMENT) is None
            assert list(await archive.epochs(BOARD)) == []
            await expect(StorageCorrupt, archive.get(piece_of(b"x", 1)))
            await archive.delete(piece_of(b"x", 1))
            await archive.forget(BOARD, EPOCH)

    async def test_boards_in_pages(self, open_archive: OpenArchive) -> None:
        """Each board once, in pages that go on after the last one, whatever its id has in it."""
        boards = {BoardId(name) for name in ("a", "a-b", "a.b", "a0", "a_", "B", "b")}
        async with open_archive() as archive:
            assert list(await archive.boards(9, None)) == []
            for board in boards:
                for epoch in (EPOCH, "epoch-2"):
                    await archive.put(piece_of(b"x", 1, board=board, epoch=epoch), b"x")
            found: list[BoardId] = []
            while page := await archive.boards(2, found[-1] if found else None):
                found += page
            assert len(found) == len(boards)
            assert set(found) == boards
            await expect(ValueError, archive.boards(0, None))

    async def test_pieces_are_deleted_one_by_one(self, open_archive: OpenArchive) -> None:
        """The others stay; deleting it once more changes nothing."""
        async with open_archive() as archive:
            for last in (1, 2, 3):
                await archive.put(piece_of(b"body", last), b"body")
            for _ in range(2):
                await archive.delete(piece_of(b"body", 2))
            found = await archive.pieces(BOARD, EPOCH, PieceKind.CHECKPOINT, limit=9)
            assert [one.last for one in found] == [1, 3]
            assert [await archive.get(one) for one in found] == [b"body"] * 2
            await expect(StorageCorrupt, archive.get(piece_of(b"body", 2)))

    async def test_a_history_is_forgotten_whole(self, open_archive: OpenArchive) -> None:
        """All kinds of that epoch; other epochs, and boards with names that begin alike, stay."""
        kept = [piece_of(b"k", 1, epoch="epoch-12"), piece_of(b"k", 1, board=BoardId("board.2"))]
        async with open_archive() as archive:
            for kind in PieceKind:
                await archive.put(piece_of(b"x", 1, first=1, kind=kind), b"x")
            for piece in kept:
                await archive.put(piece, b"k")
            assert sorted(await archive.epochs(BOARD)) == [EPOCH, "epoch-12"]
            await archive.forget(BOARD, EPOCH)
            assert list(await archive.epochs(BOARD)) == ["epoch-12"]
            for kind in PieceKind:
                assert await archive.newest(BOARD, EPOCH, kind) is None
                await expect(StorageCorrupt, archive.get(piece_of(b"x", 1, first=1, kind=kind)))
            assert [await archive.get(piece) for piece in kept] == [b"k", b"k"]

    async def test_many_at_once(self, open_archive: OpenArchive) -> None:
        """Several tasks put and get at a time; each gets its own bytes."""
        async with open_archive() as archive:

            async def work(number: int) -> None:
                body = b"%d" % number * 1_000
                await archive.put(piece_of(body, number), body)
                assert await archive.get(piece_of(body, number)) == body

            async with trio.open_nursery() as nursery:
                for number in range(12):
                    nursery.start_soon(work, number)
            assert len(await archive.pieces(BOARD, EPOCH, PieceKind.CHECKPOINT, limit=99)) == 12

    async def test_a_cancelled_put_is_whole_or_nothing(self, open_archive: OpenArchive) -> None:
        """What `pieces` tells of afterwards can be read; putting it again works."""
        async with open_archive() as archive:
            with trio.CancelScope() as scope:
                scope.cancel()
                await archive.put(piece_of(ANY_BYTES, 1), ANY_BYTES)
            for piece in await archive.pieces(BOARD, EPOCH, PieceKind.CHECKPOINT, limit=9):
                assert await archive.get(piece) == ANY_BYTES
            await archive.put(piece_of(ANY_BYTES, 1), ANY_BYTES)
            assert await archive.get(piece_of(ANY_BYTES, 1)) == ANY_BYTES

    async def test_the_probe(self, open_archive: OpenArchive) -> None:
        """It passes while all is well, and leaves no piece."""
        async with open_archive() as archive:
            await archive.probe()
            assert list(await archive.epochs(BOARD)) == []

    async def test_after_closing(self, open_archive: OpenArchive) -> None:
        """Every call says that the place is closed."""
        async with open_archive() as archive:
            await archive.put(piece_of(b"x", 1), b"x")
        await expect(StorageUnavailable, archive.put(piece_of(b"x", 1), b"x"))
        await expect(StorageUnavailable, archive.get(piece_of(b"x", 1)))
        await expect(StorageUnavailable, archive.newest(BOARD, EPOCH, PieceKind.CHECKPOINT))
        await expect(StorageUnavailable, archive.probe())
