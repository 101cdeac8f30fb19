"""Attributes and what reading them runs."""

import pytest
from governance.graphs import callees, graph_of, inner

from whiteboard.governance.graph.model import EdgeKind


def test_properties_run_when_they_are_read() -> None:
    """Getters and setters are edges of their own kind, cached ones too; what they give is known."""
    graph = graph_of(
        """
        from functools import cached_property
        class Part:
            def act(self): pass
        class Thing:
            @property
            def part(self) -> Part: ...
            @part.setter
            def part(self, value): pass
            @cached_property
            def kept(self): return Part()
        def read(x: Thing): x.part.act()
        def write(x: Thing): x.part = 1
        def cached(x: Thing): x.kept.act()
        """
    )
    assert callees(graph, "mod.read", EdgeKind.PROPERTY) == {"mod.Thing.part"}
    assert callees(graph, "mod.read", EdgeKind.CALL) == {"mod.Part.act"}
    assert "mod.Thing.part.setter" in callees(graph, "mod.write", EdgeKind.PROPERTY)
    assert callees(graph, "mod.cached") == {"mod.Thing.kept", "mod.Part.act"}


@pytest.mark.parametrize(
    "body",
    [
        "def __init__(self): self.part = Part()",
        "def __init__(self, part: Part): self.part = part",
        "def __init__(self, part: Part | None): self.part = part or Part()",
        "part: Part",
        "part = Part()",
        "def __init__(self): self.set(Part())\n        def set(self, part): self.part = part",
        "def __init__(self):\n            def later(): self.part = Part()\n            later()",
        "def __init__(self): self.part, self.size = Part(), 1",
        "def __init__(self): setattr(self, 'part', Part())\n        part = None",
        "def __getattr__(self, name) -> Part: ...",
    ],
)
def test_attributes_hold_what_is_put_into_them(body: str) -> None:
    """By a constructor, a declaration, a class, or any method."""
    graph = graph_of(
        f"""
    class Part:
        def act(self): pass
    class Thing:
        {body}
    def f(x: Thing): x.part.act()
    """
    )
    assert "mod.Part.act" in inner(graph, "mod.f")


def test_classes_are_held_in_attributes() -> None:
    """`type[Port]` may be any class that fits; what is put there is called as a constructor."""
    graph = graph_of(
        """
        from typing import Protocol
        class Port(Protocol):
            def act(self) -> None: ...
        class One:
            def __init__(self): pass
            def act(self): pass
        class Thing:
            port_class: type[Port]
            def make(self): self.port_class().act()
        class Small(Thing):
            port_class = One
        """
    )
    assert {"mod.One.__init__", "mod.One.act"} <= inner(graph, "mod.Thing.make")


def test_static_and_class_methods() -> None:
    """The first parameter is what Python makes it; `cls()` makes an instance, of a subclass as well."""
    graph = graph_of(
        """
        class Thing:
            def __init__(self, size): pass
            @staticmethod
            def plain(size): helper(size)
            @classmethod
            def make(cls, size): return cls(size)
        class Child(Thing):
            def __init__(self, size): pass
            def act(self): pass
        def helper(x): pass
        def f(x: Thing):
            x.plain(1)
            Thing.make(2)
            Child.make(3)
            type(x)(4)
        """
    )
    assert inner(graph, "mod.f") >= {
        "mod.Thing.plain",
        "mod.Thing.make",
        "mod.Thing.__init__",
        "mod.Child.__init__",
    }
    assert inner(graph, "mod.Thing.make") == {"mod.Thing.__init__", "mod.Child.__init__"}
    assert [each.parameter for each in graph.bindings if each.callee == "pkg.mod.Thing.make"] == [
        "size",
        "size",
    ]


def test_descriptors_run_when_they_are_read() -> None:
    """`__get__` and `__set__` of what stands in the class."""
    graph = graph_of(
        """
        class Part:
            def act(self): pass
        class Field:
            def __get__(self, instance, owner): return Part()
            def __set__(self, instance, value): pass
        class Thing:
            field = Field()
        def f(x: Thing):
            x.field.act()
            x.field = 1
        """
    )
    assert inner(graph, "mod.f") == {"mod.Field.__get__", "mod.Field.__set__", "mod.Part.act"}


def test_members_of_an_enum() -> None:
    """They are its instances."""
    graph = graph_of(
        """
        from enum import Enum
        class Kind(Enum):
            A = 1
            def act(self): pass
        def f():
            Kind.A.act()
            for each in Kind: each.act()
        """
    )
    assert inner(graph, "mod.f") == {"mod.Kind.act"}


def test_a_decorator_that_gathers_gets_the_receiver_first() -> None:
    """What it hands on arrives as the method's own receiver."""
    graph = graph_of(
        """
        def logged(function):
            def around(*given, **named):
                given[0].tell()
                return function(*given, **named)
            return around
        class A:
            @logged
            def act(self): pass
            def tell(self): pass
        def f(): A().act()
        """
    )
    assert inner(graph, "mod.logged.<locals>.around") == {"mod.A.act", "mod.A.tell"}


def test_members_that_nobody_defines() -> None:
    """Those of every object and class are foreign; of functions and collections as well."""
    graph = graph_of(
        """
        class A: pass
        class B(dict): pass
        def f(x: A):
            x.__sizeof__()
            A.mro()
            f.__get__(x)
            [].unheard()
            B().popitem()
            B.fromkeys([])
        """
    )
    assert {
        "builtins.object.__sizeof__",
        "builtins.type.mro",
        "builtins.function.__get__",
        "builtins.list.unheard",
        "builtins.dict.popitem",
        "builtins.dict.fromkeys",
    } <= callees(graph, "mod.f")


def test_functions_kept_by_something_outside() -> None:
    """Assigning one to a foreign attribute hands it out."""
    graph = graph_of("import other\ndef work(): pass\ndef f(): other.thing.hook = work\n")
    assert callees(graph, "mod.f", EdgeKind.REFERENCE) == {"mod.work"}


def test_functions_assigned_in_a_class_are_methods() -> None:
    """And take the instance first."""
    graph = graph_of(
        """
        def work(self, a): self.own()
        class A:
            act = work
            also = lambda self: self.own()
            def own(self): pass
        def f(x: A):
            x.act(1)
            x.also()
        """
    )
    assert "mod.work" in inner(graph, "mod.f")
    assert [each.parameter for each in graph.bindings if each.callee == "pkg.mod.work"] == ["a"]
