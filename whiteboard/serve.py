"""The composition root: settings in, a running server out. The only place that chooses adapters.

```
server nursery
  storage (its own tasks) · recorder · hub nursery (sweep, rooms, in them sessions) · consul · connections · listener
```

Stopping has one order (R12): leave the list of servers while everything still works, so that those who are asked
to go are sent to others; take no new sessions and drain the hub (sessions are told, acked ops are
stored already, boards are checkpointed) while new connections still get an answer, close the listening
sockets, let HTTP answers leave, then cancel what is left. Each step has a deadline: CONSUL_LEAVE, DRAIN_GRACE,
and for the answers what is left of it and no less than HTTP_DRAIN.

With several workers (R37) this process is the front: it has listener, crew and the place on the list, and each worker has
the rest, with an inlet in the listener's place. `adr/2026-11-27-workers-behind-one-acceptor.md` says why.
"""

import os
import secrets
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
from typing import TYPE_CHECKING, Any, Final

import attrs
import trio

from whiteboard import __version__, timeouts
from whiteboard.cluster.instances import Instance, Place, default_name
from whiteboard.cluster.membership import Alone, Membership, report
from whiteboard.config import Mode, PostgresDsn, S3Settings, Secret, Settings, TcpAddress
from whiteboard.diagnostics import logs, tasks
from whiteboard.diagnostics.supervisor import Supervisor
from whiteboard.errors import RoomClosed, ServerFull, StartupError
from whiteboard.ids import BoardId, parse_board_id
from whiteboard.protocol import schema
from whiteboard.rooms.access import BoardAccess
from whiteboard.rooms.hub import Hub, open_hub
from whiteboard.rooms.recorder import Recorder, open_recorder
from whiteboard.storage.blobs import Blobs
from whiteboard.storage.files import open_files
from whiteboard.storage.memory import open_memory
from whiteboard.storage.memory_blobs import open_memory_blobs
from whiteboard.storage.memory_metadata import open_memory_metadata
from whiteboard.storage.metadata import KeepsMetadata, Metadata
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
from whiteboard.web.services import WebServices
from whiteboard.workers.asking import answer
from whiteboard.workers.crew import Crew, Outfit
from whiteboard.workers.entrance import Entrance
from whiteboard.workers.inlet import open_inlet
from whiteboard.workers.link import Link
from whiteboard.workers.reports import Reports
from whiteboard.workers.share import Share, owns_boards, unpacked
from whiteboard.workers.shared_rooms import SharedRooms, replies

if TYPE_CHECKING:
    from whiteboard.storage.postgres import Postgres

log = logs.get_logger()

