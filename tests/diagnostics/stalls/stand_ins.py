"""Readings and threads that are what a test says."""

from types import FrameType

from whiteboard.diagnostics.stalls.readings import Reading
from whiteboard.diagnostics.stalls.stacks import Look
from whiteboard.diagnostics.stalls.watch import Watch

LIMIT = 0.2
IDLE = Look(("select (epoll.py:1)",), "select", "epoll.py:1", is_idle=True)


def look(function: str, task: str | None = "pump") -> Look:
    """At a thread that runs that."""
    return Look((f"{function} (board.py:7)", "run (pump.py:3)"), function, "board.py:7", task)


class Machine:
    """A machine on which a loop is watched; time passes when it is told to."""

    def __init__(self, limit: float = LIMIT) -> None:
        self.now = Reading(100.0, 0.0, 0.0, 0.0)
        self.runs = IDLE
        self.runs_beside: Look | None = None
        self.has_waited: int | None = None
        self.has_nothing_to_do = False
        self.times_woken = 0
        self.watch = Watch(limit, lambda: self.now, self, self.wake, lambda: self.now.at)

    def loop(self) -> Look:
        return self.runs

    def loop_at(self, frame: FrameType) -> Look:
        return look(frame.f_code.co_name)

    def loop_waits(self) -> bool:
        return self.has_nothing_to_do

    def wake(self) -> None:
        self.times_woken += 1

    def other(self) -> Look | None:
        return self.runs_beside

    def waits(self) -> int | None:
        return self.has_waited

    def passes(self, seconds: float, worked: float = 0.0, beside: float = 0.0, waited: float = 0.0) -> None:
        """So much time, of which the loop's thread worked, others did, and the loop's waited for a core."""
        now = self.now
        self.now = Reading(
            now.at + seconds,
            now.worked + worked,
            now.worked_together + worked + beside,
            now.waited + waited,
        )
