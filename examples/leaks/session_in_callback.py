"""A session captured by a callback: the closure needs the session's id, takes the session, and nobody takes the callback back.

The cure is to capture what is needed and no more, and to let go at the end of what was begun at the start.
"""

from collections.abc import Callable
from typing import Final

from examples.leaks.laboratory import Experiment, Feature, References, sessions_with
from whiteboard.rooms.session import Session

Listener = Callable[[str], str]


class Listeners:
    """Who wants to hear of ops."""

    def __init__(self) -> None:
        self.on_op: dict[str, Listener] = {}


LISTENERS: Final = Listeners()


class Captured(Feature):
    """With the fault."""

    def began(self, session: Session) -> None:
        def on_op(op: str) -> str:
            return f"{session.id}: {op}"

        LISTENERS.on_op[session.id] = on_op


class Released(Feature):
    """Cured."""

    def began(self, session: Session) -> None:
        session_id = session.id

        def on_op(op: str) -> str:
            return f"{session_id}: {op}"

        LISTENERS.on_op[session_id] = on_op

    def ended(self, session: Session) -> None:
        del LISTENERS.on_op[session.id]


async def run(is_cured: bool) -> References:
    """Sessions that come and go, and listen meanwhile."""
    return await sessions_with(Released() if is_cured else Captured())


EXPERIMENTS: Final = (Experiment("a session captured by a callback", run, LISTENERS.on_op.clear),)
