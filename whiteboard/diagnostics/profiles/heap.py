"""`heap` and `allocs`: what is allocated, by the stack that allocated it, from tracemalloc's tables.

Theory of operation
-------------------
`tracemalloc.take_snapshot` holds the event loop for half a second with a million blocks, and working on its result for
seconds more, as the work's own allocations are traced. So a forked child does both (`forked`): it takes the traces, stops
tracing *its* copy, adds them up and writes the profile. Traces with the same stack share one tuple, so they are added up by
its identity.

tracemalloc forgets what is freed. So nothing here has counted that: `alloc_objects` and `alloc_space` are what was allocated
since tracing began, or in the seconds that were looked at, *and was still there* at the look. Between two looks it is, stack
by stack, what there is more of; a stack that has as many as before has none, though all may have been allocated anew.

Of a delta the first child hands over its sums as bytes, and the second, which has inherited them, takes them off: the parent
never holds them as objects.
"""

import _tracemalloc  # what tracemalloc stands on: it would make an object of every trace
import marshal
import time
import tracemalloc
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import attrs
import trio

from whiteboard.diagnostics.profiles.forked import forked
from whiteboard.diagnostics.profiles.line_names import LineNames
from whiteboard.diagnostics.profiles.pprof import encoded
from whiteboard.diagnostics.profiles.profile import Profile, Sample, ValueType
from whiteboard.diagnostics.profiles.sources import ProfileRefused, Source
from whiteboard.diagnostics.profiles.tracing import needs_tracing, told, tracing

Comments = Callable[[], Sequence[str]]
Lines = tuple[tuple[str, int], ...]
"""File and line of each frame, the innermost first."""
Sums = dict[Lines, tuple[int, int]]
"""Blocks and bytes by stack."""

TYPES: Final = (
    ValueType("alloc_objects", "count"),
    ValueType("alloc_space", "bytes"),
    ValueType("inuse_objects", "count"),
    ValueType("inuse_space", "bytes"),
)
_SPACE: Final = ValueType("space", "bytes")


def heap_sources(comments: Comments) -> tuple[Source, Source]:
    """`heap` and `allocs`: the same figures, and what a reader shows first differs. `comments` are in each profile."""
    return (
        attrs.evolve(
            _source(
                "heap", "inuse_space", comments, "Memory that is in use, by the stack that allocated it."
            ),
            setting=told,
        ),
        _source(
            "allocs", "alloc_space", comments, "Memory that was allocated and not freed since, likewise."
        ),
    )


def _source(name: str, default_type: str, comments: Comments, meaning: str) -> Source:
    async def take(seconds: float | None) -> bytes:
        said, traced = tuple(comments()), tracing()
        if seconds is None:
            return await forked(partial(_whole, default_type, said))
        before, began_ns = await forked(_packed_sums), time.time_ns()
        await trio.sleep(seconds)
        if tracing() != traced:
            reason = "Allocations ceased to be traced meanwhile, or were traced anew, so that there is nothing to compare"
            raise ProfileRefused("tracing_off", f"{reason}: trace them for longer than the {seconds:g} s.")
        return await forked(partial(_delta, before, began_ns, default_type, said))

    return Source(name=name, meaning=meaning, take=take, needs=needs_tracing)


# --- in the child -----------------------------------------------------------------------------
def _whole(default_type: str, comments: tuple[str, ...]) -> bytes:
    sums = living()
    values = {lines: (count, size, count, size) for lines, (count, size) in sums.items()}
    return encoded(_profile(values, default_type, comments, 0))


def _packed_sums() -> bytes:
    return marshal.dumps(living())


def _delta(before: bytes, began_ns: int, default_type: str, comments: tuple[str, ...]) -> bytes:
    later = living()  # first: from here on nothing is traced
    earlier: Sums = marshal.loads(before)  # noqa: S302 - our own child wrote it
    values = differences(later, earlier)
    return encoded(_profile(values, default_type, comments, time.time_ns() - began_ns))


def living() -> Sums:
    """What is there, by stack; tracing is over then. Counts nothing of what it allocates itself."""
    traces: Sequence[tuple[int, int, Lines, int]] = _tracemalloc._get_traces()  # type: ignore[assignment]  # noqa: SLF001 - see above; typeshed knows 3.8's
    tracemalloc.stop()
    counts: dict[int, list[int]] = {}
    stacks: dict[int, Lines] = {}
    for _, size, stack, _ in traces:  # all of them stay alive, so an id is one stack's
        known = counts.get(id(stack))
        if known is None:
            counts[id(stack)], stacks[id(stack)] = [1, size], stack
        else:
            known[0] += 1
            known[1] += size
    return {stacks[key]: (count, size) for key, (count, size) in counts.items()}


def differences(later: Sums, earlier: Sums) -> dict[Lines, tuple[int, int, int, int]]:
    """What came and went in between: what there is more of counts as allocated; in use it may be less."""
    found = {}
    for lines in {**later, **earlier}:
        (count, size), (before, size_before) = later.get(lines, (0, 0)), earlier.get(lines, (0, 0))
        objects, space = count - before, size - size_before
        if objects or space:
            found[lines] = max(0, objects), max(0, space), objects, space
    return found


def _profile(
    values: dict[Lines, tuple[int, int, int, int]],
    default_type: str,
    comments: tuple[str, ...],
    duration_ns: int,
) -> Profile:
    names = LineNames()
    return Profile(
        types=TYPES,
        samples=[Sample(tuple(names.of(*line) for line in lines), each) for lines, each in values.items()],
        default_type=default_type,
        period_type=_SPACE,
        period=1,
        time_ns=time.time_ns(),
        duration_ns=duration_ns,
        comments=comments,
    )
