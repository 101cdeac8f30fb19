"""`seen`: what calls what at run time stands in the source, as far as the graph can read it.

    scope: {functions: ["pkg.*"], except: ["pkg.plugins.*"]}
    allow: ["pkg.recorder.*"]              # functions whose being called is nobody's concern

It speaks of calls that were recorded while tests ran and given with `--seen`; without them there is nothing to find.
A call that the graph lacks is a hole through which every other rule can be broken unseen. It is closed by an annotation that
tells the graph more, or by a comment `# arch: calls pkg.module.function` on the line.
"""

import attrs

from whiteboard.governance.graph.model import Edge
from whiteboard.governance.rules.document import Rule
from whiteboard.governance.rules.findings import Finding, Hop, Verdict, found, numbered
from whiteboard.governance.rules.scope import EVERYWHERE, Scope, matcher
from whiteboard.governance.rules.world import World


@attrs.frozen
class Spec:
    """What a rule of this kind says."""

    scope: Scope = EVERYWHERE
    allow: tuple[str, ...] = ()


def check(rule: Rule, world: World) -> Verdict:
    """Every call of a function in the scope that only the run has shown."""
    spec: Spec = rule.spec
    names = frozenset(spec.scope.names(world.graph))
    is_allowed = matcher(spec.allow)
    unseen = [
        _finding(rule, edge)
        for edge in world.graph.edges
        if edge.origin == "dynamic" and edge.caller in names and not is_allowed(edge.callee)
    ]
    return Verdict(numbered(unseen), names)


def _finding(rule: Rule, edge: Edge) -> Finding:
    return found(
        rule,
        source=edge.caller,
        sink=edge.callee,
        message=f"{edge.caller} has called {edge.callee}, and the source does not show it",
        chain=(Hop(edge.caller, edge.site, f"called {edge.callee} when it ran"),),
    )
