"""Where a graph does not see."""

from governance.graphs import graph_of

from whiteboard.governance.graph.blindness import blindness


def test_calls_are_counted_within_the_functions_named() -> None:
    """Those that leave the package count as resolved, guesses do not; other functions are left out."""
    graph = graph_of(
        """
        import time
        class A:
            def compact_log(self): pass
        def f(x, y):
            time.sleep(1)
            x()
            y.compact_log()
            y.compact_log()
        def g(z): z()
        """
    )
    found = blindness(graph, ["pkg.mod.f", "time.sleep"])
    assert (found.functions, found.calls, found.resolved) == (1, 4, 1)
    assert found.share == 0.25
    assert [each.callee for each in found.guesses] == ["pkg.mod.A.compact_log"] * 2
    assert found.reasons() == [("the type of y is unknown", 2), ("it is unknown what x may be", 1)]


def test_where_nothing_is_called_all_is_seen() -> None:
    """A cone without calls is not blind."""
    assert blindness(graph_of("x = 1\n"), ["pkg.mod.<module>"]).share == 1.0
