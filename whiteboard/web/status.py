"""`/debug/status`: how the server is doing, of all its processes together and of each. For the operator."""

from collections.abc import Mapping
from typing import Any

import trio
from starlette.requests import Request
from starlette.responses import Response

from whiteboard import config, deadlines
from whiteboard.diagnostics import status
from whiteboard.web.access import require_operator
from whiteboard.web.answers import json_answer
from whiteboard.web.services import WebServices


class Status:
    """The one route."""

    def __init__(self, services: WebServices) -> None:
        self._services = services

    async def show(self, request: Request) -> Response:
        """GET: `{"versions", "settings", "timeoutConfigVersion", …}` and what `diagnostics.status.together` gives."""
        require_operator(request, self._services.settings.debug.token, self._services.trust)
        return json_answer(
            {
                "versions": status.versions(),
                "timeoutConfigVersion": deadlines.version(),
                "settings": config.describe(self._services.settings),
                **status.together(await self._statuses()),
            }
        )

    async def _statuses(self) -> Mapping[int, Mapping[str, Any] | None]:
        """Of each process by number, asked at once."""
        ask = self._services.status_of
        if ask is None:
            return {0: self._services.status()}
        found: dict[int, Mapping[str, Any] | None] = {}

        async def look(number: int) -> None:
            found[number] = await ask(number)

        async with trio.open_nursery() as looking:
            for number in range(self._services.settings.workers):
                looking.start_soon(look, number)
        return found
