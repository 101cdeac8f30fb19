"""Faults planted into a copied tree, to see that the gate refuses them."""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True)
class Place:
    """A function of the package."""

    module: str
    """Its file, below the package's folder."""
    function: str
    """With its class, if it has one."""


def plant(tree: Path, place: Place, code: str) -> None:
    """Have the function do something more first: one line of code. Raises LookupError where there is no such function."""
    file = tree / place.module
    text = file.read_text()
    first = _first_statement(_found(ast.parse(text).body, place.function.split(".")))
    lines = text.splitlines(keepends=True)
    lines.insert(first.lineno - 1, " " * first.col_offset + code + "\n")
    file.write_text("".join(lines))


def _found(body: list[ast.stmt], path: list[str]) -> ast.FunctionDef | ast.AsyncFunctionDef:
    for one in body:
        if isinstance(one, ast.ClassDef) and len(path) > 1 and one.name == path[0]:
            return _found(one.body, path[1:])
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and path == [one.name]:
            return one
    raise LookupError(f"there is no function {'.'.join(path)}")


def _first_statement(function: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
    return function.body[1 if ast.get_docstring(function) is not None else 0]


def idle(steps: int) -> str:
    """Code that takes time, in proportion to the steps, and does nothing."""
    return "; ".join(["_planted = 0"] * steps)


SLOW: Final = {
    "merge": Place("whiteboard/core/board.py", "Board.apply"),
    "codec": Place("whiteboard/protocol/validation.py", "read_message"),
    "fan_out": Place("whiteboard/rooms/seat.py", "Seat.commit_directly"),
}
"""Where a work is made slower, called once or so per op."""

_SESSION: Final = Place("whiteboard/rooms/session.py", "Session.run")
LEAKS: Final = {
    "objects": (_SESSION, "globals().setdefault('_planted', []).append([self])"),
    "tasks": (_SESSION, "trio.lowlevel.spawn_system_task(trio.sleep_forever)"),
    "descriptors": (_SESSION, "__import__('os').open('/dev/null', 0)"),
    "threads": (
        _SESSION,
        "__import__('threading').Thread(target=__import__('threading').Event().wait, daemon=True).start()",
    ),
}
"""What each session leaves behind, by what grows."""

COUNTS: Final = {
    "allocs/op": (Place("whiteboard/core/board.py", "Board.apply"), "_planted = object()"),
    "steps/op": (Place("whiteboard/rooms/session.py", "Session._leave"), "await trio.lowlevel.checkpoint()"),
    "sent-B/op": (
        Place("whiteboard/protocol/codec.py", "number_body"),
        "return b'{\"seq\":%d, %b' % (seq, body[1:])",
    ),
}
"""What is done more per op, by the count that grows."""
