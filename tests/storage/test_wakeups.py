import trio
import trio.testing

from whiteboard.ids import BoardId
from whiteboard.storage.wakeups import Wakeups

ONE = BoardId("one")
TWO = BoardId("two")


async def test_a_ring_between_look_and_wait_is_not_lost() -> None:
    """Who was rung since subscribing does not wait; the next wait needs another ring."""
    wakeups = Wakeups()
    rounds: list[int] = []

    async def wait_twice() -> None:
        with wakeups.listen(ONE) as listener:
            wakeups.ring(ONE)
            for number in (1, 2):
                await listener.wait()
                rounds.append(number)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait_twice)
        await trio.testing.wait_all_tasks_blocked()
        assert rounds == [1]
        wakeups.ring(ONE)
    assert rounds == [1, 2]


async def test_a_ring_is_for_one_board() -> None:
    """`ring` wakes the board's listeners only, `ring_all` everybody."""
    wakeups = Wakeups()
    woken: list[str] = []

    async def listen(board: BoardId) -> None:
        with wakeups.listen(board) as listener:
            await listener.wait()
            woken.append(board)

    async with trio.open_nursery() as nursery:
        for board in (ONE, ONE, TWO):
            nursery.start_soon(listen, board)
        await trio.testing.wait_all_tasks_blocked()
        wakeups.ring(ONE)
        await trio.testing.wait_all_tasks_blocked()
        assert woken == [ONE, ONE]
        wakeups.ring_all()
    assert woken == [ONE, ONE, TWO]


async def test_a_ring_without_listeners_does_nothing() -> None:
    """Nobody has to be there, and nothing is kept of those who left."""
    wakeups = Wakeups()
    with wakeups.listen(ONE):
        pass
    wakeups.ring(ONE)
    wakeups.ring_all()


async def test_wait_for_listener_is_open_while_somebody_listens() -> None:
    """It returns at once while there is a listener, and waits when the last one left."""
    wakeups = Wakeups()
    returned: list[str] = []

    async def wait() -> None:
        await wakeups.wait_for_listener()
        returned.append("listener")

    with wakeups.listen(ONE), wakeups.listen(TWO):
        await wakeups.wait_for_listener()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        assert returned == []
        with wakeups.listen(TWO):
            await trio.testing.wait_all_tasks_blocked()
            assert returned == ["listener"]