_NOBODY: Final = Supervisor()
OpenStorage = Callable[[], AbstractAsyncContextManager[Storage]]
Accept = Callable[..., Awaitable[None]]
"""Gives connections to a nursery's tasks until cancelled, as `serve_connections` or `Inlet.serve` does."""


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then drain; returns when everything is closed.

    Raises StartupError when the port, the data directory or a certificate cannot be used.
    """
    logs.configure(settings.log.format, settings.log.level)
    raise_descriptor_limit()
    supervisor = Supervisor.of(os.environ)
    if settings.workers > 1:
        trio.run(serve_by_workers, settings, supervisor)
        return
    ages = tasks.TaskAges()
    trio.run(serve, settings, storage_of(settings), ages, supervisor, instruments=[ages])


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


def blobs_of(settings: Settings, *, is_shared: bool = False) -> AbstractAsyncContextManager[Blobs | None]:
    """Where pictures go: the bucket; else what the mode has; nowhere where several servers would each have their own.

    Args:
        is_shared: whether other processes of this server have them too.

    Raises StartupError when a library is missing.
    """
    s3 = settings.s3
    if s3.bucket is not None:
        return _open_bucket(s3, s3.bucket)
    match settings.mode:
        case Mode.MEMORY:
            return open_memory_blobs()
        case Mode.SQLITE:
            return open_files(settings.data / "blobs", is_shared=is_shared)
        case Mode.REDIS:
            return nullcontext()


def _open_bucket(s3: S3Settings, bucket: str) -> AbstractAsyncContextManager[Blobs]:
    try:
        from whiteboard.storage.s3 import open_s3  # noqa: PLC0415 - only who has a bucket needs its library
    except ModuleNotFoundError as error:
        raise StartupError(f"s3.bucket needs {error.name}: pip install 'whiteboard[cluster]'") from error
    return open_s3(
        bucket,
        endpoint=s3.endpoint,
        region=s3.region,
        prefix=s3.prefix,
        access_key=s3.access_key,
        secret_key=None if s3.secret_key is None else s3.secret_key.reveal(),
    )


def place_of(settings: Settings, listening: Listening) -> Place:
    """What this server says of itself to others."""
    address = settings.consul.advertise or listening.reachable
    own = Instance(
        name=instance_name(settings, listening),
        address=str(address or listening.address),
        mode=settings.mode.value,
        version=__version__,
        since=clock_ms(),
        tags=(settings.mode.value, *settings.consul.tags),
    )
    return Place(own=own, address=address, run=secrets.token_hex(8))


def membership_of(
    settings: Settings, place: Place, *, registers: bool = True
) -> AbstractAsyncContextManager[Membership]:
    """A place among other servers, as the settings ask for it. Raises StartupError.

    Args:
        registers: whether this process puts the server on the list; else it only looks who is there.
    """
    consul = settings.consul
    if consul.addr is None:
        return nullcontext(Alone(place.own))
    if place.address is None:
        raise StartupError(f"addr is {place.own.address}: consul.advertise has to say where others get there")
    try:
        from whiteboard.cluster.consul import Registration, open_consul  # noqa: PLC0415 - see its docstring
    except ModuleNotFoundError as error:
        raise StartupError(f"consul.addr needs {error.name}: pip install 'whiteboard[cluster]'") from error
    registration = Registration(
        service=consul.service,
        own=place.own,
        address=place.address,
        base_path=settings.base_path,
        tls=settings.tls.cert is not None,
        run=place.run,
    )
    return open_consul(consul.addr, consul.token, registration, registers=registers)


def instance_name(settings: Settings, listening: Listening) -> str:
    """What this server is called among others."""
    return settings.instance or default_name(socket.gethostname(), listening.address)


async def serve(
    settings: Settings, open_storage: OpenStorage, ages: tasks.TaskAges, supervisor: Supervisor = _NOBODY
) -> None:
    """Serve with a storage of the caller's choice until a signal comes, then drain.

    What can be wrong with the certificate and the address is found before there is a data directory.
    """
    tls = _tls(settings)
    with open_listening(settings.addr) as listening:
        place = place_of(settings, listening)
        async with (
            supervisor.watching(),
            open_storage() as storage,
            blobs_of(settings) as blobs,
            _open_metadata(settings, storage) as metadata,
            open_recorder(metadata, place.own.name, clock_ms) as recorder,
            open_hub(storage, clock_ms, recorder) as hub,
            membership_of(settings, place) as member,
        ):
            trust = trust_of(settings, local_port=listening.local_port, found_at=_checked_at(settings, place))
            services = _services(
                settings, trust, storage, blobs=blobs, hub=hub, recorder=recorder, ages=ages, member=member
            )
            demux, bridge = _doors(services, tls, partial(_start_session, hub))
            accept = partial(serve_connections, listening.sockets, demux.serve)
            with ExitStack() as until_signal:
                # Before anybody can know that we are there, so that no signal finds nobody at home.
                signals = until_signal.enter_context(_signals())
                async with _open_server(settings, accept, listening, bridge, hub):
                    await supervisor.ready(f"serving {_announce(settings, listening)}")
                    await anext(signals)
                    until_signal.close()  # a second one ends the process at once
                    log.info("server_draining")
                    await supervisor.stopping("draining", _longest_end(settings))
                    await member.leave()
    log.info("server_stopped")


async def serve_by_workers(settings: Settings, supervisor: Supervisor = _NOBODY) -> None:
    """Be the front: listen, give connections to workers, keep those alive; until a signal comes, then drain.

    A second signal ends this process at once, and its workers with it: they see that it is gone.
    """
    tls = _tls(settings)
    with open_listening(settings.addr) as listening, _lease(settings) as lease:
        is_exclusive = owns_boards(settings.mode)
        place = place_of(settings, listening)
        outfit = _outfit(settings, listening, place, lease)
        crew = Crew(settings.workers, outfit, is_exclusive=is_exclusive)
        entrance = Entrance(crew.give, base_path=settings.base_path, is_sealed=tls is not None)
        async with (
            supervisor.watching(),
            membership_of(settings, place) as member,
            trio.open_nursery() as connections,
            trio.open_nursery() as working,
        ):
            await working.start(crew.run)
            with ExitStack() as until_signal:
                signals = until_signal.enter_context(_signals())
                await working.start(serve_connections, listening.sockets, entrance.serve, connections)
                await supervisor.ready(f"serving {_announce(settings, listening)}")
                await anext(signals)
                until_signal.close()
            log.info("server_draining")
            await supervisor.stopping("draining", _longest_end(settings) + timeouts.WORKER_STOP.seconds)
            await member.leave()
            await crew.drain(settings.drain_grace)
            working.cancel_scope.cancel()
            listening.close()
            connections.cancel_scope.cancel()
    log.info("server_stopped")


def _lease(settings: Settings) -> AbstractContextManager[int | None]:
    """The hold on what the workers share, if it takes one."""
    return hold_directory(settings.data) if settings.mode is Mode.SQLITE else nullcontext()


def _outfit(settings: Settings, listening: Listening, place: Place, lease: int | None) -> Outfit:
    """What each worker is started with."""

    def outfit(number: int, link: int) -> tuple[bytes, tuple[int, ...]]:
        share = Share(
            number, settings.workers, settings, listening.local_port, place=place, link=link, lease=lease
        )
        return share.packed(), () if lease is None else (lease,)

    return outfit


async def serve_share(share: Share, open_storage: OpenStorage, ages: tasks.TaskAges) -> None:
    """Be one worker: serve the connections that the front gives, until it is time to end, then drain."""
    settings, place = share.settings, share.place
    link = Link(socket.socket(fileno=share.link))
    with logs.bound(worker=str(share.number)), link:
        async with (
            open_inlet(link) as inlet,
            open_storage() as storage,
            blobs_of(settings, is_shared=True) as blobs,
            _open_metadata(settings, storage) as metadata,
            open_recorder(metadata, f"{place.own.name}/{share.number}", clock_ms) as recorder,
            open_hub(storage, clock_ms, recorder) as hub,
            membership_of(settings, place, registers=False) as member,
        ):
            trust = trust_of(settings, local_port=share.local_port, found_at=_checked_at(settings, place))
            plain = _services(
                settings, trust, storage, blobs=blobs, hub=hub, recorder=recorder, ages=ages, member=member
            )
            reports = Reports(plain.tasks, share, inlet)
            services = attrs.evolve(
                plain, rooms=SharedRooms(plain.rooms, share, inlet), tasks=reports.own, report_of=reports.of
            )
            start = partial(_start_session, hub, owns=share.owns)
            demux, bridge = _doors(services, _tls(settings), start)
            accept = partial(inlet.serve, demux.serve)
            async with trio.open_nursery() as asked:
                await asked.start(inlet.answer_questions, partial(answer, replies(plain.rooms, reports.own)))
                async with _open_server(settings, accept, None, bridge, hub):
                    await inlet.drain_wanted.wait()
                asked.cancel_scope.cancel()


def _signals() -> AbstractContextManager[AsyncIterator[int]]:
    return trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT)


def _any(_: BoardId) -> bool:
    return True


def _checked_at(settings: Settings, place: Place) -> TcpAddress | None:
    """Where Consul's checks ask for this server; None without Consul."""
    return None if settings.consul.addr is None else place.address


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


