"""The composition root: settings in, a running server out. The only place that chooses adapters.

```
server nursery
  storage (its own tasks) · hub nursery (sweep, rooms, in them sessions) · connections · listener
```

Stopping has one order (R12): take no new sessions and drain the hub (sessions are told, acked ops are
stored already, boards are checkpointed) while new connections still get an answer, close the listening
sockets, let HTTP answers leave, then cancel what is left. Each step has a deadline: DRAIN_GRACE for the
first, what is left of it and no less than HTTP_DRAIN for the second.

With several workers (R37) this process is the front: it has listener and crew, and each worker has the rest,
with an inlet in the listener's place. `adr/2026-11-27-workers-behind-one-acceptor.md` says why.
"""

import signal
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    ExitStack,
    asynccontextmanager,
    nullcontext,
)
from dataclasses import asdict
from functools import partial
from typing import Any

import attrs
import trio

from whiteboard import timeouts
from whiteboard.config import Mode, Settings, TcpAddress
from whiteboard.diagnostics import logs, tasks
from whiteboard.errors import RoomClosed, ServerFull
from whiteboard.ids import BoardId, parse_board_id
from whiteboard.protocol import schema
from whiteboard.rooms.access import BoardAccess
from whiteboard.rooms.hub import Hub, open_hub
from whiteboard.storage.memory import open_memory
from whiteboard.storage.ports import Storage
from whiteboard.storage.sqlite import hold_directory, open_sqlite
from whiteboard.transport.addresses import Listening, open_listening
from whiteboard.transport.certificates import fault_of
from whiteboard.transport.demux import Demux, OnWebSocket
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
from whiteboard.web.services import Rooms, WebServices
from whiteboard.workers.asking import answer
from whiteboard.workers.crew import Crew, Outfit
from whiteboard.workers.entrance import Entrance
from whiteboard.workers.inlet import open_inlet
from whiteboard.workers.link import Link
from whiteboard.workers.reports import Reports
from whiteboard.workers.share import Share, owns_boards, unpacked
from whiteboard.workers.shared_rooms import SharedRooms, replies

log = logs.get_logger()

OpenStorage = Callable[[], AbstractAsyncContextManager[Storage]]
Accept = Callable[..., Awaitable[None]]
"""Gives connections to a nursery's tasks until cancelled, as `serve_connections` or `Inlet.serve` does."""


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then drain; returns when everything is closed.

    Raises StartupError when the port, the data directory or a certificate cannot be used.
    """
    logs.configure(settings.log.format, settings.log.level)
    raise_descriptor_limit()
    if settings.workers > 1:
        trio.run(serve_by_workers, settings)
        return
    ages = tasks.TaskAges()
    trio.run(serve, settings, storage_of(settings), ages, instruments=[ages])


def work(equipment: bytes) -> None:
    """Be the worker that `equipment` describes, until the front says so, or is gone, or SIGTERM comes.

    Raises as `run`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at a terminal is for the front
    share = unpacked(equipment)
    logs.configure(share.settings.log.format, share.settings.log.level)
    raise_descriptor_limit()
    ages = tasks.TaskAges()
    trio.run(serve_share, share, storage_of(share.settings, share.lease), ages, instruments=[ages])


def storage_of(settings: Settings, lease: int | None = None) -> OpenStorage:
    """How to open the storage that the settings ask for; with a worker's `lease` on it, if there is one."""
    match settings.mode:
        case Mode.MEMORY:
            return partial(open_memory)
        case Mode.SQLITE:
            return partial(open_sqlite, settings.data, lease=lease)
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
        async with open_storage() as storage, open_hub(storage, clock_ms) as hub:
            trust = trust_of(settings, local_port=listening.local_port)
            rooms = BoardAccess(hub, storage, clock_ms)
            services = _services(settings, trust, storage, rooms, partial(_report, ages, hub))
            demux, bridge = _doors(services, tls, partial(_start_session, hub))
            accept = partial(serve_connections, listening.sockets, demux.serve)
            with ExitStack() as until_signal:
                # Before anybody can know that we are there, so that no signal finds nobody at home.
                signals = until_signal.enter_context(_signals())
                async with _open_server(settings, accept, listening.close, bridge, hub):
                    _announce(settings, listening)
                    await anext(signals)
                    until_signal.close()  # a second one ends the process at once
                    log.info("server_draining")
    log.info("server_stopped")


async def serve_by_workers(settings: Settings) -> None:
    """Be the front: listen, give connections to workers, keep those alive; until a signal comes, then drain.

    A second signal ends this process at once, and its workers with it: they see that it is gone.
    """
    tls = _tls(settings)
    with open_listening(settings.addr) as listening, _lease(settings) as lease:
        is_exclusive = owns_boards(settings.mode)
        crew = Crew(settings.workers, _outfit(settings, listening, lease), is_exclusive=is_exclusive)
        entrance = Entrance(crew.give, base_path=settings.base_path, is_sealed=tls is not None)
        async with trio.open_nursery() as connections, trio.open_nursery() as working:
            await working.start(crew.run)
            with ExitStack() as until_signal:
                signals = until_signal.enter_context(_signals())
                await working.start(serve_connections, listening.sockets, entrance.serve, connections)
                _announce(settings, listening)
                await anext(signals)
                until_signal.close()
            log.info("server_draining")
            await crew.drain(settings.drain_grace)
            working.cancel_scope.cancel()
            listening.close()
            connections.cancel_scope.cancel()
    log.info("server_stopped")


