"""Allocations by site, held against their own past."""

from collections.abc import Iterable, Mapping

import pytest

from whiteboard import limits
from whiteboard.diagnostics.memory.hot_path import CONFIDENCE, WINDOW, Hot, HotPaths, Windows
from whiteboard.diagnostics.profiles.profile import Frame, Profile, Sample, ValueType

TYPES = (ValueType("inuse_objects", "count"), ValueType("inuse_space", "bytes"))
LOOKS = 20
SECONDS = 10


def frame(function: str) -> Frame:
    """A place in it."""
    return Frame(function, "canvas.py", 7)


CHAINS = {
    "alloc": ("planted.alloc", "planted.Canvas.keep", "planted.Canvas.draw", "whiteboard.rooms.commit.Committer._merge"),
    "board": ("whiteboard.core.board.Board._element", "whiteboard.core.board.Board.apply"),
    "tail": ("whiteboard.rooms.tail.Tail.add",),
}  # fmt: skip


def look(number: int, sizes: Mapping[str, float], block: int = 1_000) -> Profile:
    """A profile with so many KiB at each site, in blocks of so many bytes."""
    samples = [
        Sample(tuple(map(frame, CHAINS[site])), (int(size * 1024) // block, int(size * 1024)))
        for site, size in sizes.items()
    ]
    return Profile(types=TYPES, samples=samples, default_type="inuse_space", time_ns=number * SECONDS * 10**9)


def found(looks: Iterable[Mapping[str, float]], block: int = 1_000) -> list[Hot]:
    """All that is found in one look after the other."""
    paths = HotPaths()
    return [hot for number, sizes in enumerate(looks) for hot in paths.look(look(number, sizes, block))]


def drawn_on(rate: float = 100.0) -> list[dict[str, float]]:
    """A server on which people draw: KiB that each look brings."""
    return [{"alloc": 0.0, "board": n * rate, "tail": 500 + n * rate / 2} for n in range(LOOKS)]


def test_a_site_that_begins_to_allocate_is_found_with_its_chain() -> None:
    """Canvas.draw → … → alloc: the share, how much faster, how sure. [R52]"""
    looks = drawn_on()
    for n in range(12, LOOKS):
        looks[n]["alloc"] = (n - 11) * 500.0
    hot = found(looks)[-1]
    assert hot.path == "Committer._merge → Canvas.draw → Canvas.keep → alloc"
    assert hot.site == frame("planted.alloc")
    assert hot.in_use_bytes == 8 * 500 * 1024
    assert hot.grown_bytes == 5 * 500 * 1024
    assert hot.share == pytest.approx(500 / 650)
    assert hot.factor > 2
    assert CONFIDENCE <= hot.confidence < 1


@pytest.mark.parametrize("rate", [1.0, 100.0, 5_000.0])
def test_people_who_draw_make_nothing_hot(rate: float) -> None:
    """However fast: it is what it was."""
    assert found(drawn_on(rate)) == []


def test_people_who_begin_to_draw_make_nothing_hot() -> None:
    """All sites begin to grow together: that is more work."""
    quiet = [{"alloc": 0.0, "board": 0.1 * n, "tail": 500.0} for n in range(12)]
    busy = [{"alloc": 0.0, "board": 1_000.0 * n, "tail": 500 + 700.0 * n} for n in range(12)]
    assert found([*quiet, *busy]) == []


def test_one_step_is_no_path() -> None:
    """A board that was opened, a cache that is filled: it does not go on."""
    looks = drawn_on()
    for n in range(12, LOOKS):
        looks[n]["alloc"] = 8_000.0
    assert found(looks) == []


def test_few_blocks_say_nothing() -> None:
    """Ten large ones may be anything."""
    looks = drawn_on()
    for n in range(12, LOOKS):
        looks[n]["alloc"] = (n - 11) * 500.0
    assert found(looks, block=250_000) == []


def test_nothing_is_said_without_a_past() -> None:
    """Nor when a past was forgotten."""
    paths = HotPaths()
    rising = [{"alloc": n * 500.0, "board": 1.0} for n in range(2 * WINDOW)]
    assert [paths.look(look(n, sizes)) for n, sizes in enumerate(rising)] == [[]] * 2 * WINDOW
    paths.forget()
    assert [paths.look(look(n, sizes)) for n, sizes in enumerate(rising)] == [[]] * 2 * WINDOW


def test_a_clock_that_is_put_back_is_a_new_beginning() -> None:
    """Between two looks there would be no time, or less."""
    paths = HotPaths()
    rising = [{"alloc": n * 500.0, "board": 1.0} for n in range(LOOKS)]
    for back in (0, 1, 5):
        for n, sizes in enumerate(rising):
            paths.look(look(n, sizes))
        assert paths.look(look(LOOKS - 1 - back, rising[-1])) == []
        assert [paths.look(look(n, sizes)) for n, sizes in enumerate(rising[: 2 * WINDOW])] == [
            []
        ] * 2 * WINDOW


def test_looks_are_bounded() -> None:
    """A leak that was always there is the past, however long it goes on; growth of all memory tells of it."""
    paths = HotPaths()
    for n in range(3 * limits.HOT_LOOKS):
        assert paths.look(look(n, {"alloc": n * 500.0, "board": 1.0})) == []
    assert len(paths._looks) == limits.HOT_LOOKS


def test_seconds_of_tracing_are_held_against_the_seconds_before() -> None:
    """What each of them began counts, so that what allocates more than it did is found without tracing between them. [R52]"""
    windows = Windows()
    steady = {"board": 400.0, "tail": 200.0}
    quiet = [windows.look(look(number, steady)) for number in range(12)]
    busy = [windows.look(look(number, {**steady, "alloc": 900.0})) for number in range(12, 20)]

    assert quiet == [[]] * 12
    assert busy[-1][0].path == "Committer._merge → Canvas.draw → Canvas.keep → alloc"
    assert busy[-1][0].share == pytest.approx(900 / 1500, rel=0.01)


def test_seconds_of_tracing_are_remembered_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest stacks of all, however many there were."""
    monkeypatch.setattr(limits, "HOT_SITES", 2)
    windows = Windows()
    windows.look(look(1, {"board": 400.0, "tail": 200.0, "alloc": 900.0}))

    assert windows.remembered == 2
