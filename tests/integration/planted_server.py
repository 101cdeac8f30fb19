"""The real server with something planted into its draw path; run by `test_findings.py` and `benchmarks/clean_run.py`.

Arguments: those of the command line. The plant is a canvas that draws every element that is merged, as an unlucky piece of code of
ours would; what it does goes by the element's id. Nothing else is changed.
"""

import sys
import time

from whiteboard import cli
from whiteboard.core.board import Board
from whiteboard.core.ops import StampedOp
from whiteboard.core.outcomes import Applied, Ignored
from whiteboard.workers import crew

_WORK = "work"
SECONDS = 0.5
"""How long the loop is kept; more than twice what makes a stall."""
PIXELS = 8_192
"""Bytes that each drawn element leaves behind."""


class Canvas:
    """Draws elements."""

    def __init__(self) -> None:
        self.kept: list[bytearray] = []

    def draw(self, element: str) -> None:
        """Draw one."""
        kind = element.partition("-")[0]
        if kind == "python":
            self.trace()
        elif kind == "call":
            self.parse()
        elif kind == "grows":
            self.keep()

    def trace(self) -> None:
        """Work for too long, in pure Python."""
        ends = time.thread_time() + SECONDS  # of the core: on a busy machine it does not get all of it
        while time.thread_time() < ends:
            pass

    def parse(self) -> None:
        """Work for too long, in one call that keeps the interpreter's lock."""
        sum(range(int(SECONDS * 150_000_000)))

    def keep(self) -> None:
        """Leave something behind."""
        self.kept.append(alloc())


def alloc() -> bytearray:
    """What is left behind."""
    return bytearray(PIXELS)


def main() -> int:
    """Serve with the plant."""
    canvas, apply = Canvas(), Board.apply

    def apply_and_draw(board: Board, stamped: StampedOp) -> Applied | Ignored:
        outcome = apply(board, stamped)
        canvas.draw(stamped.op.element)
        return outcome

    crew.COMMAND = (sys.executable, "-P", __file__, _WORK)  # type: ignore[misc]  # workers have it too
    Board.apply = apply_and_draw  # type: ignore[method-assign, assignment]
    return cli.work() if sys.argv[1:] == [_WORK] else cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