def _longest_end(settings: Settings) -> float:
    """Seconds from the signal to the end of the process, if every step takes all that it may."""
    steps = (timeouts.HTTP_DRAIN, timeouts.CLEANUP, timeouts.COMMIT, timeouts.STORAGE_CLOSE)
    return settings.drain_grace + sum(step.seconds for step in steps)


def clock_ms() -> int:
    """The server's clock: milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def trust_of(settings: Settings, *, local_port: int | None, found_at: TcpAddress | None = None) -> Trust:
    """Whom the settings let the server believe and let in.

    Args:
        local_port: as `Listening` has it.
        found_at: where Consul's checks, and who reads its list, ask for this server; None without Consul.
    """
    told = [settings.addr if isinstance(settings.addr, TcpAddress) else None, found_at]
    own = [address.host for address in told if address is not None and address.host is not None]
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
    settings: Settings, accept: Accept, listening: Listening | None, bridge: HttpBridge, hub: Hub
) -> AsyncIterator[None]:
    """Take connections while the block runs; behind it, stop in order.

    Children: what accepts in a nursery of its own, and one task per connection.

    Args:
        accept: is given the nursery for the connections.
        listening: what it accepts from, if this process has that.
    """
    async with trio.open_nursery() as connections:
        async with trio.open_nursery() as accepting:
            await accepting.start(accept, connections)
            yield
            if listening is not None and listening.outlives_us:
                accepting.cancel_scope.cancel()  # who comes now is the next server's
            with trio.move_on_after(settings.drain_grace) as grace:
                await hub.drain()
            accepting.cancel_scope.cancel()
        if listening is not None:
            listening.close()
        least = trio.current_time() + timeouts.HTTP_DRAIN.seconds
        with trio.CancelScope(deadline=max(grace.deadline, least)):
            await bridge.shut_down()
        connections.cancel_scope.cancel()


def _announce(settings: Settings, listening: Listening) -> str:
    """Say where the server is, to people and to the log; the address."""
    base_path, tls = settings.base_path, settings.tls.cert is not None
    address = listening.url(base_path=base_path, tls=tls)
    kept_at = {Mode.SQLITE: str(settings.data.absolute()), Mode.REDIS: settings.redis.addr}
    log.info("server_started", address=address, mode=settings.mode.value, boards=kept_at.get(settings.mode))
    lines = [f"whiteboard is at {address}"]
    if others := listening.urls_for_others(base_path=base_path, tls=tls):
        lines.append(f"others can open {' or '.join(others)}")
    print("\n".join(lines), flush=True)  # noqa: T201 - what this command says
    return address


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


def _doors(services: WebServices, tls: ssl.SSLContext | None, start: OnWebSocket) -> tuple[Demux, HttpBridge]:
    """What serves a connection, and the HTTP side of it, with page and API."""
    base_path, trust = services.settings.base_path, services.trust
    bridge = HttpBridge(build_app(services, load_page(base_path)), base_path=base_path, trust=trust)
    return Demux(bridge, start, base_path=base_path, tls=tls, trust=trust), bridge


def _services(
    settings: Settings,
    trust: Trust,
    storage: Storage,
    *,
    blobs: Blobs | None,
    hub: Hub,
    recorder: Recorder,
    ages: tasks.TaskAges,
    member: Membership,
) -> WebServices:
    def live_tasks() -> dict[str, Any]:
        counts = {**asdict(hub.statistics()), "records_waiting": recorder.waiting}
        return dict(tasks.report(ages, counts))

    def cluster() -> dict[str, Any]:
        counts = hub.statistics()
        return report(member.view(), {"sessions": counts.sessions, "boards": counts.boards})

    return WebServices(
        settings=settings,
        trust=trust,
        rooms=BoardAccess(hub, storage, clock_ms, recorder),
        boards=storage.boards,
        op_log=storage.op_log,
        blobs=blobs,
        probe=storage.probe,
        chronicle=recorder.metadata.chronicle,
        degraded=recorder.degraded,
        tasks=live_tasks,
        cluster=cluster,
        asyncapi=schema.asyncapi,
        messages_schema=schema.messages_schema,
    )
