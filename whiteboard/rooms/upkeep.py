"""Keeping a board quick to open and small: checkpoints by growth, log compaction slice by slice, rest.

A checkpoint costs the board's live size, so one is made when as many ops have come as the board has
elements (CHECKPOINT_MIN_OPS at least): each op pays a constant share, and opening a board never
replays more ops than it holds elements.
"""

import math
from collections import deque

import trio

from whiteboard import timeouts
from whiteboard.diagnostics import logs
from whiteboard.errors import StorageConflict, StorageUnavailable
from whiteboard.limits import (
    CHECKPOINT_MIN_OPS,
    COMPACT_SLICE_OPS,
    MAX_BOARD_BYTES,
    MAX_ELEMENTS,
    PACK_SHARE,
    REST_LOOKS,
    REST_SHARE,
    REST_SHARES,
    REST_SLICE,
)
from whiteboard.rooms.replica import Replica, slices

log = logs.get_logger()


class Upkeep:
    """Checkpoints and compaction of one board."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._saved_at = -math.inf
        self._compacted = 0
        # seq behind which no slice was left to compact
        self._is_at_work = False
        self._seqs: deque[int] = deque(maxlen=REST_LOOKS)
        # of the board at the newest looks
        self._looks = 0
        self._rested = (0, 0)
        # nothing more could be laid to rest for this one of those seqs, and with so many elements awake
        self._is_behind = bool(replica.board.parts())
        # whether the newest look, or opening the board, left something to lay or to pack

    def look(self) -> bool:
        """Take note of the time that passes, UPKEEP between two; whether there is something to do that nobody does yet."""
        self._looks += 1
        self._seqs.append(self._replica.board.seq)
        self._replica.snapshots.look(self._replica.board)
        return not self._is_at_work and (self._is_due or self._has_slices or self._is_restless)

    async def work(self) -> None:
        """Do what is wanted. A write that fails is tried again at the next look."""
        self._is_at_work = True
        try:
            if self._is_due:
                await self.settle()
            if self._is_restless:
                await self._rest()
            if self._has_slices:
                await self._compact()
        finally:
            self._is_at_work = False

    async def settle(self) -> None:
        """Store a checkpoint when there is anything new; a storage that refuses is no fault here."""
        if self._ops_since == 0:
            return
        try:
            await self._replica.checkpoint()
            self._saved_at = trio.current_time()
        except (StorageUnavailable, StorageConflict) as error:
            log.warning("checkpoint_failed", reason=str(error))

    @property
    def _is_restless(self) -> bool:
        """Whether there are many elements awake, or, seldom asked, any that may have been for long enough."""
        awake = self._replica.board.awake_count
        if self._is_behind or awake > self._replica.board.hot_ops * 5 // 4:
            return True
        return self._looks % REST_LOOKS == 0 and self._rested != (self._seqs[0], awake)

    async def _rest(self) -> None:
        """Lay to rest and pack in shares, until there is little left or it is time for the next look."""
        for _ in range(REST_SHARES):
            if not await self._rest_some() or self._is_due:
                break
            await trio.sleep(timeouts.UPKEEP.seconds / REST_SHARES)

    async def _rest_some(self) -> bool:
        """Lay to rest what no op has met for REST_LOOKS or all that are hot, and pack; whether that was anything."""
        board = self._replica.board
        seq = self._seqs[0] if len(self._seqs) == REST_LOOKS else 0
        laid = await self._lay(max(seq, board.seq - board.hot_ops))
        packed = await self._pack(PACK_SHARE if laid else MAX_ELEMENTS)
        self._is_behind = laid >= REST_SHARE or packed >= PACK_SHARE
        self._rested = (seq, board.awake_count)
        return laid + packed > 0

    async def _lay(self, untouched_since: int) -> int:
        laid = 0
        for some in slices(self._replica.board.awake(), REST_SLICE):
            laid += self._replica.board.rest(some, untouched_since)
            await trio.lowlevel.checkpoint()
            if laid >= REST_SHARE:
                break
        return laid

    async def _pack(self, most: int) -> int:
        """Where nothing is drawn all at once, as after a board was opened: its checkpoint stays in memory meanwhile."""
        loose = [part for part in self._replica.board.parts() if not part.is_packed][:most]
        for part in loose:
            part.pack()
            await trio.lowlevel.checkpoint()
        return len(loose)

    @property
    def _is_due(self) -> bool:
        by_growth = self._ops_since >= max(CHECKPOINT_MIN_OPS, len(self._replica.board))
        return by_growth or self._makes_room

    @property
    def _makes_room(self) -> bool:
        """A full board takes nothing new until deleted elements have left memory, with a checkpoint."""
        is_full = self._replica.board.size_bytes >= MAX_BOARD_BYTES
        waited = trio.current_time() - self._saved_at
        return is_full and self._ops_since > 0 and waited >= timeouts.FULL_BOARD.seconds

    @property
    def _ops_since(self) -> int:
        return self._replica.board.seq - self._replica.checkpointed

    @property
    def _has_slices(self) -> bool:
        """Whether there may be a slice to compact that was not there at the last look."""
        if self._replica.storage.op_log.is_shared:
            return self._compacted < self._replica.checkpointed
        return self._compacted + COMPACT_SLICE_OPS <= self._replica.board.seq

    @property
    def _packable(self) -> int:
        """Up to where ops may be compacted: up to the newest, as they read the same and find their repeats sooner.

        On a shared log up to the checkpoint, so that who opens the board has no segment to fetch.
        """
        replica = self._replica
        return replica.checkpointed if replica.storage.op_log.is_shared else replica.board.seq

    async def _compact(self) -> None:
        """Move whole slices; a checkpoint that comes due goes first."""
        op_log, board, up_to = self._replica.storage.op_log, self._replica.board_id, self._packable
        try:
            while not self._is_due:
                if not await op_log.compact(board, up_to, COMPACT_SLICE_OPS, least=COMPACT_SLICE_OPS):
                    self._compacted = up_to
                    return
                await trio.sleep(timeouts.COMPACT_PAUSE.seconds)
        except StorageUnavailable as error:
            log.warning("compaction_failed", reason=str(error))
