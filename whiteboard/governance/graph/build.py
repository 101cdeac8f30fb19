"""Builds the call graph of a package from its sources."""

import ast
from collections.abc import Iterable

from whiteboard.governance.graph.definitions import define, imports
from whiteboard.governance.graph.model import Edge, EdgeKind, Function, Graph, Site
from whiteboard.governance.graph.names import Names, arrange_classes
from whiteboard.governance.graph.symbols import ClassSymbol, FunctionSymbol, Outside
from whiteboard.governance.sources import Source


def build(sources: Iterable[Source]) -> Graph:
    """The graph of all modules given; the same sources give the same graph."""
    symbols = define(sources)
    names = Names(symbols)
    arrange_classes(symbols, names)
    functions = {name: _as_value(symbol) for name, symbol in symbols.functions.items()}
    edges = [edge for symbol in symbols.functions.values() for edge in _direct_calls(symbol, names)]
    found = [edge for module in symbols.modules.values() for edge in imports(module, symbols)]
    sources_by_module = {name: module.source for name, module in symbols.modules.items()}
    return Graph(
        functions, tuple(edges), modules=sources_by_module, imports=tuple(found), names=names.resolve
    )


def _as_value(symbol: FunctionSymbol) -> Function:
    node = symbol.node
    arguments = symbol.arguments
    parameters = [each.arg for each in _all(arguments)] if arguments else []
    last = len(symbol.module.source.lines) if isinstance(node, ast.Module) else node.end_lineno
    return Function(
        symbol.name,
        symbol.module.source.path,
        getattr(node, "lineno", 1),
        last or 1,
        symbol.is_async,
        tuple(parameters),
        symbol.owner.name if symbol.owner else None,
        node,
    )


def _all(arguments: ast.arguments) -> list[ast.arg]:
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _direct_calls(symbol: FunctionSymbol, names: Names) -> Iterable[Edge]:
    waiting: list[ast.AST] = list(getattr(symbol.node, "body", []))
    source = symbol.module.source
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        waiting.extend(ast.iter_child_nodes(node))
        if isinstance(node, ast.Call):
            target = _target(node.func, symbol, names)
            if target:
                site = Site(source.path, node.lineno, node.col_offset, source.lines[node.lineno - 1].strip())
                yield Edge(symbol.name, target, EdgeKind.CALL, site)


def _target(node: ast.expr, symbol: FunctionSymbol, names: Names) -> str | None:
    if (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
        and symbol.owner
    ):
        found = names.attribute(symbol.owner, node.attr)
    else:
        found = names.dotted(node, symbol)
    return found.name if isinstance(found, FunctionSymbol | ClassSymbol | Outside) else None
