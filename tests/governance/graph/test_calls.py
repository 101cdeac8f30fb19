"""Calls: what is run, what parameters are given, what comes back."""

import ast

import pytest
from governance.graphs import callees, graph_of, inner

from whiteboard.governance.graph.model import EdgeKind


def bound(text: str, callee: str) -> set[tuple[str, str]]:
    """What the parameters of a function are given, as it is written."""
    graph = graph_of(text)
    return {
        (each.parameter, ast.unparse(each.expression)) for each in graph.bindings if each.callee == callee
    }


def test_arguments_are_bound_to_parameters() -> None:
    """By place, by name, and by default where a call gives none."""
    text = """
        def act(a, b=2, *, c=3): pass
        def f(x):
            act(x, c=x + 1)
            act(7, 8)
    """
    assert bound(text, "pkg.mod.act") == {
        ("a", "x"),
        ("c", "x + 1"),
        ("b", "2"),
        ("a", "7"),
        ("b", "8"),
        ("c", "3"),
    }


def test_the_receiver_is_no_argument() -> None:
    """A bound method's first argument goes to its second parameter, through partials and constructors too."""
    text = """
        from functools import partial
        class Thing:
            def __init__(self, size): self.size = size
            def act(self, a, b): pass
        def f(x: Thing):
            x.act(1, 2)
            partial(x.act, 3)(4)
            Thing(5)
    """
    assert bound(text, "pkg.mod.Thing.act") == {("a", "1"), ("b", "2"), ("a", "3"), ("b", "4")}
    assert bound(text, "pkg.mod.Thing.__init__") == {("size", "5")}


def test_bindings_say_who_gave_it() -> None:
    """So that a value can be followed up through the callers."""
    graph = graph_of("def act(a): pass\ndef f(): act(5)\n")
    assert [(each.caller, each.site.line) for each in graph.bound("pkg.mod.act", "a")] == [("pkg.mod.f", 2)]


@pytest.mark.parametrize(
    "way",
    [
        "run(work)",
        "run(function=work)",
        "run(*[work])",
        "run(**{'function': work})",
        "run(partial(work, 1))",
        "run(lambda: work())",
        "Keeper(work).run()",
        "Keeper(function=work).run()",
        "TABLE['a'] = work; TABLE['a']()",
        "QUEUE.append(work); QUEUE[0]()",
        "forward(work)",
        "spread(1, work)",
        "chosen = work if TABLE else None; chosen()",
        "(TABLE.get('x') or work)()",
        "made = wrap(work); made()",
        "first, second = 1, work; second()",
        "for each in (work, work): each()",
        "(lambda function: function())(work)",
        "inner()",
        "replace(Record(1, None), function=work).function()",
    ],
)
def test_functions_are_followed_as_values(way: str) -> None:
    """Through parameters, attributes, collections, partials, closures and results."""
    graph = graph_of(
        f"""
    from dataclasses import dataclass, replace
    from functools import partial
    TABLE = {{}}
    QUEUE = []
    def work(*rest): pass
    def run(function): function()
    def forward(function): run(function)
    def spread(*given): given[1]()
    def wrap(function):
        def wrapped(): return function()
        return wrapped
    class Keeper:
        def __init__(self, function): self._function = function
        def run(self): self._function()
    @dataclass
    class Record:
        size: int
        function: object
    def f():
        def inner(): work()
        {way}
    """
    )
    assert "pkg.mod.work" in graph.reachable("pkg.mod.f")


def test_gathered_arguments_keep_their_places() -> None:
    """What is gathered and spread again arrives where it was meant to."""
    graph = graph_of(
        """
        def one(): pass
        def two(): pass
        def wrap(function, *given): function(*given)
        def act(first, second): first()
        def f(): wrap(act, one, two)
        """
    )
    assert inner(graph, "mod.act") == {"mod.one"}


def test_type_variables_are_those_of_the_call() -> None:
    """A function that gives back what it is given, or what a function gives, differs from call to call."""
    graph = graph_of(
        """
        from typing import Callable, Iterable, TypeVar
        T = TypeVar("T")
        class A:
            def act(self): pass
        class B:
            def act(self): pass
        def same(x: T) -> T: return x
        def made(function: Callable[[], T]) -> T | None: return function()
        def first(xs: Iterable[T]) -> T: return next(iter(xs))
        def instance(kind: type[T]) -> T: return kind()
        def a(): return A()
        def f(): same(A()).act()
        def g(): same(B()).act()
        def h(): made(a).act()
        def i(): first([B()]).act()
        def j(): instance(B).act()
        """
    )
    assert inner(graph, "mod.f") == {"mod.A", "mod.A.act", "mod.same"} & set(inner(graph, "mod.f"))
    methods = {
        name: {each for each in inner(graph, f"mod.{name}") if each.endswith(".act")} for name in "fghij"
    }
    assert methods == {
        "f": {"mod.A.act"},
        "g": {"mod.B.act"},
        "h": {"mod.A.act"},
        "i": {"mod.B.act"},
        "j": {"mod.B.act"},
    }


