"""Those who are all given the same time."""

import trio
import trio.testing

from whiteboard.registry import Timeout
from whiteboard.rooms.patience import Patience

FIVE = Timeout("five", 5.0, "for tests")


class Silent:
    """Somebody who notes when the time was up."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self.told_at: float | None = None
        self.lets_go: list[Silent] = []

    def lose_patience(self) -> None:
        assert self.told_at is None
        self.told_at = trio.current_time()
        for other in self.lets_go:
            self._patience.let_go(other)


async def test_each_is_told_when_its_own_time_is_up(autojump_clock: trio.testing.MockClock) -> None:
    """In the order in which it began, once; not those who have done it before, be it in the same moment."""
    patience = Patience(FIVE)
    first, second, third, done, late = some = [Silent(patience) for _ in range(5)]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(patience.run)
        began = trio.current_time()
        for one in (first, done):
            patience.wait_for(one)
        await trio.sleep(2)
        for one in (second, third):
            patience.wait_for(one)
        second.lets_go = [third]
        patience.let_go(done)
        patience.let_go(done)
        assert patience.waiting() == [first, second, third]
        assert len(patience) == 3
        await trio.sleep(20)
        patience.wait_for(late)
        await trio.sleep(20)
        nursery.cancel_scope.cancel()
    assert [None if one.told_at is None else one.told_at - began for one in some] == [5, 7, None, None, 27]
    assert len(patience) == 0


async def test_nobody_is_kept_after_they_have_been_let_go(autojump_clock: trio.testing.MockClock) -> None:
    """What ends before its time is free at once; the clock finds nobody then, and waits for the next."""
    patience = Patience(FIVE)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(patience.run)
        for _ in range(3):
            early = Silent(patience)
            patience.wait_for(early)
            await trio.sleep(1)
            patience.let_go(early)
            assert len(patience) == 0
        await trio.sleep(10)
        again = Silent(patience)
        patience.wait_for(again)
        began = trio.current_time()
        await trio.sleep(10)
        assert again.told_at == began + 5
        nursery.cancel_scope.cancel()
