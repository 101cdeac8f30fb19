"""Which site allocates more and more: allocations by site, compared with their own past (R52).

Theory of operation
-------------------
A look is a profile of what is in use. The newest WINDOW stretches between looks are held against those before: a site is hot when it
makes a large share of what has grown, grows at least twice as fast as it did, and did so evenly. A server whose people draw grows
too, at many sites together: by how much faster all others grow than before there is more work, and a site may grow as much faster.
Where that is far more, the past is nothing to compare with, and nothing is said.

How sure it is goes from 0 to 1: the share of stretches in which the site grew at half its mean pace or faster, times one less the relative error of so many blocks
(1/√n). Below CONFIDENCE nothing is said, which with fewer than 16 new blocks cannot be reached.

Pure: looks come in, what is hot comes out.
"""

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

import attrs

from whiteboard import limits
from whiteboard.diagnostics.profiles.profile import Frame, Profile, Stack

WINDOW: Final = 5
"""Stretches between looks that are judged, and the fewest of the past that they are held against."""
SHARE: Final = 0.2
"""Of all that grew in the window."""
FACTOR: Final = 2.0
"""How much faster than in the past."""
CONFIDENCE: Final = 0.75
LEAST_BYTES: Final = limits.MIB
"""A window's growth that is worth a word."""
_ALIKE: Final = 4.0
"""How much faster all others may grow than in the past."""
_NOTHING: Final = 16 * limits.KIB
"""Bytes a second that a site may always grow: twice that is hot at the earliest."""
_LITTLE: Final = limits.KIB
"""Bytes a second by which a server that rests grows, all together."""

Site = tuple[str, str, int]
"""Function, file and line that allocate."""


@attrs.frozen
class Hot:
    """A site that allocates more than it did."""

    site: Frame
    chain: tuple[str, ...]
    """Functions from the outermost one of ours that is known to the one that allocates."""
    stack: Stack
    grown_bytes: int
    """In the window."""
    in_use_bytes: int
    share: float
    """Of all that grew in the window, 0 to 1."""
    factor: float
    """How much faster than before the window, beyond what there is more work."""
    confidence: float
    """0 to 1."""

    @property
    def path(self) -> str:
        """`Canvas.draw → alloc`."""
        return " → ".join(self.chain)


@attrs.frozen
class _Use:
    """What one site has in use."""

    blocks: int
    size: int
    stack: Stack
    """The one with most of it."""


@attrs.frozen
class _Look:
    at: float
    sites: Mapping[Site, _Use]

    def size(self, site: Site) -> int:
        use = self.sites.get(site)
        return 0 if use is None else use.size

    def blocks(self, site: Site) -> int:
        use = self.sites.get(site)
        return 0 if use is None else use.blocks


class HotPaths:
    """Remembers looks, at most HOT_LOOKS, and says what has become hot."""

    def __init__(self) -> None:
        self._looks: deque[_Look] = deque(maxlen=limits.HOT_LOOKS)

    def forget(self) -> None:
        """Begin anew: what is traced now has no past."""
        self._looks.clear()

    def look(self, profile: Profile) -> list[Hot]:
        """What is hot, the largest share first; nothing until there is enough of a past.

        Args: `profile` has `inuse_objects` and `inuse_space`, and its time.
        """
        self._looks.append(_Look(profile.time_ns / 1e9, _sites(profile)))
        looks = list(self._looks)
        if any(later.at <= earlier.at for earlier, later in pairwise(looks)):
            self.forget()  # somebody has put the clock back
            return []
        if len(looks) < 2 * WINDOW + 1:
            return []
        found = _judge(looks[:-WINDOW], looks[-WINDOW - 1 :])
        return sorted(found, key=lambda hot: hot.share, reverse=True)


