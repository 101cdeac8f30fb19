"""The composition root: settings in, a running server out. The only place that chooses adapters.

```
server nursery
  storage (its own tasks) · recorder · hub nursery (sweep, rooms, in them sessions) · connections · listener
```

Stopping has one order (R12): take no new sessions and drain the hub (sessions are told, acked ops are
stored already, boards are checkpointed) while new connections still get an answer, close the listening
sockets, let HTTP answers leave, then cancel what is left. Each step has a deadline: DRAIN_GRACE for the
first, what is left of it and no less than HTTP_DRAIN for the second.
"""

import signal
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import trio

from whiteboard import timeouts
from whiteboard.config import Mode, PostgresDsn, Secret, Settings, TcpAddress
from whiteboard.diagnostics import logs, tasks
from whiteboard.errors import RoomClosed, ServerFull, StartupError
from whiteboard.ids import parse_board_id
from whiteboard.protocol import schema
from whiteboard.rooms.access import BoardAccess
from whiteboard.rooms.hub import Hub, open_hub
from whiteboard.rooms.recorder import Recorder, open_recorder
from whiteboard.storage.memory import open_memory
from whiteboard.storage.memory_metadata import open_memory_metadata
from whiteboard.storage.metadata import KeepsMetadata, Metadata
from whiteboard.storage.ports import Storage
from whiteboard.storage.sqlite import open_sqlite
from whiteboard.transport.addresses import Listening, open_listening
from whiteboard.transport.certificates import fault_of
from whiteboard.transport.demux import Demux
from whiteboard.transport.descriptors import raise_descriptor_limit
from whiteboard.transport.http_answer import RETRY_AFTER
from whiteboard.transport.hypercorn_bridge import HttpBridge
from whiteboard.transport.listener import serve_connections
from whiteboard.transport.request import WebSocketRequest
from whiteboard.transport.tls import load_tls
from whiteboard.trust.hosts import HostPolicy
from whiteboard.trust.origins import OriginPolicy
from whiteboard.trust.policy import Trust
from whiteboard.trust.proxies import TrustedProxies
from whiteboard.trust.refusals import error_body
from whiteboard.web.app import build_app
from whiteboard.web.page import load_page
from whiteboard.web.services import WebServices

if TYPE_CHECKING:
    from whiteboard.storage.postgres import Postgres

log = logs.get_logger()

OpenStorage = Callable[[], AbstractAsyncContextManager[Storage]]


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then drain; returns when everything is closed.

    Raises StartupError when the port, the data directory or a certificate cannot be used.
    """
    logs.configure(settings.log.format, settings.log.level)
    raise_descriptor_limit()
    ages = tasks.TaskAges()
    trio.run(serve, settings, storage_of(settings), ages, instruments=[ages])


def storage_of(settings: Settings) -> OpenStorage:
    """How to open the storage that the settings ask for."""
    match settings.mode:
        case Mode.MEMORY:
            return partial(open_memory)
        case Mode.SQLITE:
            return partial(open_sqlite, settings.data)
        case Mode.REDIS:
            from whiteboard.storage.redis import open_redis  # noqa: PLC0415 - only this mode needs its client

            password = settings.redis.password
            return partial(
                open_redis,
                settings.redis.addr,
                password=None if password is None else password.reveal(),
                prefix=settings.redis.prefix,
            )


async def serve(settings: Settings, open_storage: OpenStorage, ages: tasks.TaskAges) -> None:
    """Serve with a storage of the caller's choice until a signal comes, then drain.

    What can be wrong with the certificate and the address is found before there is a data directory.
    """
    tls = _tls(settings)
    with open_listening(settings.addr) as listening:
        async with (
            open_storage() as storage,
            _open_metadata(settings, storage) as metadata,
            _open_recorder(settings, metadata, listening) as recorder,
            open_hub(storage, clock_ms, recorder) as hub,
        ):
            trust = trust_of(settings, local_port=listening.local_port)
            services = _services(settings, trust, storage, hub=hub, recorder=recorder, ages=ages)
            app = build_app(services, load_page(settings.base_path))
            bridge = HttpBridge(app, base_path=settings.base_path, trust=trust)
            start = partial(_start_session, hub)
            demux = Demux(bridge, start, base_path=settings.base_path, tls=tls, trust=trust)
            with ExitStack() as until_signal:
                # Before anybody can know that we are there, so that no signal finds nobody at home.
                receiver = trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT)
                signals = until_signal.enter_context(receiver)
                async with _open_server(settings, listening, demux, bridge, hub):
                    _announce(settings, listening)
                    await anext(signals)
                    until_signal.close()  # a second one ends the process at once
                    log.info("server_draining")
    log.info("server_stopped")


@asynccontextmanager
async def _open_metadata(settings: Settings, storage: Storage) -> AsyncIterator[Metadata]:
    """What is known about the boards: beside them, in PostgreSQL, or in this process's memory."""
    dsn, password = settings.postgres.dsn, settings.postgres.password
    if dsn is not None:
        async with open_postgres_of(dsn, password) as postgres:
            yield postgres.metadata
    elif isinstance(storage, KeepsMetadata):
        yield storage.metadata
    else:
        async with open_memory_metadata(clock_ms) as metadata:
            yield metadata


