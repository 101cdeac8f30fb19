"""Which server is looked at, and as whom. Reads files; asks nobody."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote, urlsplit

from whiteboard.credentials import is_loopback, read_token, tls_context
from whiteboard.errors import ConfigError

_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Place:
    """A server."""

    host: str
    port: int
    base: str
    """The path below which everything is, without a slash at the end."""
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    """None without TLS."""
    token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, url: str, token_file: Path | None = None, ca_file: Path | None = None) -> Self:
        """From what was typed in. Raises ConfigError, also for a token that others could read on its way."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise _no_url(url, str(error)) from None
        if parts.scheme not in _PORTS or not parts.hostname:
            raise _no_url(url, "it begins with http:// or https:// and a name")
        if parts.username is not None:
            raise ConfigError([f"{parts.scheme}://…@{parts.hostname}: give the token with --token-file"])
        tls = tls_context(ca_file) if parts.scheme == "https" else None
        base = quote(parts.path.removesuffix("/debug/").rstrip("/"), safe="/%:@!$&'()*+,;=~")
        place = cls(
            parts.hostname, _PORTS[parts.scheme] if port is None else port, base, tls, read_token(token_file)
        )
        if place.token is not None and tls is None and not is_loopback(place.host):
            raise ConfigError(
                [f"{url}: the token would go in the clear; give an https:// URL, or one on loopback"]
            )
        return place

    @property
    def authority(self) -> str:
        """Host and port, as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self._scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Of its page."""
        return f"{self._scheme}://{self.authority}{self.base}/"

    @property
    def _scheme(self) -> str:
        return "http" if self.tls is None else "https"


def _no_url(url: str, reason: str) -> ConfigError:
    return ConfigError([f"{url!r} is not the URL of a whiteboard, such as http://localhost:8080: {reason}"])
