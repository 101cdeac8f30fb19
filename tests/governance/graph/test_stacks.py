"""Exit stacks."""

import pytest
from governance.graphs import callees, graph_of, inner


@pytest.mark.parametrize(
    "way",
    [
        "stack.callback(work, 1)",
        "stack.enter_context(Held())",
        "stack.push(work)",
        "stack.enter_context(held())",
        "fill(stack)",
        "stack.pop_all().callback(work, 1)",
        "stack.enter_context(closing(Closed()))",
    ],
)
@pytest.mark.parametrize("end", ["with ExitStack() as stack: {}", "stack = ExitStack(); {}; stack.close()"])
def test_what_is_put_onto_a_stack_runs_where_it_is_closed(way: str, end: str) -> None:
    """Callbacks, the exits of what was entered, and the rest of generators."""
    graph = graph_of(
        f"""
    from contextlib import ExitStack, closing, contextmanager
    def work(*rest): pass
    class Held:
        def __enter__(self): return self
        def __exit__(self, *rest): work()
    @contextmanager
    def held():
        yield 1
        work()
    class Closed:
        def close(self): work()
    def fill(stack: ExitStack): stack.callback(work, 1)
    def f():
        {end.format(way)}
    """
    )
    assert "pkg.mod.work" in graph.reachable("pkg.mod.f")


def test_a_stack_that_is_kept_is_closed_elsewhere() -> None:
    """Whoever closes it runs what is on it."""
    graph = graph_of(
        """
        from contextlib import AsyncExitStack
        async def work(a): pass
        class Keeper:
            def __init__(self, stack: AsyncExitStack):
                self._stack = stack
            async def close(self): await self._stack.aclose()
        def f():
            stack = AsyncExitStack()
            stack.push_async_callback(work, 1)
            return Keeper(stack)
        """
    )
    assert inner(graph, "mod.Keeper.close") == {"mod.work"}


def test_what_is_entered_is_given_back() -> None:
    """As by `with`."""
    graph = graph_of(
        """
        from contextlib import AsyncExitStack, asynccontextmanager
        import trio
        class A:
            def act(self): pass
        @asynccontextmanager
        async def made(): yield A()
        async def f():
            async with AsyncExitStack() as stack:
                (await stack.enter_async_context(made())).act()
                nursery = await stack.enter_async_context(trio.open_nursery())
                nursery.start_soon(f)
        """
    )
    assert {"mod.A.act", "trio.Nursery.start_soon", "mod.made"} <= callees(graph, "mod.f")
