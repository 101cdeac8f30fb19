"""A session on a board: the welcome, the round trip, an idle socket.

The boards are ones that nobody has and nothing is drawn on, so that nothing is left behind (CON-3).
"""

import statistics
from dataclasses import dataclass
from typing import Any, Final

import trio

from whiteboard import limits, timeouts
from whiteboard.deadlines import within
from whiteboard.doctor import troubles
from whiteboard.doctor.findings import Finding, good, shown, skipped
from whiteboard.doctor.line import Way
from whiteboard.doctor.socket import NoSocket, Socket, open_board
from whiteboard.errors import ConnectionLost

VERSION: Final = 1
_ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class Welcome:
    """What the server says of itself, brought into bounds."""

    version: object
    ping_seconds: float
    frame_bytes: int
    """The largest message that the server takes."""
    picture_bytes: int
    """The largest picture that it takes; 0 when it says nothing of pictures."""


async def enter(socket: Socket) -> Welcome:
    """Say hello; the welcome. Raises ConnectionLost when none comes within DOCTOR_STEP."""
    with within(timeouts.DOCTOR_STEP):
        await socket.say({"type": "hello", "v": VERSION, "name": "whiteboard doctor"})
        return _read_welcome(await socket.hear("welcome"))
    raise ConnectionLost(f"no welcome within {timeouts.DOCTOR_STEP.seconds:g} s")


def _read_welcome(message: dict[str, Any]) -> Welcome:
    heartbeat, bounds = message.get("heartbeat"), message.get("limits")
    ping = heartbeat.get("ping") if isinstance(heartbeat, dict) else None
    bounds = bounds if isinstance(bounds, dict) else {}
    return Welcome(
        version=message.get("v"),
        ping_seconds=_within(ping, timeouts.PING_INTERVAL.seconds, timeouts.DEAD_PEER.seconds),
        frame_bytes=int(_within(bounds.get("frameBytes"), limits.MAX_FRAME_BYTES, limits.MAX_FRAME_BYTES)),
        picture_bytes=int(_within(bounds.get("assetBytes"), 0, limits.MAX_BLOB_BYTES)),
    )


def _within(value: object, default: float, most: float) -> float:
    """A number above 0 and up to `most`, the default in place of anything else."""
    return value if isinstance(value, (int, float)) and 0 < value <= most else default


async def look_at_session(way: Way, board: str) -> list[Finding]:
    """The welcome, and how long a message and a ping take there and back. Raises NoSocket."""
    try:
        async with open_board(way, board) as socket:
            welcome = await enter(socket)
            if welcome.version != VERSION:
                return [
                    troubles.OTHER_PROTOCOL.found(
                        f"the welcome has v {shown(str(welcome.version), 20)}, not {VERSION}"
                    )
                ]
            return [await _measure(socket)]
    except NoSocket:
        raise
    except ConnectionLost as error:
        return [troubles.NO_WELCOME.found(f"asked for a welcome: {error}")]


async def _measure(socket: Socket) -> Finding:
    rounds = []
    with within(timeouts.DOCTOR_STEP):
        for _ in range(_ROUNDS):
            began = trio.current_time()
            await socket.say({"type": "ping"})
            await socket.hear("pong")
            rounds.append(trio.current_time() - began)
        await socket.ping()
        return good(
            "session",
            f"welcome, {statistics.median(rounds) * 1000:.1f} ms there and back (median of {_ROUNDS})",
        )
    if len(rounds) < _ROUNDS:
        return troubles.NO_WELCOME.found(
            f"no answer to a ping message within {timeouts.DOCTOR_STEP.seconds:g} s"
        )
    return troubles.NO_PONG.found(f"no answer to a WebSocket ping within {timeouts.DOCTOR_STEP.seconds:g} s")


async def look_at_idle(way: Way, board: str, wait: float | None) -> list[Finding]:
    """A socket on which we are silent, for `wait` seconds or a little over one ping of the server's.

    Raises ConnectionLost when there is no socket at all.
    """
    async with open_board(way, board) as socket:
        welcome = await enter(socket)
        if wait is None:
            wait = welcome.ping_seconds + timeouts.DOCTOR_IDLE_MARGIN.seconds
        began, lost = trio.current_time(), None
        with trio.move_on_after(wait):
            lost = await _lose(socket)
        return [judge_idle(welcome.ping_seconds, trio.current_time() - began, socket.pings, lost)]


async def _lose(socket: Socket) -> ConnectionLost:
    """Listen until the socket ends; how it did."""
    try:
        while True:
            await socket.receive()
    except ConnectionLost as error:
        return error


def judge_idle(ping_seconds: float, seconds: float, pings: int, lost: ConnectionLost | None) -> Finding:
    """How an idle socket fared.

    Args:
        ping_seconds: how often the server pings.
        seconds: how long it was watched.
        pings: those that came.
        lost: how it ended, if it did.
    """
    if lost is not None and lost.code in {1001, 4503}:
        return skipped("idle", f"the server stopped meanwhile ({lost})")
    if lost is not None:
        return troubles.IDLE_CUT.found(
            f"an idle socket was cut after {seconds:.1f} s: {lost}", ping=f"{ping_seconds:g}"
        )
    if not pings and seconds > ping_seconds:
        return troubles.IDLE_NO_PING.found(f"no ping of the server came within {seconds:.0f} s")
    kept = f"an idle socket was kept for {seconds:.0f} s"
    return good("idle", f"{kept}; the server's pings came through ({pings})" if pings else kept)
