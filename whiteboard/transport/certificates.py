"""From when to when a certificate is valid. Knows nothing else of what stands in it.

The standard library decodes certificates that a peer has shown, not those that lie in a file, so the
two dates are read here (RFC 5280 section 4.1): a certificate that browsers refuse is served without a
complaint otherwise.
"""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_SEQUENCE: Final = 0x30
_VERSION: Final = 0xA0
_UTC_TIME: Final = 0x17
_FORMATS: Final = {_UTC_TIME: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}
_CENTURY_TURN: Final = 2050
"""RFC 5280 section 4.1.2.5.1: a two-digit year is one before this."""
_END: Final = "-----END CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class Validity:
    """The time in which clients accept a certificate; both ends belong to it."""

    begins: datetime
    ends: datetime

    def fault(self, now: datetime) -> str | None:
        """Why clients refuse it now, None when they do not: `expired on 2026-01-31`."""
        if now > self.ends:
            return f"expired on {self.ends:%Y-%m-%d}"
        return f"is not valid before {self.begins:%Y-%m-%d}" if now < self.begins else None


def read_validity(path: Path) -> Validity | None:
    """Of the first certificate in a PEM file, which is the server's own; None when it cannot be read."""
    try:
        text = path.read_text("ascii", "replace")
        body = text[text.index("-----BEGIN CERTIFICATE-----") : text.index(_END) + len(_END)]
        return _validity(ssl.PEM_cert_to_DER_cert(body))
    except (OSError, ValueError, LookupError):
        return None


def fault_of(path: Path) -> str | None:
    """Why clients refuse the certificate in `path` now; None when they do not, or when it cannot be read."""
    validity = read_validity(path)
    return None if validity is None else validity.fault(datetime.now(UTC))


def _validity(der: bytes) -> Validity:
    """Certificate → TBSCertificate → its fields: version?, serial, algorithm, issuer, validity."""
    _, certificate, _ = _element(der, _SEQUENCE)
    _, fields, _ = _element(certificate, _SEQUENCE)
    tag, _, rest = _element(fields)
    for _ in range(3 if tag == _VERSION else 2):
        _, _, rest = _element(rest)
    _, validity, _ = _element(rest, _SEQUENCE)
    first, begins, rest = _element(validity)
    second, ends, _ = _element(rest)
    return Validity(_time(first, begins), _time(second, ends))


def _element(der: bytes, wanted: int | None = None) -> tuple[int, bytes, bytes]:
    """Tag and content of the first element, and what follows it. Raises ValueError, LookupError."""
    tag, length, start = der[0], der[1], 2
    if length & 0x80:
        start = 2 + (length & 0x7F)
        length = int.from_bytes(der[2:start], "big")
    if len(der) < start + length or (wanted is not None and tag != wanted):
        raise ValueError("no such element")
    return tag, der[start : start + length], der[start + length :]


def _time(tag: int, content: bytes) -> datetime:
    when = datetime.strptime(content.decode("ascii"), _FORMATS[tag]).replace(tzinfo=UTC)
    if tag == _UTC_TIME and when.year >= _CENTURY_TURN:
        return when.replace(year=when.year - 100)
    return when
