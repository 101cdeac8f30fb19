"""Holds a package's graph against rules: what stands, what is waived, and how much of each cone could be seen."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

import attrs

from whiteboard.governance.graph.blindness import Blindness, blindness
from whiteboard.governance.graph.model import Graph
from whiteboard.governance.rules import kinds
from whiteboard.governance.rules.document import Rule, Waiver
from whiteboard.governance.rules.findings import Finding
from whiteboard.governance.rules.scope import Scope, idle
from whiteboard.governance.rules.waivers import sort_out
from whiteboard.governance.rules.world import World

_MUST_MATCH: Final = ("to", "through", "first", "require")


@attrs.frozen
class RuleOutcome:
    """What became of one rule."""

    rule: Rule
    standing: tuple[Finding, ...]
    waived: tuple[tuple[Finding, Waiver], ...]
    problems: tuple[str, ...]
    """What is wrong with its waivers or examples."""
    sight: Blindness
    """How much of the calls in its cone the graph could follow."""

    @property
    def holds(self) -> bool:
        """Whether nothing fails; warnings do not."""
        return not self.problems and all(finding.severity != "error" for finding in self.standing)


@attrs.frozen
class Outcome:
    """What became of all rules: the one model of every report."""

    rules: tuple[RuleOutcome, ...]
    functions: int
    edges: int
    seconds: float = 0.0
    recall: float | None = None
    """The share of the calls that were recorded which the source had shown, 0 to 1; None when none were given."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What stands, rule by rule."""
        return tuple(finding for rule in self.rules for finding in rule.standing)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with waivers and examples."""
        return tuple(problem for rule in self.rules for problem in rule.problems)

    @property
    def holds(self) -> bool:
        """Whether every rule does."""
        return all(rule.holds for rule in self.rules)


def hold_against(
    graph: Graph,
    rules: Sequence[Rule],
    today: dt.date,
    *,
    prove: Callable[[Rule], Iterable[str]] = lambda _rule: (),
    tell: Callable[[int, str], None] = lambda _count, _rule: None,
) -> Outcome:
    """What the rules say of a graph.

    Args:
        today: the day that waivers are held against.
        prove: gives the faults of a rule's examples.
        tell: is told how many rules are done, and which is next.

    Raises:
        Unusable: a rule cannot be asked.
    """
    world = World(graph)
    names = {*graph.functions, *graph.modules, *(edge.callee for edge in graph.edges)}
    outcomes = []
    for count, rule in enumerate(rules):
        tell(count, rule.id)
        verdict = kinds.check(rule, world)
        known = sort_out(rule, verdict.findings, today)
        problems = (*known.problems, *_lost(rule, names), *prove(rule))
        sight = blindness(graph, verdict.cone)
        outcomes.append(RuleOutcome(rule, known.standing, known.waived, problems, sight))
    return Outcome(tuple(outcomes), len(graph.functions), len(graph.edges))


def _lost(rule: Rule, names: AbstractSet[str]) -> list[str]:
    """Sentences about globs that match nothing: code that was renamed must not take its rule along unseen."""
    begins: Any = getattr(rule.spec, "from_", None) or getattr(rule.spec, "scope", ())
    globs = [
        *(begins.functions if isinstance(begins, Scope) else begins),
        *(glob for key in _MUST_MATCH for glob in getattr(rule.spec, key, ())),
    ]
    return [f"{rule.path}: {rule.id}: {glob!r} matches nothing in the package" for glob in idle(globs, names)]
