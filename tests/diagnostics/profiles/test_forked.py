"""Work on a copy of the process: its result, its faults, and that nothing of it stays."""

import os
import resource
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import trio
import trio.testing

from whiteboard import timeouts
from whiteboard.diagnostics.profiles.forked import ChildFailed, forked
from whiteboard.diagnostics.profiles.sources import ProfileRefused, aside


@pytest.fixture(autouse=True)
def no_child_stays() -> Iterator[None]:
    """Whatever happened, every child that was forked has ended and its status is taken."""
    yield
    require_no_child()


def require_no_child() -> None:
    """Raises when there is one, or what is left of one."""
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


async def test_a_child_gives_what_it_works_out() -> None:
    """The result comes from another process, which sees what this one has, and any size of it comes whole."""
    here = ["what", "the", "parent", "has"]

    told = await forked(lambda: f"{os.getppid()} {len(here)} ".encode() + b"x" * 1_000_000)

    assert told == f"{os.getpid()} 4 ".encode() + b"x" * 1_000_000


async def test_a_child_that_fails_says_why() -> None:
    """Its traceback comes with the error; nothing of it goes on in this process."""

    def work() -> bytes:
        raise KeyboardInterrupt("in the child")

    with pytest.raises(ChildFailed, match="KeyboardInterrupt: in the child"):
        await forked(work)


async def test_a_child_that_dies_is_noticed() -> None:
    """One that the system kills is no result, and no fault of ours: who asked may ask again."""

    def work() -> bytes:
        os.kill(os.getpid(), signal.SIGKILL)
        return b""

    with pytest.raises(ProfileRefused, match="was killed"):
        await forked(work)


async def test_a_child_whose_status_is_nobodys_is_no_fault() -> None:
    """Where SIGCHLD is ignored, as some who start servers have it, children leave nothing; nor where somebody else took it."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert await forked(lambda: b"done") == b"done"
    finally:
        signal.signal(signal.SIGCHLD, before)

    def take_one() -> None:
        with suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)

    async def take_all() -> None:
        while True:
            take_one()
            await trio.sleep(0.001)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(take_all)
        assert await forked(lambda: b"done") == b"done"
        nursery.cancel_scope.cancel()


def sleep_on() -> bytes:
    """Much too long."""
    time.sleep(60)
    return b"late"


async def test_a_late_child_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """After PROFILE_CHILD the child has ended, and who asked is told so."""
    monkeypatch.setattr(timeouts, "PROFILE_CHILD", timeouts.Timeout("profile-child", 0.05, "a short one"))

    with pytest.raises(
        ProfileRefused, match=r"was killed: profile-child took longer than 0\.05 s"
    ) as refused:
        await forked(sleep_on)

    assert refused.value.code == "profile_late"


async def test_a_child_that_ends_itself_is_late_too() -> None:
    """By its own alarm, when it sees before its parent that PROFILE_CHILD is over."""

    def work() -> bytes:
        signal.raise_signal(signal.SIGALRM)
        return b""

    with pytest.raises(ProfileRefused, match=r"was killed: profile-child took longer than 20 s") as refused:
        await forked(work)

    assert refused.value.code == "profile_late"


async def test_a_cancelled_child_is_killed() -> None:
    """Who does not want it any more leaves no child behind; the loop runs meanwhile."""
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await trio.sleep(0.005)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(turn)
        with trio.move_on_after(0.1) as scope:
            await forked(sleep_on)
        nursery.cancel_scope.cancel()

    assert scope.cancelled_caught
    assert turns > 1


async def test_what_the_parent_has_open_is_closed_in_the_child() -> None:
    """A socket that the parent closes is not kept open for its peer by a child; the child has its pipe only."""
    with Path(os.devnull).open() as held:
        number = held.fileno()
        told = await forked(lambda: b" ".join(one.name.encode() for one in Path("/proc/self/fd").iterdir()))

    descriptors = {int(name) for name in told.split()}
    assert number not in descriptors
    assert len(descriptors) == 2  # the pipe, and the folder that it is listing


async def test_signals_find_no_handler_of_the_parents_in_the_child() -> None:
    """Ctrl-C is for the whole group: in the child it must not begin to end a server, nor may the child be deaf to it."""

    def work() -> bytes:
        signal.raise_signal(signal.SIGINT)
        return b"went on"

    with pytest.raises(ProfileRefused, match="was killed"):
        await forked(work)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()


async def test_no_signal_comes_between_the_fork_and_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is sent to both as soon as there are two runs the parent's handler once, in the parent."""
    heard: list[int] = []
    fork = os.fork

    def fork_and_signal() -> int:
        child = fork()
        signal.raise_signal(signal.SIGTERM)
        heard.append(os.getpid())  # in the child nobody reads it
        return child

    def handler(_number: int, _frame: object) -> None:
        if os.getpid() != here:
            os._exit(0)
        handled.append(os.getpid())

    handled: list[int] = []
    here = os.getpid()
    before = signal.signal(signal.SIGTERM, handler)
    monkeypatch.setattr(os, "fork", fork_and_signal)
    try:
        with pytest.raises(ProfileRefused, match="was killed"):  # of its own SIGTERM, when it is a child
            await forked(lambda: b"done")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert handled == heard == [here]


async def test_the_status_of_a_child_is_taken_whoever_works_in_threads() -> None:
    """Who reads profiles as text takes both places of `aside`."""
    go_on = threading.Event()
    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(partial(aside, go_on.wait))
        await trio.testing.wait_all_tasks_blocked()
        with trio.move_on_after(0.1):
            await forked(sleep_on)
        require_no_child()
        go_on.set()


async def test_no_fork_while_the_cpu_is_profiled() -> None:
    """A timer's signals would have the kernel begin the fork again and again."""
    before = signal.signal(signal.SIGPROF, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_PROF, 10)
    try:
        with pytest.raises(ProfileRefused) as refused:
            await forked(sleep_on)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    assert refused.value.code == "cpu_profiled"


async def test_where_no_descriptor_is_left_there_is_no_child() -> None:
    """It is refused, as where the system gives no process."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        with pytest.raises(ProfileRefused) as refused:
            await forked(sleep_on)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert refused.value.code == "no_process"


async def test_a_child_is_waited_for_where_no_thread_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is killed by then, so that takes milliseconds."""

    async def no_thread(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(trio.to_thread, "run_sync", no_thread)
    assert await forked(lambda: b"done") == b"done"
