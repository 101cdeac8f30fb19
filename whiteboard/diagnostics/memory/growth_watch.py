"""The watch over this process's memory: resident memory always, allocations by site while they are traced.

A task that looks every GROWTH_LOOK. Traced allocations are added up in a forked child (`profiles.forked`), by the part of each stack
that is ours; some hundred sites come back.
"""

import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import msgspec
import trio

from whiteboard import limits, timeouts
from whiteboard.diagnostics import findings, logs
from whiteboard.diagnostics.figures import FIGURES, Counter
from whiteboard.diagnostics.memory import growth
from whiteboard.diagnostics.memory.hot_path import Hot, HotPaths, Windows
from whiteboard.diagnostics.ours import is_ours
from whiteboard.diagnostics.process import resident_bytes
from whiteboard.diagnostics.profiles import heap, tracing
from whiteboard.diagnostics.profiles.forked import ChildFailed, forked
from whiteboard.diagnostics.profiles.line_names import LineNames
from whiteboard.diagnostics.profiles.profile import Frame, Profile, Sample, ValueType
from whiteboard.diagnostics.profiles.sources import ProfileRefused
from whiteboard.diagnostics.sampling import Sampling

log = logs.get_logger()

HOT: Final = "hot_allocation"
GROWN: Final = "memory_growth"
LARGE: Final = "memory_large"
_WHOLE: Final = "resident memory"
_TYPES: Final = (ValueType("inuse_objects", "count"), ValueType("inuse_space", "bytes"))

LOOKS: Final = FIGURES.declare(
    Counter("whiteboard_allocation_looks_total", "How often traced allocations were looked at, by site")
)

_Chain = tuple[tuple[str, str, int], ...]
"""Function, file and line of each frame that is ours, the innermost first."""


@asynccontextmanager
async def open_growth_watch(sampling: Sampling | None = None) -> AsyncIterator[None]:
    """Find memory that grows while the block runs. To be entered when all is built. Child: who looks.

    Args: `sampling` may trace allocations now and then; the watch is told at the end of each time.
    """
    watch = GrowthWatch()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch.run, name="growth watch")
        with _looking_at_windows(watch, sampling):
            yield
        nursery.cancel_scope.cancel()


@contextmanager
def _looking_at_windows(watch: "GrowthWatch", sampling: Sampling | None) -> Iterator[None]:
    if sampling is None:
        yield
        return
    sampling.at_window.append(watch.look_at_window)
    try:
        yield
    finally:
        sampling.at_window.remove(watch.look_at_window)


class GrowthWatch:
    """Looks at the memory of this process.

    Args: `judge` is given the resident bytes of each look.
    """

    def __init__(self, judge: Callable[[int], None] | None = None) -> None:
        self._judge = judge or judge_size
        self._paths = HotPaths()
        self._windows = Windows()
        self._traced: tracing.Tracing | None = None

    async def run(self) -> None:
        """Look, for ever."""
        while True:
            await trio.sleep(timeouts.GROWTH_LOOK.seconds)
            if size := resident_bytes():  # else it cannot be read now
                self._judge(size - _tracing_bytes())
            await self.look_at_sites()

    async def look_at_sites(self) -> None:
        """Judge allocations, if they are traced; what was traced before tracing began anew says nothing."""
        before, self._traced = self._traced, tracing.tracing()
        if self._traced is None or self._traced != before:
            self._paths.forget()
        if self._traced is not None and (profile := await _sites_now()) is not None:
            for hot in self._paths.look(profile):
                _note(hot)

    async def look_at_window(self) -> None:
        """Judge what was allocated in a second of tracing and is still there, beside what was in the seconds before."""
        profile = await _sites_now()
        if profile is not None:
            for hot in self._windows.look(profile):
                _note(hot)


async def _sites_now() -> Profile | None:
    """What is traced, by site; None when no child could tell, which the log does."""
    at_ns = time.time_ns()
    try:
        profile = profile_of(await forked(packed_sites), at_ns)
    except (ProfileRefused, ChildFailed) as error:
        log.warning("growth_unseen", reason=str(error))
        return None
    LOOKS.add()
    return profile


def judge_size(size: int) -> None:
    """Note what is wrong with so many resident bytes, if anything is."""
    judged = growth.OWN.look(size)
    facts: dict[str, Any] = {
        "in_use_bytes": judged.in_use_bytes,
        "usual_bytes": judged.usual_bytes,
        "ratio": round(judged.ratio, 2),
    }
    if judged.is_found:
        findings.note(GROWN, _WHOLE, (), **facts)
    if judged.is_large:
        findings.note(LARGE, _WHOLE, (), **facts)


def _note(hot: Hot) -> None:
    findings.note(
        HOT,
        hot.site.function,
        tuple(f"{frame.function} ({frame.file}:{frame.line})" for frame in hot.stack),
        path=hot.path,
        at=f"{hot.site.file}:{hot.site.line}",
        share=round(hot.share, 3),
        factor=round(hot.factor, 1),
        confidence=round(hot.confidence, 2),
        grown_bytes=hot.grown_bytes,
        in_use_bytes=hot.in_use_bytes,
    )


def _tracing_bytes() -> int:
    """What tracing itself takes, which is no growth."""
    return tracemalloc.get_tracemalloc_memory() if tracemalloc.is_tracing() else 0


# --- in the child -----------------------------------------------------------------------------
def packed_sites() -> bytes:
    """The largest sites of this process, as `profile_of` reads them, each with the stack that has most of it; tracing is over then."""
    sites: dict[tuple[str, int], list[int]] = {}
    stacks: dict[tuple[str, int], tuple[int, heap.Lines]] = {}
    for lines, (blocks, size) in heap.living().items():
        ours = tuple(line for line in lines if is_ours(line[0]))[: limits.MAX_HOT_FRAMES]
        if ours:
            sums = sites.setdefault(ours[0], [0, 0])
            sums[0] += blocks
            sums[1] += size
            stacks[ours[0]] = max(stacks.get(ours[0], (0, ours)), (size, ours))
    names = LineNames()
    largest = sorted(sites.items(), key=lambda site: site[1][1], reverse=True)[: limits.HOT_SITES]
    told = [([_named(names, *line) for line in stacks[site][1]], *sums) for site, sums in largest]
    return msgspec.json.encode(told)


def _named(names: LineNames, file: str, line: int) -> tuple[str, str, int]:
    frame = names.of(file, line)
    return frame.function, frame.file, frame.line


# --- behind it --------------------------------------------------------------------------------
def profile_of(packed: bytes, at_ns: int) -> Profile:
    """What a child has told that was forked then; since 1970."""
    told = msgspec.json.decode(packed, type=list[tuple[_Chain, int, int]])
    samples = [
        Sample(tuple(Frame(*frame) for frame in chain), (blocks, size)) for chain, blocks, size in told
    ]
    return Profile(types=_TYPES, samples=samples, default_type="inuse_space", time_ns=at_ns)
