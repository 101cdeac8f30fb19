"""Building a graph."""

import sys
from pathlib import Path

from governance.graphs import callees, graph_of

from whiteboard.governance.graph.build import build
from whiteboard.governance.sources import read_folder

PACKAGE = Path(sys.modules["whiteboard.governance"].__path__[0])


def test_the_same_sources_give_the_same_graph() -> None:
    """Edges, bindings and what is unresolved come in the same order."""
    first, second = (build(read_folder(PACKAGE).files) for _ in range(2))
    assert first.edges == second.edges
    assert first.unresolved == second.unresolved
    assert first.bindings == second.bindings


def test_the_checked_code_is_never_run(tmp_path: Path) -> None:
    """A package that would fail on import is read like any other."""
    folder = tmp_path / "unrunnable"
    folder.mkdir()
    (folder / "__init__.py").write_text("import no_such_module\nraise SystemExit(3)\ndef f(): pass\n")
    graph = build(read_folder(folder).files)
    assert "unrunnable.f" in graph.functions
    assert "unrunnable" not in sys.modules


def test_a_comment_can_state_an_edge() -> None:
    """`# arch: calls` names what the source alone does not show; it belongs to the function around it."""
    graph = graph_of(
        """
        def f(table):
            def inner():
                table["x"]()  # arch: calls pkg.mod.g, time.sleep
        def g(): pass
        """
    )
    assert callees(graph, "mod.f.<locals>.inner") == {"mod.g", "time.sleep"}


def test_sites_are_those_of_the_source() -> None:
    """Path, line, column and the text of the line."""
    (edge,) = graph_of("def g(): pass\ndef f():\n    x = 1; g()\n").out("pkg.mod.f")
    assert (edge.site.path, edge.site.line, edge.site.column, edge.site.text) == (
        "pkg/mod.py",
        3,
        11,
        "x = 1; g()",
    )
    assert edge.origin == "static"


def test_an_empty_package() -> None:
    """Nothing leads nowhere."""
    graph = build([])
    assert not graph.functions
    assert not graph.edges
