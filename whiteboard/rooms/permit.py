"""What one session may do where permission hooks decide: asked at its beginning, for each op, and again while it lasts.

Asks in the session's own tasks: what a hook takes is waited for by nobody else.
"""

import math
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
        self.due = math.inf
        """When it is time to ask again, by Trio's clock."""

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
        self.due = trio.current_time() + timeouts.HOOK_AGAIN.seconds
        return admitted.role.value

    async def judge(self, client: ClientId, request: OpRequest) -> Rejected | None:
        """Why the session may not make this op; None if it may."""
        return await self._pass.judge(self._session, client, request)

    async def ask_again(self) -> str | NotAdmitted | None:
        """A new role, or why the session may not stay; None when nothing has changed. To be called when it is due.

        No answer changes nothing. When cancelled, the role is the last one that was given.
        """
        self.due = trio.current_time() + timeouts.HOOK_AGAIN.seconds
        admitted = await self._guard.admit(self._visit)
        if isinstance(admitted, NotAdmitted):
            return None if admitted.why is Why.UNANSWERED else admitted
        before, self._pass = self._pass, admitted
        return None if admitted.role is before.role else admitted.role.value
