"""The call graph as it is seen at run time, and what it says of the one that was read from the source."""

import ast
import json
import sys
import threading
from collections.abc import Iterable, Mapping
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import CodeType, FrameType

import attrs

from whiteboard.governance.graph.model import MODULE_BODY, Edge, EdgeKind, Function, Graph, Site

MOST_EDGES = 500_000
"""What is seen beyond is counted, not kept."""

_COMPREHENSIONS = frozenset(("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"))
_TRAMPOLINES = ("contextlib.py", "functools.py")
"""Files of the standard library that run what they were given on behalf of their caller."""
_GENERATED = ("<attrs generated", "<string>")
"""What constructors made by attrs and dataclasses are called."""


@attrs.frozen(order=True)
class Seen:
    """A function as it is seen at run time: the line is that of its first decorator, or of its `def`."""

    module: str
    qualname: str
    line: int


@attrs.frozen(order=True)
class SeenEdge:
    """A call from one function of the package to another, and the line that it was first seen on."""

    caller: Seen
    callee: Seen
    line: int


class Recorder:
    """Notes which functions of some packages call which others, in all threads that start after it.

    It costs about a microsecond for every call made meanwhile. What is kept is bounded by MOST_EDGES.
    """

    def __init__(self, packages: Mapping[str, Path]) -> None:
        """Takes the folder of each package, by its dotted name."""
        self._folders = {f"{folder.resolve()}/": name for name, folder in packages.items()}
        self._known: dict[CodeType, Seen | None] = {}
        self._trampolines: dict[CodeType, bool] = {}
        self._edges: dict[tuple[CodeType, CodeType], int] = {}
        self.dropped = 0
        """Calls that were seen for the first time when there was no room for more edges."""

    def start(self) -> None:
        """Begins to look on; a profile function that was set before is replaced."""
        threading.setprofile(self._notice)
        sys.setprofile(self._notice)

    def stop(self) -> None:
        """Looks on no longer in this thread; in others, calls go on being noted until they end."""
        sys.setprofile(None)
        threading.setprofile(None)

    def edges(self) -> list[SeenEdge]:
        """What was seen, each edge once, in order."""
        found: dict[tuple[Seen, Seen], int] = {}
        for (caller, callee), line in list(self._edges.items()):
            above, below = self._seen(caller), self._seen(callee)
            if above is not None and below is not None and above != below:
                found.setdefault((above, below), line)
        return sorted(SeenEdge(above, below, line) for (above, below), line in found.items())

    def _notice(self, frame: FrameType, event: str, _argument: object) -> None:
        if event != "call" or self._seen(frame.f_code) is None or frame.f_code.co_name in _COMPREHENSIONS:
            return  # whoever runs a generator expression on calls nobody: it is part of the function around it
        above = frame.f_back
        while above is not None and self._seen(above.f_code) is None:
            if not self._is_trampoline(above.f_code):
                return
            above = above.f_back
        if above is None:
            return
        key = (above.f_code, frame.f_code)
        if key in self._edges:
            return
        if len(self._edges) < MOST_EDGES:
            self._edges[key] = above.f_lineno
        else:
            self.dropped += 1

    def _seen(self, code: CodeType) -> Seen | None:
        try:
            return self._known[code]
        except KeyError:
            self._known[code] = seen = self._find(code)
            return seen

    def _find(self, code: CodeType) -> Seen | None:
        for folder, package in self._folders.items():
            if code.co_filename.startswith(folder):
                inner = Path(code.co_filename[len(folder) :]).with_suffix("").parts
                parts = inner[:-1] if inner[-1] == "__init__" else inner
                return Seen(".".join([package, *parts]), _plain(code), code.co_firstlineno)
        return None

    def _is_trampoline(self, code: CodeType) -> bool:
        known = self._trampolines.get(code)
        if known is None:
            name = code.co_filename
            known = name.startswith(_GENERATED) or name.rpartition("/")[2] in _TRAMPOLINES
            self._trampolines[code] = known
        return known


