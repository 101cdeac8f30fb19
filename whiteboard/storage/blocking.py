"""The one door to worker threads. Knows no adapter; every adapter brings its own limiter."""

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple, Unpack

import trio

Result = TypeVar("Result")
Args = TypeVarTuple("Args")


async def run_blocking(
    limiter: trio.CapacityLimiter, blocking: Callable[[Unpack[Args]], Result], *args: *Args
) -> Result:
    """What `blocking(*args)` returns or raises, run in a worker thread.

    Args:
        limiter: bounds the threads of one resource; one token makes its calls take turns.

    Cancellation: before the thread starts (also while waiting for the limiter) nothing was run.
    After that the call is waited for, however long it takes, and its result is given; the
    cancellation is met at the next checkpoint. So a thread never outlives what it works on.
    """
    return await trio.to_thread.run_sync(blocking, *args, abandon_on_cancel=False, limiter=limiter)
