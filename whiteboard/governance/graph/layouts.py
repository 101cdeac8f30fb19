"""The parameters of functions, as calls see them."""

import ast

import attrs

from whiteboard.governance.graph.symbols import FunctionSymbol, Variable


@attrs.frozen
class Layout:
    """The parameters of a function, by how they can be given."""

    positional: tuple[tuple[str, Variable], ...]
    by_name: dict[str, Variable]
    gathered: Variable | None
    gathered_by_name: Variable | None
    defaults: dict[str, ast.expr]


def layout_of(function: FunctionSymbol) -> Layout:
    """The parameters of one function."""
    arguments = function.arguments
    if arguments is None:
        return Layout((), {}, None, None, {})
    found = {name: each for name, each in function.names.items() if isinstance(each, Variable)}
    positional = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
    by_name = [each.arg for each in (*arguments.args, *arguments.kwonlyargs)]
    defaults = dict(
        zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True)
    )
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is not None:
            defaults[argument.arg] = default
    return Layout(
        tuple((name, found[name]) for name in positional if name in found),
        {name: found[name] for name in by_name if name in found},
        found.get(arguments.vararg.arg) if arguments.vararg else None,
        found.get(arguments.kwarg.arg) if arguments.kwarg else None,
        defaults,
    )
