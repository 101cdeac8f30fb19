"""The composition root: settings in, a running server out. The only place that chooses adapters.

```
server nursery
  sampling · stores (their own tasks) · recorder · permission hooks (theirs) · pump
  · hub nursery (tick, alarm, lookout, patience, sweep, upkeep, rooms, in them sessions) · consul · connections · doorstep
  · listener · cycle search · giving memory back · memory governor · leak watch · watches
```

Stopping has one order (R12): leave the list of servers while everything still works, so that those who are asked
to go are sent to others; where the sockets outlive us, let in nobody more and hear out who is in; take no new sessions and drain the hub (sessions are told, acked ops are
stored already, boards are checkpointed) while new connections still get an answer, close the listening
sockets, let HTTP answers leave, then cancel what is left. Each step has a deadline: CONSUL_LEAVE, LAST_HEADS, DRAIN_GRACE,
and for the answers what is left of it and no less than HTTP_DRAIN.

With several workers (R37) this process is the front: it has listener, crew and the place on the list, and each worker has
the rest, with an inlet in the listener's place. `adr/2026-11-27-workers-behind-one-acceptor.md` says why.
"""

import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    ExitStack,
    asynccontextmanager,
    nullcontext,
)
from functools import partial
from typing import Final

import attrs
import trio

from whiteboard import deadlines, relations, timeouts
from whiteboard.cluster.instances import Place
from whiteboard.composition.doors import Household, doors_of, services_of, tls_of, trust_of
from whiteboard.composition.frugality import levers_of, open_quiet_work, soft_limit_of
from whiteboard.composition.neighbours import checked_at, membership_of, place_of
from whiteboard.composition.profiling import profiles_of
from whiteboard.composition.stores import StorageOn, clock_ms, open_stores, storage_of
from whiteboard.composition.traces import open_traces
from whiteboard.composition.watches import open_watches
from whiteboard.config import Mode, Settings, StorageName
from whiteboard.diagnostics import logs, tasks
from whiteboard.diagnostics.leaks.watch import open_leak_watch
from whiteboard.diagnostics.memory.allocator import find_allocator
from whiteboard.diagnostics.sampling import Sampling, open_sampling
from whiteboard.diagnostics.supervisor import Supervisor
from whiteboard.errors import ConfigError
from whiteboard.plugins.guard import Guard
from whiteboard.plugins.loading import OpenGuard, configure_guard
from whiteboard.render.studio import open_studio
from whiteboard.rooms.hub import Hub, open_hub
from whiteboard.rooms.recorder import open_recorder
from whiteboard.storage.sqlite import hold_directory
from whiteboard.transport.addresses import Listening, open_listening
from whiteboard.transport.descriptors import raise_descriptor_limit
from whiteboard.transport.doorstep import Accept, Doorstep
from whiteboard.transport.hypercorn_bridge import HttpBridge
from whiteboard.transport.listener import accept_connections, serve_connections
from whiteboard.transport.pump import Pump, open_pump
from whiteboard.workers.asking import answer
from whiteboard.workers.crew import Crew, Outfit
from whiteboard.workers.entrance import Entrance
from whiteboard.workers.inlet import open_inlet
from whiteboard.workers.link import Link
from whiteboard.workers.profiles import profiles_by_number, with_profiles
from whiteboard.workers.reports import Reports
from whiteboard.workers.samplings import Samplings, with_sampling
from whiteboard.workers.share import Share, owns_boards, unpacked
from whiteboard.workers.shared_rooms import SharedRooms, replies

log = logs.get_logger()

_NOBODY: Final = Supervisor()
AcceptInto = Callable[..., Awaitable[None]]
"""Gives connections to a nursery's tasks until cancelled, as `Doorstep.serve` or `serve_connections` does."""


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then drain; returns when everything is closed.

    Raises StartupError when the port, the data directory, a certificate or a plugin cannot be used, ConfigError when
    a plugin does not take its options.
    """
    logs.configure(settings.log.format, settings.log.level)
    _put_in_force(settings)
    _arrange_process()
    supervisor = Supervisor.of(os.environ)
    open_storage, open_guard = storage_of(settings), guard_of(settings)
    if settings.workers > 1:
        trio.run(serve_by_workers, settings, supervisor)
        return
    ages = tasks.TaskAges()
    trio.run(serve, settings, open_storage, ages, open_guard, supervisor, instruments=[ages])


def work(equipment: bytes) -> None:
    """Be the worker that `equipment` describes, until the front says so, or is gone, or SIGTERM comes.

    Raises as `run`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at a terminal is for the front
    share = unpacked(equipment)
    settings = share.settings
    logs.configure(settings.log.format, settings.log.level)
    _put_in_force(settings)
    _arrange_process()
    ages = tasks.TaskAges()
    open_storage = storage_of(settings, share.lease)
    trio.run(serve_share, share, open_storage, ages, guard_of(settings), instruments=[ages])


def _put_in_force(settings: Settings) -> None:
    """Let the durations of the settings hold, in this process. Raises ConfigError."""
    try:
        relations.put_in_force(settings.durations)
    except ValueError as error:
        raise ConfigError([f"timeouts: {error}"]) from error


