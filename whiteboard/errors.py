"""Faults. Expected outcomes (an op refused, an op already known) are values, not exceptions.

WhiteboardError
├── ConfigError           settings that cannot be used; lists every problem with its path
├── StartupError          the server cannot start; says what to do
├── ConnectionLost        the peer closed, reset or vanished; ends one session
├── TooSlow               a client takes nothing of what waits for it; ends its session
├── RoomClosed            the room ended (evicted, failed, draining); ends its sessions
├── ServerFull            as many sessions or boards as may be; come back later
└── StorageError          abstract; adapters map foreign exceptions to one of these three
    ├── StorageUnavailable    try again later (disk full, locked, stopped)
    ├── StorageConflict       the stored state is not what the caller thought
    └── StorageCorrupt        stored bytes do not mean what they should; do not go on
"""


class WhiteboardError(Exception):
    """Base of every fault that this package raises on purpose."""


class ConfigError(WhiteboardError):
    """Settings that cannot be used."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
        """One line per bad key: its path, the value, what was expected."""


class StartupError(WhiteboardError):
    """The server cannot start; the text says what to do about it."""


class ConnectionLost(WhiteboardError):
    """The peer is gone: closed, reset, or not answering."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason if code is None else f"{reason} (close code {code})")
        self.code = code
        """The close code that the peer sent, if it said goodbye."""


class TooSlow(WhiteboardError):
    """The socket took no byte for SLOW_CLIENT although there was something for it."""


class RoomClosed(WhiteboardError):
    """The room is no longer there to take this."""


class ServerFull(WhiteboardError):
    """The server or the board holds as many sessions or boards as it may."""


class StorageError(WhiteboardError):
    """Base of what a storage adapter may raise."""


class StorageUnavailable(StorageError):
    """Storage cannot do it now; the same call may succeed later."""


class StorageConflict(StorageError):
    """The stored state is not what the caller assumed; reload before trying again."""


class StorageCorrupt(StorageError):
    """Stored bytes fail their checksum or cannot be read back; trying again does not help."""
