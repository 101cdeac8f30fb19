"""The largest message, request body and picture that the server takes: do they get through."""

from typing import Final

from whiteboard import limits, timeouts
from whiteboard.deadlines import within
from whiteboard.doctor import troubles
from whiteboard.doctor.exchange import Answer, announce, ask
from whiteboard.doctor.findings import Finding, good, shown, skipped
from whiteboard.doctor.line import Way
from whiteboard.doctor.session import enter
from whiteboard.doctor.socket import open_board
from whiteboard.errors import ConnectionLost

_OVERHEAD: Final = 64
"""Bytes of a message around its filling, and more."""
_BODY_BYTES: Final = limits.MAX_REQUEST_BYTES - _OVERHEAD


async def look_at_sizes(way: Way, board: str) -> list[Finding]:
    """A message, a body and a picture of the largest size that the server takes. Raises ConnectionLost."""
    frame, picture_bytes = await _look_at_frame(way, board)
    body = b"{".ljust(_BODY_BYTES)  # no JSON, so that nothing is created
    json = [("Content-Type", "application/json")]
    findings = [frame, judge_body(await ask(way, "/api/boards", method="POST", headers=json, body=body))]
    if picture_bytes:
        answer = await announce(way, f"/api/boards/{board}/assets", picture_bytes)
        findings.append(judge_picture(picture_bytes, answer))
    return [finding for finding in findings if finding is not None]


async def _look_at_frame(way: Way, board: str) -> tuple[Finding, int]:
    """What became of the message, and how large a picture may be."""
    async with open_board(way, board) as socket:
        welcome = await enter(socket)
        filling = "x" * (welcome.frame_bytes - _OVERHEAD)
        seen = f"a message of {welcome.frame_bytes} bytes"
        try:
            with within(timeouts.DOCTOR_STEP):
                await socket.say({"type": "ping", "filling": filling})
                heard = await socket.hear("pong", "error")
                if heard["type"] == "pong":
                    return good("sizes", f"{seen} gets through"), welcome.picture_bytes
                seen += f" got {shown(str(heard.get('code')), 30)}"
        except ConnectionLost as error:
            seen += f": {error}"
        cut = troubles.FRAMES_CUT.found(seen, bytes=str(welcome.frame_bytes))
        return cut, welcome.picture_bytes


def judge_body(answer: Answer) -> Finding | None:
    """A body that is no JSON, which whiteboard says of it once it has read it."""
    if answer.code == "bad_json":
        return None
    seen = f"a request body of {_BODY_BYTES} bytes was answered with {answer.told}"
    if answer.status >= 400 and not answer.code:
        return troubles.BODIES_CUT.found(seen)
    return skipped("sizes", seen)


def judge_picture(size_bytes: int, answer: Answer | None) -> Finding | None:
    """A picture that was announced and not sent; None when nobody answered before it came."""
    if answer is None or answer.status != 413 or answer.code:
        return None
    seen = f"a picture of {size_bytes} bytes was answered with {answer.told}"
    return troubles.PICTURES_CUT.found(seen, bytes=str(size_bytes))
