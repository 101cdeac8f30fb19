"""Opening a registered deadline."""

import io
import json
from collections.abc import Iterator

import pytest
import structlog
import trio

from whiteboard import deadlines
from whiteboard.config import LogFormat, LogLevel
from whiteboard.deadlines import Carries, TimedOut, current_span, deadline, usage_of, waiting, within
from whiteboard.diagnostics import logs
from whiteboard.registry import Timeout

TEN = Timeout("test-ten", 10.0, "SLA-TEST-1: for tests")


class Trace:
    """A span that remembers."""

    def __init__(self) -> None:
        self.said: dict[str, str | float] = {}

    def set_attribute(self, key: str, value: str | float) -> None:
        self.said[key] = value


@pytest.fixture(autouse=True)
def fresh_counters() -> Iterator[None]:
    """Nothing was counted for this entry."""
    deadlines._USAGES.pop(TEN.name, None)
    yield
    deadlines._USAGES.pop(TEN.name, None)


async def test_a_deadline_that_runs_out_says_which_it_was(autojump_clock: trio.testing.MockClock) -> None:
    """Name, seconds and version are in the text and beside it; it is a TooSlowError still."""
    with pytest.raises(
        trio.TooSlowError, match=r"test-ten took longer than 10 s \(timeout_config_version "
    ) as info:
        with deadline(TEN):
            await trio.sleep(11)
    assert trio.current_time() == 10
    error = info.value
    assert isinstance(error, TimedOut)
    assert (error.timeout_name, error.timeout_seconds) == ("test-ten", 10.0)
    assert error.timeout_config_version == deadlines.version()


async def test_within_goes_on_behind_the_block(autojump_clock: trio.testing.MockClock) -> None:
    """As `trio.move_on_after`; it gives the scope."""
    with within(TEN) as scope:
        await trio.sleep_forever()
    assert scope.cancelled_caught
    assert trio.current_time() == 10


async def test_shielded(autojump_clock: trio.testing.MockClock) -> None:
    """A cleanup goes on although its task is cancelled, for as long as the entry says."""
    with trio.CancelScope() as outer:
        outer.cancel()
        with within(TEN, shield=True):
            await trio.sleep_forever()
        assert trio.current_time() == 10


async def test_more_time_and_from_when(autojump_clock: trio.testing.MockClock) -> None:
    """What somebody asked for comes on top, and the time may have begun earlier."""
    await trio.sleep(4)
    with within(TEN, plus=5, since=1.0):
        await trio.sleep_forever()
    assert trio.current_time() == 16


async def test_what_others_raise_passes() -> None:
    """Faults inside are not touched, nor is a cancellation from outside."""
    with pytest.raises(ValueError, match="ours"), deadline(TEN):
        raise ValueError("ours")
    with trio.CancelScope() as outer:
        with deadline(TEN):
            outer.cancel()
            await trio.sleep_forever()
    assert outer.cancelled_caught


@pytest.mark.parametrize(
    ("share", "counts", "bound"),
    [
        (0.001, (1, 0, 0), 0.01),
        (0.79, (1, 0, 0), 0.8),
        (0.81, (1, 0, 1), 0.9),
        (0.99, (1, 0, 1), 1.0),
        (1.0, (1, 1, 0), None),
        (1.5, (1, 1, 0), None),
    ],
)
async def test_hits_and_near_hits(
    autojump_clock: trio.testing.MockClock, share: float, counts: tuple[int, int, int], bound: float | None
) -> None:
    """Over 80 % of the time is a near hit, all of it a hit, and each block is in one bin of the histogram or a hit."""
    with within(TEN):
        await trio.sleep(share * TEN.seconds)
    usage = usage_of(TEN)
    assert (usage.uses, usage.hits, usage.near_hits) == counts
    assert [upto for upto, n in zip(deadlines.SHARES, usage.shares, strict=True) if n] == (
        [bound] if bound else []
    )


async def test_whom_others_cancel_says_nothing_about_the_time() -> None:
    """A session that ends while it waits is no sign that its deadline is lax."""
    with trio.CancelScope() as outer:
        outer.cancel()
        with within(TEN):
            await trio.sleep_forever()
    assert usage_of(TEN).uses == 0


async def test_a_pause_is_no_hit(autojump_clock: trio.testing.MockClock) -> None:
    """It is meant to take all of its time."""
    with waiting(TEN):
        await trio.sleep_forever()
    assert trio.current_time() == 10
    assert (usage_of(TEN).waits, usage_of(TEN).hits, usage_of(TEN).uses) == (1, 0, 0)


async def test_the_current_span_is_told() -> None:
    """For traces: which deadline holds, with what value, from which configuration."""
    trace = Trace()
    token = current_span.set(trace)
    with within(TEN):
        pass
    current_span.reset(token)
    assert trace.said == {
        "timeout.name": "test-ten",
        "timeout.seconds": 10.0,
        "timeout_config_version": deadlines.version(),
    }


def test_a_function_with_a_timeout_of_its_own() -> None:
    """It gets the value that is in force when it is called; what it raises when late is a hit, with a note."""
    given: list[float] = []

    @Carries(TEN, argument="patience", late=(OSError,))
    def ask(what: str, patience: float = 1.0) -> str:
        given.append(patience)
        if what == "late":
            raise TimeoutError(what)
        return what

    assert ask("soon") == "soon"
    with pytest.raises(TimeoutError) as info:
        ask("late")
    assert given == [10.0, 10.0]
    assert info.value.__notes__[0].startswith("test-ten took longer than 10 s")
    assert (usage_of(TEN).uses, usage_of(TEN).hits) == (2, 1)


async def test_a_coroutine_with_a_timeout_of_its_own() -> None:
    """The same, and a caller may insist on another value."""

    @Carries(TEN)
    async def ask(timeout: float) -> float:
        await trio.lowlevel.checkpoint()
        return timeout

    assert await ask() == 10.0
    assert await ask(timeout=3.0) == 3.0
    assert usage_of(TEN).uses == 2


async def test_log_lines_name_the_deadline(autojump_clock: trio.testing.MockClock) -> None:
    """Whatever is said while a deadline that ran out is handled, also one that was translated."""
    out = io.StringIO()
    logs.configure(LogFormat.JSON, LogLevel.INFO, out)
    try:
        try:
            try:
                with deadline(TEN):
                    await trio.sleep_forever()
            except trio.TooSlowError as error:
                raise OSError("the store does not answer") from error
        except OSError:
            logs.get_logger().warning("commit_refused", count=1)
        logs.get_logger().warning("commit_refused", count=2)
    finally:
        structlog.reset_defaults()
    first, second = (json.loads(line) for line in out.getvalue().splitlines())
    assert (first["timeout"], first["timeout_config_version"]) == ("test-ten", deadlines.version())
    assert "timeout" not in second


def test_the_report_of_several_processes() -> None:
    """Values are the same everywhere, counters are summed."""
    one, other = deadlines.report(), deadlines.report()
    one["timeouts"]["commit"] |= {"uses": 3, "hits": 1, "used": [2] + [0] * 10}
    other["timeouts"]["commit"] |= {"uses": 4, "hits": 0, "used": [1] + [0] * 9 + [3]}
    both = deadlines.together([one, other])
    commit = both["timeouts"]["commit"]
    assert (commit["seconds"], commit["uses"], commit["hits"]) == (30.0, 7, 1)
    assert commit["used"] == [3] + [0] * 9 + [3]
    assert both["timeout_config_version"] == deadlines.version()
