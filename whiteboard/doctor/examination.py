"""All checks of one place: what depends on what, what runs beside what, and the order of the report.

```
reach (tls, healthz) → readyz → upgrade ┬ page · operator
                                        ├ origin · session · sizes · idle
                                        └ storage → clock
```
"""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

import trio

from whiteboard import timeouts
from whiteboard.deadlines import within
from whiteboard.doctor import (
    certificates,
    clock,
    operator,
    page,
    reach,
    session,
    sizes,
    storage,
    troubles,
    upgrade,
)
from whiteboard.doctor.exchange import Answer, ask
from whiteboard.doctor.findings import Finding, Mark, is_bad, skipped
from whiteboard.doctor.line import NoConnection, TlsFailed, Way, connect, secure
from whiteboard.doctor.socket import NoSocket
from whiteboard.doctor.target import Target
from whiteboard.errors import ConnectionLost

CHECKS: Final = (
    "reach",
    "host",
    "tls",
    "page",
    "upgrade",
    "origin",
    "session",
    "sizes",
    "storage",
    "clock",
    "operator",
    "version",
    "idle",
)
"""In the order of the report: what the others stand on first, what takes longest last."""
_ON_SOCKETS: Final = ("origin", "session", "sizes", "idle")
_FOLLOWS_FROM_STORAGE: Final = {
    trouble.code
    for trouble in (troubles.SERVER_BUSY, troubles.NO_WELCOME, troubles.NO_ANSWER, troubles.UPGRADE_LOST)
}
"""What a server that cannot read its boards looks like from the other checks."""
_HTTP_PORT: Final = 80
_HTTPS_PORT: Final = 443

Tell = Callable[[Finding], None]
Look = Callable[[], Awaitable[list[Finding]]]


@dataclass(frozen=True, slots=True)
class Options:
    """What to examine, and as whom."""

    target: Target
    origin: str | None = None
    """Whose page asks for sockets, when it is not the target itself."""
    token: str | None = field(default=None, repr=False)
    """The operator's."""
    credentials: str | None = field(default=None, repr=False)
    """Value of Authorization for a proxy that asks."""
    connect_to: tuple[str, int] | None = None
    ca_file: Path | None = None
    proxy_wait: float | None = None
    """Seconds for which an idle socket is watched; None for a little over one ping, 0 for not at all."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Whiteboard was found there."""

    way: Way
    health: Answer


