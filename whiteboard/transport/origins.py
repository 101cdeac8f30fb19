"""Which web pages may open a WebSocket here (RFC 6455 section 10.2). Pure.

Browsers let any page open a socket to any server and send its cookies, so the server must look at
the Origin. A program that is no browser sends none and is let in: it could claim any.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class OriginPolicy:
    """The page's own origin always; others by setting."""

    everyone: bool = False
    allowed: frozenset[tuple[str, str, int]] = frozenset()
    """Scheme, host and port of each origin that is let in besides our own."""

    @classmethod
    def of(cls, origins: Iterable[str]) -> Self:
        """From the setting: origins such as `https://example.org`, or `*` for all. Others are left out."""
        names = frozenset(origins)
        parsed = (parse_origin(name) for name in names)
        return cls(everyone="*" in names, allowed=frozenset(origin for origin in parsed if origin))

    def allows(self, origin: str | None, host: str) -> bool:
        """Whether a page at `origin` may connect to us, whom its browser knows as `host`.

        `host` is the Host header, or X-Forwarded-Host from a trusted proxy. The scheme is not
        compared: behind a proxy that does not tell, we do not know our own.
        """
        if origin is None or self.everyone:
            return True
        parsed = parse_origin(origin)
        if parsed is None:
            return False
        scheme, name, port = parsed
        return parsed in self.allowed or parse_origin(f"{scheme}://{host}") == (scheme, name, port)


def parse_origin(text: str) -> tuple[str, str, int] | None:
    """Scheme, host in lower case, and port of an http(s) origin; None for `null` and anything else."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    default = _DEFAULT_PORTS.get(parts.scheme)
    if default is None or not parts.hostname or parts.path not in {"", "/"} or parts.query or parts.username:
        return None
    return parts.scheme, parts.hostname, port or default
