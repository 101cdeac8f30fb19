"""TLS as a visitor meets it: the certificate, what is wrong with it, how long it lasts.

A certificate that is refused is looked at all the same: the peer's own certificate is taken for its
authority, with dates left out of account, which is the one way in which the standard library tells
what stands in it.
"""

import contextlib
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import trio

from whiteboard import timeouts
from whiteboard.doctor import troubles
from whiteboard.doctor.exchange import Answer
from whiteboard.doctor.findings import Finding, Trouble, good, shown
from whiteboard.doctor.line import HTTP1, TlsFailed, Way, connect, secure
from whiteboard.errors import ConfigError, ConnectionLost

_NO_CHECK_TIME: Final = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which the standard library has no name for."""
_DAY: Final = 86_400.0
_SHORT_LIVED: Final = 3
"""A certificate that ends soon by its own measure has less than this part of its life left."""
_REFUSALS: Final[Mapping[int, Trouble]] = {
    9: troubles.CERTIFICATE_EARLY,
    10: troubles.CERTIFICATE_EXPIRED,
    18: troubles.CERTIFICATE_SELF_SIGNED,
    19: troubles.CERTIFICATE_UNKNOWN,
    20: troubles.CERTIFICATE_UNKNOWN,
    21: troubles.CERTIFICATE_UNKNOWN,
    62: troubles.CERTIFICATE_NAME,
    64: troubles.CERTIFICATE_NAME,
}
"""X509_V_ERR_… of OpenSSL."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen of TLS."""

    certificate: Mapping[str, Any]
    """As `ssl.SSLSocket.getpeercert` gives it; empty when it could not be read."""
    version: str = ""
    """`TLSv1.3`."""
    is_http2: bool = False
    refusal: int | None = None
    """Why it was refused: OpenSSL's number; None when it was not."""
    reason: str = ""
    """The same in OpenSSL's words."""


def make_context(ca_file: Path | None) -> ssl.SSLContext:
    """As browsers check, and with an authority of one's own. Raises ConfigError."""
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError([f"--ca-file {ca_file}: {error.strerror or error}"]) from error
    return context


async def look_at_tls(way: Way, ca_file: Path | None) -> tuple[Way, Sight]:
    """What TLS shows, and the way to go on, if need be past a certificate that visitors would refuse.

    Raises ConnectionLost; TlsFailed is for what is wrong besides the certificate.
    """
    context = make_context(ca_file)
    context.set_alpn_protocols(["h2", *HTTP1])
    try:
        sight = await _shake(way, context)
    except TlsFailed as failed:
        if not isinstance(failed.error, ssl.SSLCertVerificationError):
            raise
        refusal = failed.error.verify_code, failed.error.verify_message
    else:
        return replace(way, tls=_for_http(make_context(ca_file))), sight
    blind = ssl.create_default_context()
    blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
    certificate = await _read_refused(way, blind)
    past = replace(way, tls=_for_http(blind), is_trusted=False)
    return past, Sight(certificate, refusal=refusal[0], reason=refusal[1])


def judge_tls(way: Way, sight: Sight, now: float | None = None) -> list[Finding]:
    """What is wrong with the certificate; `now` in seconds since 1970."""
    target, about = way.target, _about(sight.certificate)
    if sight.refusal is not None:
        trouble = _REFUSALS.get(sight.refusal, troubles.CERTIFICATE_REFUSED)
        seen = f"the certificate is refused: {shown(sight.reason)}{about and f' ({about})'}"
        return [trouble.found(seen, name=target.host, authority=target.authority)]
    left, life = _left_and_life(sight.certificate, time.time() if now is None else now)
    if left < min(timeouts.CERTIFICATE_ENDS.seconds, life / _SHORT_LIVED):
        return [
            troubles.CERTIFICATE_ENDS_SOON.found(f"the certificate ends in {left / _DAY:.1f} days ({about})")
        ]
    spoken = "HTTP/2" if sight.is_http2 else "HTTP/1.1"
    return [good("tls", f"{sight.version.replace('v', ' ')}, {spoken}, {about}")]


def judge_no_tls(way: Way) -> list[Finding]:
    """A place that offers none: fine on the machine itself."""
    if way.target.is_loopback:
        return [good("tls", "none, on this machine")]
    return [troubles.NO_TLS.found("the boards are published without TLS")]


def judge_plain(way: Way, answer: Answer | None) -> list[Finding]:
    """What port 80 says; None when nobody is there."""
    if answer is None:
        return []
    location = answer.header("location")
    if answer.status in {301, 302, 303, 307, 308} and location.startswith("https://"):
        return []
    if answer.json.get("alive") is not True:
        return []
    return [troubles.PLAIN_TOO.found(f"http://{way.target.host} shows the boards too, without TLS")]


async def _shake(way: Way, context: ssl.SSLContext) -> Sight:
    stream = await secure(await connect(way.place), way.target.host, context)
    try:
        return Sight(
            certificate=stream.getpeercert() or {},
            version=stream.version() or "",
            is_http2=stream.selected_alpn_protocol() == "h2",
        )
    finally:
        await trio.aclose_forcefully(stream)


async def _read_refused(way: Way, blind: ssl.SSLContext) -> Mapping[str, Any]:
    """What stands in a certificate that was refused; empty when it cannot be told."""
    stream = await secure(await connect(way.place), way.target.host, blind)
    der = stream.getpeercert(binary_form=True) or b""
    await trio.aclose_forcefully(stream)
    reading = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    reading.check_hostname = False
    reading.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VerifyFlags(_NO_CHECK_TIME)
    with contextlib.suppress(ConnectionLost, ssl.SSLError, ValueError):
        reading.load_verify_locations(cadata=der)
        return (await _shake(way, reading)).certificate
    return {}


def _for_http(context: ssl.SSLContext) -> ssl.SSLContext:
    context.set_alpn_protocols(HTTP1)
    return context


def _about(certificate: Mapping[str, Any]) -> str:
    """For whom, by whom, until when."""
    if not certificate:
        return ""
    names = [str(value) for _, value in certificate.get("subjectAltName", ())]
    issuer = {key: value for part in certificate.get("issuer", ()) for key, value in part}
    by = issuer.get("organizationName") or issuer.get("commonName") or "nobody"
    return f"for {shown(', '.join(names) or 'no name')}, by {shown(str(by))}, until {_day(certificate['notAfter'])}"


def _day(text: str) -> str:
    """The day of a certificate's time; one that was refused may have a time that is none."""
    try:
        return f"{datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC):%Y-%m-%d}"
    except (ValueError, OverflowError, OSError):
        return "no day"


def _left_and_life(certificate: Mapping[str, Any], now: float) -> tuple[float, float]:
    """Seconds until the certificate ends, and how long it is valid in all."""
    begins, ends = (ssl.cert_time_to_seconds(certificate[name]) for name in ("notBefore", "notAfter"))
    return ends - now, ends - begins
