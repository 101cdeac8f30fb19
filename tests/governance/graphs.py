"""Graphs of small packages that tests write down as text; none of it is ever imported."""

from textwrap import dedent

from whiteboard.governance.graph.build import build
from whiteboard.governance.graph.model import EdgeKind, Graph
from whiteboard.governance.sources import from_texts


def graph_of(text: str = "", **modules: str) -> Graph:
    """The graph of the package `pkg`: its module `mod` with the text, and others by name; `__` is a dot."""
    texts = {"pkg/__init__.py": modules.pop("package", "")}
    if text:
        texts["pkg/mod.py"] = dedent(text)
    for name, content in modules.items():
        *folders, last = name.split("__")
        for i in range(len(folders)):
            texts.setdefault(f"pkg/{'/'.join(folders[: i + 1])}/__init__.py", "")
        texts["/".join(["pkg", *folders, f"{last}.py"])] = dedent(content)
    sources = from_texts(texts)
    assert not sources.errors, sources.errors
    return build(sources.files)


def callees(graph: Graph, caller: str, *kinds: EdgeKind) -> set[str]:
    """Where a function of the package leads, without the name of the package: by the kinds given, or all but guesses."""
    wanted = set(kinds or EdgeKind) - (set() if kinds else {EdgeKind.BY_NAME})
    return {edge.callee.removeprefix("pkg.") for edge in graph.out(f"pkg.{caller}") if edge.kind in wanted}


def inner(graph: Graph, caller: str, *kinds: EdgeKind) -> set[str]:
    """The same, of functions of the package alone."""
    return {name for name in callees(graph, caller, *kinds) if f"pkg.{name}" in graph.functions}
