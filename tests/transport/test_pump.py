"""One reader for many sockets: fair, bounded, and never a second one."""

import socket
from collections.abc import AsyncIterator, Callable
from itertools import pairwise

import pytest
import trio
import trio.testing
from transport.peers import TEXT, client_frame, open_pair

from whiteboard import limits, timeouts
from whiteboard.rooms.ports import Incoming
from whiteboard.transport.connection import WebSocketConnection
from whiteboard.transport.pump import Pump, open_pump


@pytest.fixture
async def pump() -> AsyncIterator[Pump]:
    """A running pump, which watches nothing when all is over."""
    async with open_pump() as pump:
        assert pump is not None
        yield pump
        assert pump.watched == 0


class Tap:
    """A source whose socket is always ready; it notes when it has its turn, and may take its time."""

    def __init__(
        self, pump: Pump, turns: list["Tap"], turn: Callable[[], bool] = bool, *, is_new: bool = False
    ) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.parted = False
        self._pump, self._turns, self._turn = pump, turns, turn
        self.theirs.send(b"x")
        pump.watch(self.ours.fileno(), self, is_new=is_new)

    def read_now(self, now: float) -> bool:
        self._turns.append(self)
        return self._turn()

    def part_now(self) -> None:
        self.parted = True

    def close(self) -> None:
        """Leave, and leave again, which does nothing."""
        self._pump.leave(self.ours.fileno())
        self._pump.leave(self.ours.fileno())
        self.ours.close()
        self.theirs.close()


async def passes(pump: Pump, count: int, done: list[Tap]) -> list[int]:
    """How many turns there had been in all at the end of each of the next passes."""
    totals: list[int] = []
    enough = trio.Event()

    def note() -> float:
        totals.append(len(done))
        if len(totals) == count:
            enough.set()
        return 0.0

    pump.after_pass = note
    await enough.wait()
    return totals[:count]


async def test_a_pass_is_bounded_in_time_and_the_next_begins_where_it_ended(
    pump: Pump, mock_clock: trio.testing.MockClock
) -> None:
    """However long each turn takes, everybody has one before anybody has a second."""

    def slow() -> bool:
        mock_clock.jump(timeouts.PUMP_PASS.seconds / 2)
        return False

    turns: list[Tap] = []
    taps = [Tap(pump, turns, slow) for _ in range(5)]
    assert await passes(pump, 3, turns) == [2, 4, 5]
    assert set(turns[:5]) == set(taps)
    for tap in taps:
        tap.close()


async def test_a_pass_is_bounded_in_sockets_and_all_have_their_turn(pump: Pump) -> None:
    """More sockets than a pass takes come in the next one."""
    turns: list[Tap] = []
    taps = [Tap(pump, turns) for _ in range(limits.PUMP_SOCKETS + 10)]
    assert await passes(pump, 1, turns) == [limits.PUMP_SOCKETS]
    await passes(pump, 1, turns)
    assert set(turns[: limits.PUMP_SOCKETS + len(taps)]) == set(taps)
    for tap in taps:
        tap.close()


async def test_a_source_that_holds_more_is_asked_again_without_its_socket(pump: Pump) -> None:
    """As TLS does; others have their turns in between, and it has no more than it asked for."""
    turns: list[Tap] = []
    more = [True, True, False]

    def use_up() -> bool:
        if len(more) == 3:
            holder.ours.recv(1)  # from here on its socket is silent
        return more.pop(0)

    holder = Tap(pump, turns, use_up)
    other = Tap(pump, turns)
    await passes(pump, 5, turns)
    assert turns.count(holder) == 3
    assert turns.count(other) >= 5
    holder.close()
    other.close()


async def test_a_source_that_another_one_took_away_is_not_read(pump: Pump) -> None:
    """Ready as it was: its owner may have closed the socket meanwhile."""
    turns: list[Tap] = []
    taps: list[Tap] = []

    def close_the_others() -> bool:
        for tap in set(taps) - {turns[0]}:
            tap.close()
        return False

    taps += [Tap(pump, turns, close_the_others) for _ in range(3)]
    await passes(pump, 1, turns)
    assert set(turns) == {turns[0]}
    turns[0].close()


