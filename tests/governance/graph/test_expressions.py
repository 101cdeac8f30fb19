"""Expressions."""

import pytest
from governance.graphs import graph_of, inner

from whiteboard.governance.graph.model import EdgeKind

CLASSES = """
    class A:
        def act(self): pass
    class B:
        def act(self): pass
"""


@pytest.mark.parametrize(
    "body",
    [
        "(y := A()).act(); y.act()",
        "if (y := A()): y.act()",
        "y = x or A(); y.act()",
        "y = A() if x else None; y.act()",
        "y = z = A(); y.act()",
        "y: A = x; y.act()",
        "y = None; y = A(); y.act()",
        "(lambda one: one.act())(A())",
        "y = [A()] * 3; y[0].act()",
        "y = [] + [A()]; y[0].act()",
    ],
)
def test_values_of_expressions(body: str) -> None:
    """Each form gives what it is made of."""
    graph = graph_of(f"{CLASSES}\n    def f(x):\n        {body}\n")
    assert "pkg.mod.A.act" in graph.reachable("pkg.mod.f", [EdgeKind.BY_NAME])


def test_defaults_are_values_of_parameters() -> None:
    """Where a call gives nothing."""
    graph = graph_of("def work(): pass\ndef f(function=work): function()\n")
    assert inner(graph, "mod.f") == {"mod.work"}


def test_a_loop_sees_what_it_assigns_later() -> None:
    """A function is read until nothing in it grows any more."""
    graph = graph_of(
        f"""{CLASSES}
    def f():
        x = A()
        while True:
            x.act()
            x = B()
    """
    )
    assert {"mod.A.act", "mod.B.act"} <= inner(graph, "mod.f")
