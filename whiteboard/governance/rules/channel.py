"""`channel`: every channel and queue has a bound, and one that has a name.

scope: ["pkg.*"]
registry: {module: pkg.limits, function: null}   # where bounds stand; without it any constant will do
queues: true                                     # also deque() and Queue() that live on in an attribute
bounded: {"pkg.inbox.Inbox._queue": "pkg.limits.MAX_INBOX"}   # held to a bound by their own class
"""

import ast
from collections.abc import Iterator
from typing import Final

import attrs

from whiteboard.governance.rules.attributes import assignments, attributes_of
from whiteboard.governance.rules.document import Rule
from whiteboard.governance.rules.findings import Finding, Verdict, numbered
from whiteboard.governance.rules.placing import argument, place
from whiteboard.governance.rules.provenance import Kind, Provenance
from whiteboard.governance.rules.registry import RegistrySpec, constant, entries
from whiteboard.governance.rules.scope import EVERYWHERE, Scope
from whiteboard.governance.rules.world import World, dotted_of

CHANNELS: Final = frozenset({"trio.open_memory_channel", "anyio.create_memory_object_stream"})
_BOUNDS: Final = {
    "collections.deque": (1, "maxlen"),
    "queue.Queue": (0, "maxsize"),
    "asyncio.Queue": (0, "maxsize"),
}
_UNBOUNDED: Final = frozenset({"queue.SimpleQueue"})


@attrs.frozen
class Spec:
    """What a rule of this kind says."""

    scope: Scope = EVERYWHERE
    registry: RegistrySpec | None = None
    queues: bool = False
    bounded: dict[str, str] = attrs.field(factory=dict)
    """Attributes that their own code keeps within a limit: the limit's name must stand in the attribute's module."""


def check(rule: Rule, world: World) -> Verdict:
    """Every channel or queue without a bound."""
    spec: Spec = rule.spec
    names = spec.scope.names(world.graph)
    bounds = entries(world, spec.registry).values() if spec.registry else ()
    provenance = Provenance(world, bounds)
    findings = [finding for name in names for finding in _channels(rule, world, name, provenance)]
    if spec.queues:
        findings += [finding for name in names for finding in _queues(rule, world, name)]
    return Verdict(numbered(findings), frozenset(names))


def _channels(rule: Rule, world: World, name: str, provenance: Provenance) -> Iterator[Finding]:
    for call, callees in world.calls(name):
        if not CHANNELS & set(callees):
            continue
        bound = argument(call, 0, "max_buffer_size")
        if bound is None:
            continue  # AnyIO's default is 0: a sender waits for the receiver
        for origin in provenance.origins(name, bound):
            said = _fault(rule.spec, origin.kind, origin.text)
            if said is not None:
                way = origin.hops if len(origin.hops) > 1 else ()
                sink = f"{ast.unparse(call.func)} bounded by {origin.text}"
                message = f"the channel of {name} {said}"
                found = place(rule, world, name, call, sink=sink, message=message, way=way)
                is_open = origin.kind is Kind.UNTRACED  # whoever uses the package decides
                yield attrs.evolve(found, severity="warning") if is_open else found


def _fault(spec: Spec, kind: Kind, text: str) -> str | None:
    if kind is Kind.INFINITE:
        return f"is unbounded: {text} lets a slow reader fill the memory"
    if kind is Kind.UNTRACED:
        return f"has a bound, {text}, that could not be followed to a constant"
    if kind is Kind.NUMBER and spec.registry is not None:
        return f"has the bare bound {text}; bounds stand in {spec.registry.module}"
    return None


def _queues(rule: Rule, world: World, name: str) -> Iterator[Finding]:
    for node in world.nodes(name):
        for target, value in assignments(node):
            call = _unbounded(world, name, value)
            if call is None or not _lives_on(world, name, target):
                continue
            places = _places(world, name, target)
            if any(_is_held(rule.spec, world, each) for each in places):
                continue
            shown = places[0] if places else ast.unparse(target)
            said = f"{shown} is a {ast.unparse(call.func)} without a bound"
            yield place(rule, world, name, call, sink=f"{shown} without a bound", message=said)


def _unbounded(world: World, name: str, value: ast.expr) -> ast.Call | None:
    """The call that makes a queue without a bound, if the expression has one."""
    for call in ast.walk(value):
        if not isinstance(call, ast.Call):
            continue
        for callee in world.callees(name, call):
            if callee in _UNBOUNDED:
                return call
            position, keyword = _BOUNDS.get(callee, (None, ""))
            if position is None:
                continue
            bound = argument(call, position, keyword)
            if (
                bound is None
                or (isinstance(bound, ast.Constant) and bound.value is None)
                or constant(bound) == 0
            ):
                return call
    return None


def _lives_on(world: World, name: str, target: ast.expr) -> bool:
    """Whether it outlives the call: in an attribute, or at a module's top."""
    return isinstance(target, ast.Attribute) or isinstance(world.graph.functions[name].node, ast.Module)


def _places(world: World, name: str, target: ast.expr) -> list[str]:
    """The qualified names of what is assigned."""
    if isinstance(target, ast.Attribute):
        return [f"{owner}.{target.attr}" for owner in attributes_of(world).owners(name, target)]
    return [f"{world.module(name)}.{dotted_of(target)}"]


def _is_held(spec: Spec, world: World, attribute: str) -> bool:
    """Whether the rule names a limit for it, and the attribute's module really names that limit."""
    limit = spec.bounded.get(attribute)
    if limit is None:
        return False
    owner = max((each for each in world.graph.modules if attribute.startswith(f"{each}.")), key=len)
    last = limit.rpartition(".")[2]
    return any(
        (isinstance(node, ast.Attribute) and node.attr == last)
        or (isinstance(node, ast.Name) and node.id == last)
        for node in ast.walk(world.graph.modules[owner].tree)
    )
