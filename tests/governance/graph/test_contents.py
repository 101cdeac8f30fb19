"""Collections, iteration and special methods."""

import pytest
from governance.graphs import graph_of, inner

THING = """
    from collections import defaultdict, deque
    class Thing:
        def act(self): pass
    class Other:
        def act(self): pass
"""


@pytest.mark.parametrize(
    "use",
    [
        "x = [Thing()]; x[0].act()",
        "x = []; x.append(Thing()); x.pop().act()",
        "x = []; x.extend([Thing()]); x[0].act()",
        "x = []; x.insert(0, Thing()); x[0].act()",
        "x = [*[Thing()]]; x[0].act()",
        "x = {}; x['a'] = Thing(); x['a'].act()",
        "x = {}; x.setdefault('a', Thing()).act()",
        "x = {}; x.update({'a': Thing()}); x['a'].act()",
        "x = {**{'a': Thing()}}; x['a'].act()",
        "x = defaultdict(Thing); x['a'].act()",
        "x = dict(a=Thing()); x['a'].act()",
        "x = dict([('a', Thing())]); x['a'].act()",
        "x = {Thing(): 1}; [one.act() for one in x]",
        "x = {'a': Thing()}; [one.act() for one in x.values()]",
        "x = {'a': Thing()}; [one.act() for _, one in x.items()]",
        "x = {'a': Thing()}; x.popitem()[1].act()",
        "x = deque(); x.appendleft(Thing()); x.popleft().act()",
        "x = {Thing()}; x.pop().act()",
        "x = (1, Thing()); _, y = x; y.act()",
        "x = [(1, (Thing(), 2))]; [y.act() for _, (y, _) in x]",
        "first, *rest = [Thing(), Thing()]; rest[0].act()",
        "x = [each for each in [Thing()]]; x[0].act()",
        "x = {k: v for k, v in [('a', Thing())]}; x['a'].act()",
        "for i, one in enumerate([Thing()]): one.act()",
        "for a, b in zip([1], [Thing()]): b.act()",
        "for one in map(lambda n: Thing(), [1]): one.act()",
        "for one in sorted(reversed([Thing()])): one.act()",
        "next(iter([Thing()])).act()",
        "max([Thing()], key=id).act()",
        "(Thing() for _ in 'a').__next__().act()",
        "x = [Thing()][0:1]; x[0].act()",
        "x = [Thing()].copy(); x[0].act()",
    ],
)
def test_collections_hold_what_is_put_into_them(use: str) -> None:
    """And give it back, however it is put in and taken out."""
    graph = graph_of(f"{THING}\n    def f():\n        {use}\n")
    assert "mod.Thing.act" in inner(graph, "mod.f")
    assert "mod.Other.act" not in inner(graph, "mod.f")


def test_parts_of_a_tuple_are_told_apart() -> None:
    """By constant positions and by unpacking."""
    graph = graph_of(
        f"""{THING}
    def pair(): return Thing(), Other()
    def f(): pair()[0].act()
    def g():
        _, other = pair()
        other.act()
    """
    )
    assert inner(graph, "mod.f") == {"mod.pair", "mod.Thing.act"}
    assert inner(graph, "mod.g") == {"mod.pair", "mod.Other.act"}


def test_iterating_runs_special_methods_and_generators() -> None:
    """Where the loop stands, not where the generator was called."""
    graph = graph_of(
        f"""{THING}
    class Bag:
        def __iter__(self): return Walk()
    class Walk:
        def __next__(self): return Thing()
    class Spread:
        def __iter__(self): yield Thing()
    def made(): yield Thing()
    async def flowing():
        yield Thing()
    def f(x: Bag):
        for one in x: one.act()
    def g(x: Spread):
        for one in x: one.act()
    def given(items):
        for one in items: one.act()
    def h(): given(made())
    async def i():
        async for one in flowing(): one.act()
    def j():
        first, = Spread()
        first.act()
    """
    )
    assert inner(graph, "mod.f") == {"mod.Bag.__iter__", "mod.Walk.__next__", "mod.Walk", "mod.Thing.act"} - {
        "mod.Walk"
    }
    assert inner(graph, "mod.g") == {"mod.Spread.__iter__", "mod.Thing.act"}
    assert inner(graph, "mod.given") == {"mod.made", "mod.Thing.act"}
    assert inner(graph, "mod.i") == {"mod.flowing", "mod.Thing.act"}
    assert inner(graph, "mod.j") == {"mod.Spread.__iter__", "mod.Thing.act"}


def test_a_generator_behind_a_declared_iterable() -> None:
    """Whoever iterates the parameter runs it."""
    graph = graph_of(
        """
        from typing import Iterable
        def made(): yield 1
        def given(items: Iterable[int]): return sum(items)
        def f(): given(made())
        """
    )
    assert inner(graph, "mod.given") == {"mod.made"}


def test_a_collection_is_the_same_under_another_name() -> None:
    """What a function puts into a list that it is given is found by who gave it."""
    graph = graph_of(
        """
        from typing import Callable
        def work(): pass
        def fill(calls: list[Callable[[], None]]): calls.append(work)
        def f():
            calls: list[Callable[[], None]] = []
            fill(calls)
            for call in calls: call()
        """
    )
    assert inner(graph, "mod.f") == {"mod.fill", "mod.work"}


@pytest.mark.parametrize(
    ("statement", "methods"),
    [
        ("with x: pass", {"__enter__", "__exit__"}),
        ("async with x: pass", {"__aenter__", "__aexit__"}),
        ("x[1]", {"__getitem__"}),
        ("x[1] = 2", {"__setitem__"}),
        ("del x[1]", {"__delitem__"}),
        ("1 in x", {"__contains__"}),
        ("x + 1", {"__add__"}),
        ("1 + x", {"__radd__"}),
        ("x += 1", {"__iadd__"}),
        ("-x", {"__neg__"}),
        ("x == 1", {"__eq__"}),
        ("x < 1", {"__lt__"}),
        ("len(x)", {"__len__"}),
        ("str(x)", {"__str__"}),
        ("f'{x}'", {"__str__"}),
        ("f'{x!r}'", {"__repr__"}),
        ("print(x)", {"__str__"}),
        ("hash(x)", {"__hash__"}),
        ("{}[x]", {"__hash__"}),
        ("if x: pass", {"__bool__"}),
        ("not x", {"__bool__"}),
        ("x and 1", {"__bool__"}),
        ("while x: pass", {"__bool__"}),
        ("await x", {"__await__"}),
        ("x.unknown", {"__getattr__"}),
        ("x.y = 1", {"__setattr__"}),
        ("sorted([x])", {"__lt__"}),
    ],
)
def test_operators_run_special_methods(statement: str, methods: set[str]) -> None:
    """Each kind of statement and expression those that Python runs for it."""
    names = (
        "enter exit aenter aexit getitem setitem delitem contains add radd iadd neg eq lt len str repr hash bool "
        "await getattr setattr"
    )
    body = "\n".join(f"        def __{name}__(self, *rest): pass" for name in names.split())
    graph = graph_of(f"    class X:\n{body}\n    async def f(x: X):\n        {statement}\n")
    assert inner(graph, "mod.f") == {f"mod.X.{name}" for name in methods}
