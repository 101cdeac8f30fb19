"""A Mermaid picture for each kind of rule: what it allows, and what it does not."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

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

MAX_NAMES: Final = 6
"""Names in one box; the rest is counted."""


def picture(rule: Rule) -> str:
    """The lines of a flow chart, without the fence."""
    return "\n".join(_PICTURES[type(rule.spec)](rule.spec))


def _reach(spec: reach.Spec) -> Iterator[str]:
    yield "flowchart LR"
    yield f"  from{_box(spec.from_.functions)}"
    yield "  calls((calls))"
    yield "  from --> calls"
    if spec.forbid:
        yield f"  calls -. never .-x forbidden{_box(spec.forbid)}"
    if spec.require:
        yield f"  calls == always ==> required{_box(spec.require)}"
    if spec.to:
        yield f"  calls --> through{_box(spec.through)} --> to{_box(spec.to)}"
        yield "  calls -. never past it .-x to"
    if spec.stop_at.functions:
        yield f"  calls -- ends here --> stop{_box(spec.stop_at.functions)}"
    if spec.stop_at.edges:
        yield f"  calls -- ends here --> edges([{' or '.join(kind.value for kind in spec.stop_at.edges)}])"


def _imports(spec: imports.Spec) -> Iterator[str]:
    yield "flowchart TD"
    for place, layer in enumerate(spec.layers):
        yield f"  layer{place}{_box([layer])}"
        if place:
            yield f"  layer{place - 1} --> layer{place}"
    if spec.forbid:
        yield f"  from{_box(spec.from_)} -. never imports .-x forbidden{_box(spec.forbid)}"
    if spec.acyclic:
        yield f"  parts{_box(spec.acyclic)} -. never in a circle .-x parts"


def _deadline(spec: deadline.Spec) -> Iterator[str]:
    yield "flowchart LR"
    yield f"  registry[({spec.registry.module})] --> way((parameters, attributes)) --> deadline{_box(['deadlines and waits'])}"
    if spec.allow:
        yield f"  allowed{_box(spec.allow)} --> way"
    yield f"  number{_box(['a bare number'])} -. never .-x way"


def _budget(spec: budget.Spec) -> Iterator[str]:
    yield "flowchart LR"
    yield f"  registry[({spec.registry.module})] --> outer{_box(['a deadline'])}"
    yield f"  outer -- is longer than --> inner{_box(['tries x (inner deadline + pause)'])}"


def _channel(spec: channel.Spec) -> Iterator[str]:
    yield "flowchart LR"
    bounds = spec.registry.module if spec.registry else "a constant"
    yield f"  bounds[({bounds})] --> queue{_box(['channels and queues'])}"
    yield f"  inf{_box(['math.inf, no bound'])} -. never .-x queue"


def _cancellable(_spec: cancellable.Spec) -> Iterator[str]:
    yield "flowchart LR"
    yield f"  cleanup{_box(['finally, except Cancelled, __aexit__'])} --> shield{_box(['shield with a deadline'])} --> wait{_box(['await'])}"
    yield "  cleanup -. never .-x wait"


def _retry(spec: retry.Spec) -> Iterator[str]:
    yield "flowchart LR"
    yield f"  code{_box(spec.scope.functions)} --> helper{_box(spec.helper or ['no retries'])}"
    yield f"  helper -- at most {spec.max_tries} times --> attempt((attempt))"
    yield "  attempt -. never .-x helper"


def _lock(spec: lock.Spec) -> Iterator[str]:
    yield "flowchart LR"
    yield f"  held{_box(['async with a lock'])} --> below((calls))"
    if spec.only:
        yield f"  below --> only{_box(spec.only)}"
    if spec.forbid:
        yield f"  below -. never .-x forbidden{_box(spec.forbid)}"
    if spec.order:
        yield f"  below -. never back .-x outer{_box(['a lock that is held'])}"


def _pattern(spec: pattern.Spec) -> Iterator[str]:
    yield "flowchart LR"
    yield f"  code{_box(spec.scope.functions)} -. never has .-x forbidden{_box(spec.forbid)}"


def _relation(spec: relation.Spec) -> Iterator[str]:
    yield "flowchart LR"
    yield f"  registry[({spec.registry.module})]"
    for place, relation_ in enumerate(spec.relations):
        yield f"  registry --> relation{place}{_box([relation_])}"


def _seen(spec: seen.Spec) -> Iterator[str]:
    yield "flowchart LR"
    yield "  run([calls that were recorded]) -- each is in --> graph[(the call graph)]"
    yield f"  graph --- code{_box(spec.scope.functions)}"


_PICTURES: Final[dict[type, Callable[..., Iterator[str]]]] = {
    reach.Spec: _reach,
    imports.Spec: _imports,
    deadline.Spec: _deadline,
    budget.Spec: _budget,
    channel.Spec: _channel,
    cancellable.Spec: _cancellable,
    retry.Spec: _retry,
    lock.Spec: _lock,
    pattern.Spec: _pattern,
    relation.Spec: _relation,
    seen.Spec: _seen,
}


def _box(names: Iterable[str]) -> str:
    listed = list(names)
    shown = listed[:MAX_NAMES]
    if len(listed) > MAX_NAMES:
        shown.append(f"and {len(listed) - MAX_NAMES} more")
    return '["' + "<br>".join(map(_safe, shown)) + '"]'


def _safe(text: str) -> str:
    """A text as Mermaid takes it between quotes."""
    return (
        text.replace("&", "&amp;")
        .replace('"', "&quot;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("*", "#42;")
    )
