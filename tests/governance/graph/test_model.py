"""The graph as values."""

from governance.graphs import graph_of

from whiteboard.governance.graph.model import EdgeKind

CHAIN = """
    import time
    def start(): middle(); other()
    def middle(): end()
    def other(): middle()
    def end(): time.sleep(1)
    def away(): pass
"""


def test_chains_are_shortest_and_in_order() -> None:
    """What is reached comes with one of its shortest chains, from the start to the sink outside the package."""
    reach = graph_of(CHAIN).reachable("pkg.mod.start")
    assert [edge.callee for edge in reach["time.sleep"]] == ["pkg.mod.middle", "pkg.mod.end", "time.sleep"]
    assert reach["pkg.mod.start"] == []
    assert "pkg.mod.away" not in reach


def test_a_kind_can_stop_the_way() -> None:
    """What is handed to a thread is not followed when threads end the way."""
    graph = graph_of(
        """
        import time, trio
        async def start(): await trio.to_thread.run_sync(slow)
        def slow(): time.sleep(1)
        """
    )
    assert "time.sleep" in graph.reachable("pkg.mod.start")
    assert "time.sleep" not in graph.reachable("pkg.mod.start", [EdgeKind.THREAD])


def test_several_starts() -> None:
    """All that any of the starts reaches is there, each start itself included."""
    reach = graph_of(CHAIN).reachable(["pkg.mod.other", "pkg.mod.away"])
    assert {"pkg.mod.other", "pkg.mod.away", "pkg.mod.middle"} <= set(reach)


def test_edges_in_both_directions() -> None:
    """Who calls a function can be asked as well as whom it calls."""
    graph = graph_of(CHAIN)
    assert graph.callers("pkg.mod.middle") == ["pkg.mod.other", "pkg.mod.start"]
    assert [edge.site.line for edge in graph.into("time.sleep")] == [6]
    assert graph.out("pkg.mod.away") == []


def test_functions_say_where_they_stand() -> None:
    """Qualified name, lines, parameters and class are those of the source."""
    graph = graph_of(
        """
        class Thing:
            async def act(self, a, *rest, b=1, **more):
                pass
        """
    )
    function = graph.functions["pkg.mod.Thing.act"]
    assert (function.path, function.line, function.end_line) == ("pkg/mod.py", 3, 4)
    assert function.parameters == ("self", "a", "rest", "b", "more")
    assert function.is_async
    assert function.class_name == "pkg.mod.Thing"
