"""Stalls of a real loop, seen by a real thread."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trio
from integration.polling import until

from whiteboard.diagnostics import findings
from whiteboard.diagnostics.stalls.watch import GAPS, KIND, STALLS, Cause
from whiteboard.diagnostics.stalls.watcher import open_stall_watch

pytestmark = [
    pytest.mark.alone,  # whoever runs tests on several cores has a thread that never waits
    pytest.mark.long_steps(reason="stalls are what it is about"),
]

LIMIT = 0.1
TEXT = json.dumps([{"points": [[n, n]], "id": str(n)} for n in range(250_000)])


@pytest.fixture(autouse=True)
def nothing_found() -> Iterator[None]:
    """Each test finds its own."""
    findings.FINDINGS.clear()
    yield
    findings.FINDINGS.clear()


async def stall(call: Callable[[], Any]) -> findings.Finding:
    """What is found when a task calls that."""

    async def stalls() -> None:
        call()

    async with open_stall_watch(LIMIT), trio.open_nursery() as nursery:
        await trio.sleep(2 * LIMIT)
        nursery.start_soon(trio.sleep, 0, name="innocent")
        nursery.start_soon(stalls, name="session of Ada")
        await until(lambda: bool(findings.FINDINGS.of_kind(KIND)))
    return findings.FINDINGS.of_kind(KIND)[-1]


def count_to_a_lot() -> None:
    """In pure Python, until it has worked for five times the limit."""
    until_then = time.thread_time() + 5 * LIMIT
    while time.thread_time() < until_then:
        pass


def parse() -> object:
    """In one call that keeps the interpreter's lock."""
    return json.loads(TEXT)


def wait(seconds: float = 4 * LIMIT) -> None:
    """In a call that gives the lock up."""
    time.sleep(seconds)


def wait_with_the_lock() -> None:
    """In a call that keeps it and does nothing: whoever watches waits for it, and is told from one that was frozen."""
    ctypes.PyDLL(None).usleep(int(4 * LIMIT * 1e6))


@pytest.mark.parametrize(
    ("call", "cause"),
    [
        (count_to_a_lot, Cause.BUSY),
        (parse, Cause.BUSY),
        (wait, Cause.BLOCKED),
        (wait_with_the_lock, Cause.BLOCKED),
    ],
)
async def test_a_stall_is_found_with_stack_and_task(call: Callable[[], Any], cause: Cause) -> None:
    """In pure Python, in a C call that keeps the interpreter's lock, and in one that blocks. [R53]"""
    seen_before, gaps = sum(STALLS.counts), GAPS.values().get(cause, 0)
    found = await stall(call)
    assert found.subject == f"{__name__}.{call.__qualname__}"
    assert found.facts["task"] == "session of Ada"
    assert found.facts["cause"] == cause
    assert "test_watcher.py:" in found.facts["at"]
    assert found.facts["seconds"] >= LIMIT / 2
    assert any(f"{call.__qualname__} (" in line for line in found.stack)
    assert any("stall.<locals>.stalls" in line for line in found.stack)
    assert sum(STALLS.counts) > seen_before
    assert GAPS.values()[cause] > gaps


async def test_another_thread_that_keeps_the_lock_is_named() -> None:
    """The loop is idle and cannot come round: what the other thread calls is found."""

    def elsewhere() -> None:
        while not is_over.wait(LIMIT):
            parse()

    def named() -> list[findings.Finding]:
        return [one for one in findings.FINDINGS.of_kind(KIND) if one.facts["cause"] == Cause.LOCK]

    is_over = threading.Event()
    thread = threading.Thread(target=elsewhere)
    async with open_stall_watch(LIMIT):
        await trio.sleep(2 * LIMIT)
        thread.start()
        try:
            await until(lambda: bool(named()))
        finally:
            is_over.set()
    await trio.to_thread.run_sync(thread.join)
    assert named()[0].subject == f"{__name__}.parse"


async def test_a_loop_that_has_nothing_to_do_does_not_stall() -> None:
    """Nor does one that is often busy for less than half the limit."""
    before = sum(STALLS.counts)
    async with open_stall_watch(12 * LIMIT):  # a busy machine makes a wait twice as long
        await trio.sleep(6 * LIMIT)
        for _ in range(4):
            wait(LIMIT)
            await trio.lowlevel.checkpoint()
    assert findings.FINDINGS.of_kind(KIND) == []
    assert sum(STALLS.counts) == before


STOPPED = """
import os, signal, sys, trio
from whiteboard.diagnostics import findings
from whiteboard.diagnostics.stalls.watch import GAPS
from whiteboard.diagnostics.stalls.watcher import open_stall_watch

async def main():
    async with open_stall_watch(0.1):
        await trio.sleep(0.3)
        WAITS
        with trio.move_on_after(60):
            while not any(GAPS.values().values()):
                await trio.sleep(0.01)
    print(findings.report(), [cause for cause, count in GAPS.values().items() if count], flush=True)

trio.run(main)
"""
IDLE = STOPPED.replace("WAITS", 'print("ready", flush=True)')
IN_A_STEP = STOPPED.replace(
    "WAITS", 'signal.signal(signal.SIGCONT, signal.SIG_IGN); print("ready", flush=True); os.read(0, 1)'
)


def test_a_process_that_was_stopped_has_not_stalled() -> None:
    """It is counted as the machine's doing, and not found."""
    assert said_after_a_stop(IDLE) == "[] [<Cause.STOPPED: 'stopped'>]\n"


def test_a_process_that_was_frozen_in_a_step_has_not_stalled() -> None:
    """As by a cgroup: nobody tells it of that, and its step took long."""
    assert said_after_a_stop(IN_A_STEP) == "[] [<Cause.STOPPED: 'stopped'>]\n"


def said_after_a_stop(program: str) -> str:
    """What is found by one that was stopped for a second, and then given what it waits for."""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        time.sleep(1)
        process.send_signal(signal.SIGCONT)
        process.stdin.write("x")
        process.stdin.flush()
        return process.stdout.readline()


HANGS = """
import ctypes, trio
from whiteboard import timeouts
from whiteboard.diagnostics.stalls.watcher import open_stall_watch

timeouts.STALL_LASTS.seconds = 0.5

def hangs_for_ever():
    library = ctypes.PyDLL(None)
    while True:
        library.sleep(60)

def blocks_for_ever():
    ctypes.CDLL(None).sleep(60)

async def main():
    async with open_stall_watch(0.1):
        await trio.sleep(0.3)
        HOW()

trio.run(main)
"""


@pytest.mark.parametrize("how", ["hangs_for_ever", "blocks_for_ever"])
def test_a_stall_without_an_end_is_said_while_it_lasts(how: str) -> None:
    """On standard error, with the stack: also when nobody else gets the interpreter's lock any more. [R53]"""
    command = [sys.executable, "-c", HANGS.replace("HOW", how)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        told = b""
        while how.encode() not in told:
            told += (read := os.read(process.stdout.fileno(), 65_536))
            assert read, told.decode()
        process.kill()
    assert ("loop_stalled" in told.decode()) == (how == "blocks_for_ever")
