"""Does a proxy make its visitors the operator: `/debug/tasks` asked for as a visitor would."""

from typing import Final

from whiteboard.doctor import troubles
from whiteboard.doctor.exchange import Answer, ask
from whiteboard.doctor.findings import Finding, good, skipped
from whiteboard.doctor.line import Way

FOREIGN_HOST: Final = "doctor.invalid"
"""Nobody's name (RFC 6761 section 6.4); a proxy that passes names on passes this one on."""


async def look_at_operator(way: Way) -> list[Finding]:
    """Raises ConnectionLost. At this machine another name is asked for: under its own one is the operator."""
    host = FOREIGN_HOST if way.target.is_loopback else None
    return [judge_operator(await ask(way, "/debug/tasks", host=host))]


def judge_operator(answer: Answer) -> Finding:
    """What a visitor without a token got."""
    if answer.status == 200 and "counts" in answer.json:
        return troubles.EVERYONE_OPERATOR.found("/debug/tasks is shown to a visitor without a token")
    if answer.code in {"forbidden", "foreign_host"}:
        return good("operator", "/debug and deleting boards are closed to visitors")
    return skipped("operator", f"/debug/tasks was answered with {answer.told}")
