"""Which modules call into which, by the call graph: what the debt board follows from a module to those who feel it."""

import tomllib
from collections import defaultdict
from pathlib import Path

import attrs

from whiteboard.governance.debt.items import module_of
from whiteboard.governance.graph.build import build
from whiteboard.governance.graph.model import EdgeKind, Graph
from whiteboard.governance.records import Unusable, read_text
from whiteboard.governance.sources import read_folder


@attrs.frozen
class Callers:
    """The modules of a package, and who calls into each."""

    modules: frozenset[str]
    calling: dict[str, frozenset[str]]

    def dependents(self, module: str) -> frozenset[str]:
        """The modules that call into it at first hand."""
        return self.calling.get(module, frozenset())


def package_of(root: Path) -> Path:
    """The folder of the package that the project's `pyproject.toml` names. Raises Unusable."""
    path = root / "pyproject.toml"
    if not path.is_file():
        raise Unusable([f"{path}: no such file: no project is there; give its folder as --root"])
    try:
        name = str(tomllib.loads(read_text(path))["project"]["name"])
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as fault:
        raise Unusable([f"{path}: no name of a project in it ({fault}); give --package"]) from fault
    return root / name.replace("-", "_")


def read_callers(package: Path) -> Callers:
    """Of the package in that folder. Raises Unusable for one that is not there or does not parse."""
    if not package.is_dir():
        raise Unusable([f"{package}: no such package"])
    sources = read_folder(package)
    if sources.errors:
        raise Unusable(map(str, sources.errors))
    return callers_in(build(sources.files))


def callers_in(graph: Graph) -> Callers:
    """Of a graph; guesses by name do not count."""
    modules = frozenset(graph.modules)
    calling: dict[str, set[str]] = defaultdict(set)
    for edge in graph.edges:
        caller, callee = module_of(edge.caller, modules), module_of(edge.callee, modules)
        if caller and callee and caller != callee and edge.kind is not EdgeKind.BY_NAME:
            calling[callee].add(caller)
    return Callers(modules, {module: frozenset(found) for module, found in calling.items()})
