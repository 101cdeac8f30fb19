"""Expressions and what conditions say of names."""

import pytest
from governance.graphs import graph_of, inner

CLASSES = """
    class A:
        def act(self): pass
    class B:
        def act(self): pass
"""


@pytest.mark.parametrize(
    "body",
    [
        "if isinstance(x, A): x.act()",
        "if isinstance(x, A) and x.act(): pass",
        "assert isinstance(x, A); x.act()",
        "isinstance(x, A) and x.act()",
        "not isinstance(x, A) or x.act()",
        "x.act() if isinstance(x, A) else 1",
        "1 if not isinstance(x, A) else x.act()",
        "while isinstance(x, A): x.act()",
        "[one.act() for one in x if isinstance(one, A)]",
    ],
)
def test_isinstance_narrows(body: str) -> None:
    """Where it holds, the name is an instance of that class."""
    graph = graph_of(
        f"{CLASSES}\n    def f(x):\n        {body}\n    def g(): f(A() if f else B()); f([A(), B()])\n"
    )
    assert inner(graph, "mod.f") == {"mod.A.act"}


def test_a_guard_narrows_what_follows() -> None:
    """After `if not isinstance: return`, attributes too."""
    graph = graph_of(
        f"""{CLASSES}
    class Holder:
        def __init__(self, part): self.part = part
        def run(self):
            if not isinstance(self.part, A):
                return
            self.part.act()
    def g(): Holder(A()); Holder(B())
    """
    )
    assert inner(graph, "mod.Holder.run") == {"mod.A.act"}


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
    assert "pkg.mod.A.act" in graph.reachable("pkg.mod.f")


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
