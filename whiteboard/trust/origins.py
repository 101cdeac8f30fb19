"""Which web pages may open a WebSocket or write (RFC 6455 section 10.2, RFC 6454). Pure.

Browsers let any page open a socket to any server and post to it, and send its cookies, so the server
must look at the Origin. A program that is no browser sends none and is let in: it could claim any.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from whiteboard.trust.headers import Headers
from whiteboard.trust.names import parse_authority

DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a page comes from, in the one form that is compared. Made by `parse`."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The http(s) origin in `text`; None for `null` and anything else. A slash at the end is forgiven."""
        scheme, separator, rest = text.partition("://")
        default = DEFAULT_PORTS.get(scheme.lower())
        authority = parse_authority(rest.removesuffix("/"))
        if not separator or default is None or authority is None:
            return None
        return cls(scheme.lower(), authority.name, authority.port or default)

    def __str__(self) -> str:
        """`https://draw.example.org`, with the port where it is not the scheme's own; `*` for any."""
        if self == ANY_ORIGIN:
            return "*"
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


ANY_ORIGIN: Final = Origin("*", "*", 0)
"""Stands for every origin, `null` included."""


@dataclass(frozen=True, slots=True)
class OriginPolicy:
    """The page's own origin always; others by setting."""

    allowed: frozenset[Origin] = frozenset()
    """Those that are let in besides our own; with ANY_ORIGIN among them, all."""

    @classmethod
    def of(cls, origins: Iterable[Origin]) -> Self:
        """From the setting."""
        return cls(frozenset(origins))

    def allows(self, headers: Headers, host: str) -> bool:
        """Whether who sent `headers` may act here.

        What a browser itself calls same-origin is (Fetch Metadata section 2.3; no page can set that).
        Two Origin headers are nobody's.

        Args:
            host: how the browser knows us: the Host header, or X-Forwarded-Host from a trusted proxy.
                The scheme is not compared: behind a proxy that does not tell, we do not know our own.
        """
        given = headers.get_all("origin")
        if len(given) > 1:
            return False
        if not given or ANY_ORIGIN in self.allowed or headers.get("sec-fetch-site") == "same-origin":
            return True
        origin = Origin.parse(given[0])
        if origin is None:
            return False
        return origin in self.allowed or origin == Origin.parse(f"{origin.scheme}://{host}")
