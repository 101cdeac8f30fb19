"""Spans of sessions and commits, for whoever has them sent somewhere; without that they cost a look at one attribute.

Not op by op: a span costs as much as an op (research: 11 to 13 µs). What is current is where deadlines say which they are
(`deadlines.current_span`), so a trace shows which of them ran out under which values. Adapters are in modules of their own;
`diagnostics/otel.py` speaks OpenTelemetry.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final, Protocol

import trio

from whiteboard import deadlines

Attribute = str | float
Attributes = Mapping[str, Attribute]
_NOTHING: Final = nullcontext()


class OpenSpan(deadlines.Span, Protocol):
    """Something that has begun and not ended; none of these block or raise."""

    def add_event(self, name: str, attributes: Attributes) -> None:
        """Say that something happened meanwhile."""

    def fail(self, error: BaseException) -> None:
        """It ends with an error."""

    def end(self) -> None:
        """It has ended."""


class Tracer(Protocol):
    """Takes spans."""

    def begin(self, name: str, attributes: Attributes) -> OpenSpan:
        """A span from now on, beneath none."""


class Tracing:
    """Where the spans of this process go."""

    __slots__ = ("tracer",)

    def __init__(self) -> None:
        self.tracer: Tracer | None = None
        """None while nobody traces."""


TRACING: Final = Tracing()


def begin(name: str, **attributes: Attribute) -> OpenSpan | None:
    """A span that says which durations are in force; None while nobody traces. Whoever begins it ends it."""
    if TRACING.tracer is None:
        return None
    return TRACING.tracer.begin(name, {**attributes, "timeout_config_version": deadlines.version()})


def span(name: str, **attributes: Attribute) -> AbstractContextManager[OpenSpan | None]:
    """A span around the block, and current in it. It fails with what the block raises, and ends whatever comes.

    That the block is cancelled is no fault of it, and an event.
    """
    begun = begin(name, **attributes)
    return _NOTHING if begun is None else _current(begun)


@contextmanager
def _current(begun: OpenSpan) -> Iterator[OpenSpan]:
    token = deadlines.current_span.set(begun)
    try:
        yield begun
    except trio.Cancelled:
        begun.add_event("cancelled", {})
        raise
    except BaseException as error:
        begun.fail(error)
        raise
    finally:
        deadlines.current_span.reset(token)
        begun.end()


def note(name: str, **attributes: Attribute) -> None:
    """An event on the current span, if there is one that takes events."""
    current = deadlines.current_span.get()
    if current is not None and (add := getattr(current, "add_event", None)) is not None:
        add(name, attributes)


def fail(error: BaseException) -> None:
    """The current span, if there is one that takes it, ends with an error."""
    current = deadlines.current_span.get()
    if current is not None and (take := getattr(current, "fail", None)) is not None:
        take(error)
