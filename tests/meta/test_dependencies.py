"""What the package imports is what `pyproject.toml` declares."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUN_TIME_EXTRAS = ["cluster"]
IMPORTED_AS = {"pyyaml": "yaml", "trio-websocket": "trio_websocket"}


def imported() -> Iterator[str]:
    """Top-level names of everything that is imported anywhere in the package, but for the suites: who runs those has pytest."""
    for path in (ROOT / "whiteboard").rglob("*.py"):
        if path.parent.name == "testing":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.partition(".")[0]


def test_what_is_imported_is_declared_and_the_reverse() -> None:
    """Nothing is there only because some other library wants it, and nothing is installed for nobody."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    declared = project["dependencies"] + [line for name in RUN_TIME_EXTRAS for line in extras[name]]
    names = [re.split(r"[^A-Za-z0-9._-]", line)[0].lower() for line in declared]
    theirs = set(imported()) - sys.stdlib_module_names - {"whiteboard"}
    assert {IMPORTED_AS.get(name, name) for name in names} == theirs
