"""Names and addresses as URLs and the Host header spell them. Pure.

Everything is brought to one form before it is compared: lower case, no dot at the end, IPv6 in its
short spelling, and an IPv4 peer of a socket for both kinds as IPv4.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

MAX_PORT: Final = 65_535
_KEPT: Final = 512
"""Of those that were read last: requests name few hosts, and who comes back has the address of before. 100 KiB."""
_KEPT_CHARS: Final = 128
"""A longer name is read each time."""

_AUTHORITY: Final = re.compile(
    r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._~!$&'()*+;=%-]+))(?::(?P<port>[0-9]{0,5}))?"
)
"""RFC 3986 section 3.2.2, without user names: a Host header has none."""


@dataclass(frozen=True, slots=True)
class Authority:
    """A server as somebody calls it: `example.org:8443`."""

    name: str
    """A name in lower case, or an address without brackets."""
    port: int | None
    """None when none is given: the scheme's own."""


def parse_authority(text: str) -> Authority | None:
    """The name and port in `text`, None when it is no authority."""
    return _recent_authority(text) if len(text) <= _KEPT_CHARS else _parse_authority(text)


def _parse_authority(text: str) -> Authority | None:
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        return None
    name = canonical_name(match["address"] or match["name"])
    port = int(match["port"]) if match["port"] else None
    if not name or (match["address"] and ":" not in name) or (port or 0) > MAX_PORT:
        return None
    return Authority(name, port)


_recent_authority = lru_cache(_KEPT)(_parse_authority)


def canonical_name(name: str) -> str:
    """`name` (without brackets or port) in the form in which names are compared."""
    try:
        return str(ip_address(name))
    except ValueError:
        return name.lower().removesuffix(".")


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """The IP address in `text`, None when there is none.

    `::ffff:1.2.3.4` is 1.2.3.4: so a socket for both kinds spells an IPv4 peer (RFC 4291 section 2.5.5.2).
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


@lru_cache(_KEPT)
def plain_address(text: str) -> str:
    """An address as people write it; what is none comes back as it is."""
    address = parse_address(text)
    return text if address is None else str(address)


def is_loopback_name(name: str) -> bool:
    """Whether a name (of an `Authority`) always means the machine that asks (RFC 6761 section 6.3)."""
    address = parse_address(name)
    if address is not None:
        return address.is_loopback
    return name == "localhost" or name.endswith(".localhost")
