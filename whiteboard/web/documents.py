"""Documents about the server for people who build on it or run it."""

from starlette.requests import Request
from starlette.responses import Response

from whiteboard.web.access import require_operator
from whiteboard.web.answers import json_answer, json_bytes
from whiteboard.web.services import WebServices


class Documents:
    """`/asyncapi.json`, `/schema/messages.json`, `/debug/tasks` and `/api/cluster`."""

    def __init__(self, services: WebServices) -> None:
        self._services = services

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

    async def cluster(self, request: Request) -> Response:
        """The servers that are known, for the operator: where they are is nobody else's business."""
        require_operator(request, self._services.settings.debug.token, self._services.trust)
        return json_answer(self._services.cluster())
