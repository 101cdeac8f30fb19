"""Servers as others are told of them. Pure."""

import re
from enum import StrEnum
from typing import Final, Self

import attrs

from whiteboard import limits
from whiteboard.config import InstanceName, TcpAddress, UnixAddress

_FOREIGN: Final = re.compile(r"[^A-Za-z0-9_.-]+")


class Health(StrEnum):
    """What checks say of a server; the worst of them counts."""

    PASSING = "passing"
    WARNING = "warning"
    CRITICAL = "critical"

    @classmethod
    def of(cls, statuses: list[str]) -> Self:
        """The worst; a status that we do not know, such as `maintenance`, is no reason to send people there."""
        if not statuses or any(one not in {cls.PASSING, cls.WARNING} for one in statuses):
            return cls.CRITICAL
        return cls.WARNING if cls.WARNING in statuses else cls.PASSING


@attrs.frozen(kw_only=True)
class Instance:
    """One server."""

    name: str
    address: str
    """Where others reach it: `HOST:PORT`, or `unix:/path` for programs on its machine only."""
    mode: str
    """Where it keeps boards; empty when it does not say."""
    version: str
    """Of whiteboard; empty when it does not say."""
    since: int | None
    """When it started, in milliseconds since 1970; None when it does not say."""
    tags: tuple[str, ...] = ()
    health: Health | None = None
    """None while nobody has looked."""


@attrs.frozen(kw_only=True)
class Place:
    """A server among others, as it tells of itself."""

    own: Instance
    address: TcpAddress | None
    """Where others reach it; None when it is not known."""
    run: str
    """A word of its own for each start of a server, also where several have one name."""


def default_name(hostname: str, address: TcpAddress | UnixAddress) -> InstanceName:
    """`<hostname>:<port>`, or with the socket file's name in place of a port; within what a name may be.

    Args:
        address: where the server listens, with the real port.
    """
    end = _plain(address.path.name if isinstance(address, UnixAddress) else str(address.port))
    end = end[: limits.MAX_INSTANCE_CHARS // 2]
    begin = (_plain(hostname).lstrip("_.-") or "server")[: limits.MAX_INSTANCE_CHARS - len(end) - 1]
    return InstanceName(f"{begin}:{end}")


def _plain(text: str) -> str:
    return _FOREIGN.sub("-", text)
