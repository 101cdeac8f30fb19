"""Spans, wherever they go."""

from collections.abc import Iterator

import pytest
import trio

from whiteboard import deadlines, timeouts
from whiteboard.deadlines import within
from whiteboard.diagnostics import tracing
from whiteboard.diagnostics.tracing import TRACING, Attribute, Attributes


class Kept:
    """A span that keeps what it is told."""

    def __init__(self, name: str, attributes: Attributes) -> None:
        self.name = name
        self.attributes = dict(attributes)
        self.events: list[tuple[str, Attributes]] = []
        self.errors: list[BaseException] = []
        self.is_open = True

    def set_attribute(self, key: str, value: Attribute) -> None:
        """Keep it."""
        self.attributes[key] = value

    def add_event(self, name: str, attributes: Attributes) -> None:
        """Keep it."""
        self.events.append((name, attributes))

    def fail(self, error: BaseException) -> None:
        """Keep it."""
        self.errors.append(error)

    def end(self) -> None:
        """Keep that."""
        self.is_open = False


class Keeper:
    """A tracer for looking at."""

    def __init__(self) -> None:
        self.spans: list[Kept] = []

    def begin(self, name: str, attributes: Attributes) -> Kept:
        """Keep it."""
        self.spans.append(Kept(name, attributes))
        return self.spans[-1]


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    """What traces, for as long as the test."""
    TRACING.tracer = keeper = Keeper()
    yield keeper
    TRACING.tracer = None


def test_nobody_traces_by_itself() -> None:
    """No span is made, and notes go nowhere."""
    with tracing.span("commit", ops=3) as span:
        tracing.note("went nowhere")

    assert span is None
    assert tracing.begin("session") is None


async def test_a_span_says_which_durations_are_in_force(keeper: Keeper) -> None:
    """By their version at its begin, and by the deadline that was opened in it. [R60]"""
    with tracing.span("commit", ops=3), within(timeouts.COMMIT):
        tracing.note("waited", seconds=0.5)
    (span,) = keeper.spans

    assert span.attributes["ops"] == 3
    assert span.attributes["timeout_config_version"] == deadlines.version()
    assert span.attributes["timeout.name"] == "commit"
    assert span.events == [("waited", {"seconds": 0.5})]
    assert not span.is_open
    assert deadlines.current_span.get() is None


def test_a_span_fails_with_its_block(keeper: Keeper) -> None:
    """What was raised is told and goes on."""
    with pytest.raises(ZeroDivisionError), tracing.span("commit"):
        _ = 1 / 0

    assert [type(error) for error in keeper.spans[0].errors] == [ZeroDivisionError]
    assert not keeper.spans[0].is_open


async def test_a_block_that_is_cancelled_has_not_failed(keeper: Keeper) -> None:
    """Who stops a server finds no faults in its traces; that it was cut short is told."""
    with trio.CancelScope() as scope, tracing.span("commit"):
        scope.cancel()
        await trio.lowlevel.checkpoint()

    assert keeper.spans[0].errors == []
    assert [name for name, _ in keeper.spans[0].events] == ["cancelled"]
    assert not keeper.spans[0].is_open


def test_whoever_swallows_a_fault_may_tell_the_span(keeper: Keeper) -> None:
    """And nobody where there is none."""
    tracing.fail(OSError("before"))
    with tracing.span("session"):
        tracing.fail(OSError("within"))

    assert [str(error) for error in keeper.spans[0].errors] == ["within"]
