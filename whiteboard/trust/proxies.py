"""Who is at the other end when proxies stand between (R35). Pure.

Owns whose X-Forwarded-* headers are believed and what they say. Nobody is believed by default: a
header that anybody can send must not decide an address or an origin.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from whiteboard.trust.headers import Headers
from whiteboard.trust.names import parse_address


@dataclass(frozen=True, slots=True)
class Client:
    """The program that made a request, as far as we can know."""

    address: str
    """An IP address; empty for a Unix socket's peer that no proxy described."""
    port: int
    """0 when a proxy spoke for the client."""
    scheme: str
    """`http` or `https`, as the client sees it."""
    host: str
    """The authority that the client asked for: `example.org` or `example.org:8443`; may be empty."""

    def __str__(self) -> str:
        """For logs: `host:port`, or the address that a trusted proxy named."""
        return shown_peer(self.address, self.port)


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The peers whose forwarding headers are believed."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """As the setting has them. A network of everyone (`0.0.0.0/0`) includes the peers of a Unix socket."""

    @classmethod
    def of(cls, names: Iterable[str]) -> "TrustedProxies":
        """From networks as text; `*` is everyone. Raises ValueError for what is no network."""
        everyone = (ip_network("0.0.0.0/0"), ip_network("::/0"))
        parsed = [everyone if name == "*" else (ip_network(name, strict=False),) for name in names]
        return cls(tuple(network for networks in parsed for network in networks))

    @property
    def _trusts_everyone(self) -> bool:
        return any(network.prefixlen == 0 for network in self.networks)

    def trusts(self, address: str) -> bool:
        """Whether the peer at `address` (empty: a Unix socket) may speak for others."""
        if not self.networks or self._trusts_everyone:
            return bool(self.networks)
        parsed = parse_address(address)
        return parsed is not None and any(parsed in network for network in self.networks)

    def client(self, peer: Client, headers: Headers) -> Client:
        """The client behind `peer`, which is the other end of the socket with its Host header.

        The address is the right-most one in X-Forwarded-For that is no trusted proxy itself; scheme
        and host are what the nearest proxy said last.
        """
        if not self.trusts(peer.address):
            return peer
        scheme = _last(headers, "x-forwarded-proto", peer.scheme).lower()
        host = _last(headers, "x-forwarded-host", peer.host)
        address = self._forwarded_address(headers)
        scheme = {"ws": "http", "wss": "https"}.get(scheme, scheme)
        if scheme not in {"http", "https"}:
            scheme = peer.scheme
        if address is None:
            return Client(peer.address, peer.port, scheme, host)
        return Client(address, 0, scheme, host)

    def _forwarded_address(self, headers: Headers) -> str | None:
        """The right-most address that no trusted proxy has; with none such, the left-most."""
        best = None
        for element in reversed(headers.elements("x-forwarded-for")):
            address = _bare_address(element)
            if address is None:
                return best
            best = address
            if self._trusts_everyone or not self.trusts(address):
                return address
        return best


def shown_peer(address: str, port: int) -> str:
    """A peer for logs: `1.2.3.4:5`, `[::1]:5`; without a port the bare address, or `unix`."""
    if not port:
        return address or "unix"
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _last(headers: Headers, name: str, default: str) -> str:
    elements = headers.elements(name)
    return elements[-1] if elements else default


def _bare_address(text: str) -> str | None:
    """The IP address in `1.2.3.4`, `1.2.3.4:80`, `::1` or `[::1]:80`."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    address = parse_address(text)
    return None if address is None else str(address)
