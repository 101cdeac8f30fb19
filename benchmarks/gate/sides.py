"""The processes that measure, one for each source tree, and how they are asked."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

ANSWER_SECONDS: Final = 180.0
"""The longest answer is the count of a work on a busy machine, which takes some seconds."""
DEFINITIONS: Final = Path(__file__).resolve().parents[2]
"""Where `benchmarks.gate` is, which is the same for all sides."""


class SideFailed(Exception):
    """A process answered with an error, or not at all."""


class Side:
    """One process."""

    def __init__(self, tree: Path, process: subprocess.Popen[str]) -> None:
        self.tree = tree
        self._process = process

    def send(self, command: Mapping[str, Any]) -> None:
        """Ask, and do not wait for the answer."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise SideFailed(f"the process for {self.tree} has ended") from None

    def receive(self) -> dict[str, Any]:
        """The next answer. Raises SideFailed for an error, for an end, and when it takes too long."""
        answers = self._process.stdout
        assert answers is not None
        if not select.select([answers], [], [], ANSWER_SECONDS)[0]:
            self._process.kill()
            raise SideFailed(f"no answer from {self.tree} in {ANSWER_SECONDS:.0f} s")
        line = answers.readline()
        if not line:
            raise SideFailed(f"the process for {self.tree} has ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise SideFailed(answer["error"])
        return answer

    def ask(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Ask and wait."""
        self.send(command)
        return self.receive()


@contextmanager
def _started(tree: Path) -> Iterator[Side]:
    environment = {
        # coverage, where a test is what runs this, would be measured too
        **{name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")},
        "PYTHONPATH": os.pathsep.join([str(tree), str(DEFINITIONS)]),
        "PYTHONHASHSEED": "0",  # counts depend on the order of sets
    }
    environment.pop("PYTHONSAFEPATH", None)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "benchmarks.gate.child", str(tree)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield Side(tree, process)
            assert process.stdin is not None
            process.stdin.close()
            process.wait(ANSWER_SECONDS)
        finally:
            process.kill()


@contextmanager
def started(trees: Sequence[Path]) -> Iterator[list[Side]]:
    """A fresh process for each tree; a tree may be there several times."""
    with ExitStack() as stack:
        yield [stack.enter_context(_started(tree)) for tree in trees]


@contextmanager
def working(sides: Sequence[Side], work: str, *, counted: bool = False) -> Iterator[list[SideFailed | None]]:
    """Have all of them open a work; yields for each why it could not. Closes it where it is open."""
    for side in sides:
        side.send({"do": "open", "work": work, "counted": counted})
    faults = [_fault(side) for side in sides]
    yield faults
    for side, fault in zip(sides, faults, strict=True):
        if fault is None:
            side.ask({"do": "close"})


def _fault(side: Side) -> SideFailed | None:
    try:
        side.receive()
    except SideFailed as failed:
        return failed
    return None
