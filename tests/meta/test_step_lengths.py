"""A task that keeps the loop fails the test that it runs in."""

import gc
from time import thread_time

import pytest
import step_lengths
import trio
from step_lengths import LIMIT_SECONDS, TRACED


def work(seconds: float) -> None:
    """Of the CPU."""
    ends = thread_time() + seconds
    while thread_time() < ends:
        pass


@pytest.mark.long_steps(reason="it takes one to show that it is seen")
def test_a_long_step_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its task, and where that waits then. [R53]"""
    slow = step_lengths.slowness()
    monkeypatch.setattr(
        step_lengths, "slowness", lambda: slow
    )  # a core's speed changes from moment to moment

    async def unlucky() -> None:
        work(2 * LIMIT_SECONDS * TRACED * slow)
        await trio.lowlevel.checkpoint()

    trio.run(unlucky)
    [step] = step_lengths.LONG
    assert step.seconds > LIMIT_SECONDS
    assert str(step).startswith("a step of ")
    assert "unlucky" in str(step)
    assert "checkpoint" in step.ended_at


def test_a_slow_core_may_take_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many times as it takes longer for what is always the same."""
    monkeypatch.setattr(step_lengths, "_WORK_SECONDS", step_lengths._WORK_SECONDS / 100)
    assert step_lengths.slowness() > 50

    async def slow() -> None:
        work(2 * LIMIT_SECONDS * TRACED)

    trio.run(slow)
    assert step_lengths.LONG == []


async def test_what_waits_or_collects_is_not_long() -> None:
    """Time that others have, and the collector's, is not the task's."""
    rubbish: list[object] = []
    for _ in range(200_000):
        rubbish.append([rubbish])
    await trio.lowlevel.checkpoint()
    gc.collect()
    await trio.sleep(LIMIT_SECONDS * 2)
    assert step_lengths.LONG == []
