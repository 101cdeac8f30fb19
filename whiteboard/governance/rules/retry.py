"""`retry`: trying again is done in one place, a few times, at growing and random distances, and never inside itself.

scope: ["pkg.*"]
helper: ["pkg.retry.again"]     # the functions that may hold a retry loop; empty: there are no retries
max_tries: 3
unbounded: ["pkg.link.*"]       # may try until they are cancelled, as a client that reconnects does
"""

import ast
from collections.abc import Iterator

import attrs

from whiteboard.governance.graph.chains import shortest_chains
from whiteboard.governance.graph.model import Edge
from whiteboard.governance.rules.attributes import attributes_of
from whiteboard.governance.rules.document import Rule
from whiteboard.governance.rules.findings import Finding, Verdict, numbered
from whiteboard.governance.rules.loops import RetryLoop, retry_loops
from whiteboard.governance.rules.placing import place
from whiteboard.governance.rules.provenance import CHANCE
from whiteboard.governance.rules.reach import hops
from whiteboard.governance.rules.registry import constant
from whiteboard.governance.rules.scope import EVERYWHERE, Scope, matcher
from whiteboard.governance.rules.world import World, dotted_of


@attrs.frozen
class Spec:
    """What a rule of this kind says."""

    scope: Scope = EVERYWHERE
    helper: tuple[str, ...] = ()
    max_tries: int = 3
    unbounded: tuple[str, ...] = ()


def check(rule: Rule, world: World) -> Verdict:
    """Retry loops outside the helper, helpers that try too often or too regularly, and retries inside retries."""
    spec: Spec = rule.spec
    names = spec.scope.names(world.graph)
    loops = {name: found for name in names if (found := list(retry_loops(world.nodes(name))))}
    judge = _Judge(rule, world, loops)
    findings = [finding for name in loops for finding in judge.loop(name)]
    return Verdict(numbered(findings), frozenset(names))


class _Judge:
    def __init__(self, rule: Rule, world: World, loops: dict[str, list[RetryLoop]]) -> None:
        self._rule, self._world, self._loops = rule, world, loops
        self._is_helper = matcher(rule.spec.helper)
        self._is_unbounded = matcher(rule.spec.unbounded)
        self._is_chance = matcher(CHANCE)

    def loop(self, name: str) -> Iterator[Finding]:
        """What is wrong with the retry loops of a function."""
        for loop in self._loops[name]:
            if self._is_helper(name):
                yield from self._helper(name, loop)
            elif not self._is_unbounded(name):
                ways = " or ".join(self._rule.spec.helper) or "nowhere, by this rule"
                yield self._found(
                    name, loop, "a retry loop", f"{name} tries again by itself; retries belong into {ways}"
                )
            if not self._is_unbounded(name):
                yield from self._nested(name, loop)

    def _helper(self, name: str, loop: RetryLoop) -> Iterator[Finding]:
        most = self._rule.spec.max_tries
        tries = self._most(name, loop.tries) if loop.tries is not None else None
        if tries is None:
            yield self._found(
                name, loop, "unbounded tries", f"{name} tries without a constant bound; {most} is the most"
            )
        elif tries > most:
            yield self._found(
                name, loop, "too many tries", f"{name} tries {tries:g} times; {most} is the most"
            )
        nodes = self._delay_nodes(name, loop)
        if not any(_grows(node) for node in nodes):
            yield self._found(
                name, loop, "a constant pause", f"the pauses of {name} do not grow: double them"
            )
        if not self._has_chance(name, nodes):
            yield self._found(
                name, loop, "no jitter", f"the pauses of {name} are not random: all callers return together"
            )

    def _delay_nodes(self, name: str, loop: RetryLoop) -> list[ast.AST]:
        """The nodes of the loop, and of the functions of the package that it calls directly."""
        nodes = list(ast.walk(loop.node))
        called = [
            callee
            for node in nodes
            if isinstance(node, ast.Call)
            for callee in self._world.callees(name, node)
        ]
        return nodes + [
            node
            for callee in called
            if callee in self._world.graph.functions
            for node in self._world.nodes(callee)
        ]

    def _has_chance(self, name: str, nodes: list[ast.AST]) -> bool:
        for node in nodes:
            if isinstance(node, ast.Call):
                if any(map(self._is_chance, self._world.callees(name, node))):
                    return True
                if (dotted_of(node.func) or "").startswith(("random.", "secrets.")):
                    return True
        return False

    def _most(self, name: str, tries: ast.expr) -> float | None:
        """The value of the bound, if it is a constant, a module's constant or only ever given as one."""
        if (number := constant(tries)) is not None:
            return number
        meaning = self._world.meaning(name, tries)
        if meaning is not None:
            module, _, variable = meaning.rpartition(".")
            known = [constant(value) for value in attributes_of(self._world).constants(module, variable)]
            if known and None not in known:
                return max(value for value in known if value is not None)
        if isinstance(tries, ast.Name):
            given = [constant(one.expression) for one in self._world.graph.bound(name, tries.id)]
            if given and None not in given:
                return max(value for value in given if value is not None)
        return None

    def _nested(self, name: str, loop: RetryLoop) -> Iterator[Finding]:
        """A chain from what is tried to another retry loop, or back to this one."""
        lines = {
            node.lineno
            for statement in loop.attempt.body
            for node in ast.walk(statement)
            if isinstance(node, ast.Call)
        }
        starts = [edge for edge in self._world.graph.out(name) if edge.site.line in lines]
        chain = self._chain(starts)
        if chain is not None:
            inner = chain[-1].callee
            own = self._world.hop(name, loop.node, "tries again")
            last = self._loops[inner][0].node
            end = self._world.hop(inner, last, "tries again, inside")
            found = place(
                self._rule,
                self._world,
                name,
                loop.node,
                sink=f"a retry inside a retry: {inner}",
                message=f"{name} retries what itself retries, {inner}: the tries multiply",
            )
            yield attrs.evolve(found, chain=(own, *hops(chain), end))

    def _chain(self, starts: list[Edge]) -> tuple[Edge, ...] | None:
        """The shortest chain from one of the edges to a function with a retry loop."""
        out = self._world.graph.out
        for chain in shortest_chains(starts, lambda edge: out(edge.callee), lambda edge: edge.callee):
            end = chain[-1].callee
            if end in self._loops and not self._is_unbounded(end):
                return chain
        return None

    def _found(self, name: str, loop: RetryLoop, sink: str, said: str) -> Finding:
        return place(self._rule, self._world, name, loop.node, sink=sink, message=said)


def _grows(node: ast.AST) -> bool:
    """`2 ** n`, `pause * 2`, `pause *= 2`, `1 << n`."""
    match node:
        case ast.BinOp(op=ast.Pow() | ast.LShift()):
            return True
        case ast.BinOp(op=ast.Mult(), left=left, right=right):
            return any((constant(side) or 0) > 1 for side in (left, right))
        case ast.AugAssign(op=ast.Mult(), value=value):
            return (constant(value) or 0) > 1
        case _:
            return False