async def test_the_taker_has_messages_without_a_task_waking(pump: Pump) -> None:
    """In order, in the pump's turn; whoever waits in `receive` goes on waiting."""
    taken: list[Incoming] = []
    async with open_pair(pump=pump) as (connection, client), trio.open_nursery() as nursery:

        def take(message: Incoming) -> bool:
            taken.append(message)
            return True

        connection.listen(take)
        nursery.start_soon(connection.receive)
        await trio.testing.wait_all_tasks_blocked()
        for number in range(50):
            await client.send(client_frame(TEXT, b"%d" % number))
        await trio.testing.wait_all_tasks_blocked()
        assert taken == [b"%d" % number for number in range(50)]
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("is_pumped", [True, False])
async def test_what_the_taker_leaves_comes_out_of_receive_in_order(pump: Pump, is_pumped: bool) -> None:
    """With all behind it; nothing is offered, and nothing read, until somebody waits in `receive` again."""
    taken: list[Incoming] = []

    def take_letters(message: Incoming) -> bool:
        assert isinstance(message, bytes)
        if message.isalpha():
            taken.append(message)
        return message.isalpha()

    async with open_pair(pump=pump if is_pumped else None) as (connection, client):
        connection.listen(take_letters)
        await client.send(b"".join(client_frame(TEXT, text) for text in (b"a", b"1", b"b", b"2")))
        assert await connection.receive() == [b"1", b"b", b"2"]
        await client.send(client_frame(TEXT, b"c") + client_frame(TEXT, b"3"))
        await trio.testing.wait_all_tasks_blocked()
        assert taken == [b"a"]
        assert pump.watched == 0
        assert await connection.receive() == [b"3"]
        assert taken == [b"a", b"c"]
        await client.stream.aclose()


async def test_nothing_is_read_that_nobody_waits_for(pump: Pump) -> None:
    """A peer that goes on sending fills the kernel's buffers, not ours."""
    async with open_pair(send_buffer=4096, pump=pump) as (connection, client):
        await client.send(client_frame(TEXT, b"first"))
        assert await connection.receive() == [b"first"]
        with trio.move_on_after(0.05) as patience:
            while True:
                await client.send(client_frame(TEXT, bytes(4096)))
        assert patience.cancelled_caught


@pytest.mark.parametrize("is_pumped", [True, False])
async def test_a_fault_of_the_taker_comes_out_of_receive_and_harms_nobody_else(
    pump: Pump, is_pumped: bool
) -> None:
    """The pump goes on for the others."""

    def fail(message: Incoming) -> bool:
        raise ValueError(message)

    async with (
        open_pair(pump=pump if is_pumped else None) as (connection, client),
        open_pair(pump=pump) as (other, other_client),
    ):
        connection.listen(fail)
        await client.send(client_frame(TEXT, b"bad"))
        with pytest.raises(ValueError, match="bad"):
            await connection.receive()
        await other_client.send(client_frame(TEXT, b"good"))
        assert await other.receive() == [b"good"]
        await client.stream.aclose()
        await other_client.stream.aclose()


async def test_what_follows_a_pass_comes_before_other_tasks(pump: Pump) -> None:
    """So that what was read is told of at once."""
    order: list[str] = []

    async def waiting(connection: WebSocketConnection) -> None:
        await connection.receive()
        order.append("task")

    def take(message: Incoming) -> bool:
        order.append("taker")
        return False

    def note() -> float:
        order.append("after")
        return 0.0

    async with open_pair(pump=pump) as (connection, client), trio.open_nursery() as nursery:
        connection.listen(take)
        pump.after_pass = note
        nursery.start_soon(waiting, connection)
        await trio.testing.wait_all_tasks_blocked()
        order.clear()
        await client.send(client_frame(TEXT, b"x"))
        await trio.testing.wait_all_tasks_blocked()
        assert order[:3] == ["taker", "after", "task"]
        await client.stream.aclose()


