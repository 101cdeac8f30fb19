"""Where a graph does not see: the calls of which it cannot say where they lead."""

from collections.abc import Iterable

import attrs

from whiteboard.governance.graph.model import Edge, EdgeKind, Graph, Unresolved


@attrs.frozen
class Blindness:
    """What is seen and what is not in some functions, such as all those that a rule looks at."""

    functions: int
    calls: int
    """Every call that is written in these functions; one that leaves the package counts as resolved."""
    unresolved: tuple[Unresolved, ...]
    guesses: tuple[Edge, ...]
    """Edges by the name of a method alone; their calls are among the unresolved ones."""

    @property
    def resolved(self) -> int:
        """How many of the calls lead somewhere for certain."""
        return self.calls - len(self.unresolved)

    @property
    def share(self) -> float:
        """The share of the calls that is resolved, 0..1; where nothing is called, all is."""
        return self.resolved / self.calls if self.calls else 1.0

    def reasons(self) -> list[tuple[str, int]]:
        """Why calls are not resolved and how many are not for it, the most frequent first."""
        counts: dict[str, int] = {}
        for each in self.unresolved:
            counts[each.reason] = counts.get(each.reason, 0) + 1
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def blindness(graph: Graph, names: Iterable[str]) -> Blindness:
    """How much the graph sees of the calls in the functions named; names from outside the package count for nothing."""
    inside = {name for name in names if name in graph.functions}
    return Blindness(
        functions=len(inside),
        calls=sum(graph.call_counts.get(name, 0) for name in inside),
        unresolved=tuple(each for each in graph.unresolved if each.caller in inside),
        guesses=tuple(
            edge for edge in graph.edges if edge.kind is EdgeKind.BY_NAME and edge.caller in inside
        ),
    )
