"""What a board keeps of what was drawn, in bytes that Python's and the C library's allocators were asked for."""

import gc
import tracemalloc
from collections.abc import Iterator
from random import Random

import pytest
import trio
from rooms.conftest import BOARD, Stage

from whiteboard import timeouts
from whiteboard.limits import TAIL_LOOKS

STROKES = 3_000


@pytest.fixture
def traced() -> Iterator[None]:
    """Count what is allocated."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


def kept() -> int:
    """Bytes that live."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def stroke(number: int, random: Random) -> dict[str, object]:
    """Twenty points, a few pixels from one to the next."""
    x, y = random.randrange(4_000), random.randrange(3_000)
    points = []
    for _ in range(20):
        points.append([x, y, 0.5])
        x, y = x + random.randint(-9, 9), y + random.randint(-9, 9)
    return {"type": "stroke", "id": f"s-{number}", "points": points, "color": "#2b8a3e", "width": 2}


@pytest.mark.no_cover
@pytest.mark.long_steps(reason="its allocations are traced, and it counts them")
async def test_a_stroke_takes_few_bytes_when_it_was_drawn_when_it_rests_and_when_its_board_is_evicted(
    traced: None, stage: Stage, without_threads: None, autojump_clock: object
) -> None:
    """Of 430 that came in: log, element and tail; log, element and checkpoint; log and checkpoint. It reads as before."""
    random = Random(1)
    strokes = [stroke(number, random) for number in range(STROKES)]
    ada, _ = await stage.join()
    before = kept()
    for begin in range(0, STROKES, 100):
        ada.say(strokes[begin : begin + 100])
        await ada.expect("ack", seq=begin + 100)
    ada.say({"type": "ping"})
    await ada.expect("pong")  # and what came before is let go
    assert (kept() - before) / STROKES < 1_070, "drawn: 550 of it in the tail, 80 awake"
    await trio.sleep((2 * TAIL_LOOKS + 1) * timeouts.UPKEEP.seconds)
    assert (kept() - before) / STROKES < 530, "at rest"
    ada.hang_up()
    await trio.sleep(timeouts.ROOM_IDLE.seconds + 2 * timeouts.EVICT_SWEEP.seconds)
    assert stage.hub.statistics().boards == 0
    assert (kept() - before) / STROKES < 310, "evicted"
    bob, _ = await stage.join()
    parts = [await bob.expect("snapshot", part=1)]
    while len(parts) < parts[0]["parts"]:
        parts.append(await bob.expect("snapshot", part=len(parts) + 1))
    told = {state["id"]: state["points"] for part in parts for state in part["elements"]}
    assert told == {one["id"]: one["points"] for one in strokes}
    async with stage.hub.visit(BOARD) as room:
        await trio.sleep(2 * timeouts.UPKEEP.seconds)
        assert all(part.is_packed for part in room.replica.board.parts())