@pytest.mark.parametrize("sockets", [1, limits.PUMP_SMALL_PASS])
async def test_after_a_small_pass_it_naps_while_nothing_can_be_passed_on(
    pump: Pump, autojump_clock: trio.testing.MockClock, sockets: int
) -> None:
    """So that the next pass finds more; one that found much goes on at once, and so does one after which nothing waits."""
    times: list[float] = []
    rests = [10.0, 10.0, 0.0, 0.0]
    enough = trio.Event()

    def note() -> float:
        times.append(trio.current_time())
        if len(times) == len(rests):
            enough.set()
        return rests[min(len(times), len(rests)) - 1]

    pump.after_pass = note
    taps = [Tap(pump, []) for _ in range(sockets)]
    await enough.wait()
    gaps = [later - earlier for earlier, later in pairwise(times)]
    nap = timeouts.PUMP_NAP.seconds if sockets == 1 else 0.0
    assert gaps[:3] == pytest.approx([nap, nap, 0.0])
    for tap in taps:
        tap.close()


@pytest.mark.parametrize("kind", ["not come to", "holds more", "has ended", "took long"])
async def test_it_does_not_nap_when_there_is_more_to_do(
    pump: Pump, autojump_clock: trio.testing.MockClock, kind: str
) -> None:
    """Nor after a pass that has found as much as the next one would: whoever floods is not to wait for nothing."""
    turns: list[Tap] = []
    waits: list[float] = []
    enough = trio.Event()
    ended = trio.current_time()

    def turn() -> bool:
        waits.append(trio.current_time() - ended)
        if kind == "took long":
            autojump_clock.jump(timeouts.PUMP_NAP.seconds)
        if kind == "not come to":
            autojump_clock.jump(timeouts.PUMP_PASS.seconds)
        return kind == "holds more"

    def note() -> float:
        nonlocal ended
        ended = trio.current_time()
        if len(waits) == 3:
            enough.set()
        return 10.0

    pump.after_pass = note
    taps = [Tap(pump, turns, turn) for _ in range(4 if kind == "not come to" else 1)]
    gone = [Tap(pump, turns) for _ in range(9 * limits.PUMP_ENDS if kind == "has ended" else 0)]
    for tap in gone:
        tap.close()
        pump.part(tap)
    await enough.wait()
    assert waits[:3] == [0.0, 0.0, 0.0]
    for tap in taps:
        tap.close()


