"""One question to one hook: deadlines, isolation, counts, and being left alone."""

import sys
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import structlog
import trio
import trio.testing
from integration.polling import until

from whiteboard import limits, timeouts
from whiteboard.plugins.asking import Asking, NoAnswer
from whiteboard.timeouts import Timeout

DEADLINE = Timeout("test-hook", 0.25, "as HOOK_OP")
SHORT = Timeout("test-hook-in-a-thread", 0.05, "threads know no virtual clock")


def asking(call: Any, deadline: Timeout = DEADLINE) -> Asking[Any, Any]:
    """A question whose answers are texts."""
    return Asking("it", "change", call, lambda given: isinstance(given, str), deadline)


def counts(one: Asking[Any, Any]) -> tuple[int, int, int, int]:
    """Asked, failed, late, passed over."""
    return one.asked, one.failed, one.late, one.passed_over


async def answer(question: str) -> str:
    """In time."""
    await trio.sleep(0.2)
    return f"yes, {question}"


async def hang(_: object) -> str:
    """For ever."""
    await trio.sleep(3_600)
    return "after all"


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """What is logged."""
    with structlog.testing.capture_logs() as lines:
        yield lines


async def test_an_answer_in_time_is_given(autojump_clock: trio.testing.MockClock) -> None:
    """As it is, from an async function, a partial of one, or an object with an async call."""

    class Callable:
        async def __call__(self, question: str) -> str:
            return await answer(question)

    async def longer(more: str, question: str) -> str:
        return f"{more}, {await answer(question)}"

    assert await asking(answer).ask("Ada") == "yes, Ada"
    assert await asking(Callable()).ask("Ada") == "yes, Ada"
    assert await asking(partial(longer, "oh")).ask("Ada") == "oh, yes, Ada"


async def test_a_plain_function_answers_from_a_thread() -> None:
    """So it may block; the event loop goes on meanwhile."""
    one = asking(lambda _: threading.current_thread().name, Timeout("test-hook", 30, "a busy machine"))
    assert await one.ask("?") != threading.current_thread().name
    assert one.threads == 0


@pytest.mark.parametrize(
    "raised",
    [KeyError("secret drawing"), trio.TooSlowError(), ExceptionGroup("g", [ValueError("x")]), SystemExit(3)],
)
async def test_a_hook_that_raises_gives_no_answer(raised: BaseException, logged: list[Any]) -> None:
    """Whatever it raises; the log has the kind and the place, not the message, which may hold what people drew."""

    async def fail(_: object) -> str:
        await trio.lowlevel.checkpoint()
        raise raised

    one = asking(fail)
    assert isinstance(await one.ask("?"), NoAnswer)
    assert counts(one) == (1, 1, 0, 0)
    [line] = logged
    leaf = raised.exceptions[0] if isinstance(raised, ExceptionGroup) else raised
    assert line["event"] == "permission_unanswered"
    assert line["reason"].startswith(type(leaf).__name__)
    assert "secret" not in str(line)


async def test_a_plain_function_that_raises_gives_no_answer() -> None:
    """The same from a thread, `sys.exit` included."""
    one = asking(lambda _: sys.exit(3), Timeout("test-hook", 30, "a busy machine"))
    assert isinstance(await one.ask("?"), NoAnswer)
    assert counts(one) == (1, 1, 0, 0)


async def test_an_answer_of_another_kind_is_none(logged: list[Any]) -> None:
    """A plain function that gives a coroutine included: nobody awaits that."""

    async def number(_: object) -> Any:
        await trio.lowlevel.checkpoint()
        return 5

    one = asking(number)
    assert isinstance(await one.ask("?"), NoAnswer)
    other = asking(lambda question: answer(question), Timeout("test-hook", 30, "a busy machine"))  # noqa: PLW0108 - a plain function
    assert isinstance(await other.ask("?"), NoAnswer)
    assert [line["reason"].split()[0] for line in logged] == ["answered", "TypeError"]


async def test_a_late_answer_is_none(autojump_clock: trio.testing.MockClock) -> None:
    """Whether the hook waits for ever, does not let itself be cancelled, or makes something else of it."""

    async def stubborn(_: object) -> str:
        with trio.CancelScope() as mine:
            with trio.CancelScope(shield=True):
                await trio.sleep(0.3)
            mine.cancel()
            await trio.lowlevel.checkpoint()
        return "too late"

    async def wrapped(_: object) -> str:
        try:
            return await hang("?")
        finally:
            raise ValueError("my backend went")

    for call in (hang, stubborn, wrapped):
        one, start = asking(call), trio.current_time()
        assert isinstance(await one.ask("?"), NoAnswer)
        assert trio.current_time() <= start + 0.3 + 1e-6
        assert counts(one) == (1, 0, 1, 0)


