"""Opens a deadline that the registry names, counts how it went, and says so on the error and on the current span.

`with deadline(timeouts.COMMIT):` raises `TimedOut` where `trio.fail_after` raises TooSlowError, which it is.
`with within(timeouts.WS_CLOSE) as scope:` goes on, as `trio.move_on_after` does. `with waiting(timeouts.STORAGE_TAIL):`
is for pauses that something may cut short: to take all of the time is nothing to count there. `Carries` is for functions
that take a `timeout=` of their own.

Counters are this process's, as many as there are entries, and change nothing that they count. Not used where an op
or a frame passes: there a deadline is one task's for many (`rooms.patience`, `rooms.lookout`, `rooms.tick`).
"""

import functools
import hashlib
import inspect
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Final, Literal, Protocol, TypeVar

import trio

from whiteboard.registry import REGISTRY, Timeout, canonical, shown

NEAR: Final = 0.8
"""A block that took more of its time than this was a near hit."""
SHARES: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, NEAR, 0.9, 1.0)
"""Upper bounds of the histogram's bins: shares of the time given. What ran out is in none of them, but a hit."""

_ALL: Final = 0.9999  # clocks are rounded
Result = TypeVar("Result")


class Span(Protocol):
    """What traces have open: as OpenTelemetry's has it."""

    def set_attribute(self, key: str, value: str | float) -> None:
        """Say something about what is going on."""


current_span: Final[ContextVar[Span | None]] = ContextVar("current_span", default=None)
"""Where deadlines say which they are; set by who traces."""


class TimedOut(trio.TooSlowError):
    """A registered deadline ran out."""

    def __init__(self, timeout: Timeout) -> None:
        self.timeout_name: Final = timeout.name
        self.timeout_seconds: Final = timeout.seconds
        self.timeout_config_version: Final = version()
        super().__init__(
            f"{timeout.name} took longer than {shown(timeout.seconds)} s"
            f" (timeout_config_version {self.timeout_config_version})"
        )


class Usage:
    """How one entry was used since the process began."""

    __slots__ = ("hits", "near_hits", "shares", "uses", "waits")

    def __init__(self) -> None:
        self.uses = 0
        self.hits = 0
        """It ran out."""
        self.near_hits = 0
        """It did not, but more than NEAR of it went."""
        self.waits = 0
        """It was a pause."""
        self.shares = [0] * len(SHARES)
        """How many of those that did not run out were within each of SHARES, and not within the one before."""

    def note(self, share: float) -> None:
        """One block has ended, after `share` of its time; all of it is a hit, whether or not somebody noticed."""
        self.uses += 1
        if share > _ALL:
            self.hits += 1
            return
        self.shares[bisect_left(SHARES, share)] += 1
        if share > NEAR:
            self.near_hits += 1


_USAGES: Final[dict[str, Usage]] = {}
_COUNTERS: Final = ("uses", "hits", "near_hits", "waits")


def usage_of(timeout: Timeout) -> Usage:
    """The counters of an entry."""
    usage = _USAGES.get(timeout.name)
    if usage is None:
        usage = _USAGES[timeout.name] = Usage()
    return usage


class _Block:
    """A cancel scope for as long as an entry says."""

    __slots__ = ("_began", "_given", "_scope", "_shield", "_timeout")

    def __init__(
        self, timeout: Timeout, *, plus: float = 0.0, since: float | None = None, shield: bool = False
    ) -> None:
        """A block with a deadline.

        Args:
            plus: seconds on top, which somebody asked for or another entry says.
            since: `trio.current_time()` from which it counts; None for when the block begins.
        """
        self._timeout = timeout
        self._given = timeout.seconds + plus
        self._began = since
        self._shield = shield

    def __enter__(self) -> trio.CancelScope:
        if self._began is None:
            self._began = trio.current_time()
        self._scope = trio.CancelScope(deadline=self._began + self._given, shield=self._shield)
        if (span := current_span.get()) is not None:
            tell(span, self._timeout)
        return self._scope.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        is_over = bool(self._scope.__exit__(kind, error, trace))
        if is_over or kind is not trio.Cancelled:  # whom others cancel says nothing about the time
            self._note()
        return is_over

    def _note(self) -> None:
        assert self._began is not None
        usage_of(self._timeout).note((trio.current_time() - self._began) / self._given)


