"""May traffic come here: not draining, and the store takes writes.

`/healthz` asks nothing of anybody, so that a full disk does not get the process killed; `/readyz`
writes. A probe's result serves everybody for STORAGE_RETRY, so that checks cost the store nothing.
"""

import math

import trio
from starlette.requests import Request
from starlette.responses import Response

from whiteboard import __version__, timeouts
from whiteboard.deadlines import within
from whiteboard.diagnostics import logs
from whiteboard.errors import StorageError
from whiteboard.web.answers import error_answer, json_answer, retry_later
from whiteboard.web.services import WebServices

log = logs.get_logger()


class Readiness:
    """Answers `/healthz` and `/readyz`."""

    def __init__(self, services: WebServices) -> None:
        self._services = services
        self._lock = trio.Lock()
        self._probed_at = -math.inf
        self._takes_writes = True
        self._fault = ""
        # of the storage, as its adapter has it: for the log, as it may name addresses
        self._was_ready = True

    async def healthz(self, _: Request) -> Response:
        """The process answers, and with which version."""
        return json_answer({"alive": True, "version": __version__})

    async def readyz(self, _: Request) -> Response:
        """200, with what is degraded, if something is; or 503 with every reason."""
        reasons = await self.reasons()
        self._note(reasons)
        if reasons:
            return error_answer(503, "not_ready", "; ".join(reasons), headers=retry_later())
        degraded = list(self._services.degraded())
        return json_answer({"ready": True, "degraded": degraded} if degraded else {"ready": True})

    async def reasons(self) -> list[str]:
        """Why no traffic should come; empty when it may.

        Answers within READY_PROBE, or as soon after as the store lets go of a cancelled probe.
        """
        reasons = list(self._services.rooms.readiness())
        if not await self._stores():
            reasons.append("storage does not take writes")
        return reasons

    async def _stores(self) -> bool:
        async with self._lock:  # who waits here gets the result of the probe that runs
            if trio.current_time() - self._probed_at >= timeouts.STORAGE_RETRY.seconds:
                await self._probe()
            return self._takes_writes

    async def _probe(self) -> None:
        fault = f"no answer within {timeouts.READY_PROBE.seconds:g} s"
        try:
            with within(timeouts.READY_PROBE):
                await self._services.probe()
                fault = ""
        except StorageError as error:
            fault = str(error)
            log.debug("probe_failed", reason=fault)
        self._takes_writes, self._fault, self._probed_at = not fault, fault, trio.current_time()

    def _note(self, reasons: list[str]) -> None:
        """Log the changes only: supervisors ask every few seconds."""
        if self._was_ready and reasons:
            log.warning("readiness_lost", reasons=reasons, storage=self._fault or None)
        elif not self._was_ready and not reasons:
            log.info("readiness_regained")
        self._was_ready = not reasons
