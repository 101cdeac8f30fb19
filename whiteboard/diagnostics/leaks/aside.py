"""Work that would hold everybody up, done by a copy of this process: it sees all objects as they were, and we go on.

`fork` copies page tables only, some milliseconds for each GiB. The copy has one thread, touches no file, socket or lock
of ours (its descriptors are closed first) and ends with `os._exit`: nothing that should happen at our end happens at its own.
"""

import os
import signal
from collections.abc import Callable
from typing import Final

import trio

from whiteboard import limits, timeouts
from whiteboard.deadlines import deadline, within
from whiteboard.registry import Timeout

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


async def ask_aside(work: Callable[[], bytes], patience: Timeout) -> bytes:
    """What `work()` returns in a copy of this process; empty when it raised there.

    Raises OSError where no copy can be made, TimedOut; the copy is gone then, as when this is cancelled.
    """
    ours, theirs = os.pipe()
    try:
        copy = os.fork()
    except OSError:
        os.close(ours)
        os.close(theirs)
        raise
    if copy == 0:
        _be_the_copy(work, theirs)
    os.close(theirs)
    try:
        with deadline(patience):
            return await _read_all(ours)
    finally:
        os.kill(copy, signal.SIGKILL)  # it has said everything, or will not
        with within(timeouts.CLEANUP, shield=True):
            await trio.to_thread.run_sync(  # noqa: ASYNC102 - `within` is shielded and ends
                os.waitpid, copy, 0, abandon_on_cancel=True
            )


def _be_the_copy(work: Callable[[], bytes], answer: int) -> None:
    """Never returns."""
    try:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        os.closerange(0, answer)
        os.closerange(answer + 1, os.sysconf("SC_OPEN_MAX"))
        told = work()
        while told:
            told = told[os.write(answer, told) :]
    finally:
        os._exit(0)


async def _read_all(pipe: int) -> bytes:
    read = bytearray()
    async with trio.lowlevel.FdStream(pipe) as stream:
        while len(read) < limits.MAX_ASIDE_BYTES and (part := await stream.receive_some()):
            read += part
    return bytes(read)
