"""What one session may do where permission hooks decide: asked at its beginning, for each op, and again while it lasts.

Asks in the session's own tasks: what a hook takes is waited for by nobody else.
"""

from typing import Final

import trio

from whiteboard import timeouts
from whiteboard.core.outcomes import Rejected
from whiteboard.ids import BoardId, ClientId, SessionId
from whiteboard.plugins.guard import Guard, NotAdmitted, Pass, Why
from whiteboard.plugins.permissions import Visit
from whiteboard.protocol import close_codes, messages
from whiteboard.protocol.close_codes import CloseCode
from whiteboard.protocol.validation import OpRequest
from whiteboard.rooms.ports import Visitor

_FAREWELLS: Final = {
    Why.UNAUTHENTICATED: close_codes.UNAUTHENTICATED,
    Why.FORBIDDEN: close_codes.FORBIDDEN,
    Why.UNANSWERED: close_codes.INTERNAL_ERROR,
}


def farewell_of(refused: NotAdmitted) -> CloseCode:
    """With which code a session ends that may not come, or not stay."""
    return _FAREWELLS[refused.why]


class Permit:
    """One session's standing with the hooks."""

    def __init__(self, guard: Guard, visitor: Visitor, board: BoardId, session: SessionId) -> None:
        self._guard = guard
        self._visitor = visitor
        self._board = board
        self._session = session
        self._visit: Visit
        self._pass: Pass
        # both once the session has entered

    async def enter(self, hello: messages.Hello) -> str | NotAdmitted:
        """The role that the hooks give the session, or why it may not come. To be called once, first."""
        self._visit = Visit(
            board=self._board,
            address=self._visitor.address,
            token=hello.token or self._visitor.token,
            session=self._session,
            client=hello.client,
            name=hello.name,
        )
        admitted = await self._guard.admit(self._visit)
        if isinstance(admitted, NotAdmitted):
            return admitted
        self._pass = admitted
        return admitted.role.value

    async def judge(self, client: ClientId, request: OpRequest) -> Rejected | None:
        """Why the session may not make this op; None if it may."""
        return await self._pass.judge(self._session, client, request)

    async def wait_changed(self) -> str | NotAdmitted:
        """Ask again each HOOK_AGAIN until there is a new role, or the session may not stay: give that.

        No answer changes nothing. When cancelled, the role is the last one that was given.
        """
        while True:
            await trio.sleep(timeouts.HOOK_AGAIN.seconds)
            admitted = await self._guard.admit(self._visit)
            if isinstance(admitted, NotAdmitted):
                if admitted.why is not Why.UNANSWERED:
                    return admitted
            else:
                before, self._pass = self._pass, admitted
                if admitted.role is not before.role:
                    return admitted.role.value
