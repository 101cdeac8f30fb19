"""Faults. Expected outcomes (an op refused, an op already known) are values, not exceptions.

WhiteboardError
├── ConfigError           settings that cannot be used; lists every problem with its path
├── StartupError          the server cannot start; says what to do
├── ConnectionLost        the peer closed, reset or vanished; ends one session
├── TooSlow               a client takes nothing of what waits for it; ends its session
├── OpFailed              abstract; an op of a client program will have no answer
│   ├── OpTooLarge            no frame of this server can carry it
│   └── OpUnanswered          the server passed it over each time it was sent
├── RoomClosed            the room ended (evicted, failed, draining); ends its sessions
├── AgentFault            the Consul agent is away or does not do what it is asked; asked again later
├── ServerFull            as many sessions or boards as may be; come back later
└── StorageError          abstract; adapters map foreign exceptions to one of these three
    ├── StorageUnavailable    try again later (disk full, locked, stopped)
    ├── StorageConflict       the stored state is not what the caller thought
    │   └── ClaimConflict         a client id belongs to another key
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
    """The peer took no byte for SLOW_CLIENT although there was something for it."""


class OpFailed(WhiteboardError):
    """Base of why an op of a client program will have no answer."""


class OpTooLarge(OpFailed):
    """No frame of this server can carry the op; it was not sent."""

    def __init__(self, op_id: str, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(f"op {op_id} takes {size_bytes} bytes, a frame of this server {limit_bytes} at most")
        self.op_id = op_id
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes


class OpUnanswered(OpFailed):
    """The server answered the op neither with an ack nor with a reject, however often it was sent."""

    def __init__(self, op_id: str, times: int, heard: str) -> None:
        super().__init__(f"op {op_id} was passed over each of {times} times that it was sent alone: {heard}")
        self.op_id = op_id
        self.heard = heard
        """What the server said in place of an answer, the last time."""


class RoomClosed(WhiteboardError):
    """The room is no longer there to take this."""


class ServerFull(WhiteboardError):
    """The server or the board holds as many sessions or boards as it may."""


class AgentFault(WhiteboardError):
    """The Consul agent did not do what it was asked for; the same may succeed later."""

    def __init__(self, reason: str, *, answered: bool) -> None:
        super().__init__(reason)
        self.answered = answered
        """Whether it is there: it refused, or answered with what cannot be used."""


class StorageError(WhiteboardError):
    """Base of what a storage adapter may raise."""


class StorageUnavailable(StorageError):
    """Storage cannot do it now; the same call may succeed later."""


class StorageConflict(StorageError):
    """The stored state is not what the caller assumed; reload before trying again."""


class ClaimConflict(StorageConflict):
    """A client's record has another key than the one that an op was handed in with."""

    def __init__(self, client: str) -> None:
        super().__init__(f"client {client} is claimed with another key")
        self.client = client


class StorageCorrupt(StorageError):
    """Stored bytes fail their checksum or cannot be read back; trying again does not help."""


def how_to_add(extra: str) -> str:
    """What to type for libraries that only some need. No release is on a package index yet, so that it comes from a checkout."""
    return f"pip install '.[{extra}]' in a checkout"
