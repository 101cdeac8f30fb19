"""What stands between connections and rooms: whom to let in, and what serves HTTP and sockets."""

import ssl
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from whiteboard.cluster.membership import Membership, report
from whiteboard.composition.figures import declare_figures
from whiteboard.composition.stores import Stores, clock_ms
from whiteboard.config import Settings, TcpAddress
from whiteboard.diagnostics import logs, status, tasks
from whiteboard.diagnostics.memory.soft_limit import SoftLimit
from whiteboard.diagnostics.profiles.sources import Sources
from whiteboard.diagnostics.sampling import Sampling
from whiteboard.errors import RoomClosed, ServerFull
from whiteboard.ids import BoardId, parse_board_id
from whiteboard.plugins.guard import Guard
from whiteboard.protocol import schema
from whiteboard.render.studio import Studio
from whiteboard.rooms.access import BoardAccess
from whiteboard.rooms.hub import Hub
from whiteboard.rooms.ports import Visitor
from whiteboard.rooms.recorder import Recorder
from whiteboard.transport.certificates import fault_of
from whiteboard.transport.demux import Demux
from whiteboard.transport.doorstep import Doorstep
from whiteboard.transport.http_answer import retry_after
from whiteboard.transport.hypercorn_bridge import HttpBridge
from whiteboard.transport.pump import Pump
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

log = logs.get_logger()

Owns = Callable[[BoardId], bool]
"""Whether a board is this process's to open."""


def _any(_: BoardId) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Household:
    """What a process that serves boards consists of, and what tells of it."""

    stores: Stores
    recorder: Recorder
    hub: Hub
    guard: Guard | None
    member: Membership
    studio: Studio
    ages: tasks.TaskAges
    limit: SoftLimit
    sampling: Sampling
    profiles: Sources

    def degraded(self) -> list[str]:
        """For `/readyz`: what does not work now without keeping anybody from drawing."""
        return [*self.recorder.degraded(), *self.limit.degraded()]

    def tasks(self) -> dict[str, Any]:
        """What `/debug/tasks` answers."""
        report = tasks.report(self.ages, self._counts())
        return {
            **report,
            "records": {"waiting": self.recorder.waiting},
            "memory": self.limit.report(),
            "sampling": self.sampling.report(),
        }

    def status(self) -> dict[str, Any]:
        """Of this process, for `/debug/status`."""
        return status.report(self._counts(), [asdict(board) for board in self.hub.busiest()])

    def _counts(self) -> dict[str, Any]:
        counts: dict[str, Any] = asdict(self.hub.statistics())
        if self.guard is not None:
            counts |= self.guard.counts()
        return counts

    def cluster(self) -> dict[str, Any]:
        """What `/api/cluster` answers."""
        counts = self.hub.statistics()
        return report(self.member.view(), {"sessions": counts.sessions, "boards": counts.boards})


def services_of(settings: Settings, trust: Trust, house: Household) -> WebServices:
    """What HTTP is given of the house."""
    stores, recorder = house.stores, house.recorder
    return WebServices(
        settings=settings,
        trust=trust,
        rooms=BoardAccess(house.hub, stores.storage, clock_ms, recorder),
        boards=stores.storage.boards,
        op_log=stores.storage.op_log,
        probe=stores.storage.probe,
        chronicle=recorder.metadata.chronicle,
        degraded=house.degraded,
        tasks=house.tasks,
        status=house.status,
        cluster=house.cluster,
        blobs=stores.blobs,
        studio=house.studio,
        guard=house.guard,
        profiles=house.profiles,
        sampling=house.sampling,
        asyncapi=schema.asyncapi,
        messages_schema=schema.messages_schema,
    )


def doors_of(
    services: WebServices, tls: ssl.SSLContext | None, hub: Hub, pump: Pump | None, owns: Owns = _any
) -> tuple[Doorstep, HttpBridge]:
    """Where connections come in, and the HTTP side of it, with page and API.

    Args: `owns` says of a board whether this process may open it.
    """
    declare_figures(hub)
    base_path, trust = services.settings.base_path, services.trust
    bridge = HttpBridge(build_app(services, load_page(base_path)), base_path=base_path, trust=trust)
    demux = Demux(
        bridge,
        partial(start_session, hub, owns=owns),
        base_path=base_path,
        tls=tls,
        trust=trust,
        pump=pump,
        start_now=partial(start_session_now, hub, owns=owns),
    )
    return Doorstep(demux, pump), bridge


async def start_session(hub: Hub, request: WebSocketRequest, *, owns: Owns = _any) -> None:
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
        await hub.serve(board_id, request.accept, _visitor(request))
    except (RoomClosed, ServerFull) as error:
        await request.refuse(503, error_body("unavailable", str(error)), [retry_after()])


def start_session_now(hub: Hub, request: WebSocketRequest, *, owns: Owns = _any) -> bool:
    """The same for a board that is open and has room for one more; else False, and nothing has happened."""
    board_id = parse_board_id(request.name)
    if board_id is None or not owns(board_id):
        return False
    return hub.serve_now(board_id, request.accept, _visitor(request))


def _visitor(request: WebSocketRequest) -> Visitor:
    return Visitor(request.client.address, request.token)


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


def tls_of(settings: Settings) -> ssl.SSLContext | None:
    """What TLS is spoken with; None without. Raises StartupError; a certificate that clients refuse is warned of."""
    if settings.tls.cert is None:
        return None
    context = load_tls(settings.tls.cert, settings.tls.key)
    if (fault := fault_of(settings.tls.cert)) is not None:
        log.warning("certificate_invalid", file=str(settings.tls.cert), reason=fault)
    return context