def _arrange_process() -> None:
    """What the process asks of the system before it begins."""
    raise_descriptor_limit()
    # Who started us may ignore it, which is inherited; the ends of our children would be lost then.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if allocator := find_allocator():
        allocator.arrange()


def guard_of(settings: Settings) -> OpenGuard | None:
    """How to open the permission hooks that the settings choose; None when they choose none."""
    if not settings.permissions:
        if settings.permission_options:
            raise ConfigError(["permission_options: given, but permissions names no hook"])
        return None
    return configure_guard(settings.permissions, settings.permission_options)


def is_shared(settings: Settings) -> bool:
    """Whether other servers write the same metadata."""
    return settings.postgres.dsn is not None


def _let_rooms_follow(pump: Pump | None, hub: Hub) -> None:
    """Let rooms commit and send right behind each pass over the sockets."""
    if pump is not None:
        pump.after_pass = hub.tick.beat


def _sampling(settings: Settings) -> AbstractAsyncContextManager[Sampling]:
    return open_sampling(settings.rates, settings.env)


def _maybe(open_guard: OpenGuard | None) -> AbstractAsyncContextManager[Guard | None]:
    return nullcontext() if open_guard is None else open_guard()


async def serve(
    settings: Settings,
    open_storage: StorageOn,
    ages: tasks.TaskAges,
    open_guard: OpenGuard | None = None,
    supervisor: Supervisor = _NOBODY,
) -> None:
    """Serve with a storage of the caller's choice until a signal comes, then drain.

    What can be wrong with the certificate and the address is found before there is a data directory.
    """
    tls = tls_of(settings)
    with open_listening(settings.addr) as listening:
        place = place_of(settings, listening)
        async with (
            supervisor.watching(),
            open_traces(settings, place.own.name),
            _sampling(settings) as sampling,
            open_stores(settings, open_storage) as stores,
            open_recorder(
                stores.metadata, place.own.name, clock_ms, is_shared=is_shared(settings)
            ) as recorder,
            _maybe(open_guard) as guard,
            open_pump() as pump,
            open_hub(stores.storage, clock_ms, recorder, guard) as hub,
            membership_of(settings, place) as member,
            open_studio(settings) as studio,
        ):
            _let_rooms_follow(pump, hub)
            trust = trust_of(settings, local_port=listening.local_port, found_at=checked_at(settings, place))
            limit, profiles = soft_limit_of(settings), profiles_of(sampling)
            house = Household(stores, recorder, hub, guard, member, studio, ages, limit, sampling, profiles)
            doorstep, bridge = doors_of(services_of(settings, trust, house), tls, hub, pump)
            accept = partial(accept_connections, listening.sockets)
            with ExitStack() as until_signal:
                # Before anybody can know that we are there, so that no signal finds nobody at home.
                signals = until_signal.enter_context(_signals())
                async with (
                    _open_server(settings, doorstep, accept, listening=listening, bridge=bridge, hub=hub),
                    open_quiet_work(limit, levers_of(hub, {"pictures": studio})),
                    open_leak_watch(ages, hub.serves, limit),
                    open_watches(settings, sampling),
                ):
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
    tls = tls_of(settings)
    with open_listening(settings.addr) as listening, _lease(settings) as lease:
        is_exclusive = owns_boards(settings.mode)
        place = place_of(settings, listening)
        outfit = _outfit(settings, listening, place, lease)
        crew = Crew(settings.workers, outfit, is_exclusive=is_exclusive)
        entrance = Entrance(crew.give, base_path=settings.base_path, is_sealed=tls is not None)
        async with (
            supervisor.watching(),
            open_watches(settings),
            membership_of(settings, place) as member,
            trio.open_nursery() as connections,
            trio.open_nursery() as working,
        ):
            await working.start(crew.run)
            taking = trio.CancelScope()
            async with trio.open_nursery() as accepting:
                with ExitStack() as until_signal:
                    signals = until_signal.enter_context(_signals())
                    accept = partial(serve_connections, listening.sockets, entrance.serve)
                    await accepting.start(_accept_within, taking, accept, connections)
                    await supervisor.ready(f"serving {_announce(settings, listening)}")
                    await anext(signals)
                    until_signal.close()
                log.info("server_draining")
                await supervisor.stopping("draining", _longest_end(settings) + timeouts.WORKER_STOP.seconds)
                await member.leave()
                if listening.outlives_us:
                    taking.cancel()  # who comes now is the next server's
                    await entrance.hear_out()
                await crew.drain(settings.drain_grace)
                taking.cancel()
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


