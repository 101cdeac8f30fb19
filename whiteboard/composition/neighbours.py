"""The server's place among others, as the settings ask for it (R34)."""

import secrets
import socket
from contextlib import AbstractAsyncContextManager, nullcontext

from whiteboard import __version__
from whiteboard.cluster.instances import Instance, Place, default_name
from whiteboard.cluster.membership import Alone, Membership
from whiteboard.composition.stores import clock_ms, missing_extra
from whiteboard.config import Settings, TcpAddress
from whiteboard.errors import StartupError
from whiteboard.transport.addresses import Listening


def place_of(settings: Settings, listening: Listening) -> Place:
    """What this server says of itself to others."""
    address = settings.consul.advertise or listening.reachable
    own = Instance(
        name=settings.instance or default_name(socket.gethostname(), listening.address),
        address=str(address or listening.address),
        mode=str(settings.mode),
        version=__version__,
        since=clock_ms(),
        tags=(str(settings.mode), *settings.consul.tags),
    )
    return Place(own=own, address=address, run=secrets.token_hex(8))


def membership_of(
    settings: Settings, place: Place, *, registers: bool = True
) -> AbstractAsyncContextManager[Membership]:
    """A place among other servers. Raises StartupError.

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
        raise missing_extra("consul.addr", error) from error
    registration = Registration(
        service=consul.service,
        own=place.own,
        address=place.address,
        base_path=settings.base_path,
        tls=settings.tls.cert is not None,
        run=place.run,
    )
    return open_consul(consul.addr, consul.token, registration, registers=registers)


def checked_at(settings: Settings, place: Place) -> TcpAddress | None:
    """Where Consul's checks ask for this server; None without Consul."""
    return None if settings.consul.addr is None else place.address
