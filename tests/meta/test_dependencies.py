"""What the package imports is what `pyproject.toml` declares."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN_TIME_EXTRAS = ["cluster", "render", "traces"]
IMPORTED_AS = {
    "opentelemetry-exporter-otlp-proto-http": "opentelemetry",
    "opentelemetry-sdk": "opentelemetry",
    "prometheus-client": "prometheus_client",
    "pyyaml": "yaml",
    "skia-python": "skia",
    "trio-websocket": "trio_websocket",
}
PACKAGE = ROOT / "whiteboard"
SUITES = PACKAGE / "testing"
PYTEST_PLUGINS = {"pytest-trio"}
OWN_PLUGIN = PACKAGE / "governance" / "graph" / "recording.py"
"""Nobody but pytest imports it."""


def imported(paths: Iterable[Path]) -> Iterator[str]:
    """Top-level names of everything that is imported anywhere in these modules."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.partition(".")[0]


def names(lines: Iterable[str]) -> Iterator[str]:
    """Distributions that lines of requirements name."""
    return (re.split(r"[^A-Za-z0-9._-]", line)[0].lower() for line in lines)


@pytest.mark.no_cover
def test_what_is_imported_is_declared_and_the_reverse() -> None:
    """Nothing is there only because some other library wants it, and nothing is installed for nobody."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    declared = project["dependencies"] + [line for name in RUN_TIME_EXTRAS for line in extras[name]]
    modules = (
        path for path in PACKAGE.rglob("*.py") if not path.is_relative_to(SUITES) and path != OWN_PLUGIN
    )
    theirs = set(imported(modules)) - sys.stdlib_module_names - {"whiteboard"}
    assert {IMPORTED_AS.get(name, name) for name in names(declared)} == theirs


def test_the_extra_testing_is_what_the_contract_suites_import() -> None:
    """Beyond what the server has: pytest, and the plugins that it loads by itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extra = set(names(project["optional-dependencies"]["testing"]))
    used = set(imported(SUITES.glob("*.py"))) - sys.stdlib_module_names - {"whiteboard"}
    assert extra >= PYTEST_PLUGINS
    assert (
        used - {IMPORTED_AS.get(name, name) for name in names(project["dependencies"])}
        == extra - PYTEST_PLUGINS
    )