class Windows:
    """The same for seconds of tracing that nobody traced before or after: what each has begun is added to what the others had."""

    def __init__(self) -> None:
        self._paths = HotPaths()
        self._born: Profile | None = None
        self._seconds = 0

    @property
    def remembered(self) -> int:
        """Stacks that are known, at most HOT_SITES."""
        return len(self._born.samples) if self._born else 0

    def look(self, window: Profile) -> list[Hot]:
        """What is hot after one more second. Its time does not count: between two seconds nothing was seen.

        Of all seconds together the HOT_SITES stacks with the most bytes are remembered.
        """
        self._seconds += 1
        samples = [*(self._born.samples if self._born else ()), *window.samples]
        born = attrs.evolve(window, samples=samples, time_ns=self._seconds * 1_000_000_000).merged()
        size_at = [one.kind for one in born.types].index("inuse_space")
        largest = sorted(born.samples, key=lambda one: one.values[size_at], reverse=True)[: limits.HOT_SITES]
        self._born = attrs.evolve(born, samples=tuple(largest))
        return self._paths.look(self._born)


def _judge(past: Sequence[_Look], window: Sequence[_Look]) -> Iterable[Hot]:
    """Both have the look in common at which the window begins."""
    grown, grown_before = _growth(window), _growth(past)
    whole, whole_before = sum(grown.values()), sum(grown_before.values())
    seconds, seconds_before = (looks[-1].at - looks[0].at for looks in (window, past))
    for site, size in grown.items():
        if size < LEAST_BYTES or size < SHARE * whole:
            continue
        before = grown_before.get(site, 0)
        others = (whole - size) / seconds
        others_before = max((whole_before - before) / seconds_before, _LITTLE)
        more_work = max(1.0, others / others_before)
        factor = (size / seconds) / max(before / seconds_before, _NOTHING) / more_work
        confidence = _confidence(site, window)
        if factor >= FACTOR and confidence >= CONFIDENCE and more_work <= _ALIKE:
            use = window[-1].sites[site]
            yield Hot(
                site=use.stack[0],
                chain=tuple(_short(frame.function) for frame in reversed(use.stack)),
                stack=use.stack,
                grown_bytes=size,
                in_use_bytes=use.size,
                share=size / whole,
                factor=factor,
                confidence=confidence,
            )


def _growth(looks: Sequence[_Look]) -> dict[Site, int]:
    """Bytes by which each site has grown from the first to the last; without those that have not."""
    first, last = looks[0], looks[-1]
    return {site: more for site in last.sites if (more := last.size(site) - first.size(site)) > 0}


def _confidence(site: Site, window: Sequence[_Look]) -> float:
    first, last = window[0], window[-1]
    blocks = last.blocks(site) - first.blocks(site)
    if blocks <= 1:
        return 0.0
    half = (last.size(site) - first.size(site)) / (last.at - first.at) / 2
    grew = [
        later.size(site) - earlier.size(site) >= half * (later.at - earlier.at)
        for earlier, later in pairwise(window)
    ]
    return sum(grew) / len(grew) * (1 - 1 / math.sqrt(blocks))


def _sites(profile: Profile) -> dict[Site, _Use]:
    kinds = [one.kind for one in profile.types]
    blocks_at, size_at = kinds.index("inuse_objects"), kinds.index("inuse_space")
    sites: dict[Site, _Use] = {}
    largest: dict[Site, int] = {}
    for sample in profile.samples:
        if not sample.stack:
            continue
        frame = sample.stack[0]
        site = frame.function, frame.file, frame.line
        blocks, size = sample.values[blocks_at], sample.values[size_at]
        known = sites.get(site)
        if known is None:
            sites[site] = _Use(blocks, size, sample.stack)
            largest[site] = size
            continue
        stack = sample.stack if size > largest[site] else known.stack
        largest[site] = max(largest[site], size)
        sites[site] = _Use(known.blocks + blocks, known.size + size, stack)
    return sites


def _short(function: str) -> str:
    """`Canvas.draw` of `planted.canvas.Canvas.draw`: modules are lower-case, and what stands behind them is the name.

    Local functions keep where they are made.
    """
    parts = function.replace(".<locals>", "").split(".")
    for place, part in enumerate(parts):
        if part[:1].isupper():
            return ".".join(parts[place:])
    return parts[-1]
