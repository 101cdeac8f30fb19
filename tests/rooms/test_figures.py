"""What rooms count: each op once and where it was stored, and times of what was done (R55)."""

from collections.abc import Callable

import pytest
import trio
from rooms.conftest import BOARD, Stage, open_stage
from rooms.faulty import TappedStorage
from rooms.pair import open_pair
from rooms.strokes import stroke

from whiteboard.diagnostics import figures as kept
from whiteboard.diagnostics.figures import Histogram
from whiteboard.rooms import figures
from whiteboard.rooms.broadcast import Broadcast
from whiteboard.storage.memory import open_memory

OPS = "whiteboard_ops_total"
MESSAGES = "whiteboard_messages_total"


def value(name: str, label: str = "") -> float:
    """Of a counter, so far."""
    return float(kept.report()[name]["values"].get(label, 0))


@pytest.fixture
def more() -> Callable[..., float]:
    """How much a counter has grown since the test began."""
    before = kept.report()
    return lambda name, label="": value(name, label) - before[name]["values"].get(label, 0)


def grown(histogram: Histogram, before: int) -> int:
    """How often it was noted since there were so many."""
    return sum(histogram.counts) - before


async def test_each_op_is_counted_once(
    stage: Stage, more: Callable[..., float], autojump_clock: object
) -> None:
    """Alone, in a group, late, and when its author says it again."""
    ada, _ = await stage.join(client="ada")
    ada.say(stroke(1, opId="ada:1"))
    await ada.expect("ack", seq=1)
    ada.say([stroke(2, opId="ada:2"), stroke(5, opId="ada:5")])
    ada.say(stroke(3, opId="ada:3"), stroke(2, opId="ada:2"))
    for _ in range(4):
        await ada.expect("ack")
    assert (more(OPS), more(MESSAGES, "in,op")) == (4, 4)


async def test_ops_of_other_servers_are_not_counted(
    more: Callable[..., float], autojump_clock: object
) -> None:
    """On a shared log too an op is counted once, by whoever stored it: sums over servers say how many there were."""
    async with open_pair() as pair:
        ada, _ = await pair.one.join()
        lin, _ = await pair.other.join()
        for number in range(3):
            ada.say(stroke(2 * number))
            lin.say(stroke(2 * number + 1))
            await ada.expect("ack")
            await lin.expect("ack")
        await trio.sleep(1)
    assert (more(OPS), more(MESSAGES, "in,op")) == (6, 6)


async def test_ops_count_when_the_board_fails_before_they_are_sent(
    more: Callable[..., float], autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are stored, whoever was told."""

    def fail(_: Broadcast) -> None:
        raise OSError("nobody is told")

    async with open_stage() as stage:
        ada, _ = await stage.join()
        await ada.expect("snapshot")
        monkeypatch.setattr(Broadcast, "flush", fail)
        ada.say(stroke(1))
        await ada.wait_closed()
    assert more(OPS) == 1


async def test_the_first_hello_is_a_message(
    stage: Stage, more: Callable[..., float], autojump_clock: object
) -> None:
    """As each later one, which renames; who says none is not counted."""
    ada, _ = await stage.join(name="Ada")
    ada.say({"type": "hello", "name": "Lin"})
    ada.say({"type": "ping"})
    await ada.expect("pong")
    silent = await stage.connect()
    await silent.expect("welcome")
    assert more(MESSAGES, "in,hello") == 2


async def test_a_log_that_is_waited_for_has_its_work_timed(autojump_clock: object) -> None:
    """Once for each group, and not each time that the task is given one to do."""
    async with open_memory() as memory:
        storage = TappedStorage(memory)
        async with open_stage(storage) as stage:
            ada, _ = await stage.join()
            before, written = sum(figures.APPLY.counts), sum(figures.STORAGE_WRITE.counts)
            storage.op_log.hold()
            for number in range(3):
                ada.say(stroke(number))
                await trio.sleep(0.1)
            storage.op_log.flow.set()
            for _ in range(3):
                await ada.expect("ack")
            assert grown(figures.STORAGE_WRITE, written) == 2, "the first alone, two that came meanwhile"
            assert grown(figures.APPLY, before) == 2


async def test_news_of_pointers_are_timed(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handing them on is as much work as handing on ops."""
    monkeypatch.setattr(figures, "TURN_SAMPLE", 1)
    ada, _ = await stage.join()
    bob, _ = await stage.join()
    await trio.sleep(1)
    before = sum(figures.BROADCAST.counts)
    ada.say({"type": "cursor", "x": 1, "y": 2})
    await bob.expect("cursors")
    assert grown(figures.BROADCAST, before) == 1


async def test_a_deleted_board_ends_its_sessions_by_that_name(
    stage: Stage, more: Callable[..., float], autojump_clock: object
) -> None:
    """How a session ended is one of few words."""
    ada, _ = await stage.join()
    await stage.hub.delete(BOARD)
    await ada.wait_closed()
    assert more("whiteboard_connections_total", "no such board") == 1
