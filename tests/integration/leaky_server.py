"""The real server with two faults planted: run by `test_leaks.LeakyServer`.

Each session is captured by a callback that nobody takes back, and leaves a task behind in its room's nursery. Arguments as
those of `hasty_server.py`.
"""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trio

from whiteboard.rooms.session import Session


class Visitors:
    """What a feature might have that shows who was here lately."""

    def __init__(self) -> None:
        self.on_return: list[Callable[[], str]] = []

    def remember(self, session: Session) -> None:
        """Keeps more of the session than its id."""

        def who() -> str:
            return session.id

        self.on_return.append(who)


VISITORS = Visitors()


async def forget_later() -> None:
    """Never comes to it."""
    await trio.sleep_forever()


def plant() -> None:
    """Put both into every session's way."""
    kind: Any = Session
    run = kind.run

    async def run_with_faults(session: Session) -> None:
        VISITORS.remember(session)
        room: Any = session._room
        room._workers.start_soon(forget_later, name="forget visitors")
        await run(session)

    kind.run = run_with_faults


if __name__ == "__main__":
    plant()
    sys.path.insert(0, str(Path(__file__).parent))
    hasty_server: Any = importlib.import_module("hasty_server")
    sys.exit(hasty_server.main(sys.argv[1], sys.argv[2:]))
