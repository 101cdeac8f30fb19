"""Scenarios of what has ended and is still there."""

import math
import threading
from collections.abc import Callable

import trio
import trio.testing
from timeouts.scenarios.book import SURELY, before_and_after, is_about_ten, scenario

from whiteboard import timeouts
from whiteboard.deadlines import TimedOut
from whiteboard.diagnostics import findings
from whiteboard.diagnostics.leaks.aside import ask_aside
from whiteboard.diagnostics.leaks.departed import Departed
from whiteboard.diagnostics.leaks.stray_tasks import StrayTasks
from whiteboard.diagnostics.leaks.watch import LeakWatch
from whiteboard.timeouts import Timeout


class Looked(Departed):
    """Notes when it is asked who is overdue."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    def overdue(self, seconds: float, most: int) -> list[Leaver]:
        self.times += 1
        return super().overdue(seconds, most)
