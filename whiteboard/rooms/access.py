"""What HTTP may do with boards: read, create, delete; each goes through the live room where needed."""

from collections.abc import Callable, Iterable, Sequence
from heapq import merge
from itertools import islice

import msgspec
import trio

from whiteboard.core.board import Board, read
from whiteboard.core.elements import DrawKey, Element
from whiteboard.ids import BoardId
from whiteboard.limits import SLICE
from whiteboard.rooms.hub import Hub
from whiteboard.rooms.ports import NOBODY, Witness
from whiteboard.rooms.replica import slices
from whiteboard.storage.ports import Storage


class BoardAccess:
    """Boards as they are now, whether in memory or not."""

    def __init__(
        self, hub: Hub, storage: Storage, clock_ms: Callable[[], int], witness: Witness = NOBODY
    ) -> None:
        self._witness = witness
        self._hub = hub
        self._storage = storage
        self._clock_ms = clock_ms

    async def board_view(self, board_id: BoardId) -> bytes | None:
        """`{"board","seq","clock","elements":[…]}` with the visible elements, from bottom to top.

        They are at least as new as `seq` says. None when nobody has created the board. Raises
        StorageError, RoomClosed.
        """
        if await self._storage.op_log.head(board_id) is None:
            return None
        async with self._hub.visit(board_id) as room:
            board = room.replica.board
            head = {"board": board_id, "seq": board.seq, "clock": board.clock}
            views = await _views(board)
            return msgspec.json.encode(head)[:-1] + b',"elements":[' + b",".join(views) + b"]}"

    async def create_board(self, board_id: BoardId) -> bool:
        """Create an empty board; False when it exists. Raises StorageError, RoomClosed.

        Goes through the room, because an open room holds the epoch of a board without ops.
        """
        async with self._hub.visit(board_id) as room:
            is_new = await self._storage.boards.create(board_id, self._clock_ms(), room.replica.epoch)
            if is_new:
                self._witness.board_created(board_id)
            return is_new

    async def delete_board(self, board_id: BoardId) -> bool:
        """End its sessions with 4404 and forget it with its history; False when there is none."""
        return await self._hub.delete(board_id)

    def readiness(self) -> Sequence[str]:
        """Why no new session should come here; empty when they may."""
        reasons = {
            "draining": self._hub.is_draining,
            "storage refuses writes": self._hub.is_refusing,
            "memory is short": self._hub.is_short_of_memory,
        }
        return [reason for reason, holds in reasons.items() if holds]


async def _views(board: Board) -> list[bytes]:
    """Visible elements from bottom to top, worked out in slices: sorting them in one go would hold up everybody."""
    parts, awake = [part.still() for part in board.parts()], board.awake()
    runs: list[list[tuple[DrawKey, bytes]]] = []
    for still in parts:
        runs.append(_sorted_views(read(element, state) for element, state in still.states().items()))
        await trio.lowlevel.checkpoint()
    for some in slices(awake):
        runs.append(_sorted_views(some))
        await trio.lowlevel.checkpoint()
    merged = merge(*runs)
    views: list[bytes] = []
    while some_views := [view for _, view in islice(merged, SLICE)]:
        views += some_views
        await trio.lowlevel.checkpoint()
    return views


def _sorted_views(elements: Iterable[Element]) -> list[tuple[DrawKey, bytes]]:
    return sorted((one.draw_key, one.view()) for one in elements if one.is_visible)
