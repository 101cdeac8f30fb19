"""A web app over the real memory storage, with rooms that hold nothing and faults on request."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import httpx2
import msgspec
import trio

from whiteboard.composition.doors import trust_of
from whiteboard.config import Settings
from whiteboard.diagnostics import status
from whiteboard.diagnostics.profiles.sources import Profiles, Sources
from whiteboard.diagnostics.sampling import Sampling
from whiteboard.errors import StorageUnavailable
from whiteboard.ids import BoardId
from whiteboard.plugins.guard import Guard
from whiteboard.render.studio import Studio
from whiteboard.storage.blobs import Blobs
from whiteboard.storage.metadata import Metadata
from whiteboard.storage.ports import Head, OpLog, Storage, StoredOp
from whiteboard.testing.storage_samples import ADA, AT, append, ops
from whiteboard.web.app import build_app
from whiteboard.web.page import Page, load_page
from whiteboard.web.services import WebServices

EPOCH = "epoch-1"


class StoredRooms:
    """Rooms of which none is ever open: they ask storage."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.not_ready: list[str] = []
        self.fault: Exception | None = None
        """Raised instead of any answer."""
        self.view: bytes | None = None
        """Given for every board that is there."""

    async def board_view(self, board: BoardId) -> bytes | None:
        await self._maybe_fail()
        head = await self._storage.op_log.head(board)
        if head is None:
            return None
        if self.view is not None:
            return self.view
        return msgspec.json.encode({"board": board, "seq": head.seq, "clock": {}, "elements": []})

    async def create_board(self, board: BoardId) -> bool:
        await self._maybe_fail()
        return await self._storage.boards.create(board, AT, EPOCH)

    async def delete_board(self, board: BoardId) -> bool:
        await self._maybe_fail()
        return await self._storage.boards.delete(board)

    def readiness(self) -> Sequence[str]:
        return self.not_ready

    async def _maybe_fail(self) -> None:
        await trio.lowlevel.checkpoint()
        if self.fault is not None:
            raise self.fault


class FailingLog:
    """An op log whose reads fail after the first `good`, or end early."""

    def __init__(self, log: OpLog, good: int, *, is_gone: bool = False) -> None:
        self._log = log
        self._good = good
        self._is_gone = is_gone

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def head(self, board: BoardId) -> Head | None:
        return await self._log.head(board)

    async def read(
        self, board: BoardId, after: int, limit: int, *, epoch: str | None = None
    ) -> list[StoredOp]:
        if self._good == 0:
            if self._is_gone:
                return []
            raise StorageUnavailable("/secret/path: disk full")
        self._good -= 1
        return await self._log.read(board, after, limit, epoch=epoch)


class Probe:
    """A write probe that can fail, hang, and counts."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.hangs = False
        self.count = 0

    async def __call__(self) -> None:
        self.count += 1
        if self.hangs:
            await trio.sleep_forever()
        await trio.lowlevel.checkpoint()
        if self.fault is not None:
            raise self.fault


@attrs.define
class Site:
    """An app that can be asked."""

    storage: Storage
    metadata: Metadata
    blobs: Blobs | None
    rooms: StoredRooms
    probe: Probe
    page_root: Path
    sampling: Sampling
    degraded: Sequence[str] = ()
    settings: Settings = attrs.Factory(Settings)
    op_log: Any = None
    reports: dict[int, dict[str, Any]] | None = None
    """What each of several workers reports."""
    status: Callable[[], Mapping[str, Any]] | None = None
    """How the process is doing, in place of how it truly is."""
    statuses: dict[int, Mapping[str, Any]] | None = None
    """How each of several workers is doing."""
    host: str = "localhost:8080"
    scheme: str = "http"
    peer: str = "127.0.0.1"
    studio: Studio | None = None
    guard: Guard | None = None
    sample_elsewhere: Any = None
    """What has other workers sample."""
    hook: Any = None
    """What the guard asks."""
    profiles: Sources = attrs.Factory(Sources)
    profiles_of: Callable[[int], Profiles] | None = None

    def services(self) -> WebServices:
        """What the app gets."""
        return WebServices(
            settings=self.settings,
            trust=trust_of(self.settings, local_port=8080),
            rooms=self.rooms,
            boards=self.storage.boards,
            op_log=self.op_log or self.storage.op_log,
            blobs=self.blobs,
            studio=self.studio,
            guard=self.guard,
            profiles=self.profiles,
            profiles_of=self.profiles_of,
            probe=self.probe,
            chronicle=self.metadata.chronicle,
            degraded=lambda: self.degraded,
            tasks=lambda: {"counts": {"sessions": 0}, "tree": None},
            status=self.status or (lambda: status.report({"sessions": 0})),
            status_of=None if self.statuses is None else self.status_of,
            cluster=lambda: {"instance": {"name": "a:1"}, "others": [], "consul": None},
            report_of=None if self.reports is None else self.report_of,
            sampling=self.sampling,
            sample_elsewhere=self.sample_elsewhere,
            asyncapi=lambda: b'{"asyncapi":"3.0.0"}',
            messages_schema=lambda: b'{"$defs":{}}',
        )

    async def report_of(self, number: int) -> Mapping[str, Any] | None:
        """A worker's report; None for one that is away."""
        await trio.lowlevel.checkpoint()
        return (self.reports or {}).get(number)

    async def status_of(self, number: int) -> Mapping[str, Any] | None:
        """How a worker is doing; None for one that is away."""
        await trio.lowlevel.checkpoint()
        return (self.statuses or {}).get(number)

    def app(self) -> Any:
        """The app with the present settings and page."""
        return build_app(self.services(), self.page())

    def page(self) -> Page:
        """The page with the present settings."""
        return load_page(self.settings.base_path, self.page_root)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: Any = None,
        app: Any = None,
    ) -> httpx2.Response:
        """One request to a new app, or to `app`. Bugs become answers, as under a real server."""
        transport = httpx2.ASGITransport(app or self.app(), raise_app_exceptions=False, client=(self.peer, 5))
        async with httpx2.AsyncClient(transport=transport, base_url=f"{self.scheme}://{self.host}") as client:
            return await client.request(method, path, headers=headers, content=content)

    async def get(self, path: str, *, app: Any = None, **headers: str) -> httpx2.Response:
        """A GET; header names with `_` for `-`."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.ask("GET", path, headers=fields, app=app)

    async def speak(
        self, method: str, path: str, *incoming: dict[str, Any], app: Any = None
    ) -> list[dict[str, Any]]:
        """One request in ASGI's own words to a new app, or to `app`: what comes in, then silence. What it sent."""
        waiting, sent = list(incoming), []

        async def receive() -> dict[str, Any]:
            await trio.lowlevel.checkpoint()
            if not waiting:
                await trio.sleep_forever()
            return waiting.pop(0)

        async def send(message: dict[str, Any]) -> None:
            await trio.lowlevel.checkpoint()
            sent.append(message)

        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": [(b"host", self.host.encode())],
            "client": None,
        }
        await (app or self.app())(scope, receive, send)
        return sent

    async def draw(self, board: str, count: int) -> None:
        """Store ops."""
        await append(self.storage.op_log, BoardId(board), ops(ADA, range(1, count + 1)), epoch=EPOCH)


def error(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code of an error, whose shape is checked."""
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) - {"path"} == {"code", "reason"}
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, body["error"]["code"]
