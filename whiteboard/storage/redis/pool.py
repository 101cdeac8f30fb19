"""coredis's pool, but a place in it comes back however its connection ends.

coredis 6.9 gives a place back when a connection fails to open and when an idle one dies, not when one dies
while it is in use or when its opening is cancelled; after as many of those as there are places, every
command would wait for ever.
"""

from typing import Any

from coredis.exceptions import ConnectionError  # noqa: A004 - coredis's, not the system's
from coredis.pool import ConnectionPool


class NotConnectedError(ConnectionError):
    """There is no connection, so the command was not sent: it may be sent elsewhere."""


class MendingPool(ConnectionPool[Any]):
    """Connections to one Redis server, at most `max_connections`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._leased = 0
        self._getting = 0

    @property
    def free_places(self) -> int:
        """Connections that wait for work, and those that may still be opened."""
        return len(self._available_connections)

    async def get_connection(self, **options: Any) -> Any:
        """A connection for one command, or for as long as it blocks. Raises as coredis's pool does."""
        self._getting += 1
        try:
            try:
                connection = await super().get_connection(**options)
            except ConnectionError as error:
                raise NotConnectedError(str(error)) from error
            self._leased += 1
            return connection
        finally:
            self._getting -= 1
            self._mend()

    def release(self, connection: Any) -> None:
        """Give a connection back, alive or not."""
        self._leased -= 1
        super().release(connection)
        self._mend()

    def _mend(self) -> None:
        """Make up for places that are lost; whoever opens a connection at this moment holds one."""
        if self._getting:
            return
        for _ in range(self.max_connections - self._leased - self.free_places):
            self._available_connections.append_nowait(None)
