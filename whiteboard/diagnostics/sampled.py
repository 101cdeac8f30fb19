"""The profiles of what is sampled, as sources: `block`, `mutex`, `sched` and `profile`.

The first three count from when they were switched on. Those of some seconds switch on what is off, for these seconds; what is on
goes on, and the profile is the difference.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

import trio

from whiteboard import timeouts
from whiteboard.diagnostics.profiles.cpu import cpu_profile, what_keeps_from_sampling
from whiteboard.diagnostics.profiles.profile import Profile, minus
from whiteboard.diagnostics.profiles.scheduling import Scheduling
from whiteboard.diagnostics.profiles.sources import Off, Source, aside
from whiteboard.diagnostics.profiles.waits import Waits
from whiteboard.diagnostics.sampling import Sampling

_RATE: Final = 100e-6
"""Seconds of waiting that are always kept, where waits are watched for one profile only."""


def sampled_sources(sampling: Sampling) -> tuple[Source, ...]:
    """What `sampling` gives."""
    return (
        Source(
            name="block",
            meaning="Where tasks wait: time off the CPU by await site, sleeping and sockets included.",
            take=partial(_waits, sampling, Waits.block),
            needs_before=lambda: _off(sampling.waits, "block", "block_rate", 100),
            setting=partial(_told_of_waits, sampling),
        ),
        Source(
            name="mutex",
            meaning="The part of block that waits for locks, semaphores, capacity limiters and conditions.",
            take=partial(_waits, sampling, Waits.mutex),
            needs_before=lambda: _off(sampling.waits, "mutex", "block_rate", 100),
            setting=partial(_told_of_waits, sampling),
        ),
        Source(
            name="sched",
            meaning="How long tasks that could run waited for their turn, and how long their turns lasted.",
            take=partial(_turns, sampling),
            needs_before=lambda: _off(sampling.scheduling, "sched", "sched_interval", 10),
            setting=partial(_told_of_turns, sampling),
        ),
        Source(
            name="profile",
            meaning="CPU time by stack and task.",
            take=partial(_cpu, sampling),
            needs=what_keeps_from_sampling,
            seconds=timeouts.CPU_PROFILE.seconds,
        ),
    )


async def _waits(sampling: Sampling, look: Callable[[Waits], Profile], seconds: float | None) -> Profile:
    watched = sampling.waits
    if watched is not None and (seconds is None or sampling.are_waits_watched):
        return await _looked(partial(look, watched), seconds)
    own = Waits(_RATE)
    await _count(own, seconds)
    return look(own)


async def _turns(sampling: Sampling, seconds: float | None) -> Profile:
    traced = sampling.scheduling
    if traced is not None and (seconds is None or sampling.is_scheduler_traced):
        return await _looked(traced.profile, seconds)
    own = Scheduling()
    await _count(own, seconds)
    return own.profile()


async def _cpu(sampling: Sampling, seconds: float | None) -> Profile:
    looked = timeouts.CPU_PROFILE.seconds if seconds is None else seconds
    return await cpu_profile(looked, sampling.in_force.cpu_hz)


async def _looked(look: Callable[[], Profile], seconds: float | None) -> Profile:
    """All of it, or what comes in some seconds."""
    before = look()
    if seconds is None:
        return before
    await trio.sleep(seconds)
    return await aside(minus, look(), before)


async def _count(counting: Waits | Scheduling, seconds: float | None) -> None:
    """Have it count for some seconds. Cancelled, it is off as well."""
    counting.switch_on()
    try:
        await trio.sleep(seconds or 0.0)
    finally:
        counting.switch_off()


def _off(counting: Waits | Scheduling | None, name: str, rate: str, example: int) -> Off | None:
    """That nothing has been counted, and how to change that; None when something has."""
    if counting is not None:
        return None
    how = f'POST {{"{rate}":{example},"seconds":60}} to /debug/sampling, or ask for {name}?seconds=5'
    return Off(f"{name}_off", f"Nothing is counted for {name}: {how}.")


def _told_of_waits(sampling: Sampling) -> str:
    rate = sampling.in_force.block_rate
    return f"waits of {rate} us and more, shorter ones by chance" if rate else ""


def _told_of_turns(sampling: Sampling) -> str:
    return "every step" if sampling.is_scheduler_traced else ""