class within(_Block):  # noqa: N801 - reads like a word of the language, as trio.move_on_after does
    """Give the block as long as `timeout` says, and go on behind it. Gives the scope, as `trio.move_on_after` does."""

    __slots__ = ()


class deadline(_Block):  # noqa: N801 - as above
    """Give the block as long as `timeout` says; raises TimedOut when that was not enough."""

    __slots__ = ()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        """Raises TimedOut."""
        super().__exit__(kind, error, trace)
        if self._scope.cancelled_caught:
            raise TimedOut(self._timeout)
        return False


class waiting(_Block):  # noqa: N801 - as above
    """Wait in the block for as long as `timeout` says, and go on behind it: a pause, which nothing is wrong with."""

    __slots__ = ()

    def _note(self) -> None:
        usage_of(self._timeout).waits += 1


class Carries:
    """A decorator for functions that take a `timeout=` of their own: gives them the entry's seconds, and counts.

    The value is the one in force when the function is called. May be used in any thread.

    Args:
        argument: what the function calls its time.
        late: what it raises when that was not enough; it is passed on with a note of the entry's name.
    """

    def __init__(
        self,
        timeout: Timeout,
        *,
        argument: str = "timeout",
        late: type[Exception] | tuple[type[Exception], ...] = TimeoutError,
    ) -> None:
        self._timeout = timeout
        self._argument = argument
        self._late = late

    def __call__(self, call: Callable[..., Result]) -> Callable[..., Result]:
        """The function without its argument; with it as it was given, when a caller insists."""
        if inspect.iscoroutinefunction(call):
            return functools.wraps(call)(self._awaited(call))  # type: ignore[return-value]  # `Result` is the awaitable here

        @functools.wraps(call)
        def timed(*args: Any, **kwargs: Any) -> Result:
            with self._counted():
                return call(*args, **self._given(kwargs))

        return timed

    def _awaited(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def timed(*args: Any, **kwargs: Any) -> Any:
            with self._counted():
                return await call(*args, **self._given(kwargs))

        return timed

    def _given(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        return {self._argument: self._timeout.seconds, **kwargs}

    @contextmanager
    def _counted(self) -> Iterator[None]:
        began, is_late = time.monotonic(), False
        try:
            yield
        except self._late as error:
            is_late = True
            error.add_note(str(TimedOut(self._timeout)))
            raise
        finally:
            share = (time.monotonic() - began) / self._timeout.seconds
            usage_of(self._timeout).note(1.0 if is_late else share)


def tell(span: Span, timeout: Timeout) -> None:
    """Put which deadline it is on a span."""
    span.set_attribute("timeout.name", timeout.name)
    span.set_attribute("timeout.seconds", timeout.seconds)
    span.set_attribute("timeout_config_version", version())


def version() -> str:
    """Of all values in force: the same where they are, in every process and every release."""
    return _version_of(tuple(one.seconds for one in REGISTRY.values()))


@functools.lru_cache(maxsize=4)
def _version_of(values: tuple[float, ...]) -> str:
    return version_of(dict(zip(REGISTRY, values, strict=True)))


def version_of(seconds: Mapping[str, float]) -> str:
    """Of these values by name, twelve hexadecimal digits."""
    return hashlib.sha256(canonical(seconds).encode()).hexdigest()[:12]


def usages() -> Mapping[str, Usage]:
    """The counters of those that were used, by name."""
    return _USAGES


def report() -> dict[str, Any]:
    """What `/debug/timeouts` answers: every entry with its value, what the registry has, and how it went here."""
    return {
        "timeout_config_version": version(),
        "shares": SHARES,
        "timeouts": {name: _entry(one) for name, one in REGISTRY.items()},
    }


def together(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One report for several processes, which have the same values in force: all counters summed up."""
    first, *others = reports
    entries: dict[str, dict[str, Any]] = {name: dict(entry) for name, entry in first["timeouts"].items()}
    for other in others:
        for name, entry in other["timeouts"].items():
            own = entries[name]
            own |= {key: own[key] + entry[key] for key in _COUNTERS}
            own["used"] = [one + more for one, more in zip(own["used"], entry["used"], strict=True)]
    return {**first, "timeouts": entries}


def _entry(timeout: Timeout) -> dict[str, Any]:
    usage = _USAGES.get(timeout.name) or Usage()
    return {
        "seconds": timeout.seconds,
        "default": timeout.default,
        "sla": timeout.sla,
        **{name: getattr(usage, name) for name in _COUNTERS},
        "used": list(usage.shares),
    }