async def test_where_there_is_no_epoll_there_is_no_pump(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections read for themselves there."""
    monkeypatch.setattr("sys.platform", "darwin")
    async with open_pump() as pump:
        assert pump is None


async def test_ends_come_out_a_few_after_each_pass(pump: Pump) -> None:
    """However many sockets end at once, passes go on between their sessions' ends, and all of them come."""
    turns: list[Tap] = []
    taps = [Tap(pump, turns) for _ in range(2 * limits.PUMP_ENDS + 1)]
    counts: list[int] = []
    all_gone = trio.Event()

    def note() -> float:
        counts.append(sum(tap.parted for tap in taps))
        if counts[-1] == len(taps):
            all_gone.set()
        return 0.0

    pump.after_pass = note
    for tap in taps:
        tap.close()
        pump.part(tap)
    wakes = Tap(pump, turns)
    await all_gone.wait()
    wakes.close()
    assert counts[:3] == [limits.PUMP_ENDS, 2 * limits.PUMP_ENDS, len(taps)]


async def test_newcomers_are_read_a_few_behind_everybody_else(pump: Pump) -> None:
    """However many come at once; all of them have their turn."""
    turns: list[Tap] = []
    new = [Tap(pump, turns, is_new=True) for _ in range(3 * limits.PUMP_NEWCOMERS)]
    here = [Tap(pump, turns) for _ in range(5)]
    begun = [await passes(pump, 1, turns) for _ in range(6)]
    for tap in here:
        assert turns.count(tap) >= 5, "in every pass"
    first = turns[: begun[0][0]]
    assert set(first[:5]) == set(here)
    assert len(first) == 5 + limits.PUMP_NEWCOMERS
    assert set(new) <= set(turns)
    for tap in [*new, *here]:
        tap.close()


async def test_newcomers_are_read_in_every_pass_however_busy_the_others_are(
    pump: Pump, mock_clock: trio.testing.MockClock
) -> None:
    """A pass that has no time for all of the others still lets a few in: their deadlines run."""

    def slow() -> bool:
        mock_clock.jump(timeouts.PUMP_PASS.seconds / 4)
        return False

    turns: list[Tap] = []
    here = [Tap(pump, turns, slow) for _ in range(2 * limits.PUMP_SOCKETS)]
    new = [Tap(pump, turns, is_new=True) for _ in range(limits.PUMP_NEWCOMERS)]
    totals = await passes(pump, 5, turns)
    assert [turns[: totals[-1]].count(tap) for tap in new] == [5] * len(new)
    assert len(set(turns[: totals[-1]]) & set(here)) >= 5 * 4, "who was here has lost no time by it"
    for tap in [*new, *here]:
        tap.close()


async def test_who_has_settled_is_no_newcomer(pump: Pump) -> None:
    """From then on it is read with the others; settling again does nothing, nor does it for who has left."""
    turns: list[Tap] = []
    new = [Tap(pump, turns, is_new=True) for _ in range(2 * limits.PUMP_NEWCOMERS)]
    for tap in new:
        pump.settle(tap.ours.fileno())
        pump.settle(tap.ours.fileno())
    await passes(pump, 1, turns)
    assert set(turns) == set(new)
    for tap in new:
        descriptor = tap.ours.fileno()
        tap.close()
        pump.settle(descriptor)


async def test_a_newcomer_that_holds_more_is_asked_again(pump: Pump) -> None:
    """As others are, though its socket is silent; and one that leaves in its turn is not."""
    turns: list[Tap] = []
    more = [True, False]

    def use_up() -> bool:
        if len(more) == 2:
            holder.ours.recv(1)
        return more.pop(0)

    def leave() -> bool:
        pump.leave(leaver.ours.fileno())
        return True

    holder = Tap(pump, turns, use_up, is_new=True)
    leaver = Tap(pump, turns, leave, is_new=True)
    wakes = Tap(pump, turns)
    await passes(pump, 4, turns)
    assert turns.count(holder) == 2
    assert turns.count(leaver) == 1
    for tap in (holder, leaver, wakes):
        tap.close()


async def test_it_does_not_nap_while_a_crowd_is_at_the_door(
    pump: Pump, autojump_clock: trio.testing.MockClock
) -> None:
    """A pass takes few of them, and that does not mean that few have come."""
    turns: list[Tap] = []
    times: list[float] = []
    all_in = trio.Event()

    def note() -> float:
        times.append(trio.current_time())
        if set(turns) == set(new):
            all_in.set()
        return 10.0

    pump.after_pass = note
    new = [Tap(pump, turns, is_new=True) for _ in range(4 * limits.PUMP_NEWCOMERS)]
    await all_in.wait()
    assert times[-1] - times[0] == 0
    for tap in new:
        tap.close()


async def test_who_cannot_settle_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system may be out of what it takes to watch: that session hears of it, and everybody else is read on."""

    def refuse(_: int) -> None:
        raise OSError(28, "no space left on device")

    async with open_pump() as pump:
        assert pump is not None
        async with open_pair(pump=pump) as (other, hers), open_pair(pump=pump) as (connection, his):
            monkeypatch.setattr(pump, "settle", refuse)
            await his.send(client_frame(TEXT, b"x"))
            with pytest.raises(OSError, match="no space"):
                await connection.receive()
            monkeypatch.undo()
            await hers.send(client_frame(TEXT, b"y"))
            assert list(await other.receive()) == [b"y"]
            await his.stream.aclose()
            await hers.stream.aclose()
        assert pump.watched == 0
