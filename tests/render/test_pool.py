"""The pool of buffers."""

import ctypes
import gc
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whiteboard.limits import KIB, MIB, POOLED_BYTES
from whiteboard.render.pool import POISON, BufferPool, PoolExhausted, StaleBuffer, slab_size


def test_a_buffer_is_used_again() -> None:
    """The second one of a size is the first one; both are of zeros. [R40]"""
    pool = BufferPool()
    first = pool.take(64 * KIB)
    address = ctypes.addressof(ctypes.c_char.from_buffer(first.view))
    first.view[:5] = b"board"
    pool.give_back(first)
    second = pool.take(64 * KIB)
    assert ctypes.addressof(ctypes.c_char.from_buffer(second.view)) == address
    assert not any(second.view)
    told = pool.statistics()
    assert (told.hits, told.misses, told.returned, told.in_use, told.allocated) == (1, 1, 1, 1, 1)


def test_a_buffer_that_was_given_back_cannot_be_used() -> None:
    """Its generation is over, also when somebody else has it now. [R40]"""
    pool = BufferPool()
    old = pool.take(64 * KIB)
    pool.give_back(old)
    pool.take(64 * KIB)
    with pytest.raises(StaleBuffer):
        _ = old.view
    with pytest.raises(StaleBuffer):
        pool.give_back(old)


def test_a_poisoned_buffer_shows_who_reads_it_too_late() -> None:
    """In tests; a view that somebody kept sees no board."""
    pool = BufferPool(poisons=True)
    buffer = pool.take(64 * KIB)
    kept = buffer.view
    kept[:] = bytes([7]) * len(kept)
    pool.give_back(buffer)
    assert set(kept) == {POISON}


def test_small_buffers_are_not_pooled() -> None:
    """Looking for one would cost more than making one."""
    pool = BufferPool()
    for _ in range(3):
        pool.give_back(pool.take(POOLED_BYTES - 1))
    told = pool.statistics()
    assert (told.small, told.hits, told.misses, told.idle, told.allocated) == (3, 0, 0, 0, 3)


def test_what_is_kept_is_bounded_in_number_and_bytes() -> None:
    """What is above is let go when it comes back. [R40]"""
    few = BufferPool(most_idle=1)
    for buffer in [few.take(8 * KIB) for _ in range(3)]:
        few.give_back(buffer)
    assert (few.statistics().idle, few.statistics().dropped) == (1, 2)
    light = BufferPool(most_idle_bytes=MIB)
    for buffer in [light.take(768 * KIB) for _ in range(2)]:
        light.give_back(buffer)
    assert (light.statistics().idle_bytes, light.statistics().dropped) == (768 * KIB, 1)


def test_what_is_in_use_is_bounded_too() -> None:
    """The next one is refused and nothing is made. [R40]"""
    pool = BufferPool(most_used_bytes=MIB)
    pool.take(MIB)
    with pytest.raises(PoolExhausted, match="in use"):
        pool.take(8 * KIB)
    assert pool.statistics().in_use == 1


def test_dropping_gives_idle_memory_away() -> None:
    """And says how much; what is in use stays."""
    pool = BufferPool()
    used, idle = pool.take(MIB), pool.take(2 * MIB)
    pool.give_back(idle)
    gc.collect()
    tracemalloc.start()
    assert pool.drop() == 2 * MIB
    tracemalloc.stop()
    assert pool.drop() == 0
    assert not used.is_stale
    assert pool.statistics().idle == 0


@given(size=st.integers(POOLED_BYTES, 256 * MIB))
def test_slabs_are_hardly_larger_than_what_is_asked_for(size: int) -> None:
    """By a quarter at most; and sizes that are close share them."""
    slab = slab_size(size)
    assert size <= slab <= size * 1.25 + 1
    assert slab_size(slab) == slab


@given(sizes=st.lists(st.sampled_from([1, 4 * KIB, 5 * KIB, 64 * KIB]), max_size=30), data=st.data())
def test_the_statistics_add_up(sizes: list[int], data: st.DataObject) -> None:
    """Whatever is taken and given back."""
    pool, out = BufferPool(most_idle=3, poisons=True), []
    for size in sizes:
        out.append(pool.take(size))
        if data.draw(st.booleans()):
            pool.give_back(out.pop(data.draw(st.integers(0, len(out) - 1))))
    told = pool.statistics()
    assert told.hits + told.misses + told.small == len(sizes)
    assert told.in_use == len(out) == len(sizes) - told.returned
    assert (
        told.misses
        == sum(not one.is_stale and one.size_bytes >= POOLED_BYTES for one in out) + told.idle + told.dropped
    )
