"""The entries of a registry as its text declares them: `NAME = register("name", 2.0, "SLA-X-1: why", "scenario")`."""

import ast
import hashlib
import operator
from collections.abc import Callable, Iterator
from typing import Final

import attrs

_FIELDS: Final = ("name", "seconds", "rationale", "scenario", "sli", "alert")
_ARITHMETIC: Final[dict[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class Unreadable(Exception):
    """The text is no registry; the sentence says where and why."""


@attrs.frozen
class Declared:
    """One entry."""

    name: str
    seconds: float
    rationale: str = ""
    scenario: str = ""
    sli: str = ""
    alert: str = ""
    line: int = attrs.field(default=0, eq=False)

    @property
    def sla(self) -> str:
        """The id that its rationale begins with; empty when it has none."""
        before, colon, _ = self.rationale.partition(":")
        return before if colon and before.startswith("SLA-") else ""


def read_registry(text: str, path: str = "the registry", function: str = "register") -> dict[str, Declared]:
    """Entries by name, in their order. Raises Unreadable."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise Unreadable(f"{path}:{error.lineno}: {error.msg}") from error
    found = {}
    for call in _calls(tree, function):
        entry = _entry(call, path)
        if entry.name in found:
            raise Unreadable(f"{path}:{call.lineno}: {entry.name} is registered twice")
        found[entry.name] = entry
    return found


def version_of(entries: dict[str, Declared]) -> str:
    """Twelve hexadecimal digits, the same for the same values: as a server with these in force has it."""
    lines = "".join(f"{name}={shown(entry.seconds)}\n" for name, entry in sorted(entries.items()))
    return hashlib.sha256(lines.encode()).hexdigest()[:12]


def shown(seconds: float) -> str:
    """Seconds as people write them."""
    return f"{seconds:.10g}"


def _calls(tree: ast.Module, function: str) -> Iterator[ast.Call]:
    for statement in tree.body:
        value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
        if isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2] == function:
            yield value


def _entry(call: ast.Call, path: str) -> Declared:
    given = dict(zip(_FIELDS, call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg in _FIELDS}
    try:
        values = {name: _constant(value) for name, value in given.items()}
        return Declared(**values, line=call.lineno)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise Unreadable(f"{path}:{call.lineno}: an entry is not written out in full: {error}") from error


def _constant(value: ast.expr) -> str | float:
    if isinstance(value, ast.BinOp) and type(value.op) in _ARITHMETIC:
        left, right = _constant(value.left), _constant(value.right)
        if isinstance(left, int | float) and isinstance(right, int | float):
            return _ARITHMETIC[type(value.op)](left, right)
    constant = ast.literal_eval(value)
    if not isinstance(constant, str | int | float):
        raise TypeError(f"{ast.unparse(value)} is neither text nor number")
    return constant
