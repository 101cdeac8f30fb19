"""Which functions and classes a package defines."""

from governance.graphs import callees, graph_of, inner


def test_functions_have_the_names_that_python_gives_them() -> None:
    """Methods, nested functions and classes within functions go by their qualified names."""
    graph = graph_of(
        """
        def outer():
            def within(): pass
            class Local:
                def act(self): pass
        class Thing:
            class Part:
                def act(self): pass
        """
    )
    assert {
        "pkg.mod.<module>",
        "pkg.mod.outer",
        "pkg.mod.outer.<locals>.within",
        "pkg.mod.outer.<locals>.Local.act",
        "pkg.mod.Thing.Part.act",
    } <= set(graph.functions)


def test_names_that_are_defined_twice_are_told_apart() -> None:
    """Setters say so, other second definitions are numbered, overloads are left out."""
    graph = graph_of(
        """
        from typing import overload
        class Thing:
            @property
            def size(self): return 1
            @size.setter
            def size(self, value): pass
        try:
            def pick(): pass
        except ImportError:
            def pick(): pass
        @overload
        def wide(x: int) -> int: ...
        def wide(x): return x
        """
    )
    assert {"pkg.mod.Thing.size", "pkg.mod.Thing.size.setter", "pkg.mod.pick", "pkg.mod.pick#2"} <= set(
        graph.functions
    )
    assert "pkg.mod.wide#2" not in graph.functions


def test_lambdas_are_called_after_their_line() -> None:
    """A lambda is a function of its own."""
    graph = graph_of("def helper(): pass\ndef f():\n    g = lambda: helper()\n    g()\n")
    assert callees(graph, "mod.f") == {"mod.f.<locals>.<lambda:3>"}
    assert callees(graph, "mod.f.<locals>.<lambda:3>") == {"mod.helper"}


def test_the_statements_of_a_module_and_of_its_classes() -> None:
    """They belong to the body of the module."""
    graph = graph_of("def make(): return 1\nX = make()\nclass Thing:\n    y = make()\n")
    assert [edge.site.line for edge in graph.out("pkg.mod.<module>")] == [2, 4]


def test_global_and_nonlocal_names() -> None:
    """What a function assigns to them is seen by those who share them."""
    graph = graph_of(
        """
        def act(): pass
        def work(): pass
        current = None
        def choose():
            global current
            current = act
        def run(): current()
        def outer():
            chosen = None
            def inner():
                nonlocal chosen
                chosen = work
            inner()
            chosen()
        """
    )
    assert inner(graph, "mod.run") == {"mod.act"}
    assert inner(graph, "mod.outer") == {"mod.outer.<locals>.inner", "mod.work"}