def _plain(code: CodeType) -> str:
    """The name of the function that code belongs to: comprehensions and class bodies are part of what is around."""
    parts = code.co_qualname.split(".")
    while parts and parts[-1] in _COMPREHENSIONS:
        parts.pop()
        if parts and parts[-1] == "<locals>":
            parts.pop()
    if not parts or code.co_name == MODULE_BODY:
        return MODULE_BODY
    if code.co_flags & CO_OPTIMIZED:
        return ".".join(parts)
    return ".".join(parts[: parts.index("<locals>")]) if "<locals>" in parts else MODULE_BODY


def write_edges(edges: Iterable[SeenEdge], path: Path) -> None:
    """Keeps edges as JSON."""
    rows = [[*attrs.astuple(edge.caller), *attrs.astuple(edge.callee), edge.line] for edge in edges]
    path.write_text(json.dumps({"edges": rows}, indent=0) + "\n", encoding="utf-8")


def read_edges(path: Path) -> list[SeenEdge]:
    """What `write_edges` has kept.

    Raises:
        ValueError: the file holds something else.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["edges"]
        return [SeenEdge(Seen(*row[0:3]), Seen(*row[3:6]), row[6]) for row in rows]
    except (KeyError, TypeError, IndexError) as fault:
        raise ValueError(f"{path} holds no recorded edges: {fault!r}") from fault


@attrs.frozen
class Merged:
    """A graph with what was seen at run time added."""

    graph: Graph
    confirmed: int
    """How many of the edges seen the source had shown."""
    missing: tuple[Edge, ...]
    """The edges seen that the source had not shown."""
    unknown: tuple[Seen, ...] = ()
    """Functions seen that the graph does not have: made by code, or of another version."""

    @property
    def recall(self) -> float:
        """The share of the edges seen that the source had shown, 0..1."""
        seen = self.confirmed + len(self.missing)
        return self.confirmed / seen if seen else 1.0


def merge(graph: Graph, edges: Iterable[SeenEdge]) -> Merged:
    """Adds what was seen to a graph: each edge says whether source, run or both have shown it."""
    finder = _Finder(graph)
    pairs: dict[tuple[str, str], int] = {}
    unknown: dict[Seen, None] = {}
    for edge in edges:
        caller, callee = finder.find(edge.caller), finder.find(edge.callee)
        unknown.update(
            (seen, None) for seen, name in ((edge.caller, caller), (edge.callee, callee)) if name is None
        )
        if (
            caller is not None
            and callee is not None
            and caller != callee
            and not callee.endswith(MODULE_BODY)
        ):
            pairs.setdefault((caller, callee), edge.line)
    shown = {(edge.caller, edge.callee) for edge in graph.edges}
    missing = tuple(
        Edge(caller, callee, EdgeKind.CALL, Site.at(graph.source_of(caller), line), "dynamic")
        for (caller, callee), line in sorted(pairs.items())
        if (caller, callee) not in shown
    )
    marked = tuple(
        attrs.evolve(edge, origin="both") if (edge.caller, edge.callee) in pairs else edge
        for edge in graph.edges
    )
    merged = attrs.evolve(graph, edges=marked + missing)
    return Merged(merged, len(pairs) - len(missing), missing, tuple(unknown))


class _Finder:
    """Finds the function of the graph that was seen at run time."""

    def __init__(self, graph: Graph) -> None:
        self._by_name: dict[str, list[Function]] = {}
        for function in graph.functions.values():
            self._by_name.setdefault(_spoken(function.name), []).append(function)

    def find(self, seen: Seen) -> str | None:
        """The name of the function, told by the line from others of its name."""
        candidates = self._by_name.get(f"{seen.module}.{seen.qualname}", [])
        if len(candidates) == 1:
            return candidates[0].name  # wherever it has moved since
        around = [each for each in candidates if _first_line(each) <= seen.line <= each.end_line]
        if not around:
            return None
        return min(around, key=lambda each: each.end_line - each.line).name


def _spoken(name: str) -> str:
    """The name that Python itself gives to a function of the graph."""
    parts = []
    for part in name.split("."):
        bare = part.partition("#")[0]
        parts.append("<lambda>" if bare.startswith("<lambda:") else bare)
    return ".".join(parts[:-1] if parts[-1] in ("setter", "deleter") else parts)


def _first_line(function: Function) -> int:
    if not isinstance(function.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return function.line
    return min([function.line, *(each.lineno for each in function.node.decorator_list)])
