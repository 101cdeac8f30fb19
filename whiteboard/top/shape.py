"""What `top` reads in an answer, and of which kind each value has to be: another version's, or anybody's, is none. Pure."""

from typing import Annotated, Any, Final, NotRequired, TypedDict

import msgspec

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Amount = Annotated[float, msgspec.Meta(ge=-1e18, le=1e18)]
_Bytes = _Count | None


class _Process(TypedDict):
    uptime: NotRequired[_Amount]
    away: NotRequired[bool]


class _Memory(TypedDict):
    rss: _Bytes
    peak: _Bytes
    limit: _Bytes


class _Board(TypedDict):
    board: str
    sessions: _Count
    queue_bytes: _Count
    ops_waiting: _Count
    seq: _Count
    worker: _Count


class _Finding(TypedDict):
    kind: str
    subject: str
    count: _Count
    latest_at: _Amount


class _Figure(TypedDict):
    values: NotRequired[dict[str, _Amount]]
    bounds: NotRequired[list[_Amount]]
    counts: NotRequired[list[_Count]]
    largest: NotRequired[_Amount]


class _Versions(TypedDict):
    whiteboard: str


class _Status(TypedDict):
    versions: _Versions
    processes: list[_Process]
    counts: dict[str, _Bytes]
    memory: _Memory
    boards: list[_Board]
    figures: dict[str, _Figure]
    findings: list[_Finding]


_READER: Final = msgspec.json.Decoder(_Status)


def read_status(body: bytes) -> dict[str, Any]:
    """All of an answer, what is not shown too. Raises ValueError where what is shown is missing or of another kind."""
    try:
        _READER.decode(body)
        whole: dict[str, Any] = msgspec.json.decode(body)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    return whole
