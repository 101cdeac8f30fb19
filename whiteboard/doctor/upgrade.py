"""Does a request become a socket: for a program, for a page of this place, and not for any other page."""

from typing import Final

from whiteboard.doctor import troubles
from whiteboard.doctor.exchange import Answer
from whiteboard.doctor.findings import Finding, Mark, good
from whiteboard.doctor.line import Way
from whiteboard.doctor.reach import judge_stranger
from whiteboard.doctor.socket import SUBPROTOCOL, Socket, open_socket
from whiteboard.errors import ConnectionLost

FOREIGN_ORIGIN: Final = "https://foreign.invalid"
"""A page that nobody has (RFC 6761 section 6.4)."""
_MORE_TIMES: Final = 2
_REDIRECTS: Final = range(300, 400)


async def knock(way: Way, board: str, origin: str | None = None) -> Answer:
    """The answer to an upgrade; the socket is closed again. Raises ConnectionLost."""
    async with open_socket(way, board, origin=origin) as got:
        return got.answer if isinstance(got, Socket) else got


async def look_at_upgrade(way: Way, board: str) -> list[Finding]:
    """Upgrades as a program asks for them, without an Origin; several, since a proxy may keep connections."""
    found = await _try(way, board)
    for _ in range(_MORE_TIMES):
        if found.mark is Mark.GOOD:
            found = await _try(way, board)
    return [found]


async def _try(way: Way, board: str) -> Finding:
    try:
        async with open_socket(way, board) as got:
            return judge_socket(got) if isinstance(got, Socket) else judge_upgrade(way, got)
    except ConnectionLost as error:
        return troubles.UPGRADE_LOST.found(f"asked for a socket: {error}")


def judge_socket(socket: Socket) -> Finding:
    """An upgrade that came about."""
    chosen = socket.answer.header("sec-websocket-protocol")
    by = "" if chosen == SUBPROTOCOL else ", without its subprotocol"
    return good("upgrade", f"a request became a socket in {socket.answer.seconds * 1000:.0f} ms{by}")


def judge_upgrade(way: Way, answer: Answer) -> Finding:
    """An upgrade that was answered with something else."""
    base, told = way.target.base, f"an upgrade was answered with {answer.told}"
    if answer.status == 101:
        return troubles.UPGRADE_FAKE.found(
            "an upgrade was answered with 101 and a wrong Sec-WebSocket-Accept"
        )
    if answer.code == "bad_request":
        if "HTTP/1.1" in answer.reason:
            return troubles.UPGRADE_HTTP10.found("whiteboard got the upgrade as HTTP/1.0")
        return troubles.UPGRADE_NOT_PASSED.found(
            "whiteboard got the request without its Upgrade and Connection headers"
        )
    if answer.code == "upgrade_required":
        return troubles.UPGRADE_REUSED.found(
            "whiteboard got the upgrade on a connection that was used before"
        )
    if answer.code in {"foreign_host", "unavailable"}:
        return judge_stranger(way, answer, "/ws/")
    if answer.status == 404 or answer.status in _REDIRECTS or answer.status == 200:
        return troubles.UPGRADE_ELSEWHERE.found(told, base=base)
    return troubles.UPGRADE_ANSWERED.found(told, base=base)


async def look_at_origin(way: Way, board: str, origin: str) -> list[Finding]:
    """Upgrades as browsers ask for them, from a page of this place and from a foreign one.

    Raises ConnectionLost. `Sec-Fetch-Site` is left out, as by the browsers that do not send it with sockets.
    """
    if origin.startswith("https://") and not way.target.is_tls and not way.target.is_loopback:
        return [troubles.ORIGIN_MIXED.found(f"pages of {origin} would ask for a socket without TLS")]
    own = await knock(way, board, origin)
    if own.status != 101:
        portless = f"{origin.partition('://')[0]}://{way.target.host}"
        drops_port = portless != origin and (await knock(way, board, portless)).status == 101
        return [judge_own_origin(way, origin, own, drops_port=drops_port)]
    return [judge_foreign_origin(origin, await knock(way, board, FOREIGN_ORIGIN))]


def judge_own_origin(way: Way, origin: str, answer: Answer, *, drops_port: bool) -> Finding:
    """A page of this place that gets no socket; `drops_port` when one without the port got it."""
    seen = f"a page of {origin} gets {answer.told} in place of a socket"
    if answer.code != "foreign_origin":
        if answer.code:
            return judge_upgrade(way, answer)
        return troubles.ORIGIN_NOT_PASSED.found(seen)
    if drops_port:
        return troubles.ORIGIN_PORT.found(f"{seen}; without its port it would get one")
    return troubles.ORIGIN_REFUSED.found(seen, origin=origin)


def judge_foreign_origin(own: str, answer: Answer) -> Finding:
    """What the page of a stranger gets."""
    if answer.status == 101:
        return troubles.ANY_ORIGIN.found(f"a page of {FOREIGN_ORIGIN} gets a socket as well")
    return good("origin", f"pages of {own} get a socket, those of others do not")
