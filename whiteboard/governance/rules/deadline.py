"""`deadline`: every deadline and wait takes its value from a registered entry.

scope: {functions: ["pkg.*"], except: ["pkg.testing.*"]}
registry: {module: pkg.timeouts, function: register, value: seconds}
calls: {"pkg.net.ask": timeout}      # further calls, with the parameter (name or position) that is a duration
keywords: [timeout]                  # arguments of any call that are durations
allow: ["pkg.config.Settings.*"]     # other sources, such as what an operator sets
untraced: warning                    # a value that could not be followed: error, warning or fine
"""

import ast
from collections.abc import Iterable, Iterator
from typing import Final, Literal

import attrs

from whiteboard.governance.rules.document import Rule
from whiteboard.governance.rules.findings import Finding, Verdict, numbered
from whiteboard.governance.rules.placing import argument, place
from whiteboard.governance.rules.provenance import Kind, Origin, Provenance
from whiteboard.governance.rules.registry import RegistrySpec, entries, entry_class
from whiteboard.governance.rules.scope import EVERYWHERE, Scope
from whiteboard.governance.rules.scopes import library_name
from whiteboard.governance.rules.world import World

DURATIONS: Final[dict[str, tuple[int | None, tuple[str, ...]]]] = {
    "fail_after": (0, ("seconds", "delay")),
    "move_on_after": (0, ("seconds", "delay")),
    "fail_at": (0, ("deadline",)),
    "move_on_at": (0, ("deadline",)),
    "CancelScope": (None, ("deadline", "relative_deadline")),
    "sleep": (0, ("seconds", "delay")),
    "sleep_until": (0, ("deadline",)),
}
"""The calls of Trio and AnyIO that take a duration or a deadline: by position, or by one of these names."""

_BAD: Final = {Kind.NUMBER, Kind.FACTOR}


@attrs.frozen
class Spec:
    """What a rule of this kind says."""

    registry: RegistrySpec
    scope: Scope = EVERYWHERE
    calls: dict[str, str | int] = attrs.field(factory=dict)
    keywords: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    untraced: Literal["error", "warning", "fine"] = "warning"


@attrs.frozen
class Use:
    """A place that sets a deadline or waits."""

    node: ast.AST
    called: str
    """What it calls or assigns."""
    value: ast.expr
    """How long, or until when."""


def check(rule: Rule, world: World) -> Verdict:
    """Every duration whose value is not a registered entry, with the way it came."""
    spec: Spec = rule.spec
    registered = entries(world, spec.registry).values()
    provenance = Provenance(world, registered, spec.allow, entry_class(world, spec.registry))
    names = spec.scope.names(world.graph)
    findings = [
        finding
        for name in names
        for use in _durations(spec, world, name)
        for finding in _judged(rule, world, name, use, provenance.origins(name, use.value))
    ]
    return Verdict(numbered(findings), frozenset(names))


def _durations(spec: Spec, world: World, name: str) -> Iterator[Use]:
    """Where a function sets a deadline or waits."""
    for call, callees in world.calls(name):
        for callee in callees:
            value = _duration(spec, call, callee)
            if value is not None:
                yield Use(call, callee, value)
                break
        value = argument(call, None, *spec.keywords)
        if value is not None:
            yield Use(call, callees[0] if callees else ast.unparse(call.func), value)
    for node in world.nodes(name):
        match node:
            case ast.Assign(
                targets=[ast.Attribute(attr="deadline" | "relative_deadline") as target], value=value
            ):
                if not isinstance(target.value, ast.Name) or target.value.id not in {"self", "cls"}:
                    yield Use(node, ast.unparse(target), value)
            case _:
                pass


def _duration(spec: Spec, call: ast.Call, callee: str) -> ast.expr | None:
    if callee in spec.calls:
        given = spec.calls[callee]
        return argument(call, given) if isinstance(given, int) else argument(call, None, given)
    if (last := library_name(callee)) not in DURATIONS:
        return None
    position, keywords = DURATIONS[last]
    return argument(call, position, *keywords)


def _judged(rule: Rule, world: World, name: str, use: Use, origins: Iterable[Origin]) -> Iterator[Finding]:
    spec: Spec = rule.spec
    for origin in origins:
        if origin.kind in _BAD:
            said = f"{use.called} takes {origin.kind.value}, {origin.text}, where a registered entry belongs"
        elif origin.kind is Kind.UNTRACED and spec.untraced != "fine":
            said = f"{use.called} takes {origin.text}, which could not be followed to a registered entry"
        else:
            continue
        way = () if _is_at_place(origin, name, use.node) else origin.hops
        found = place(
            rule, world, name, use.node, sink=f"{use.called} takes {origin.text}", message=said, way=way
        )
        is_mild = origin.kind is Kind.UNTRACED and spec.untraced == "warning"
        yield attrs.evolve(found, severity="warning") if is_mild else found


def _is_at_place(origin: Origin, name: str, node: ast.AST) -> bool:
    """Whether the value stands where it is used: a way of one hop on the same line tells nothing."""
    return (
        len(origin.hops) == 1
        and origin.hops[0].function == name
        and (origin.hops[0].site.line == getattr(node, "lineno", 0))
    )
