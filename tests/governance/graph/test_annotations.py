"""What annotations say of the values in their place."""

import pytest
from governance.graphs import callees, graph_of, inner

from whiteboard.governance.graph.model import EdgeKind

THING = """
    from __future__ import annotations
    from collections import deque
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from typing import Annotated, Any, ClassVar, Final, Literal, LiteralString, NewType, Optional, Self, Type
    from typing import TypeAlias, TypeVar, Union
    import trio
    class Thing:
        def act(self): pass
    class Generic_(Thing): pass
    NewThing = NewType("NewThing", Thing)
    Things: TypeAlias = dict[str, list[Thing]]
    T = TypeVar("T", bound=Thing)
"""


@pytest.mark.parametrize(
    ("annotation", "use"),
    [
        ("Thing", "x.act()"),
        ("'Thing'", "x.act()"),
        ("Thing | None", "x.act()"),
        ("Optional[Thing]", "x.act()"),
        ("Union[int, Thing]", "x.act()"),
        ("Annotated[Thing, 1]", "x.act()"),
        ("NewThing", "x.act()"),
        ("T", "x.act()"),
        ("type[Thing]", "x().act()"),
        ("list[Thing]", "x[0].act()"),
        ("Sequence['Thing']", "x[0].act()"),
        ("dict[str, Thing]", "x['a'].act()"),
        ("dict[str, Thing]", "[one.act() for one in x.values()]"),
        ("dict[Thing, str]", "[one.act() for one in x]"),
        ("dict[str, Thing]", "[one.act() for _, one in x.items()]"),
        ("Mapping[str, tuple[int, Thing]]", "x.get('a')[1].act()"),
        ("tuple[int, Thing]", "x[-1].act()"),
        ("tuple[Thing, ...]", "x[5].act()"),
        ("Things", "x['a'].pop().act()"),
        ("deque[Thing]", "x.popleft().act()"),
        ("Iterable[Thing]", "next(iter(x)).act()"),
        ("Callable[[int], Thing]", "x(1).act()"),
        ("Callable[[int], Thing | None]", "x(1).act()"),
        ("ClassVar[Thing]", "x.act()"),
        ("Coroutine[int, int, Thing]", "x.act()"),
        ("Type[Thing]", "x().act()"),
        ("Generic_[int]", "x.act()"),
        ("Literal['a'] | Thing", "x.act()"),
        ("'Thing | None'", "x.act()"),
        ("trio.MemoryReceiveChannel[Thing]", "(x.receive_nowait()).act()"),
    ],
)
def test_annotations_say_what_is_called(annotation: str, use: str) -> None:
    """A parameter's annotation is enough to know the method."""
    graph = graph_of(f"{THING}\n    def f(x: {annotation}):\n        {use}\n")
    assert inner(graph, "mod.f") == {"mod.Thing.act"}
    assert not inner(graph, "mod.f", EdgeKind.BY_NAME)


@pytest.mark.parametrize(
    "use",
    [
        "async for one in x.all(): one.act()",
        "async with x.open() as one: one.act()",
        "(await x.soon()).act()",
        "(await x.later()).act()",
        "x.myself().one().act()",
    ],
)
def test_results_say_what_is_called(use: str) -> None:
    """So is the annotation of a result."""
    graph = graph_of(
        f"""{THING}
    class Source:
        def all(self) -> AsyncIterator[Thing]: ...
        def open(self) -> AbstractAsyncContextManager[Thing]: ...
        async def soon(self) -> Thing: ...
        def later(self) -> Awaitable[Thing]: ...
        def myself(self) -> Self: ...
        def one(self) -> Thing: ...
    async def f(x: Source):
        {use}
"""
    )
    assert "mod.Thing.act" in inner(graph, "mod.f", EdgeKind.CALL)


def test_an_alias_means_what_it_means_where_it_stands() -> None:
    """The names in a type alias are those of its own module."""
    graph = graph_of(
        low="class Thing:\n    def act(self): pass\nThings = list[Thing]\n",
        mod="from pkg.low import Things\ndef f(x: Things):\n    x[0].act()\n",
    )
    assert inner(graph, "mod.f") == {"low.Thing.act"}


def test_a_bare_final_says_nothing_of_the_type() -> None:
    """What is assigned counts."""
    graph = graph_of(f"{THING}\n    ONE: Final = Thing()\n    def f(): ONE.act()\n")
    assert inner(graph, "mod.f") == {"mod.Thing.act"}


def test_a_class_that_is_declared_is_all_there_is() -> None:
    """Other values that seem to flow there are not believed."""
    graph = graph_of(
        """
        class Thing:
            def act(self): pass
        class Other:
            def act(self): pass
        def f(x: Thing): x.act()
        def g(): f(Other())
        """
    )
    assert inner(graph, "mod.f") == {"mod.Thing.act"}


def test_a_foreign_alias_may_be_anything() -> None:
    """A name from outside that stands for a callable takes what flows in; a class of the standard library does not."""
    graph = graph_of(
        """
        from pathlib import Path
        from elsewhere import Send
        class Thing:
            def __call__(self): pass
        def f(send: Send): send()
        def g(path: Path): path()
        def h(): f(Thing()); g(Thing())
        """
    )
    assert inner(graph, "mod.f") == {"mod.Thing.__call__"}
    assert inner(graph, "mod.g") == set()


@pytest.mark.parametrize(
    "annotation",
    ["'not python ('", "1", "Any", "object", "lambda: 1", "type", "Missing", "Callable", "type[Missing]"],
)
def test_annotations_that_say_nothing(annotation: str) -> None:
    """What flows in counts."""
    graph = graph_of(f"{THING}\n    def f(x: {annotation}): x.act()\n    def g(): f(Thing())\n")
    assert "mod.Thing.act" in inner(graph, "mod.f")


def test_constants_have_their_class() -> None:
    """Literals and text types too."""
    graph = graph_of(
        f"{THING}\n    def f(x: Literal['a'], y: LiteralString):\n        x.upper()\n        y.lower()\n"
    )
    assert {"builtins.str.upper", "builtins.str.lower"} <= callees(graph, "mod.f")
