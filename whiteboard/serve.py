"""The composition root: settings in, a running server out. The only place that chooses adapters.

```
server nursery
  storage (its own tasks) · hub nursery (sweep, rooms, in them sessions) · connections · listener
```

Stopping has one order (R12): take no new connections, drain the hub (sessions are told, acked ops are
stored already, boards are checkpointed), let HTTP answers leave, then cancel what is left.
"""

import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict
from functools import partial
from typing import Any

import trio

from whiteboard.config import Mode, Settings
from whiteboard.diagnostics import logs, tasks
from whiteboard.errors import RoomClosed, ServerFull
from whiteboard.ids import parse_board_id
from whiteboard.protocol import schema
from whiteboard.rooms.access import BoardAccess
from whiteboard.rooms.hub import Hub, open_hub
from whiteboard.storage.memory import open_memory
from whiteboard.storage.ports import Storage
from whiteboard.storage.sqlite import open_sqlite
from whiteboard.transport.addresses import Listening, open_listening
from whiteboard.transport.demux import Demux
from whiteboard.transport.http_answer import error_body
from whiteboard.transport.hypercorn_bridge import HttpBridge
from whiteboard.transport.listener import serve_connections
from whiteboard.transport.origins import OriginPolicy
from whiteboard.transport.proxies import TrustedProxies
from whiteboard.transport.request import WebSocketRequest
from whiteboard.transport.tls import load_tls
from whiteboard.web.app import build_app
from whiteboard.web.page import load_page
from whiteboard.web.services import WebServices

log = logs.get_logger()

OpenStorage = Callable[[], AbstractAsyncContextManager[Storage]]


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then drain; returns when everything is closed.

    Raises StartupError when the port, the data directory or a certificate cannot be used.
    """
    logs.configure(settings.log.format, settings.log.level)
    ages = tasks.TaskAges()
    trio.run(serve, settings, storage_of(settings), ages, instruments=[ages])


def storage_of(settings: Settings) -> OpenStorage:
    """How to open the storage that the settings ask for."""
    match settings.mode:
        case Mode.MEMORY:
            return partial(open_memory)
        case Mode.SQLITE:
            return partial(open_sqlite, settings.data)


async def serve(settings: Settings, open_storage: OpenStorage, ages: tasks.TaskAges) -> None:
    """Serve with a storage of the caller's choice until a signal comes, then drain."""
    with open_listening(settings.addr) as listening:
        async with open_storage() as storage, open_hub(storage, clock_ms) as hub:
            services = _services(settings, storage, hub, ages)
            async with _open_server(settings, services, hub, listening):
                await _wait_for_signal()
                log.info("server_draining")
    log.info("server_stopped")


def clock_ms() -> int:
    """The server's clock: milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def _open_server(
    settings: Settings, services: WebServices, hub: Hub, listening: Listening
) -> AsyncIterator[None]:
    """Take connections while the block runs; behind it, stop in order.

    Children: the listener in a nursery of its own, and one task per connection.
    """
    tls = load_tls(settings.tls.cert, settings.tls.key) if settings.tls.cert else None
    proxies = TrustedProxies.of(settings.trusted_proxies)
    app = build_app(services, load_page(settings.base_path))
    bridge = HttpBridge(app, base_path=settings.base_path, proxies=proxies)
    demux = Demux(
        bridge,
        partial(_start_session, hub),
        base_path=settings.base_path,
        tls=tls,
        proxies=proxies,
        origins=OriginPolicy.of(settings.origins),
    )
    async with trio.open_nursery() as connections:
        async with trio.open_nursery() as accepting:
            await accepting.start(serve_connections, listening.sockets, demux.serve, connections)
            address = listening.url(base_path=settings.base_path, tls=tls is not None)
            where = str(settings.data.absolute()) if settings.mode is Mode.SQLITE else None
            log.info("server_started", address=address, mode=settings.mode.value, directory=where)
            print(f"whiteboard is at {address}", flush=True)  # noqa: T201 - what this command says
            yield
            accepting.cancel_scope.cancel()
        with trio.move_on_after(settings.drain_grace):
            await hub.drain()
            await bridge.shut_down()
        connections.cancel_scope.cancel()


async def _start_session(hub: Hub, request: WebSocketRequest) -> None:
    """Hand a WebSocket request to its board's room, or refuse it while it is still HTTP."""
    board_id = parse_board_id(request.name)
    if board_id is None:
        reason = "A board id has letters, digits and _ . - only, at most 128."
        await request.refuse(404, error_body("no_such_board", reason))
        return
    try:
        await hub.serve(board_id, request.accept)
    except (RoomClosed, ServerFull) as error:
        retry = [("Retry-After", "5")]
        await request.refuse(503, error_body("unavailable", str(error)), retry)


def _services(settings: Settings, storage: Storage, hub: Hub, ages: tasks.TaskAges) -> WebServices:
    def report() -> dict[str, Any]:
        return dict(tasks.report(ages, asdict(hub.statistics())))

    return WebServices(
        settings=settings,
        rooms=BoardAccess(hub, storage, clock_ms),
        boards=storage.boards,
        op_log=storage.op_log,
        probe=storage.probe,
        tasks=report,
        asyncapi=schema.asyncapi,
        messages_schema=schema.messages_schema,
    )


async def _wait_for_signal() -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            return
