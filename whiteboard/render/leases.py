"""Who holds a canvas or a buffer, and for how long: until its scope ends, and no longer than CANVAS_LEASE.

The book of leases knows each one weakly. So a holder that forgets its lease is found (*lost*), one that overstays is thrown
out (*revoked*: the lease shows nothing any more, the thing is free again), and both are noted as findings, as each is a
fault of ours: it would keep a board's pixels in memory for ever (R41).
"""

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import trio

from whiteboard import limits, timeouts
from whiteboard.deadlines import within
from whiteboard.diagnostics import findings
from whiteboard.errors import WhiteboardError
from whiteboard.render.pool import Buffer, BufferPool


class LeaseOver(WhiteboardError):
    """The lease has ended: it was given back, or took too long and was revoked."""


class TooManyLeases(WhiteboardError):
    """More leases are out than may be."""


class Leasable(Protocol):
    """What can be held."""

    name: str
    """What a finding calls it."""

    def admit(self, lease: "Lease[Any]") -> None:
        """Somebody wants to hold it. Raises when that cannot be."""

    def release(self) -> None:
        """A lease of it is over."""


Thing = TypeVar("Thing", bound=Leasable)


class Lease(Generic[Thing]):
    """Somebody's hold on a thing."""

    __slots__ = ("__weakref__", "_thing", "deadline", "name")

    def __init__(self, thing: Thing, deadline: float) -> None:
        self._thing: Thing | None = thing
        self.name = thing.name
        self.deadline = deadline
        """On Trio's clock; past it the lease is revoked."""

    @property
    def thing(self) -> Thing:
        """What is held. Raises LeaseOver."""
        if self._thing is None:
            raise LeaseOver(f"the lease of {self.name} is over")
        return self._thing

    @property
    def is_over(self) -> bool:
        """Whether it has ended or was revoked."""
        return self._thing is None

    def _let_go(self) -> None:
        self._thing = None


@dataclass(frozen=True, slots=True)
class LeaseStatistics:
    """What became of leases."""

    out: int
    taken: int
    revoked: int
    """They overstayed."""
    lost: int
    """Nobody had them any more, and nobody had ended them."""


class LeaseBook:
    """All leases that are out."""

    def __init__(self, now: Callable[[], float] = trio.current_time) -> None:
        """Args: `now` is the clock of the deadlines, in seconds."""
        self._now = now
        self._out: dict[int, tuple[weakref.ref[Lease[Any]], Leasable]] = {}
        self._taken = self._revoked = self._lost = 0

    @contextmanager
    def lease(self, thing: Thing) -> Iterator[Lease[Thing]]:
        """Hold a thing while the block runs; past CANVAS_LEASE the block is cancelled and left.

        Raises what `admit` of the thing raises, TooManyLeases.
        """
        with within(timeouts.CANVAS_LEASE):
            lease = self.take(thing)
            try:
                yield lease
            finally:
                self.end(lease)

    def take(self, thing: Thing) -> Lease[Thing]:
        """The same without a block: whoever takes it has to end it. Raises what `admit` raises, TooManyLeases."""
        self.sweep()
        if len(self._out) >= limits.MAX_LEASES:
            raise TooManyLeases(
                f"{len(self._out)} canvases and buffers are held, at most {limits.MAX_LEASES}"
            )
        lease = Lease(thing, self._now() + timeouts.CANVAS_LEASE.seconds)
        thing.admit(lease)
        self._taken += 1
        key = id(lease)
        self._out[key] = (weakref.ref(lease, lambda _: self._on_lost(key)), thing)
        return lease

    def end(self, lease: Lease[Any]) -> None:
        """It is over; a second time changes nothing. One that is overdue counts as revoked."""
        if lease.is_over:
            return
        if lease.deadline <= self._now():
            self._revoke(lease)
        else:
            self._close(lease)

    def sweep(self) -> int:
        """Revoke what is overdue; how many that were."""
        now = self._now()
        held = [lease for reference, _ in list(self._out.values()) if (lease := reference()) is not None]
        overdue = [lease for lease in held if lease.deadline <= now]
        for lease in overdue:
            self._revoke(lease)
        return len(overdue)

    def statistics(self) -> LeaseStatistics:
        """How many are out, and what became of the others."""
        return LeaseStatistics(len(self._out), self._taken, self._revoked, self._lost)

    def _revoke(self, lease: Lease[Any]) -> None:
        self._revoked += 1
        findings.note("overdue_lease", lease.name, seconds=timeouts.CANVAS_LEASE.seconds)
        self._close(lease)

    def _close(self, lease: Lease[Any]) -> None:
        _, thing = self._out.pop(id(lease))
        lease._let_go()  # noqa: SLF001 - the book's own other half
        thing.release()

    def _on_lost(self, key: int) -> None:
        """A lease was collected that nobody had ended."""
        found = self._out.pop(key, None)
        if found is None:
            return
        _, thing = found
        self._lost += 1
        findings.note("lost_lease", thing.name)
        thing.release()


class HeldBuffer:
    """A buffer of the pool's that goes back when its lease is over."""

    def __init__(self, pool: BufferPool, size_bytes: int) -> None:
        self.name = f"buffer of {size_bytes} bytes"
        self._pool = pool
        self._size_bytes = size_bytes
        self._buffer: Buffer | None = None

    @property
    def buffer(self) -> Buffer:
        """The bytes. Raises LeaseOver."""
        if self._buffer is None:
            raise LeaseOver(f"the lease of a {self.name} is over")
        return self._buffer

    def admit(self, lease: Lease[Any]) -> None:  # noqa: ARG002 - it has one holder
        """Raises PoolExhausted."""
        self._buffer = self._pool.take(self._size_bytes)

    def release(self) -> None:
        if self._buffer is not None:
            self._pool.give_back(self._buffer)
            self._buffer = None
