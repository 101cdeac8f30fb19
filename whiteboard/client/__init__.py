"""A Trio client for the wire protocol: stays on a board, says what happens there, has ops acked.

Use `open_board` for a program that takes part, `open_wire` for one that speaks the plain protocol.
It keeps a replica of the board for a program that brings one. docs/client.md shows how to write a bot.

It speaks the protocol from its text (docs/spec/) and imports nothing but the ground floor: it must not
know the server's classes, rooms or storage, nor how elements merge.

```
async with open_board("http://127.0.0.1:8080", "my-board", name="Bot") as board:
    answer = await board.stroke([[10, 20], [30, 40]], element="s1", color="#e03131", width=4)
    if isinstance(answer, Rejected):
        print(answer.code, answer.reason)
    await board.append("s1", 2, [[50, 60]])
```
"""

from whiteboard.client.board import BoardClient, open_board
from whiteboard.client.events import (
    Ack,
    Answer,
    Cursors,
    Disconnected,
    Drain,
    Event,
    Joined,
    Left,
    OpEvent,
    Pong,
    Problem,
    Reconnected,
    Rejected,
    Resync,
    RoleChanged,
    Skipped,
    SnapshotPart,
    Unknown,
    Welcome,
)
from whiteboard.client.wire import Wire, open_wire

__all__ = [
    "Ack",
    "Answer",
    "BoardClient",
    "Cursors",
    "Disconnected",
    "Drain",
    "Event",
    "Joined",
    "Left",
    "OpEvent",
    "Pong",
    "Problem",
    "Reconnected",
    "Rejected",
    "Resync",
    "RoleChanged",
    "Skipped",
    "SnapshotPart",
    "Unknown",
    "Welcome",
    "Wire",
    "open_board",
    "open_wire",
]
