"""How busy the process is."""

import pytest
import trio
import trio.testing

from whiteboard.diagnostics.memory import pace
from whiteboard.diagnostics.memory.pace import Pace


async def test_a_process_is_quiet_that_used_little_of_a_core_since_the_last_question(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each question begins anew, whatever was before it."""
    worked = 5.0
    monkeypatch.setattr(pace, "process_time", lambda: worked)
    asked = Pace()
    for seconds, work, is_quiet in ((10, 0.4, True), (10, 0.6, False), (2, 0.2, False), (60, 0.2, True)):
        await trio.sleep(seconds)
        worked += work
        assert asked.was_quiet() is is_quiet
