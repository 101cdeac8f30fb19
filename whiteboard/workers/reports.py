"""What each worker of a server tells of itself, asked from any of them: for `/debug/workers` and `/debug/status`."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import trio

from whiteboard import deadlines, timeouts
from whiteboard.deadlines import deadline
from whiteboard.diagnostics import figures, findings
from whiteboard.errors import RoomClosed
from whiteboard.workers.asking import Question, ask
from whiteboard.workers.inlet import Inlet
from whiteboard.workers.share import Share


class Reports:
    """Reports by the number of a worker.

    Args: `own` gives the rest of this worker's report, and `status` how it is doing.
    """

    def __init__(
        self,
        own: Callable[[], Mapping[str, Any]],
        status: Callable[[], Mapping[str, Any]],
        share: Share,
        inlet: Inlet,
    ) -> None:
        self._own = own
        self._status = status
        self._share = share
        self._inlet = inlet

    def own(self) -> dict[str, Any]:
        """Of this worker: its number, its process, and what it is made of."""
        return {
            "worker": self._share.number,
            "pid": os.getpid(),
            **self._own(),
            "timeouts": deadlines.report(),
            "figures": figures.report(),
            "findings": findings.report(),
        }

    async def of(self, number: int) -> Mapping[str, Any] | None:
        """Of worker `number`; None when it is away or does not answer within CLEANUP."""
        return self.own() if number == self._share.number else await self._asked(number, "report")

    async def status_of(self, number: int) -> Mapping[str, Any] | None:
        """How worker `number` is doing; None as in `of`."""
        return self._status() if number == self._share.number else await self._asked(number, "status")

    async def _asked(self, number: int, what: str) -> Mapping[str, Any] | None:
        try:
            with deadline(timeouts.CLEANUP):
                told = await ask(self._inlet, number, Question(what))
        except (RoomClosed, trio.TooSlowError):
            return None
        report: Mapping[str, Any] = msgspec.json.decode(told)
        return report
