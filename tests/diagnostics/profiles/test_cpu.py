"""CPU time by stack and task."""

import signal
import subprocess
import sys
import threading
import time

import pytest
import trio

from whiteboard.diagnostics.profiles.cpu import cpu_profile, sampling_cpu, what_keeps_from_sampling
from whiteboard.diagnostics.profiles.profile import Profile
from whiteboard.diagnostics.profiles.sources import ProfileRefused


def burn(cpu_seconds: float) -> None:
    """Use so much of this thread's CPU time."""
    ends = time.thread_time() + cpu_seconds
    while time.thread_time() < ends:
        sum(range(1_000))


async def planted_busy_task() -> None:
    """Burns, and lets others run in between."""
    for _ in range(20):
        burn(0.01)
        await trio.lowlevel.checkpoint()


def seconds_of(profile: Profile, name: str) -> float:
    """CPU seconds of the stacks with a function of that name."""
    return sum(
        one.values[1] for one in profile.samples if any(f.function.endswith(f".{name}") for f in one.stack)
    ) / 1e9  # fmt: skip


async def test_a_busy_function_is_named_with_its_task() -> None:
    """R51. Most of the process's time is where it was burnt, labelled with the task that burnt it."""
    with sampling_cpu(100) as samples:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(planted_busy_task, name="planted: busy")
    profile = samples.profile()
    burnt = [one for one in profile.samples if any(f.function.endswith(".burn") for f in one.stack)]
    assert seconds_of(profile, "burn") > 0.05
    assert {one.labels for one in burnt} == {(("kind", "planted_busy_task"), ("task", "planted: busy"))}
    assert profile.period == 10_000_000


def test_a_long_call_counts_with_all_its_time() -> None:
    """No signal is handled while C code runs: the first behind it has all of its time."""
    with sampling_cpu(100) as samples:
        before = time.thread_time()
        sum(range(4_000_000))
        took = time.thread_time() - before
        burn(0.03)
    profile = samples.profile()
    assert sum(one.values[1] for one in profile.samples) / 1e9 > 0.8 * took


def test_other_threads_have_their_own_share() -> None:
    """What they use is not put on the main thread's stack."""
    worker = threading.Thread(target=burn, args=(0.15,))
    with sampling_cpu(200) as samples:
        worker.start()
        worker.join()
        burn(0.02)
    profile = samples.profile()
    assert (
        sum(one.values[1] for one in profile.samples if one.stack[0].function == "(other threads)") > 0.08e9
    )
    assert seconds_of(profile, "burn") < 0.06


async def test_timer_and_handler_are_as_they_were() -> None:
    """Also when it is cancelled; and one that has nothing to do costs no signal."""
    with trio.move_on_after(0.01):
        await cpu_profile(30, 100)
    assert signal.getsignal(signal.SIGPROF) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
    burn(0.02)
    assert (await cpu_profile(0.01, 100)).types[1].kind == "cpu"


async def test_one_at_a_time() -> None:
    """Who profiles already is told of, whoever it is."""
    with sampling_cpu(100):
        with pytest.raises(ProfileRefused, match="being profiled already"):
            await cpu_profile(1, 100)
        assert signal.getitimer(signal.ITIMER_PROF)[1] > 0
    signal.signal(signal.SIGPROF, lambda *_: None)
    try:
        off = what_keeps_from_sampling()
        assert off is not None
        assert off.code == "cpu_profiled"
    finally:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)


async def test_only_the_main_thread() -> None:
    """Elsewhere Python does not handle signals."""
    off = await trio.to_thread.run_sync(what_keeps_from_sampling)
    assert off is not None
    assert off.code == "no_main_thread"


@pytest.mark.parametrize("hz", [0, 301])
def test_rates_that_the_kernel_does_not_have(hz: int) -> None:
    """Refused with the bound."""
    with pytest.raises(ValueError, match="from 1 to 300"), sampling_cpu(hz):
        pass


def test_waits_in_the_kernel_and_children_go_on() -> None:
    """A child has no timer that would end it, and a wait that is interrupted goes on."""
    spin = "import time; e = time.process_time() + 0.05\nwhile time.process_time() < e: pass"
    with sampling_cpu(300):
        burner = threading.Thread(target=burn, args=(0.1,))
        burner.start()
        began = time.monotonic()
        time.sleep(0.05)
        slept = time.monotonic() - began
        burner.join()
        assert subprocess.run([sys.executable, "-c", spin], check=False).returncode == 0
    assert slept >= 0.05