class Book:
    """Findings as they come, told in the order of CHECKS."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._pages: dict[str, list[Finding]] = {}
        self._next = 0
        self.told: list[Finding] = []

    def write(self, check: str, findings: list[Finding]) -> None:
        """A check is done. What it found is told once those before it are done."""
        self._pages.setdefault(check, findings)
        while self._next < len(CHECKS) and CHECKS[self._next] in self._pages:
            for finding in self._pages[CHECKS[self._next]]:
                self.told.append(finding)
                self._tell(finding)
            self._next += 1

    def close(self, because: Callable[[str], list[Finding]]) -> None:
        """Write what is missing."""
        for check in CHECKS:
            if check not in self._pages:
                self.write(check, because(check))


async def examine(options: Options, tell: Tell) -> list[Finding]:
    """Every check; the findings, each told as soon as those before it are known.

    Takes at most DOCTOR_WHOLE and `proxy_wait`. Cancelled, connections are closed; what was drawn is
    taken away within CLEANUP.
    """
    book = Book(tell)
    whole = timeouts.DOCTOR_WHOLE.seconds + (options.proxy_wait or 0)
    with within(timeouts.DOCTOR_WHOLE, plus=options.proxy_wait or 0) as scope:
        arrival = await _arrive(options, book)
        if arrival is not None:
            await _look_around(options, arrival, book)
    late = f"not done within {whole:g} s"
    book.close(lambda check: [_no_answer(check, late)] if scope.cancelled_caught else [])
    return book.told


# --- getting there ----------------------------------------------------------------------------
async def _arrive(options: Options, book: Book) -> Arrival | None:
    """Find whiteboard; None, with the reason in the book, when it is not there."""
    way = Way(options.target, options.connect_to, credentials=options.credentials)
    try:
        way = await _look_at_tls(options, way, book)
        health = await ask(way, reach.HEALTH)
        led = reach.follow(way, health)
        if led is not None:
            way = await _look_at_tls(options, led, book)
            health = await ask(way, reach.HEALTH)
    except ConnectionLost as error:
        silence = reach.judge_silence(way, error, speaks_tls=await _speaks_tls(way, error))
        book.write("reach", [silence])
        return None
    reached = reach.judge_health(way, health)
    for check in ("reach", "host"):
        book.write(check, [finding for finding in reached.findings if finding.check == check])
    return Arrival(way, health) if reached.is_there else None


async def _look_at_tls(options: Options, way: Way, book: Book) -> Way:
    if not way.target.is_tls:
        return way
    way, sight = await certificates.look_at_tls(way, options.ca_file)
    findings = certificates.judge_tls(way, sight)
    if way.target.port == _HTTPS_PORT and options.connect_to is None:
        findings += certificates.judge_plain(way, await _ask_port_80(way))
    book.write("tls", findings)
    return way


async def _ask_port_80(way: Way) -> Answer | None:
    plain = replace(way, target=replace(way.target, port=_HTTP_PORT, is_tls=False), credentials=None)
    try:
        return await ask(plain, reach.HEALTH)
    except ConnectionLost:
        return None


async def _speaks_tls(way: Way, error: ConnectionLost) -> bool:
    """Whether TLS would have helped where plain HTTP got no answer."""
    if way.target.is_tls or isinstance(error, NoConnection):
        return False
    blind = ssl.create_default_context()
    blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
    try:
        stream = await secure(await connect(way.place), way.target.host, blind)
    except (ConnectionLost, TlsFailed):
        return False
    await trio.aclose_forcefully(stream)
    return True


# --- looking around ---------------------------------------------------------------------------
async def _look_around(options: Options, arrival: Arrival, book: Book) -> None:
    """Readiness and an upgrade, alone so that a proxy has idle connections to use; then the rest.

    Children: one task per check, and one for storage with the clock.
    """
    way = arrival.way
    if not way.target.is_tls:
        book.write("tls", certificates.judge_no_tls(way))
    book.write("version", reach.judge_version(arrival.health))
    looks: dict[str, Look] = {
        "page": partial(page.look_at_page, way),
        "operator": partial(operator.look_at_operator, way),
    }
    readiness = await _readiness(way)
    stores = readiness is None or not is_bad([readiness])
    upgraded = await _seen(
        way, "upgrade", partial(upgrade.look_at_upgrade, way, storage.scratch_board()), stores
    )
    book.write("upgrade", upgraded)
    has_socket = upgraded[0].mark is Mark.GOOD
    if has_socket:
        looks |= _looks_on_sockets(options, way)
    async with trio.open_nursery() as nursery:
        for check, look in looks.items():
            nursery.start_soon(_check, way, book, check, look, stores)
        nursery.start_soon(_look_at_storage, options, arrival, book, readiness, has_socket)
        for check in _ON_SOCKETS:
            if not has_socket:
                book.write(check, [skipped(check, "needs a socket")])


def _looks_on_sockets(options: Options, way: Way) -> dict[str, Look]:
    board, wait = storage.scratch_board, options.proxy_wait
    origin = options.origin or way.target.origin
    looks: dict[str, Look] = {
        "origin": partial(upgrade.look_at_origin, way, board(), origin),
        "session": partial(session.look_at_session, way, board()),
        "sizes": partial(sizes.look_at_sizes, way, board()),
        "idle": partial(session.look_at_idle, way, board(), wait),
    }
    if wait == 0:
        looks["idle"] = _not_waited
    return looks


async def _not_waited() -> list[Finding]:
    return [skipped("idle", "--proxy-wait is 0")]


async def _readiness(way: Way) -> Finding | None:
    try:
        return storage.judge_readiness(way, await ask(way, storage.READY))
    except ConnectionLost as error:
        return _no_answer("storage", f"{storage.READY}: {error}")


async def _look_at_storage(
    options: Options, arrival: Arrival, book: Book, readiness: Finding | None, has_socket: bool
) -> None:
    way, stored, lost = arrival.way, None, None
    if has_socket and (readiness is None or not is_bad([readiness])):
        try:
            stored = await storage.store(way, options.token)
        except NoSocket as error:
            lost = _no_socket(way, "storage", error)
        except ConnectionLost as error:
            lost = storage.judge_lost(error)
    book.write("storage", storage.join_findings(readiness, stored, lost))
    book.write("clock", clock.judge_clock(arrival.health, stored))


async def _check(way: Way, book: Book, check: str, look: Look, stores: bool) -> None:
    book.write(check, await _seen(way, check, look, stores))


async def _seen(way: Way, check: str, look: Look, stores: bool) -> list[Finding]:
    """What a check found; what follows from storage being away is no finding of its own."""
    try:
        findings = await look()
    except NoSocket as error:
        findings = [_no_socket(way, check, error)]
    except ConnectionLost as error:
        findings = [_no_answer(check, str(error))]
    if not stores and any(finding.code in _FOLLOWS_FROM_STORAGE for finding in findings):
        return [skipped(check, "boards cannot be opened while nothing can be stored")]
    return findings


def _no_socket(way: Way, check: str, error: NoSocket) -> Finding:
    """A later upgrade that fared worse than the first ones."""
    return replace(upgrade.judge_upgrade(way, error.answer), check=check)


def _no_answer(check: str, seen: str) -> Finding:
    return replace(troubles.NO_ANSWER.found(seen), check=check)
