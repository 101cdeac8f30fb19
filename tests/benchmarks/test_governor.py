"""What the governor is measured with is what it is said to be."""

import gc
import weakref
from collections.abc import Iterator

import pytest
import trio
import trio.testing

from benchmarks.governor import guests
from benchmarks.governor.__main__ import Drawn, row
from benchmarks.governor.guests import Guest
from benchmarks.governor.phase import Seen, a_board


@pytest.fixture(autouse=True)
def without_collections() -> Iterator[None]:
    """Nobody looks for cycles but the test."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_guest_leaves_a_cycle_that_only_a_walk_finds() -> None:
    """Some sixty objects and its buffers."""
    before = len(gc.get_objects())
    guest = weakref.ref(Guest(1))
    assert guest() is not None
    assert 40 <= len(gc.get_objects()) - before <= 120
    gc.collect()
    assert guest() is None


async def test_guests_come_and_go(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many each second as it says, of which those of LIVES_SECONDS are held."""
    came: list[weakref.ref[Guest]] = []

    def come(number: int) -> Guest:
        guest = Guest(number)
        came.append(weakref.ref(guest))
        return guest

    monkeypatch.setattr(guests, "Guest", come)
    with trio.move_on_after(4.0):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(guests.come_and_go)
            await trio.sleep(3.9)
            gc.collect()
            held = sum(one() is not None for one in came)
    assert len(came) == pytest.approx(4.0 * guests.EACH_SECOND, rel=0.05)
    assert held == guests.EACH_SECOND * guests.LIVES_SECONDS


def test_a_board_has_all_of_its_elements_as_objects() -> None:
    """None of them at rest."""
    board = a_board(300)
    assert (len(board), board.awake_count) == (300, 300)


def test_a_line_has_the_percentile_over_all_collections() -> None:
    """Of every generation, and of the frames that were there too late."""
    seen = Seen(
        "governed", base_mib=100, limit_mib=120, peak_mib=118, pauses_ms={"0": [0.1] * 98, "2": [1.0, 9.0]}
    )
    pauses, memory, frames = row(seen, Drawn(10, 1.0, 2.0, 3.0, 0), 10.0)
    assert pauses[1:4] == ["98 / 0 / 2", "0.10", "9.00"]
    assert memory[1:4] == ["100", "120", "118 (98%)"]
    assert frames[5] == "10 (0 faults)"
