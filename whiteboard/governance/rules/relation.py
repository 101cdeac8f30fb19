"""`relation`: comparisons between registered values that must hold.

    registry: {module: pkg.timeouts, function: register, value: seconds}
    relations: ["PING * 2 <= DEAD", "CONNECT + ANSWER < REQUEST"]

Names are the registry's variables; the values are those that its text gives.
"""

import ast
import operator
from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs

from whiteboard.governance.graph.model import MODULE_BODY, Site
from whiteboard.governance.records import Unusable
from whiteboard.governance.rules.document import Rule
from whiteboard.governance.rules.faults import nearest
from whiteboard.governance.rules.findings import Finding, Hop, Verdict, found, numbered
from whiteboard.governance.rules.registry import Entry, RegistrySpec, entries
from whiteboard.governance.rules.world import World
from whiteboard.governance.sources import Source


@attrs.frozen
class Spec:
    """What a rule of this kind says."""

    registry: RegistrySpec
    relations: tuple[str, ...]


def check(rule: Rule, world: World) -> Verdict:
    """The relations that do not hold. Raises Unusable for one that cannot be read."""
    broken = [finding for text in rule.spec.relations for finding in _judged(rule, world, text)]
    return Verdict(numbered(broken), frozenset())


def _judged(rule: Rule, world: World, text: str) -> Iterator[Finding]:
    spec: Spec = rule.spec
    known = {entry.name: entry for entry in entries(world, spec.registry).values()}
    named: list[Entry] = []

    def value_of(name: str) -> float:
        entry = known.get(name)
        if entry is None or entry.value is None:
            raise ValueError(f"{name!r} is no registered value{nearest(name, known)}")
        named.append(entry)
        return entry.value

    try:
        sides, holds = compare(text, value_of)
    except (ValueError, SyntaxError, ZeroDivisionError) as fault:
        raise Unusable([f"{rule.path}: relations: {text!r}: {fault}"]) from fault
    if not holds:
        hops = tuple(_declared(world.graph.modules[entry.module], entry) for entry in named)
        values = " and ".join(f"{side:g}" for side in sides)
        said = f"{text} does not hold: the sides are {values}"
        yield found(rule, source=spec.registry.module, sink=text, message=said, chain=hops)


def _declared(source: Source, entry: Entry) -> Hop:
    return Hop(
        f"{entry.module}.{MODULE_BODY}", Site.at(source, entry.line), f"{entry.name} is {entry.value:g}"
    )


_COMPARE: Final[dict[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
}
_COMBINE: Final[dict[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def compare(text: str, value_of: Callable[[str], float]) -> tuple[tuple[float, ...], bool]:
    """The sides of a comparison and whether it holds. Raises ValueError or SyntaxError for what is none."""
    tree = ast.parse(text, mode="eval").body
    if not isinstance(tree, ast.Compare):
        raise ValueError("it compares nothing")
    sides = tuple(_value(side, value_of) for side in (tree.left, *tree.comparators))
    for place, op in enumerate(tree.ops):
        if type(op) not in _COMPARE:
            raise ValueError(f"{ast.unparse(tree)} compares by something else than <, <=, >, >= or ==")
        if not _COMPARE[type(op)](sides[place], sides[place + 1]):
            return sides, False
    return sides, True


def _value(node: ast.expr, value_of: Callable[[str], float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return value_of(name)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _COMBINE:
            return _COMBINE[type(op)](_value(left, value_of), _value(right, value_of))
        case _:
            raise ValueError(f"{ast.unparse(node)} is no number, name or arithmetic")
