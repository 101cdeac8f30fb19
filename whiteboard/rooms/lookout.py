"""One look a second at who has been sent something, for all sessions: who takes nothing of it for too long is given up (R14).

Only those are looked at for whom something may be under way, so that thousands who sit idle cost nothing.
"""

import trio

from whiteboard import timeouts
from whiteboard.rooms.ports import Connection
from whiteboard.rooms.replica import slices


class Lookout:
    """Keeps an eye on connections, as long as somebody runs it."""

    def __init__(self) -> None:
        self._watched: set[Connection] = set()
        self.note = self._watched.add
        """Takes a connection with something under way: for `Connection.report_to`."""

    async def run(self) -> None:
        """Look for ever, once in every LOOKOUT."""
        while True:
            await trio.sleep(timeouts.LOOKOUT.seconds)
            for some in slices(list(self._watched)):
                self._look(some, trio.current_time())
                some.clear()  # they may end before the next look
                await trio.lowlevel.checkpoint()

    def _look(self, connections: list[Connection], now: float) -> None:
        for connection in connections:
            lasted = connection.stands_still_for(now)
            if lasted is None:
                self._watched.discard(connection)
            elif lasted >= timeouts.SLOW_CLIENT.seconds:
                self._watched.discard(connection)
                connection.give_up()
