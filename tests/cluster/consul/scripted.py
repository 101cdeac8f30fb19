"""What stands in for an agent: keeps a list as Consul does, and fails on request. And lines for it."""

import json
from typing import Any

import httpx2
import trio

from whiteboard.cluster.consul.agent import Agent
from whiteboard.cluster.consul.words import Registration
from whiteboard.cluster.instances import Instance
from whiteboard.config import BasePath, TcpAddress

OWN = Instance(name="a:1", address="10.0.0.1:80", mode="redis", version="1.2", since=5, tags=("redis", "x"))


def registration(run: str = "run-1", **changes: Any) -> Registration:
    """A line of one server."""
    given: dict[str, Any] = {
        "service": "whiteboard",
        "own": OWN,
        "address": TcpAddress("10.0.0.1", 80),
        "base_path": BasePath(""),
        "tls": False,
        "run": run,
    }
    return Registration(**{**given, **changes})


class ScriptedAgent:
    """An agent in memory. Its fault, if it has one, is what every question gets."""

    def __init__(self) -> None:
        self.services: dict[str, dict[str, Any]] = {}
        self.index = 1
        self.fault: int | bytes | Exception | None = None
        """A status, a body, or what the network says."""
        self.is_silent = False
        self.takes = 0.0
        """Seconds for every question."""
        self.asked: list[str] = []
        self._changed = trio.Event()

    def client(self) -> Agent:
        """A client of it."""
        transport = httpx2.MockTransport(self._answer)
        client = httpx2.AsyncClient(transport=transport, base_url="http://agent", timeout=None)
        return Agent("http://agent", client)

    def put(self, body: dict[str, Any]) -> None:
        """Have a line on the list."""
        self.services[body["ID"]] = body
        self.change()

    def forget(self) -> None:
        """Come back as an agent that knows nothing."""
        self.services.clear()
        self.index = 0
        self.change()

    def change(self) -> None:
        """Wake those who wait for the list."""
        self.index += 1
        event, self._changed = self._changed, trio.Event()
        event.set()

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        await trio.sleep(self.takes)
        path = request.url.path.removeprefix("/v1/")
        self.asked.append(f"{request.method} {path}")
        if self.is_silent:
            await trio.sleep_forever()
        if isinstance(self.fault, Exception):
            raise self.fault
        if isinstance(self.fault, int):
            return answer(self.fault, b"no")
        if self.fault is not None:
            return answer(200, self.fault, index=7)
        return await self._do(request, path)

    async def _do(self, request: httpx2.Request, path: str) -> httpx2.Response:
        name = path.rpartition("/")[2]
        match request.method, path.rpartition("/")[0]:
            case "PUT", "agent/service":
                self.put(json.loads(request.content))
                return answer(200)
            case "PUT", "agent/service/deregister":
                self.services.pop(name, None)
                self.change()
                return answer(200)
            case "GET", "agent/service":
                found = self.services.get(name)
                return answer(404) if found is None else answer(200, json.dumps(found).encode())
            case "GET", "health/service":
                return await self._list(request)
        return answer(404)

    async def _list(self, request: httpx2.Request) -> httpx2.Response:
        wait = float(request.url.params["wait"].removesuffix("s"))
        if int(request.url.params["index"]) == self.index:
            with trio.move_on_after(wait):
                await self._changed.wait()
        entries = [
            {"Node": {"Address": "10.9.9.9"}, "Service": body, "Checks": [{"Status": "passing"}]}
            for body in self.services.values()
        ]
        return answer(200, json.dumps(entries).encode(), index=self.index)


def answer(status: int, body: bytes = b"", *, index: int | None = None) -> httpx2.Response:
    """An answer whose body is yet to be read, as over a network."""
    headers = {} if index is None else {"x-consul-index": str(index)}
    return httpx2.Response(status, stream=httpx2.ByteStream(body), headers=headers)
