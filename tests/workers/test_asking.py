"""Questions between workers, through links and a front of a few lines."""

import pytest
import trio
from workers.places import PLACE
from workers.two import two_workers

from whiteboard.config import Mode, Settings
from whiteboard.errors import RoomClosed, StorageCorrupt, StorageUnavailable
from whiteboard.ids import BoardId
from whiteboard.workers.asking import Question, ask
from whiteboard.workers.routing import owner_of
from whiteboard.workers.share import Share
from whiteboard.workers.shared_rooms import SharedRooms, replies


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
async def test_an_answer_comes_back_whole(size: int) -> None:
    """Empty or larger than any socket's buffer."""

    async def reply(question: Question) -> bytes:
        await trio.lowlevel.checkpoint()
        assert question == Question("view", "b")
        return b"x" * size

    async with two_workers(reply) as inlet:
        assert await ask(inlet, 1, Question("view", "b")) == b"x" * size


@pytest.mark.parametrize("fault", [StorageUnavailable, StorageCorrupt, RoomClosed])
async def test_a_fault_there_is_a_fault_here(fault: type[Exception]) -> None:
    """Of the same kind and with the same reason."""

    async def reply(_: Question) -> bytes:
        await trio.lowlevel.checkpoint()
        raise fault("disk full")

    async with two_workers(reply) as inlet:
        with pytest.raises(fault, match="disk full"):
            await ask(inlet, 1, Question("view", "b"))


async def test_a_bug_there_is_no_answer_here() -> None:
    """The asked worker lives on; who asks is told that it does not answer."""

    async def reply(question: Question) -> bytes:
        await trio.lowlevel.checkpoint()
        return b"" if question.board else b"%d" % (1 // len(question.board))

    async with two_workers(reply) as inlet:
        with pytest.raises(RoomClosed, match="process 1"):
            await ask(inlet, 1, Question("view"))
        assert await ask(inlet, 1, Question("view", "b")) == b""


async def test_a_worker_that_is_away_is_no_answer() -> None:
    """At once, not after a deadline."""
    async with two_workers(None) as inlet:
        with pytest.raises(RoomClosed, match="process 1"):
            await ask(inlet, 1, Question("view", "b"))


async def test_a_worker_that_hangs_is_given_up(autojump_clock: trio.testing.MockClock) -> None:
    """After WORKER_ANSWER."""

    async def reply(_: Question) -> bytes:
        await trio.sleep_forever()
        raise AssertionError

    async with two_workers(reply) as inlet:
        with pytest.raises(RoomClosed, match="process 1"):
            await ask(inlet, 1, Question("view", "b"))


class Shelf:
    """Rooms that say what was wanted of them."""

    def __init__(self) -> None:
        self.wanted: list[tuple[str, BoardId]] = []

    async def board_view(self, board: BoardId) -> bytes | None:
        """There is one board."""
        await self._note("view", board)
        return b"{}" if board.endswith("there") else None

    async def create_board(self, board: BoardId) -> bool:
        """The same one."""
        await self._note("create", board)
        return not board.endswith("there")

    async def delete_board(self, board: BoardId) -> bool:
        """The same one."""
        await self._note("delete", board)
        return board.endswith("there")

    def readiness(self) -> list[str]:
        """Nothing is in the way."""
        return []

    async def _note(self, what: str, board: BoardId) -> None:
        await trio.lowlevel.checkpoint()
        self.wanted.append((what, board))


async def test_each_board_is_asked_of_who_has_it() -> None:
    """One's own boards at home, the others' where they are, with the same answers."""
    mine, theirs = Shelf(), Shelf()
    boards = [BoardId(f"{number}-{end}") for number in range(8) for end in ("there", "gone")]
    async with two_workers(replies(theirs, dict, dict)) as inlet:
        share = Share(0, 2, Settings(mode=Mode.SQLITE), None, place=PLACE, link=0, lease=None)
        rooms = SharedRooms(mine, share, inlet)
        for board in boards:
            is_there = board.endswith("there")
            assert await rooms.board_view(board) == (b"{}" if is_there else None)
            assert await rooms.create_board(board) is not is_there
            assert await rooms.delete_board(board) is is_there
    assert {board for _, board in mine.wanted} == {board for board in boards if owner_of(board, 2) == 0}
    assert {board for _, board in theirs.wanted} == {board for board in boards if owner_of(board, 2) == 1}
    assert mine.wanted
    assert theirs.wanted


def test_any_worker_may_open_a_board_that_all_hear_of() -> None:
    """In the redis mode; elsewhere each board has one owner."""
    boards = [BoardId(str(number)) for number in range(20)]
    for mode, owned in ((Mode.REDIS, 2), (Mode.SQLITE, 1)):
        shares = [
            Share(number, 2, Settings(mode=mode), None, place=PLACE, link=0, lease=None)
            for number in range(2)
        ]
        assert all(sum(share.owns(board) for share in shares) == owned for board in boards)