def _lease(settings: Settings) -> AbstractContextManager[int | None]:
    """The hold on what the workers share, if it takes one."""
    return hold_directory(settings.data) if settings.mode is Mode.SQLITE else nullcontext()


def _outfit(settings: Settings, listening: Listening, lease: int | None) -> Outfit:
    """What each worker is started with."""

    def outfit(number: int, link: int) -> tuple[bytes, tuple[int, ...]]:
        share = Share(number, settings.workers, settings, listening.local_port, link, lease)
        return share.packed(), () if lease is None else (lease,)

    return outfit


async def serve_share(share: Share, open_storage: OpenStorage, ages: tasks.TaskAges) -> None:
    """Be one worker: serve the connections that the front gives, until it is time to end, then drain."""
    settings = share.settings
    link = Link(socket.socket(fileno=share.link))
    with logs.bound(worker=str(share.number)), link:
        async with open_inlet(link) as inlet, open_storage() as storage, open_hub(storage, clock_ms) as hub:
            trust = trust_of(settings, local_port=share.local_port)
            own, reports = (
                BoardAccess(hub, storage, clock_ms),
                Reports(partial(_report, ages, hub), share, inlet),
            )
            services = attrs.evolve(
                _services(settings, trust, storage, SharedRooms(own, share, inlet), reports.own),
                report_of=reports.of,
            )
            start = partial(_start_session, hub, owns=share.owns)
            demux, bridge = _doors(services, _tls(settings), start)
            accept = partial(inlet.serve, demux.serve)
            async with trio.open_nursery() as asked:
                await asked.start(inlet.answer_questions, partial(answer, replies(own, reports.own)))
                async with _open_server(settings, accept, lambda: None, bridge, hub):
                    await inlet.drain_wanted.wait()
                asked.cancel_scope.cancel()


def _signals() -> AbstractContextManager[AsyncIterator[int]]:
    return trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT)


def _any(_: BoardId) -> bool:
    return True


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
    settings: Settings, accept: Accept, close: Callable[[], None], bridge: HttpBridge, hub: Hub
) -> AsyncIterator[None]:
    """Take connections while the block runs; behind it, stop in order.

    Children: what accepts in a nursery of its own, and one task per connection.

    Args:
        accept: is given the nursery for the connections.
        close: after it nobody is accepted any more.
    """
    async with trio.open_nursery() as connections:
        async with trio.open_nursery() as accepting:
            await accepting.start(accept, connections)
            yield
            with trio.move_on_after(settings.drain_grace) as grace:
                await hub.drain()
            accepting.cancel_scope.cancel()
        close()
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


async def _start_session(
    hub: Hub, request: WebSocketRequest, *, owns: Callable[[BoardId], bool] = _any
) -> None:
    """Hand a WebSocket request to its board's room, or refuse it while it is still HTTP.

    Args: `owns` says of a board whether this process may open it.
    """
    board_id = parse_board_id(request.name)
    if board_id is None:
        reason = "A board id has letters, digits and _ . - only, at most 128."
        await request.refuse(404, error_body("no_such_board", reason))
        return
    try:
        if not owns(board_id):
            raise RoomClosed(f"board {board_id!r} is at another process; connect again")
        await hub.serve(board_id, request.accept)
    except (RoomClosed, ServerFull) as error:
        await request.refuse(503, error_body("unavailable", str(error)), [RETRY_AFTER])


def _report(ages: tasks.TaskAges, hub: Hub) -> dict[str, Any]:
    """What `/debug/tasks` answers."""
    return dict(tasks.report(ages, asdict(hub.statistics())))


def _doors(services: WebServices, tls: ssl.SSLContext | None, start: OnWebSocket) -> tuple[Demux, HttpBridge]:
    """What serves a connection, and the HTTP side of it, with page and API."""
    base_path, trust = services.settings.base_path, services.trust
    bridge = HttpBridge(build_app(services, load_page(base_path)), base_path=base_path, trust=trust)
    return Demux(bridge, start, base_path=base_path, tls=tls, trust=trust), bridge


def _services(
    settings: Settings, trust: Trust, storage: Storage, rooms: Rooms, report: Callable[[], dict[str, Any]]
) -> WebServices:
    return WebServices(
        settings=settings,
        trust=trust,
        rooms=rooms,
        boards=storage.boards,
        op_log=storage.op_log,
        probe=storage.probe,
        tasks=report,
        asyncapi=schema.asyncapi,
        messages_schema=schema.messages_schema,
    )
