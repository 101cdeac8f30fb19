"""Is what people draw kept: `/readyz`, and an op that is drawn, acknowledged and taken away again.

A board of one's own is used where it can be deleted afterwards, which is the operator's right. Others
draw on one board for all doctors, so that visits do not pile up boards, and leave it empty.
"""

import secrets
import time
from dataclasses import dataclass
from typing import Any, Final

import trio

from whiteboard import timeouts
from whiteboard.deadlines import within
from whiteboard.doctor import troubles
from whiteboard.doctor.exchange import Answer, ask
from whiteboard.doctor.findings import Finding, good, shown, skipped
from whiteboard.doctor.line import Header, Way
from whiteboard.doctor.session import enter
from whiteboard.doctor.socket import Socket, open_board
from whiteboard.errors import ConnectionLost

COMMON_BOARD: Final = "whiteboard-doctor"
READY: Final = "/readyz"
_WRITTEN: Final = {"disk": "on disk", "stream": "in the stream server", "memory": "in memory"}


def scratch_board() -> str:
    """The name of a board that nobody has."""
    return f"doctor-{secrets.token_hex(8)}"


@dataclass(frozen=True, slots=True)
class Stored:
    """An op that was drawn."""

    findings: list[Finding]
    server_ms: int | None = None
    """The server's clock when it took the op; None when it took none."""
    asked_at: float = 0.0
    """Our clock when it went, seconds since 1970."""
    seconds: float = 0.0
    """Until the ack came."""


def judge_readiness(way: Way, answer: Answer) -> Finding | None:
    """From the answer of `/readyz`; None when it says yes and nothing else."""
    if answer.status == 200 and answer.json.get("ready") is True:
        degraded = answer.json.get("degraded")
        if not isinstance(degraded, list) or not degraded:
            return None
        told = shown("; ".join(map(str, degraded)))
        return troubles.DEGRADED.found(f"{way.target.base}{READY} says yes, but: {told}")
    if answer.code == "not_ready":
        return troubles.CANNOT_STORE.found(f"{way.target.base}{READY} says: {shown(answer.reason)}")
    seen = f"{way.target.base}{READY} was answered with {answer.told}"
    return troubles.READINESS_HIDDEN.found(seen, base=way.target.base)


async def store(way: Way, token: str | None) -> Stored:
    """Draw an op and take it away again. Raises ConnectionLost."""
    headers = authorization(way, token)
    board = scratch_board()
    may_delete = (await _delete(way, board, headers)).code == "no_such_board"
    board = board if may_delete else COMMON_BOARD
    try:
        return await _draw(
            way, board, leaves="" if may_delete else f"; the empty board {COMMON_BOARD} is left"
        )
    finally:
        if may_delete:
            with within(timeouts.CLEANUP, shield=True):
                await _try_to_delete(way, board, headers)  # noqa: ASYNC102 - `within` is shielded and ends


def authorization(way: Way, token: str | None) -> list[Header]:
    """The operator's token, where nobody can read along."""
    return [("Authorization", f"Bearer {token}")] if token and way.keeps_secrets else []


async def _delete(way: Way, board: str, headers: list[Header]) -> Answer:
    return await ask(way, f"/api/boards/{board}", method="DELETE", headers=headers)


async def _try_to_delete(way: Way, board: str, headers: list[Header]) -> None:
    try:
        await _delete(way, board, headers)
    except ConnectionLost:
        pass  # what is left is an empty board; the examination has told what is wrong


async def _draw(way: Way, board: str, *, leaves: str) -> Stored:
    async with open_board(way, board) as socket:
        await enter(socket)
        element = f"doctor-{secrets.token_hex(8)}"
        asked_at, began = time.time(), trio.current_time()
        answer = await _say(
            socket, {"type": "text", "id": element, "text": "whiteboard doctor", "x": 0, "y": 0}
        )
        seconds = trio.current_time() - began
        if answer.get("type") == "ack":
            await _say(socket, {"type": "delete", "id": element})
        at = answer.get("at")
        server_ms = at if isinstance(at, int) and answer.get("type") == "ack" else None
        return Stored([judge_ack(answer, seconds, leaves)], server_ms, asked_at, seconds)


async def _say(socket: Socket, op: dict[str, Any]) -> dict[str, Any]:
    """Hand an op in; its ack or reject. Raises ConnectionLost when neither comes within DOCTOR_STEP."""
    with within(timeouts.DOCTOR_STEP):
        await socket.say(op)
        while True:
            answer = await socket.hear("ack", "reject", "error")
            if answer.get("id") == op["id"] or answer["type"] != "ack":
                return answer
    raise ConnectionLost(f"an op was neither acked nor refused within {timeouts.DOCTOR_STEP.seconds:g} s")


def judge_ack(answer: dict[str, Any], seconds: float, leaves: str = "") -> Finding:
    """What the server said to an op."""
    if answer.get("type") != "ack":
        code, reason = shown(str(answer.get("code")), 30), shown(str(answer.get("reason")))
        trouble = troubles.CANNOT_STORE if code == "storage_unavailable" else troubles.OP_NOT_STORED
        return trouble.found(f"an op was refused with {code}: {reason}")
    durable = str(answer.get("durable"))
    seen = f"an op was stored {_WRITTEN.get(durable, shown(durable, 30))} in {seconds * 1000:.1f} ms{leaves}"
    return troubles.IN_MEMORY.found(seen) if durable == "memory" else good("storage", seen)


def judge_lost(error: ConnectionLost) -> Finding:
    """An op without an answer."""
    return troubles.OP_NOT_STORED.found(f"drew an op: {error}")


def join_findings(readiness: Finding | None, stored: Stored | None, lost: Finding | None) -> list[Finding]:
    """One verdict on storage from `/readyz` and the op, or from why the op has no answer."""
    findings = [] if readiness is None else [readiness]
    if stored is not None:
        findings += stored.findings
    elif lost is not None:
        findings.append(lost)
    elif not findings:
        findings.append(
            skipped("storage", "an op could not be tried without a socket; /readyz says that it can store")
        )
    return findings
