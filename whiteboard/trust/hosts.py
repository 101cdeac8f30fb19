"""By which names the server may be asked for (DNS rebinding). Pure.

A web page may point its own name at this machine's loopback address; to the browser the server then
is that page's own, and it may read and draw here. What it cannot change is the Host header: there
stands its name, with our port. So a server for this machine answers at its port only to names that
mean this machine and to those that its operator lists; other ports are those of proxies, and they
know whom they serve. See adr/2026-11-27-host-names.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from whiteboard.trust.names import canonical_name, is_loopback_name, parse_authority
from whiteboard.trust.origins import DEFAULT_PORTS, Origin

ANY_HOST: Final = "*"


@dataclass(frozen=True, slots=True)
class HostPolicy:
    """Loopback names always; others by setting."""

    names: frozenset[str] | None = None
    """Canonical names besides those of loopback; None: any name will do."""
    port: int | None = None
    """Other names are refused at this port, ours, and pass with another; None: they are refused with any."""

    @classmethod
    def of(
        cls,
        hosts: Iterable[str],
        origins: Iterable[Origin] = (),
        *,
        own: Iterable[str] = (),
        local_port: int | None,
    ) -> Self:
        """From the settings.

        Args:
            hosts: names and addresses; `*` is any.
            origins: those of the setting: who lets in a page of a host has that host for a friend.
            own: names and addresses that the server was told to listen at, or tells others to find it at.
            local_port: where it listens, if on loopback only; else None. A server on a network is open
                to whoever reaches it, and is strict only when names are given.
        """
        given = frozenset(hosts)
        if ANY_HOST in given or not (given or local_port):
            return cls(None)
        names = given.union(own)
        listed = {origin.host for origin in origins}
        canonical = frozenset(canonical_name(name) for name in names)
        return cls(canonical | listed, None if given else local_port)

    def allows(self, host: str) -> bool:
        """Whether a request with this Host header is meant for us.

        Always the header as it came over the wire, which a browser fills in itself: X-Forwarded-Host
        can be set by a page. A request without a Host is no browser's.
        """
        if self.names is None or not host:
            return True
        asked = parse_authority(host)
        if asked is None:
            return False
        if asked.name in self.names or is_loopback_name(asked.name):
            return True
        return self.port is not None and not self._is_ours(asked.port)

    def _is_ours(self, port: int | None) -> bool:
        return port == self.port or (port is None and self.port in DEFAULT_PORTS.values())
