"""An alarm by the time of the core that the process has worked."""

import json
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

import pytest
import trio

from whiteboard.diagnostics.stalls.core_alarm import core_alarm
from whiteboard.diagnostics.stalls.stacks import look_at

pytestmark = [
    pytest.mark.alone,  # the signal comes to the main thread
    pytest.mark.long_steps(reason="an alarm goes off only when one is long"),
]

SECONDS = 0.05
TEXT = json.dumps([{"points": [[n, n]], "id": str(n)} for n in range(250_000)])


def parse() -> None:
    """In one call that keeps the interpreter's lock for several times as long."""
    json.loads(TEXT)


def work(seconds: float, now_and_then: Callable[[], None] = lambda: None) -> None:
    """So long, of the core."""
    ends = time.thread_time() + seconds
    while time.thread_time() < ends:
        now_and_then()


def test_it_interrupts_right_behind_a_call_that_kept_the_lock() -> None:
    """In the frame of the call, before anything that comes after it and although no other thread ran. [R53]"""
    seen: list[str] = []
    with core_alarm(SECONDS, lambda frame: seen.append(look_at(frame).function)) as put_off:
        put_off()
        parse()
        seen.append("what comes after it")
    assert seen[0] == f"{__name__}.parse"


def test_whoever_looks_meanwhile_sees_what_was_interrupted() -> None:
    """Not the alarm."""
    seen: list[str] = []

    def rings(_: FrameType) -> None:
        seen.append(look_at(frame_of_this_thread()).function)

    with core_alarm(SECONDS, rings) as put_off:
        put_off()
        parse()
    assert seen[0] == f"{__name__}.parse"


def frame_of_this_thread() -> FrameType:
    """That in which the alarm called what it calls, as it is the innermost of another thread that waits for the lock there."""
    frame = sys._getframe()
    while frame.f_globals["__name__"] != core_alarm.__module__:
        assert frame.f_back is not None
        frame = frame.f_back
    return frame


def test_it_goes_on_until_it_is_put_off() -> None:
    """Again and again while nobody does; never while somebody does all the time."""
    rang: list[float] = []
    with core_alarm(SECONDS, lambda _: rang.append(time.thread_time())) as put_off:
        work(4 * SECONDS, put_off)
        assert rang == []
        began = time.thread_time()
        put_off()
        while len(rang) < 3:
            work(SECONDS)
    assert rang[0] - began >= SECONDS / 2  # the system counts in ticks


def test_it_leaves_everything_as_it_was() -> None:
    """The signal, and no timer."""
    with core_alarm(SECONDS, lambda _: None) as put_off:
        put_off()
    assert signal.getsignal(signal.SIGVTALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def test_what_it_calls_raises_into_nothing_and_is_not_called_in_its_own_midst() -> None:
    """Whatever was interrupted goes on."""
    called: list[str] = []

    def rings(_: FrameType) -> None:
        called.append("begins")
        work(3 * SECONDS)
        called.append("ends")
        raise RecursionError

    with core_alarm(SECONDS, rings) as put_off:
        put_off()
        while "ends" not in called:
            work(SECONDS)
    assert called[:2] == ["begins", "ends"]


def test_it_takes_the_signal_from_nobody() -> None:
    """It does nothing then, and whoever has it keeps it."""
    signal.signal(signal.SIGVTALRM, theirs := lambda *_: None)
    try:
        with core_alarm(SECONDS, lambda _: None) as put_off:
            put_off()
            assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
            assert signal.getsignal(signal.SIGVTALRM) is theirs
    finally:
        signal.signal(signal.SIGVTALRM, signal.SIG_DFL)


async def test_it_does_nothing_outside_of_the_main_thread() -> None:
    """Where no signal can be heard."""

    def elsewhere() -> None:
        assert threading.current_thread() is not threading.main_thread()
        with core_alarm(SECONDS, lambda _: None) as put_off:
            put_off()
            assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)

    await trio.to_thread.run_sync(elsewhere)
