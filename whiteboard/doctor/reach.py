"""Does anybody answer there, and is it whiteboard: `GET <base>/healthz` and what stands in its way."""

from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urljoin

from whiteboard import __version__
from whiteboard.doctor import troubles
from whiteboard.doctor.exchange import Answer
from whiteboard.doctor.findings import Finding, good, shown
from whiteboard.doctor.line import NoAddress, NoConnection, TlsFailed, Way
from whiteboard.doctor.target import Target
from whiteboard.errors import ConfigError, ConnectionLost

HEALTH: Final = "/healthz"
_REDIRECTS: Final = {301, 302, 303, 307, 308}
_NGINX_WANTS_TLS: Final = b"The plain HTTP request was sent to HTTPS port"


@dataclass(frozen=True, slots=True)
class Reached:
    """Whether whiteboard was found."""

    findings: list[Finding]
    is_there: bool


def judge_health(way: Way, answer: Answer) -> Reached:
    """From the answer of `/healthz`."""
    if answer.status == 200 and answer.json.get("alive") is True:
        seen = f"{way.target.url} answers in {answer.seconds * 1000:.0f} ms"
        return Reached([good("reach", seen)], is_there=True)
    return Reached([judge_stranger(way, answer, HEALTH)], is_there=False)


def judge_stranger(way: Way, answer: Answer, path: str) -> Finding:
    """What an answer means that was not the one to come, whatever was asked for."""
    target = way.target
    seen = f"{target.base}{path} was answered with {answer.told}"
    location = answer.header("location")
    if answer.code == "foreign_host":
        return troubles.FOREIGN_HOST.found(seen, name=target.host)
    if answer.code == "not_found" and target.base:
        return troubles.UNKNOWN_PATH.found(
            f"whiteboard answers, and does not know {target.base}{path}", base=target.base
        )
    if answer.code == "unavailable":
        return troubles.SERVER_BUSY.found(seen)
    if answer.status == 400 and _NGINX_WANTS_TLS in answer.body:
        return troubles.WRONG_SCHEME.found("this port speaks TLS", url=_other_scheme(target).url)
    if answer.status in _REDIRECTS and location:
        return troubles.SENT_ELSEWHERE.found(f"{target.base}{path} leads to {shown(location)}")
    if answer.status in {401, 407}:
        return troubles.ASKS_WHO.found(seen)
    if answer.status == 403:
        return troubles.LOCKED_OUT.found(seen)
    if answer.status in {502, 503, 504}:
        return troubles.NO_SERVER_BEHIND.found(seen)
    if answer.status >= 500:
        return troubles.PROXY_FAILS.found(seen)
    return troubles.NOT_WHITEBOARD.found(f"{seen}, which is not whiteboard's")


def judge_silence(way: Way, error: ConnectionLost, *, speaks_tls: bool = False) -> Finding:
    """Why there was no answer; `speaks_tls` when a handshake worked where plain HTTP was tried."""
    target = way.target
    port, place = str(way.place[1]), f"{way.place[0]} port {way.place[1]}"
    if isinstance(error, NoAddress):
        return troubles.NO_NAME.found(str(error))
    if isinstance(error, NoConnection):
        return troubles.NO_CONNECTION.found(f"{place}: {error}", port=port)
    if speaks_tls:
        return troubles.WRONG_SCHEME.found("this port speaks TLS", url=_other_scheme(target).url)
    if isinstance(error, TlsFailed):
        if "wrong version number" in str(error) or "http request" in str(error):
            return troubles.WRONG_SCHEME.found("this port speaks plain HTTP", url=_other_scheme(target).url)
        return troubles.TLS_FAILED.found(f"{place}: {shown(str(error))}")
    return troubles.NO_HTTP.found(f"{place}: {error}", port=port)


def judge_version(answer: Answer) -> list[Finding]:
    """The server's version against ours."""
    version = answer.json.get("version")
    if version == __version__:
        return [good("version", f"{__version__}, here and there")]
    told = f"version {shown(str(version), 20)}" if version else "a version that does not tell its number"
    return [troubles.OTHER_VERSION.found(f"the server is {told}, this doctor {__version__}")]


def follow(way: Way, answer: Answer) -> Way | None:
    """Where a redirect of `/healthz` leads, if that is the same place with TLS."""
    if answer.status not in _REDIRECTS or way.target.is_tls:
        return None
    try:
        location = urljoin(f"{way.target.origin}/", answer.header("location"))
        led = Target.of(location.removesuffix(HEALTH))
    except (ValueError, ConfigError):
        return None
    same = led.is_tls and (led.host, led.base) == (way.target.host, way.target.base)
    return way.to(led) if same else None


def _other_scheme(target: Target) -> Target:
    port = target.port
    if port in {80, 443}:
        port = 80 if target.is_tls else 443
    return replace(target, is_tls=not target.is_tls, port=port)
