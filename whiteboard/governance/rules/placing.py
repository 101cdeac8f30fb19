"""Findings about one place in a function, with the way that led there."""

import ast

from whiteboard.governance.rules.document import Rule
from whiteboard.governance.rules.findings import Finding, Hop, found
from whiteboard.governance.rules.world import World


def place(
    rule: Rule,
    world: World,
    function: str,
    node: ast.AST,
    *,
    sink: str,
    message: str,
    way: tuple[Hop, ...] = (),
) -> Finding:
    """A finding at a node of a function.

    Args:
        way: hops that come before the node's own, the first of which names the source.
    """
    chain = (*way, world.hop(function, node, sink))
    return found(
        rule,
        source=chain[0].function,
        sink=sink if chain[0].function == function else f"{sink} in {function}",
        message=message,
        chain=chain,
    )


def argument(call: ast.Call, position: int | None, *keywords: str) -> ast.expr | None:
    """What a call gives to a parameter, by its position or by one of its names; None when it gives nothing."""
    for keyword in call.keywords:
        if keyword.arg in keywords:
            return keyword.value
    if (
        position is not None
        and position < len(call.args)
        and not isinstance(call.args[position], ast.Starred)
    ):
        return call.args[position]
    return None
