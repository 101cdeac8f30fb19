"""Work on a copy of the process: a forked child does it, and hands its result over through a pipe.

For what would hold the event loop for seconds and needs all that is in memory. The event loop stops only for the fork itself,
which copies the page tables: 25 to 70 µs for each MiB that is resident.

A child that is forked from a process with threads has only the one that forked; locks that others held stay held for ever
there. So it does no more than it is told, logs nothing, and has SIGALRM to end it by the same deadline as its parent has; from
the fork until the handlers of its parent's are gone no signal reaches it;
nothing of what it inherited stays open, lest a socket that its parent closes stays open for the peer.

Not while a timer sends SIGPROF: a signal that comes during a fork has the kernel begin it anew, and a large process is never
done. Timers themselves are not inherited (setitimer(2)).
"""

import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NoReturn

import trio

from whiteboard import limits, timeouts
from whiteboard.deadlines import TimedOut, deadline, within
from whiteboard.diagnostics.profiles.sources import ProfileRefused

Work = Callable[[], bytes]
_DONE: Final = b"="
_FAILED: Final = b"!"
_CHUNK: Final = 256 * 1024
_NICER: Final = 10
"""So that who serves people goes first where cores are few."""


class ChildFailed(Exception):
    """The child did not do its work; says why."""


async def forked(work: Work) -> bytes:
    """What `work` gives, done by a child within PROFILE_CHILD.

    `work` must touch no lock that another thread may hold, and nothing outside of the process.
    Raises ProfileRefused while the CPU is profiled or when the child is late, was killed or cannot be had, ChildFailed when it
    failed.
    However this ends, also cancelled, the child has ended before.
    """
    if is_cpu_profiled():
        raise ProfileRefused(
            "cpu_profiled", "A CPU profile runs, and its timer keeps the process from forking; try again."
        )
    child, pipe = _fork(work)
    handle = _handle_of(child)
    try:
        async with trio.lowlevel.FdStream(pipe) as stream:
            with deadline(timeouts.PROFILE_CHILD):
                told = await _read(stream)
    except trio.TooSlowError as error:
        raise _late(error) from error
    finally:
        _kill(child, handle)
        ended_by = 0
        with within(timeouts.CLEANUP, shield=True):  # some milliseconds, while its memory is taken down
            ended_by = await _see_end(child)  # noqa: ASYNC102 - `within` is shielded and ends
    return _result(told, ended_by)


def _result(told: bytes, ended_by: int) -> bytes:
    """What a child has worked out, or why not. `ended_by` is the signal that ended it, or 0."""
    if told[:1] == _DONE:
        return told[1:]
    if told:
        raise ChildFailed(told[1:].decode(errors="replace"))
    if ended_by == signal.SIGALRM:  # it found before its parent did that it is late
        raise _late(TimedOut(timeouts.PROFILE_CHILD))
    raise ProfileRefused(
        "profile_lost", "The child that writes it was killed, as the system does when it is short of memory."
    )


def _late(error: trio.TooSlowError) -> ProfileRefused:
    return ProfileRefused("profile_late", f"The child that writes it was killed: {error}.")


def is_cpu_profiled() -> bool:
    """Whether a timer of this process sends SIGPROF, so that nothing can be forked."""
    return signal.getitimer(signal.ITIMER_PROF) != (0.0, 0.0)


def _handle_of(child: int) -> int | None:
    """What stands for a child also when its id is somebody else's by now; None where there is none to be had.

    That is where others take the status of all children, as plugins may, or where the system drops it, as it does when SIGCHLD
    is ignored.
    """
    try:
        return os.pidfd_open(child)
    except (OSError, AttributeError):
        return None


def _kill(child: int, handle: int | None) -> None:
    """End it, if it is there; the handle is closed."""
    try:
        if handle is None:
            os.kill(child, signal.SIGKILL)
        else:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        return  # it has ended, and somebody took its status
    finally:
        if handle is not None:
            os.close(handle)


async def _see_end(child: int) -> int:
    """The signal that ended a child that was killed, or 0: its status is taken in a thread, or here for some milliseconds."""
    # A place of its own: who reads profiles as text may have taken those of `aside`, and a zombie would stay.
    place = trio.CapacityLimiter(1)
    try:
        return await trio.to_thread.run_sync(_take_status, child, limiter=place)
    except RuntimeError:  # no thread can be had
        return _take_status(child)


def _take_status(child: int) -> int:
    with suppress(ChildProcessError):  # somebody took it
        _, status = os.waitpid(child, 0)
        return os.WTERMSIG(status)
    return 0


async def _read(stream: trio.lowlevel.FdStream) -> bytes:
    data = bytearray()
    while (chunk := await stream.receive_some(_CHUNK)) and len(data) <= limits.MAX_PROFILE_BYTES:
        data += chunk
    if chunk:
        raise ChildFailed(f"it says more than {limits.MAX_PROFILE_BYTES} bytes")
    return bytes(data)


def _fork(work: Work) -> tuple[int, int]:
    """A child that does `work`, and the pipe that its result comes from. Raises ProfileRefused where there is none to be had."""
    try:
        source, sink = os.pipe2(os.O_CLOEXEC)
    except OSError as error:
        raise _no_process(error) from error
    # A signal's handler that raised in the child before it is one would have it go on as a second server.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        child = os.fork()
        if child == 0:
            _be_child(work, sink)
    except OSError as error:
        os.close(source)
        os.close(sink)
        raise _no_process(error) from error
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    os.close(sink)
    return child, source


def _no_process(error: OSError) -> ProfileRefused:
    return ProfileRefused("no_process", f"The system gives no process: {error.strerror}.")


def _be_child(work: Work, sink: int) -> NoReturn:
    """Never returns, whatever happens: above is a copy of the event loop."""
    told = b""
    try:
        try:
            _let_go_of_everything(sink)
            told = _DONE + work()
        finally:
            _write(sink, told or _FAILED + traceback.format_exc().encode(errors="replace"))
    finally:
        os._exit(0)


def _let_go_of_everything(sink: int) -> None:
    gc.disable()
    sys.settrace(None)
    os.nice(_NICER)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.alarm(timeouts.PROFILE_CHILD.whole_seconds)
    os.closerange(0, sink)
    os.closerange(sink + 1, os.sysconf("SC_OPEN_MAX"))


def _write(sink: int, data: bytes) -> None:
    while data:
        data = data[os.write(sink, data[:_CHUNK]) :]
