"""Leases of buffers; those of canvases are in `test_states.py`."""

import gc

import pytest
import trio
import trio.testing

from whiteboard import limits, timeouts
from whiteboard.diagnostics.findings import FINDINGS
from whiteboard.render.leases import HeldBuffer, LeaseBook, LeaseOver, TooManyLeases
from whiteboard.render.pool import BufferPool, PoolExhausted

SIZE = 64 * limits.KIB


async def test_a_lease_ends_with_its_block() -> None:
    """The buffer is back in the pool, and the lease shows nothing any more. [R41]"""
    pool, book = BufferPool(), LeaseBook()
    with book.lease(HeldBuffer(pool, SIZE)) as lease:
        sizes = [lease.thing.buffer.size_bytes]
        held = (book.statistics().out, pool.statistics().in_use)
    assert (sizes, held) == ([SIZE], (1, 1))
    with pytest.raises(LeaseOver):
        _ = lease.thing
    assert (book.statistics().out, pool.statistics().in_use) == (0, 0)


async def test_a_lease_ends_with_the_scope_that_it_is_in() -> None:
    """A session that is cancelled gives back what it holds. [R41]"""
    pool, book = BufferPool(), LeaseBook()
    with trio.CancelScope() as session:
        with book.lease(HeldBuffer(pool, SIZE)):
            session.cancel()
            await trio.sleep(1)
    assert session.cancelled_caught
    assert pool.statistics().in_use == 0
    assert book.statistics().revoked == 0


async def test_who_overstays_is_thrown_out_and_noted(autojump_clock: trio.testing.MockClock) -> None:
    """After 30 s the block is cancelled and left. [R41]"""
    pool, book = BufferPool(), LeaseBook()
    began = trio.current_time()
    with book.lease(HeldBuffer(pool, SIZE)):
        await trio.sleep(1_000)
    assert trio.current_time() - began == timeouts.CANVAS_LEASE.seconds == 30
    assert pool.statistics().in_use == 0
    assert book.statistics().revoked == 1
    (finding,) = FINDINGS.of_kind("overdue_lease")
    assert finding.subject == f"buffer of {SIZE} bytes"


async def test_who_overstays_without_waiting_is_thrown_out_when_another_comes(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """A lease without a block, or in a task that waits for nothing: its holder finds it over. [R41]"""
    pool, book = BufferPool(), LeaseBook()
    held = book.take(HeldBuffer(pool, SIZE))
    await trio.sleep(31)
    with book.lease(HeldBuffer(pool, SIZE)):
        assert held.is_over
        assert pool.statistics().in_use == 1
    book.end(held)  # too late to matter
    assert book.statistics().revoked == 1


async def test_a_lease_that_nobody_has_any_more_is_found() -> None:
    """The book knows leases weakly: whoever forgets one keeps nothing alive. [R41]"""
    pool, book = BufferPool(), LeaseBook()
    lease = book.take(HeldBuffer(pool, SIZE))
    del lease
    gc.collect()
    assert pool.statistics().in_use == 0
    assert (book.statistics().out, book.statistics().lost) == (0, 1)
    assert len(FINDINGS.of_kind("lost_lease")) == 1


async def test_what_cannot_be_held_is_no_lease() -> None:
    """A pool that is exhausted, or a book that is full. [R41]"""
    pool, book = BufferPool(most_used_bytes=SIZE), LeaseBook()
    with pytest.raises(PoolExhausted):
        book.take(HeldBuffer(pool, 2 * SIZE))
    assert book.statistics().out == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "MAX_LEASES", 1)
        kept = book.take(HeldBuffer(pool, SIZE))
        with pytest.raises(TooManyLeases, match="at most 1"):
            book.take(HeldBuffer(pool, 1))
        book.end(kept)
