"""Statements."""

import pytest
from governance.graphs import callees, graph_of, inner

from whiteboard.governance.graph.model import EdgeKind


@pytest.mark.parametrize(
    "case",
    [
        "A(): x.act()",
        "A() as y: y.act()",
        "Pair(first=y): y.act()",
        "Pair(y, _): y.act()",
        "[A() as y, *_]: y.act()",
        "(y, 1): y.act()",
        "[*ys]: ys[0].act()",
        "{'a': y}: y.act()",
        "B() | A(): x.act()",
        "A() if x.act(): pass",
    ],
)
def test_patterns_narrow_and_capture(case: str) -> None:
    """A name in a pattern is what stood there; the subject is what the pattern lets through."""
    graph = graph_of(
        f"""
    from dataclasses import dataclass
    class A:
        def act(self): pass
    class B: pass
    @dataclass
    class Pair:
        first: A
        second: int
    def f(x):
        match x:
            case {case}
    def g(): f(A()); f(B()); f(Pair(A(), 1)); f((A(), 1)); f([A()]); f({{'a': A()}})
    """
    )
    assert inner(graph, "mod.f") == {"mod.A.act"}


def test_what_is_caught_is_an_instance() -> None:
    """Of any of the classes that are named."""
    graph = graph_of(
        """
        class One(Exception):
            def tell(self): pass
        class Two(Exception):
            def tell(self): pass
        def f():
            try: pass
            except One as fault: fault.tell()
        def g():
            try: pass
            except* (One, Two) as faults: pass
            try: raise Two
            except (One, Two) as fault: fault.tell()
        """
    )
    assert inner(graph, "mod.f") == {"mod.One.tell"}
    assert inner(graph, "mod.g") == {"mod.One.tell", "mod.Two.tell"}
    assert "mod.Two" in callees(graph, "mod.g")


def test_a_generator_made_a_context_manager() -> None:
    """`with` runs it, wherever it was called, and gives what it yields."""
    graph = graph_of(
        """
        from contextlib import asynccontextmanager
        class A:
            def act(self): pass
        @asynccontextmanager
        async def opened(): yield A()
        class Keeper:
            def __init__(self): self.context = opened()
            async def run(self):
                async with self.context as a: a.act()
        """
    )
    assert inner(graph, "mod.Keeper.run") == {"mod.opened", "mod.A.act"}


def test_decorators_of_the_package_stand_before_the_function() -> None:
    """Callers reach what the decorator gives, and through it the function, methods included."""
    graph = graph_of(
        """
        from functools import wraps
        def logged(function):
            @wraps(function)
            def around(*given, **named): return function(*given, **named)
            return around
        def limited(size):
            def decorate(function):
                def around(self, a): return function(self, a)
                return around
            return decorate
        @logged
        def act(x): pass
        class A:
            @limited(3)
            def run(self, a): self.inner()
            def inner(self): pass
        def f(): act(1)
        def g(): A().run(2)
        """
    )
    assert inner(graph, "mod.f") == {"mod.logged.<locals>.around"}
    assert inner(graph, "mod.logged.<locals>.around") == {"mod.act"}
    assert inner(graph, "mod.g") == {"mod.limited.<locals>.decorate.<locals>.around"}
    assert inner(graph, "mod.limited.<locals>.decorate.<locals>.around") == {"mod.A.run"}


def test_decorators_from_outside_leave_the_function() -> None:
    """It goes on under its name, and is referred to where it is decorated."""
    graph = graph_of("import web\napp = web.App()\n@app.get('/')\ndef page(): pass\ndef f(): page()\n")
    assert inner(graph, "mod.f") == {"mod.page"}
    assert callees(graph, "mod.<module>", EdgeKind.REFERENCE) == {"mod.page"}


def test_cached_functions_are_reached() -> None:
    """By decorator and by call, with and without a size."""
    graph = graph_of(
        """
        from functools import cache, lru_cache
        def work(): pass
        @cache
        def one(): work()
        @lru_cache(maxsize=3)
        def two(): work()
        three = lru_cache(5)(work)
        def f(): one(); two(); three()
        """
    )
    assert inner(graph, "mod.f") == {"mod.one", "mod.two", "mod.work"}


def test_generic_functions_run_what_is_registered() -> None:
    """`singledispatch` may run each of them."""
    graph = graph_of(
        """
        from functools import singledispatch
        @singledispatch
        def show(x): pass
        @show.register
        def _of_int(x: int): pass
        def f(): show(1)
        """
    )
    assert inner(graph, "mod.f") == {"mod.show", "mod._of_int"}


@pytest.mark.parametrize(
    "statement",
    [
        "return act()",
        "raise act()",
        "assert act()",
        "x = y = act()",
        "x: int = act()",
        "del [act()][0]",
        "for _ in act(): pass",
        "if act(): pass",
        "while act(): pass",
        "try: pass\n        finally: act()",
        "try: pass\n        except Exception: act()",
        "try: pass\n        except Exception: pass\n        else: act()",
        "with act(): pass",
        "yield act()",
        "yield from act()",
        "f'{act()}'",
        "[act() for _ in x]",
        "x[act():]",
        "x = {act(): act()}",
        "(act(), 1)",
        "x if act() else 1",
        "lambda y=act(): y",
        "print(*act(), **act())",
        "def g(y=act()): pass",
        "@act()\n        def g(): pass",
        "class G(act()): pass",
        "x < act()",
        "x.y[act()] = 1",
    ],
)
def test_calls_are_found_wherever_they_stand(statement: str) -> None:
    """In every kind of statement and expression."""
    graph = graph_of(f"    def act(): pass\n    def f(x):\n        {statement}\n")
    assert "mod.act" in inner(graph, "mod.f")
