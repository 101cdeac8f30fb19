"""The call graph as values: functions, edges between them, and what could not be resolved."""

import ast
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from enum import Enum
from functools import cached_property
from typing import Literal, TypeVar

import attrs

from whiteboard.governance.sources import Source

Origin = Literal["static", "dynamic", "both"]

_Item = TypeVar("_Item")
_Key = TypeVar("_Key")

MODULE_BODY = "<module>"
"""The last part of the name under which a module's own statements stand in the graph."""


class EdgeKind(Enum):
    """How the caller comes to the callee."""

    CALL = "call"
    PROPERTY = "property"
    SPAWN = "spawn"
    """Handed to a nursery: it runs in a task of its own."""
    THREAD = "thread"
    """Handed to a worker thread: it may block."""
    REFERENCE = "reference"
    """Handed to code outside the package as a value, which may call it."""
    BY_NAME = "by-name"
    """A guess: the receiver is unknown, and few classes have a method of this name."""


@attrs.frozen(order=True)
class Site:
    """A place in a source file; lines count from 1, columns from 0, `text` is the line without its indent."""

    path: str
    line: int
    column: int
    text: str

    @classmethod
    def at(cls, source: Source, line: int, column: int = 0) -> "Site":
        """A place in a source, which may be of another version than the line: then there is no text."""
        text = source.lines[line - 1].strip() if line <= len(source.lines) else ""
        return cls(source.path, line, column, text)


@attrs.frozen
class Function:
    """A function, method, lambda or module body under its qualified name, such as `pkg.mod.Class.method`."""

    name: str
    path: str
    line: int
    end_line: int
    is_async: bool
    parameters: tuple[str, ...]
    class_name: str | None
    node: ast.AST = attrs.field(eq=False, repr=False)


@attrs.frozen
class Edge:
    """One way from a function to another. A callee outside the package goes by its dotted name (`time.sleep`)."""

    caller: str
    callee: str
    kind: EdgeKind
    site: Site
    origin: Origin = "static"


@attrs.frozen
class Unresolved:
    """A call of which the graph cannot say where it leads."""

    caller: str
    site: Site
    reason: str


@attrs.frozen
class Binding:
    """What one call gives to one parameter. The expression stands in the caller, or is the default of the callee."""

    callee: str
    parameter: str
    caller: str
    expression: ast.expr = attrs.field(eq=False, repr=False)
    site: Site


@attrs.frozen
class ImportEdge:
    """One module names another in an import."""

    importer: str
    imported: str
    line: int
    is_type_checking: bool


class Reach(Mapping[str, list[Edge]]):
    """Everything that can be reached, each with one of its shortest chains of edges."""

    def __init__(self, arrivals: dict[str, Edge | None]) -> None:
        self._arrivals = arrivals

    def __getitem__(self, name: str) -> list[Edge]:
        chain: list[Edge] = []
        arrival = self._arrivals[name]
        while arrival is not None:
            chain.append(arrival)
            arrival = self._arrivals[arrival.caller]
        return chain[::-1]

    def __contains__(self, name: object) -> bool:
        """Without the chain, which a mapping would make only to see whether there is one."""
        return name in self._arrivals

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrivals)

    def __len__(self) -> int:
        return len(self._arrivals)


def _no_names(_module: str, _dotted: str) -> str | None:
    return None


@attrs.frozen(slots=False)
class Graph:
    """All that is known of a package's calls. Values only: to ask costs no further reading of source."""

    functions: dict[str, Function]
    edges: tuple[Edge, ...]
    unresolved: tuple[Unresolved, ...] = ()
    bindings: tuple[Binding, ...] = ()
    modules: dict[str, Source] = attrs.field(factory=dict, repr=False)
    imports: tuple[ImportEdge, ...] = ()
    call_counts: dict[str, int] = attrs.field(factory=dict, repr=False)
    """How many calls each function makes, resolved or not."""
    names: Callable[[str, str], str | None] = attrs.field(default=_no_names, eq=False, repr=False)

    @cached_property
    def _outgoing(self) -> dict[str, list[Edge]]:
        return _grouped(self.edges, lambda edge: edge.caller)

    @cached_property
    def _incoming(self) -> dict[str, list[Edge]]:
        return _grouped(self.edges, lambda edge: edge.callee)

    @cached_property
    def _bindings(self) -> dict[tuple[str, str], list[Binding]]:
        return _grouped(self.bindings, lambda binding: (binding.callee, binding.parameter))

    @cached_property
    def _by_path(self) -> dict[str, Source]:
        return {source.path: source for source in self.modules.values()}

    def source_of(self, name: str) -> Source:
        """The module that a function stands in."""
        return self._by_path[self.functions[name].path]

    def out(self, name: str) -> list[Edge]:
        """The edges that leave a function."""
        return self._outgoing.get(name, [])

    def into(self, name: str) -> list[Edge]:
        """The edges that arrive at a function, or at a name outside the package."""
        return self._incoming.get(name, [])

    def callers(self, name: str) -> list[str]:
        """Who has an edge to this function, each once, in the order of their names."""
        return sorted({edge.caller for edge in self.into(name)})

    def bound(self, callee: str, parameter: str) -> list[Binding]:
        """What the calls in the package give to a parameter."""
        return self._bindings.get((callee, parameter), [])

    def resolve_name(self, module: str, dotted: str) -> str | None:
        """What a name means at the top of a module, through aliases and re-exports: `fail_after` -> `trio.fail_after`."""
        return self.names(module, dotted)

    def reachable(self, start: str | Iterable[str], stop_kinds: Collection[EdgeKind] = ()) -> Reach:
        """What can be reached from one or several functions without an edge of the kinds given; the starts count."""
        starts = [start] if isinstance(start, str) else start
        return reach(starts, lambda name: (edge for edge in self.out(name) if edge.kind not in stop_kinds))


def reach(starts: Iterable[str], onward: Callable[[str], Iterable[Edge]]) -> Reach:
    """What can be reached from some functions, these included, along the edges that `onward` gives for each.

    Unlike `shortest_chains` it makes no chain before it is asked for one: thousands are walked to, few are shown.
    """
    arrivals: dict[str, Edge | None] = dict.fromkeys(starts)
    waiting = deque(arrivals)
    while waiting:
        for edge in onward(waiting.popleft()):
            if edge.callee not in arrivals:
                arrivals[edge.callee] = edge
                waiting.append(edge.callee)
    return Reach(arrivals)


def _grouped(items: Iterable[_Item], key: Callable[[_Item], _Key]) -> dict[_Key, list[_Item]]:
    groups: dict[_Key, list[_Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups
