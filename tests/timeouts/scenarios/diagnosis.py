"""Scenarios of what the server finds out about itself."""

import mmap
import os
import time
from contextlib import suppress

import trio
from timeouts.scenarios.book import ALMOST, scenario

from whiteboard.diagnostics.profiles.forked import forked
from whiteboard.diagnostics.profiles.sources import ProfileRefused
from whiteboard.timeouts import Timeout


class Patient:
    """A child's work that is done when it is told so, and can be waited for until its end, on the machine's clock."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 16)

    def work(self) -> bytes:
        """In the child."""
        self._shared[1:9] = os.getpid().to_bytes(8, "big")
        while not self._shared[0]:
            time.sleep(0.001)
        return b"in time"

    def _begun(self) -> int:
        while not (child := int.from_bytes(self._shared[1:9], "big")):
            time.sleep(0.001)
        return child

    async def end_after(self, seconds: float) -> None:
        """Let it be done then, and see that it is. It has begun before the clock goes on: a child that is killed never would."""
        child = self._begun()
        await trio.sleep(seconds)
        self._see_end(child)

    def _see_end(self, child: int) -> None:
        self._shared[0] = 1
        with suppress(ChildProcessError):  # it came too late, was killed and is gone
            os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)


@scenario("a child that never ends", late="profile_late", settle=0.05)
async def a_child_that_never_ends(entry: Timeout) -> str:
    """A child that takes almost as long as it may is heard; later it is killed, and who asked is told so."""
    patient = Patient()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(patient.end_after, ALMOST * entry.default)  # its first step comes after the fork
        try:
            told = (await forked(patient.work)).decode()
        except ProfileRefused as refused:
            told = refused.code
        nursery.cancel_scope.cancel()
    return told
