"""Stored ops become a board: creates, appends and moves of a hundred strokes."""

from collections.abc import Callable

from benchmarks.gate import drawings
from benchmarks.gate.works import Steady
from whiteboard.core.board import Board
from whiteboard.core.ops import StampedOp


def _prepare(ops: int) -> Callable[[], int]:
    decided = drawings.accepted(drawings.requests(drawings.drawing(b"ada", ops // 3)))
    stamped = [StampedOp(seq, one.stamp, one.op, one.joined) for seq, one in enumerate(decided, 1)]

    def turn() -> int:
        board = Board()
        for op in stamped:
            board.apply(op)
        return 0

    return turn


WORK = Steady(300, 60, _prepare)
