"""What rules look at: the graph, and the syntax trees of its functions beside the edges that leave them."""

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TypeVar, cast

import attrs

from whiteboard.governance.graph.definitions import imported_from
from whiteboard.governance.graph.model import Edge, Graph, Site
from whiteboard.governance.rules.findings import Hop

MAX_REEXPORTS = 8
"""Modules through which one name is handed on; a longer way is a circle."""

_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Made = TypeVar("Made")


@attrs.frozen(slots=False, eq=False)
class World:
    """A package's graph, with the nodes of each function at hand."""

    graph: Graph
    _nodes: dict[str, list[ast.AST]] = attrs.field(factory=dict, init=False, repr=False)
    _imports: dict[str, dict[str, tuple[str, str]]] = attrs.field(factory=dict, init=False, repr=False)
    _made: dict[object, object] = attrs.field(factory=dict, init=False, repr=False)

    def once(self, make: Callable[["World"], Made]) -> Made:
        """What `make` gives of this world: made for the first rule that wants it, and gone with the world."""
        if make not in self._made:
            self._made[make] = make(self)
        return cast(Made, self._made[make])

    @cached_property
    def _edges_at(self) -> dict[tuple[str, int, int], list[Edge]]:
        places: dict[tuple[str, int, int], list[Edge]] = {}
        for edge in self.graph.edges:
            places.setdefault((edge.caller, edge.site.line, edge.site.column), []).append(edge)
        return places

    def nodes(self, name: str) -> list[ast.AST]:
        """All nodes of a function's own body, in the order of the text; inner functions have bodies of their own."""
        if name not in self._nodes:
            self._nodes[name] = list(own_nodes(self.graph.functions[name].node))
        return self._nodes[name]

    def edges_at(self, name: str, node: ast.expr) -> list[Edge]:
        """Where an expression of a function leads."""
        return self._edges_at.get((name, node.lineno, node.col_offset), [])

    def callees(self, name: str, call: ast.Call) -> list[str]:
        """What a call calls, by qualified names; empty when the graph does not know."""
        found = [edge.callee for edge in self.edges_at(name, call)]
        if not found:
            meaning = self.meaning(name, call.func)
            return [] if meaning is None else [meaning]
        if any(
            callee.endswith(".__init__") for callee in found
        ):  # of the class, or inherited: the class is called
            meaning = self.meaning(name, call.func)
            found += [meaning] if meaning is not None and meaning not in found else []
        # `a().b()` has two calls that begin at the same place: each takes what bears its name
        last = call.func.attr if isinstance(call.func, ast.Attribute) else None
        named = [callee for callee in found if last is not None and callee.rpartition(".")[2] == last]
        return named or found

    def calls(self, name: str) -> Iterator[tuple[ast.Call, list[str]]]:
        """Each call of a function with what it calls."""
        for node in self.nodes(name):
            if isinstance(node, ast.Call):
                yield node, self.callees(name, node)

    def meaning(self, name: str, expression: ast.expr) -> str | None:
        """The qualified name that a dotted expression of a function stands for, seen from its module's top."""
        dotted = dotted_of(expression)
        return None if dotted is None else self.named(self.module(name), dotted)

    def named(self, module: str, dotted: str) -> str | None:
        """The qualified name of a dotted one at a module's top; what follows a value is hung on to its name."""
        first, *rest = dotted.split(".")
        meaning = self._at_top(module, first)
        for part in rest if meaning is not None else ():
            inner = self._at_top(meaning, part) if meaning in self.graph.modules else None
            meaning = inner or f"{meaning}.{part}"
        return meaning

    def _at_top(self, module: str, name: str, depth: int = 0) -> str | None:
        """What a name at a module's top stands for; a value that is imported goes by the name of its home."""
        meaning = self.graph.resolve_name(module, name)
        home = self._imported_values(module).get(name) if meaning == f"{module}.{name}" else None
        if home is None or home[0] not in self.graph.modules or depth >= MAX_REEXPORTS:
            return meaning
        return self._at_top(*home, depth + 1)

    def _imported_values(self, module: str) -> dict[str, tuple[str, str]]:
        """The names that a module imports from others, each with its home and its name there."""
        if module not in self._imports:
            source = self.graph.modules[module]
            self._imports[module] = {
                name: (home, alias.name if alias.name != "*" else name)
                for node in ast.walk(source.tree)
                if isinstance(node, ast.ImportFrom)
                for home in [imported_from(node, source)]
                for alias in node.names
                for name in self._brought(home, alias)
            }
        return self._imports[module]

    def _brought(self, home: str, alias: ast.alias) -> Iterable[str]:
        """What one name of an import brings: a star, all that its home gives a value."""
        if alias.name != "*":
            return [alias.asname or alias.name]
        source = self.graph.modules.get(home)
        return [] if source is None else [name for name, _ in assigned_at_top(source.tree)]

    def module(self, name: str) -> str:
        """The dotted name of the module that a function stands in."""
        return self.graph.source_of(name).module

    def hop(self, name: str, node: ast.AST, note: str) -> Hop:
        """A step of a chain: a node of a function, and what is to be said of it."""
        line = getattr(node, "lineno", self.graph.functions[name].line)
        site = Site.at(self.graph.source_of(name), line, getattr(node, "col_offset", 0))
        return Hop(name, site, note)


def assigned_at_top(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """The names that a module's own statements give a value, with it."""
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value
            case _:
                pass


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes inside a function, not those inside functions that are defined in it; nor its decorators."""
    body = getattr(function, "body", [])
    waiting = list(reversed(body if isinstance(body, list) else [body]))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _FUNCTIONS):
            waiting.extend(reversed(list(ast.iter_child_nodes(node))))


def dotted_of(expression: ast.expr) -> str | None:
    """`a.b.c` of a name and its attributes; None of anything else."""
    parts: list[str] = []
    while isinstance(expression, ast.Attribute):
        parts.append(expression.attr)
        expression = expression.value
    if not isinstance(expression, ast.Name):
        return None
    return ".".join([expression.id, *reversed(parts)])
