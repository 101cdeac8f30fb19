"""What a worker is told at its start: who it is among how many, and all that it needs to serve."""

import pickle
from dataclasses import dataclass

from whiteboard.cluster.instances import Place
from whiteboard.config import Mode, Settings, StorageName
from whiteboard.errors import StartupError
from whiteboard.ids import BoardId
from whiteboard.workers.routing import owner_of


@dataclass(frozen=True, slots=True)
class Share:
    """One worker's part of a server."""

    number: int
    """0 to `count` - 1."""
    count: int
    settings: Settings
    """As the front read them: a file that changed meanwhile must not make workers differ."""
    local_port: int | None
    """As `transport.addresses.Listening` has it."""
    place: Place
    """What the server says of itself to others."""
    link: int
    """The descriptor of this worker's end of the link to the front."""
    lease: int | None
    """The descriptor of the lock on the data directory, if there is one: see `storage.sqlite.open_sqlite`."""

    @property
    def is_exclusive(self) -> bool:
        """Whether each board has one worker that alone may open it: no other hears of what is stored there."""
        return owns_boards(self.settings.mode)

    def owns(self, board: BoardId) -> bool:
        """Whether this worker may open the board."""
        return not self.is_exclusive or owner_of(board, self.count) == self.number

    def packed(self) -> bytes:
        """As `unpacked` reads it."""
        return pickle.dumps(self)


def unpacked(data: bytes) -> Share:
    """A share that the front has packed; nobody else has the pipe that it comes through.

    Raises StartupError when it is not whole: the front went before it had told all.
    """
    try:
        share = pickle.loads(data)  # noqa: S301 - see above
    except (EOFError, pickle.UnpicklingError) as error:
        raise StartupError(
            "a worker was not told what to do; start `whiteboard serve`, not a worker"
        ) from error
    assert isinstance(share, Share)
    return share


def owns_boards(mode: StorageName) -> bool:
    """Whether boards of this mode are opened by one process each."""
    return mode is not Mode.REDIS