async def serve_share(
    share: Share, open_storage: StorageOn, ages: tasks.TaskAges, open_guard: OpenGuard | None = None
) -> None:
    """Be one worker: serve the connections that the front gives, until it is time to end, then drain."""
    settings, place = share.settings, share.place
    name = f"{place.own.name}/{share.number}"
    link = Link(socket.socket(fileno=share.link))
    with logs.bound(worker=str(share.number)), link:
        async with (
            open_traces(settings, name),
            open_inlet(link) as inlet,
            _sampling(settings) as sampling,
            open_stores(settings, open_storage, is_shared=True) as stores,
            open_recorder(stores.metadata, name, clock_ms, is_shared=True) as recorder,
            _maybe(open_guard) as guard,
            open_pump() as pump,
            open_hub(stores.storage, clock_ms, recorder, guard) as hub,
            membership_of(settings, place, registers=False) as member,
            open_studio(settings) as studio,
        ):
            _let_rooms_follow(pump, hub)
            trust = trust_of(settings, local_port=share.local_port, found_at=checked_at(settings, place))
            limit, profiles = soft_limit_of(settings), profiles_of(sampling, share.number)
            house = Household(stores, recorder, hub, guard, member, studio, ages, limit, sampling, profiles)
            own = services_of(settings, trust, house)
            reports = Reports(own.tasks, own.status, share, inlet)
            services = attrs.evolve(
                own,
                rooms=SharedRooms(own.rooms, share, inlet),
                tasks=reports.own,
                report_of=reports.of,
                status_of=reports.status_of,
                profiles_of=profiles_by_number(profiles, share, inlet),
                sample_elsewhere=Samplings(share, inlet).ask,
            )
            doorstep, bridge = doors_of(services, tls_of(settings), hub, pump, share.owns)
            reply = with_profiles(
                profiles, with_sampling(sampling, replies(own.rooms, reports.own, own.status))
            )
            async with trio.open_nursery() as asked:
                await asked.start(inlet.answer_questions, partial(answer, reply))
                async with (
                    _open_server(settings, doorstep, inlet.serve, listening=None, bridge=bridge, hub=hub),
                    open_quiet_work(limit, levers_of(hub, {"pictures": studio})),
                    open_leak_watch(ages, hub.serves, limit),
                    open_watches(settings, sampling),
                ):
                    await inlet.drain_wanted.wait()
                asked.cancel_scope.cancel()


def _signals() -> AbstractContextManager[AsyncIterator[int]]:
    return trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT)


def _longest_end(settings: Settings) -> float:
    """Seconds from the signal to the end of the process, if every step takes all that it may."""
    steps = (
        timeouts.CONSUL_LEAVE,
        timeouts.LAST_HEADS,
        timeouts.HTTP_DRAIN,
        timeouts.CLEANUP,
        timeouts.COMMIT,
        timeouts.RECORD_CLOSE,
        timeouts.STORAGE_CLOSE,
    )
    return settings.drain_grace + sum(step.seconds for step in steps)


@asynccontextmanager
async def _open_server(
    settings: Settings,
    doorstep: Doorstep,
    accept: Accept,
    *,
    listening: Listening | None,
    bridge: HttpBridge,
    hub: Hub,
) -> AsyncIterator[None]:
    """Take connections while the block runs; behind it, stop in order.

    Children: what accepts in a nursery of its own, and one task per connection.

    Args:
        accept: brings connections to the doorstep.
        listening: what it accepts from, if this process has that.
    """
    taking = trio.CancelScope()
    async with trio.open_nursery() as connections:
        async with trio.open_nursery() as accepting:
            await accepting.start(_accept_within, taking, partial(doorstep.serve, accept), connections)
            yield
            if listening is not None and listening.outlives_us:
                taking.cancel()  # who comes now is the next server's
                await doorstep.hear_out()
            with trio.move_on_after(settings.drain_grace) as grace:
                await hub.drain()
            taking.cancel()
        if listening is not None:
            listening.close()
        least = trio.current_time() + timeouts.HTTP_DRAIN.seconds
        with trio.CancelScope(deadline=max(grace.deadline, least)):
            await bridge.shut_down()
        connections.cancel_scope.cancel()


async def _accept_within(
    taking: trio.CancelScope,
    accept: AcceptInto,
    connections: trio.Nursery,
    *,
    task_status: trio.TaskStatus[None],
) -> None:
    """Accept until `taking` is cancelled: a scope that holds nothing else, since draining goes on after it."""
    with taking:
        async with trio.open_nursery() as accepting:
            await accepting.start(accept, connections)
            task_status.started()


def _announce(settings: Settings, listening: Listening) -> str:
    """Say where the server is, to people and to the log; the address."""
    base_path, tls = settings.base_path, settings.tls.cert is not None
    address = listening.url(base_path=base_path, tls=tls)
    kept_at: dict[StorageName, str] = {
        Mode.SQLITE: str(settings.data.absolute()),
        Mode.REDIS: settings.redis.addr,
    }
    log.info(
        "server_started",
        address=address,
        mode=str(settings.mode),
        boards=kept_at.get(settings.mode),
        env=str(settings.env),
        timeout_config_version=deadlines.version(),
    )
    lines = [f"whiteboard is at {address}"]
    if others := listening.urls_for_others(base_path=base_path, tls=tls):
        lines.append(f"others can open {' or '.join(others)}")
    print("\n".join(lines), flush=True)  # noqa: T201 - what this command says
    return address
