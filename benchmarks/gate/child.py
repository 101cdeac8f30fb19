"""One side of the comparison: a process that imports the package of one source tree and measures when told.

    python -m benchmarks.gate.child    with PYTHONPATH=TREE:CHECKOUT

Reads commands as lines of JSON and answers each with one. `open` a work, then any number of `sample`, `count` and
`growth`, then `close`; the end of its input ends it.
"""

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

from benchmarks.gate import measuring
from benchmarks.gate.works import LEAK_NAMES, Work


def find(name: str) -> Work:
    """The work, or the leak cycle, of that name. Raises what its import raises."""
    if name in LEAK_NAMES:
        cycles = importlib.import_module("benchmarks.gate.works.cycles")
        found: Work = getattr(cycles, name.upper())
    else:
        found = importlib.import_module(f"benchmarks.gate.works.{name}").WORK
    return found


class Conversation:
    """Commands in, answers out."""

    def __init__(self, heard: TextIO, said: TextIO) -> None:
        self._heard = heard
        self._said = said

    def hear(self) -> dict[str, Any] | None:
        """The next command; None at the end."""
        line = self._heard.readline()
        return json.loads(line) if line else None

    def say(self, answer: dict[str, Any]) -> None:
        """Answer it."""
        self._said.write(json.dumps(answer) + "\n")
        self._said.flush()

    def run(self) -> None:
        """Do as told until the end."""
        while (asked := self.hear()) is not None:
            try:
                self._with(find(asked["work"]), is_counted=asked["counted"])
            except Exception as error:  # noqa: BLE001 - whatever a tree under test does wrong is told to who asked
                self.say({"error": _told(error)})

    def _with(self, work: Work, *, is_counted: bool) -> None:
        ops = work.counted_ops if is_counted else work.ops

        async def main() -> None:
            async with measuring.opened(work, ops) as turn:
                self.say({"ops": ops})
                while (asked := self.hear()) is not None and asked["do"] != "close":
                    self.say(await _answer(asked, turn, ops))

        measuring.run_staged(main)
        self.say({})


async def _answer(asked: dict[str, Any], turn: measuring.Turn, ops: int) -> dict[str, Any]:
    match asked["do"]:
        case "sample":
            turn_seconds = await measuring.sample(turn, asked["turns"], asked["times"])
            return {"seconds": turn_seconds / ops, "turn_seconds": turn_seconds}
        case "count":
            return {"counts": await measuring.count(turn, ops)}
        case "growth":
            return {"growth": await measuring.growth(turn)}
    raise ValueError(f"nobody knows how to {asked['do']!r}")


def _told(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


def main() -> None:
    """Keep the answers' place for answers, whatever the code under test prints, and begin."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    from whiteboard.config import LogFormat, LogLevel  # noqa: PLC0415 - the tree's
    from whiteboard.diagnostics import logs  # noqa: PLC0415 - ditto

    tree = Path(sys.argv[1]).resolve()
    assert Path(str(logs.__file__)).is_relative_to(tree), f"{logs.__file__} is not of {tree}"
    with Path(os.devnull).open("w") as nowhere:
        logs.configure(LogFormat.JSON, LogLevel.INFO, nowhere)
        Conversation(sys.stdin, answers).run()


if __name__ == "__main__":
    main()
