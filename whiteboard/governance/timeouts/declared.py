"""The entries of a registry as its text declares them: `NAME = register("name", 2.0, "SLA-X-1: why", "scenario")`.

A registry is one module, or a package: it goes by the path of either, without `.py`.
"""

import ast
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import attrs

from whiteboard.governance.rules.registry import constant

_FIELDS: Final = ("name", "seconds", "rationale", "scenario", "sli", "alert")


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


def places_of(registry: str) -> tuple[str, str]:
    """Where a registry may stand: the folder of a package, or the file of a module."""
    module = registry.removesuffix(".py")
    return module, f"{module}.py"


def read_registry(root: Path, registry: str) -> dict[str, Declared]:
    """The entries of a registry below a folder. Raises Unreadable."""
    folder, file = (root / place for place in places_of(registry))
    try:
        paths = sorted(folder.rglob("*.py")) if folder.is_dir() else [file]
        return entries_of({str(path): path.read_text("utf-8") for path in paths})
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{file}: {error}") from error


def entries_of(texts: Mapping[str, str], function: str = "register") -> dict[str, Declared]:
    """Entries by name, in the order of the texts, which come by path. Raises Unreadable."""
    found: dict[str, Declared] = {}
    for path, text in texts.items():
        try:
            tree = ast.parse(text)
        except SyntaxError as error:
            raise Unreadable(f"{path}:{error.lineno}: {error.msg}") from error
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
    number = constant(value)
    if number is not None:
        return number
    text = ast.literal_eval(value)
    if not isinstance(text, str):
        raise TypeError(f"{ast.unparse(value)} is neither text nor number")
    return text
