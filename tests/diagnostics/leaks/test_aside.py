"""Work that a copy of the process does."""

import os
from pathlib import Path

import pytest
import trio

from whiteboard import timeouts
from whiteboard.deadlines import TimedOut
from whiteboard.diagnostics.leaks.aside import ask_aside


def descriptors() -> list[str]:
    """Those that are open, and the one that is needed to look."""
    return [one.name for one in Path("/proc/self/fd").iterdir()]


def has_child() -> bool:
    """Whether a process that we began is there, be it dead."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


async def test_the_copy_sees_what_we_had_and_changes_nothing_of_it() -> None:
    """Its answer comes whole, and nothing of it is left: no child, no descriptor."""
    seen = [1]

    def work() -> bytes:
        seen.append(2)
        return bytes(sum(seen)) * 100_000

    before = descriptors()
    assert await ask_aside(work, timeouts.LEAK_SEARCH) == bytes(300_000)
    assert seen == [1]
    assert descriptors() == before
    assert not has_child()


async def test_a_copy_has_none_of_our_descriptors() -> None:
    """A socket that we close is closed for its peer then."""
    answer = await ask_aside(lambda: " ".join(descriptors()).encode(), timeouts.LEAK_SEARCH)
    assert len(answer.split()) == 2  # the answer's pipe, and the directory that it looks into


async def test_a_copy_that_fails_answers_nothing() -> None:
    """It ends there, and no code of ours runs on in it."""

    def work() -> bytes:
        raise ValueError("no")

    assert await ask_aside(work, timeouts.LEAK_SEARCH) == b""


async def test_a_copy_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when who asked is cancelled."""

    def work() -> bytes:
        while True:
            pass

    monkeypatch.setattr(timeouts.LEAK_SEARCH, "seconds", 0.05)
    with pytest.raises(TimedOut):
        await ask_aside(work, timeouts.LEAK_SEARCH)
    monkeypatch.undo()
    with trio.move_on_after(0.05) as scope:
        await ask_aside(work, timeouts.LEAK_SEARCH)
    assert scope.cancelled_caught
    assert not has_child()
