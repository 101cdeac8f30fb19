"""What other servers append to a board's log, where several of them share it (R30, adr/2026-11-27-redis-streams.md)."""

import math

import trio

from whiteboard import timeouts
from whiteboard.deadlines import waiting
from whiteboard.diagnostics import logs
from whiteboard.errors import StorageUnavailable
from whiteboard.rooms.commit import Committer
from whiteboard.rooms.replica import Replica

log = logs.get_logger()


class Follower:
    """Keeps a board level with a shared log, between its own commits."""

    def __init__(self, replica: Replica, committer: Committer) -> None:
        self._replica = replica
        self._committer = committer
        self._checked_at = trio.current_time()

    async def run(self) -> None:
        """Merge and spread what others append, as it comes, for ever. A log that nobody else writes needs it not.

        Raises StorageCorrupt, and StorageConflict when the log is not the same any more.
        """
        while True:
            try:
                await self._follow()
            except StorageUnavailable as error:
                log.warning("log_not_followed", reason=str(error))
                self._checked_at = -math.inf  # who was away may come back with less than it had
                await trio.sleep(timeouts.STORAGE_RETRY.seconds)

    async def _follow(self) -> None:
        """Wait for the log to grow; every LOG_CHECK look whether it is the same one still."""
        replica, reached = self._replica, 0
        with waiting(timeouts.LOG_CHECK, since=self._checked_at):
            reached = await replica.storage.op_log.wait_beyond(replica.board_id, replica.board.seq)
        async with self._committer.turn:
            if not reached or trio.current_time() >= self._checked_at + timeouts.LOG_CHECK.seconds:
                reached = await replica.check_history()
                self._checked_at = trio.current_time()
            if reached > replica.board.seq:
                await self._committer.catch_up()

    async def reach(self, seq: int) -> None:
        """Read on when somebody has seen more of the log than this board has: another server told it.

        Raises StorageUnavailable, StorageConflict, StorageCorrupt.
        """
        if not self._replica.storage.op_log.is_shared or seq <= self._replica.board.seq:
            return
        async with self._committer.turn:
            if seq > self._replica.board.seq:
                await self._committer.catch_up()
