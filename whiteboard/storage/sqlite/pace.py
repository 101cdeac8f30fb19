"""How often to commit: at once while that is cheap, in a rhythm when it is not. Pure; the clock is handed in.

Each commit costs a thread's turn, a sync and a page of every tree it touches, however few ops it has. A writer
that commits whenever something waits would spend most of a busy core on that. So it has an allowance: a share
of the time, saved up to a burst. On a quiet server no commit waits; under load the waiting ops are
gathered, each for a bounded time, and a commit's cost is shared by more of them.
"""

from typing import Final

from whiteboard import timeouts

_SHARE: Final = 0.1
"""Part of a core's time that commits may take before they wait for each other. 200 lone ops a second take half of that."""


class Pace:
    """The allowance of one writer. Times in seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._debt = 0.0
        self._at = 0.0

    def spend(self, now: float, cpu: float) -> None:
        """A commit that has just ended took so much of a core.

        More than can be waited for is forgiven, so that it is over soon after the load is.
        """
        self._debt = min(self._debt_at(now) + cpu, _most())
        self._at = now

    def rest(self, now: float) -> float:
        """How long the next commit should wait; 0 within the allowance, COMMIT_RHYTHM at most."""
        over = self._debt_at(now) - timeouts.COMMIT_BURST.seconds
        return max(0.0, over / _SHARE)

    def _debt_at(self, now: float) -> float:
        return max(0.0, self._debt - (now - self._at) * _SHARE)


def _most() -> float:
    return timeouts.COMMIT_BURST.seconds + timeouts.COMMIT_RHYTHM.seconds * _SHARE
