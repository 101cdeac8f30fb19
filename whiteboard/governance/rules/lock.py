"""`lock`: what may be awaited while a lock is held, and in which order locks are taken.

    scope: ["pkg.*"]
    locks: ["trio.Lock"]                 # what makes one
    only: ["pkg.store.*"]                # nothing else may be awaited below `async with <lock>`
    forbid: ["trio.sleep", "*.send_all"] # nor may any chain from there come to one of these
    order: true                          # no circle of locks that are taken while others are held

A lock is known by the class and attribute that keep it, or by the function and local. What a task or a thread does that
is started below a lock is not done under it.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import attrs

from whiteboard.governance.graph.chains import shortest_chains
from whiteboard.governance.graph.model import Edge, EdgeKind
from whiteboard.governance.rules.attributes import attributes_of
from whiteboard.governance.rules.document import Rule
from whiteboard.governance.rules.findings import Finding, Hop, Verdict, numbered
from whiteboard.governance.rules.placing import place
from whiteboard.governance.rules.reach import hops
from whiteboard.governance.rules.scope import EVERYWHERE, Scope, matcher
from whiteboard.governance.rules.world import World, own_nodes

LOCKS: Final = ("trio.Lock", "trio.StrictFIFOLock", "anyio.Lock")
_ELSEWHERE: Final = frozenset({EdgeKind.SPAWN, EdgeKind.THREAD})


@attrs.frozen
class Spec:
    """What a rule of this kind says."""

    scope: Scope = EVERYWHERE
    locks: tuple[str, ...] = LOCKS
    only: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    order: bool = True


@attrs.frozen
class Held:
    """One `async with` that takes a lock."""

    function: str
    lock: str
    node: ast.AsyncWith


def check(rule: Rule, world: World) -> Verdict:
    """What is wrong below the locks, and the circles among them."""
    names = rule.spec.scope.names(world.graph)
    judge = _Judge(rule, world, [held for name in names for held in _held(rule.spec, world, name)])
    findings = [finding for held in judge.all for finding in (*judge.awaited(held), *judge.reached(held))]
    if rule.spec.order:
        findings += judge.circles()
    return Verdict(numbered(findings), frozenset(names))


def _held(spec: Spec, world: World, name: str) -> Iterator[Held]:
    for node in world.nodes(name):
        if isinstance(node, ast.AsyncWith):
            for item in node.items:
                for lock in sorted(_identities(spec, world, name, item.context_expr)):
                    yield Held(name, lock, node)


def _identities(spec: Spec, world: World, name: str, expression: ast.expr) -> set[str]:
    """The locks that an expression may be; empty when it is none."""
    attributes = attributes_of(world)
    if isinstance(expression, ast.Attribute):
        return {
            f"{owner}.{expression.attr}"
            for owner in attributes.owners(name, expression)
            if any(
                _makes(spec, world, function, value)
                for function, value in attributes.values(owner, expression.attr)
            )
        }
    if isinstance(expression, ast.Name):
        values = attributes.locals(name).get(expression.id, [])
        return (
            {f"{name}.{expression.id}"}
            if any(_makes(spec, world, name, value) for value in values)
            else set()
        )
    return set()


def _makes(spec: Spec, world: World, name: str, value: ast.expr) -> bool:
    is_lock = matcher(spec.locks)
    return any(
        is_lock(callee)
        for node in ast.walk(value)
        for callee in (
            world.callees(name, node)
            if isinstance(node, ast.Call)
            else [world.meaning(name, node) or ""]
            if isinstance(node, ast.Attribute)
            else []
        )
    )


class _Judge:
    def __init__(self, rule: Rule, world: World, held: list[Held]) -> None:
        self._rule, self._world, self.all = rule, world, held
        self._spec: Spec = rule.spec
        self._by_function: dict[str, list[Held]] = {}
        for one in held:
            self._by_function.setdefault(one.function, []).append(one)

    def awaited(self, held: Held) -> Iterator[Finding]:
        """What is awaited below a lock and is not on the list."""
        is_fine = matcher(self._spec.only)
        for node in _below(held) if self._spec.only else []:
            if not isinstance(node, ast.Await):
                continue
            callees = (
                self._world.callees(held.function, node.value) if isinstance(node.value, ast.Call) else []
            )
            if not callees or not all(map(is_fine, callees)):
                shown = ast.unparse(node)
                said = f"{held.function} holds {held.lock} through {shown}, which is not on the list"
                yield place(
                    self._rule,
                    self._world,
                    held.function,
                    node,
                    sink=f"{shown} under {held.lock}",
                    message=said,
                )

    def reached(self, held: Held) -> Iterator[Finding]:
        """The chains from below a lock to what is forbidden there."""
        is_bad = matcher(self._spec.forbid)
        for chain in self._chains(held) if self._spec.forbid else []:
            if is_bad(chain[-1].callee):
                said = f"{held.function} holds {held.lock} while it comes to {chain[-1].callee}"
                yield self._found(held, chain, f"{chain[-1].callee} under {held.lock}", said)

    def circles(self) -> Iterator[Finding]:
        """Each shortest circle of locks, told once."""
        then = self._orders()
        told: set[frozenset[str]] = set()
        for lock in sorted(then):
            circle = _circle(then, lock)
            if circle and frozenset(circle) not in told:
                told.add(frozenset(circle))
                held, chain = then[circle[0]][circle[1 % len(circle)]]
                way = " -> ".join([*circle, circle[0]])
                finding = self._found(
                    held, chain, f"locks in a circle: {way}", f"locks are taken in a circle: {way}"
                )
                back = then[circle[-1]][circle[0]]
                yield (
                    finding
                    if len(circle) == 1
                    else attrs.evolve(finding, chain=(*finding.chain, self._own(back[0]), *hops(back[1])))
                )

    def _orders(self) -> dict[str, dict[str, tuple[Held, tuple[Edge, ...]]]]:
        """Which locks are taken while which are held, each with one way."""
        then: dict[str, dict[str, tuple[Held, tuple[Edge, ...]]]] = {}
        for held in self.all:
            after = then.setdefault(held.lock, {})
            for inner in self._by_function[held.function]:
                if inner.node in list(_below(held)):
                    after.setdefault(inner.lock, (held, ()))
            for chain in self._chains(held):
                for inner in self._by_function.get(chain[-1].callee, []):
                    after.setdefault(inner.lock, (held, chain))
        return then

    def _chains(self, held: Held) -> Iterator[tuple[Edge, ...]]:
        """The shortest chain from below a lock to each function that it comes to."""
        starts = [
            edge
            for node in _below(held)
            if isinstance(node, ast.expr)
            for edge in self._world.edges_at(held.function, node)
        ]
        out = self._world.graph.out
        return shortest_chains(_here(starts), lambda edge: _here(out(edge.callee)), lambda edge: edge.callee)

    def _own(self, held: Held) -> Hop:
        return self._world.hop(held.function, held.node, f"takes {held.lock}")

    def _found(self, held: Held, chain: tuple[Edge, ...], sink: str, said: str) -> Finding:
        found = place(self._rule, self._world, held.function, held.node, sink=sink, message=said)
        return attrs.evolve(found, chain=(self._own(held), *hops(chain)))


def _below(held: Held) -> Iterator[ast.AST]:
    return own_nodes(ast.Module(body=held.node.body, type_ignores=[]))


def _here(edges: Iterable[Edge]) -> list[Edge]:
    """Without those to what runs elsewhere, and not under the lock."""
    return [edge for edge in edges if edge.kind not in _ELSEWHERE]


def _circle(then: Mapping[str, Iterable[str]], lock: str) -> list[str]:
    """The locks of a shortest circle through this one, beginning with it."""

    def taken_under(outer: str) -> list[tuple[str, str]]:
        return [(outer, inner) for inner in sorted(then.get(outer, ()))]

    ways = shortest_chains(taken_under(lock), lambda pair: taken_under(pair[1]), lambda pair: pair[1])
    return next(([outer for outer, _ in way] for way in ways if way[-1][1] == lock), [])
