"""Killed at every point that matters: nothing acked is lost, nothing is there twice (R5)."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
import trio
from storage.sqlite.crash_child import BOARDS

from whiteboard.ids import BoardId, OpId
from whiteboard.storage.ports import Storage, StoredOp
from whiteboard.storage.sqlite import open_sqlite
from whiteboard.testing.storage_samples import append, op, read_all

TESTS = Path(__file__).parents[2]

Acked = dict[BoardId, dict[OpId, int]]
"""Seq of every receipt that the killed process gave."""

FAULT_POINTS = [
    ("before COMMIT", 1),
    ("before COMMIT", 20),
    ("after COMMIT", 1),
    ("after COMMIT", 20),
    ("before INSERT INTO ops", 15),
    ("after INSERT INTO ops", 15),
    ("after UPDATE boards SET compacted", 3),
    ("after INSERT INTO segments", 3),
    ("before UPDATE ops SET body", 6),
    ("after UPDATE ops SET body", 6),
    ("after DELETE FROM checkpoints", 2),
    ("before INSERT OR REPLACE INTO tombstones", 3),
    ("after INSERT OR REPLACE INTO checkpoint_parts", 3),
    *(("any", random.Random(seed).randint(1, 1_500)) for seed in range(6)),
]


async def crash(directory: Path, point: str, nth: int) -> Acked:
    """Run the child until it kills itself, and give what it acked."""
    ended = await trio.run_process(
        [
            sys.executable,
            str(TESTS / "storage" / "sqlite" / "crash_child.py"),
            str(directory),
            point,
            str(nth),
        ],
        capture_stdout=True,
        stderr=subprocess.DEVNULL,
        check=False,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    assert ended.returncode == -signal.SIGKILL, "the fault point was not met"
    acked: Acked = defaultdict(dict)
    for line in ended.stdout.splitlines():
        board, client, counter, seq = json.loads(line)
        acked[board][OpId(client, counter)] = seq
    return acked


async def check_log(storage: Storage, board: BoardId, acked: dict[OpId, int]) -> list[StoredOp]:
    """The log is gapless, has each op once and whole, and all that was acked at its seq."""
    log = await read_all(storage.op_log, board)
    assert [it.seq for it in log] == list(range(1, len(log) + 1))
    stored = {it.op_id: it.seq for it in log}
    assert len(stored) == len(log)
    assert acked.items() <= stored.items()
    assert all(it.body == op(*it.op_id).body for it in log)
    return log


async def check_resending(storage: Storage, board: BoardId, log: list[StoredOp]) -> None:
    """Whoever sends everything again gets the first seqs, and the log does not grow."""
    for start in range(0, len(log), 500):
        again = [op(*it.op_id, at=1) for it in log[start : start + 500]]
        receipts = await append(storage.op_log, board, again)
        assert [it.seq for it in receipts] == [it.seq for it in log[start : start + 500]]
        assert not any(it.is_new for it in receipts)
    assert await read_all(storage.op_log, board) == log


@pytest.mark.integration
@pytest.mark.parametrize(("point", "nth"), FAULT_POINTS)
async def test_killed(tmp_path: Path, point: str, nth: int) -> None:
    """After a kill at this point: all that was acked is there once, without a gap, and work goes on."""
    acked = await crash(tmp_path, point, nth)
    async with open_sqlite(tmp_path) as storage:
        for board in BOARDS:
            log = await check_log(storage, board, acked[board])
            await check_resending(storage, board, log)
            checkpoint = await storage.snapshots.load(board)
            assert checkpoint is None or checkpoint.body == b"at %d" % checkpoint.seq
            while await storage.op_log.compact(board, 10**6, 100):
                pass
            assert await read_all(storage.op_log, board) == log


@pytest.mark.integration
async def test_killed_again_and_again(tmp_path: Path) -> None:
    """A data directory survives one kill after another; clients that resend find their first seqs."""
    acked: Acked = defaultdict(dict)
    for seed in range(4):
        nth = 400 + random.Random(seed).randint(1, 400)
        for board, receipts in (await crash(tmp_path, "any", nth)).items():
            for op_id, seq in receipts.items():
                assert acked[board].setdefault(op_id, seq) == seq
    async with open_sqlite(tmp_path) as storage:
        for board in BOARDS:
            await check_log(storage, board, acked[board])
