"""What conditions say of names."""

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


def test_classes_of_a_tuple_or_a_union() -> None:
    """Any of them may be meant; a subclass that comes is itself."""
    graph = graph_of(
        f"""{CLASSES}
    class Small(A):
        def act(self): pass
    class C:
        def act(self): pass
    def f(x):
        if isinstance(x, (A, B)): x.act()
    def g(x):
        if isinstance(x, A | B): x.act()
    def h(): f(Small()); f(B()); f(C()); g(Small()); g(B()); g(C())
    """
    )
    assert inner(graph, "mod.f") == inner(graph, "mod.g") == {"mod.Small.act", "mod.B.act"}


def test_what_nobody_gives_is_what_the_condition_says() -> None:
    """A parameter that no call in the package fills is an instance of the class asked for."""
    graph = graph_of(f"{CLASSES}\n    def f(x):\n        if isinstance(x, A): x.act()\n")
    assert inner(graph, "mod.f") == {"mod.A.act"}


def test_an_assignment_ends_it() -> None:
    """After it the name is what it is assigned."""
    graph = graph_of(
        f"""{CLASSES}
    def f(x):
        if isinstance(x, A):
            x = B()
            x.act()
    """
    )
    assert "mod.B.act" in inner(graph, "mod.f")
