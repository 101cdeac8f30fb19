"""Which definitions an attribute may mean."""

from governance.graphs import callees, graph_of, inner

from whiteboard.governance.graph.model import EdgeKind

PORT = """
    from typing import Protocol
    class Port(Protocol):
        async def send(self, data: bytes) -> None: ...
        def close(self) -> None: ...
    class Wire:
        async def send(self, data): pass
        def close(self): pass
    class TooMany:
        async def send(self, data, more): pass
        def close(self): pass
    class Half:
        async def send(self, data): pass
    class NotAsync:
        def send(self, data) -> int: return 1
        def close(self): pass
    async def f(port: Port):
        await port.send(b"")
"""


def test_a_protocol_is_kept_by_whoever_fits() -> None:
    """All methods must be there, with parameters that fit, and as async as asked for; the protocol counts as well."""
    assert callees(graph_of(PORT), "mod.f") == {"mod.Port.send", "mod.Wire.send"}


def test_a_protocol_of_one_call_asks_for_its_parameters() -> None:
    """Of the classes with `__call__`, those with other parameters do not count; a function that flows in does."""
    graph = graph_of(
        """
        from typing import Protocol
        class Handler(Protocol):
            def __call__(self, a, b): ...
        class Two:
            def __call__(self, a, b): pass
        class One:
            def __call__(self, a): pass
        def plain(a, b): pass
        def f(handler: Handler): handler(1, 2)
        def g(): f(plain)
        """
    )
    assert inner(graph, "mod.f") == {"mod.Handler.__call__", "mod.Two.__call__", "mod.plain"}


def test_subclasses_may_stand_for_their_base() -> None:
    """A declared class may be any below it; one that was just made is exactly itself."""
    graph = graph_of(
        """
        class Base:
            def act(self): pass
            def run(self): self.act()
        class Child(Base):
            def act(self): pass
        def declared(x: Base): x.act()
        def made(): Base().act()
        """
    )
    assert inner(graph, "mod.declared") == {"mod.Base.act", "mod.Child.act"}
    assert inner(graph, "mod.made") == {"mod.Base.act"}
    assert inner(graph, "mod.Base.run") == {"mod.Base.act", "mod.Child.act"}


def test_a_class_from_outside_has_subclasses_in_the_package() -> None:
    """Where a foreign class is declared, both are called."""
    graph = graph_of(
        """
        import trio
        class Wire(trio.abc.SendStream):
            async def send_all(self, data): pass
        async def f(stream: trio.abc.SendStream): await stream.send_all(b"")
        """
    )
    assert callees(graph, "mod.f") == {"trio.abc.SendStream.send_all", "mod.Wire.send_all"}


def test_super_goes_on_from_the_class() -> None:
    """With mixins, what comes next depends on the class below."""
    graph = graph_of(
        """
        class A:
            def act(self): super().act()
        class B:
            def act(self): pass
        class C(A, B): pass
        class D(dict):
            def get(self, key): return super().get(key)
        """
    )
    assert inner(graph, "mod.A.act") == {"mod.B.act"}
    assert "builtins.dict.get" in callees(graph, "mod.D.get")


def test_a_subclass_tells_those_above_of_its_birth() -> None:
    """Defining it runs `__init_subclass__`."""
    graph = graph_of("class A:\n    def __init_subclass__(cls): pass\nclass B(A): pass\n")
    assert inner(graph, "mod.<module>") == {"mod.A.__init_subclass__"}


def test_a_base_from_outside_may_call_what_is_overridden() -> None:
    """Where an instance is made, or the class is handed out; of known bases only what these call."""
    graph = graph_of(
        """
        import elsewhere, trio
        class Handler(elsewhere.Base):
            def __init__(self): pass
            def on_event(self): pass
        class Wire(trio.abc.SendStream):
            async def send_all(self, data): pass
            def own(self): pass
        class Fault(Exception):
            def text(self): pass
        def f(): Handler()
        def g(): Wire()
        def h(): Fault()
        def i(): elsewhere.serve(Handler)
        def j(): elsewhere.thing.handler_class = Handler
        """
    )
    made = {name: inner(graph, f"mod.{name}", EdgeKind.REFERENCE) for name in "fghij"}
    handler = {"mod.Handler.on_event", "mod.Handler.__init__"}
    assert made == {
        "f": {"mod.Handler.on_event"},
        "g": {"mod.Wire.send_all"},
        "h": set(),
        "i": handler,
        "j": handler,
    }
