"""Where profiles come from, by name; who asks takes them here, one at a time.

A source says what it is, how to take it, and what keeps it from being taken now. Whoever measures something makes a `Source`;
`composition/profiling.py` puts them together. One at a time, because they are measurements: two at once would measure each
other, and a heap's child is a copy of the process.
"""

import platform
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any, Final, Protocol, TypeVar, TypeVarTuple, Unpack

import attrs
import trio

from whiteboard import __version__, deadlines, limits
from whiteboard.diagnostics import logs
from whiteboard.diagnostics.profiles.pprof import decoded, encoded
from whiteboard.diagnostics.profiles.profile import Profile, minus
from whiteboard.diagnostics.profiles.text import summary

log = logs.get_logger()

Take = Callable[[float | None], Awaitable[Profile | bytes]]
"""Takes a profile: of so many seconds, or of now for None. May give it encoded already. Raises ProfileRefused."""
Look = Callable[[], Awaitable[Profile]]
Result = TypeVar("Result")
Args = TypeVarTuple("Args")


class ProfileRefused(Exception):
    """A profile that cannot be taken now."""

    def __init__(self, code: str, reason: str, *, retry_seconds: float | None = None) -> None:
        """A refusal.

        Args:
            code: for programs; never changes.
            reason: for people, with what to do about it.
            retry_seconds: when to ask again, if that is known.
        """
        super().__init__(reason)
        self.code: Final = code
        self.retry_seconds: Final = retry_seconds


class NoSuchProfile(Exception):
    """A name that no source has."""


@attrs.frozen
class Off:
    """Why a profile cannot be taken, and how to change that."""

    code: str
    reason: str


class Profiles(Protocol):
    """The profiles of one process, this one or another worker's."""

    async def described(self) -> dict[str, Any]:
        """What there is, for JSON: `{"busy": name|null, "about": [comment], "profiles": [Source.shown()]}`.

        Raises ProfileRefused when the process does not answer.
        """

    async def take_encoded(self, name: str, seconds: float | None = None) -> bytes:
        """See `Sources.take_encoded`."""

    async def as_text(self, name: str, seconds: float | None = None, *, in_full: bool = False) -> str:
        """See `Sources.as_text`."""


def _nothing() -> None:
    return None


def _no_text() -> str:
    return ""


@attrs.frozen(kw_only=True)
class Source:
    """One kind of profile."""

    name: str
    """As in its address; letters."""
    meaning: str
    """A sentence for the index."""
    take: Take
    needs: Callable[[], Off | None] = _nothing
    """What keeps it from being taken now; None when nothing does."""
    needs_before: Callable[[], Off | None] = _nothing
    """What keeps one without seconds from being taken: that nothing has been counted before. With seconds it is counted for these."""
    setting: Callable[[], str] = _no_text
    """What it is sampled with, in words, such as `5 frames`; empty when there is nothing to set."""
    count: Callable[[], int | None] = _nothing
    """What the index shows beside the name; None for what is not counted."""
    seconds: float | None = None
    """How long it is taken when nobody says; None for those that can be of now."""
    in_full: Callable[[], Awaitable[str]] | None = None
    """Each thing by itself, as text, where that says more than the profile."""

    def shown(self) -> dict[str, Any]:
        """For JSON: `{"name","meaning","count","setting","seconds","off":{"code","reason"}|null}`."""
        off = self.needs() or self.needs_before()
        return {
            "name": self.name,
            "meaning": self.meaning,
            "count": self.count(),
            "setting": self.setting(),
            "seconds": self.seconds,
            "off": None if off is None else {"code": off.code, "reason": off.reason},
        }


