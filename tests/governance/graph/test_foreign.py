"""Calls that leave the package."""

import pytest
from governance.graphs import callees, graph_of, inner

from whiteboard.governance.graph.model import EdgeKind

SPAWN, THREAD, REFERENCE, CALL = EdgeKind.SPAWN, EdgeKind.THREAD, EdgeKind.REFERENCE, EdgeKind.CALL


@pytest.mark.parametrize(
    ("way", "kind"),
    [
        ("async with trio.open_nursery() as nursery: nursery.start_soon(work, 1)", SPAWN),
        ("async with trio.open_nursery() as nursery: await nursery.start(work, 1)", SPAWN),
        ("async with trio.open_nursery() as nursery: nursery.start_soon(partial(work, 1))", SPAWN),
        ("held.start_soon(work, 1)", SPAWN),
        ("unknown.start_soon(work, 1)", SPAWN),
        ("partial(held.start_soon, work)(1)", SPAWN),
        ("trio.run(work, 1)", SPAWN),
        ("await trio.to_thread.run_sync(work, 1, abandon_on_cancel=True)", THREAD),
        ("await in_thread(work, 1)", THREAD),
        ("threading.Thread(target=work).start()", THREAD),
        ("await loop.run_in_executor(None, work, 1)", THREAD),
        ("atexit.register(work)", REFERENCE),
        ("signal.signal(2, work)", REFERENCE),
        ("trio.serve_tcp([work], 0)", REFERENCE),
        ("sorted([1], key=work)", CALL),
        ("list(map(work, [1]))", CALL),
        ("contextvars.copy_context().run(work, 1)", CALL),
    ],
)
def test_functions_that_are_handed_on(way: str, kind: EdgeKind) -> None:
    """To a nursery, a thread, a caller at once, or to somebody who may call them."""
    graph = graph_of(
        f"""
    import atexit, contextvars, signal, threading, trio
    from functools import partial
    def work(a): pass
    async def in_thread(function, *given):
        return await trio.to_thread.run_sync(function, *given)
    async def f(held: trio.Nursery, unknown, loop):
        {way}
    """
    )
    found = {edge.kind for edge in graph.edges if edge.callee == "pkg.mod.work"}
    assert found == {kind}


def test_what_is_spawned_is_given_its_arguments() -> None:
    """They are bound as in a call."""
    graph = graph_of(
        """
        import trio
        class A:
            def act(self): pass
        async def work(a, b): a.act()
        async def f(nursery: trio.Nursery): nursery.start_soon(work, A(), 2)
        """
    )
    assert [each.parameter for each in graph.bindings if each.callee == "pkg.mod.work"] == ["a", "b"]
    assert inner(graph, "mod.work") == {"mod.A.act"}


@pytest.mark.parametrize(
    ("use", "callee"),
    [
        ("sqlite3.connect('x').execute('y')", "sqlite3.Connection.execute"),
        ("open('x').read()", "io.TextIOWrapper.read"),
        ("(Path('x') / 'y').read_text()", "pathlib.Path.read_text"),
        ("Path('x').with_suffix('.y').read_text()", "pathlib.Path.read_text"),
        ("'{}'.format(1).encode().hex()", "builtins.bytes.hex"),
        ("'a b'.split()[0].upper()", "builtins.str.upper"),
        ("trio.Event().set()", "trio.Event.set"),
        ("threading.Lock().acquire()", "threading.Lock.acquire"),
        ("unheard_of.thing(1).more()", "unheard_of.thing().more"),
        ("[].append(1)", "builtins.list.append"),
    ],
)
def test_what_comes_from_outside_is_known_by_name(use: str, callee: str) -> None:
    """The class of a result where it is known, or else the call that gave it."""
    graph = graph_of(
        f"""
    import sqlite3, threading, trio, unheard_of
    from pathlib import Path
    def f():
        {use}
    """
    )
    assert callee in callees(graph, "mod.f")
    assert not graph.unresolved


