"""Turns on boards."""

import trio

from whiteboard.ids import BoardId
from whiteboard.storage.turns import BoardTurns

ONE, OTHER = BoardId("one"), BoardId("other")


async def test_one_at_a_time_on_a_board_and_others_on_others(autojump_clock: trio.testing.MockClock) -> None:
    """In the order in which they came; in the end nothing is kept."""
    turns, told = BoardTurns(), []

    async def work(board: BoardId, name: str) -> None:
        async with turns.on(board):
            told.append(f"{name} begins")
            await trio.sleep(1)
            told.append(f"{name} ends")

    async with trio.open_nursery() as nursery:
        for board, name in ((ONE, "a"), (ONE, "b"), (OTHER, "c")):
            nursery.start_soon(work, board, name)
            await trio.testing.wait_all_tasks_blocked()
    assert sorted(told[:2]) == ["a begins", "c begins"]
    assert [line for line in told if line[0] != "c"] == ["a begins", "a ends", "b begins", "b ends"]
    assert len(turns) == 0


async def test_who_is_cancelled_lets_the_next_one_in(autojump_clock: trio.testing.MockClock) -> None:
    """Also one that only waits for its turn."""
    turns = BoardTurns()

    async def work(seconds: float) -> None:
        with trio.move_on_after(seconds):
            async with turns.on(ONE):
                await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(work, 2)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(work, 1)
        nursery.start_soon(work, 3)
    assert trio.current_time() == 3
    assert len(turns) == 0