def open_postgres_of(dsn: PostgresDsn, password: Secret | None) -> "AbstractAsyncContextManager[Postgres]":
    """The PostgreSQL database of the settings. Raises StartupError when its client is not installed."""
    try:
        from whiteboard.storage.postgres import open_postgres  # noqa: PLC0415 - only this setting needs its client
    except ImportError as error:
        raise StartupError(
            f"postgres.dsn needs psycopg ({error}); install it with: pip install 'whiteboard[cluster]'"
        ) from error
    return open_postgres(dsn.reveal(), password=None if password is None else password.reveal())


def _open_recorder(
    settings: Settings, metadata: Metadata, listening: Listening
) -> AbstractAsyncContextManager[Recorder]:
    is_shared = settings.postgres.dsn is not None
    return open_recorder(metadata, _instance(listening), clock_ms, is_shared=is_shared)


def _instance(listening: Listening) -> str:
    """What this server is called among others."""
    port = listening.local_port
    return socket.gethostname() if port is None else f"{socket.gethostname()}:{port}"


def clock_ms() -> int:
    """The server's clock: milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def trust_of(settings: Settings, *, local_port: int | None) -> Trust:
    """Whom the settings let the server believe and let in; `local_port` as `Listening` has it."""
    own = settings.addr.host if isinstance(settings.addr, TcpAddress) else None
    return Trust(
        proxies=TrustedProxies.of(settings.trusted_proxies),
        origins=OriginPolicy.of(settings.origins),
        hosts=HostPolicy.of(settings.hosts, settings.origins, own=own, local_port=local_port),
    )


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls.cert is None:
        return None
    context = load_tls(settings.tls.cert, settings.tls.key)
    if (fault := fault_of(settings.tls.cert)) is not None:
        log.warning("certificate_invalid", file=str(settings.tls.cert), reason=fault)
    return context


@asynccontextmanager
async def _open_server(
    settings: Settings, listening: Listening, demux: Demux, bridge: HttpBridge, hub: Hub
) -> AsyncIterator[None]:
    """Take connections while the block runs; behind it, stop in order.

    Children: the listener in a nursery of its own, and one task per connection.
    """
    async with trio.open_nursery() as connections:
        async with trio.open_nursery() as accepting:
            await accepting.start(serve_connections, listening.sockets, demux.serve, connections)
            yield
            with trio.move_on_after(settings.drain_grace) as grace:
                await hub.drain()
            accepting.cancel_scope.cancel()
        listening.close()
        least = trio.current_time() + timeouts.HTTP_DRAIN.seconds
        with trio.CancelScope(deadline=max(grace.deadline, least)):
            await bridge.shut_down()
        connections.cancel_scope.cancel()


def _announce(settings: Settings, listening: Listening) -> None:
    base_path, tls = settings.base_path, settings.tls.cert is not None
    address = listening.url(base_path=base_path, tls=tls)
    kept_at = {Mode.SQLITE: str(settings.data.absolute()), Mode.REDIS: settings.redis.addr}
    log.info("server_started", address=address, mode=settings.mode.value, boards=kept_at.get(settings.mode))
    lines = [f"whiteboard is at {address}"]
    if others := listening.urls_for_others(base_path=base_path, tls=tls):
        lines.append(f"others can open {' or '.join(others)}")
    print("\n".join(lines), flush=True)  # noqa: T201 - what this command says


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
        await request.refuse(503, error_body("unavailable", str(error)), [RETRY_AFTER])


def _services(
    settings: Settings,
    trust: Trust,
    storage: Storage,
    *,
    hub: Hub,
    recorder: Recorder,
    ages: tasks.TaskAges,
) -> WebServices:
    def report() -> dict[str, Any]:
        return {
            **tasks.report(ages, asdict(hub.statistics())),
            "records": {"waiting": recorder.waiting},
        }

    return WebServices(
        settings=settings,
        trust=trust,
        rooms=BoardAccess(hub, storage, clock_ms, recorder),
        boards=storage.boards,
        op_log=storage.op_log,
        probe=storage.probe,
        chronicle=recorder.metadata.chronicle,
        degraded=recorder.degraded,
        tasks=report,
        asyncapi=schema.asyncapi,
        messages_schema=schema.messages_schema,
    )
