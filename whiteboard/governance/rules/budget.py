"""`budget`: what happens inside a deadline, tries and pauses included, fits into it.

    scope: ["pkg.*"]
    registry: {module: pkg.timeouts, function: register, value: seconds}
    calls: {"pkg.deadlines.deadline": 0}      # further context managers that set a deadline, with its parameter
    allow: ["pkg.jobs.*"]                     # functions whose inner waits are not counted
    sequence: largest                         # of waits one after the other only the longest counts; else their sum

The worst case of a function is added up along its statements and the calls that it makes: a deadline counts with its
own value, a sleep with its length, a counted loop as often as it may run, the longest branch of several. A wait that
nothing bounds counts for nothing: it is ended by the deadline outside, which is what that is for.
"""

import ast
from collections.abc import Iterator
from typing import Final, Literal

import attrs

from whiteboard.governance.graph.model import EdgeKind
from whiteboard.governance.rules.document import Rule
from whiteboard.governance.rules.durations import Durations
from whiteboard.governance.rules.findings import Finding, Hop, Verdict, numbered
from whiteboard.governance.rules.placing import argument, place
from whiteboard.governance.rules.registry import RegistrySpec, constant, entries
from whiteboard.governance.rules.scope import EVERYWHERE, Scope, matcher
from whiteboard.governance.rules.scopes import library_name
from whiteboard.governance.rules.world import World

_SCOPES: Final = {"fail_after", "move_on_after"}
_NOTHING: Final = frozenset[float]()
_ELSEWHERE: Final = frozenset({EdgeKind.SPAWN, EdgeKind.REFERENCE, EdgeKind.BY_NAME})


@attrs.frozen
class Spec:
    """What a rule of this kind says."""

    registry: RegistrySpec
    scope: Scope = EVERYWHERE
    calls: dict[str, int] = attrs.field(factory=dict)
    allow: tuple[str, ...] = ()
    sequence: Literal["sum", "largest"] = "sum"


@attrs.frozen
class Cost:
    """The longest that something may take, in seconds, and the way to its largest part."""

    seconds: float = 0.0
    way: tuple[Hop, ...] = ()

    def times(self, count: float) -> "Cost":
        """So often."""
        return Cost(self.seconds * count, self.way)


def check(rule: Rule, world: World) -> Verdict:
    """Every deadline that is shorter than what it may have to wait for."""
    names = rule.spec.scope.names(world.graph)
    judge = _Judge(rule, world)
    return Verdict(numbered(finding for name in names for finding in judge.function(name)), frozenset(names))


