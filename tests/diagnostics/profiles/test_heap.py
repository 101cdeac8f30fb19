"""What is allocated, by the stack that allocated it, taken by a child."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from whiteboard.diagnostics.profiles import tracing
from whiteboard.diagnostics.profiles.heap import differences, heap_sources
from whiteboard.diagnostics.profiles.profile import Profile
from whiteboard.diagnostics.profiles.sources import ProfileRefused, Sources

HERE = Path(__file__).name


@pytest.fixture
def traced() -> Iterator[None]:
    """Allocations are traced, five frames deep."""
    tracing.start(5)
    yield
    tracing.stop()


def sources() -> Sources:
    """Those of the heap."""
    made = Sources(worker=3)
    made.add(*heap_sources(made.comments))
    return made


def of(profile: Profile, function: str) -> tuple[int, ...]:
    """What a function allocated itself."""
    found = [sample.values for sample in profile.samples if sample.stack[0].function.endswith(function)]
    return tuple(map(sum, zip(*found, strict=True))) if found else (0, 0, 0, 0)


def draw(count: int) -> list[bytearray]:
    """Buffers, each an object and a block."""
    return [bytearray(1000) for _ in range(count)]


async def test_without_tracing_it_says_how_to_begin() -> None:
    """Nothing is known of what was allocated before anybody counted."""
    with pytest.raises(ProfileRefused, match="PYTHONTRACEMALLOC=5") as refused:
        await sources().take("heap")
    assert refused.value.code == "tracing_off"


@pytest.mark.usefixtures("traced")
async def test_what_is_in_use_is_found_at_its_function() -> None:
    """Functions, files, lines and callers are named; this process goes on tracing."""
    kept = draw(100)

    heap = await sources().take("heap")

    assert of(heap, "test_heap.draw")[2] in range(200, 210), "with a list, and what the list grew by"
    assert of(heap, "test_heap.draw")[3] in range(100_000, 120_000)
    stack = next(
        sample.stack for sample in heap.samples if sample.stack[0].function.endswith("test_heap.draw")
    )
    assert Path(stack[0].file).name == HERE
    assert stack[0].first_line == draw.__code__.co_firstlineno
    assert any("test_what_is_in_use_is_found" in frame.function for frame in stack)
    assert heap.default_type == "inuse_space"
    assert tracemalloc.is_tracing()
    assert len(kept) == 100


@pytest.mark.usefixtures("traced")
async def test_of_some_seconds_it_is_what_came_and_went() -> None:
    """What came counts as allocated and in use; what went is less in use, and what was freed in between is not seen."""
    old, kept = draw(50), list[bytearray]()

    async def change() -> None:  # has its first turn when the first child is there
        old.clear()
        kept.extend(bytearray(500) for _ in range(20))
        draw(1000)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(change)
        delta = await sources().take("allocs", 0.01)

    assert of(delta, "test_heap.draw")[0] == 0
    assert of(delta, "test_heap.draw")[2] in range(-110, -90)
    came = of(delta, "<locals>.change")
    assert came[0] == came[2] > 0
    assert came[1] == came[3] >= 20 * 500
    assert delta.default_type == "alloc_space"
    assert delta.duration_ns > 0


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("begins_anew", [False, True])
async def test_what_ceased_to_be_traced_meanwhile_cannot_be_compared(begins_anew: bool) -> None:
    """All would seem to have been freed, or to have come just now."""
    kept = draw(50)

    async def cease() -> None:
        await trio.sleep(0.05)
        tracing.stop()
        if begins_anew:
            tracing.start(5)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(cease)
        with pytest.raises(ProfileRefused, match="meanwhile") as refused:
            await sources().take("heap", 0.2)
        assert refused.value.code == "tracing_off"
    assert len(kept) == 50


@pytest.mark.usefixtures("traced")
async def test_a_profile_says_what_it_ran_under() -> None:
    """Version, worker and how deep stacks are, though the child wrote it."""
    heap = await sources().take("heap")

    assert "worker 3" in heap.comments
    assert any(comment.startswith("whiteboard ") for comment in heap.comments)
    assert any(comment.startswith("heap: 5 frames for ") for comment in heap.comments)


def test_differences_leave_out_what_stayed() -> None:
    """Only stacks with more or less than before are told; what there is less of is not counted as allocated."""
    grown, gone, same = (("a.py", 1),), (("b.py", 2),), (("c.py", 3),)

    found = differences({grown: (5, 50), same: (1, 8)}, {grown: (2, 60), gone: (4, 40), same: (1, 8)})

    assert found == {grown: (3, 0, 3, -10), gone: (0, 0, -4, -40)}


def test_tracing_tells_how_it_is() -> None:
    """Frames and how long; nothing while it is off. Begun again, it keeps its depth."""
    assert tracing.tracing() is None
    assert tracing.told() == ""
    tracing.start(2)
    try:
        tracing.start(9)
        state = tracing.tracing()
        assert state is not None
        assert (state.frames, state.told()) == (2, "2 frames for 0 s")
    finally:
        tracing.stop()
    tracemalloc.start(1)  # by somebody else
    try:
        assert tracing.told() == "1 frames since the process began"
    finally:
        tracemalloc.stop()
