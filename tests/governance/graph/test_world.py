"""What is known while a graph is built stays in bounds."""

import pytest
from governance.graphs import callees, graph_of, inner

from whiteboard.governance.graph import world


def test_a_place_holds_so_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """What flows there further is left out."""
    monkeypatch.setattr(world, "MOST_VALUES", 2)
    functions = "\n".join(f"def work_{i}(): pass" for i in range(5))
    calls = "; ".join(f"run(work_{i})" for i in range(5))
    graph = graph_of(f"{functions}\ndef run(function): function()\ndef f(): {calls}\n")
    assert len(inner(graph, "mod.run")) == 2


def test_foreign_values_leave_room_for_those_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a few, functions of the package alone are taken."""
    monkeypatch.setattr(world, "MOST_LOOSE", 2)
    calls = "; ".join(f"run(elsewhere.work_{i})" for i in range(5))
    graph = graph_of(
        f"import elsewhere\ndef work(): pass\ndef run(function): function()\ndef f(): {calls}; run(work)\n"
    )
    assert callees(graph, "mod.run") == {"elsewhere.work_0", "elsewhere.work_1", "mod.work"}


def test_functions_that_hand_each_other_around_come_to_rest() -> None:
    """However values go in circles."""
    graph = graph_of(
        """
        def ping(f, g): f(g, f); return f
        def pong(f, g): g(f, g); return pong
        def start():
            held = [ping]
            held.append(ping(pong, ping))
            held.append(held)
            for each in held: each(each, held)
        """
    )
    assert {"mod.ping", "mod.pong"} <= inner(graph, "mod.start")


def test_what_holds_itself_comes_to_an_end() -> None:
    """A partial among its own arguments, and an instance that is called through itself."""
    graph = graph_of(
        """
        import elsewhere
        from functools import partial
        class Odd:
            def __init__(self): self.__call__ = self
        class Strange: pass
        Strange.__call__ = Strange()
        def f(given):
            given = partial(elsewhere.act, given)
            elsewhere.keep(given)
            Odd()()
            Strange()()
            f(given)
        """
    )
    assert "elsewhere.act" in callees(graph, "mod.f")
