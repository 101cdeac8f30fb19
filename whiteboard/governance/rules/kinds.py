"""The kinds of rules: what each understands and how it is checked. A new kind is one more entry of `KINDS`."""

from collections.abc import Callable
from typing import Final

import attrs

from whiteboard.governance.rules import (
    budget,
    cancellable,
    channel,
    deadline,
    imports,
    lock,
    pattern,
    reach,
    relation,
    retry,
    seen,
)
from whiteboard.governance.rules.document import Rule
from whiteboard.governance.rules.findings import Verdict
from whiteboard.governance.rules.world import World


@attrs.frozen
class Kind:
    """What a rule of one kind says, and what finds where it does not hold."""

    spec: type
    check: Callable[[Rule, World], Verdict]


KINDS: Final = {
    "budget": Kind(budget.Spec, budget.check),
    "cancellable": Kind(cancellable.Spec, cancellable.check),
    "channel": Kind(channel.Spec, channel.check),
    "deadline": Kind(deadline.Spec, deadline.check),
    "imports": Kind(imports.Spec, imports.check),
    "lock": Kind(lock.Spec, lock.check),
    "pattern": Kind(pattern.Spec, pattern.check),
    "reach": Kind(reach.Spec, reach.check),
    "relation": Kind(relation.Spec, relation.check),
    "retry": Kind(retry.Spec, retry.check),
    "seen": Kind(seen.Spec, seen.check),
}

SPECS: Final = {name: kind.spec for name, kind in KINDS.items()}


def check(rule: Rule, world: World) -> Verdict:
    """What a rule says of a package. Raises Unusable when it cannot be asked."""
    return KINDS[rule.kind].check(rule, world)
