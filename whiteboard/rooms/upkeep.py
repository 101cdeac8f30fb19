"""Keeping a board quick to open: checkpoints by growth, then log compaction behind them.

A checkpoint costs the board's live size, so one is made when as many ops have come as the board has
elements (CHECKPOINT_MIN_OPS at least): each op pays a constant share, and opening a board never
replays more ops than it holds elements.
"""

import trio

from whiteboard import timeouts
from whiteboard.diagnostics import logs
from whiteboard.errors import StorageConflict, StorageUnavailable
from whiteboard.limits import CHECKPOINT_MIN_OPS, COMPACT_SLICE_OPS, MAX_BOARD_BYTES
from whiteboard.rooms.replica import Replica

log = logs.get_logger()


class Upkeep:
    """Checkpoints and compaction of one board."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica

    async def run(self) -> None:
        """Look after the board for ever. A failed write is tried again at the next look."""
        while True:
            await trio.sleep(timeouts.UPKEEP.seconds)
            if self._is_due:
                await self.settle()
                await self._compact()

    async def settle(self) -> None:
        """Store a checkpoint when there is anything new; a storage that refuses is no fault here."""
        if self._ops_since == 0:
            return
        try:
            await self._replica.checkpoint()
        except (StorageUnavailable, StorageConflict) as error:
            log.warning("checkpoint_failed", board=self._replica.board_id, reason=str(error))

    @property
    def _is_due(self) -> bool:
        """By growth; or at once when the board is full, as only a checkpoint lets deleted elements go."""
        board = self._replica.board
        is_full = board.size_bytes >= MAX_BOARD_BYTES and self._ops_since > 0
        return is_full or self._ops_since >= max(CHECKPOINT_MIN_OPS, len(board))

    @property
    def _ops_since(self) -> int:
        return self._replica.board.seq - self._replica.checkpointed

    async def _compact(self) -> None:
        op_log, board = self._replica.storage.op_log, self._replica.board_id
        moved = COMPACT_SLICE_OPS
        try:
            while moved:
                moved = await op_log.compact(board, self._replica.checkpointed, COMPACT_SLICE_OPS)
                await trio.sleep(timeouts.COMPACT_PAUSE.seconds)
        except StorageUnavailable as error:
            log.warning("compaction_failed", board=self._replica.board_id, reason=str(error))