def test_making_an_instance_runs_its_constructors() -> None:
    """`__new__`, `__init__`, what runs after a generated one, factories and converters; else the class is named."""
    graph = graph_of(
        """
        import attrs
        from dataclasses import dataclass, field
        def fresh(): return []
        def clean(value): return value
        class Plain: pass
        class Both:
            def __new__(cls): return super().__new__(cls)
            def __init__(self): pass
        @attrs.define
        class Record:
            items: list = attrs.field(factory=fresh, converter=clean)
            def __attrs_post_init__(self): pass
        @dataclass
        class Data:
            items: list = field(default_factory=fresh)
            def __post_init__(self): pass
        def f(): Plain()
        def g(): Both()
        def h(): Record()
        def i(): Data()
        """
    )
    assert callees(graph, "mod.f") == {"mod.Plain"}
    assert inner(graph, "mod.g") == {"mod.Both.__new__", "mod.Both.__init__"}
    assert inner(graph, "mod.h") == {"mod.Record.__attrs_post_init__", "mod.fresh", "mod.clean"}
    assert inner(graph, "mod.i") == {"mod.Data.__post_init__", "mod.fresh"}


def test_callable_instances() -> None:
    """Calling an instance runs `__call__`."""
    graph = graph_of("class A:\n    def __call__(self): pass\ndef f(): A()()\n")
    assert inner(graph, "mod.f") == {"mod.A.__call__"}


def test_a_call_that_leads_nowhere_is_said() -> None:
    """With the reason; the call of a callable whose result is declared goes on with that."""
    graph = graph_of(
        """
        from typing import Callable
        class A:
            def act(self): pass
        def f(x, make: Callable[[], A]):
            x.run()
            make().act()
        """
    )
    assert [(each.site.line, each.reason) for each in graph.unresolved] == [
        (6, "the type of x is unknown"),
        (7, "no function of the package is known to reach make"),
    ]
    assert inner(graph, "mod.f") == {"mod.A.act"}


def test_a_telling_method_name_is_a_guess() -> None:
    """Of a kind of its own, and still unresolved; common names and names of many classes are not guessed."""
    graph = graph_of(
        "class A:\n    def compact_log(self): pass\n    def get(self): pass\ndef f(x):\n    x.compact_log()\n    x.get()\n"
    )
    assert callees(graph, "mod.f", EdgeKind.BY_NAME) == {"mod.A.compact_log"}
    assert callees(graph, "mod.f") == set()
    assert len(graph.unresolved) == 2


def test_spread_keywords_reach_every_parameter() -> None:
    """Those that are not given otherwise, and what gathers the rest; fields of a dataclass too."""
    graph = graph_of(
        """
        from dataclasses import dataclass
        def work(): pass
        @dataclass
        class Record:
            function: object
        def run(function, **more): function(); more["x"]()
        def f(): run(**{"function": work})
        def g(): Record(**{"function": work}).function()
        def h(): run(work, x=work)
        """
    )
    assert inner(graph, "mod.run") == {"mod.work"}
    assert inner(graph, "mod.g") >= {"mod.work"}


def test_type_variables_through_more_forms() -> None:
    """Unions, optional and awaited results, keyword arguments, classes from outside."""
    graph = graph_of(
        """
        from typing import Awaitable, Callable, Optional, TypeVar
        import elsewhere
        T = TypeVar("T")
        class A:
            def act(self): pass
        def given(x: T | None) -> Optional[T]: return x
        def made(function: Callable[[], Awaitable[T]]) -> T: return function()
        def built(kind: type[T]) -> T: return kind()
        async def a(): return A()
        def f(): given(x=A()).act()
        def g(): made(a).act()
        def h(): made(A).act()
        def i(): built(elsewhere.Thing).go()
        def j(make: Callable[[], A]): made(make).act()
        """
    )
    for name in "fghj":
        assert "mod.A.act" in inner(graph, f"mod.{name}")
    assert "elsewhere.Thing.go" in callees(graph, "mod.i")