class _Judge:
    def __init__(self, rule: Rule, world: World) -> None:
        self._rule, self._world = rule, world
        self._spec: Spec = rule.spec
        self._durations = Durations(world, entries(world, self._spec.registry))
        self._is_left_out = matcher(self._spec.allow)
        self._costs: dict[str, Cost] = {}

    def function(self, name: str) -> Iterator[Finding]:
        """The deadlines of a function that are too short for what is inside."""
        for node in self._world.nodes(name):
            if not isinstance(node, ast.With | ast.AsyncWith):
                continue
            for item in node.items:
                given = self._deadlines(name, item)
                inner = self._block(name, node.body) if given else Cost()
                if given and inner.seconds > min(given):
                    yield self._found(name, item.context_expr, min(given), inner)

    def _found(self, name: str, scope: ast.expr, outer: float, inner: Cost) -> Finding:
        shown = ast.unparse(scope)
        found = place(
            self._rule,
            self._world,
            name,
            scope,
            sink=f"{shown} is too short",
            message=f"{shown} gives {outer:g} s to what may take {inner.seconds:g} s",
        )
        return attrs.evolve(found, chain=(*found.chain, *inner.way))

    # --- what things cost -------------------------------------------------------------------------

    def _of_function(self, name: str) -> Cost:
        if name not in self._costs:
            self._costs[name] = Cost()  # a circle adds nothing
            body = getattr(self._world.graph.functions[name].node, "body", [])
            if isinstance(body, list) and not self._is_left_out(name):
                self._costs[name] = self._block(name, body)
        return self._costs[name]

    def _both(self, one: Cost, other: Cost) -> Cost:
        """One after the other."""
        longer = one if one.seconds >= other.seconds else other
        return longer if self._spec.sequence == "largest" else Cost(one.seconds + other.seconds, longer.way)

    def _block(self, name: str, statements: list[ast.stmt]) -> Cost:
        whole = Cost()
        for statement in statements:
            whole = self._both(whole, self._statement(name, statement))
        return whole

    def _statement(self, name: str, node: ast.stmt) -> Cost:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return Cost()
            case ast.If(test=test, body=body, orelse=other):
                branches = _longest([self._block(name, body), self._block(name, other)])
                return self._both(self._expressions(name, test), branches)
            case ast.For() | ast.AsyncFor() | ast.While():
                turns = self._block(name, node.body).times(self._turns(name, node))
                return self._both(turns, self._block(name, node.orelse))
            case ast.Try() | ast.TryStar():
                handled = _longest([self._block(name, one.body) for one in node.handlers])
                return self._both(self._block(name, [*node.body, *node.orelse, *node.finalbody]), handled)
            case ast.With() | ast.AsyncWith():
                return self._with(name, node)
            case ast.Match(cases=cases):
                return _longest([self._block(name, case.body) for case in cases])
            case _:
                return self._expressions(name, node)

    def _with(self, name: str, node: ast.With | ast.AsyncWith) -> Cost:
        """A deadline bounds what is inside; its own value counts, where anything inside can wait at all."""
        inner = self._block(name, node.body)
        for item in node.items:
            given = self._deadlines(name, item)
            if given and _waits(node.body):
                return Cost(
                    max(given), (self._world.hop(name, item.context_expr, f"may take {max(given):g} s"),)
                )
            inner = self._both(inner, self._expressions(name, item.context_expr))
        return inner

    def _turns(self, name: str, loop: ast.For | ast.AsyncFor | ast.While) -> float:
        """How often a loop may run: what `range` of a constant says, else once."""
        if isinstance(loop, ast.While) or not isinstance(loop.iter, ast.Call) or len(loop.iter.args) != 1:
            return 1.0
        if ast.unparse(loop.iter.func) != "range":
            return 1.0
        bound = loop.iter.args[0]
        counts = self._durations.of(name, bound) if constant(bound) is None else {constant(bound) or 0.0}
        return max(counts, default=1.0)

    def _expressions(self, name: str, node: ast.AST) -> Cost:
        whole = Cost()
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call):
                whole = self._both(whole, self._call(name, inner))
        return whole

    def _call(self, name: str, call: ast.Call) -> Cost:
        edges = [edge for edge in self._world.edges_at(name, call) if edge.kind not in _ELSEWHERE]
        callees = set(self._world.callees(name, call))
        if any(library_name(callee) == "sleep" for callee in callees):
            lengths = self._durations.of(name, call.args[0]) if call.args else _NOTHING
            longest = max(lengths, default=0.0)
            return Cost(longest, (self._world.hop(name, call, f"sleeps {longest:g} s"),))
        costs = [
            Cost(cost.seconds, (self._world.hop(name, call, f"calls {edge.callee}"), *cost.way))
            for edge in edges
            if edge.callee in callees and edge.callee in self._world.graph.functions
            if (cost := self._of_function(edge.callee)).seconds
        ]
        return _longest(costs)

    def _deadlines(self, name: str, item: ast.withitem) -> frozenset[float]:
        call = item.context_expr
        if not isinstance(call, ast.Call):
            return _NOTHING
        for callee in self._world.callees(name, call):
            if library_name(callee) in _SCOPES:
                value = argument(call, 0, "seconds", "delay")
            elif callee in self._spec.calls:
                value = argument(call, self._spec.calls[callee])
            else:
                continue
            return self._durations.of(name, value) if value is not None else _NOTHING
        return _NOTHING


def _waits(body: list[ast.stmt]) -> bool:
    return any(
        isinstance(node, ast.Await | ast.AsyncWith | ast.AsyncFor) for one in body for node in ast.walk(one)
    )


def _longest(costs: list[Cost]) -> Cost:
    return max(costs, key=lambda cost: cost.seconds, default=Cost())
