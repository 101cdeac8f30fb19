"""`cancellable`: cleanup that waits is shielded, and what is shielded has a deadline.

    scope: ["pkg.*"]
    timed: ["pkg.registry.deadline"]       # further context managers that set a deadline
    allow: ["pkg.pool.Pool.give_back"]     # may be awaited while being cancelled

An `await` in `finally`, in an `except` that takes Cancelled, or in `__aexit__` raises Cancelled at once when the task
is cancelled, and the rest of the cleanup is left undone. A shield without a deadline cannot be cancelled at all.
Awaited functions of the package are looked into: one that shields itself throughout is fine, at any depth.
"""

import ast
from collections.abc import Iterator
from typing import Final

import attrs

from whiteboard.governance.rules.attributes import assignments
from whiteboard.governance.rules.document import Rule
from whiteboard.governance.rules.findings import Finding, Hop, Verdict, numbered
from whiteboard.governance.rules.placing import argument, place
from whiteboard.governance.rules.scope import EVERYWHERE, Scope, matcher
from whiteboard.governance.rules.scopes import Scopes, Waiting, has_deadline, is_true
from whiteboard.governance.rules.world import World

FINE: Final = (
    "*.aclose",  # by its contract it closes even when it is cancelled
    "trio.aclose_forcefully",
    "trio.lowlevel.cancel_shielded_checkpoint",
)


@attrs.frozen
class Spec:
    """What a rule of this kind says."""

    scope: Scope = EVERYWHERE
    timed: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()


def check(rule: Rule, world: World) -> Verdict:
    """Every wait in cleanup that is not shielded, and every shield without a deadline."""
    names = rule.spec.scope.names(world.graph)
    judge = _Judge(rule, world)
    findings = [finding for name in names for finding in (*judge.cleanup(name), *judge.shields(name))]
    return Verdict(numbered(findings), frozenset(names))


class _Judge:
    def __init__(self, rule: Rule, world: World) -> None:
        self._rule, self._world = rule, world
        self._scopes = Scopes(world, rule.spec.timed)
        self._is_fine = matcher((*FINE, *rule.spec.allow))
        self._waits: dict[str, list[Waiting]] = {}

    def cleanup(self, name: str) -> Iterator[Finding]:
        """The unshielded waits in a function's cleanup."""
        for wait in self._waits_of(name):
            if wait.guard.cleanup is None or wait.guard.is_shielded:
                continue
            way = self._open_way(name, wait, frozenset({name}), "is_shielded")
            if way is None:
                continue
            shown = _shown(wait)
            yield attrs.evolve(
                place(
                    self._rule,
                    self._world,
                    name,
                    wait.node,
                    sink=f"{shown} in {wait.guard.cleanup}",
                    message=f"{name} waits in {wait.guard.cleanup} without a shield: {shown}",
                ),
                chain=way,
            )

    def shields(self, name: str) -> Iterator[Finding]:
        """The shields of a function that have no deadline around, on or inside them."""
        for node in self._world.nodes(name):
            if not isinstance(node, ast.With | ast.AsyncWith):
                yield from self._lone(name, node)
                continue
            for item in node.items:
                call = item.context_expr
                if isinstance(call, ast.Call) and self._is_bare_shield(name, call):
                    yield from self._untimed(name, node, call)

    def _lone(self, name: str, node: ast.AST) -> Iterator[Finding]:
        """A shield that is no `with` item: kept for later, its deadline has to be given where it is made."""
        for target, call in assignments(node):
            if (
                isinstance(call, ast.Call)
                and self._is_bare_shield(name, call)
                and not self._is_timed_later(name, target)
            ):
                said = f"{name} makes a shielded scope without a deadline: {ast.unparse(call)}"
                yield place(self._rule, self._world, name, call, sink=ast.unparse(call), message=said)

    def _is_timed_later(self, name: str, scope: ast.expr) -> bool:
        """Whether the function, or a method of its class, sets the deadline of a scope that it keeps."""
        owner = self._world.graph.functions[name].class_name
        functions = (
            [name]
            if owner is None
            else [
                other
                for other, function in self._world.graph.functions.items()
                if function.class_name == owner
            ]
        )
        wanted = f"{ast.unparse(scope)}.deadline"
        return any(
            ast.unparse(target) == wanted
            for function in functions
            for node in self._world.nodes(function)
            for target, _ in assignments(node)
        )

    def _is_bare_shield(self, name: str, call: ast.Call) -> bool:
        is_shield = self._scopes.is_scope(name, call) and is_true(argument(call, None, "shield"))
        return is_shield and not has_deadline(call)

    def _untimed(self, name: str, node: ast.With | ast.AsyncWith, call: ast.Call) -> Iterator[Finding]:
        """The first wait inside a bare shield that nothing bounds."""
        inside = {id(each) for statement in node.body for each in ast.walk(statement)}
        for wait in self._waits_of(name):
            if id(wait.node) not in inside or wait.guard.is_timed:
                continue
            way = self._open_way(name, wait, frozenset({name}), "is_timed")
            if way is not None:
                said = f"{name} shields {_shown(wait)} and gives it no deadline: nothing can end that wait"
                sink = f"{ast.unparse(call)} around {_shown(wait)}"
                yield attrs.evolve(
                    place(self._rule, self._world, name, call, sink=sink, message=said), chain=way
                )
                return

    def _open_way(
        self, name: str, wait: Waiting, seen: frozenset[str], wanted: str
    ) -> tuple[Hop, ...] | None:
        """The hops to a wait that nothing guards, from this one inwards; None when every one of them is guarded."""
        own = self._world.hop(name, wait.node, f"waits: {_shown(wait)}")
        callees = self._world.callees(name, wait.call) if wait.call is not None else []
        if wait.call is not None and (
            any(map(self._is_fine, callees)) or self._is_fine(f"_.{ast.unparse(wait.call.func)}")
        ):
            return None
        inner = [callee for callee in callees if callee in self._world.graph.functions]
        if not inner or isinstance(wait.node, ast.AsyncWith):
            return (own,)
        for callee in inner:
            for further in self._waits_of(callee) if callee not in seen else []:
                if getattr(further.guard, wanted):
                    continue
                way = self._open_way(callee, further, seen | {callee}, wanted)
                if way is not None:
                    return own, *way
        return None

    def _waits_of(self, name: str) -> list[Waiting]:
        if name not in self._waits:
            self._waits[name] = self._scopes.waits(name)
        return self._waits[name]


def _shown(wait: Waiting) -> str:
    match wait.node:
        case ast.AsyncWith(items=items):
            return "async with " + ", ".join(ast.unparse(item) for item in items)
        case ast.AsyncFor(target=target, iter=iterated):
            return f"async for {ast.unparse(target)} in {ast.unparse(iterated)}"
        case _:
            return ast.unparse(wait.node)