def test_names_from_outside_do_not_grow_without_end() -> None:
    """A loop along foreign attributes and results comes to rest."""
    graph = graph_of(
        """
        import other
        def f():
            node = other.first()
            while node:
                node = node.next().more[0].then
            node.end()
        """
    )
    assert all(len(edge.callee) < 200 for edge in graph.edges)


def test_memory_channels_carry_values() -> None:
    """What is sent at one end is received at the other."""
    graph = graph_of(
        """
        import trio
        class A:
            def act(self): pass
        async def f():
            send, receive = trio.open_memory_channel(1)
            await send.send(A())
            (await receive.receive()).act()
            async for one in receive: one.act()
        """
    )
    assert "mod.A.act" in inner(graph, "mod.f")


def test_weak_references_give_what_they_refer_to() -> None:
    """`ref()` is the value itself."""
    graph = graph_of(
        "import weakref\nclass A:\n    def act(self): pass\ndef f():\n    r = weakref.ref(A())\n    r().act()\n"
    )
    assert "mod.A.act" in inner(graph, "mod.f")


def test_getattr_with_a_name() -> None:
    """A constant name is an attribute."""
    graph = graph_of("class A:\n    def act(self): pass\ndef f(x: A): getattr(x, 'act')()\n")
    assert inner(graph, "mod.f") == {"mod.A.act"}


def test_cast_says_the_type() -> None:
    """Whatever the value was."""
    graph = graph_of(
        "from typing import cast\nclass A:\n    def act(self): pass\ndef f(x): cast('A', x).act()\n"
    )
    assert inner(graph, "mod.f") == {"mod.A.act"}


@pytest.mark.parametrize(
    "use",
    [
        "min(A(), A()).act()",
        "itertools.chain.from_iterable([[A()]]).__next__().act()",
        "list(itertools.chain([A()], []))[0].act()",
        "ContextVar('x', default=A()).get().act()",
        "dict({'a': A()})['a'].act()",
        "copy(A()).act()",
        "Maybe(A()).act()",
        "setattr(HOLDER, 'part', A()); HOLDER.part.act()",
        "getattr(HOLDER, 'none', A()).act()",
        "partial(Callable_(), 1)().act()",
        "partial(A)().act()",
        "lru_cache(made)().act()",
        "nullcontext(A()).act()",
        "with nullcontext(A()) as a: a.act()",
        "with closing(A()) as a: a.act()",
        "type(A())().act()",
        "HOLDER.__class__().own().act()",
        "max([A()], default=None).act()",
        "staticmethod(made)().act()",
    ],
)
def test_values_pass_through_functions_from_outside(use: str) -> None:
    """Those that give what they are given, an element of it, or what it makes."""
    graph = graph_of(
        f"""
    import itertools
    from contextlib import closing, nullcontext
    from contextvars import ContextVar
    from copy import copy
    from functools import lru_cache, partial
    from typing import NewType
    class A:
        def act(self): pass
        def close(self): pass
    class Holder:
        part = None
        def own(self): return A()
    class Callable_:
        def __call__(self, x): return A()
    HOLDER = Holder()
    Maybe = NewType("Maybe", A)
    def made(): return A()
    def f():
        {use}
    """
    )
    assert "mod.A.act" in inner(graph, "mod.f")


def test_properties_made_by_call_are_referred_to() -> None:
    """Their functions may be called by whoever reads them."""
    graph = graph_of("class A:\n    def _size(self): pass\n    size = property(_size)\n")
    assert inner(graph, "mod.<module>", REFERENCE) == {"mod.A._size"}


def test_a_callable_class_from_outside_has_subclasses_in_the_package() -> None:
    """Calling an instance of it may call theirs."""
    graph = graph_of(
        "import other\nclass A(other.Base):\n    def __call__(self): pass\ndef f(x: other.Base): x()\n"
    )
    assert callees(graph, "mod.f") == {"other.Base.__call__", "mod.A.__call__"}
