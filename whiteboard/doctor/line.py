"""A stream of bytes to the place that is examined: name, TCP, TLS. Knows nothing of what is said on it."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final, Self

import trio

from whiteboard import timeouts
from whiteboard.deadlines import deadline
from whiteboard.doctor.target import Target
from whiteboard.errors import ConnectionLost

Header = tuple[str, str]
HTTP1: Final = ["http/1.1"]


class NoAddress(ConnectionLost):
    """The name has no address."""


class NoConnection(ConnectionLost):
    """Nobody takes the connection."""


class TlsFailed(ConnectionLost):
    """TLS does not come about."""

    def __init__(self, error: BaseException) -> None:
        text = getattr(error, "reason", None) or str(error) or "the peer ended the handshake"
        super().__init__(text.replace("_", " ").lower())
        self.error = error
        """What the standard library raised."""


@dataclass(frozen=True, slots=True)
class Way:
    """How to get to a place, and as whom."""

    target: Target
    connect_to: tuple[str, int] | None = None
    """Another address to connect to, which leaves all names as they are."""
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    """For places with TLS."""
    is_trusted: bool = True
    """Whether TLS, where there is any, is with whom it should be; a secret goes nowhere else."""
    credentials: str | None = field(default=None, repr=False)
    """Value of Authorization for a proxy that asks."""

    @property
    def place(self) -> tuple[str, int]:
        """Where to connect to."""
        return self.connect_to or (self.target.host, self.target.port)

    def to(self, target: Target) -> Self:
        """The way to another port of the same host; an address given for the old one's port goes along."""
        place = self.connect_to
        if place is not None and place[1] == self.target.port:
            place = (place[0], target.port)
        return replace(self, target=target, connect_to=place)

    @property
    def keeps_secrets(self) -> bool:
        """Whether nobody on the way can read along."""
        return self.is_trusted and (self.target.is_tls or self.target.is_loopback)


async def connect(place: tuple[str, int]) -> trio.SocketStream:
    """A TCP connection. Raises NoAddress, NoConnection within DOCTOR_STEP."""
    host, port = place
    try:
        with deadline(timeouts.DOCTOR_STEP):
            await trio.socket.getaddrinfo(
                host, port
            )  # apart, so that a missing name is told from a closed port
            return await trio.open_tcp_stream(host, port)
    except trio.socket.gaierror as error:
        raise NoAddress(f"{host} has no address: {error.strerror or error}") from error
    except trio.TooSlowError:
        raise NoConnection(f"no connection within {timeouts.DOCTOR_STEP.seconds:g} s") from None
    except OSError as error:
        raise NoConnection(_plain(error)) from error


async def secure(
    stream: trio.SocketStream, host: str, context: ssl.SSLContext
) -> trio.SSLStream[trio.SocketStream]:
    """TLS over a connection, the handshake done. Raises TlsFailed, and closes the connection then."""
    tls = trio.SSLStream(stream, context, server_hostname=host, https_compatible=True)
    try:
        with deadline(timeouts.DOCTOR_STEP):
            await tls.do_handshake()
    except trio.BrokenResourceError as error:
        await trio.aclose_forcefully(stream)
        raise TlsFailed(error.__cause__ or error) from error
    except trio.TooSlowError as error:
        await trio.aclose_forcefully(stream)
        raise TlsFailed(TimeoutError("no handshake in time")) from error
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
    return tls


@asynccontextmanager
async def open_line(way: Way) -> AsyncIterator[trio.abc.Stream]:
    """A stream to the place, closed without ado at the end. Raises NoAddress, NoConnection, TlsFailed."""
    stream: trio.abc.Stream = await connect(way.place)
    if way.target.is_tls:
        assert isinstance(stream, trio.SocketStream)
        stream = await secure(stream, way.target.host, way.tls or ssl.create_default_context())
    try:
        yield stream
    finally:
        await trio.aclose_forcefully(stream)


def _plain(error: OSError) -> str:
    """The reason alone; Trio's error for several addresses has it further down."""
    cause: BaseException = error
    while not getattr(cause, "strerror", None):
        group = cause.__cause__
        inner = group.exceptions[0] if isinstance(group, BaseExceptionGroup) else group
        if inner is None:
            break
        cause = inner
    return str(getattr(cause, "strerror", None) or error).lower()