class Sources:
    """All kinds, by name."""

    def __init__(self, *sources: Source, worker: int | None = None) -> None:
        """Those of this process; `worker` is its number, where it is one of several."""
        self._sources = {one.name: one for one in sources}
        self._worker = worker
        self._busy: str | None = None
        # the one that is being taken
        self._free_at = 0.0

    def add(self, *sources: Source) -> None:
        """More of them; one of the same name takes the place of the other."""
        self._sources |= {one.name: one for one in sources}

    def __iter__(self) -> Iterator[Source]:
        """In the order of their names."""
        return iter([self._sources[name] for name in sorted(self._sources)])

    def named(self, name: str) -> Source:
        """The one of this name. Raises NoSuchProfile."""
        try:
            return self._sources[name]
        except KeyError:
            raise NoSuchProfile(f"There are {', '.join(sorted(self._sources))}.") from None

    async def described(self) -> dict[str, Any]:
        """See `Profiles`."""
        await trio.lowlevel.checkpoint()
        shown = [source.shown() for source in self]
        return {"busy": self._busy, "about": list(self.comments()), "profiles": shown}

    def comments(self) -> tuple[str, ...]:
        """What every profile says of the process and of what it was sampled with."""
        settings = [f"{one.name}: {setting}" for one in self if (setting := one.setting())]
        return (
            f"whiteboard {__version__}",
            f"{platform.python_implementation()} {platform.python_version()}",
            f"timeout_config_version {deadlines.version()}",
            *([] if self._worker is None else [f"worker {self._worker}"]),
            *(settings or ["nothing is sampled"]),
        )

    async def take_encoded(self, name: str, seconds: float | None = None) -> bytes:
        """A profile in pprof's format.

        Args: `seconds` is how long to look, 0 to MAX_PROFILE_SECONDS; None for the source's own.

        Raises NoSuchProfile, and ProfileRefused when it cannot be taken, or when another one is being taken. Cancelled,
        nothing is left running.
        """
        taken = await self._take(name, seconds)
        return taken if isinstance(taken, bytes) else await aside(encoded, taken)

    async def take(self, name: str, seconds: float | None = None) -> Profile:
        """The same as values, for those that show it."""
        taken = await self._take(name, seconds)
        return taken if isinstance(taken, Profile) else await aside(decoded, taken)

    async def as_text(self, name: str, seconds: float | None = None, *, in_full: bool = False) -> str:
        """The same for people; with `in_full` each thing by itself, where the source has that."""
        source = self.named(name)
        if in_full and source.in_full is not None:
            return await source.in_full()
        return await aside(summary, name, await self.take(name, seconds))

    async def _take(self, name: str, seconds: float | None) -> Profile | bytes:
        source = self.named(name)
        seconds = source.seconds if seconds is None else seconds
        if seconds is not None and not 0 < seconds <= limits.MAX_PROFILE_SECONDS:
            raise ProfileRefused(
                "bad_seconds", f"seconds is {seconds:g}: more than 0, up to {limits.MAX_PROFILE_SECONDS}"
            )
        if (off := source.needs() or (source.needs_before() if seconds is None else None)) is not None:
            raise ProfileRefused(off.code, off.reason)
        self._begin(name, seconds or 0.0)
        try:
            taken = await source.take(seconds)
        finally:
            self._busy = None
        log.info("profile_taken", name=name, seconds=seconds)
        if isinstance(taken, Profile):
            return attrs.evolve(taken, comments=(*self.comments(), *taken.comments))
        return taken

    def _begin(self, name: str, seconds: float) -> None:
        now = trio.current_time()
        if self._busy is not None:
            left = max(1.0, self._free_at - now)
            reason = f"{self._busy} is being taken, and there is one at a time; try again in {left:.0f} s."
            raise ProfileRefused("profile_busy", reason, retry_seconds=left)
        self._busy, self._free_at = name, now + seconds


def by_looks(look: Look) -> Take:
    """A way to take profiles of which only the present is known: those of some seconds are the difference of two."""

    async def take(seconds: float | None) -> Profile:
        if seconds is None:
            return await look()
        before = await look()
        await trio.sleep(seconds)
        return await aside(minus, await look(), before)

    return take


async def aside(work: Callable[[Unpack[Args]], Result], *args: *Args) -> Result:
    """What `work` gives, in a worker thread, so that the event loop goes on meanwhile. Cancelled, it ends with the work."""
    return await trio.to_thread.run_sync(partial(work, *args), limiter=_limiter())


_LIMITER: Final = trio.lowlevel.RunVar[trio.CapacityLimiter]("profile threads")


def _limiter() -> trio.CapacityLimiter:
    """Two threads: one that works and one that waits for a child."""
    try:
        return _LIMITER.get()
    except LookupError:
        limiter = trio.CapacityLimiter(2)
        _LIMITER.set(limiter)
        return limiter


def now_ns() -> int:
    """The time that a profile says it was taken at."""
    return time.time_ns()
