"""Builds the call graph of a package from its sources."""

import ast
import re
from collections.abc import Iterable, Iterator

from whiteboard.governance.graph.definitions import all_arguments, define, imports
from whiteboard.governance.graph.model import Binding, Edge, EdgeKind, Function, Graph, Site, Unresolved
from whiteboard.governance.graph.reading import Reading
from whiteboard.governance.graph.record import Record
from whiteboard.governance.graph.symbols import FunctionSymbol
from whiteboard.governance.graph.world import World
from whiteboard.governance.sources import Source, collector_paused

_SAID = re.compile(r"#\s*arch:\s*calls\s+([\w.<>]+(?:\s*,\s*[\w.<>]+)*)")
"""A comment in a function that names what it calls, where the source alone cannot show it."""


def build(sources: Iterable[Source]) -> Graph:
    """The graph of all modules given; the same sources give the same graph."""
    with collector_paused():
        return _build(sources)


def _build(sources: Iterable[Source]) -> Graph:
    symbols = define(sources)
    world = World(symbols)
    for function in list(symbols.functions.values()):
        world.schedule(Reading(world, function))
    world.run()
    readings = [world.readings[function] for function in symbols.functions.values()]
    edges = [edge for reading in readings for edge in _edges(reading)]
    edges += [edge for module in symbols.modules.values() for edge in _said(module.source, symbols.functions)]
    return Graph(
        functions={name: _as_value(symbol) for name, symbol in sorted(symbols.functions.items())},
        edges=tuple(sorted(set(edges), key=_order)),
        unresolved=tuple(each for reading in readings for each in _unresolved(reading)),
        bindings=tuple(each for reading in readings for each in _bindings(reading)),
        modules={name: module.source for name, module in symbols.modules.items()},
        imports=tuple(edge for module in symbols.modules.values() for edge in imports(module, symbols)),
        call_counts={reading.function.name: len(reading.calls) for reading in readings if reading.calls},
        names=world.names.resolve,
    )


def _order(edge: Edge) -> tuple[str, Site, str, str]:
    return edge.caller, edge.site, edge.callee, edge.kind.value


def _edges(reading: Record) -> Iterator[Edge]:
    source = reading.function.module.source
    for callee, kind, line, column in reading.edges:
        yield Edge(reading.function.name, callee, kind, Site.at(source, line, column))


def _unresolved(reading: Record) -> Iterator[Unresolved]:
    source = reading.function.module.source
    for node, reason in reading.calls.items():
        if reason:
            yield Unresolved(reading.function.name, Site.at(source, node.lineno, node.col_offset), reason)


def _bindings(reading: Record) -> Iterator[Binding]:
    source = reading.function.module.source
    for (callee, parameter, line, column), expression in reading.bindings.items():
        yield Binding(callee, parameter, reading.function.name, expression, Site.at(source, line, column))


def _as_value(symbol: FunctionSymbol) -> Function:
    node = symbol.node
    source = symbol.module.source
    arguments = symbol.arguments
    last = len(source.lines) if isinstance(node, ast.Module) else node.end_lineno
    return Function(
        name=symbol.name,
        path=source.path,
        line=1 if isinstance(node, ast.Module) else node.lineno,
        end_line=last or 1,
        is_async=symbol.is_async,
        parameters=tuple(each.arg for each in all_arguments(arguments)) if arguments else (),
        class_name=symbol.owner.name if symbol.owner else None,
        node=node,
    )


def _said(source: Source, functions: dict[str, FunctionSymbol]) -> Iterator[Edge]:
    """Edges that a comment states."""
    if "arch:" not in source.text:
        return
    inside = [each for each in functions.values() if each.module.source is source]
    for number, line in enumerate(source.lines, 1):
        found = _SAID.search(line)
        if found:
            caller = max((each for each in inside if _holds(each, number)), key=_start)
            for callee in re.split(r"\s*,\s*", found.group(1)):
                yield Edge(caller.name, callee, EdgeKind.CALL, Site.at(source, number, found.start()))


def _start(function: FunctionSymbol) -> int:
    return 0 if isinstance(function.node, ast.Module) else function.node.lineno


def _holds(function: FunctionSymbol, line: int) -> bool:
    node = function.node
    return isinstance(node, ast.Module) or node.lineno <= line <= (node.end_lineno or node.lineno)
