"""Which function a line of a file is in: from the compiled code, which knows its lines, not from the source."""

import sys
from importlib.machinery import FrozenImporter, SourceFileLoader
from types import CodeType
from typing import Final

from whiteboard.diagnostics.profiles.places import module_of, short_file
from whiteboard.diagnostics.profiles.profile import Frame

_FROZEN_AS: Final = {
    "importlib._bootstrap": "_frozen_importlib",
    "importlib._bootstrap_external": "_frozen_importlib_external",
}
"""What the interpreter calls the two modules that it starts with."""


class LineNames:
    """Places by file and line, where nothing else is known. Reads files: for a worker thread or a child.

    A line that is in several functions, as a comprehension's, is the outer one's; a `def` line is where the function
    is made, not where it runs, unless all of it stands there.
    """

    def __init__(self) -> None:
        self._files: dict[str, dict[int, CodeType]] = {}
        self._known: dict[tuple[str, int], Frame] = {}

    def of(self, file: str, line: int) -> Frame:
        """The place; its function is the module where the code cannot be had."""
        known = self._known.get((file, line))
        if known is None:
            known = self._known[file, line] = self._found(file, line)
        return known

    def _found(self, file: str, line: int) -> Frame:
        if file not in self._files:
            self._files[file] = _owners(file)
        module, code = module_of(file), self._files[file].get(line)
        if code is None:
            return Frame(module, short_file(file), line)
        return Frame(f"{module}.{code.co_qualname}", short_file(file), line, code.co_firstlineno)


def _owners(file: str) -> dict[int, CodeType]:
    """The code of each line."""
    owners: dict[int, CodeType] = {}
    try:
        code = _code(file)
    except (OSError, ImportError, SyntaxError, ValueError):
        return owners
    if code is not None:
        _own(code, owners)
    return owners


def _code(file: str) -> CodeType | None:
    """Of the whole file: from its .pyc, and only if there is none, compiled. Raises what importing it would."""
    if file.startswith("<frozen "):
        module = module_of(file)
        return FrozenImporter.get_code(_FROZEN_AS.get(module, module))
    if not file.endswith(".py"):
        return None
    keeps, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        return SourceFileLoader("a_profile", file).get_code("a_profile")
    finally:
        sys.dont_write_bytecode = keeps


def _own(code: CodeType, owners: dict[int, CodeType]) -> None:
    lines = {line for _, _, line in code.co_lines() if line}
    if len(lines) > 1:
        lines.discard(code.co_firstlineno)
    is_part = code.co_name.startswith("<") and code.co_name != "<module>"
    for line in lines:
        if not (is_part and line in owners and owners[line].co_name != "<module>"):
            owners[line] = code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            _own(inner, owners)
