"""Where the boards are published, as a visitor types it. Pure."""

import re
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Final, Self
from urllib.parse import quote, urlsplit

from whiteboard.errors import ConfigError

_SCHEMES: Final = {"http": False, "ws": False, "https": True, "wss": True}
_PORTS: Final = {False: 80, True: 443}
_BOARD: Final = "/b/"
_LABEL: Final = re.compile(r"[a-z0-9_-]{1,63}")
"""Of a name (RFC 1035 section 2.3.4), with the underscore that some private networks use."""


@dataclass(frozen=True, slots=True)
class Target:
    """A place of boards."""

    host: str
    """A name in ASCII, or an address without brackets."""
    port: int
    base: str
    """The path below which everything is, without a slash at the end; empty at the root."""
    is_tls: bool

    @classmethod
    def of(cls, url: str) -> Self:
        """From a URL; that of a board will do. Raises ConfigError."""
        try:
            parts = urlsplit(url)
            port = parts.port
            host = _ascii_host(parts.hostname or "")
        except ValueError as error:
            raise _no_url(url, str(error)) from None
        if parts.scheme not in _SCHEMES or not host:
            raise _no_url(url, "it begins with http:// or https:// and a name")
        if parts.username is not None:
            raise ConfigError([f"{parts.scheme}://…@{host}: give user and password with --credentials-file"])
        is_tls = _SCHEMES[parts.scheme]
        path = quote(parts.path.partition(_BOARD)[0], safe="/%:@!$&'()*+,;=~")
        return cls(host, _PORTS[is_tls] if port is None else port, path.rstrip("/"), is_tls)

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them (RFC 9110 section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.is_tls] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """What a browser calls a page of this place (RFC 6454 section 6.2)."""
        return f"{'https' if self.is_tls else 'http'}://{self.authority}"

    @property
    def url(self) -> str:
        """The URL of the page."""
        return f"{self.origin}{self.base}/"

    @property
    def is_loopback(self) -> bool:
        """Whether the name always means the machine that asks (RFC 6761 section 6.3)."""
        return is_loopback(self.host)

    def with_base(self, base: str) -> Self:
        """The same server under another path."""
        return replace(self, base=base)


def is_loopback(host: str) -> bool:
    """Whether a host without port or brackets is the machine that asks."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def parse_origin(text: str) -> str:
    """An origin as browsers spell it. Raises ConfigError."""
    target = Target.of(text)
    if target.base or not text.lower().startswith(("http://", "https://")):
        raise ConfigError([f"--origin {text!r}: expected an origin, such as https://draw.example.org"])
    return target.origin


def parse_place(text: str, port: int) -> tuple[str, int]:
    """Where to connect to: `HOST`, `HOST:PORT` or `[::1]:PORT`; `port` when none is given. Raises ConfigError."""
    try:
        parts = urlsplit(f"//{text}")
        host, given = _ascii_host(parts.hostname or ""), parts.port
    except ValueError:
        host, given = "", None
    if not host or "/" in text or "@" in text:
        raise ConfigError([f"--connect-to {text!r}: expected HOST or HOST:PORT"])
    return host, port if given is None else given


def _ascii_host(host: str) -> str:
    """Raises ValueError (UnicodeError among them) for what is no name or address."""
    name = host.lower().rstrip(".")
    if ":" in name:
        return str(ip_address(name))
    name = name if name.isascii() else name.encode("idna").decode("ascii")
    labels = name.split(".") if name else []
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{host!r} is no name")
    return name


def _no_url(url: str, reason: str) -> ConfigError:
    return ConfigError([f"{url!r} is not the URL of a whiteboard, such as https://example.org/wb: {reason}"])
