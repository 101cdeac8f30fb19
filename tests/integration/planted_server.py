"""The real server with something planted into its draw path; run by `test_findings.py` and `benchmarks/clean_run.py`.

Arguments: what to change in the registry of timeouts, as `hasty_server.py` has it, or nothing; whether allocations are traced, `traced`
or nothing; then those of the command line. The plant is a canvas that draws every element that is merged, as an unlucky piece of code of
ours would; what it does goes by the element's id. Nothing else is changed.
"""

import re
import sys
import time

from whiteboard import (
    cli,
    serve,  # noqa: F401 - before tracing begins, which makes importing ten times slower
    timeouts,
)
from whiteboard.core.board import Board
from whiteboard.core.ops import StampedOp
from whiteboard.core.outcomes import Applied, Ignored
from whiteboard.diagnostics.profiles import tracing
from whiteboard.workers import crew

_WORK = "work"
SECONDS = 0.5
"""Of the core, for which the loop is kept; more than twice what makes a stall."""
FRAMES = 8
"""Of each traced allocation."""
PIXELS = 65_536
"""Bytes that each drawn element leaves behind."""
_NEVER = re.compile("(a+)+$")
"""What takes twice as long to see that it does not match with each letter more."""


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
        _NEVER.match("a" * 24 + "b")

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

    haste, traced, *arguments = sys.argv[1:]
    for change in filter(None, haste.split(",")):
        name, _, seconds = change.partition("=")
        vars(timeouts)[name] = timeouts.Timeout(f"test-{name}", float(seconds), "short rounds")
    if traced:
        tracing.start(FRAMES)
    crew.COMMAND = (sys.executable, "-P", __file__, haste, traced, _WORK)  # type: ignore[misc, assignment]  # workers too
    Board.apply = apply_and_draw  # type: ignore[method-assign, assignment]
    return cli.work() if arguments == [_WORK] else cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