async def test_who_goes_meanwhile_counts_for_nothing(autojump_clock: trio.testing.MockClock) -> None:
    """A session that ends cancels its question; the hook is not blamed for it."""
    one = asking(hang)
    with trio.move_on_after(0.1):
        await one.ask("?")
    assert counts(one) == (1, 0, 0, 0)


async def test_a_hook_that_is_late_again_and_again_is_left_alone(
    autojump_clock: trio.testing.MockClock, logged: list[Any]
) -> None:
    """After HOOK_PATIENCE late answers in a row questions cost nothing, until HOOK_PAUSE has passed."""
    is_dead = True

    async def sometimes(question: str) -> str:
        return await (hang if is_dead else answer)(question)

    one = asking(sometimes)
    for _ in range(limits.HOOK_PATIENCE):
        await one.ask("?")
    start = trio.current_time()
    for _ in range(100):
        assert isinstance(await one.ask("?"), NoAnswer)
    assert trio.current_time() == start
    assert counts(one) == (5, 0, 5, 100)
    await trio.sleep(timeouts.HOOK_PAUSE.seconds)
    assert isinstance(await one.ask("?"), NoAnswer)  # tried, and late again: left alone once more
    assert isinstance(await one.ask("?"), NoAnswer)
    assert counts(one) == (6, 0, 6, 101)
    is_dead = False
    await trio.sleep(timeouts.HOOK_PAUSE.seconds)
    assert await one.ask("Ada") == "yes, Ada"
    assert await one.ask("Bob") == "yes, Bob"
    events = [line["event"] for line in logged]
    assert events.count("permission_paused") == events.count("permission_resumed") == 1


async def test_one_question_at_a_time_shows_that_it_is_back(autojump_clock: trio.testing.MockClock) -> None:
    """The others are passed over meanwhile, and one that is given up leaves the place to the next."""
    one = asking(hang)
    for _ in range(limits.HOOK_PATIENCE):
        await one.ask("?")
    await trio.sleep(timeouts.HOOK_PAUSE.seconds)
    with trio.move_on_after(0.1):
        await one.ask("?")
    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(one.ask, "?")
    assert counts(one) == (7, 0, 6, 9)


async def test_a_hook_that_fails_at_once_is_not_left_alone(autojump_clock: trio.testing.MockClock) -> None:
    """It costs nobody any time; only what is late is spared."""

    async def fail(_: object) -> str:
        raise ValueError

    one = asking(fail)
    for _ in range(20):
        await one.ask("?")
    assert counts(one) == (20, 20, 0, 0)


async def test_one_line_stands_for_many_failures(
    autojump_clock: trio.testing.MockClock, logged: list[Any]
) -> None:
    """At most one in HOOK_LOG, with their number."""

    async def fail(_: object) -> str:
        raise ValueError

    one = asking(fail)
    for _ in range(50):
        await one.ask("?")
    await trio.sleep(timeouts.HOOK_LOG.seconds)
    await one.ask("?")
    assert [line["times"] for line in logged] == [1, 50]


async def test_a_function_that_hangs_keeps_its_thread_and_nobody_else_s_time() -> None:
    """With all threads lost every question is late, then passed over at once; they come back when it returns."""
    released = threading.Event()
    one = asking(lambda _: str(released.wait(30)), SHORT)
    async with trio.open_nursery() as nursery:
        for _ in range(limits.HOOK_THREADS):
            nursery.start_soon(one.ask, "?")
    assert one.threads == limits.HOOK_THREADS
    assert one.late == limits.HOOK_THREADS
    assert isinstance(await one.ask("?"), NoAnswer)
    assert one.passed_over == 1
    released.set()
    await until(lambda: one.threads == 0)


async def test_the_queue_for_threads_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past MAX_HOOK_QUEUE a question is passed over at once instead of waiting for a thread."""
    monkeypatch.setattr(limits, "HOOK_THREADS", 1)
    monkeypatch.setattr(limits, "MAX_HOOK_QUEUE", 2)
    released = threading.Event()
    one = asking(lambda _: str(released.wait(30)), Timeout("test-hook", 30, "until it is released"))
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(one.ask, "?")
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert isinstance(await one.ask("?"), NoAnswer)
        released.set()
    assert counts(one) == (3, 0, 0, 1)
