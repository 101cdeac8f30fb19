"""Documents about the server for people who build on it or run it."""

from collections.abc import Mapping
from typing import Any

import trio
from starlette.requests import Request
from starlette.responses import Response

from whiteboard import deadlines
from whiteboard.config import describe
from whiteboard.diagnostics import figures, findings, logs
from whiteboard.storage.blocking import run_blocking
from whiteboard.web.access import require_operator
from whiteboard.web.answers import Refused, json_answer, json_bytes, retry_later
from whiteboard.web.services import WebServices


class Documents:
    """`/asyncapi.json`, `/schema/messages.json`, `/api/cluster`, `/metrics` and what stands at `/debug/` of the server as a whole."""

    def __init__(self, services: WebServices) -> None:
        self._services = services
        self._writing = trio.CapacityLimiter(1)

    async def asyncapi(self, _: Request) -> Response:
        """The sockets' description."""
        return json_bytes(self._services.asyncapi(), headers={"cache-control": "no-cache"})

    async def messages_schema(self, _: Request) -> Response:
        """The JSON Schema of every message."""
        return json_bytes(self._services.messages_schema(), headers={"cache-control": "no-cache"})

    async def tasks(self, request: Request) -> Response:
        """The live task tree, for the operator."""
        require_operator(request, self._services.settings.debug.token, self._services.trust)
        return json_answer(self._services.tasks())

    async def timeouts(self, request: Request) -> Response:
        """Every duration with its value and how it went, of all workers together."""
        require_operator(request, self._services.settings.debug.token, self._services.trust)
        if self._services.report_of is None:
            return json_answer(deadlines.report())
        reports = [report["timeouts"] for report in (await self._reports()).values() if report]
        return json_answer(deadlines.together(reports))

    async def metrics(self, request: Request) -> Response:
        """Every figure for Prometheus, of each worker that answers, for the operator (R55)."""
        require_operator(request, self._services.settings.debug.token, self._services.trust)
        if self._services.report_of is None:
            told = {"": figures.report()}
        else:
            reports = await self._reports()
            told = {str(number): one["figures"] for number, one in sorted(reports.items()) if one}
        body, content_type = await run_blocking(
            self._writing, _exposed, told, request.headers.get("accept", "")
        )
        return Response(body, headers={"content-type": content_type, "cache-control": "no-store"})

    async def logs(self, request: Request) -> Response:
        """`{"lines":[…]}`, the newest last, for the operator; of workers, those of whichever answers."""
        require_operator(request, self._services.settings.debug.token, self._services.trust)
        return json_answer({"lines": logs.recent()})

    async def settings(self, request: Request) -> Response:
        """The settings in force, as a YAML file would have them and with secrets masked, for the operator."""
        require_operator(request, self._services.settings.debug.token, self._services.trust)
        return json_answer(describe(self._services.settings))

    async def findings(self, request: Request) -> Response:
        """GET `?kind=`: `{"findings":[…]}`, what the server found wrong with itself, the latest first (R52, R53).

        Of several workers together; each finding then has its `worker`.
        """
        require_operator(request, self._services.settings.debug.token, self._services.trust)
        found = findings.report()
        if self._services.report_of is not None:
            reports = await self._reports()
            found = [
                {**one, "worker": number}
                for number, report in sorted(reports.items())
                for one in (report or {}).get("findings", ())
            ]
            found.sort(key=lambda one: one["latest_at"], reverse=True)
        kind = request.query_params.get("kind")
        return json_answer({"findings": [one for one in found if kind in {None, one["kind"]}]})

    async def cluster(self, request: Request) -> Response:
        """The servers that are known, for the operator: where they are is nobody else's business."""
        require_operator(request, self._services.settings.debug.token, self._services.trust)
        told = self._services.cluster()
        if self._services.report_of is None:
            return json_answer(told)
        counts = [report["counts"] for report in (await self._reports()).values() if report]
        sums = {what: sum(one[what] for one in counts) for what in ("sessions", "boards")}
        return json_answer({**told, "instance": {**told["instance"], **sums}})

    async def workers(self, request: Request) -> Response:
        """`{"workers":[{"worker","pid","counts"}]}`, `{"worker","away":true}` for one that does not answer."""
        require_operator(request, self._services.settings.debug.token, self._services.trust)
        found = []
        for number, report in sorted((await self._reports()).items()):
            kept = (
                {key: report[key] for key in ("pid", "counts") if key in report} if report else {"away": True}
            )
            found.append({"worker": number, **kept})
        return json_answer({"workers": found})

    async def worker(self, request: Request) -> Response:
        """One worker's live task tree."""
        require_operator(request, self._services.settings.debug.token, self._services.trust)
        number = request.path_params["number"]
        if number >= self._services.settings.workers:
            raise Refused(404, "not_found", f"There are {self._services.settings.workers} workers, from 0.")
        report = await self._report_of(number)
        if report is None:
            raise Refused(503, "unavailable", "The worker does not answer.", headers=retry_later())
        return json_answer(report)

    async def _reports(self) -> Mapping[int, Mapping[str, Any] | None]:
        """Of each worker by number, asked at once; None for one that does not answer."""
        found: dict[int, Mapping[str, Any] | None] = {}

        async def look(number: int) -> None:
            found[number] = await self._report_of(number)

        async with trio.open_nursery() as looking:
            for number in range(self._services.settings.workers):
                looking.start_soon(look, number)
        return found

    async def _report_of(self, number: int) -> Mapping[str, Any] | None:
        if self._services.report_of is None:
            return self._services.tasks()
        return await self._services.report_of(number)


def _exposed(reports: Mapping[str, Mapping[str, Any]], accept: str) -> tuple[bytes, str]:
    """In a worker thread: the first time it imports what takes 60 ms, and many servers are never asked."""
    from whiteboard.web.exposition import exposition  # noqa: PLC0415 - see above

    return exposition(reports, accept)
