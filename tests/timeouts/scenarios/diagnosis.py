"""Scenarios of what the server finds out about itself."""

import mmap
import os
import time
from contextlib import suppress

import trio
from timeouts.scenarios.book import ALMOST, later, scenario

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

    def end(self) -> None:
        """Let it be done, and see that it is."""
        self._shared[0] = 1
        while not (child := int.from_bytes(self._shared[1:9], "big")):
            time.sleep(0.001)  # it has not begun yet
        with suppress(ChildProcessError):  # it came too late, was killed and is gone
            os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)


@scenario("a child that never ends", late="profile_late", settle=0.05)
async def a_child_that_never_ends(entry: Timeout) -> str:
    """A child that takes almost as long as it may is heard; later it is killed, and who asked is told so."""
    patient = Patient()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(later, ALMOST * entry.default, patient.end)
        try:
            told = (await forked(patient.work)).decode()
        except ProfileRefused as refused:
            told = refused.code
        nursery.cancel_scope.cancel()
    return told
